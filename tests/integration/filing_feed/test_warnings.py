"""Goal: whoever lies in hospital without a usable filing is known until it is settled."""

import asyncio
import random
from datetime import date, timedelta

import pytest

from services.filing import store
from services.filing.domain import decide
from services.filing.domain.model import BenefitLevel
from services.filing.vault import Vault
from services.filing.warning_usecases import record_admissions
from services.kit import wire
from services.kit.clock import civil_date
from services.kit.crypto import FieldCipher, parse_keyring_text
from services.kit.db import DatabaseConfig, open_database
from services.kit.feed import Batch, CursorMoved
from tests.integration.filing_feed.harness import (
    ADMITTED,
    CANCELLED,
    DISCHARGED,
    KEY,
    NINGXIA,
    SETTLED,
    SHANGHAI,
    TODAY,
    XINJIANG,
    admission,
    ident,
    opened,
)
from tests.support.eventually import eventually
from tests.support.rpc import refused
from yijie.filing.v1 import filing_feed_service_pb2 as pb
from yijie.filing.v1 import filing_pb2
from yijie.filing.v1.filing_service_pb2 import RevokeFilingRequest

pytestmark = pytest.mark.postgres

RING = parse_keyring_text(KEY)
VAULT = Vault(FieldCipher(RING), RING)
OPEN, RESOLVED = pb.WARNING_STATE_OPEN, pb.WARNING_STATE_RESOLVED
LEFT, WITHDRAWN = pb.WARNING_STATE_DISCHARGED, pb.WARNING_STATE_WITHDRAWN


async def states(world, count, **parts):
    events, _ = await world.warning_events(count, **parts)
    return [event.warning.state for event in events]


async def taken_in(world, count):
    """Waits until so many stays are known in their last revision."""

    async def probe():
        rows = await world.rows("SELECT cursor FROM feed_cursor WHERE feed = 'admission'")
        assert rows[0]["cursor"] == str(count)

    await eventually(probe)


async def test_an_admission_without_a_filing_is_told_with_its_days(world):
    person, visit = ident(), ident()
    await world.stays.tell(admission(person, visit))
    ((event,), _) = await world.warning_events(1, province_code=NINGXIA, role=pb.REGION_ROLE_CARE)
    warning = event.warning
    assert (warning.visit_id, warning.person_id, warning.state) == (visit, person, OPEN)
    assert (warning.days_in_hospital, warning.days_to_discharge) == (4, 6)
    assert "第七条" in warning.explanation_zh
    assert "第十六条" in warning.explanation_zh
    assert "Art. 16" in warning.explanation_en
    ((same,), _) = await world.warning_events(1, province_code=XINJIANG)
    assert same == event
    assert (await world.list_warnings(province_code=SHANGHAI)).warnings == []
    (listed,) = (await world.list_warnings(province_code=XINJIANG)).warnings
    assert listed == warning
    world.clock.pass_time(days=8)
    (later,) = (await world.list_warnings(province_code=NINGXIA)).warnings
    assert (later.days_in_hospital, later.days_to_discharge) == (12, -2)


async def test_a_filing_made_during_the_stay_resolves_it(world):
    person = ident()
    await world.stays.tell(admission(person, ident()))
    await states(world, 1)
    kept = await world.submit(person)
    assert await states(world, 2) == [OPEN, RESOLVED]
    assert (await world.list_warnings()).warnings == []
    await world.cancel(kept.filing_id)
    assert await states(world, 3) == [OPEN, RESOLVED, OPEN]


async def test_who_is_filed_is_not_warned_of(world):
    person, other = ident(), ident()
    await world.submit(person)
    await world.stays.tell(admission(person, ident()), admission(other, ident()))
    events, _ = await world.warning_events(1)
    assert events[0].warning.person_id == other
    assert len(await world.rows("SELECT FROM warning_event")) == 1
    assert len(await world.rows("SELECT FROM admission")) == 2


async def test_a_stay_goes_its_way_to_settlement(world):
    person, visit = ident(), ident()
    left = {"state": DISCHARGED, "discharge_date": wire.write_date(TODAY)}
    await world.stays.tell(admission(person, visit))
    await states(world, 1)
    await world.stays.tell(admission(person, visit, 2, **left))
    await states(world, 2)
    assert len((await world.list_warnings()).warnings) == 1
    await world.stays.tell(admission(person, visit, 3, **{**left, "state": SETTLED}))
    assert await states(world, 3) == [OPEN, LEFT, pb.WARNING_STATE_SETTLED]
    assert (await world.list_warnings()).warnings == []
    # It was reversed: it can be filed for again.
    await world.stays.tell(admission(person, visit, 4, **left))
    assert (await states(world, 4))[3] == LEFT
    await world.submit(person)
    assert (await states(world, 5))[4] == RESOLVED


