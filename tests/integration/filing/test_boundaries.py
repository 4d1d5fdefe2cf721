"""Each state on the days on which it begins and ends to count, by match and by what-if."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.kit.wire import write_date
from tests.integration.filing.test_approval import BY_APP, COMMITMENT, HEFEI
from tests.integration.filing.world import SHANGHAI
from tests.support.rpc import TIMEOUT_S
from yijie.filing.v1 import filing_pb2 as f
from yijie.filing.v1 import filing_service_pb2 as pb

pytestmark = pytest.mark.postgres

BEGIN, ACTED = date(2026, 1, 10), date(2026, 2, 20)
YESTERDAY = ACTED - timedelta(days=1)
LAST = date(2026, 3, 5)
BEFORE_LAST = LAST - timedelta(days=1)
COMMITTED = {**COMMITMENT, "insured_region_code": HEFEI}
WAITING = {**BY_APP, "target_region_code": "640100"}


async def nothing(world, kept):
    del world, kept


async def approve(world, kept):
    await world.decide(kept.filing_id)


async def refuse(world, kept):
    await world.decide(kept.filing_id, decision=pb.FILING_DECISION_REFUSE, reason="不符")


async def cancel(world, kept):
    await world.cancel(kept.filing_id)


async def revoke(world, kept):
    await world.revoke(kept.filing_id)


def change(begin):
    async def changed(world, kept):
        await world.change(
            kept.filing_id,
            insured_region_code=HEFEI,
            target_region_code=SHANGHAI,
            begin_date=write_date(begin),
        )

    return changed


# How it is filed, what becomes of it on ACTED, its state then, and the days from BEGIN on which it
# counts; None: no day.
LIVES = {
    "live": (COMMITTED, nothing, f.FILING_STATE_LIVE, date.max),
    "live to a day": ({**COMMITTED, "end_date": LAST}, nothing, f.FILING_STATE_LIVE, LAST),
    "on its last day": ({**COMMITTED, "end_date": ACTED}, nothing, f.FILING_STATE_LIVE, ACTED),
    "expired": ({**COMMITTED, "end_date": YESTERDAY}, nothing, f.FILING_STATE_EXPIRED, YESTERDAY),
    "cancelled": (COMMITTED, cancel, f.FILING_STATE_CANCELLED, YESTERDAY),
    "revoked": (COMMITTED, revoke, f.FILING_STATE_REVOKED, None),
    "changed from a later day": (COMMITTED, change(LAST), f.FILING_STATE_CHANGED, BEFORE_LAST),
    "changed from today": (COMMITTED, change(ACTED), f.FILING_STATE_CHANGED, YESTERDAY),
    "changed from the past": (COMMITTED, change(BEGIN), f.FILING_STATE_CHANGED, YESTERDAY),
    "pending": (WAITING, nothing, f.FILING_STATE_PENDING, None),
    "approved": (WAITING, approve, f.FILING_STATE_LIVE, date.max),
    "refused": (WAITING, refuse, f.FILING_STATE_REFUSED, None),
    "withdrawn": (WAITING, cancel, f.FILING_STATE_CANCELLED, None),
}


@pytest.mark.parametrize("name", list(LIVES))
async def test_a_filing_counts_on_its_days_and_on_no_other(world, name):
    asked, act, state, last = LIVES[name]
    asked = dict(asked)
    if "end_date" in asked:
        asked["end_date"] = write_date(asked["end_date"])
    # Long before, so that no lock stands in the way of what follows.
    world.clock.instant = datetime(2025, 11, 1, 2, tzinfo=UTC)
    world.person = await world.register(insured_region_code=HEFEI)
    kept = await world.submitted(**asked, begin_date=write_date(BEGIN))
    world.clock.instant = datetime(ACTED.year, ACTED.month, ACTED.day, 2, tzinfo=UTC)
    await act(world, kept)
    assert (await world.get(kept.filing_id)).filing.state == state
    turns = {BEGIN, ACTED, LAST} | ({last} if last and last != date.max else set())
    for turn in sorted(turns):
        for day in (turn + timedelta(days=n) for n in (-1, 0, 1)):
            counts = last is not None and BEGIN <= day <= last
            found = await world.match(write_date(day), insured_region_code=HEFEI)
            level = pb.BENEFIT_LEVEL_LONG_TERM if counts else pb.BENEFIT_LEVEL_UNFILED
            assert (found.benefit_level, found.filing_id) == (
                level,
                kept.filing_id if counts else "",
            ), day
            question = pb.WhatIfFilingRequest(
                person_id=world.person,
                insured_region_code=HEFEI,
                care_region_code="640104",
                service_date=write_date(day),
            )
            before = await world.stub.WhatIfFiling(question, timeout=TIMEOUT_S)
            assert (before.benefit_level, before.filing_id) == (level, found.filing_id)
            assert before.explanation_zh == found.explanation_zh
            # A stay that ends on the day before, or begins on the day after, is not covered; one
            # that touches a day of it is.
            stay = await world.match(
                write_date(day), write_date(day + timedelta(days=3)), insured_region_code=HEFEI
            )
            touched = last is not None and day + timedelta(days=3) >= BEGIN and day <= last
            assert (stay.benefit_level == pb.BENEFIT_LEVEL_LONG_TERM) is touched, day


@pytest.mark.parametrize("begin", [BEGIN, ACTED, LAST], ids=["past", "today", "later"])
async def test_a_change_leaves_no_day_without_a_filing(world, begin):
    """On every day one of the two places is covered, and from the change on no day both."""
    world.clock.instant = datetime(2025, 11, 1, 2, tzinfo=UTC)
    world.person = await world.register(insured_region_code=HEFEI)
    old = await world.submitted(**COMMITTED, begin_date=write_date(BEGIN))
    world.clock.instant = datetime(ACTED.year, ACTED.month, ACTED.day, 2, tzinfo=UTC)
    await change(begin)(world, old)
    for number in range((LAST - BEGIN).days + 3):
        day = BEGIN + timedelta(days=number)
        levels = [
            (
                await world.match(
                    write_date(day), insured_region_code=HEFEI, care_region_code=place
                )
            ).benefit_level
            for place in ("640104", "310115")
        ]
        covered = levels.count(pb.BENEFIT_LEVEL_LONG_TERM)
        assert covered == 1 or (covered == 2 and begin <= day < ACTED), day
