"""Goal: every change of a filing reaches the provinces concerned, and nobody else sees more."""

import asyncio
import contextlib
import random

import grpc
import pytest

from services.filing.vault import Vault
from services.kit import wire
from services.kit.channel import open_channel
from services.kit.crypto import FieldCipher, parse_keyring_text
from tests.integration.filing_feed.harness import (
    KEY,
    NINGXIA,
    SHANGHAI,
    TODAY,
    XINJIANG,
    ident,
    opened,
    take,
)
from tests.support.rpc import read_status, refused
from yijie.filing.v1 import filing_feed_service_pb2 as pb
from yijie.filing.v1 import filing_feed_service_pb2_grpc as rpc
from yijie.filing.v1 import filing_pb2
from yijie.filing.v1 import filing_service_pb2 as filing_rpc

pytestmark = pytest.mark.postgres

REFERRAL = {
    "type": filing_pb2.FILING_TYPE_REFERRAL,
    "evidence": filing_pb2.FILING_EVIDENCE_REFERRAL_PROOF,
    "diagnosis_code": "C34.900",
    "documents": [
        filing_pb2.EvidenceDocument(
            kind=filing_pb2.EVIDENCE_KIND_REFERRAL_PROOF, document_id="proof-1"
        )
    ],
}


async def test_each_change_is_an_event_as_it_was_then(world):
    person = ident()
    kept = await world.submit(person)
    world.clock.pass_time(hours=1)
    await world.cancel(kept.filing_id)
    events, _ = await world.filing_events(2)
    assert [event.filing.state for event in events] == [
        filing_pb2.FILING_STATE_LIVE,
        filing_pb2.FILING_STATE_CANCELLED,
    ]
    assert {event.filing.filing_id for event in events} == {kept.filing_id}
    assert events[0].filing == kept
    assert events[0].event_id < events[1].event_id
    assert events[1].event_time.ToDatetime() == world.clock.now().replace(tzinfo=None)


async def test_a_province_gets_its_filings_by_role(world):
    here = await world.submit(ident())
    there = await world.submit(ident(), target_region_code="310000")
    await world.submit(ident(), insured_region_code="640100", target_region_code="310000")
    everything, _ = await world.filing_events(3)
    assert len(everything) == 3
    care, cursor = await world.filing_events(1, province_code=NINGXIA, role=pb.REGION_ROLE_CARE)
    assert [event.filing.filing_id for event in care] == [here.filing_id]
    insured, _ = await world.filing_events(2, province_code=XINJIANG, role=pb.REGION_ROLE_INSURED)
    assert [e.filing.filing_id for e in insured] == [here.filing_id, there.filing_id]
    either, _ = await world.filing_events(2, province_code=NINGXIA)
    assert len(either) == 2
    later = await world.submit(ident())
    resumed, _ = await world.filing_events(
        1, after=cursor, province_code=NINGXIA, role=pb.REGION_ROLE_CARE
    )
    assert [event.filing.filing_id for event in resumed] == [later.filing_id]


async def test_disease_and_papers_are_for_the_insured_province_alone(world):
    await world.submit(ident(), **REFERRAL)
    for asked in ({}, {"province_code": NINGXIA}):
        ((event,), _) = await world.filing_events(1, **asked)
        assert event.filing.diagnosis_code == ""
        assert not event.filing.documents
    ((event,), _) = await world.filing_events(1, province_code=XINJIANG)
    assert event.filing.diagnosis_code == "C34.900"
    assert [one.document_id for one in event.filing.documents] == ["proof-1"]
    stored = await world.rows("SELECT filing FROM filing_event")
    assert b"C34.900" not in stored[0]["filing"]
    assert b"proof-1" not in stored[0]["filing"]
    assert b"C34.900" not in world.log.getvalue()


async def test_a_refused_subscription_says_why(world):
    def opened_with(**parts):
        return refused(
            anext(aiter(world.feeds.SubscribeFilings(pb.SubscribeFilingsRequest(**parts))))
        )

    for parts, reason in (
        ({"after_cursor": "x"}, "CURSOR_INVALID"),
        ({"after_cursor": "99999999.1"}, "CURSOR_IN_FUTURE"),
        ({"province_code": "170000"}, "REGION_UNKNOWN"),
        ({"role": pb.REGION_ROLE_CARE}, "FIELD_INVALID"),
    ):
        assert (await opened_with(**parts)).reason == reason


