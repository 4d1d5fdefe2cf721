"""All SQL of identity. Takes a connection, gives and takes domain objects; seals and opens records.

Rows are claimed in the order of their key, so that two batches lock them in the same order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from services.identity.domain.model import CardState, Evidence, Institution, Opening

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    import asyncpg

    from services.identity.domain.model import Card, Person
    from services.identity.vault import Vault
    from services.kit.db import Connection

_INSTITUTION_COLUMNS: Final = """
       i.institution_code, i.name, i.region_code, i.level_code, i.price_level_code,
       i.deductible_level_code, o.medical_types, o.begin_dates, o.end_dates, o.diseases"""

_OPENINGS: Final = """
  LEFT JOIN LATERAL (
       SELECT array_agg(medical_type_code ORDER BY position) AS medical_types,
              array_agg(begin_date ORDER BY position) AS begin_dates,
              array_agg(end_date ORDER BY position) AS end_dates,
              array_agg(disease_code ORDER BY position) AS diseases
         FROM institution_opening
        WHERE institution_code = i.institution_code) AS o ON true"""

FIND_BY_CERT: Final = f"""/* identity.find_by_cert */
SELECT p.person_id, p.record, NULL::text AS card_state, NULL::timestamptz AS token_expire_time,
       {_INSTITUTION_COLUMNS}
  FROM (SELECT 1) AS one
  LEFT JOIN person AS p ON p.cert_index = $1
  LEFT JOIN institution AS i ON i.institution_code = $2
  {_OPENINGS}"""  # noqa: S608  # made of constants

FIND_BY_CARD: Final = f"""/* identity.find_by_card */
SELECT p.person_id, p.record, c.state AS card_state, NULL::timestamptz AS token_expire_time,
       {_INSTITUTION_COLUMNS}
  FROM (SELECT 1) AS one
  LEFT JOIN card AS c ON c.card_index = $1
  LEFT JOIN person AS p ON p.person_id = c.person_id
  LEFT JOIN institution AS i ON i.institution_code = $2
  {_OPENINGS}"""  # noqa: S608  # made of constants

FIND_BY_TOKEN: Final = f"""/* identity.find_by_token */
SELECT p.person_id, p.record, NULL::text AS card_state, t.expire_time AS token_expire_time,
       {_INSTITUTION_COLUMNS}
  FROM (SELECT 1) AS one
  LEFT JOIN credential_token AS t ON t.token_index = $1
  LEFT JOIN person AS p ON p.person_id = t.person_id
  LEFT JOIN institution AS i ON i.institution_code = $2
  {_OPENINGS}"""  # noqa: S608  # made of constants

REMEMBER_INDEX_KEY: Final = """/* identity.remember_index_key */
INSERT INTO index_key (fingerprint) VALUES ($1)
    ON CONFLICT (only_one) DO UPDATE SET only_one = true
RETURNING fingerprint"""

# The no-op update locks the row and returns what it holds; an empty record marks a new row.
CLAIM_PERSONS: Final = """/* identity.claim_persons */
INSERT INTO person (person_id, cert_index, record, create_time, update_time)
SELECT entry.person_id, entry.cert_index, ''::bytea, $3, $3
  FROM unnest($1::uuid[], $2::bytea[]) AS entry(person_id, cert_index)
    ON CONFLICT (cert_index) DO UPDATE SET cert_index = EXCLUDED.cert_index
RETURNING person_id, cert_index"""

WRITE_PERSONS: Final = """/* identity.write_persons */
UPDATE person
   SET record = entry.record, update_time = $3
  FROM unnest($1::uuid[], $2::bytea[]) AS entry(person_id, record)
 WHERE person.person_id = entry.person_id"""

# KEY SHARE: a holder cannot vanish before the card that refers to them is written.
FIND_HOLDERS: Final = """/* identity.find_holders */
SELECT person_id FROM person WHERE person_id = ANY($1::uuid[]) ORDER BY person_id FOR KEY SHARE"""

CLAIM_CARDS: Final = """/* identity.claim_cards */
INSERT INTO card (card_index, person_id, issuing_region_code, state, record, create_time,
                  update_time)
SELECT entry.card_index, entry.person_id, entry.issuing_region_code, entry.state, ''::bytea, $5, $5
  FROM unnest($1::bytea[], $2::uuid[], $3::text[], $4::text[])
       AS entry(card_index, person_id, issuing_region_code, state)
    ON CONFLICT (card_index) DO UPDATE SET card_index = EXCLUDED.card_index
