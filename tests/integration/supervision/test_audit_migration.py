"""What the version before recorded stays, is completed, and gets its bills from the feed.

Method: rows as that version wrote them (migrations 0001 and 0002), then the other migrations, then
the feed from its beginning, as after an upgrade.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.kit.config import load
from services.kit.crypto import FieldCipher, parse_keyring_text
from services.kit.db import Database, open_database
from services.kit.migrations import migrate, migrations_of
from services.supervision import usecases
from services.supervision.config import Config
from services.supervision.domain.recording import travelled_id
from tests.integration.supervision.harness import (
    EVERYTHING,
    KEY,
    audited,
    bills_of,
    environ,
    store_of,
)
from tests.support.settlement_feed import reversed_, settled
from tests.unit.supervision.auditing import ruleset
from yijie.supervision.v1 import finding_pb2

SCHEMAS = ()
pytestmark = pytest.mark.postgres

NOON = datetime(2026, 3, 31, 4, tzinfo=UTC)
CIPHER = FieldCipher(parse_keyring_text(KEY))
SCREENING = (
    "INSERT INTO screening (settlement_id, moment, care_region_code, insured_region_code,"
    " institution_code, finding_count, event_time) VALUES ($1, $2, $3, $4, $5, $6, $7)"
)
FINDING = (
    "INSERT INTO finding (finding_id, settlement_id, rule_code, result_class, amount_fen,"
    " ruleset_version, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)"
)


def message(rule_code: str) -> Any:
    return finding_pb2.Finding(
        rule_code=rule_code,
        result_class=finding_pb2.RESULT_CLASS_VIOLATION,
        line_ids=["1"],
        message_zh="限性别用药",
        message_en="Drug limited by sex",
        ruleset_version="0123456789abcdef",
    )


FIRST = settled(1, findings=(message("DRUG_SEX"),))
DEFERRED = settled(2, findings=None, care="640104")
TAKEN_BACK = settled(3, findings=(message("ITEM_SEX"),))
CLEAN = settled(4)


async def write(connection: asyncpg.Connection, event: Any, moment: str, *rules: str) -> None:
    """Writes a bill as the version before did."""
    settlement = event.settlement
    key = UUID(settlement.settlement_id)
    await connection.execute(
        SCREENING,
        key,
        moment,
        settlement.care_region_code,
        settlement.insured_region_code,
        settlement.institution_code,
        len(rules),
        NOON,
    )
    for number, rule in enumerate(rules):
        finding_id = travelled_id(key, number)
        found = message(rule)
        kept = finding_pb2.Finding(
            line_ids=found.line_ids, message_zh=found.message_zh, message_en=found.message_en
        )
        sealed = CIPHER.encrypt(
            kept.SerializeToString(), context=b"supervision.finding:" + finding_id.bytes
        )
        await connection.execute(
            FINDING, finding_id, key, rule, "VIOLATION", 700, "0123456789abcdef", sealed
        )


@pytest.fixture
async def released(dsn: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A database with what the version before knows, and its rows."""
    with monkeypatch.context() as patch:
        first = migrations_of("supervision")[:2]
        patch.setattr("services.kit.migrations.migrations_of", lambda _service: first)
        await migrate(dsn, "supervision")
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "supervision"})
    try:
        await write(connection, FIRST, "ROUND_TRIP", "DRUG_SEX")
        await write(connection, DEFERRED, "AFTERWARDS", "DRUG_AGE", "DRUG_LEVEL")
        await write(connection, TAKEN_BACK, "ROUND_TRIP", "ITEM_SEX")
        await write(connection, CLEAN, "ROUND_TRIP")
        await connection.execute(
            "INSERT INTO reversal (settlement_id, event_time) VALUES ($1, $2)",
            UUID(int=3),
            NOON,
        )
        await connection.execute("UPDATE feed_cursor SET cursor = '5' WHERE feed = 'settlement'")
        await migrate(dsn, "supervision")
        yield dsn
    finally:
        await connection.close()


@pytest.fixture
async def database(released: str) -> AsyncIterator[Database]:
    async with open_database(load(Config, environ(released, 1)).database, "supervision") as opened:
        yield opened


async def listed(database: Database) -> list[tuple[Any, ...]]:
    found, _ = await usecases.list_findings(store_of(database), EVERYTHING, size=100)
    return [
        (
            one.settlement_id.int,
            one.finding.rule_code,
            one.moment.value,
            one.care_region_code,
            one.withdrawal.reason.value if one.withdrawal else "",
        )
        for one in reversed(found)
    ]


BEFORE = [
    (1, "DRUG_SEX", "ROUND_TRIP", "110105", ""),
    (2, "DRUG_AGE", "AFTERWARDS", "640104", ""),
    (2, "DRUG_LEVEL", "AFTERWARDS", "640104", ""),
    (3, "ITEM_SEX", "ROUND_TRIP", "110105", "REVERSED"),
]


async def test_findings_are_completed_and_withdrawn(database: Database) -> None:
    assert await listed(database) == BEFORE
    found, _ = await usecases.list_findings(store_of(database), EVERYTHING, size=100)
    assert {one.finding.severity.value for one in found} == {"MEDIUM"}
    assert {one.institution_code for one in found} == {"H11010500001", "H64010400001"}
    with pytest.raises(asyncpg.RestrictViolationError):
        await database.execute("/* test.change */ UPDATE finding SET moment = 'AUDIT'")


async def test_the_feed_brings_the_bills_and_doubles_nothing(database: Database) -> None:
    events = (FIRST, DEFERRED, TAKEN_BACK, CLEAN, reversed_(TAKEN_BACK))
    await audited(database, *events, ruleset=ruleset())
    assert await listed(database) == BEFORE
    rows = await database.fetch("/* test.bills */ SELECT bill_key FROM audited_bill ORDER BY 1")
    assert [row["bill_key"].int for row in rows] == [1, 2, 3, 4]
    assert await bills_of(database).is_reversed(UUID(int=3))


async def test_what_comes_after_the_upgrade_is_audited(database: Database) -> None:
    stay = settled(5, person=9, medical_type="21", findings=None)
    await audited(database, FIRST, DEFERRED, TAKEN_BACK, CLEAN, stay, ruleset=ruleset())
    assert (await listed(database))[-1] == (5, "UNPREPARED", "AFTERWARDS", "110105", "")


async def test_a_pod_of_the_version_before_may_still_record(
    released: str, database: Database
) -> None:
    late = settled(6, findings=(message("DRUG_SEX"),))
    connection = await asyncpg.connect(released, server_settings={"search_path": "supervision"})
    try:
        await write(connection, late, "ROUND_TRIP", "DRUG_SEX")
        await connection.execute(
            "INSERT INTO reversal (settlement_id, event_time) VALUES ($1, $2)", UUID(int=6), NOON
        )
    finally:
        await connection.close()
    assert (await listed(database))[-1] == (6, "DRUG_SEX", "ROUND_TRIP", "110105", "")
    # Its finding is withdrawn when the reversal comes with the feed.
    await audited(database, late, reversed_(late), ruleset=ruleset())
    assert (await listed(database))[-1] == (6, "DRUG_SEX", "ROUND_TRIP", "110105", "REVERSED")
    assert len(await listed(database)) == len(BEFORE) + 1
