"""Goal: a region's limits hold for every call, and each call is counted for what it was.

Method: a Region before a stub that answers as the test says; no network.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest

from services.kit import call as calls
from services.kit.deadline import DeadlineTooShortError
from services.kit.errors import RuleForbids, Unavailable
from services.kit.routes import Route
from services.settlement import round_trips
from services.settlement.regions import NotAskedError, Region, Regions, recovering
from tests.support.regions import sample

PROVINCE = "650000"


@dataclass
class MovedClock:
    """Both kinds of time are the test's."""

    seconds: float = 1000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class Stub:
    """Answers "ok", raises what it holds, or waits until it is let go."""

    error: Exception | None = None
    holds: bool = False
    asked: int = 0
    go: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def Commit(self) -> Any:
        return _Method(self)


class _Method:
    _method = b"/yijie.benefits.v1.BenefitsService/Commit"

    def __init__(self, stub: Stub) -> None:
        self._stub = stub

    async def __call__(self, _request: Any, **_settings: Any) -> str:
        self._stub.asked += 1
        if self._stub.holds:
            await self._stub.go.wait()
        if self._stub.error is not None:
            raise self._stub.error
        return "ok"


class Silence(grpc.aio.AioRpcError):
    """A call that nobody answered."""

    def __init__(self) -> None:
        super().__init__(grpc.StatusCode.DEADLINE_EXCEEDED, (), ())


def region_of(stub: Stub, clock: MovedClock | None = None, **options: Any) -> Region:
    route = Route(target="nowhere", **{"failures_max": 2, "pause_s": 5.0, **options})
    return Region(PROVINCE, route, stub, timeout_s=0.4, clock=clock or MovedClock())


async def silent(region: Region, times: int) -> None:
    for _ in range(times):
        with pytest.raises(Unavailable):
            await region.call("Commit", None)


async def test_a_region_that_does_not_answer_is_spared_for_a_while():
    stub, clock = Stub(error=Silence()), MovedClock()
    region = region_of(stub, clock)
    await silent(region, 2)
    refused = sample("yijie_settlement_region_refused_total", insured_region=PROVINCE, cause="open")
    clock.seconds += 3
    with pytest.raises(Unavailable) as refusal:
        region.reserve()
    with pytest.raises(Unavailable):
        region.require_open()
    assert stub.asked == 2
    assert refusal.value.reason == "INSURED_REGION_UNAVAILABLE"
    assert refusal.value.retry_after_ms == 2000
    assert refusal.value.metadata == {"insuredRegionCode": PROVINCE}
    assert not isinstance(refusal.value, NotAskedError), "its silence was heard"
    assert (
        sample("yijie_settlement_region_refused_total", insured_region=PROVINCE, cause="open")
        == refused + 2
    )
    assert sample("yijie_settlement_region_breaker", insured_region=PROVINCE) == 2
    clock.seconds += 2
    region.require_open()
    stub.error = None
    assert await region.call("Commit", None) == "ok"
    assert sample("yijie_settlement_region_breaker", insured_region=PROVINCE) == 0


async def test_a_refusal_is_an_answer():
    stub = Stub(error=Silence())
    region = region_of(stub)
    await silent(region, 1)
    for _ in range(2):
        stub.error = RuleForbids("POLICY_NOT_COVERED", "no")
        with pytest.raises(RuleForbids):
            await region.call("Commit", None)
        stub.error = Silence()
        await silent(region, 1)
    with region.reserve():
        pass


async def test_one_call_finds_out_and_the_others_are_told_to_wait():
    stub, clock = Stub(error=Silence()), MovedClock()
    region = region_of(stub, clock)
    await silent(region, 2)
    clock.seconds += 5
    stub.error, stub.holds = None, True
    probe = asyncio.ensure_future(region.call("Commit", None))
    await asyncio.sleep(0)
    with pytest.raises(NotAskedError):
        region.reserve()
    stub.go.set()
    assert await probe == "ok"
    assert await region.call("Commit", None) == "ok"


async def test_a_probe_whose_caller_hung_up_leaves_the_turn_to_the_next():
    stub, clock = Stub(error=Silence()), MovedClock()
    region = region_of(stub, clock)
    await silent(region, 2)
    clock.seconds += 5
    stub.error, stub.holds = None, True
    probe = asyncio.ensure_future(region.call("Commit", None))
    await asyncio.sleep(0)
    probe.cancel()
    await asyncio.wait([probe])
    stub.holds = False
    assert await region.call("Commit", None) == "ok"


async def test_a_place_that_was_not_used_is_no_probe_either():
    stub, clock = Stub(error=Silence()), MovedClock()
    region = region_of(stub, clock)
    await silent(region, 2)
    clock.seconds += 5
    with region.reserve():
        pass
    stub.error = None
    assert await region.call("Commit", None) == "ok"