RETURNING card_index, person_id, issuing_region_code, state, record"""

WRITE_CARDS: Final = """/* identity.write_cards */
UPDATE card
   SET issuing_region_code = entry.issuing_region_code, state = entry.state,
       record = entry.record, update_time = $5
  FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bytea[])
       AS entry(card_index, issuing_region_code, state, record)
 WHERE card.card_index = entry.card_index"""

APPEND_CARD_STATES: Final = """/* identity.append_card_states */
INSERT INTO card_state_change (card_index, state, change_time)
SELECT entry.card_index, entry.state, $3
  FROM unnest($1::bytea[], $2::text[]) AS entry(card_index, state)"""

# Each issue removes some tokens that expired over a day ago: the table cannot outgrow the traffic.
STORE_CREDENTIAL: Final = """/* identity.store_credential */
WITH stale AS (
    SELECT token_index FROM credential_token
     WHERE expire_time < $3::timestamptz - interval '1 day'
     ORDER BY expire_time LIMIT 4 FOR UPDATE SKIP LOCKED
), removed AS (
    DELETE FROM credential_token WHERE token_index IN (SELECT token_index FROM stale)
)
INSERT INTO credential_token (token_index, person_id, issue_time, expire_time)
SELECT $1, person_id, $3, $4 FROM person WHERE person_id = $2
RETURNING person_id"""

WRITE_INSTITUTIONS: Final = """/* identity.write_institutions */
INSERT INTO institution (institution_code, name, region_code, level_code, price_level_code,
                         deductible_level_code, create_time, update_time)
SELECT entry.institution_code, entry.name, entry.region_code, entry.level_code,
       entry.price_level_code, entry.deductible_level_code, $7, $7
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
       AS entry(institution_code, name, region_code, level_code, price_level_code,
                deductible_level_code)
    ON CONFLICT (institution_code) DO UPDATE
   SET name = EXCLUDED.name, region_code = EXCLUDED.region_code, level_code = EXCLUDED.level_code,
       price_level_code = EXCLUDED.price_level_code,
       deductible_level_code = EXCLUDED.deductible_level_code, update_time = EXCLUDED.update_time"""

DELETE_OPENINGS: Final = """/* identity.delete_openings */
DELETE FROM institution_opening WHERE institution_code = ANY($1::text[])"""

WRITE_OPENINGS: Final = """/* identity.write_openings */
INSERT INTO institution_opening (institution_code, position, medical_type_code, begin_date,
                                 end_date, disease_code)
SELECT entry.institution_code, entry.position, entry.medical_type_code, entry.begin_date,
       entry.end_date, entry.disease_code
  FROM unnest($1::text[], $2::smallint[], $3::text[], $4::date[], $5::date[], $6::text[])
       AS entry(institution_code, position, medical_type_code, begin_date, end_date,
                disease_code)"""

GET_INSTITUTION: Final = f"""/* identity.get_institution */
SELECT {_INSTITUTION_COLUMNS}
  FROM institution AS i {_OPENINGS}
 WHERE i.institution_code = $1"""  # noqa: S608  # made of constants

LIST_INSTITUTIONS: Final = f"""/* identity.list_institutions */
SELECT {_INSTITUTION_COLUMNS}
  FROM institution AS i {_OPENINGS}
 WHERE i.institution_code > $1
   AND i.region_code LIKE $2
   AND ($3 = '' OR EXISTS (
       SELECT 1 FROM institution_opening AS x
        WHERE x.institution_code = i.institution_code
          AND x.medical_type_code = $3
          AND x.begin_date <= $4
          AND (x.end_date IS NULL OR x.end_date >= $4)))
 ORDER BY i.institution_code
 LIMIT $5"""  # noqa: S608  # made of constants


class Reader(Protocol):
    """Runs one statement: a database, or a connection held for a use case."""

    async def fetchrow(self, query: str, *arguments: Any) -> asyncpg.Record | None:
        """Returns the first row, or None."""

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Returns the rows."""


async def remember_index_key(reader: Reader, fingerprint: bytes) -> bytes | None:
    """Returns the fingerprint of the index key in use, which is the one given if there was none."""
    row = await reader.fetchrow(REMEMBER_INDEX_KEY, fingerprint)
    return None if row is None else bytes(row["fingerprint"])


async def find_evidence(
    reader: Reader, vault: Vault, query: str, *, index: bytes, institution_code: str
) -> tuple[Evidence | None, Institution | None]:
    """Returns what is known of a credential and of the institution, in one round trip.

    `query` is FIND_BY_CERT, FIND_BY_CARD or FIND_BY_TOKEN, `index` the blind index it searches.
    """
    row = await reader.fetchrow(query, index, institution_code or None)
    if row is None:  # the statement joins to a constant row
        return None, None
    institution = _institution(row) if row["institution_code"] is not None else None
    if row["person_id"] is None:
        return None, institution
    state = row["card_state"]
    evidence = Evidence(
        person=vault.open_person(row["person_id"], row["record"]),
        card_state=None if state is None else CardState(state),
        token_expire_time=row["token_expire_time"],
    )
    return evidence, institution


async def claim_persons(
    connection: Connection, candidates: Mapping[bytes, UUID], *, now: datetime
) -> dict[bytes, UUID]:
    """Locks or makes the rows of certificate indexes; returns the person id of each.

    Args:
        connection: in a transaction.
        candidates: certificate index → id to give to a person not held yet.
        now: instant, UTC.
    """
    indexes = sorted(candidates)
    ids = [candidates[index] for index in indexes]
    rows = await connection.fetch(CLAIM_PERSONS, ids, indexes, now)
    return {row["cert_index"]: row["person_id"] for row in rows}


