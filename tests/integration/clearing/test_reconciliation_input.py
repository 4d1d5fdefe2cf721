"""Goal: each wrong input of reconciliation has its own reason and field; repeats do nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.kit import wire
from services.kit.db import Database
from services.kit.ids import new_id
from tests.integration.clearing.reconciliation_world import (
    CARE,
    DAY,
    HOSPITAL,
    NEXT_NOON,
    NOON,
    World,
    event_of,
    pb2,
    record_of,
    service_pb2,
    totals_of,
    world_of,
)
from tests.support.rpc import refused

pytestmark = pytest.mark.postgres

TOTALS = {"insured_region_code": "130000", "scheme_code": "310"}
SUMS = {"settlement_count": 1, "total": {"fen": 5}}


@pytest.fixture
async def world(dsn: str, database: Database) -> AsyncIterator[World]:
    async with world_of(dsn, database) as running:
        await running.follow(event_of())
        yield running


OPENINGS: dict[str, tuple[dict[str, Any], str, str]] = {
    "tomorrow": (
        {"business_date": wire.write_date(DAY + timedelta(days=2))},
        "DATE_IN_FUTURE",
        "business_date",
    ),
    "no date": (
        {"business_date": {"year": 2026, "month": 2, "day": 30}},
        "FIELD_INVALID",
        "business_date",
    ),
    "the hub states": ({"party": pb2.PARTY_HUB}, "FIELD_INVALID", "party"),
    "a province as institution": ({"party_code": CARE}, "FIELD_INVALID", "party_code"),
    "an institution as province": (
        {"party": pb2.PARTY_CARE_PROVINCE},
        "FIELD_INVALID",
        "party_code",
    ),
    "no such province": (
        {"party": pb2.PARTY_CARE_PROVINCE, "party_code": "180000"},
        "REGION_UNKNOWN",
        "party_code",
    ),
    "no such insured province": (
        {"totals": [{**TOTALS, "insured_region_code": "180000"}]},
        "REGION_UNKNOWN",
        "totals[0].insured_region_code",
    ),
    "a group twice": ({"totals": [TOTALS, TOTALS]}, "FIELD_INVALID", "totals[1]"),
    "a negative sum": (
        {"totals": [{**TOTALS, "settled": {**SUMS, "total": {"fen": -1}}}]},
        "FIELD_INVALID",
        "totals[0].settled.total",
    ),
    "money without settlements": (
        {"totals": [{**TOTALS, "reversed": {"total": {"fen": 1}}}]},
        "FIELD_INVALID",
        "totals[0].reversed.settlement_count",
    ),
    "until another day": (
        {"until_time": wire.write_time(NEXT_NOON)},
        "FIELD_INVALID",
        "until_time",
    ),
    "until later today": (
        {
            "business_date": wire.write_date(DAY + timedelta(days=1)),
            "until_time": wire.write_time(NEXT_NOON + timedelta(hours=2)),
        },
        "DATE_IN_FUTURE",
        "until_time",
    ),
}


@pytest.mark.parametrize(("changes", "reason", "field"), OPENINGS.values(), ids=OPENINGS)
async def test_totals_that_cannot_be(
    world: World, changes: dict[str, Any], reason: str, field: str
) -> None:
    refusal = await refused(world.open(**{"totals": [], **changes}))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", reason)
    assert refusal.fields == [field]
    assert refusal.zh


RECORDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no key": ({"settlement_id": "", "request_id": ""}, "FIELD_INVALID", "records[0]"),
    "an id of nobody": (
        {"settlement_id": str(uuid4())},
        "FIELD_INVALID",
        "records[0].settlement_id",
    ),
    "of a later day": (
        {"settlement_id": str(new_id(NEXT_NOON))},
        "FIELD_INVALID",
        "records[0].settlement_id",
    ),
    "standing and of an earlier day": (
        {"settlement_id": str(new_id(NOON - timedelta(days=3)))},
        "FIELD_INVALID",
        "records[0].settlement_id",
    ),
    "of another institution": (
        {"institution_code": "H11010500002"},
        "FIELD_INVALID",
        "records[0].institution_code",
    ),
    "no such insured province": (
        {"insured_region_code": "180000"},
        "REGION_UNKNOWN",
        "records[0].insured_region_code",
    ),
    "negative": ({"cash_pay": {"fen": -1}}, "FIELD_INVALID", "records[0].cash_pay"),
    "no state": ({"state": 0}, "FIELD_INVALID", "records[0].state"),
}


@pytest.mark.parametrize(("changes", "reason", "field"), RECORDS.values(), ids=RECORDS)
async def test_details_that_cannot_be(
    world: World, changes: dict[str, Any], reason: str, field: str
) -> None:
    opened = await world.open([])
    record = record_of(event_of(), **changes)
    refusal = await refused(world.add(opened.statement_id, record))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", reason)
    assert refusal.fields == [field]


async def test_a_care_province_names_the_institution(world: World) -> None:
    opened = await world.open([], party=pb2.PARTY_CARE_PROVINCE, party_code=CARE)
    refusal = await refused(world.add(opened.statement_id, record_of(event_of())))
    assert refusal.fields == ["records[0].institution_code"]


async def test_a_detail_is_stated_once(world: World) -> None:
    opened = await world.open([])
    record, other = record_of(event_of()), record_of(event_of())
    await world.add(opened.statement_id, record)
    again = record_of(event_of(), settlement_id=record.settlement_id)
    refusal = await refused(world.add(opened.statement_id, other, again))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["records[1]"])
    refusal = await refused(world.add(opened.statement_id, other, other))
    assert refusal.fields == ["records[1]"]
    # Nothing of a refused call is there.
    assert (await world.add(opened.statement_id, other)).record_count == 2


async def test_more_than_a_thousand_details_are_refused(world: World) -> None:
    opened = await world.open([])
    refusal = await refused(world.add(opened.statement_id, *[record_of(event_of())] * 1001))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["records"])


async def test_details_must_add_up(world: World) -> None:
    records = [record_of(event_of()), record_of(event_of(total=30, fund=0, account=0))]
    opened = await world.open(totals_of(*records))
    await world.add(opened.statement_id, records[0])
    refusal = await refused(world.close(opened.statement_id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "STATEMENT_INCOMPLETE")
    assert refusal.metadata["sum"] == "settled.settlement_count"
    assert (refusal.metadata["statedCount"], refusal.metadata["detailsCount"]) == ("2", "1")
    changed = record_of(event_of(total=31, fund=0, account=0))
    await world.add(opened.statement_id, changed)
    refusal = await refused(world.close(opened.statement_id))
    assert refusal.metadata["sum"] == "settled.total"
    assert (refusal.metadata["statedFen"], refusal.metadata["detailsFen"]) == ("1030", "1031")


async def test_a_closed_statement_takes_nothing_more(world: World) -> None:
    opened = await world.open([])
    await world.close(opened.statement_id)
    for call in (
        world.add(opened.statement_id, record_of(event_of())),
        world.close(opened.statement_id),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "STATEMENT_CLOSED")
        assert refusal.metadata["state"] == "COMPARED"
    replaced = await world.open([])
    await world.open([])
    refusal = await refused(world.close(replaced.statement_id))
    assert refusal.metadata["state"] == "REPLACED"


async def test_what_is_not_there_is_said_to_be_absent(world: World) -> None:
    nobody = str(uuid4())
    get = service_pb2.GetDifferenceRequest(difference_id=nobody)
    resolve = service_pb2.ResolveDifferenceRequest(
        request_id=str(uuid4()), difference_id=nobody, note="x", operator_code="op"
    )
    for call, resource in (
        (world.add(nobody, record_of(event_of())), "statement"),
        (world.stub.GetDifference(get, timeout=10), "difference"),
        (world.stub.ResolveDifference(resolve, timeout=10), "difference"),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
        assert refusal.metadata["resource"] == resource
    refusal = await refused(world.close(nobody))
    assert refusal.reason == "RESOURCE_NOT_FOUND"


@pytest.mark.parametrize(
    ("note", "operator", "field"),
    [
        ("  ", "op", "note"),
        ("患者 11010519491231002X 已退费", "op", "note"),
        ("ok", "13800138000", "operator_code"),
        ("ok", "王 某", "operator_code"),
    ],
)
async def test_a_note_names_nobody(world: World, note: str, operator: str, field: str) -> None:
    resolve = service_pb2.ResolveDifferenceRequest(
        request_id=str(uuid4()), difference_id=str(uuid4()), note=note, operator_code=operator
    )
    refusal = await refused(world.stub.ResolveDifference(resolve, timeout=10))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", [field])
    assert "11010519491231002X" not in refusal.text


async def test_repeats_get_the_first_answer(world: World) -> None:
    record = record_of(event_of())
    request_id = str(uuid4())
    first = await world.open(totals_of(record), request_id=request_id)
    assert first == await world.open(totals_of(record), request_id=request_id)
    refusal = await refused(world.open([], request_id=request_id))
    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    request_id = str(uuid4())
    for _ in range(2):
        added = await world.add(first.statement_id, record, request_id=request_id)
        assert added.record_count == 1
    request_id = str(uuid4())
    closed = await world.close(first.statement_id, request_id)
    assert closed == await world.close(first.statement_id, request_id)
    request_id = str(uuid4())
    reconciled = await world.reconcile(request_id=request_id)
    lists = world.province.lists
    assert reconciled == await world.reconcile(request_id=request_id)
    assert world.province.lists == lists


async def test_where_no_route_leads_nobody_is_asked(dsn: str, database: Database) -> None:
    routes = {"BENEFITS_ROUTES": "650000=127.0.0.1:1"}
    async with world_of(dsn, database, **routes) as world:
        await world.kept()
        refusal = await refused(world.reconcile())
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "POLICY_NOT_COVERED")
        assert refusal.metadata["insuredRegionCode"] == "130000"


async def test_a_silent_journal_stops_a_comparison_and_not_the_statement(world: World) -> None:
    record = record_of(event_of())
    opened = await world.open(totals_of(record))
    await world.add(opened.statement_id, record)
    world.journal.is_down = True
    refusal = await refused(world.close(opened.statement_id))
    assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "CALLEE_UNAVAILABLE")
    world.journal.is_down = False
    assert (await world.close(opened.statement_id)).result.difference_count == 2


@pytest.mark.parametrize("token", ["x", "eyJ4IjoxfQ=="])
async def test_made_up_tokens_are_refused(world: World, token: str) -> None:
    for call in (
        world.stub.ListDifferences(
            service_pb2.ListDifferencesRequest(page_token=token), timeout=10
        ),
        world.stub.ListLegResults(service_pb2.ListLegResultsRequest(page_token=token), timeout=10),
    ):
        assert (await refused(call)).reason == "PAGE_TOKEN_INVALID"


async def test_what_was_found_cannot_be_rewritten(world: World, database: Database) -> None:
    await world.state()
    for change in (
        "UPDATE difference SET cause = 'DOUBLE_SUBMIT'",
        "DELETE FROM difference",
        "TRUNCATE difference CASCADE",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await database.execute(f"/* test.change */ {change}")
    (one,) = await world.open_differences()
    assert one.institution_code == HOSPITAL
