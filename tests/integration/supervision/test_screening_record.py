"""Goal: screening and reminders judge with the person's record: over the wire, by the shipped
rules, as the audit wrote it, and without it where it cannot be read in time.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.kit import wire
from services.kit.channel import open_channel
from services.kit.config import load
from services.kit.db import Database
from services.supervision.app import running
from services.supervision.config import Config
from services.supervision.rules_loader import load_rules
from tests.integration.supervision.harness import audited, environ
from tests.support.rpc import refused
from tests.support.settlement_feed import fee_line, reversed_, settled
from yijie.common.v1 import bill_pb2
from yijie.supervision.v1 import (
    finding_pb2,
    reminder_service_pb2,
    reminder_service_pb2_grpc,
    supervision_service_pb2,
    supervision_service_pb2_grpc,
)

pytestmark = pytest.mark.postgres

TIMEOUT_S = 10.0
BED = "001102000050000"
DRUG = "XA10BBG077A001010101445"
MARK, BLOCK = finding_pb2.EFFECT_MARK, finding_pb2.EFFECT_BLOCK
KEY = b"k" * 32


@dataclass
class Stubs:
    screening: Any
    reminders: Any


@contextlib.asynccontextmanager
async def supervision(dsn: str, **changes: str) -> AsyncIterator[Stubs]:
    """The whole service on a free port; what it follows is down."""
    config = load(Config, environ(dsn, 1) | changes)
    async with running(config) as server, open_channel(server.address) as channel:
        yield Stubs(
            supervision_service_pb2_grpc.SupervisionServiceStub(channel),
            reminder_service_pb2_grpc.ReminderServiceStub(channel),
        )


def stay(number: int, begin: date, end: date, **changes: Any) -> Any:
    return settled(
        number,
        person=7,
        medical_type="21",
        begin=begin,
        end=end,
        lines=(fee_line(BED, day=end),),
        **changes,
    )


PERSON = stay(1, date(2026, 3, 1), date(2026, 3, 8)).settlement.person_id


def asked(begin: date, end: date, **changes: Any) -> Any:
    fields = {
        "sex": bill_pb2.SEX_FEMALE,
        "birth_date": wire.write_date(date(1980, 5, 1)),
        "medical_type_code": "21",
        "scheme_code": "310",
        "institution_code": "H31010100001",
        "hospital_level_code": "02",
        "care_region_code": "310101",
        "insured_region_code": "131100",
        "begin_date": wire.write_date(begin),
        "end_date": wire.write_date(end),
        "lines": [fee_line(BED, day=end)],
        "person_id": PERSON,
    }
    return supervision_service_pb2.ScreenBillRequest(**(fields | changes))


async def found(stubs: Stubs, request: Any) -> dict[str, Any]:
    answer = await stubs.screening.ScreenBill(request, timeout=TIMEOUT_S)
    assert not answer.unjudged_rule_codes
    return {one.rule_code: one for one in answer.findings}


async def test_a_stay_that_overlaps_one_on_record(dsn: str, database: Database) -> None:
    one = stay(1, date(2026, 3, 1), date(2026, 3, 8))
    await audited(database, one)
    async with supervision(dsn) as stubs:
        overlapping = asked(date(2026, 3, 5), date(2026, 3, 12))
        finding = (await found(stubs, overlapping))["OVERLAPPING_STAY"]
        assert finding.effect == BLOCK
        assert list(finding.other_bill_keys) == [one.settlement.settlement_id]
        # Another person, another time, part of the same stay, an emergency.
        somebody = asked(date(2026, 3, 5), date(2026, 3, 12), person_id=str(UUID(int=99)))
        later = asked(date(2026, 3, 8), date(2026, 3, 12))
        assert "OVERLAPPING_STAY" not in await found(stubs, somebody)
        assert "OVERLAPPING_STAY" not in await found(stubs, later)
        emergency = asked(date(2026, 3, 5), date(2026, 3, 12), emergency=True)
        assert (await found(stubs, emergency))["OVERLAPPING_STAY"].effect == MARK
        # Taken back, it is on record no more.
        await audited(database, reversed_(one), after="a", to="b")
        assert "OVERLAPPING_STAY" not in await found(stubs, overlapping)


async def test_a_bill_without_person_is_judged_alone(dsn: str, database: Database) -> None:
    await audited(database, stay(1, date(2026, 3, 1), date(2026, 3, 8)))
    async with supervision(dsn) as stubs:
        request = asked(date(2026, 3, 5), date(2026, 3, 12), person_id="")
        answer = await stubs.screening.ScreenBill(request, timeout=TIMEOUT_S)
        assert "OVERLAPPING_STAY" in answer.unjudged_rule_codes


async def test_an_invoice_on_record_blocks_an_emergency_too(dsn: str, database: Database) -> None:
    event = stay(1, date(2026, 3, 1), date(2026, 3, 8))
    event.invoice_key = KEY
    await audited(database, event)
    async with supervision(dsn) as stubs:
        request = asked(date(2026, 4, 1), date(2026, 4, 3), invoice_key=KEY, emergency=True)
        assert (await found(stubs, request))["DUPLICATE_INVOICE"].effect == BLOCK
        request.invoice_key = b"o" * 32
        assert "DUPLICATE_INVOICE" not in await found(stubs, request)


async def test_a_record_that_cannot_be_read_in_time(dsn: str, database: Database) -> None:
    await audited(database, stay(1, date(2026, 3, 1), date(2026, 3, 8)))
    connection = await asyncpg.connect(dsn)
    try:
        async with supervision(dsn, YIJIE_HISTORY_TIMEOUT_S="0.05") as stubs:
            async with connection.transaction():
                await connection.execute(
                    "LOCK TABLE supervision.audited_bill IN ACCESS EXCLUSIVE MODE"
                )
                request = asked(date(2026, 3, 5), date(2026, 3, 12), invoice_key=KEY)
                answer = await stubs.screening.ScreenBill(request, timeout=TIMEOUT_S)
                assert {"OVERLAPPING_STAY", "DUPLICATE_INVOICE"} <= set(answer.unjudged_rule_codes)
                assert "OVERLAPPING_STAY" not in {one.rule_code for one in answer.findings}
                reminded = await stubs.reminders.RemindOrder(draft(), timeout=TIMEOUT_S)
                assert not reminded.record_read
            assert "OVERLAPPING_STAY" in await found(stubs, request)
    finally:
        await connection.close()


async def test_the_policy(dsn: str) -> None:
    async with supervision(dsn) as stubs:
        request = supervision_service_pb2.GetScreeningPolicyRequest()
        policy = await stubs.screening.GetScreeningPolicy(request, timeout=TIMEOUT_S)
        assert not policy.unchanged
        rules = {one.rule_code: one for one in policy.rules}
        assert set(rules) == {rule.code for rule in load_rules().blocking}
        assert "21" in rules["OVERLAPPING_STAY"].medical_type_codes
        assert "11" not in rules["OVERLAPPING_STAY"].medical_type_codes
        request.known_version = policy.version
        again = await stubs.screening.GetScreeningPolicy(request, timeout=TIMEOUT_S)
        assert (again.unchanged, list(again.rules), again.version) == (True, [], policy.version)


# --- before --------------------------------------------------------------------------------------


def draft(**changes: Any) -> Any:
    line = fee_line(DRUG, "a", day=date(2026, 3, 15))
    line.quantity.value, line.supply_days = "4", 28
    fields = {
        "institution_code": "H31010100001",
        "hospital_level_code": "02",
        "person_id": PERSON,
        "sex": bill_pb2.SEX_FEMALE,
        "birth_date": wire.write_date(date(1980, 5, 1)),
        "insured_region_code": "131100",
        "scheme_code": "310",
        "medical_type_code": "11",
        "order_date": wire.write_date(date(2026, 3, 15)),
        "lines": [line],
    }
    return reminder_service_pb2.RemindOrderRequest(**(fields | changes))


async def dispensed(database: Database, *, days: int = 28) -> None:
    line = fee_line(DRUG, day=date(2026, 3, 1))
    line.quantity.value, line.supply_days = "2", days
    await audited(
        database,
        settled(
            1, person=7, begin=date(2026, 3, 1), end=date(2026, 3, 1), lines=(line,), care="110105"
        ),
    )


async def test_a_drug_dispensed_two_weeks_ago_elsewhere(dsn: str, database: Database) -> None:
    """Two boxes for four weeks on 1 March: on the 15th a fortnight is left, 16 of 30 remain."""
    await dispensed(database)
    async with supervision(dsn) as stubs:
        answer = await stubs.reminders.RemindOrder(draft(), timeout=TIMEOUT_S)
        assert answer.record_read
        by_code = {one.finding.rule_code: one for one in answer.reminders}
        one = by_code["SUPPLY_OVERLAP"]
        assert list(one.finding.line_ids) == ["a"]
        assert (one.last_date.month, one.last_date.day, one.last_quantity.value) == (3, 1, "2")
        assert (one.supplied_until_date.month, one.supplied_until_date.day) == (3, 28)
        # Four boxes last for 28 days: 16 days are two boxes and a part of one.
        assert one.quantity_max.value == "2"
        assert "最多可配2个单位" in one.finding.message_zh
        # It never says where.
        assert b"110105" not in answer.SerializeToString()
        assert not one.finding.other_bill_keys
        # Nothing is kept.
        other = draft(person_id=str(UUID(int=99)))
        clean = await stubs.reminders.RemindOrder(other, timeout=TIMEOUT_S)
        assert "SUPPLY_OVERLAP" not in {one.finding.rule_code for one in clean.reminders}


async def test_limits_of_the_draft_alone(dsn: str) -> None:
    men_only = fee_line("XL02BBA326A001010102180", "m", day=date(2026, 3, 15))
    async with supervision(dsn) as stubs:
        request = draft(lines=[men_only])
        answer = await stubs.reminders.RemindOrder(request, timeout=TIMEOUT_S)
        sexed = [one for one in answer.reminders if one.finding.rule_code == "DRUG_SEX"]
        assert [list(one.finding.line_ids) for one in sexed] == [["m"]]
        assert not sexed[0].HasField("quantity_max")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lines": []}, "lines"),
        ({"lines": [fee_line(DRUG, str(n)) for n in range(201)]}, "lines"),
        ({"person_id": ""}, "person_id"),
        ({"person_id": "张三"}, "person_id"),
        ({"institution_code": "X1"}, "institution_code"),
        ({"order_date": None}, "order_date"),
        ({"order_date": {"year": 2026, "month": 2, "day": 30}}, "order_date"),
        ({"sex": 0}, "sex"),
    ],
)
async def test_a_malformed_draft(dsn: str, changes: dict[str, Any], field: str) -> None:
    async with supervision(dsn) as stubs:
        refusal = await refused(stubs.reminders.RemindOrder(draft(**changes), timeout=TIMEOUT_S))
        assert refusal.reason == "FIELD_INVALID"
        assert refusal.fields[0].split("[")[0] == field
        assert "张三" not in refusal.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"person_id": "x"}, "person_id"),
        ({"visit_id": "x"}, "visit_id"),
        ({"care_region_code": "x"}, "care_region_code"),
        ({"operation_codes": ["x"]}, "operation_codes"),
        ({"invoice_key": b"k" * 65}, "invoice_key"),
        ({"begin_date": {"year": 2026, "month": 2, "day": 30}}, "begin_date"),
        ({"total": {"fen": -1}}, "total"),
    ],
)
async def test_malformed_new_fields(dsn: str, changes: dict[str, Any], field: str) -> None:
    async with supervision(dsn) as stubs:
        request = asked(date(2026, 3, 5), date(2026, 3, 12), **changes)
        refusal = await refused(stubs.screening.ScreenBill(request, timeout=TIMEOUT_S))
        assert refusal.reason == "FIELD_INVALID"
        assert refusal.fields[0].split("[")[0].split(".")[0] == field
