"""Goal: whoever audits gets bills with the events, and never a telephone or invoice number."""

from __future__ import annotations

import pytest

from services.settlement import feed_store
from tests.integration.settlement.outbox import NINGXIA, reading
from tests.integration.settlement.world import first_events, settle_request
from tests.support.rpc import refused
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = pytest.mark.postgres

FULL = pb.SETTLEMENT_VIEW_FULL
PHONE, INVOICE = "13900001234", "11010125AB12345678"


def request(**bill):
    result = settle_request()
    for name, value in bill.items():
        setattr(result.bill, name, value)
    return result


async def test_a_settled_bill_comes_whole(world):
    await world.settle(
        request(contact_phone=PHONE, invoice_number=INVOICE, doctor_code="D110105000001")
    )
    (event,) = await first_events_full(world, 1)
    found = await world.get(settlement_id=event.settlement.settlement_id, view=FULL)
    expected = found
    expected.bill.ClearField("contact_phone")
    expected.bill.ClearField("invoice_number")
    expected.adjudication.ClearField("steps")
    event.settlement.adjudication.ClearField("steps")
    assert event.settlement == expected
    assert event.settlement.bill.doctor_code == "D110105000001"
    assert len(event.settlement.lines) == len(event.settlement.bill.lines) > 0
    sent = event.SerializeToString()
    assert PHONE.encode() not in sent
    assert INVOICE.encode() not in sent
    assert (len(event.invoice_key), len(event.phone_key)) == (32, 32)
    # Everybody else gets what they always got.
    (basic,) = await first_events(world.stub, 1)
    assert not basic.settlement.HasField("bill")
    assert (basic.invoice_key, basic.phone_key) == (b"", b"")


async def test_the_same_invoice_and_telephone_have_the_same_keys(world):
    await world.settle(request(contact_phone="139-0000-1234", invoice_number=INVOICE))
    await world.settle(request(contact_phone="+8613900001234"))
    await world.settle(request(contact_phone="010-88887777"))
    await world.settle(request())
    events = await first_events_full(world, 4)
    assert events[0].phone_key == events[1].phone_key
    assert len({event.phone_key for event in events}) == 3
    assert [event.phone_key for event in events].count(b"") == 1
    assert [len(event.invoice_key) for event in events] == [32, 0, 0, 0]


async def test_what_is_taken_back_comes_without_bill(world):
    settled = (await world.settle()).settlement
    await world.reverse(settlement_id=settled.settlement_id)
    first, second = await first_events_full(world, 2)
    assert first.settlement.HasField("bill")
    assert second.kind == pb.EVENT_KIND_REVERSED
    assert not second.settlement.HasField("bill")
    assert second.settlement.person_id == settled.person_id


async def test_only_the_hub_gets_bills(world):
    stream = world.stub.Subscribe(pb.SubscribeRequest(view=FULL, region_code=NINGXIA))
    refusal = await refused(stream.read())
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["view"])


async def test_a_batch_is_bounded_by_its_bytes(world, monkeypatch):
    for _ in range(5):
        await world.settle()
    length = await world.sql("SELECT length(detail) AS bytes FROM settlement LIMIT 1")
    small = feed_store._READ_FULL.replace(  # a megabyte of bills takes minutes
        str(feed_store.BYTES_MAX), str(3 * length[0]["bytes"])
    )
    monkeypatch.setattr(feed_store, "_READ_FULL", small)
    async with reading(world.stub, view=FULL) as reader:
        await reader.has(5)
    assert max(len(response.events) for response in reader.responses) < 3


async def first_events_full(world, count):
    async with reading(world.stub, view=FULL) as reader:
        await reader.has(count)
    return reader.events[:count]
