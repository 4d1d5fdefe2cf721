"""What a pack would have found, by rule and money, on bills that were audited; and what reviews
made of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.kit import wire
from services.kit.db import Database
from services.kit.errors import Overloaded
from services.supervision.domain.model import Bill, Line, Sex
from services.supervision.publication import dry_run as dry_runs
from tests.integration.supervision.packs_world import World, packs_world, service_pb2
from tests.support.rpc import refused
from tests.unit.supervision.auditing import FIRST_DAY, NOON, bill, ruleset, settle, take_back

pytestmark = pytest.mark.postgres

MALE_DRUG = "XL02BBA326A001010102180"
"""Limited to men."""
HYSTEROGRAPHY = "002101030300000"
"""Limited to women."""


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with packs_world(database, tmp_path) as made:
        made.clock.instant = NOON + timedelta(days=20)
        yield made


def charged(number: int, item: str, *, fen: int, sex: Sex, **changes: Any) -> Bill:
    """The n-th bill, with one line; of a man or a woman."""
    one = bill(number, fen=fen, settled=number, person=number % 3, **changes)
    line = Line(
        line_id="1",
        item_code=item,
        fee_date=one.begin_date or FIRST_DAY,
        quantity=Decimal(1),
        amount_fen=fen,
    )
    return replace(one, sex=sex, lines=(line,))


BILLS = (
    charged(1, MALE_DRUG, fen=1_000, sex=Sex.FEMALE),
    charged(2, MALE_DRUG, fen=2_000, sex=Sex.FEMALE),
    charged(3, MALE_DRUG, fen=4_000, sex=Sex.MALE),
    charged(4, HYSTEROGRAPHY, fen=8_000, sex=Sex.MALE),
    charged(5, HYSTEROGRAPHY, fen=16_000, sex=Sex.FEMALE),
)


def key(number: int) -> str:
    return str(UUID(int=number))


async def test_what_a_pack_would_have_found_against_what_runs(world: World) -> None:
    await world.audited(*map(settle, BILLS), ruleset=world.current.ruleset())
    before = await rows(world)
    *_, last = await world.dry_run(world.pack("DRUG_SEX"), since=FIRST_DAY)
    assert (last.complete, last.truncated) == (True, False)
    assert (last.bill_count, last.bill_amount.fen) == (5, 31_000)
    assert last.running_version == world.current.ruleset().version != last.version
    drug, item = last.tallies
    # The pack that is tried has the rule on drugs only, the one that runs that on items only.
    assert (drug.rule_code, drug.name_zh) == ("DRUG_SEX", "限性别用药")
    assert (drug.finding_count, drug.bill_count, drug.amount.fen) == (2, 2, 3_000)
    assert (drug.running_finding_count, drug.running_amount.fen) == (0, 0)
    assert (list(drug.new_bill_keys), list(drug.gone_bill_keys)) == ([key(1), key(2)], [])
    assert (item.rule_code, item.finding_count, item.running_finding_count) == ("ITEM_SEX", 0, 1)
    assert (item.running_amount.fen, list(item.gone_bill_keys)) == (8_000, [key(4)])
    # Nothing is written, and nothing is put in force.
    assert await rows(world) == before
    assert len(await world.packs_listed()) == 1


async def rows(world: World) -> list[int]:
    """How many rows there are of what a dry run could write."""
    found = []
    for table in ("finding", "audited_bill", "rule_pack", "rule_publication", "request"):
        row = await world.database.fetchrow(f"/* test.count */ SELECT count(*) AS n FROM {table}")  # noqa: S608
        assert row is not None
        found.append(row["n"])
    return found


async def test_days_bounds_and_what_was_taken_back(world: World) -> None:
    # Noon and some hours of the first of March in Beijing; the last two a day later.
    moved = [
        replace(one, settle_time=(one.settle_time or NOON) + timedelta(days=number > 3))
        for number, one in enumerate(BILLS, start=1)
    ]
    await world.audited(*map(settle, moved), take_back(moved[0]), ruleset=world.current.ruleset())
    content = world.pack("DRUG_SEX")
    *_, last = await world.dry_run(
        content, since=FIRST_DAY, settle_date_max=wire.write_date(FIRST_DAY)
    )
    assert (last.bill_count, last.tallies[0].amount.fen) == (2, 2_000)
    *_, last = await world.dry_run(content, since=FIRST_DAY + timedelta(days=1))
    assert (last.bill_count, [one.rule_code for one in last.tallies]) == (2, ["ITEM_SEX"])
    *_, last = await world.dry_run(content, since=FIRST_DAY, bills_max=3)
    assert (last.bill_count, last.complete, last.truncated) == (3, True, True)
    *_, last = await world.dry_run(content, since=FIRST_DAY, bills_max=4)
    assert (last.bill_count, last.complete, last.truncated) == (4, True, False)
    *_, last = await world.dry_run(content, since=date(2026, 3, 10))
    assert (last.bill_count, last.complete) == (0, True)


async def test_pages_tell_what_was_counted_so_far(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_runs, "PAGE", 2)
    await world.audited(*map(settle, BILLS), ruleset=world.current.ruleset())
    found = await world.dry_run(world.pack("DRUG_SEX"), since=FIRST_DAY)
    assert [(one.bill_count, one.complete) for one in found] == [(2, False), (4, False), (5, True)]
    assert [one.tallies[0].amount.fen for one in found] == [3_000, 3_000, 3_000]


async def test_a_version_that_is_published_can_be_tried(world: World) -> None:
    await world.audited(*map(settle, BILLS), ruleset=world.current.ruleset())
    later = await world.publish(world.pack("DRUG_SEX"), at=world.clock.now() + timedelta(days=9))
    *_, last = await world.dry_run(since=FIRST_DAY, version=later.version)
    assert (last.version, last.tallies[0].finding_count) == (later.version, 2)
    # The rules that run, tried against themselves, change nothing.
    *_, last = await world.dry_run(since=FIRST_DAY, version=world.current.ruleset().version)
    assert [(one.finding_count, one.running_finding_count) for one in last.tallies] == [(1, 1)]
    assert not last.tallies[0].new_bill_keys


async def test_one_dry_run_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_runs, "PAGE", 1)
    await world.audited(*map(settle, BILLS), ruleset=world.current.ruleset())
    content = world.pack("DRUG_SEX")
    request = service_pb2.DryRunRulePackRequest(
        pack=content, settle_date_min=wire.write_date(FIRST_DAY)
    )
    first = world.servicer.DryRunRulePack(request, NoTls())
    await anext(first)
    busy = await refused(anext_of(world.stub.DryRunRulePack(request, timeout=20)))
    assert (busy.code, busy.reason) == ("RESOURCE_EXHAUSTED", "DRY_RUN_BUSY")
    assert busy.retry_ms > 0
    # Who hangs up lets the next one in.
    await first.aclose()
    assert (await world.dry_run(content, since=FIRST_DAY))[-1].complete


async def test_no_pack_is_read_while_another_is_tried(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pack that anybody of the hub sends takes the processor before it is refused."""
    monkeypatch.setattr(dry_runs, "PAGE", 1)
    await world.audited(*map(settle, BILLS), ruleset=world.current.ruleset())
    request = service_pb2.DryRunRulePackRequest(
        pack=world.pack("DRUG_SEX"), settle_date_min=wire.write_date(FIRST_DAY)
    )
    first = world.servicer.DryRunRulePack(request, NoTls())
    await anext(first)
    rubbish = service_pb2.DryRunRulePackRequest(
        pack=b"rubbish", settle_date_min=wire.write_date(FIRST_DAY)
    )
    busy = await refused(anext_of(world.stub.DryRunRulePack(rubbish, timeout=20)))
    assert busy.reason == "DRY_RUN_BUSY"
    await first.aclose()
    answer = await refused(anext_of(world.stub.DryRunRulePack(rubbish, timeout=20)))
    assert answer.reason == "RULE_PACK_MALFORMED"


