"""Signals out of the access log: each once, in order, without gaps; the feed goes on."""

import asyncio
import contextlib

import asyncpg
import pytest

from services.identity import signal_detector
from services.identity.signal_detector import Detector
from services.identity.signal_rules import load_signal_rules
from services.kit.config import load
from services.kit.db import DatabaseConfig, open_database
from tests.integration.identity.world import CARD, HOSPITAL, SetClock, opening
from tests.support.eventually import eventually
from tests.support.rpc import TIMEOUT_S, refused
from yijie.identity.v1 import access_pb2, person_pb2
from yijie.identity.v1 import access_service_pb2 as pb
from yijie.identity.v1 import access_service_pb2_grpc as rpc
from yijie.identity.v1 import identity_service_pb2 as identity_pb

pytestmark = pytest.mark.postgres

URUMQI = "H65010200001"
BY_CARD = person_pb2.CREDENTIAL_TYPE_CARD
INSERT = """
INSERT INTO identity.access (access_time, method, caller_region_code, caller_role, purpose,
                             person_id, institution_code, outcome)
VALUES ($1, 'VerifyCredential', '', '', 1, $2, $3, $4) RETURNING access_id"""
SOMEBODY = "00000000-0000-0000-0000-000000000001"


@contextlib.asynccontextmanager
async def following(world, after=""):
    """Collects what the feed gives while the block runs."""
    stub = rpc.AccessServiceStub(world.channel)
    responses = []

    async def read():
        request = pb.SubscribeSignalsRequest(after_cursor=after)
        async for response in stub.SubscribeSignals(request):
            responses.append(response)  # noqa: PERF401 - read while it grows

    task = asyncio.create_task(read())
    try:
        yield responses
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def events(responses):
    return [event for response in responses for event in response.events]


async def given(responses, count):
    async def probe():
        assert len(events(responses)) >= count

    await eventually(probe)
    return [event.signal for event in events(responses)]


async def test_two_distant_places_and_a_lost_card_reach_the_feed(world):
    person_id = await world.register()
    await world.give_card(person_id)
    await world.open_hospital(openings=[opening("21")])
    await world.open_hospital(institution_code=URUMQI, region_code="650102")
    first = world.clock.now()
    async with following(world) as responses:
        await world.verify(institution_code=HOSPITAL)
        world.clock.pass_time(minutes=10)
        await world.verify(institution_code=URUMQI)
        world.clock.pass_time(minutes=1)
        (distant,) = await given(responses, 1)
        await world.give_card(person_id, state=person_pb2.CARD_STATE_LOST)
        for _ in range(2):
            await refused(world.verify(BY_CARD, CARD, institution_code=URUMQI))
        world.clock.pass_time(minutes=1)
        _, lost = await given(responses, 2)
    assert distant.kind == access_pb2.SIGNAL_KIND_DISTANT_PLACES
    assert distant.person_id == lost.person_id == person_id
    assert list(distant.institution_codes) == [HOSPITAL, URUMQI]
    assert 1600 < distant.distance_km < 1750
    assert distant.first_time.ToDatetime() == first.replace(tzinfo=None)
    assert lost.kind == access_pb2.SIGNAL_KIND_LOST_CARD_SHOWN
    assert (list(lost.institution_codes), lost.use_count) == ([URUMQI], 2)


async def test_a_token_shown_elsewhere_after_its_use(world):
    person_id = await world.register()
    await world.open_hospital(openings=[opening("21")])
    await world.open_hospital(institution_code=URUMQI, region_code="650102")
    issued = await world.stub.IssueCredentialToken(
        identity_pb.IssueCredentialTokenRequest(person_id=person_id), timeout=TIMEOUT_S
    )
    kind = person_pb2.CREDENTIAL_TYPE_E_CREDENTIAL
    async with following(world) as responses:
        await world.verify(kind, issued.token, institution_code=HOSPITAL, use_id=SOMEBODY)
        refusal = await refused(world.verify(kind, issued.token, institution_code=URUMQI))
        assert refusal.reason == "CREDENTIAL_USED"
        world.clock.pass_time(minutes=1)
        (signal,) = await given(responses, 1)
    assert signal.kind == access_pb2.SIGNAL_KIND_TOKEN_REPLAYED
    assert list(signal.institution_codes) == [URUMQI]


