"""The SQL of credentials: proving what a patient shows, in one round trip; issuing tokens.

Every look-up is logged by the statement that looks, see `access_store`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.identity.access_store import access_arguments, access_cte
from services.identity.domain.card_states import CardState
from services.identity.domain.model import Evidence
from services.identity.domain.tokens import TokenUse
from services.identity.institution_store import COLUMNS, JOINS, read_institution

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.identity.access_store import Lookup
    from services.identity.domain.model import Institution
    from services.identity.reader import Reader
    from services.identity.vault import Vault

_LOGGED: Final = f"""
), logged AS ({access_cte(first=3, institution="$2::text")}
)
SELECT found.*, logged.access_id FROM found, logged"""  # noqa: S608  # made of constants

_NOT_A_TOKEN: Final = """NULL::timestamptz AS expire_time, NULL::uuid AS use_id,
       NULL::text AS seen_at, NULL::integer AS look_number"""  # noqa: S105  # a statement, no secret

FIND_BY_CERT: Final = f"""/* identity.find_by_cert */
WITH found AS (
SELECT p.person_id, p.record, NULL::text AS card_state, {_NOT_A_TOKEN},
       CASE WHEN p.person_id IS NULL THEN 'CREDENTIAL_UNKNOWN' ELSE 'OK' END AS outcome, {COLUMNS}
  FROM (SELECT 1) AS one
  LEFT JOIN person AS p ON p.cert_index = $1
  LEFT JOIN institution AS i ON i.institution_code = $2
  {JOINS}{_LOGGED}"""  # noqa: S608  # made of constants

FIND_BY_CARD: Final = f"""/* identity.find_by_card */
WITH found AS (
SELECT p.person_id, p.record, c.state AS card_state, {_NOT_A_TOKEN},
       CASE c.state WHEN 'ACTIVE' THEN 'OK' WHEN 'LOST' THEN 'CARD_LOST'
                    WHEN 'CANCELLED' THEN 'CARD_CANCELLED' WHEN 'ISSUED' THEN 'CARD_NOT_ACTIVE'
                    WHEN 'REPLACED' THEN 'CARD_NOT_ACTIVE' ELSE 'CREDENTIAL_UNKNOWN' END AS outcome,
       {COLUMNS}
  FROM (SELECT 1) AS one
  LEFT JOIN card AS c ON c.card_index = $1
  LEFT JOIN person AS p ON p.person_id = c.person_id
  LEFT JOIN institution AS i ON i.institution_code = $2
  {JOINS}{_LOGGED}"""  # noqa: S608  # made of constants

# `shown` waits for whoever uses the token at this moment, so it tells what they left; `taken` marks
# the use and the first institution, where `tokens.check_token` will let it pass. That reaches the
# disk before the answer: a use that is forgotten in a crash could be repeated by somebody else.
FIND_BY_TOKEN: Final = f"""/* identity.find_by_token */
WITH shown AS MATERIALIZED (
SELECT token_index, person_id, expire_time, use_id, institution_code
  FROM credential_token WHERE token_index = $1 FOR NO KEY UPDATE
), taken AS (
UPDATE credential_token AS t
   SET use_id = coalesce(shown.use_id, $9::uuid),
       use_time = CASE WHEN shown.use_id IS NULL AND $9::uuid IS NOT NULL
                       THEN $3::timestamptz ELSE t.use_time END,
       institution_code = coalesce(shown.institution_code, $2::text),
       look_number = t.look_number + 1
  FROM shown
 WHERE t.token_index = shown.token_index
   AND shown.expire_time > $3::timestamptz
   AND (shown.use_id IS NULL OR $9::uuid IS NULL OR shown.use_id = $9::uuid)
   AND (shown.institution_code IS NULL OR $2::text IS NULL OR shown.institution_code = $2::text)
RETURNING t.look_number
), found AS (
SELECT p.person_id, p.record, NULL::text AS card_state, t.expire_time, t.use_id,
       t.institution_code AS seen_at, (SELECT look_number FROM taken) AS look_number,
       CASE WHEN p.person_id IS NULL THEN 'CREDENTIAL_UNKNOWN'
            WHEN EXISTS (SELECT FROM taken) THEN 'OK'
            WHEN t.expire_time <= $3::timestamptz THEN 'CREDENTIAL_EXPIRED'
            ELSE 'CREDENTIAL_USED' END AS outcome, {COLUMNS}
  FROM (SELECT 1) AS one
  LEFT JOIN shown AS t ON true
  LEFT JOIN person AS p ON p.person_id = t.person_id
  LEFT JOIN institution AS i ON i.institution_code = $2
  {JOINS}
), logged AS ({access_cte(first=3, institution="$2::text", durable=True)}
)
SELECT found.*, logged.access_id FROM found, logged"""  # noqa: S608  # made of constants

# Only while no other look-up was let pass since: a repeat of the same use may have been proven
# meanwhile, and what it rests on is not given to somebody else.
RELEASE: Final = """/* identity.release_token */
UPDATE credential_token
   SET use_id = $2::uuid, use_time = CASE WHEN $2::uuid IS NULL THEN NULL ELSE use_time END,
       institution_code = $3::text
 WHERE token_index = $1 AND look_number = $4::integer
RETURNING 1"""

REMEMBER_INDEX_KEY: Final = """/* identity.remember_index_key */
INSERT INTO index_key (fingerprint) VALUES ($1)
    ON CONFLICT (only_one) DO UPDATE SET only_one = true
RETURNING fingerprint"""

# Each issue removes some tokens that expired over a day ago: the table cannot outgrow the traffic.
STORE_CREDENTIAL: Final = f"""/* identity.store_credential */
WITH stale AS (
    SELECT token_index FROM credential_token
     WHERE expire_time < $3::timestamptz - interval '1 day'
     ORDER BY expire_time LIMIT 4 FOR UPDATE SKIP LOCKED
), removed AS (
    DELETE FROM credential_token WHERE token_index IN (SELECT token_index FROM stale)
), found AS (
    SELECT p.person_id,
           CASE WHEN p.person_id IS NULL THEN 'RESOURCE_NOT_FOUND' ELSE 'OK' END AS outcome
      FROM (SELECT 1) AS one LEFT JOIN person AS p ON p.person_id = $2
), stored AS (
    INSERT INTO credential_token (token_index, person_id, issue_time, expire_time)
    SELECT $1, person_id, $3, $9 FROM found WHERE person_id IS NOT NULL
), logged AS ({access_cte(first=3, institution="NULL::text")}
)
SELECT found.person_id FROM found, logged"""  # noqa: S608  # made of constants


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """What a look-up found."""

    evidence: Evidence | None
    """None: nobody answers to the credential."""
    institution: Institution | None
    access_id: int
    """Row of the access log."""
    outcome: str
    """What the log holds: `OK`, or the reason that SQL could tell."""
    look_number: int | None
    """Which look-up that the token has let pass this is; None: it was not let pass, or is none."""


async def remember_index_key(reader: Reader, fingerprint: bytes) -> bytes | None:
    """Returns the fingerprint of the index key in use, which is the one given if there was none."""
    row = await reader.fetchrow(REMEMBER_INDEX_KEY, fingerprint)
    return None if row is None else bytes(row["fingerprint"])


async def find_evidence(
    reader: Reader,
    vault: Vault,
    query: str,
    *,
    index: bytes,
    institution_code: str,
    use_id: UUID | None,
    lookup: Lookup,
    now: datetime,
) -> Found:
    """Returns what is known of a credential and of the institution, in one round trip.

    Args:
        reader: the database.
        vault: opens the records.
        query: FIND_BY_CERT, FIND_BY_CARD or FIND_BY_TOKEN.
        index: the blind index that it searches.
        institution_code: where the patient stands; empty: not stated.
        use_id: what a token is used for; None: it is only looked at.
        lookup: who looks, and why, for the access log.
        now: instant, UTC.
    """
    arguments = [index, institution_code or None, *access_arguments(lookup, now)]
    if query == FIND_BY_TOKEN:
        arguments.append(use_id)
    row = await reader.fetchrow(query, *arguments)
    if row is None:
        msg = "the statement joins to a constant row, so it gives one"
        raise LookupError(msg)
    return Found(
        evidence=None if row["person_id"] is None else _evidence(row, vault),
        institution=read_institution(row) if row["institution_code"] is not None else None,
        access_id=row["access_id"],
        outcome=row["outcome"],
        look_number=row["look_number"],
    )


async def release_token(reader: Reader, *, index: bytes, held: TokenUse, look_number: int) -> None:
    """Gives a token back as it was before a look-up that it let pass and that was refused.

    Args:
        reader: the database.
        index: of the token.
        held: the token before.
        look_number: of that look-up; nothing is given back where there was a later one.
    """
    await reader.fetchrow(RELEASE, index, held.use_id, held.institution_code or None, look_number)


async def issue_token(
    reader: Reader,
    *,
    index: bytes,
    person_id: UUID,
    lookup: Lookup,
    now: datetime,
    expire_time: datetime,
) -> bool:
    """Stores a token; returns False if the person is not held."""
    row = await reader.fetchrow(
        STORE_CREDENTIAL, index, person_id, *access_arguments(lookup, now), expire_time
    )
    return row is not None and row["person_id"] is not None


def _evidence(row: asyncpg.Record, vault: Vault) -> Evidence:
    state, expire_time = row["card_state"], row["expire_time"]
    return Evidence(
        person=vault.open_person(row["person_id"], row["record"]),
        card_state=None if state is None else CardState(state),
        token_use=None
        if expire_time is None
        else TokenUse(expire_time, row["use_id"], row["seen_at"] or ""),
    )