async def test_a_stream_ends_when_the_service_drains(dsn):
    async with contextlib.AsyncExitStack() as outer:
        async with opened(dsn) as world:
            channel = await outer.enter_async_context(open_channel(world.address))
            stub = rpc.FilingFeedServiceStub(channel)
            stream = stub.SubscribeFilings(pb.SubscribeFilingsRequest())
            await anext(aiter(stream))
            left = asyncio.create_task(to_its_end(stream))
        await asyncio.wait_for(left, 10)
    assert await stream.code() is grpc.StatusCode.OK


async def to_its_end(stream):
    async for _ in stream:
        pass


async def test_a_care_province_says_what_it_took_in(world):
    await world.submit(ident())
    await world.submit(ident())
    await world.submit(ident(), target_region_code="310000")
    events, _ = await world.filing_events(2, province_code=NINGXIA)
    ((foreign,), _) = await world.filing_events(1, province_code=SHANGHAI)
    said = [
        pb.FilingAcknowledgement(event_id=events[0].event_id),
        pb.FilingAcknowledgement(event_id=events[1].event_id, refused=True, reason="无此地区"),
        pb.FilingAcknowledgement(event_id=foreign.event_id),
        pb.FilingAcknowledgement(event_id=999_999),
    ]
    request_id = ident()
    results = await world.acknowledge(NINGXIA, *said, request_id=request_id)
    assert [one.event_id for one in results[:2]] == [e.event_id for e in events]
    for index in (2, 3):
        refusal = read_status(results[index].error)
        assert refusal.reason == "RESOURCE_NOT_FOUND"
        assert refusal.fields == [f"acknowledgements[{index}].event_id"]
        assert refusal.zh
    assert await world.acknowledge(NINGXIA, *said, request_id=request_id) == results
    reused = await refused(world.acknowledge(SHANGHAI, *said, request_id=request_id))
    assert reused.reason == "REQUEST_ID_REUSED"
    assert len(await world.rows("SELECT FROM filing_acknowledgement")) == 2


async def test_what_is_wrong_with_one_acknowledgement_refuses_none_of_the_others(world):
    await world.submit(ident())
    ((event,), _) = await world.filing_events(1, province_code=NINGXIA)
    results = await world.acknowledge(
        NINGXIA,
        pb.FilingAcknowledgement(),
        pb.FilingAcknowledgement(event_id=-1, refused=True),
        pb.FilingAcknowledgement(event_id=event.event_id, refused=True, reason="无\x00"),
        pb.FilingAcknowledgement(event_id=event.event_id, refused=True, reason="长" * 67),
        pb.FilingAcknowledgement(event_id=event.event_id, refused=True, reason="长" * 66),
    )
    for index, field in enumerate(["event_id", "event_id", "reason", "reason"]):
        refusal = read_status(results[index].error)
        assert refusal.reason == "FIELD_INVALID"
        assert refusal.fields == [f"acknowledgements[{index}].{field}"]
    assert results[4].event_id == event.event_id
    (row,) = await world.rows("SELECT refused, reason FROM filing_acknowledgement")
    assert row["refused"]
    # The province's own words are sealed.
    assert "长".encode() not in row["reason"]
    ring = parse_keyring_text(KEY)
    vault = Vault(FieldCipher(ring), ring)
    assert vault.open_words(row["reason"], event.event_id) == "长" * 66


async def test_no_count_is_more_than_what_it_is_a_part_of(world):
    """Whatever becomes of filings, and whatever a care province says of every event of theirs."""
    chance = random.Random(11)  # noqa: S311 - an order of events, no secret
    asked = {
        "insured_region_code": "340100",
        "channel": filing_pb2.FILING_CHANNEL_APP,
        "maker_id": "maker",
        "documents": [
            filing_pb2.EvidenceDocument(
                kind=filing_pb2.EVIDENCE_KIND_HOUSEHOLD_REGISTER, document_id="D-1"
            )
        ],
    }
    for number in range(24):
        changes = dict(asked) if number % 2 else {}
        if number % 6 == 0:
            changes["target_region_code"] = "640000"
            assert (await refused(world.submit(ident(), **changes))).reason == "FIELD_INVALID"
            continue
        kept = await world.submit(ident(), **changes)
        if kept.state == filing_pb2.FILING_STATE_PENDING and chance.random() < 0.8:
            decision = filing_rpc.DecideFilingRequest(
                request_id=ident(),
                filing_id=kept.filing_id,
                decision=chance.choice([1, 2]),
                checker_id="checker",
                reason="不符",
            )
            await world.filings.DecideFiling(decision, timeout=10)
        if chance.random() < 0.5:
            with contextlib.suppress(grpc.aio.AioRpcError):  # locked, or refused already
                await world.cancel(kept.filing_id)
    count = len(await world.rows("SELECT FROM filing_event"))
    events, _ = await world.filing_events(count, province_code=NINGXIA)
    said = [event for event in events for _ in range(3)]
    chance.shuffle(said)
    for event in said:
        refusing = chance.random() < 0.3
        one = pb.FilingAcknowledgement(event_id=event.event_id, refused=refusing)
        await world.acknowledge(NINGXIA, one)
        for row in await world.summarize():
            assert row.acknowledged_count <= row.delivered_count <= row.approved_count
            told = row.approved_count + row.refused_count + row.pending_count
            assert told <= row.submitted_count
            assert 0 <= row.success_per_mille <= 1000
    statistics = await world.summarize()
    assert sum(row.submitted_count for row in statistics) == 24
    assert all(row.delivered_count == row.approved_count > 0 for row in statistics)