async def test_who_does_not_read_makes_room(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_runs, "PAGE", 1)
    monkeypatch.setattr(dry_runs, "_STALL_S", 0.0)
    await world.audited(*map(settle, BILLS), ruleset=world.current.ruleset())
    content = world.pack("DRUG_SEX")
    request = service_pb2.DryRunRulePackRequest(
        pack=content, settle_date_min=wire.write_date(FIRST_DAY)
    )
    stalled = world.servicer.DryRunRulePack(request, NoTls())
    await anext(stalled)
    second = world.servicer.DryRunRulePack(request, NoTls())
    await anext(second)
    with pytest.raises(Overloaded):
        await anext(stalled)
    monkeypatch.setattr(dry_runs, "_STALL_S", 60.0)
    # The one that was ended does not make room for a third beside the second.
    busy = await refused(anext_of(world.stub.DryRunRulePack(request, timeout=20)))
    assert busy.reason == "DRY_RUN_BUSY"
    assert [one.bill_count async for one in second][-1] == len(BILLS)


class Recording:
    """Bills of people who have many, and how many were asked for at once."""

    def __init__(self, bills: list[Bill]) -> None:
        self.bills_at_once: list[int] = []
        self.people_at_once: list[int] = []
        self._bills = bills

    async def bills(
        self, *, since: Any, until: Any, after: UUID | None = None, limit: int
    ) -> list[Bill]:
        keys = [one.bill_key for one in self._bills]
        begin = keys.index(after) + 1 if after else 0
        found = self._bills[begin : begin + limit]
        self.bills_at_once.append(len(found))
        return found

    async def histories(self, person_ids: Any, *, since: date) -> dict[UUID, tuple[Bill, ...]]:
        self.people_at_once.append(len(person_ids))
        return dict.fromkeys(person_ids, ())