async def test_a_refused_patient_was_at_no_place(world):
    # The record contradicts the claim: what SQL logged as OK is corrected before it is looked at.
    await world.register()
    await world.open_hospital(openings=[opening("21")])
    await world.open_hospital(institution_code=URUMQI, region_code="650102")
    await world.verify(institution_code=HOSPITAL)
    await refused(world.verify(sex=1, institution_code=URUMQI))
    world.clock.pass_time(minutes=1)

    async def looked_at():
        (row,) = await world.rows("""
            SELECT (SELECT max(access_id) FROM identity.access) =
                   (SELECT access_id FROM identity.signal_cursor) AS all""")
        assert row["all"]

    await eventually(looked_at)
    assert await world.rows("SELECT FROM identity.signal") == []


async def test_the_feed_goes_on_after_its_cursor(world):
    for n in range(3):
        await world.rows(INSERT, world.clock.now(), SOMEBODY, f"H6401040000{n}", "CARD_LOST")
    world.clock.pass_time(minutes=1)
    async with following(world) as responses:
        await given(responses, 3)
    cursor = responses[-1].cursor
    await world.rows(INSERT, world.clock.now(), SOMEBODY, HOSPITAL, "CREDENTIAL_USED")
    world.clock.pass_time(minutes=1)
    async with following(world, cursor) as responses:
        (signal,) = await given(responses, 1)
    assert signal.kind == access_pb2.SIGNAL_KIND_TOKEN_REPLAYED


@pytest.mark.parametrize(
    ("cursor", "reason"), [("x", "CURSOR_INVALID"), ("999999999.1", "CURSOR_IN_FUTURE")]
)
async def test_a_cursor_that_was_never_given(world, cursor, reason):
    stub = rpc.AccessServiceStub(world.channel)
    stream = stub.SubscribeSignals(
        pb.SubscribeSignalsRequest(after_cursor=cursor), timeout=TIMEOUT_S
    )
    assert (await refused(stream.read())).reason == reason


@pytest.fixture
async def detecting(dsn):
    """Two detectors of two replicas that are not running, a connection beside them, and a clock."""
    clock = SetClock()
    config = load(DatabaseConfig, {"YIJIE_DSN": dsn, "YIJIE_DB_POOL_SIZE_MAX": "4"})
    async with open_database(config, "identity") as database:
        connection = await asyncpg.connect(dsn)
        try:
            replicas = [
                Detector(database, clock, load_signal_rules(), interval_s=1, settle_s=2)
                for _ in range(2)
            ]
            yield replicas, connection, clock
        finally:
            await connection.close()


async def signals(connection):
    return await connection.fetch("SELECT * FROM identity.signal ORDER BY sequence")


async def test_replicas_and_repeats_raise_each_signal_once(detecting):
    replicas, connection, clock = detecting
    for n in range(6):
        await connection.fetch(INSERT, clock.now(), SOMEBODY, f"H6401040000{n}", "OK")
        clock.pass_time(minutes=1)
        await asyncio.gather(*(replica.look() for replica in replicas))
    # From the beginning again, as after a cursor that was set back.
    await connection.execute(
        "UPDATE identity.signal_cursor SET transaction_id = '0', access_id = 0"
    )
    await asyncio.gather(*(replica.look() for replica in replicas))
    (signal,) = await signals(connection)
    assert (signal["kind"], signal["occasion"]) == ("MANY_INSTITUTIONS", "2026-11-21")


