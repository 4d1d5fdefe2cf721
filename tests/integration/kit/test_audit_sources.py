"""Goal: each service's sources tell what is in its tables, in order, and nothing of a person.

Method: rows are put into the tables of all services as their own statements do it, and the sources
are read page by page; what the tables refuse is not tried.
"""

# ruff: noqa: S608 - what is put into statements is our own

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from services.benefits.sealed import SEALED
from services.benefits.statements import SET_ENTITLEMENTS
from services.kit.audit_chain.sources import DETACHED, SOURCES, START, SourceRow, SourceStore
from services.kit.config import load
from services.kit.crypto import FieldCipher, parse_keyring_text
from services.kit.db import Database, DatabaseConfig, open_database
from services.kit.errors import Absent, RuleForbids
from services.kit.ids import first_id_at
from services.kit.sealed import reseal
from services.supervision.domain.chain import require_sound
from tests.conftest import SERVICES

PERSON = UUID("01a20407-67cf-7086-8db1-81163fbefa4f")
DIGEST = hashlib.sha256(PERSON.bytes).hexdigest()
KEYS = [f"{number}:{base64.b64encode(bytes([number] * 32)).decode()}" for number in (1, 2)]
"""Of data keys, by their ids."""
REQUEST = "01a20407-f4ee-753a-842a-f9a3b6e8c911"
SETTLEMENT = "01a20407-f4ee-753a-842a-f9a3b6e8c910"


@pytest.fixture
def dsn(rinsed_dsn: str) -> str:
    return rinsed_dsn


async def executed(dsn: str, schema: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn, server_settings={"search_path": schema})
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def databases(dsn: str) -> AsyncIterator[dict[str, Database]]:
    config = load(DatabaseConfig, {"YIJIE_DSN": dsn, "YIJIE_DB_POOL_SIZE_MAX": "1"})
    async with (
        open_database(config, "identity") as identity,
        open_database(config, "settlement") as settlement,
        open_database(config, "benefits") as benefits,
        open_database(config, "catalogue") as catalogue,
        open_database(config, "clearing") as clearing,
        open_database(config, "supervision") as supervision,
        open_database(config, "filing") as filing,
    ):
        yield {
            "identity": identity,
            "settlement": settlement,
            "benefits": benefits,
            "catalogue": catalogue,
            "clearing": clearing,
            "supervision": supervision,
            "filing": filing,
        }


async def rows_of(databases: dict[str, Database], service: str, source: str) -> Sequence[SourceRow]:
    """All rows of a source, read one by one, which must be as read at once."""
    store = SourceStore(databases[service], service)
    whole = await store.read(source, START)
    after, found = START, []
    while True:
        page = await store.read(source, after, limit=1)
        found += page.rows
        if not page.has_more:
            break
        after = page.rows[-1].position
    assert found == list(whole.rows)
    return whole.rows


def contents(rows: Sequence[SourceRow]) -> list[dict[str, object]]:
    return [json.loads(row.content) for row in rows]


async def test_every_source_can_be_read(databases: dict[str, Database]) -> None:
    assert set(SOURCES) == set(SERVICES)
    for service, sources in SOURCES.items():
        for source in sources:
            assert await rows_of(databases, service, source) == []


async def test_what_is_not_there_is_told(databases: dict[str, Database]) -> None:
    store = SourceStore(databases["filing"], "filing")
    with pytest.raises(Absent):
        await store.read("journal", START)
    with pytest.raises(RuleForbids) as refused:
        await store.read("events", START._replace(transaction_id=9))
    assert refused.value.reason == "AUDIT_POSITION_UNKNOWN"


