"""Checks before travel: three statements and a log entry, however many cards are asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.identity import card_store, person_store
from services.identity.access_store import OK, Access, write_accesses
from services.identity.domain.portability import Held, format_reason, standing
from services.identity.domain.tokens import TokenUse
from services.kit import codes
from services.kit.clock import civil_date

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from uuid import UUID

    from services.identity.access_store import Lookup
    from services.identity.domain.portability import PortabilityQuestion, PortabilityStanding
    from services.identity.reader import Reader
    from services.identity.usecases import Identity

FIND_TOKENS: Final = """/* identity.find_tokens */
SELECT token_index, person_id, expire_time, use_id, coalesce(institution_code, '') AS seen_at
  FROM credential_token WHERE token_index = ANY($1::bytea[])"""


async def check_portability(
    identity: Identity, questions: Sequence[PortabilityQuestion], *, lookup: Lookup
) -> list[PortabilityStanding]:
    """Returns what identity can tell of each credential, in order; a token is not taken."""
    now = identity.clock.now()
    today = civil_date(now)
    held = await _held(identity, questions, today)
    standings = [
        standing(question, found, now=now, today=today)
        for question, found in zip(questions, held, strict=True)
    ]
    accesses = [Access(one.person_id, one.reason or OK) for one in standings]
    await write_accesses(identity.database, lookup, accesses, now=now)
    return standings


async def _held(
    identity: Identity, questions: Sequence[PortabilityQuestion], today: date
) -> list[Held]:
    """Returns what is held of each credential."""
    database, vault = identity.database, identity.vault
    indexes = [_index(identity, question, today) for question in questions]
    certs, cards, tokens = (
        [
            index
            for question, index in zip(questions, indexes, strict=True)
            if index is not None and question.credential_type == kind
        ]
        for kind in (
            codes.CREDENTIAL_ID_NUMBER,
            codes.CREDENTIAL_CARD,
            codes.CREDENTIAL_E_CREDENTIAL,
        )
    )
    of_certs = await person_store.find_person_ids(database, certs) if certs else {}
    of_cards = await card_store.find_cards(database, vault, cards) if cards else {}
    of_tokens = await _find_tokens(database, tokens) if tokens else {}
    holders = {
        **of_certs,
        **{index: card.person_id for index, card in of_cards.items()},
        **{index: person_id for index, (person_id, _) in of_tokens.items()},
    }
    persons = await person_store.find_persons(database, vault, holders.values()) if holders else {}
    return [
        Held()
        if index is None or index not in holders
        else Held(
            persons.get(holders[index]),
            of_cards.get(index),
            of_tokens[index][1] if index in of_tokens else None,
        )
        for index in indexes
    ]


def _index(identity: Identity, question: PortabilityQuestion, today: date) -> bytes | None:
    """Returns the blind index to look for; None: nobody can answer to the number."""
    if format_reason(question, today=today):
        return None
    vault, number = identity.vault, question.number
    if question.credential_type == codes.CREDENTIAL_ID_NUMBER:
        return vault.cert_index(number)
    if question.credential_type == codes.CREDENTIAL_CARD:
        return vault.card_index(number)
    return vault.token_index(number) if vault.is_our_token(number) else None


async def _find_tokens(
    reader: Reader, indexes: Iterable[bytes]
) -> dict[bytes, tuple[UUID, TokenUse]]:
    rows = await reader.fetch(FIND_TOKENS, list(set(indexes)))
    return {
        row["token_index"]: (
            row["person_id"],
            TokenUse(row["expire_time"], row["use_id"], row["seen_at"]),
        )
        for row in rows
    }