async def write_persons(
    connection: Connection, vault: Vault, persons: Mapping[UUID, Person], *, now: datetime
) -> None:
    """Writes the records of rows that `claim_persons` gave."""
    records = [vault.seal_person(person, person_id) for person_id, person in persons.items()]
    await connection.execute(WRITE_PERSONS, list(persons), records, now)


async def find_holders(connection: Connection, person_ids: Iterable[UUID]) -> set[UUID]:
    """Returns which of the persons are held."""
    rows = await connection.fetch(FIND_HOLDERS, sorted(set(person_ids)))
    return {row["person_id"] for row in rows}


async def claim_cards(
    connection: Connection, vault: Vault, candidates: Mapping[bytes, Card], *, now: datetime
) -> dict[bytes, Card | None]:
    """Locks or makes the rows of card indexes; returns the card held before, None for a new one."""
    indexes = sorted(candidates)
    cards = [candidates[index] for index in indexes]
    rows = await connection.fetch(
        CLAIM_CARDS,
        indexes,
        [card.person_id for card in cards],
        [card.issuing_region for card in cards],
        [card.state.value for card in cards],
        now,
    )
    return {
        row["card_index"]: vault.open_card(
            row["card_index"],
            row["record"],
            person_id=row["person_id"],
            issuing_region=row["issuing_region_code"],
            state=row["state"],
        )
        if row["record"]
        else None
        for row in rows
    }


async def write_cards(
    connection: Connection,
    vault: Vault,
    cards: Mapping[bytes, Card],
    *,
    changed: Sequence[bytes],
    now: datetime,
) -> None:
    """Writes rows that `claim_cards` gave, and appends the states of those that changed."""
    await connection.execute(
        WRITE_CARDS,
        list(cards),
        [card.issuing_region for card in cards.values()],
        [card.state.value for card in cards.values()],
        [vault.seal_card(card) for card in cards.values()],
        now,
    )
    states = [cards[index].state.value for index in changed]
    await connection.execute(APPEND_CARD_STATES, list(changed), states, now)


async def issue_token(
    reader: Reader, *, index: bytes, person_id: UUID, now: datetime, expire_time: datetime
) -> bool:
    """Stores a token; returns False if the person is not held."""
    return await reader.fetchrow(STORE_CREDENTIAL, index, person_id, now, expire_time) is not None


async def write_institutions(
    connection: Connection, institutions: Iterable[Institution], *, now: datetime
) -> None:
    """Writes institutions and replaces their openings."""
    ordered = sorted(institutions, key=lambda institution: institution.code)
    codes = [institution.code for institution in ordered]
    await connection.execute(
        WRITE_INSTITUTIONS,
        codes,
        [institution.name for institution in ordered],
        [institution.region for institution in ordered],
        [institution.level for institution in ordered],
        [institution.price_level for institution in ordered],
        [institution.deductible_level for institution in ordered],
        now,
    )
    await connection.execute(DELETE_OPENINGS, codes)
    openings = [
        (institution.code, position, opening)
        for institution in ordered
        for position, opening in enumerate(institution.openings)
    ]
    await connection.execute(
        WRITE_OPENINGS,
        [code for code, _, _ in openings],
        [position for _, position, _ in openings],
        [opening.medical_type for _, _, opening in openings],
        [opening.begin_date for _, _, opening in openings],
        [opening.end_date for _, _, opening in openings],
        [opening.disease for _, _, opening in openings],
    )


async def get_institution(reader: Reader, code: str) -> Institution | None:
    """Returns an institution, or None."""
    row = await reader.fetchrow(GET_INSTITUTION, code)
    return None if row is None else _institution(row)


async def list_institutions(
    reader: Reader, *, after: str, region_prefix: str, medical_type: str, on: date, count: int
) -> list[Institution]:
    """Returns institutions by code.

    Args:
        reader: a database or connection.
        after: code after which to begin; empty: from the first.
        region_prefix: digits that the region begins with; empty: all.
        medical_type: only those opened for it on the date; empty: all.
        on: civil date of the openings.
        count: how many at most.
    """
    rows = await reader.fetch(
        LIST_INSTITUTIONS, after, f"{region_prefix}%", medical_type, on, count
    )
    return [_institution(row) for row in rows]


def _institution(row: asyncpg.Record) -> Institution:
    openings = zip(
        row["medical_types"] or (),
        row["begin_dates"] or (),
        row["end_dates"] or (),
        row["diseases"] or (),
        strict=True,
    )
    return Institution(
        code=row["institution_code"],
        name=row["name"],
        region=row["region_code"],
        level=row["level_code"],
        price_level=row["price_level_code"],
        deductible_level=row["deductible_level_code"],
        openings=tuple(Opening(*opening) for opening in openings),
    )
