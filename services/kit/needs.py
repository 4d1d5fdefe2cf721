"""What a call takes lately, by its method: how much of a deadline must be left to begin it.

Pure bookkeeping; belongs to one event loop.
"""

from __future__ import annotations

from collections import deque
from math import ceil
from typing import Final

_KEPT: Final = 100
"""Calls that are remembered of a method: about a second of an overload."""
_PART: Final = 0.98
"""Of them that end within the need."""
_S_MAX: Final = 0.8
"""Nothing that fits into the second of a window takes longer by itself."""
_LEFT: Final = 0.98
"""Of a need, a tick later in which no call ended: forgotten within seconds."""


class Needs:
    """Learns from each call that ends.

    Of the time that systems of others took, the middle counts: a slow province makes its own calls
    long, and does not have those of all others sent away whose callers give them less time.
    """

    def __init__(self) -> None:
        self._calls: dict[str, deque[tuple[float, float]]] = {}
        """Seconds of our own and abroad."""
        self._needs: dict[str, float] = {}
        self._told: set[str] = set()
        """Methods of which a call has ended since the last tick."""

    def note(self, method: str, own_s: float, abroad_s: float = 0.0) -> None:
        """Takes in how long a call took that was answered, or that its deadline ended."""
        self._calls.setdefault(method, deque(maxlen=_KEPT)).append((own_s, abroad_s))
        self._told.add(method)

    def of(self, method: str) -> float:
        """Returns the seconds within which nearly all calls of a method end; 0: not known."""
        return self._needs.get(method, 0.0)

    def tick(self) -> None:
        """Works out the needs anew."""
        for method in self._told:
            calls = self._calls[method]
            own = sorted(own_s for own_s, _ in calls)[ceil(_PART * len(calls)) - 1]
            abroad = sorted(abroad_s for _, abroad_s in calls)[len(calls) // 2]
            self._needs[method] = min(own + abroad, _S_MAX)
        for method in self._needs.keys() - self._told:
            self._needs[method] *= _LEFT
            self._calls[method].clear()
        self._told.clear()
