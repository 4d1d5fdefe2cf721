"""What stands in a token, and when one may be used."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.domain import tokens
from services.identity.domain.errors import CredentialExpired, CredentialUsed
from services.identity.domain.tokens import TokenUse
from services.kit import codes

NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
VISIT, OTHER = UUID(int=1), UUID(int=2)
HERE, THERE = "H64010400001", "H11010500001"
LIVE, OVER = NOW + timedelta(seconds=1), NOW
AN_HOUR_AGO = NOW - timedelta(hours=1)


@given(
    expiry=st.integers(0, 2**32 - 1),
    nonce=st.binary(min_size=tokens.NONCE_BYTES, max_size=tokens.NONCE_BYTES),
    signature=st.binary(min_size=tokens.SIGNATURE_BYTES, max_size=tokens.SIGNATURE_BYTES),
)
def test_a_token_is_read_as_it_was_written(expiry, nonce, signature):
    body = tokens.body_of(expiry, nonce)
    token = tokens.write_token(body, signature)
    assert codes.is_credential_token(token)
    assert tokens.read_token(token) == (body, signature)


@given(st.text(codes.TOKEN_ALPHABET, min_size=28, max_size=28))
def test_what_is_read_is_written_the_same(token):
    parts = tokens.read_token(token)
    assert parts is None or tokens.write_token(*parts) == token


@pytest.mark.parametrize(
    ("held", "use_id", "place", "error"),
    [
        (TokenUse(LIVE, None, ""), VISIT, HERE, None),
        (TokenUse(LIVE, None, ""), None, "", None),
        (TokenUse(LIVE, None, HERE), VISIT, HERE, None),
        (TokenUse(LIVE, None, HERE), VISIT, "", None),
        (TokenUse(LIVE, None, HERE), VISIT, THERE, CredentialUsed),
        (TokenUse(LIVE, None, HERE), None, THERE, CredentialUsed),
        (TokenUse(OVER, None, ""), VISIT, HERE, CredentialExpired),
        (TokenUse(OVER, None, ""), None, HERE, CredentialExpired),
        # Used: the same use may be repeated, for an hour after it expired.
        (TokenUse(LIVE, VISIT, HERE), VISIT, HERE, None),
        (TokenUse(LIVE, VISIT, HERE), OTHER, HERE, CredentialUsed),
        (TokenUse(LIVE, VISIT, HERE), VISIT, THERE, CredentialUsed),
        (TokenUse(LIVE, VISIT, HERE), None, HERE, None),
        (TokenUse(LIVE, VISIT, HERE), None, THERE, CredentialUsed),
        (TokenUse(OVER, VISIT, HERE), VISIT, HERE, None),
        (TokenUse(AN_HOUR_AGO + timedelta(seconds=1), VISIT, HERE), VISIT, HERE, None),
        (TokenUse(AN_HOUR_AGO, VISIT, HERE), VISIT, HERE, CredentialExpired),
        (TokenUse(OVER, VISIT, HERE), OTHER, HERE, CredentialExpired),
        (TokenUse(OVER, VISIT, HERE), None, HERE, CredentialExpired),
    ],
)
def test_when_a_token_may_be_used(held, use_id, place, error):
    asked = {"use_id": use_id, "institution_code": place, "now": NOW}
    if error is None:
        tokens.check_token(held, **asked)
    else:
        with pytest.raises(error):
            tokens.check_token(held, **asked)
