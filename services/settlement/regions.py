"""How insured regions are asked, so that a slow one hurts only itself: docs/adr/0009-regions.md.

Each insured province has its own deadline, its own places for calls in flight and its own circuit
breaker, also where several share an endpoint. Who is going to ask a region later takes the place
now, because after the intent is written a region that is found full is a bill left open:

    place = regions.of("650100").reserve()    # or INSURED_REGION_UNAVAILABLE, nothing is written
    with place:
        ...                                   # write the intent
        await regions.of("650100").call("Commit", request)    # has its place

Without a place of its own a call takes one for as long as it lasts. Recovery has places apart from
those of the windows, so that neither waits for the other.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from contextvars import ContextVar, Token
from enum import Enum
from types import TracebackType
from typing import Any, Final, Self

import grpc

from services.kit import codes
from services.kit.breaker import Breaker, Limits, NotLetThroughError, State, Ticket
from services.kit.call import note_abroad
from services.kit.channel import Callee, NotServedError
from services.kit.clock import Clock
from services.kit.deadline import budget_s
from services.kit.errors import DomainError, Overloaded, RuleForbids, Unavailable
from services.kit.log import get_logger
from services.kit.routes import EVERY_REGION, Route
from services.settlement import metrics, round_trips
from yijie.benefits.v1 import benefits_service_pb2_grpc

REASON: Final = "INSURED_REGION_UNAVAILABLE"
_RETRY_MS: Final = 1000
_RECOVERY_SHARE: Final = 8
"""One place in so many is recovery's."""
_PAUSES_MAX: Final = 10
"""The longest pause before a silent region is asked again, in first pauses."""
_FAIR_SHARE: Final = 0.5
"""A call that is given less of the region's deadline proves nothing when it is not answered."""
_OPTIONAL: Final = frozenset({"EstimateBenefit", "CheckDisease", "GetAccumulators"})
"""Questions that a province may not have come to yet: it settles all the same."""
_STATE_NUMBERS: Final = {State.CLOSED: 0, State.HALF_OPEN: 1, State.OPEN: 2}


class Lane(Enum):
    """Whose calls they are; each lane has places of its own."""

    WINDOW = "window"
    RECOVERY = "recovery"


class NotAskedError(Unavailable):
    """The region was not asked, for want of a place: this says nothing of the region."""


_lane: ContextVar[Lane] = ContextVar("yijie_region_lane", default=Lane.WINDOW)
_held: ContextVar[Place | None] = ContextVar("yijie_region_place", default=None)


@contextlib.contextmanager
def recovering() -> Iterator[None]:
    """Calls in the block take the places of recovery."""
    token = _lane.set(Lane.RECOVERY)
    try:
        yield
    finally:
        _lane.reset(token)