async def test_how_filings_fared_is_counted(world):
    app = filing_pb2.FILING_CHANNEL_APP
    window = filing_pb2.FILING_CHANNEL_WINDOW
    for _ in range(3):
        await world.submit(ident(), channel=app)
    await world.submit(ident(), channel=app, target_region_code="310000")
    refusal = await refused(world.submit(ident(), channel=app, target_region_code="640000"))
    assert refusal.reason == "FIELD_INVALID"
    batch = filing_rpc.SubmitFilingsRequest(
        request_id=ident(),
        filings=[
            filing_pb2.Filing(),
            filing_pb2.Filing(
                person_id=ident(),
                insured_region_code="650100",
                target_region_code="650200",
                type=filing_pb2.FILING_TYPE_TEMPORARY,
                begin_date=wire.write_date(TODAY),
            ),
        ],
    )
    for _ in range(2):
        await world.filings.SubmitFilings(batch, timeout=10)
    events, _ = await world.filing_events(3, province_code=NINGXIA)
    first, second, _ = (event.event_id for event in events)
    await world.acknowledge(
        NINGXIA,
        pb.FilingAcknowledgement(event_id=first, refused=True, reason="x"),
        pb.FilingAcknowledgement(event_id=second, refused=True, reason="x"),
    )
    # What is said last counts.
    await world.acknowledge(NINGXIA, pb.FilingAcknowledgement(event_id=first))
    by_app, by_batch = await world.summarize()
    assert (by_app.insured_province_code, by_app.channel) == (XINJIANG, app)
    assert by_app.submitted_count == 5
    assert (by_app.approved_count, by_app.refused_count, by_app.pending_count) == (4, 1, 0)
    assert (by_app.delivered_count, by_app.acknowledged_count) == (3, 1)
    assert by_app.success_per_mille == 200
    assert by_batch.channel == filing_pb2.FILING_CHANNEL_PROVINCE_BATCH
    assert (by_batch.submitted_count, by_batch.refused_count) == (1, 1)
    assert by_batch.success_per_mille == 0
    (to_shanghai,) = await world.summarize(care_province_code=SHANGHAI)
    assert (to_shanghai.submitted_count, to_shanghai.delivered_count) == (1, 0)
    assert not await world.summarize(insured_province_code=NINGXIA)
    assert window not in {by_app.channel, by_batch.channel}
    columns = await world.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'refused_submission'"
    )
    assert "person_id" not in {row["column_name"] for row in columns}


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [((2026, 3, 2), (2026, 3, 1), "end_date"), ((2026, 1, 1), (2027, 1, 3), "end_date")],
)
async def test_days_that_mean_nothing_are_refused(world, first, last, field):
    request = pb.SummarizeFilingsRequest()
    request.begin_date.year, request.begin_date.month, request.begin_date.day = first
    request.end_date.year, request.end_date.month, request.end_date.day = last
    refusal = await refused(world.feeds.SummarizeFilings(request, timeout=10))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", [field])


async def test_no_event_is_skipped_or_doubled_while_many_file_at_once(world):
    async def file(number):
        kept = []
        for _ in range(6):
            kept.append((await world.submit(ident())).filing_id)
            if number % 2:
                await world.cancel(kept[-1])
        return kept

    stream = world.feeds.SubscribeFilings(pb.SubscribeFilingsRequest(province_code=NINGXIA))
    following = asyncio.create_task(take(stream, 6 * 6 + 3 * 6))
    made = await asyncio.gather(*(file(number) for number in range(6)))
    events, _ = await following
    seen = [(event.filing.filing_id, event.filing.state) for event in events]
    live, gone = filing_pb2.FILING_STATE_LIVE, filing_pb2.FILING_STATE_CANCELLED
    wanted = [(one, live) for kept in made for one in kept]
    wanted += [(one, gone) for kept in made[1::2] for one in kept]
    assert sorted(seen) == sorted(wanted)
    assert len({event.event_id for event in events}) == len(events)
