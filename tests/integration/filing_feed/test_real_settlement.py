"""Goal: what the real settlement tells of a stay is what filing warns of, to the end."""

import io

import pytest

from services.kit import wire
from tests.integration.filing_feed.harness import opened
from tests.integration.settlement.stays import STAY_FEN, settle, settle_visit_request, stay
from tests.integration.settlement.visits import ADMITTED, TODAY, Visits
from tests.integration.settlement.world import served
from tests.support.callees import CARE, HOSPITAL, INSURED, PERSON, callees_served
from tests.support.clock import FakeClock
from yijie.filing.v1 import filing_feed_service_pb2 as pb

pytestmark = pytest.mark.postgres


@pytest.fixture
async def hub(dsn):
    """A settlement, and filing that follows it, in one database."""
    clock = FakeClock()
    async with (
        callees_served() as callees,
        served(dsn, callees, clock, io.BytesIO()) as settling,
        opened(dsn, clock, YIJIE_SETTLEMENT_TARGET=settling.address) as world,
    ):
        yield settling, world


async def test_a_stay_is_warned_of_until_it_is_settled(hub):
    settling, world = hub
    visit_id = await stay(settling, discharged=False)
    ((opening,), cursor) = await world.warning_events(1)
    warning = opening.warning
    assert (warning.visit_id, warning.person_id) == (visit_id, PERSON)
    assert (warning.care_region_code, warning.insured_region_code) == (CARE, INSURED)
    assert warning.institution_code == HOSPITAL
    assert warning.admission_date == wire.write_date(ADMITTED)
    assert warning.state == pb.WARNING_STATE_OPEN
    # Only now: admission and discharge in one batch of the feed are one warning.
    await Visits(settling).discharge(visit_id, TODAY)
    ((leaving,), cursor) = await world.warning_events(1, after=cursor)
    assert leaving.warning.state == pb.WARNING_STATE_DISCHARGED
    await settle(settling, settle_visit_request(visit_id, STAY_FEN))
    ((settled,), _) = await world.warning_events(1, after=cursor)
    assert settled.warning.state == pb.WARNING_STATE_SETTLED


async def test_a_filing_before_the_discharge_resolves_it(hub):
    settling, world = hub
    visits = Visits(settling)
    visit = await visits.register()
    await world.warning_events(1)
    await world.submit(
        PERSON,
        insured_region_code=INSURED,
        target_region_code=f"{CARE[:4]}00",
        begin_date=wire.write_date(TODAY),
    )
    events, _ = await world.warning_events(2)
    assert events[1].warning.state == pb.WARNING_STATE_RESOLVED
    await visits.discharge(visit.visit_id, TODAY)
    assert (await world.list_warnings()).warnings == []
