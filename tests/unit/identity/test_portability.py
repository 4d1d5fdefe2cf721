"""Whether a card will work out of province: each check, and the order in which to act."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.domain import decide
from services.identity.domain.card_states import CardState
from services.identity.domain.model import (
    Card,
    Claim,
    Evidence,
    Insurance,
    InsuranceStatus,
    Person,
)
from services.identity.domain.portability import Held, PortabilityQuestion, standing
from services.identity.domain.tokens import TokenUse
from services.kit import codes
from services.kit.errors import DomainError

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
TODAY = date(2026, 11, 20)
PERSON = Person(
    person_id=UUID(int=1),
    cert_number="650101195001010020",
    name="示例",
    sex="2",
    birth_date=date(1950, 1, 1),
    insurances=(Insurance("650100", "310", "12", InsuranceStatus.NORMAL, date(2001, 1, 1), None),),
)
CARD = Card(
    card_number="A70000001",
    person_id=PERSON.person_id,
    issuing_region="650100",
    state=CardState.ACTIVE,
    recognition_code="650100" + "0" * 26,
)
TOKEN = TokenUse(NOW + timedelta(minutes=5), None, "")


def question(kind: str = codes.CREDENTIAL_CARD, **changes: Any) -> PortabilityQuestion:
    number = {
        codes.CREDENTIAL_CARD: CARD.card_number,
        codes.CREDENTIAL_ID_NUMBER: PERSON.cert_number,
        codes.CREDENTIAL_E_CREDENTIAL: "a" * codes.TOKEN_LENGTH,
    }[kind]
    fields = {"number": number, "insured_region": "650100", "scheme": "", "on": TODAY}
    return PortabilityQuestion(credential_type=kind, **{**fields, **changes})


def reasons(asked: PortabilityQuestion, held: Held) -> dict[str, str]:
    answer = standing(asked, held, now=NOW, today=TODAY)
    codes_in_order = [check.code for check in answer.checks]
    assert codes_in_order == ["number_format", "issuing_region", "card_state", "scheme"]
    return {check.code: check.reason for check in answer.checks if check.reason}


@pytest.mark.parametrize(
    ("kind", "held"),
    [
        (codes.CREDENTIAL_CARD, Held(PERSON, CARD)),
        (codes.CREDENTIAL_ID_NUMBER, Held(PERSON)),
        (codes.CREDENTIAL_E_CREDENTIAL, Held(PERSON, None, TOKEN)),
    ],
)
def test_what_is_in_order_works(kind: str, held: Held) -> None:
    assert reasons(question(kind), held) == {}
    assert standing(question(kind), held, now=NOW, today=TODAY).person_id == PERSON.person_id


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"recognition_code": ""}, {"number_format": "FIELD_INVALID"}),
        ({"recognition_code": "6501"}, {"number_format": "FIELD_INVALID"}),
        ({"recognition_code": "659999" + "0" * 26}, {"issuing_region": "REGION_UNKNOWN"}),
        ({"issuing_region": "659999"}, {"issuing_region": "REGION_UNKNOWN"}),
        ({"state": CardState.LOST}, {"card_state": "CARD_LOST"}),
        ({"state": CardState.CANCELLED}, {"card_state": "CARD_CANCELLED"}),
        ({"state": CardState.ISSUED}, {"card_state": "CARD_NOT_ACTIVE"}),
        ({"state": CardState.REPLACED}, {"card_state": "CARD_NOT_ACTIVE"}),
        (
            {"state": CardState.LOST, "recognition_code": ""},
            {"number_format": "FIELD_INVALID", "card_state": "CARD_LOST"},
        ),
    ],
)
def test_each_check_of_a_card(changes: dict[str, Any], expected: dict[str, str]) -> None:
    assert reasons(question(), Held(PERSON, replace(CARD, **changes))) == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"insured_region": "650199"}, ""),
        ({"insured_region": "640100"}, "INSURANCE_NOT_IN_FORCE"),
        ({"insured_region": "649999"}, "REGION_UNKNOWN"),
        ({"scheme": "310"}, ""),
        ({"scheme": "390"}, "INSURANCE_NOT_IN_FORCE"),
        ({"on": date(2000, 12, 31)}, "INSURANCE_NOT_IN_FORCE"),
    ],
)
def test_the_scheme_is_checked(changes: dict[str, Any], reason: str) -> None:
    assert reasons(question(**changes), Held(PERSON, CARD)).get("scheme", "") == reason


@pytest.mark.parametrize(
    ("kind", "number", "reason"),
    [
        (codes.CREDENTIAL_CARD, "7000", "FIELD_INVALID"),
        (codes.CREDENTIAL_ID_NUMBER, "650101195001010021", "ID_NUMBER_INVALID"),
        (codes.CREDENTIAL_E_CREDENTIAL, "a b", "FIELD_INVALID"),
    ],
)
def test_what_cannot_be_read_names_nobody(kind: str, number: str, reason: str) -> None:
    answer = standing(question(kind, number=number), Held(), now=NOW, today=TODAY)
    assert answer.person_id is None
    assert answer.reason == reason
    assert answer.checks[3].reason == "CREDENTIAL_UNKNOWN"


def test_what_is_not_held_is_unknown() -> None:
    unknown = "CREDENTIAL_UNKNOWN"
    assert reasons(question(), Held()) == {
        "issuing_region": unknown,
        "card_state": unknown,
        "scheme": unknown,
    }
    assert reasons(question(codes.CREDENTIAL_ID_NUMBER), Held()) == {
        "card_state": unknown,
        "scheme": unknown,
    }


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (TokenUse(NOW, None, ""), "CREDENTIAL_EXPIRED"),
        (TokenUse(TOKEN.expire_time, UUID(int=9), "H64010400001"), "CREDENTIAL_USED"),
        (TokenUse(TOKEN.expire_time, None, "H64010400001"), ""),
    ],
)
def test_a_token_is_looked_at(token: TokenUse, reason: str) -> None:
    asked = question(codes.CREDENTIAL_E_CREDENTIAL)
    assert reasons(asked, Held(PERSON, None, token)).get("card_state", "") == reason


_DAYS = st.dates(date(2026, 11, 15), date(2026, 11, 25))
_INSURANCES = st.builds(
    Insurance,
    st.sampled_from(["650100", "650199", "640100"]),
    st.sampled_from(["310", "390"]),
    st.just("12"),
    st.sampled_from(InsuranceStatus),
    _DAYS,
    st.none() | _DAYS,
)
_TOKENS = st.builds(
    TokenUse,
    st.sampled_from([NOW - timedelta(hours=2), NOW, NOW + timedelta(seconds=1)]),
    st.none() | st.just(UUID(int=9)),
    st.sampled_from(["", "H64010400001"]),
)
_SHOWN = st.one_of(
    st.tuples(
        st.just(codes.CREDENTIAL_CARD),
        st.builds(lambda state: replace(CARD, state=state), st.sampled_from(CardState)),
        st.none(),
    ),
    st.tuples(st.just(codes.CREDENTIAL_ID_NUMBER), st.none(), st.none()),
    st.tuples(st.just(codes.CREDENTIAL_E_CREDENTIAL), st.none(), _TOKENS),
)


@given(
    shown=_SHOWN,
    insurances=st.lists(_INSURANCES, max_size=3),
    region=st.sampled_from(["650100", "640100", "650102"]),
    scheme=st.sampled_from(["", "310"]),
    on=_DAYS,
)
def test_what_is_told_before_travel_is_what_the_window_will_say(
    shown: Any, insurances: list[Insurance], region: str, scheme: str, on: date
) -> None:
    """Goal: a card that checks as portable proves its holder on that day, and no other does.

    The window asks for a first use; a recognition code is all that the check asks for beside it.
    """
    kind, card, token = shown
    person = replace(PERSON, insurances=tuple(insurances))
    told = standing(
        question(kind, insured_region=region, scheme=scheme, on=on),
        Held(person, card, token),
        now=NOW,
        today=TODAY,
    )
    said = ""
    try:
        decide.prove(
            Evidence(person, card.state if card else None, token),
            Claim(insured_region=region, scheme=scheme),
            business_date=on,
            now=NOW,
            use_id=UUID(int=5),
        )
    except DomainError as error:
        said = error.reason
    assert told.reason == said
