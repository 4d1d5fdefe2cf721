"""LoadPersons as a stream: clients that break off, never read, come in crowds; cards in batches."""

import asyncio
import functools

import pytest

from services.identity import person_loading
from services.identity.servicer import LOADS_MAX
from tests.integration.identity.world import (
    CARD,
    batch,
    day,
    insurance,
    person_card,
    person_number,
    row,
)
from tests.support.eventually import eventually
from tests.support.rpc import read_status, refused
from yijie.identity.v1 import identity_service_pb2 as pb
from yijie.identity.v1 import person_pb2

pytestmark = pytest.mark.postgres

LOST = person_pb2.CARD_STATE_LOST


def results(answer):
    return [read_status(r.error).reason if r.HasField("error") else "" for r in answer.results]


async def counted(world):
    """Persons, cards, changes of cards."""
    found = await world.rows(
        "SELECT (SELECT count(*) FROM identity.person) AS persons,"
        " (SELECT count(*) FROM identity.card) AS cards,"
        " (SELECT count(*) FROM identity.card_state_change) AS changes"
    )
    return tuple(found[0])


async def test_a_client_that_never_reads_is_not_served_without_end(world):
    """Answers wait for their reader, and requests for the answers: memory stays bounded."""
    await world.register()
    call = world.stub.LoadPersons()
    sent = []

    async def send():
        for _ in range(300):
            message = batch(*[pb.PersonRow()] * 200)  # each refused row has a long answer
            await call.write(message)
            sent.append(message.request_id)

    sending = asyncio.create_task(send())
    try:
        await eventually(functools.partial(_stands, world))
        answered = await world.rows("SELECT FROM identity.request")
        assert len(answered) < 150
        await world.verify()  # others are served
        # It goes on where the client does.
        assert (await call.read()).request_id == sent[0]
        for _ in range(len(answered)):
            assert len((await call.read()).results) == 200
    finally:
        sending.cancel()
        call.cancel()


async def _stands(world):
    before = await world.rows("SELECT count(*) FROM identity.request")
    await asyncio.sleep(0.5)
    assert before[0]["count"]
    assert await world.rows("SELECT count(*) FROM identity.request") == before


async def test_a_stream_that_breaks_between_commit_and_answer_goes_on(world):
    first = batch(row(1, person_card("A00000001")))
    call = world.stub.LoadPersons()
    await call.write(first)

    async def committed():
        assert await world.rows("SELECT FROM identity.request")

    await eventually(committed)
    call.cancel()
    answers = await world.load(first, batch(row(2, person_card("A00000002"))))
    assert [results(answer) for answer in answers] == [[""], [""]]
    (held,) = await world.rows(
        "SELECT person_id::text FROM identity.card ORDER BY create_time LIMIT 1"
    )
    assert answers[0].results[0].key == held["person_id"]
    assert await counted(world) == (2, 2, 2)


async def test_loads_leave_connections_for_the_windows(world, monkeypatch):
    """More streams than the pool has connections: a verification waits for none of them."""
    at_work, peak, go_on = set(), [], asyncio.Event()
    load_persons = person_loading.load_persons

    async def slow(*arguments, **options):
        at_work.add(asyncio.current_task())
        peak.append(len(at_work))
        await go_on.wait()
        at_work.discard(asyncio.current_task())
        return await load_persons(*arguments, **options)

    await world.register()
    monkeypatch.setattr(person_loading, "load_persons", slow)
    loads = [asyncio.create_task(world.load(batch(row(n)))) for n in range(8)]

    async def at_it():
        assert len(at_work) == LOADS_MAX

    await eventually(at_it)
    await asyncio.gather(*(world.verify() for _ in range(4)))
    go_on.set()
    answers = await asyncio.gather(*loads)
    assert [results(answer) for (answer,) in answers] == [[""]] * 8
    assert max(peak) == LOADS_MAX


async def test_a_card_in_two_batches_stays_its_first_holders(world):
    first, second = await world.load(
        batch(row(1, person_card(CARD)), row(2, person_card(CARD))),
        batch(row(3, person_card(CARD)), row(1, person_card(CARD, state=LOST))),
    )
    assert results(first) == ["", "PERSON_MISMATCH"]
    assert results(second) == ["PERSON_MISMATCH", ""]
    assert first.results[0].key == second.results[1].key
    # A row is whole or not at all: those whose card was another's are not held either.
    assert await counted(world) == (1, 1, 2)


async def test_an_insurance_that_ends_is_no_longer_in_force(world):
    number = person_number(1).cert_number
    await world.load(batch(row(1, insurances=[insurance()])))
    await world.verify(number=number, business_date=day(2026, 11, 20))
    ended = insurance(end_date=day(2026, 11, 19))
    await world.load(batch(row(1, insurances=[ended])))
    refusal = await refused(world.verify(number=number, business_date=day(2026, 11, 20)))
    assert refusal.reason == "INSURANCE_NOT_IN_FORCE"
    await world.verify(number=number, business_date=day(2026, 11, 19))