class Place:
    """The right to ask a region once, held from `reserve` until the block is left."""

    __slots__ = ("_lane", "_region", "_ticket", "_token")

    def __init__(self, region: Region, lane: Lane, ticket: Ticket) -> None:
        self._region = region
        self._lane = lane
        self._ticket: Ticket | None = ticket
        self._token: Token[Place | None] | None = None

    def __enter__(self) -> Self:
        self._token = _held.set(self)
        return self

    def __exit__(
        self,
        _raised: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._token is not None:
            _held.reset(self._token)
        self._region.leave(self._lane, self._ticket)

    def is_of(self, region: Region) -> bool:
        """Tells whether it is a place with this region."""
        return region is self._region

    def take(self) -> Ticket | None:
        """Returns what lets a call through, once."""
        ticket, self._ticket = self._ticket, None
        return ticket


class Region:
    """One insured province: its endpoint, its limits, and what they have come to."""

    def __init__(
        self, province: str, route: Route, stub: Any, *, timeout_s: float, clock: Clock
    ) -> None:
        """`timeout_s` holds where the route has none."""
        self.province = province
        self._stub = stub
        self._timeout_s = route.timeout_s or timeout_s
        of_recovery = max(1, route.calls_max // _RECOVERY_SHARE)
        self._places = {
            Lane.RECOVERY: of_recovery,
            Lane.WINDOW: route.calls_max - of_recovery,
        }
        self._in_flight: Counter[Lane] = Counter()
        self._callee = Callee("benefits", unavailable_reason=REASON)
        self._clock = clock
        self._breaker = Breaker(
            Limits(
                failures_max=route.failures_max,
                window=4 * route.failures_max,
                window_failures_max=2 * route.failures_max,
                pause_s=route.pause_s,
                pause_s_max=_PAUSES_MAX * route.pause_s,
            ),
            now=clock.monotonic,
            changed=self._say,
        )
        metrics.REGION_BREAKER.labels(province).set(_STATE_NUMBERS[State.CLOSED])
        self._gauges = {
            lane: metrics.REGION_IN_FLIGHT.labels(province, lane.value) for lane in Lane
        }

    def require_open(self) -> None:
        """Raises what `reserve` would raise now; takes nothing."""
        self._require_place(_lane.get())
        try:
            self._breaker.require()
        except NotLetThroughError as error:
            raise self._spared(error) from None

    def reserve(self) -> Place:
        """Takes a place; enter it at once.

        Raises:
            NotAskedError: every place is taken, or one call is finding out whether it is back.
            Unavailable: it did not answer lately, and is not asked for a while.
        """
        lane = _lane.get()
        self._require_place(lane)
        ticket = self._let_through()
        self._in_flight[lane] += 1
        self._gauges[lane].inc()
        return Place(self, lane, ticket)

    def leave(self, lane: Lane, ticket: Ticket | None) -> None:
        """Gives a place back, with what it did not use."""
        self._in_flight[lane] -= 1
        self._gauges[lane].dec()
        if ticket is not None:
            self._breaker.forget(ticket)

    async def call(self, method: str, request: Any) -> Any:
        """Calls a method of BenefitsService, in the place held or in one taken for it.

        Raises what `reserve` and services.kit.channel.Callee.call raise.
        """
        held = _held.get()
        if held is not None and held.is_of(self):
            return await self._ask(held.take() or self._let_through(), method, request)
        with self.reserve() as place:
            return await self._ask(place.take() or self._let_through(), method, request)

    async def _ask(self, ticket: Ticket, method: str, request: Any) -> Any:
        outcome = "cancelled"
        started = self._clock.monotonic()
        try:
            given_s = budget_s(self._timeout_s)
            answer = await self._callee.call(
                getattr(self._stub, method), request, own_s=self._timeout_s
            )
        except (Unavailable, Overloaded) as error:
            outcome = "unanswered"
            is_behind = isinstance(error, NotServedError) and method in _OPTIONAL
            # Who sheds a call is there, and holds itself to what it can do: no reason not to ask.
            is_silent = not is_behind and not isinstance(error, Overloaded)
            if is_silent and given_s >= self._timeout_s * _FAIR_SHARE:
                self._breaker.failed(ticket)
            if error.reason != REASON or error.domain:
                raise
            # Told apart from silence: it is there, and may settle all the same.
            kind = NotServedError if isinstance(error, NotServedError) else Unavailable
            raise self._silent(kind) from None
        except DomainError:
            outcome = "refused"
            self._breaker.answered(ticket)
            raise
        else:
            outcome = "answered"
            self._breaker.answered(ticket)
            return answer
        finally:
            # Where nothing was learned: the caller hung up, or had no time left.
            self._breaker.forget(ticket)
            took_s = self._clock.monotonic() - started
            metrics.REGION_CALLS.labels(self.province, outcome).observe(took_s)
            round_trips.note_region(took_s)
            note_abroad(took_s)

    def _require_place(self, lane: Lane) -> None:
        if self._in_flight[lane] >= self._places[lane]:
            raise self._refused("full", NotAskedError, _RETRY_MS)

    def _let_through(self) -> Ticket:
        try:
            return self._breaker.ask()
        except NotLetThroughError as error:
            raise self._spared(error) from None

    def _spared(self, error: NotLetThroughError) -> Unavailable:
        if error.probing:
            return self._refused("probing", NotAskedError, _RETRY_MS)
        return self._refused("open", Unavailable, math.ceil(error.retry_s * 1000))

    def _refused(self, cause: str, kind: type[Unavailable], retry_ms: int) -> Unavailable:
        metrics.REGION_REFUSED.labels(self.province, cause).inc()
        return self._silent(kind, retry_ms)

    def _silent(
        self, kind: type[Unavailable] = Unavailable, retry_ms: int = _RETRY_MS
    ) -> Unavailable:
        return kind(
            REASON,
            "the insured region cannot be asked now",
            metadata={"insuredRegionCode": self.province},
            retry_after_ms=retry_ms,
        )

    def _say(self, state: State) -> None:
        metrics.REGION_BREAKER.labels(self.province).set(_STATE_NUMBERS[state])
        get_logger().warning(
            "region's breaker changed", insured_region=self.province, state=state.value
        )


class Regions:
    """The routing table: insured province → Region."""

    def __init__(
        self,
        routes: Mapping[str, Route],
        channels: Mapping[str, grpc.aio.Channel],
        *,
        timeout_s: float,
        clock: Clock,
    ) -> None:
        """`channels` has one for each route, by its province or "*"."""
        self._routes = routes
        self._stubs = {
            region: benefits_service_pb2_grpc.BenefitsServiceStub(channel)
            for region, channel in channels.items()
        }
        self._timeout_s = timeout_s
        self._clock = clock
        self._regions: dict[str, Region] = {}

    def require_open(self, insured_region_code: str) -> None:
        """Refuses a bill before anybody is asked about it: its region could not be asked."""
        province = codes.province_of(insured_region_code)
        if province in self._regions:
            self._regions[province].require_open()

    def of(self, insured_region_code: str) -> Region:
        """Returns the region of an area. Raises POLICY_NOT_COVERED where no route leads."""
        province = codes.province_of(insured_region_code)
        region = self._regions.get(province)
        if region is None:
            key = province if province in self._routes else EVERY_REGION
            if key not in self._routes:
                raise RuleForbids(
                    "POLICY_NOT_COVERED",
                    "no benefits service is known for the insured region",
                    field="patient.insured_region_code",
                    metadata={"insuredRegionCode": insured_region_code},
                )
            region = self._regions[province] = Region(
                province,
                self._routes[key],
                self._stubs[key],
                timeout_s=self._timeout_s,
                clock=self._clock,
            )
        return region
