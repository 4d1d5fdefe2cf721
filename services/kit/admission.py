"""Admission: how many calls are worked on at once, who waits, who is sent away.

A call is let in while fewer calls than the limit are in flight. Else it waits in line, the most
important first, and is shed when it would wait too long: at once where that can be foreseen, so
that nobody waits to be sent away. A shed call was not begun.

The limit follows the congestion of the process (services.kit.congestion): it falls while work
waits longer inside the process than it should, and grows while it does not and is reached. A slow
callee costs calls in flight and no congestion, so it does not make the limit fall.

Pure bookkeeping but for the futures that calls in line wait on; belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from services.kit.congestion import TICK_S
from services.kit.errors import Overloaded
from services.kit.needs import Needs


class Priority(IntEnum):
    """How important a call is; the lower the number, the later it is shed."""

    DISCHARGE = 0
    """The bill of an inpatient who waits to go home."""
    SETTLE = 1
    """Any other bill: somebody stands at the window."""
    RECORD = 2
    """What a settlement needs before it or makes up for it: filing, fees, reversal, outcomes."""
    ESTIMATE = 3
    """What somebody would like to know beforehand; can be asked again."""
    LIST = 4
    """Lists, statistics, loading: a program asks, and comes back by itself."""


SHARES: Final[Mapping[Priority, float]] = MappingProxyType(
    {
        Priority.DISCHARGE: 1.0,
        Priority.SETTLE: 1.0,
        Priority.RECORD: 0.95,
        Priority.ESTIMATE: 0.8,
        Priority.LIST: 0.6,
    }
)
"""Part of the limit up to which a call of a priority is let in. The rest is for those above it, so
that a settlement does not wait for long lists to end."""

PRIORITY_KEY: Final = "yijie-priority"
"""Metadata by which a service of the hub tells its callee for what it asks: a bill's look-ups are
as important as the bill."""

_FALL: Final = 0.9
_RISE: Final = 1.03
"""Slower than it falls: what is let in too many is late together."""
_REACHED: Final = 0.9
"""Part of the limit that counts as reached: only then is there a reason to raise it."""
_RATE_SHARE: Final = 0.2
_LINE_MIN: Final = 32
"""Calls that may always wait: a burst is no overload."""
_BUSY: Final = 0.5
_LATELY_LEFT: Final = 0.9
"""Of the most calls in flight, a tick later: nearly nothing after two seconds."""
_LATE_FACTOR: Final = 1.5
_PRESSED_S: Final = 10.0
"""Time after a sign of overload in which only what nearly always ends in time is begun. Without
one, what ends in time more often than not is: a caller that gives less time than others is no
overload."""
_RETRIES_MS: Final = tuple(range(500, 1500, 100))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What admission is held to."""

    in_flight_min: int
    """The limit does not fall below: enough to keep a process busy."""
    in_flight_max: int
    """The limit does not grow above."""
    congestion_s_max: float
    """Congestion from which the limit falls."""
    wait_s_max: float
    """Longest wait in line."""