async def test_the_journal_is_sealed_with_its_bill(
    dsn: str, databases: dict[str, Database]
) -> None:
    await executed(
        dsn,
        "settlement",
        f"""INSERT INTO settlement VALUES ('{SETTLEMENT}', gen_random_uuid(), '110000', '640100',
            'H11000099001', '{PERSON}', '310', 500, 'trace', now(), 'commit', 'sealed bill')""",
        f"""INSERT INTO settlement_state_change (settlement_id, version, state, change_time,
                request_id, trace_id, adjudication, total_fen, fund_fen, account_fen, cash_fen)
            VALUES ('{SETTLEMENT}', 2, 'SETTLED', '2026-11-22 08:00:00.000001+08',
                '{REQUEST}', 'trace', 'sealed', 500, 300, 100, 100)""",
        f"""INSERT INTO outbox (settlement_id, kind, event_time, settlement, care_province,
                insured_province)
            VALUES ('{SETTLEMENT}', 'SETTLED', now(), 'sealed event', '110000', '640000')""",
        f"""INSERT INTO outbox (settlement_id, kind, event_time, settlement, care_province,
                insured_province)
            VALUES ('{SETTLEMENT}', 'REVERSED', now(), 'sealed event', '110000', '640000')""",
    )
    rows = await rows_of(databases, "settlement", "journal")
    assert [(row.kind, row.record_id) for row in rows] == [
        ("SETTLED", SETTLEMENT),
        ("REVERSED", SETTLEMENT),
    ]
    settled = contents(rows)[0]
    assert settled == {
        "care": "110000",
        "insured": "640100",
        "institution": "H11000099001",
        "scheme": "310",
        "person": DIGEST,
        "total_fen": 500,
        "fund_fen": 300,
        "account_fen": 100,
        "cash_fen": 100,
        "request": REQUEST,
        "trace": "trace",
        "time": "2026-11-22T00:00:00.000001Z",
        "bill": hashlib.sha256(b"sealed bill").hexdigest(),
        "commit": hashlib.sha256(b"commit").hexdigest(),
        "adjudication": hashlib.sha256(b"sealed").hexdigest(),
        "event": hashlib.sha256(b"sealed event").hexdigest(),
        "signature": None,
    }


async def test_the_signature_that_a_request_came_with_first_is_sealed(
    dsn: str, databases: dict[str, Database]
) -> None:
    await test_the_journal_is_sealed_with_its_bill(dsn, databases)
    await executed(
        dsn,
        "settlement",
        *(
            f"""INSERT INTO message_signature (record_id, request_id, direction, method,
                    region_code, role, algorithm, key_id, signed_ms, answers, signature, message,
                    receive_time, is_cause)
                VALUES ('{SETTLEMENT}', '{REQUEST}', '{direction}', 'm',
                    '110000', 'agency', 'ed25519', 'k', {number}, {answers}, '{signature}', '',
                    timestamptz '2026-11-22 08:00:00+08' + interval '{number} s', {is_cause})"""
            for number, direction, answers, signature, is_cause in (
                (2, "REQUEST", "NULL", "first", True),
                # Written later, by a process whose clock is behind.
                (1, "REQUEST", "NULL", "again", False),
                (0, "ANSWER", "sha256('x')", "answer", False),
            )
        ),
    )
    rows = await rows_of(databases, "settlement", "journal")
    assert contents(rows)[0]["signature"] == hashlib.sha256(b"first").hexdigest()


async def test_of_a_month_that_was_detached_it_is_said(
    dsn: str, databases: dict[str, Database]
) -> None:
    early = str(first_id_at(datetime(2026, 1, 15, tzinfo=UTC)))
    await executed(
        dsn,
        "settlement",
        *(
            f"""INSERT INTO outbox (settlement_id, kind, event_time, settlement, care_province,
                    insured_province)
                VALUES ('{one}', 'SETTLED', now(), 'sealed event', '110000', '640000')"""
            for one in (early, str(first_id_at(datetime.now(UTC))))
        ),
    )
    # Neither is there; but only one can be elsewhere.
    rows = await rows_of(databases, "settlement", "journal")
    assert [row.content == DETACHED for row in rows] == [True, False]


async def test_a_look_at_a_person_names_nobody(dsn: str, databases: dict[str, Database]) -> None:
    await executed(
        dsn,
        "identity",
        "SET synchronous_commit = off",
        f"""INSERT INTO access (access_time, method, caller_region_code, caller_role, purpose,
                person_id, institution_code, outcome)
            VALUES (now(), 'VerifyCredential', '640000', 'agency', 1, '{PERSON}', NULL, 'OK'),
                   (now(), 'VerifyCredential', '640000', 'agency', 1, NULL, 'H11000099001',
                    'NONE')""",
    )
    rows = await rows_of(databases, "identity", "access")
    found = contents(rows)
    assert [one["person"] for one in found] == [DIGEST, None]
    assert str(PERSON) not in "".join(row.content for row in rows)
    assert found[0]["role"] == "agency"


