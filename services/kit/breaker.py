"""A circuit breaker: whoever does not answer is not asked for a while, then by one call first.

stateDiagram-v2
    [*] --> CLOSED: taken for well until calls fail
    CLOSED --> OPEN: so many failures in a row, or so many of the last calls
    OPEN --> HALF_OPEN: the pause is over and somebody asks
    HALF_OPEN --> CLOSED: the one call let through was answered
    HALF_OPEN --> OPEN: it was not

Pure bookkeeping: it makes no calls, reads the time from what it is given, and belongs to one event
loop. To be admitted and to know what came of it are two things, because a place for a call can be
taken before the call is made: `ask` gives a ticket, on which one outcome is reported.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class State(Enum):
    """Whether calls are let through."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


ALLOWED: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.CLOSED: frozenset({State.OPEN}),
        State.OPEN: frozenset({State.HALF_OPEN}),
        State.HALF_OPEN: frozenset({State.CLOSED, State.OPEN}),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a breaker opens and for how long."""

    failures_max: int = 5
    """Failures in a row that open it."""
    window: int = 20
    """How many of the last calls are remembered."""
    window_failures_max: int = 10
    """Failures among the remembered calls that open it, in a row or not."""
    pause_s: float = 0.5
    """How long nobody is asked before one call is let through; short, because a moment's hitch in
    a busy place is many failures in a row. Doubles with each such call that is not answered."""
    pause_s_max: float = 5.0
    """Longest pause."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to one call; from which time, because later ones may know better."""

    generation: int


class NotLetThroughError(Exception):
    """The breaker lets no call through."""

    def __init__(self, *, retry_s: float, probing: bool) -> None:
        """Holds the seconds until it may, and whether a call is finding out just now."""
        super().__init__()
        self.retry_s = retry_s
        self.probing = probing


class Breaker:
    """Opens when calls fail, closes when one is answered."""

    def __init__(
        self,
        limits: Limits,
        *,
        now: Callable[[], float],
        changed: Callable[[State], None] = lambda _: None,
    ) -> None:
        """`now` gives seconds that only grow; `changed` is told each state that is entered."""
        self._limits = limits
        self._now = now
        self._changed = changed
        self._state = State.CLOSED
        self._generation = 0
        self._in_a_row = 0
        self._failed: deque[bool] = deque(maxlen=limits.window)
        self._opened_at = 0.0
        self._pause_s = limits.pause_s
        self._probe: Ticket | None = None

    @property
    def state(self) -> State:
        """Where it stands; OPEN also after the pause, until somebody asks."""
        return self._state

    def ask(self) -> Ticket:
        """Lets a call through, or raises NotLetThroughError.

        Report one outcome on the ticket: `answered`, `failed`, or `forget` where nothing was
        learned. Half open, one call at a time has a ticket.
        """
        self.require()
        if self._state is State.OPEN:
            self._enter(State.HALF_OPEN)
        ticket = Ticket(self._generation)
        if self._state is State.HALF_OPEN:
            self._probe = ticket
        return ticket

    def require(self) -> None:
        """Raises NotLetThroughError where `ask` would; takes nothing and changes nothing."""
        left_s = self._opened_at + self._pause_s - self._now()
        if self._state is State.OPEN and left_s > 0:
            raise NotLetThroughError(retry_s=left_s, probing=False)
        if self._state is State.HALF_OPEN and self._probe is not None:
            raise NotLetThroughError(retry_s=0.0, probing=True)

    def answered(self, ticket: Ticket) -> None:
        """An answer came; a refusal is one too."""
        if ticket.generation != self._generation:
            return
        if self._state is State.HALF_OPEN:
            self._enter(State.CLOSED)
            return
        self._in_a_row = 0
        self._failed.append(False)

    def failed(self, ticket: Ticket) -> None:
        """No answer came."""
        # A call of an earlier time says nothing of the present: it was slow to fail, or it is the
        # answer of one who has been found dead and well again since.
        if ticket.generation != self._generation:
            return
        self._in_a_row += 1
        self._failed.append(True)
        limits = self._limits
        if (
            self._state is State.HALF_OPEN
            or self._in_a_row >= limits.failures_max
            or sum(self._failed) >= limits.window_failures_max
        ):
            probed = self._state is State.HALF_OPEN
            self._pause_s = min(2 * self._pause_s, limits.pause_s_max) if probed else limits.pause_s
            self._opened_at = self._now()
            self._enter(State.OPEN)

    def forget(self, ticket: Ticket) -> None:
        """The call was not made, or was broken off from our side: the next one may find out."""
        if ticket is self._probe:
            self._probe = None

    def _enter(self, state: State) -> None:
        self._state = state
        self._generation += 1
        self._in_a_row = 0
        self._failed.clear()
        self._probe = None
        self._changed(state)