class Limit:
    """The number of calls that may be in flight."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._value = float(bounds.in_flight_max)

    @property
    def value(self) -> int:
        """Calls that may be in flight now."""
        return int(self._value)

    def adapt(self, congestion_s: float, in_flight_most: int) -> None:
        """Follows the congestion. `in_flight_most`: the most calls in flight since last time."""
        bounds = self._bounds
        if congestion_s > bounds.congestion_s_max:
            # From what is really in flight: a limit that nobody reached says nothing.
            fallen = min(self._value, in_flight_most) * _FALL
            self._value = max(float(min(bounds.in_flight_min, bounds.in_flight_max)), fallen)
        elif in_flight_most >= self.value * _REACHED:
            self._value = min(float(bounds.in_flight_max), self._value * _RISE)


@dataclass(slots=True, eq=False)
class _Waiting:
    """A call in line."""

    turn: asyncio.Future[None]
    until: float
    """loop.time() after which it is shed."""
    hopeless: float
    """loop.time() after which it cannot be answered in time."""


class Admission:
    """Lets calls in, has them wait, or sheds them."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self.limit = Limit(bounds)
        self._line: Mapping[Priority, deque[_Waiting]] = {one: deque() for one in Priority}
        self.in_flight = 0
        self.waiting = 0
        self._most = 0
        self._lately = 0.0
        """Most calls in flight, lately."""
        self._left = 0
        self._rate = 0.0
        """Calls a second that leave, lately."""
        self._needs = Needs()
        self._pressed_until = 0.0
        """loop.time()."""

    def require(
        self,
        method: str,
        priority: Priority,
        remaining_s: float | None,
        *,
        is_part: bool = False,
    ) -> None:
        """Raises what `enter` would raise at once, before anything was spent on the call.

        Also where less is left of the caller's deadline than such a call takes now: gRPC hands
        calls over one by one, and in an overload they have waited before anybody sees them. To
        begin what cannot be ended in time would take the place of what can.

        `is_part`: of a call that another service has let in, which is to be carried through if that
        is likelier than not.

        Raises:
            Overloaded: OVERLOADED.
        """
        need_s = self._needs.half(method) if is_part else self._need(method)
        if remaining_s is not None and remaining_s < need_s:
            if remaining_s < self._needs.half(method):
                self._press()
            raise shed()
        is_full = self.waiting >= self._line_max() and not self._has_room(priority)
        if is_full and not any(self._line[lower] for lower in Priority if lower > priority):
            raise shed()

    def ended(
        self, method: str, own_s: float, abroad_s: float = 0.0, *, is_late: bool = False
    ) -> None:
        """Learns how long a call took, from being let in to its answer or its deadline.

        `abroad_s`: what of it systems of others took, which is not in `own_s`; `is_late`: its
        deadline ended it.
        """
        if is_late:
            # It would have taken longer, nobody knows how much. Taken as it is, no call could
            # teach that more is needed than what calls are let in with.
            own_s *= _LATE_FACTOR
            self._press()
        self._needs.note(method, own_s, abroad_s)

    async def enter(
        self,
        method: str,
        priority: Priority,
        remaining_s: float | None = None,
        *,
        is_part: bool = False,
    ) -> None:
        """Lets a call in, after a wait if need be; `leave` must follow.

        `remaining_s` is what is left of the caller's deadline: a call waits for a third of it at
        most, and no longer than leaves what such calls need.

        Raises:
            Overloaded: OVERLOADED; the call was not begun.
        """
        if self._has_room(priority) and not self._is_waited_for(priority):
            self._take()
            return
        # Whoever finds no room has reached the limit, whatever part of it is theirs.
        self._most = max(self._most, self.limit.value)
        loop = asyncio.get_running_loop()
        longest, in_time = self._bounds.wait_s_max, math.inf
        if remaining_s is not None:
            need_s = self._needs.half(method) if is_part else self._need(method)
            in_time = remaining_s - need_s
            longest = min(longest, remaining_s / 3, in_time)
        if self.waiting >= self._line_max() and not self._make_room(priority):
            raise shed()
        now = loop.time()
        waiting = _Waiting(loop.create_future(), now + longest, now + in_time)
        self._line[priority].append(waiting)
        self.waiting += 1
        self._call_up()
        try:
            await waiting.turn
        except asyncio.CancelledError:
            if not waiting.turn.cancelled() and waiting.turn.exception() is None:
                # The caller hung up when its turn had just come.
                self.leave()
            elif waiting in self._line[priority]:
                self._line[priority].remove(waiting)
                self.waiting -= 1
            raise

    def leave(self) -> None:
        """Gives back the place of a call that was let in."""
        self.in_flight -= 1
        self._left += 1
        self._call_up()

    def tick(self, congestion_s: float, now: float) -> None:
        """Follows the congestion and sheds who has waited too long; once every TICK_S."""
        self.limit.adapt(congestion_s, self._most)
        self._lately = max(float(self._most), self._lately * _LATELY_LEFT)
        self._most = self.in_flight
        self._rate += _RATE_SHARE * (self._left / TICK_S - self._rate)
        self._left = 0
        self._needs.tick()
        if congestion_s > self._bounds.congestion_s_max:
            self._press()
        for line in self._line.values():
            # Not in order of their ends: deadlines differ. The line is short.
            for waiting in [one for one in line if one.until <= now]:
                line.remove(waiting)
                self._send_away(waiting)
        self._call_up()

    def _press(self) -> None:
        self._pressed_until = asyncio.get_running_loop().time() + _PRESSED_S

    def _need(self, method: str) -> float:
        # As many at once as a process is given however congested it is, or nearly: it is busy.
        is_busy = self._lately >= self._bounds.in_flight_min * _BUSY
        if is_busy or asyncio.get_running_loop().time() < self._pressed_until:
            return self._needs.nearly_all(method)
        return self._needs.half(method)

    def _is_waited_for(self, priority: Priority) -> bool:
        """Tells whether somebody as important as that is in line, or more so."""
        return any(self._line[one] for one in Priority if one <= priority)

    def _has_room(self, priority: Priority) -> bool:
        # One at least, however low: a limit of one is for all.
        return self.in_flight < max(1.0, self.limit.value * SHARES[priority])

    def _take(self) -> None:
        self.in_flight += 1
        self._most = max(self._most, self.in_flight)

    def _line_max(self) -> int:
        """Calls that leave within the longest wait: whoever comes after them waits in vain."""
        return max(
            min(_LINE_MIN, self._bounds.in_flight_max), int(self._rate * self._bounds.wait_s_max)
        )

    def _make_room(self, priority: Priority) -> bool:
        """Sends away who is least important and came last; tells whether that was somebody."""
        for lower in reversed(Priority):
            if lower <= priority:
                return False
            if self._line[lower]:
                self._send_away(self._line[lower].pop())
                return True
        return False

    def _send_away(self, waiting: _Waiting) -> None:
        self.waiting -= 1
        if not waiting.turn.done():
            waiting.turn.set_exception(shed())

    def _call_up(self) -> None:
        """Lets in who is next, as long as there is room."""
        while self.waiting:
            priority = next(one for one in Priority if self._line[one])
            if not self._has_room(priority):
                return
            waiting = self._line[priority].popleft()
            if waiting.hopeless <= asyncio.get_running_loop().time():
                self._send_away(waiting)
                continue
            self.waiting -= 1
            # Cancelled already where the caller hung up: it takes no place.
            if not waiting.turn.done():
                self._take()
                waiting.turn.set_result(None)


def shed() -> Overloaded:
    """Returns how a call is refused for load; those refused together do not come back together."""
    retry_ms = random.choice(_RETRIES_MS)  # noqa: S311 - spreads, hides nothing
    return Overloaded("OVERLOADED", "too many calls", retry_after_ms=retry_ms)