async def test_an_entitlement_is_noted_and_sealing_anew_is_not(
    dsn: str, databases: dict[str, Database]
) -> None:
    column = SEALED[0]
    assert (column.table, column.column) == ("entitlement", "content")
    before, after = (
        FieldCipher(parse_keyring_text(text)) for text in (KEYS[0], f"{KEYS[1]}\n{KEYS[0]}")
    )
    content = before.encrypt(b"until 2027", context=column.context + PERSON.bytes)
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "benefits"})
    try:
        # As the service does it, twice: set, and set anew.
        for _ in range(2):
            await connection.execute(SET_ENTITLEMENTS, [PERSON], [bytes(32)], [content])
        async for _ in reseal(connection, after, column):
            pass
        found = await connection.fetchval("SELECT content FROM entitlement")
    finally:
        await connection.close()
    assert found != content
    assert after.decrypt(found, context=column.context + PERSON.bytes) == b"until 2027"
    await executed(dsn, "benefits", "DELETE FROM entitlement")
    rows = await rows_of(databases, "benefits", "events")
    assert [row.kind for row in rows] == ["ENTITLEMENT_SET"] * 2 + ["ENTITLEMENT_TAKEN"]
    assert contents(rows)[0] == {"person": DIGEST, "entitlement": bytes(32).hex()}


async def test_what_is_published_is_sealed_from_its_tables(
    dsn: str, databases: dict[str, Database]
) -> None:
    version = "640100@2026.11-3fa9c1d2e4b5"
    digest = "ab" * 32
    await executed(
        dsn,
        "benefits",
        f"INSERT INTO policy_version VALUES ('{version}', '640100', 'files', false)",
        f"INSERT INTO policy_publication (region_code, version, shipped)"
        f" VALUES ('640100', '{version}', false)",
    )
    await executed(
        dsn,
        "supervision",
        f"INSERT INTO rule_pack VALUES ('{digest}', '{digest[:16]}', 'pack')",
        f"INSERT INTO rule_publication VALUES ('{SETTLEMENT}', '{digest}', now(), 'k',"
        f" decode(repeat('00', 64), 'hex'), 'a', 'b', now())",
        f"INSERT INTO rule_withdrawal VALUES ('{SETTLEMENT}', 'a', 'b', now())",
    )
    await executed(
        dsn,
        "catalogue",
        "INSERT INTO version (region_code, version, item_count) VALUES ('640000', '1', 3)",
        "UPDATE version SET publication_sequence = 1, publish_time = now()",
        "INSERT INTO mapping_version (owner_code, version, mode, entry_count, publication_sequence,"
        " publish_time) VALUES ('640000', '1', 'region', 2, 1, now())",
    )
    policy = await rows_of(databases, "benefits", "events")
    assert [row.kind for row in policy] == ["POLICY_PUBLISHED"]
    assert contents(policy)[0]["files"] == hashlib.sha256(b"files").hexdigest()
    rules = await rows_of(databases, "supervision", "events")
    assert [(row.kind, row.record_id) for row in rules] == [
        ("RULES_PUBLISHED", SETTLEMENT),
        ("RULES_WITHDRAWN", SETTLEMENT),
    ]
    assert (contents(rules)[0]["pack"], contents(rules)[1]["checker"]) == (digest, "b")
    catalogues = await rows_of(databases, "catalogue", "events")
    assert [row.kind for row in catalogues] == ["CATALOGUE_PUBLISHED", "MAPPING_PUBLISHED"]
    assert contents(catalogues)[0]["items"] == 3
    # A change of the row itself shows in what is sealed of it, not in a copy.
    await executed(
        dsn,
        "benefits",
        "SET session_replication_role = replica",
        "UPDATE policy_version SET files = 'other'",
    )
    changed = await rows_of(databases, "benefits", "events")
    assert contents(changed)[0]["files"] == hashlib.sha256(b"other").hexdigest()


async def test_a_transaction_that_is_open_holds_back_what_comes_after_it(
    dsn: str, databases: dict[str, Database]
) -> None:
    early = await asyncpg.connect(dsn, server_settings={"search_path": "filing"})
    try:
        transaction = early.transaction()
        await transaction.start()
        await early.execute("INSERT INTO audit_event (kind) VALUES ('EARLY')")
        await executed(dsn, "filing", "INSERT INTO audit_event (kind) VALUES ('LATE')")
        assert await rows_of(databases, "filing", "events") == []
        # What waits is not nothing: since when is told.
        page = await SourceStore(databases["filing"], "filing").read("events", START)
        assert page.held_since is not None
        await transaction.commit()
    finally:
        await early.close()
    rows = await rows_of(databases, "filing", "events")
    assert [row.kind for row in rows] == ["EARLY", "LATE"]


