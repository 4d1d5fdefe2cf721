"""Goal: what the audit leaves in the database, whatever the batches, the restarts and the feeds."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.kit import wire
from services.kit.clock import civil_midnight
from services.kit.db import Database
from services.kit.feed import CursorMoved, load_cursor
from services.supervision.audit.events import read_event, read_reimbursement_event
from services.supervision.audit.records import FEED, REIMBURSEMENT_FEED
from services.supervision.domain.audit import PersonRecord, Settled, audit
from tests.integration.supervision.harness import audited, bills_of
from tests.support.settlement_feed import START, fee_line, reversed_, settled, whole
from tests.unit.supervision.auditing import ruleset
from yijie.settlement.v1 import reimbursement_pb2, reimbursement_service_pb2

pytestmark = pytest.mark.postgres

PEOPLE = 4
RULES = ruleset()


def events_of(seed: int, count: int = 60) -> list[Any]:
    """A feed: a few people with stays and visits that overlap, crowd, repeat and are taken back."""
    chance = random.Random(seed)  # noqa: S311 - the same feed at each run
    events: list[Any] = []
    for number in range(1, count + 1):
        kind = chance.choice(("11", "11", "11", "21"))
        first = date(2026, 3, 1) + timedelta(days=chance.randrange(14))
        last = first + timedelta(days=chance.choice((0, 3, 12)) if kind == "21" else 0)
        # Nearly in order, as the feed is.
        at = START + timedelta(minutes=10 * number + chance.choice((0, 5, 90)))
        events.append(
            settled(
                number,
                person=chance.randrange(1, PEOPLE + 1),
                medical_type=kind,
                begin=first,
                end=last,
                at=at,
                findings=chance.choice(((), None)),
                lines=(fee_line("001101000010000", "1", chance.choice((500, 20_000)), day=first),),
            )
        )
        if chance.random() < 0.15:
            events.append(reversed_(chance.choice([e for e in events if e.kind == 1]), at=at))
        if chance.random() < 0.1:
            events.append(chance.choice(events))
    return [whole(event) for event in events]


def remembered(events: Sequence[Any], read: Any = read_event) -> tuple[dict[UUID, Any], ...]:
    """What one process would remember that lived through all of it: findings, withdrawals."""
    people: dict[UUID, PersonRecord] = {}
    made: dict[UUID, tuple[str, str]] = {}
    dropped: dict[UUID, str] = {}
    for event in map(read, events):
        person = event.bill.person_id if isinstance(event, Settled) else event.person_id
        change = audit(event, people.setdefault(person, PersonRecord(is_whole=True)), RULES)
        made |= {kept.finding_id: (str(kept.bill_key), kept.moment.value) for kept in change.made}
        dropped |= {one.finding_id: one.reason.value for one in change.dropped}
    return made, dropped


async def recorded(database: Database) -> tuple[dict[UUID, Any], ...]:
    found = await database.fetch(
        "/* test.findings */ SELECT finding_id, settlement_id, moment FROM finding"
    )
    gone = await database.fetch("/* test.gone */ SELECT finding_id, reason FROM finding_withdrawal")
    return (
        {row["finding_id"]: (str(row["settlement_id"]), row["moment"]) for row in found},
        {row["finding_id"]: row["reason"] for row in gone},
    )


async def feed(database: Database, batches: Sequence[Sequence[Any]], **options: Any) -> None:
    name = options.get("feed", FEED)
    for number, batch in enumerate(batches):
        after = await load_cursor(database, name)
        await audited(database, *batch, after=after, to=f"{number}", ruleset=RULES, **options)


def cut(events: Sequence[Any], sizes: Sequence[int]) -> list[Sequence[Any]]:
    """The events in batches of such sizes, in turns."""
    batches, place = [], 0
    while place < len(events):
        size = sizes[len(batches) % len(sizes)]
        batches.append(events[place : place + size])
        place += size
    return batches


@pytest.mark.parametrize("sizes", [(1,), (200,), (7, 1, 3)])
@pytest.mark.parametrize("seed", [1, 9])
async def test_batches_do_not_matter(database: Database, seed: int, sizes: tuple[int, ...]) -> None:
    events = events_of(seed)
    made, dropped = remembered(events)
    assert len(dropped) > 5
    assert set(dropped.values()) == {"REVERSED", "OTHER_REVERSED", "SUPERSEDED"}
    # Each batch has its own auditor: nothing but the database is remembered.
    await feed(database, cut(events, sizes))
    assert await recorded(database) == (made, dropped)


async def test_the_feed_from_its_beginning_changes_nothing(database: Database) -> None:
    events = events_of(3)
    await feed(database, cut(events, (13,)))
    before = await recorded(database)
    await feed(database, cut(events, (31,)))
    assert await recorded(database) == before
    assert before == remembered(events)


async def test_a_batch_that_fails_leaves_nothing(database: Database) -> None:
    events = events_of(4)
    await feed(database, [events[:20]])
    before = await recorded(database)
    with pytest.raises(CursorMoved):
        await audited(database, *events[20:40], after="elsewhere", ruleset=RULES)
    assert await recorded(database) == before
    await feed(database, [events[20:]])
    assert await recorded(database) == remembered(events)


def claimed(event: Any, *, state: int | None = None) -> Any:
    """The reimbursement of the same bill: ADJUDICATED with it, after that without."""
    settlement = event.settlement
    claim = reimbursement_pb2.Reimbursement(
        reimbursement_id=settlement.settlement_id,
        state=state or reimbursement_pb2.REIMBURSEMENT_STATE_ADJUDICATED,
        adjudicate_time=event.event_time,
        **{
            name: getattr(settlement, name)
            for name in (
                "care_region_code",
                "insured_region_code",
                "institution_code",
                "person_id",
                "scheme_code",
                "medical_type_code",
                "begin_date",
                "end_date",
                "amounts",
                "adjudication",
            )
        },
    )
    if state is None:
        claim.bill.CopyFrom(settlement.bill)
        claim.lines.MergeFrom(settlement.lines)
        claim.sex = settlement.sex
        claim.birth_date.CopyFrom(settlement.birth_date)
    return reimbursement_service_pb2.ReimbursementEvent(
        event_time=event.event_time, reimbursement=claim
    )


@pytest.mark.parametrize("seed", [5, 6])
async def test_two_feeds_end_with_the_same_whichever_comes_first(
    database: Database, seed: int
) -> None:
    """Every third bill is claimed by hand; the second feed is read at any time."""
    events = [event for event in events_of(seed) if event.kind == 1]
    direct = [event for number, event in enumerate(events) if number % 3]
    manual = [claimed(event) for number, event in enumerate(events) if not number % 3]
    chance = random.Random(seed)  # noqa: S311 - the same feed at each run
    left = {FEED: cut(direct, (5,)), REIMBURSEMENT_FEED: cut(manual, (2,))}
    while any(left.values()):
        name = chance.choice([name for name, batches in left.items() if batches])
        read = read_event if name == FEED else read_reimbursement_event
        batch = left[name].pop(0)
        after = await load_cursor(database, name)
        await audited(
            database,
            *batch,
            after=after,
            to=str(len(left[name])),
            ruleset=RULES,
            feed=name,
            read=read,
        )
    stand = await standing(database)
    everything = remembered_standing(direct, manual)
    assert stand == everything
    assert len(stand) > 5


def remembered_standing(direct: Sequence[Any], manual: Sequence[Any]) -> set[Any]:
    people: dict[UUID, PersonRecord] = {}
    settlements = [read_event(one) for one in direct]
    for event in [*settlements, *(read_reimbursement_event(one) for one in manual)]:
        assert isinstance(event, Settled)
        assert event.bill.person_id is not None
        record = people.setdefault(event.bill.person_id, PersonRecord(is_whole=True))
        audit(event, record, RULES)
    return {
        (str(kept.bill_key), kept.finding.rule_code, frozenset(kept.finding.other_bill_keys))
        for record in people.values()
        for found in record.findings.values()
        for kept in found
    }


async def standing(database: Database) -> set[Any]:
    keys = [
        row["bill_key"]
        for row in await database.fetch("/* test.keys */ SELECT bill_key FROM audited_bill")
    ]
    found = await bills_of(database).findings_of(keys)
    return {
        (str(key), one.finding.rule_code, frozenset(one.finding.other_bill_keys))
        for key, findings in found.items()
        for one in findings
        if one.is_standing
    }


async def test_two_feeds_at_the_same_time(database: Database) -> None:
    events = [event for event in events_of(7) if event.kind == 1]
    direct, manual = events[::2], [claimed(event) for event in events[1::2]]
    await asyncio.gather(
        feed(database, cut(direct, (3,))),
        feed(
            database,
            cut(manual, (3,)),
            feed=REIMBURSEMENT_FEED,
            read=read_reimbursement_event,
        ),
    )
    assert await standing(database) == remembered_standing(direct, manual)


async def test_a_claim_taken_back_withdraws_its_findings(database: Database) -> None:
    stay = settled(1, person=1, medical_type="21", end=date(2026, 3, 9), findings=None)
    claim = claimed(whole(stay))
    paid = claimed(stay, state=reimbursement_pb2.REIMBURSEMENT_STATE_PAID)
    gone = claimed(stay, state=reimbursement_pb2.REIMBURSEMENT_STATE_CANCELLED)
    options = {"feed": REIMBURSEMENT_FEED, "read": read_reimbursement_event}
    await feed(database, [[claim], [paid]], **options)
    assert await standing(database) == {(str(UUID(int=1)), "UNPREPARED", frozenset())}
    bill = await bills_of(database).bill(UUID(int=1))
    assert bill is not None
    assert bill.channel.value == "MANUAL"
    await feed(database, [[gone], [gone]], **options)
    assert await standing(database) == set()
    assert await bills_of(database).is_reversed(UUID(int=1))


async def test_a_bill_is_read_as_it_was_written(database: Database) -> None:
    event = settled(1, person=3, medical_type="21", begin=date(2026, 3, 1), funds={"310100": 700})
    event = whole(event)
    settlement = event.settlement
    settlement.round_trip_ms, settlement.region_ms = 140, 90
    settlement.visit_id = str(UUID(int=77))
    event.invoice_key, event.phone_key = b"i" * 32, b"p" * 32
    bill = settlement.bill
    bill.doctor_code, bill.department_code, bill.emergency = "D110105000001", "0301", True
    bill.operation_codes.append("51.2300")
    bill.diagnoses.insert(0, type(bill.diagnoses[0])(diagnosis_code="E11.900"))
    bill.lines[0].supply_days, bill.lines[0].department_code = 7, "0302"
    bill.lines.append(fee_line("XA01ABD075A002010100483", "2", 250, day=date(2026, 3, 2)))
    expected = read_event(event)
    assert isinstance(expected, Settled)
    await audited(database, event, ruleset=RULES)
    store = bills_of(database)
    assert await store.bill(UUID(int=1)) == expected.bill
    assert expected.bill.diagnosis_codes == ("I10.x00x002", "E11.900")
    person = expected.bill.person_id
    assert person is not None
    found = await store.histories([person, UUID(int=5)], since=date(2026, 3, 31))
    assert found == {person: (expected.bill,), UUID(int=5): ()}
    assert await store.histories([person], since=date(2026, 4, 1)) == {person: ()}
    row = await database.fetchrow(
        "/* test.row */ SELECT round_trip_ms, region_ms, in_scope_fen, fund_fen, is_screened,"
        " ruleset_version FROM audited_bill"
    )
    assert tuple(row or ()) == (140, 90, 1000, 700, True, RULES.version)


async def test_bills_are_paged_by_the_time_of_settling(database: Database) -> None:
    # Two at the same instant, one taken back, one of another day.
    events = [settled(n, at=START + timedelta(minutes=n // 2)) for n in range(1, 8)]
    events += [reversed_(events[2]), settled(9, at=START + timedelta(days=1), care="640104")]
    await audited(database, *events, ruleset=RULES)
    store = bills_of(database)
    day = civil_midnight(date(2026, 3, 31))
    span = {"since": day, "until": day + timedelta(days=1)}

    async def page(after: int | None, limit: int) -> list[int]:
        found = await store.bills(
            **span, after=None if after is None else UUID(int=after), limit=limit
        )  # type: ignore[arg-type]
        return [bill.bill_key.int for bill in found if bill.bill_key]

    assert await page(None, 3) == [1, 2, 4]
    assert await page(4, 3) == [5, 6, 7]
    assert await page(7, 3) == []
    # Goes on after one that was taken back meanwhile.
    assert await page(3, 2) == [4, 5]
    everything = await store.bills(since=day, until=day + timedelta(days=2), limit=100)
    assert len(everything) == 7
    ningxia = await store.bills(
        since=day, until=day + timedelta(days=2), limit=100, care_prefix="64"
    )
    assert [bill.bill_key for bill in ningxia] == [UUID(int=9)]


async def test_a_person_of_many_bills_is_not_read_whole(database: Database) -> None:
    """Only what the rules can look back to is loaded: cost follows the window, not the years."""
    old = [
        settled(n, person=1, end=date(2024, 1, 1), at=START - timedelta(days=700, minutes=-n))
        for n in range(1, 30)
    ]
    await audited(database, *old, ruleset=RULES)
    new = settled(
        50, person=1, medical_type="21", end=wire.read_date(old[0].settlement.end_date, "")
    )
    await audited(database, new, after="a", to="b", ruleset=RULES)
    assert await recorded(database) == remembered([whole(one) for one in [*old, new]])