async def test_windows_and_recovery_have_places_apart():
    stub = Stub(holds=True)
    region = region_of(stub, calls_max=4)
    windows = [asyncio.ensure_future(region.call("Commit", None)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(NotAskedError) as refusal:
        region.reserve()
    assert refusal.value.reason == "INSURED_REGION_UNAVAILABLE"
    assert refusal.value.retry_after_ms > 0
    with recovering():
        mending = asyncio.ensure_future(region.call("Commit", None))
        await asyncio.sleep(0)
        with pytest.raises(NotAskedError):
            region.reserve()
    labels = {"insured_region": PROVINCE}
    assert sample("yijie_settlement_region_in_flight", **labels, lane="window") == 3
    assert sample("yijie_settlement_region_in_flight", **labels, lane="recovery") == 1
    assert stub.asked == 4
    stub.go.set()
    assert await asyncio.gather(*windows, mending) == ["ok"] * 4
    assert sample("yijie_settlement_region_in_flight", **labels, lane="window") == 0
    assert sample("yijie_settlement_region_in_flight", **labels, lane="recovery") == 0


async def test_who_has_a_place_is_not_refused_for_want_of_one():
    stub = Stub()
    region = region_of(stub, calls_max=2)
    with region.reserve():
        with pytest.raises(NotAskedError):
            region.reserve()
        assert await region.call("Commit", None) == "ok"
        # A second call in the same place counts for one, and the breaker is asked anew.
        assert await region.call("Commit", None) == "ok"
    with region.reserve():
        pass


async def test_who_has_a_place_may_ask_though_the_breaker_opened_since():
    stub = Stub(error=Silence())
    region = region_of(stub)
    place = region.reserve()
    await silent(region, 2)
    stub.error = None
    with place:
        assert await region.call("Commit", None) == "ok"
        with pytest.raises(Unavailable):
            await region.call("Commit", None)


async def test_a_place_is_with_one_region():
    region, other = region_of(Stub()), region_of(Stub(), calls_max=2)
    with region.reserve(), other.reserve(), region.reserve():
        with pytest.raises(NotAskedError):
            await other.call("Commit", None)
        assert await region.call("Commit", None) == "ok"


async def test_a_call_that_was_given_too_little_time_proves_nothing():
    stub = Stub(error=Silence())
    region = region_of(stub)
    token = calls.current.set(calls.Call("/x", 0.0, deadline=time.monotonic() + 0.15))
    try:
        await silent(region, 4)
    finally:
        calls.current.reset(token)
    assert stub.asked == 4
    token = calls.current.set(calls.Call("/x", 0.0, deadline=time.monotonic()))
    try:
        with pytest.raises(DeadlineTooShortError):
            await region.call("Commit", None)
    finally:
        calls.current.reset(token)
    stub.error = None
    assert await region.call("Commit", None) == "ok"


def test_provinces_behind_one_endpoint_have_limits_of_their_own():
    regions = Regions(
        {"*": Route(target="a:1", calls_max=2), "650000": Route(target="b:2", calls_max=2)},
        {"*": grpc_channel(), "650000": grpc_channel()},
        timeout_s=0.4,
        clock=MovedClock(),
    )
    assert regions.of("650100") is regions.of("650000")
    assert regions.of("131100") is not regions.of("110000")
    regions.require_open("330100")
    with regions.of("131100").reserve():
        with pytest.raises(NotAskedError):
            regions.require_open("130100")
        regions.require_open("110000")
        with regions.of("110000").reserve():
            pass
        with pytest.raises(NotAskedError):
            regions.of("130100").reserve()


def test_where_no_route_leads_nobody_is_asked():
    regions = Regions({}, {}, timeout_s=0.4, clock=MovedClock())
    with pytest.raises(RuleForbids) as refusal:
        regions.of("650100")
    assert refusal.value.reason == "POLICY_NOT_COVERED"


class _Channel:
    def unary_unary(self, *_arguments: Any, **_settings: Any) -> Any:
        return None


def grpc_channel() -> Any:
    """A channel that nothing is sent through."""
    return _Channel()


async def test_a_round_trip_learns_how_long_the_region_took():
    clock = MovedClock()

    class Slow(Stub):
        @property
        def Commit(self) -> Any:
            clock.seconds += 0.3
            return super().Commit

    trip = round_trips.Trip()
    call = calls.Call(method="/yijie.test/Call", started=0.0)
    token, of_call = round_trips.current.set(trip), calls.current.set(call)
    try:
        await region_of(Slow(), clock).call("Commit", None)
        with pytest.raises(Unavailable):
            await region_of(Slow(error=Silence()), clock).call("Commit", None)
    finally:
        calls.current.reset(of_call)
        round_trips.current.reset(token)
    assert trip.region_s == pytest.approx(0.6)
    # What admission holds apart from our own time, too.
    assert call.abroad_s == pytest.approx(0.6)
