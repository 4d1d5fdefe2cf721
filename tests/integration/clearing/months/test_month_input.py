"""Goal: each wrong input has its own reason, names its field and writes nothing.

Method: a table of what is done to a month in which state; all rows of the months are compared
before and after.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from services.clearing import posting
from services.clearing.domain.ledger import Kind
from services.kit.db import Database
from tests.integration.clearing.ledger_world import posting as posting_of
from tests.integration.clearing.ledger_world import within
from tests.integration.clearing.months.month_world import (
    APRIL,
    BEIJING,
    HEBEI,
    MARCH,
    PEOPLE,
    SHANGHAI,
    MonthWorld,
)
from tests.support.rpc import refused
from yijie.clearing.v1 import month_pb2

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)

SIGNED = month_pb2.SIGNATURE_DECISION_SIGNED
OBJECTED = month_pb2.SIGNATURE_DECISION_OBJECTED
SAME = {"maker_id": "Zhang-1", "checker_id": "zhang-1"}
HEBEI_BEIJING = {"insured_region_code": HEBEI, "care_region_code": BEIJING}
BEIJING_SHANGHAI = {"insured_region_code": BEIJING, "care_region_code": SHANGHAI}
CONFIRM = {"month": MARCH, "care_region_code": BEIJING, **PEOPLE}
SIGN = {"month": MARCH, "region_code": HEBEI, "decision": SIGNED, **PEOPLE}
MAKE = {"month": MARCH, **PEOPLE}
PRINT = {"month": MARCH, "format": month_pb2.TABLE_FORMAT_CSV}
TABLES = (
    "month_cut", "clearing_month", "month_change", "month_confirmation", "table_line",
    "month_table", "table_signature", "clearing_year", "request", "block",
)  # fmt: skip


async def written(database: Database) -> list[list[str]]:
    """Every row of what months are."""
    return [
        [
            row["line"]
            for row in await database.fetch(
                f"/* test.rows */ SELECT t::text AS line FROM {table} t ORDER BY 1"  # noqa: S608
            )
        ]
        for table in TABLES
    ]


ROWS: dict[str, tuple[str, str, dict[str, Any], str, str]] = {
    # what: (how far the month is, method, fields, reason, field)
    "confirm: checker is maker": (
        "cut", "ConfirmMonth", {**CONFIRM, **SAME}, "MAKER_IS_CHECKER", "checker_id",
    ),
    "confirm: the month is not over": (
        "", "ConfirmMonth", CONFIRM, "MONTH_NOT_CUT", "month",
    ),
    "confirm: a future month": (
        "cut", "ConfirmMonth", {**CONFIRM, "month": "2026-05"}, "DATE_IN_FUTURE", "month",
    ),
    "confirm: a month of which nothing is known": (
        "cut", "ConfirmMonth", {**CONFIRM, "month": "2026-01"}, "RESOURCE_NOT_FOUND", "month",
    ),
    "confirm: not a month": (
        "cut", "ConfirmMonth", {**CONFIRM, "month": "2026-13"}, "FIELD_INVALID", "month",
    ),
    "confirm: no such province": (
        "cut", "ConfirmMonth", {**CONFIRM, "care_region_code": "180000"}, "REGION_UNKNOWN",
        "care_region_code",
    ),
    "confirm: nothing was settled there": (
        "cut", "ConfirmMonth", {**CONFIRM, "care_region_code": HEBEI},
        "CARE_REGION_WITHOUT_POSITION", "care_region_code",
    ),
    "confirm: after the tables": (
        "tabled", "ConfirmMonth", CONFIRM, "MONTH_STATE_FORBIDS", "month",
    ),
    "tables: checker is maker": (
        "confirmed", "MakeTables", {**MAKE, **SAME}, "MAKER_IS_CHECKER", "checker_id",
    ),
    "tables: not cut": ("", "MakeTables", MAKE, "MONTH_NOT_CUT", "month"),
    "tables: not reconciled": ("cut", "MakeTables", MAKE, "MONTH_NOT_RECONCILED", "month"),
    "tables: days not compared": ("confirmed", "MakeTables", MAKE, "BREAKS_OPEN", "month"),
    "tables: twice": ("tabled", "MakeTables", MAKE, "MONTH_STATE_FORBIDS", "month"),
    "tables: an earlier month has none": (
        "april", "MakeTables", {**MAKE, "month": APRIL}, "MONTH_OUT_OF_ORDER", "month",
    ),
    "lines: no tables": (
        "confirmed", "ListTableLines", {"month": MARCH}, "MONTH_NOT_TABLED", "month",
    ),
    "lines: no such province": (
        "tabled", "ListTableLines", {"month": MARCH, "region_code": "180000"}, "REGION_UNKNOWN",
        "region_code",
    ),
    "lines: a made-up page": (
        "tabled", "ListTableLines", {"month": MARCH, "page_token": "AAAA"}, "PAGE_TOKEN_INVALID",
        "page_token",
    ),
    "sign: no tables": ("confirmed", "SignTables", SIGN, "MONTH_NOT_TABLED", "month"),
    "sign: checker is maker": (
        "tabled", "SignTables", {**SIGN, **SAME}, "MAKER_IS_CHECKER", "checker_id",
    ),
    "sign: a pair of others": (
        "tabled", "SignTables", {**SIGN, "pairs": [HEBEI_BEIJING, BEIJING_SHANGHAI]},
        "SIGNATURE_OF_ANOTHER_PROVINCE", "pairs[1]",
    ),
    "sign: a province without lines": (
        "tabled", "SignTables", {**SIGN, "region_code": "640000"},
        "SIGNATURE_OF_ANOTHER_PROVINCE", "region_code",
    ),
    "sign: the pair the wrong way round": (
        "tabled", "SignTables",
        {**SIGN, "pairs": [{"insured_region_code": BEIJING, "care_region_code": HEBEI}]},
        "FIELD_INVALID", "pairs[0]",
    ),
    "sign: a pair twice": (
        "tabled", "SignTables", {**SIGN, "pairs": [HEBEI_BEIJING, HEBEI_BEIJING]},
        "FIELD_INVALID", "pairs[1]",
    ),
    "sign: no such province": (
        "tabled", "SignTables", {**SIGN, "region_code": "180000"}, "REGION_UNKNOWN", "region_code",
    ),
    "object: without a word": (
        "tabled", "SignTables", {**SIGN, "decision": OBJECTED}, "FIELD_INVALID", "note",
    ),
    "object: a person's number": (
        "tabled", "SignTables",
        {**SIGN, "decision": OBJECTED, "note": "参保人 110101199003078515 重复"},
        "FIELD_INVALID", "note",
    ),
    "object: after signing": (
        "signed", "SignTables", {**SIGN, "decision": OBJECTED, "note": "少了一笔"},
        "SIGNATURE_GIVEN", "decision",
    ),
    "close: checker is maker": (
        "paid", "CloseMonth", {**MAKE, **SAME}, "MAKER_IS_CHECKER", "checker_id",
    ),
    "close: not paid": ("signed", "CloseMonth", MAKE, "MONTH_STATE_FORBIDS", "month"),
    "close: out of order": (
        "april", "CloseMonth", {**MAKE, "month": APRIL}, "MONTH_OUT_OF_ORDER", "month",
    ),
    "close: twice": ("closed", "CloseMonth", MAKE, "MONTH_STATE_FORBIDS", "month"),
    "close: not cut": ("", "CloseMonth", MAKE, "MONTH_NOT_CUT", "month"),
    "year: not all months": (
        "closed", "CloseYear", {"year": 2026, **PEOPLE}, "YEAR_INCOMPLETE", "year",
    ),
    "year: checker is maker": (
        "closed", "CloseYear", {"year": 2026, **SAME}, "MAKER_IS_CHECKER", "checker_id",
    ),
    "year: in the future": (
        "closed", "CloseYear", {"year": 2027, **PEOPLE}, "DATE_IN_FUTURE", "year",
    ),
    "year: nothing was cleared": (
        "closed", "CloseYear", {"year": 2025, **PEOPLE}, "RESOURCE_NOT_FOUND", "year",
    ),
    "year: shown, nothing was cleared": (
        "closed", "GetYear", {"year": 2025}, "RESOURCE_NOT_FOUND", "year",
    ),
    "month: in the future": ("cut", "GetMonth", {"month": "2027-01"}, "DATE_IN_FUTURE", "month"),
    "month: nothing is known": (
        "cut", "GetMonth", {"month": "2026-01"}, "RESOURCE_NOT_FOUND", "month",
    ),
    "netting: no tables": (
        "confirmed", "WhatIfNetting", {"month": MARCH}, "MONTH_NOT_TABLED", "month",
    ),
    "print: no tables": ("confirmed", "DownloadTables", PRINT, "MONTH_NOT_TABLED", "month"),
    "print: no such province": (
        "tabled", "DownloadTables", {**PRINT, "region_code": "180000"}, "REGION_UNKNOWN",
        "region_code",
    ),
    "print: no format": ("tabled", "DownloadTables", {"month": MARCH}, "FIELD_INVALID", "format"),
}  # fmt: skip


async def bring(world: MonthWorld, how_far: str) -> None:
    """Takes March one step on its way."""
    if how_far == "cut":
        await world.cut()
    elif how_far == "april":
        await world.cut(APRIL)
        await world.compared(APRIL)
    elif how_far == "confirmed":
        await world.confirmed()
    elif how_far == "tabled":
        await world.tabled_of_cut()
    elif how_far == "signed":
        for region in (HEBEI, BEIJING, SHANGHAI):
            await world.sign(region)
    elif how_far == "paid":
        await world.paid_of_signed()
    elif how_far == "closed":
        await world.call("CloseMonth", month=MARCH, **PEOPLE)


WAY = ("", "cut", "april", "confirmed", "tabled", "signed", "paid", "closed")


async def test_wrong_input_is_refused(world: MonthWorld, subtests: pytest.Subtests) -> None:
    """One month goes its way, and everything is tried where it stands: nothing moves it."""
    assert {how_far for how_far, *_ in ROWS.values()} == set(WAY)
    for stage in WAY:
        await bring(world, stage)
        for what, (how_far, method, fields, reason, field) in ROWS.items():
            if how_far != stage:
                continue
            with subtests.test(what):
                before = await written(world.database)
                refusal = await refused(world.call(method, **fields))
                assert (refusal.reason, refusal.fields) == (reason, [field])
                assert refusal.zh
                assert "110101199003078515" not in refusal.text
                assert await written(world.database) == before


async def test_a_refusal_says_who_is_awaited(world: MonthWorld) -> None:
    await world.cut()
    refusal = await refused(world.call("MakeTables", **MAKE))
    assert refusal.metadata["awaited"] == f"{BEIJING},{SHANGHAI}"
    await world.confirmed()
    refusal = await refused(world.call("MakeTables", **MAKE))
    assert refusal.metadata["breaks"] == "31"
    await world.cut(APRIL)
    refusal = await refused(world.call("CloseMonth", **{**MAKE, "month": APRIL}))
    assert refusal.metadata["nextMonth"] == MARCH


async def test_a_repeat_gets_the_first_answer(world: MonthWorld) -> None:
    await world.cut()
    await world.compared()
    await world.confirmed()
    request_id = str(uuid4())
    first = await world.call("MakeTables", **MAKE, request_id=request_id)
    await world.sign(HEBEI)
    assert await world.call("MakeTables", **MAKE, request_id=request_id) == first
    refusal = await refused(
        world.call("MakeTables", **{**MAKE, "checker_id": "hub-9"}, request_id=request_id)
    )
    assert refusal.reason == "REQUEST_ID_REUSED"


async def test_confirming_or_signing_again_changes_nothing(world: MonthWorld) -> None:
    await world.cut()
    await world.compared()
    first = await world.call("ConfirmMonth", **CONFIRM)
    world.clock.advance(days=1)
    again = await world.call("ConfirmMonth", **{**CONFIRM, "maker_id": "other"})
    assert again.confirm_time == first.confirm_time
    await world.confirmed()
    await world.call("MakeTables", **MAKE)
    assert (await world.sign(HEBEI)).pair_count == 1
    assert (await world.sign(HEBEI)).pair_count == 0
    assert (await world.sign(HEBEI, pairs=[HEBEI_BEIJING])).pair_count == 0
    assert len((await world.call("ListSignatures", month=MARCH)).signatures) == 1


async def test_an_objection_holds_the_month_until_the_province_signs(world: MonthWorld) -> None:
    await world.tabled()
    await world.sign(HEBEI)
    await world.sign(SHANGHAI)
    await world.sign(BEIJING, decision=OBJECTED, note="与河北差一笔", pairs=[HEBEI_BEIJING])
    answer = await world.sign(BEIJING, pairs=[BEIJING_SHANGHAI])
    assert list(answer.awaited_region_codes) == [BEIJING]
    assert await world.state() == "TABLED"
    view = await world.call("GetMonth", month=MARCH)
    assert [(one.insured_region_code, one.care_region_code) for one in view.objected_pairs] == [
        (HEBEI, BEIJING)
    ]
    await world.sign(BEIJING, decision=OBJECTED, note="仍差一笔", pairs=[HEBEI_BEIJING])
    await world.sign(BEIJING, note="次月调整")
    assert await world.state() == "SIGNED"
    assert not (await world.call("GetMonth", month=MARCH)).objected_pairs
    objections = await world.call("ListSignatures", month=MARCH, decision=OBJECTED)
    assert [one.note for one in objections.signatures] == ["与河北差一笔", "仍差一笔"]


async def test_no_deduction_enters_a_month_with_tables(world: MonthWorld) -> None:
    await world.tabled()
    with pytest.raises(Exception, match="takes no more"):
        await within(
            world.database,
            posting.post,
            [posting_of(900, kind=Kind.DEDUCTION)],
            now=world.clock.now(),
        )