async def test_a_filing_after_the_settlement_asks_for_it_to_be_recomputed(world):
    person, visit = ident(), ident()
    await world.stays.tell(admission(person, visit))
    await states(world, 1)
    left = wire.write_date(TODAY)
    await world.stays.tell(admission(person, visit, 2, state=SETTLED, discharge_date=left))
    await states(world, 2)
    kept = await world.submit(person, evidence=filing_pb2.FILING_EVIDENCE_COMMITMENT)
    events, _ = await world.warning_events(3)
    resolved = events[2].warning
    assert resolved.state == RESOLVED
    assert "重新结算" in resolved.explanation_zh
    assert "recomputed" in resolved.explanation_en
    # Its commitment was false: again none counts, and again there is something to be asked for.
    revoked = RevokeFilingRequest(
        request_id=ident(), filing_id=kept.filing_id, maker_id="a", checker_id="b", reason="不实"
    )
    await world.filings.RevokeFiling(revoked, timeout=10)
    events, _ = await world.warning_events(4)
    assert events[3].warning.state == pb.WARNING_STATE_SETTLED
    assert "重新结算" in events[3].warning.explanation_zh


async def test_a_cancellation_or_an_emergency_withdraws_it(world):
    first, second = ident(), ident()
    await world.stays.tell(admission(ident(), first), admission(ident(), second))
    await states(world, 2)
    await world.stays.tell(
        admission(ident(), first, 2, state=CANCELLED), admission(ident(), second, 2, emergency=True)
    )
    assert (await states(world, 4))[2:] == [WITHDRAWN, WITHDRAWN]


async def test_a_new_day_of_discharge_is_told_once(world):
    person, visit = ident(), ident()
    await world.stays.tell(admission(person, visit))
    await states(world, 1)
    later = wire.write_date(date(2026, 4, 1))
    await world.stays.tell(
        admission(person, visit, 2, expected_discharge_date=later),
        admission(person, visit, 3, expected_discharge_date=later),
    )
    await taken_in(world, 3)
    events, _ = await world.warning_events(2)
    assert [event.warning.days_to_discharge for event in events] == [6, 18]
    assert len(await world.rows("SELECT FROM warning_event")) == 2


async def test_a_filing_for_a_later_day_resolves_it_on_that_day(world):
    person = ident()
    await world.stays.tell(admission(person, ident()))
    await states(world, 1)
    await world.submit(person, begin_date=wire.write_date(TODAY + timedelta(days=2)))
    world.clock.pass_time(days=1)
    await asyncio.sleep(0.2)
    reasons = [e.warning.explanation_zh for e in (await world.warning_events(2))[0]]
    assert ["未生效" in reason for reason in reasons] == [False, True]
    world.clock.pass_time(days=1)
    assert (await states(world, 3))[2] == RESOLVED


async def test_an_older_revision_changes_nothing_and_a_repeat_neither(world):
    person, visit = ident(), ident()
    old = admission(person, visit)
    await world.stays.tell(admission(person, visit, 2, state=CANCELLED), old, old)
    await taken_in(world, 3)
    # Also when it comes in a batch of its own.
    await world.stays.tell(old)
    await taken_in(world, 4)
    (row,) = await world.rows("SELECT state, revision FROM admission")
    assert (row["state"], row["revision"]) == ("CANCELLED", 2)
    assert not await world.rows("SELECT FROM warning_event")


async def test_where_and_when_somebody_lies_is_sealed_at_rest(world):
    visit = ident()
    await world.stays.tell(admission(ident(), visit), admission(ident(), ident(), emergency=True))
    ((event,), _) = await world.warning_events(1)
    assert event.warning.institution_code == "H64010400001"
    await taken_in(world, 2)
    kept = await world.rows("SELECT * FROM admission") + await world.rows(
        "SELECT * FROM warning_event"
    )
    assert len(kept) == 3
    for row in kept:
        assert b"H64010400001" not in (row.get("stay") or row.get("warning"))
        assert "H64010400001" not in map(str, row.values())
    rows = await world.rows("SELECT visit_id, warned_date, warning_state FROM admission")
    # What lists are ordered by stands in clear only while there is something to list.
    assert {row["warning_state"]: row["warned_date"] for row in rows} == {
        "OPEN": ADMITTED,
        None: None,
    }
    await world.stays.tell(admission(ident(), visit, 2, state=CANCELLED))
    await states(world, 2)
    assert not await world.rows("SELECT FROM admission WHERE warned_date IS NOT NULL")