async def test_what_an_open_transaction_holds_back_is_told_by_every_source(
    dsn: str, databases: dict[str, Database]
) -> None:
    """One that writes elsewhere in the database is enough."""
    early = await asyncpg.connect(dsn, server_settings={"search_path": "filing"})
    try:
        transaction = early.transaction()
        await transaction.start()
        await early.execute("INSERT INTO audit_event (kind) VALUES ('EARLY')")
        rows = {
            ("settlement", "journal"): f"""INSERT INTO outbox (settlement_id, kind, event_time,
                settlement, care_province, insured_province)
                VALUES ('{SETTLEMENT}', 'SETTLED', '2026-01-01Z', 'e', '110000', '640000')""",
            ("identity", "access"): f"""INSERT INTO access (access_time, method,
                caller_region_code, caller_role, purpose, person_id, institution_code, outcome)
                VALUES ('2026-01-01Z', 'VerifyCredential', '640000', 'agency', 1, '{PERSON}',
                NULL, 'OK')""",
        }
        for (service, source), statement in rows.items():
            store = SourceStore(databases[service], service)
            assert (await store.read(source, START)).held_since is None
            await executed(dsn, service, statement)
            page = await store.read(source, START)
            assert (page.rows, page.held_since) == ([], datetime(2026, 1, 1, tzinfo=UTC))
        await transaction.rollback()
    finally:
        await early.close()
    for service, source in rows:
        page = await SourceStore(databases[service], service).read(source, START)
        assert (len(page.rows), page.held_since) == (1, None)


async def test_a_case_of_many_findings_fits_into_an_entry(
    dsn: str, databases: dict[str, Database]
) -> None:
    """An entry that cannot be sealed would hold up its source for ever."""
    case = "01a20407-f4ee-753a-842a-f9a3b6e8c9aa"
    await executed(
        dsn,
        "supervision",
        "SET session_replication_role = replica",
        f"""INSERT INTO case_finding (finding_id, case_id)
            SELECT gen_random_uuid(), '{case}' FROM generate_series(1, 3000)""",
        """INSERT INTO case_verdict (finding_id, step, is_confirmed)
            SELECT finding_id, 'FIRST', true FROM case_finding""",
        f"""INSERT INTO case_change (case_id, state, change_time, step, officer_id)
            VALUES ('{case}', 'SECOND_REVIEW', now(), 'FIRST', 'officer')""",
        "INSERT INTO audit_event (kind, record_id)"
        " SELECT 'CASE_CHANGED', change_id FROM case_change",
    )
    [row] = await rows_of(databases, "supervision", "events")
    require_sound(
        kind=row.kind, event_time=row.event_time, record_id=row.record_id, content=row.content
    )
    before = json.loads(row.content)
    assert before["verdicts"] == 3000
    await executed(
        dsn,
        "supervision",
        "SET session_replication_role = replica",
        """UPDATE case_verdict SET at_fault_fen = 1
            WHERE finding_id = (SELECT max(finding_id::text)::uuid FROM case_verdict)""",
    )
    [changed] = contents(await rows_of(databases, "supervision", "events"))
    assert changed["verdicts_digest"] != before["verdicts_digest"]


async def test_a_long_journal_is_read_by_its_key(dsn: str, databases: dict[str, Database]) -> None:
    """A page must not cost more the longer the journal is."""
    await executed(
        dsn,
        "settlement",
        f"""INSERT INTO outbox (settlement_id, kind, event_time, settlement, care_province,
                insured_province)
            SELECT '{SETTLEMENT}', 'SETTLED', now(), 'e', '110000', '640000'
              FROM generate_series(1, 5000)""",
    )
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "settlement"})
    try:
        last = await connection.fetchrow(
            "SELECT transaction_id::text AS t, max(sequence) AS s FROM outbox GROUP BY 1"
        )
        lines = await connection.fetch(
            "EXPLAIN (ANALYZE, TIMING OFF, FORMAT TEXT)"
            f" SELECT * FROM audit_journal('{last['t']}'::xid8, {last['s'] - 10}, 5)"
        )
    finally:
        await connection.close()
    plan = "\n".join(line[0] for line in lines)
    assert "outbox_pkey" in plan
    assert "Seq Scan on outbox" not in plan
