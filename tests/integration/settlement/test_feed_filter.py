"""Goal: a province gets what concerns it, all of it, in order, and pays for nothing else."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict

import pytest

from services.settlement import feed_store
from tests.integration.settlement.outbox import (
    BEIJING,
    NINGXIA,
    SHANGHAI,
    XINJIANG,
    append,
    append_foreign,
    last_cursor,
    reading,
)
from tests.integration.settlement.world import eventually, raw
from tests.support.rpc import refused
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = pytest.mark.postgres

CARE, INSURED = pb.REGION_ROLE_CARE, pb.REGION_ROLE_INSURED
SETTLED, REVERSED = pb.EVENT_KIND_SETTLED, pb.EVENT_KIND_REVERSED
PAIRS = (
    (NINGXIA, XINJIANG),
    (XINJIANG, NINGXIA),
    (BEIJING, SHANGHAI),
    (NINGXIA, BEIJING),
    (SHANGHAI, XINJIANG),
)


@pytest.mark.parametrize(
    ("request_", "concerned"),
    [
        ({}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ({"region_code": NINGXIA}, [0, 1, 3, 5, 6, 8]),
        ({"region_code": NINGXIA, "region_role": CARE}, [0, 3, 5, 8]),
        ({"region_code": NINGXIA, "region_role": INSURED}, [1, 6]),
        ({"region_code": XINJIANG, "region_role": INSURED}, [0, 4, 5, 9]),
        ({"region_code": "660000"}, []),
        ({"kinds": [REVERSED]}, [5, 6, 7, 8, 9]),
        ({"kinds": [SETTLED, REVERSED]}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ({"region_code": NINGXIA, "kinds": [SETTLED]}, [0, 1, 3]),
        ({"region_code": BEIJING, "region_role": CARE, "kinds": [REVERSED]}, [7]),
    ],
)
async def test_what_is_given(world, request_, concerned):
    world.is_tampered = True
    async with raw(world.dsn) as connection:
        ids = [
            await append(connection, world.clock.now(), care=care, insured=insured, kind=kind)
            for kind in ("SETTLED", "REVERSED")
            for care, insured in PAIRS
        ]
        end = await last_cursor(connection)
    async with reading(world.stub, **request_) as reader:
        await reader.has(len(concerned))
        await reader.signs(2)
    assert reader.ids == [ids[index] for index in concerned]
    # Over what does not concern it the cursor moved too.
    assert reader.cursor == end
    async with reading(world.stub, after_cursor=end, **request_) as again:
        await again.signs(2)
    assert again.events == []


async def test_of_a_real_settlement_both_sides_hear(world):
    settlement = (await world.settle()).settlement
    await world.reverse(settlement_id=settlement.settlement_id)
    for filters in (
        {"region_code": NINGXIA, "region_role": CARE},
        {"region_code": XINJIANG, "region_role": INSURED},
    ):
        async with reading(world.stub, **filters) as reader:
            await reader.has(2)
        assert [event.kind for event in reader.events] == [SETTLED, REVERSED]
    for filters in (
        {"region_code": NINGXIA, "region_role": INSURED},
        {"region_code": XINJIANG, "region_role": CARE},
        {"region_code": BEIJING},
    ):
        async with reading(world.stub, **filters) as reader:
            await reader.signs(2)
        assert reader.events == []


@pytest.mark.parametrize(
    ("request_", "reason", "field"),
    [
        ({"region_role": CARE}, "FIELD_INVALID", "region_role"),
        ({"region_role": 9, "region_code": NINGXIA}, "FIELD_INVALID", "region_role"),
        ({"region_code": "640100"}, "FIELD_INVALID", "region_code"),
        ({"region_code": "160000"}, "REGION_UNKNOWN", "region_code"),
        ({"kinds": [0]}, "FIELD_INVALID", "kinds[0]"),
        ({"kinds": [SETTLED, SETTLED]}, "FIELD_INVALID", "kinds"),
        ({"kinds": [7]}, "FIELD_INVALID", "kinds[0]"),
    ],
)
async def test_filters_that_mean_nothing(module_world, request_, reason, field):
    stream = module_world.stub.Subscribe(pb.SubscribeRequest(**request_))
    refusal = await refused(stream.read())
    assert (refusal.code, refusal.reason, refusal.fields) == ("INVALID_ARGUMENT", reason, [field])


async def test_a_long_way_through_what_concerns_others(world):
    """One statement looks at so many rows and no more, and the way once gone is not gone again."""
    world.is_tampered = True
    count = 2 * feed_store.SCANNED_MAX + 100
    now = world.clock.now()
    async with raw(world.dsn) as connection:
        first = await append(connection, now)
        await append_foreign(connection, now, count)
        second = await append(connection, now, kind="REVERSED")
        await append_foreign(connection, now, count)
        end = await last_cursor(connection)
        async with reading(world.stub, region_code=NINGXIA) as reader:
            await reader.has(2)
            await reader.signs(2)
        assert reader.ids == [first, second]
        assert reader.cursor == end
    async with reading(world.stub, region_code=NINGXIA, after_cursor=reader.cursor) as again:
        await again.signs(2)
    assert again.events == []
    assert again.responses[-1].lag_ms == 0


class Writers:
    """Transactions of many provinces, each held open for a random time before it commits."""

    def __init__(self, world, seed):
        self._world = world
        self.random = random.Random(seed)  # noqa: S311 - a repeatable plan
        self.by_person = defaultdict(list)
        self.by_region = defaultdict(set)

    async def append(self, connection, person, care, insured, kind="SETTLED"):
        key = await append(
            connection,
            self._world.clock.now(),
            person=person,
            care=care,
            insured=insured,
            kind=kind,
        )
        self.by_person[person].append(key)
        self.by_region[care].add(key)
        self.by_region[insured].add(key)
        return key

    async def write(self, person, care, insured):
        async with raw(self._world.dsn) as connection:
            for kind in ("SETTLED", "REVERSED") * 4:
                async with connection.transaction():
                    # Neither the order of the transactions nor that of the sequence is that of the
                    # commits, and the two are not the same.
                    await connection.fetchval("SELECT pg_current_xact_id()")
                    await asyncio.sleep(self.random.choice((0, 0.002, 0.02)))
                    await self.append(connection, person, care, insured, kind)
                    await asyncio.sleep(self.random.choice((0, 0, 0.002, 0.01, 0.05)))

    async def follow(self, got, region):
        """Reads in short sessions, each from where the one before ended."""
        cursor = ""
        while True:
            request = pb.SubscribeRequest(after_cursor=cursor, region_code=region)
            stream = self._world.stub.Subscribe(request)
            for _ in range(self.random.randint(2, 4)):
                response = await stream.read()
                got += [event.settlement for event in response.events]
                cursor = response.cursor
            stream.cancel()


@pytest.mark.parametrize("seed", [1, 2])
async def test_concurrent_commits_leave_no_gap_and_keep_the_order_of_each_person(world, seed):
    """What is given, to whomever and through however many sessions, is what was committed, each
    event once, in one order for all, which for each person is the order in which it happened."""
    world.is_tampered = True
    writers = Writers(world, seed)
    got = {region: [] for region in ("", NINGXIA, XINJIANG, BEIJING, SHANGHAI)}
    following = [asyncio.create_task(writers.follow(*one[::-1])) for one in got.items()]
    try:
        async with raw(world.dsn) as slow:
            # The first of all to begin is the last to commit.
            held = slow.transaction()
            await held.start()
            late = await writers.append(slow, "late", NINGXIA, XINJIANG)
            await asyncio.gather(*(writers.write(f"p{one}", *PAIRS[one % 5]) for one in range(6)))
            await asyncio.sleep(0.2)
            assert not any(got.values())
            await held.commit()
        # Now they are read while they are written.
        await asyncio.gather(*(writers.write(f"p{one}", *PAIRS[one % 5]) for one in range(6, 18)))
        wanted = {region: len(writers.by_region[region]) for region in got} | {"": 145}

        async def all_is_given():
            return {region: len(into) for region, into in got.items()} == wanted

        await eventually(all_is_given)
        await asyncio.sleep(0.3)
    finally:
        for task in following:
            task.cancel()
        await asyncio.wait(following)
    order = [settlement.settlement_id for settlement in got[""]]
    assert (order[0], len(set(order)), len(order)) == (late, 145, 145)
    for region, into in got.items():
        concerned = writers.by_region[region] if region else set(order)
        assert [one.settlement_id for one in into] == [key for key in order if key in concerned]
    for person, keys in writers.by_person.items():
        assert [one.settlement_id for one in got[""] if one.person_id == person] == keys