async def test_a_batch_that_was_applied_is_not_applied_again(dsn):
    async with open_database(DatabaseConfig(dsn=dsn), "filing") as database:
        batch = Batch(events=(), cursor="5", last_event_time=None)
        await record_admissions(database, VAULT, after="", batch=batch, now=None)
        with pytest.raises(CursorMoved):
            await record_admissions(database, VAULT, after="", batch=batch, now=None)


async def test_replicas_that_come_and_go_apply_each_event_once(dsn):
    people = [(ident(), ident()) for _ in range(30)]
    async with opened(dsn) as world:
        for start in range(0, 30, 10):
            async with opened(dsn, YIJIE_SETTLEMENT_TARGET=world.settlement) as replica:
                for person, visit in people[start : start + 10]:
                    await world.stays.tell(admission(person, visit))
                events, _ = await replica.warning_events(start + 5)
        events, _ = await world.warning_events(30)
        await taken_in(world, 30)
        assert len(await world.rows("SELECT FROM warning_event")) == 30
    assert {event.warning.visit_id for event in events} == {visit for _, visit in people}


async def test_warnings_come_in_pages_oldest_admission_first(world):
    days = [3, 1, 2, 1]
    await world.stays.tell(
        *(
            admission(ident(), ident(), admission_date=wire.write_date(date(2026, 3, number)))
            for number in days
        )
    )
    await states(world, 4)
    found, token = [], ""
    while True:
        page = await world.list_warnings(page_size=1, page_token=token)
        found += page.warnings
        token = page.next_page_token
        if not token:
            break
    assert [warning.admission_date.day for warning in found] == sorted(days)
    assert len({warning.visit_id for warning in found}) == 4
    (first,) = (await world.list_warnings(page_size=1)).warnings
    token = (await world.list_warnings(page_size=1)).next_page_token
    other = await refused(world.list_warnings(province_code=NINGXIA, page_token=token))
    assert other.reason == "PAGE_TOKEN_INVALID"
    assert first == found[0]


async def test_whatever_comes_at_once_a_warning_stands_exactly_where_the_match_is_unfiled(world):
    """Filings and stays of the same persons change at once; at the end both agree."""
    chance = random.Random(7)  # noqa: S311 - an order of events, no secret
    people = [ident() for _ in range(5)]
    visits = {person: ident() for person in people}

    async def file(person):
        held = []
        for _ in range(6):
            if held and chance.random() < 0.5:
                await world.cancel(held.pop())
            else:
                place = chance.choice(["640100", "310000"])
                kept = await world.submit(person, target_region_code=place)
                held.append(kept.filing_id)
            await asyncio.sleep(chance.uniform(0, 0.01))

    async def stay():
        for revision in range(1, 9):
            for person in people:
                state = chance.choice([1, 1, 1, DISCHARGED])
                left = {"discharge_date": wire.write_date(TODAY)} if state == DISCHARGED else {}
                changes = {"state": state, "emergency": chance.random() < 0.2, **left}
                await world.stays.tell(admission(person, visits[person], revision, **changes))
            await asyncio.sleep(chance.uniform(0, 0.03))

    # Two at once for each person.
    await asyncio.gather(stay(), *(file(person) for person in people * 2))
    await taken_in(world, 40)
    standing = {warning.visit_id for warning in (await world.list_warnings()).warnings}
    count = len(await world.rows("SELECT FROM warning_event"))
    events, _ = await world.warning_events(count)
    assert len({event.event_id for event in events}) == len(events) == count
    told = {
        event.warning.visit_id: event.warning.state
        for event in sorted(events, key=lambda event: event.event_id)
    }
    async with open_database(DatabaseConfig(dsn=world.dsn), "filing") as database:
        for row in await world.rows("SELECT * FROM admission"):
            kept = VAULT.open_stay(row["stay"], row["visit_id"])
            found = decide.match(
                await store.filings_of(database, row["person_id"]),
                insured_region=row["insured_region_code"],
                care_region=row["care_region_code"],
                service_date=kept.admission_date,
                until=kept.discharge_date or civil_date(world.clock.now()),
                emergency=kept.emergency,
            )
            unfiled = found.level is BenefitLevel.UNFILED
            visit = str(row["visit_id"])
            assert (visit in standing) is unfiled
            assert (told.get(visit) in {OPEN, LEFT}) is unfiled
