"""What the acts of the year share: the plan, the clock, the journal, the office, the reckoning."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from services.kit.clock import civil_date
from services.kit.errors import DomainError
from services.proving.clearing_year.compare import Findings
from services.proving.clearing_year.journal import Journal
from services.proving.clearing_year.office import Office
from services.proving.clearing_year.plan import Care, Plan
from services.proving.clearing_year.reckoning import Reckoning
from yijie.clearing.v1 import clearing_service_pb2

_WAIT_S_MAX: Final = 120.0
_POLL_S: Final = 0.01


class YearError(Exception):
    """The year cannot go on: what should follow by itself does not."""


class MovedClock:
    """A clock that stands until it is moved; waits in the service are real."""

    def __init__(self, instant: datetime) -> None:
        """Stands at an instant, UTC."""
        self.instant = instant

    def now(self) -> datetime:
        """Returns the instant, UTC."""
        return self.instant

    def monotonic(self) -> float:
        """Returns seconds that run."""
        return time.monotonic()


@dataclass(slots=True)
class Scene:
    """The year as far as it has come."""

    plan: Plan
    clock: MovedClock
    journal: Journal
    office: Office
    reckoning: Reckoning
    findings: Findings = field(default_factory=Findings)
    ahead: list[tuple[datetime, int, str, Care]] = field(default_factory=list)
    """What happens next in the feed: instant, order, SETTLED or REVERSED, to whom."""
    order: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        """Lines up what the plan says."""
        for care in self.plan.cares:
            self._line_up(care.arrive_time, "SETTLED", care)
            if care.reverse_time is not None:
                self._line_up(care.reverse_time, "REVERSED", care)

    @property
    def today(self) -> date:
        """Civil date."""
        return civil_date(self.clock.now())

    def refund_at(self, care: Care, instant: datetime) -> None:
        """Has a settlement refunded at an instant that is still ahead."""
        self._line_up(instant, "REVERSED", care)

    def _line_up(self, instant: datetime, what: str, care: Care) -> None:
        heapq.heappush(self.ahead, (instant, next(self.order), what, care))

    async def pass_to(self, instant: datetime) -> None:
        """Lets time pass: what happens until then goes through the feed before the clock moves.

        Were the clock moved first, clearing would be told that the feed has nothing more up to an
        instant of which it has not heard yet.
        """
        is_new = False
        while self.ahead and self.ahead[0][0] <= instant:
            happens, _, what, care = heapq.heappop(self.ahead)
            is_new = True
            if what == "SETTLED":
                self.journal.settle(care)
                self.reckoning.settle(care)
            else:
                self.journal.reverse(care, happens)
                self.reckoning.reverse(care, happens)
        if is_new:
            await self.wait_until("the feed is booked", self._is_booked)
        self.clock.instant = instant

    async def _is_booked(self) -> bool:
        answer = await self.office.call(
            self.office.clearing.GetPosition, clearing_service_pb2.GetPositionRequest(page_size=1)
        )
        return bool(answer.cursor == self.journal.events[-1].cursor)

    async def wait_until(self, what: str, check: Callable[[], Awaitable[Any]]) -> Any:
        """Repeats a check until it answers something true; what it asks may not be there yet.

        Raises:
            YearError: it does not come about.
        """
        end = time.monotonic() + _WAIT_S_MAX
        last: DomainError | None = None
        while time.monotonic() < end:
            try:
                answer = await check()
            except DomainError as error:
                last, answer = error, None
            if answer:
                return answer
            await asyncio.sleep(_POLL_S)
        why = f": {last.reason} {last.message}" if last is not None else ""
        msg = f"{self.today}: {what} does not come about within {_WAIT_S_MAX:.0f} s{why}"
        raise YearError(msg)
