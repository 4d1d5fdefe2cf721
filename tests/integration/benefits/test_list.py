"""ListAdjudications: what reconciliation reads, over gRPC on a real PostgreSQL."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from google.type.date_pb2 import Date

from services.kit.clock import SystemClock, civil_date, civil_midnight
from services.kit.ids import first_id_at, new_id
from tests.integration.benefits.conftest import make_case, make_stay
from tests.support.rpc import TIMEOUT_S, refused
from yijie.benefits.v1 import benefits_service_pb2 as pb

pytestmark = pytest.mark.postgres

DAY = date(2026, 11, 20)
SECOND = timedelta(seconds=1)


def at(text: str) -> datetime:
    """An instant by the clock of China."""
    return datetime.fromisoformat(f"{text}+08:00")


async def listed(benefits, day=DAY, **changes):
    request = pb.ListAdjudicationsRequest(
        business_date=Date(year=day.year, month=day.month, day=day.day), **changes
    )
    return await benefits.stub.ListAdjudications(request, timeout=TIMEOUT_S)


async def every_page(benefits, **changes):
    rows, token = [], ""
    while True:
        page = await listed(benefits, page_token=token, **changes)
        rows += page.adjudications
        token = page.next_page_token
        if not token:
            return rows


async def test_a_date_is_that_of_the_id_in_china(benefits):
    instants = ["2026-11-19T23:59:59.999", "2026-11-20T00:00", "2026-11-20T23:59:59.999"]
    ids = [new_id(at(text)) for text in (*instants, "2026-11-21T00:00")]
    for settlement_id in ids:
        await benefits.commit(make_case(), settlement_id)
    rows = (await listed(benefits)).adjudications
    assert [row.settlement_id for row in rows] == [str(ids[1]), str(ids[2])]
    first = [
        row.settlement_id for row in (await listed(benefits, DAY - timedelta(1))).adjudications
    ]
    assert first == [str(ids[0])]


async def test_a_row_has_the_amounts_booked(benefits):
    await benefits.open_account(137825)
    settlement_id = new_id(at("2026-11-20T09:30"))
    before = SystemClock().now()
    await benefits.commit(make_case(), settlement_id)
    (row,) = (await listed(benefits)).adjudications
    assert row.settlement_id == str(settlement_id)
    assert row.state == pb.ADJUDICATION_STATE_COMMITTED
    codes = (row.insured_region_code, row.care_region_code, row.scheme_code)
    assert codes == ("131100", "110105", "310")
    amounts = (row.total.fen, row.fund_total.fen, row.account_pay.fen, row.cash_pay.fen)
    assert amounts == (452, 0, 452, 0)
    booked = row.book_time.ToDatetime(tzinfo=before.tzinfo)
    assert before - SECOND <= booked <= SystemClock().now() + SECOND
    assert not row.HasField("cancel_time")


async def test_what_is_claimed_at_home_is_booked_alike_and_told_apart(benefits):
    direct, manual = (new_id(at(f"2026-11-20T0{hour}:00")) for hour in (8, 9))
    first = await benefits.commit(make_case(), direct)
    request = pb.CommitRequest(
        settlement_id=str(manual), case=make_case(), channel=pb.BOOKING_CHANNEL_MANUAL
    )
    alone = await benefits.used()
    second = await benefits.stub.Commit(request, timeout=TIMEOUT_S)
    assert (await benefits.stub.Commit(request, timeout=TIMEOUT_S)).replayed
    assert second.adjudication.accumulators_digest != first.adjudication.accumulators_digest
    both = await benefits.used()
    assert both != alone
    rows = (await listed(benefits)).adjudications
    assert [row.channel for row in rows] == [pb.BOOKING_CHANNEL_DIRECT, pb.BOOKING_CHANNEL_MANUAL]
    await benefits.cancel(manual)
    assert await benefits.used() == alone


async def test_what_was_taken_back_shows_on_both_dates(benefits):
    """By its id on the date it was settled, by its time on the date it was taken back."""
    settlement_id = new_id(at("2026-11-20T09:30"))
    await benefits.commit(make_stay(begin=(2026, 5, 1), end=(2026, 5, 9), in_scope=4000),
                          settlement_id)  # fmt: skip
    await benefits.cancel(settlement_id)
    today = civil_date(SystemClock().now())
    for day in {DAY, today}:
        (row,) = (await listed(benefits, day)).adjudications
        assert row.settlement_id == str(settlement_id)
        assert row.state == pb.ADJUDICATION_STATE_CANCELLED
        assert row.total.fen == 4000
        assert row.HasField("book_time")
        assert civil_date(row.cancel_time.ToDatetime(tzinfo=civil_midnight(today).tzinfo)) == today


async def test_tombstones_are_listed_without_amounts_and_not_by_region(benefits):
    settlement_id = new_id(at("2026-11-20T09:30"))
    await benefits.cancel(settlement_id)
    (row,) = (await listed(benefits)).adjudications
    assert row.settlement_id == str(settlement_id)
    assert row.state == pb.ADJUDICATION_STATE_CANCELLED
    assert row.insured_region_code == ""
    assert not row.HasField("total")
    assert not row.HasField("book_time")
    assert row.HasField("cancel_time")
    assert not (await listed(benefits, insured_region_code="130000")).adjudications


async def test_a_list_can_be_of_a_province_or_an_area(benefits):
    ids = {}
    for region in ("131100", "110000", "650100"):
        ids[region] = new_id(at("2026-11-20T09:30"))
        case = make_case(insured_region_code=region, medical_type_code="21", use_account=False)
        await benefits.commit(case, ids[region])
    for asked, region in {"130000": "131100", "131100": "131100", "110000": "110000"}.items():
        rows = (await listed(benefits, insured_region_code=asked)).adjudications
        assert [row.settlement_id for row in rows] == [str(ids[region])]
    assert len((await listed(benefits)).adjudications) == 3


async def test_pages_are_whole_and_in_order(benefits):
    noon = at("2026-11-20T12:00")
    ids = [new_id(noon + index * SECOND) for index in range(7)]
    for index, settlement_id in enumerate(ids):
        if index % 3 == 2:
            await benefits.cancel(settlement_id)
        else:
            await benefits.commit(make_case(person_id=str(uuid4())), settlement_id)
    for size in (1, 3, 7, 0):
        rows = await every_page(benefits, page_size=size)
        assert [UUID(row.settlement_id) for row in rows] == ids
    page = await listed(benefits, page_size=3)
    refusal = await refused(
        listed(benefits, DAY + timedelta(1), page_token=page.next_page_token, page_size=3)
    )
    assert refusal.reason == "PAGE_TOKEN_INVALID"


async def test_bad_input_names_the_field(benefits):
    broken = [
        ({"page_size": -1}, "FIELD_INVALID", "page_size"),
        ({"insured_region_code": "13"}, "FIELD_INVALID", "insured_region_code"),
        ({"page_token": "x"}, "PAGE_TOKEN_INVALID", "page_token"),
    ]
    for changes, reason, field in broken:
        refusal = await refused(listed(benefits, **changes))
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", reason)
        assert refusal.fields == [field]
    nothing = benefits.stub.ListAdjudications(pb.ListAdjudicationsRequest(), timeout=TIMEOUT_S)
    assert (await refused(nothing)).fields == ["business_date"]
    for day in (date(1970, 1, 1), date(1999, 12, 31), date(2101, 1, 1), date.max):
        assert (await refused(listed(benefits, day))).fields == ["business_date"]
    for day in (date(2000, 1, 1), date(2100, 12, 31)):
        assert not (await listed(benefits, day)).adjudications
    wrong = pb.ListAdjudicationsRequest(business_date=Date(year=2026, month=2, day=30))
    assert (await refused(benefits.stub.ListAdjudications(wrong, timeout=TIMEOUT_S))).fields == [
        "business_date"
    ]


def test_a_range_of_ids_is_a_range_of_time():
    midnight = civil_midnight(DAY)
    assert first_id_at(midnight) <= new_id(midnight) < first_id_at(midnight + timedelta(days=1))