async def test_what_commits_late_is_not_missed(detecting, dsn):
    (replica, _), connection, clock = detecting
    late = await asyncpg.connect(dsn)
    try:
        transaction = late.transaction()
        await transaction.start()
        await late.fetch(INSERT, clock.now(), SOMEBODY, HOSPITAL, "CARD_LOST")
        await connection.fetch(INSERT, clock.now(), SOMEBODY, URUMQI, "CARD_LOST")
        clock.pass_time(minutes=1)
        # The later access is committed first, and stays behind the one that is not.
        assert await replica.look() == 0
        await transaction.commit()
    finally:
        await late.close()
    assert await replica.look() == 2
    assert len(await signals(connection)) == 2


async def test_an_access_is_left_until_its_outcome_is_decided(detecting):
    (replica, _), connection, clock = detecting
    await connection.fetch(INSERT, clock.now(), SOMEBODY, HOSPITAL, "CARD_LOST")
    assert await replica.look() == 0
    clock.pass_time(seconds=3)
    assert await replica.look() == 1
    assert await replica.look() == 0


async def test_a_pass_that_breaks_off_leaves_nothing(detecting, monkeypatch):
    (replica, _), connection, clock = detecting
    await connection.fetch(INSERT, clock.now(), SOMEBODY, HOSPITAL, "CARD_LOST")
    clock.pass_time(minutes=1)

    async def fails(*_):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(signal_detector.signal_store, "move_cursor", fails)
        with pytest.raises(RuntimeError):
            await replica.look()
    assert await signals(connection) == []
    assert await replica.look() == 1
    assert len(await signals(connection)) == 1


async def test_batches_join_over_their_seams(detecting, monkeypatch):
    (replica, _), connection, clock = detecting
    monkeypatch.setattr(signal_detector, "BATCH", 2)
    for n in range(7):
        await connection.fetch(INSERT, clock.now(), SOMEBODY, f"H6401040000{n}", "OK")
    clock.pass_time(minutes=1)
    looked_at = [await replica.look() for _ in range(4)]
    assert looked_at == [2, 2, 2, 1]
    (signal,) = await signals(connection)
    assert signal["kind"] == "MANY_INSTITUTIONS"


async def test_an_access_with_a_lower_id_in_a_later_transaction_is_joined_too(detecting):
    """Ids and transactions are given out apart: their orders may differ."""
    (replica, _), connection, clock = detecting
    for access_id, place in ((10, HOSPITAL), (9, URUMQI)):
        await connection.fetch(
            """INSERT INTO identity.access (access_id, access_time, method, caller_region_code,
                                            caller_role, purpose, person_id, institution_code,
                                            outcome)
               OVERRIDING SYSTEM VALUE
               VALUES ($1, $2, 'VerifyCredential', '', '', 1, $3, $4, 'OK')""",
            access_id,
            clock.now(),
            SOMEBODY,
            place,
        )
        clock.pass_time(minutes=1)
        assert await replica.look() == 1
    (signal,) = await signals(connection)
    assert signal["kind"] == "DISTANT_PLACES"


async def test_enquiries_hide_no_showing(detecting):
    """However often agencies ask about a person in between, two distant places are a signal."""
    (replica, _), connection, clock = detecting
    await connection.fetch(INSERT, clock.now(), SOMEBODY, HOSPITAL, "OK")
    await connection.execute(
        """INSERT INTO identity.access (access_time, method, caller_region_code, caller_role,
                                        purpose, person_id, outcome)
           SELECT $1, 'CheckInsurances', '', '', 4, $2, 'OK' FROM generate_series(1, 1500)""",
        clock.now(),
        SOMEBODY,
    )
    clock.pass_time(minutes=1)
    while await replica.look():
        pass
    await connection.fetch(INSERT, clock.now(), SOMEBODY, URUMQI, "OK")
    clock.pass_time(minutes=1)
    assert await replica.look() == 1
    (signal,) = await signals(connection)
    assert signal["kind"] == "DISTANT_PLACES"