@pytest.mark.parametrize("count", [0, 1, 39, 40, 41, 199, 200, 201, 400])
async def test_little_is_read_at_once_and_nothing_twice(count: int) -> None:
    """What is read at once is opened in one go, and holds up whoever waits at a window."""
    bills = [replace(bill(n), person_id=UUID(int=n)) for n in range(1, count + 1)]
    source = Recording(bills)
    rules = ruleset()
    run = dry_runs.DryRuns(source).run(rules, rules, since=NOON, until=NOON, bills_max=1_000)
    told = [(one.bill_count, one.is_complete) async for one in run]
    whole = [(200 * n, False) for n in range(1, count // 200 + 1)]
    assert told == [*whole, (count, True)]
    assert sum(source.bills_at_once) == count
    assert max(source.bills_at_once) <= 40
    assert max(source.people_at_once, default=0) <= 2


class NoTls:
    """A call on a connection without TLS."""

    def auth_context(self) -> dict[str, list[bytes]]:
        return {}


async def anext_of(stream: Any) -> Any:
    return [one async for one in stream]


async def test_screening_goes_on_beside_it(world: World) -> None:
    """The process is never held for long: what waits beside a dry run gets its turn."""
    bills = [charged(n, MALE_DRUG, fen=100, sex=Sex.FEMALE) for n in range(1, 150)]
    await world.audited(*map(settle, bills), ruleset=world.current.ruleset())
    turns = 0

    async def beside() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(beside())
    *_, last = await world.dry_run(world.pack("DRUG_SEX"), since=FIRST_DAY)
    task.cancel()
    assert last.bill_count == 149
    assert turns > 100


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({}, "FIELD_INVALID", "pack"),
        ({"pack": b"x", "version": "0" * 16}, "FIELD_INVALID", "pack"),
        ({"version": "0" * 16}, "RESOURCE_NOT_FOUND", "version"),
        ({"version": "latest"}, "FIELD_INVALID", "version"),
        ({"pack": b"rubbish"}, "RULE_PACK_MALFORMED", ""),
        (
            {"version": "0" * 16, "settle_date_max": wire.write_date(date(2026, 2, 1))},
            "FIELD_INVALID",
            "settle_date_max",
        ),
        ({"version": "0" * 16, "bills_max": -1}, "FIELD_INVALID", "bills_max"),
    ],
)
async def test_what_cannot_be_tried_is_refused(
    world: World, changes: dict[str, Any], reason: str, field: str
) -> None:
    request = service_pb2.DryRunRulePackRequest(
        settle_date_min=wire.write_date(FIRST_DAY), **changes
    )
    answer = await refused(anext_of(world.stub.DryRunRulePack(request, timeout=20)))
    assert answer.reason == reason
    assert field in {"", *answer.fields}


async def test_rates_come_of_what_reviews_decided(world: World) -> None:
    empty = await world.stub.GetRuleRates(service_pb2.GetRuleRatesRequest(), timeout=9)
    assert list(empty.rates) == []
    day = wire.write_date(date(2026, 3, 2))
    wrong = service_pb2.GetRuleRatesRequest(
        open_date_min=day, open_date_max=wire.write_date(date(2026, 3, 1))
    )
    answer = await refused(world.stub.GetRuleRates(wrong, timeout=9))
    assert (answer.reason, answer.fields) == ("FIELD_INVALID", ["open_date_max"])
