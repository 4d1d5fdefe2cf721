"""What a call takes lately, by its method: how much of a deadline must be left to begin it.

Pure bookkeeping; belongs to one event loop.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import ceil
from typing import Final

_KEPT: Final = 100
"""Calls that are remembered of a method: about a second of an overload."""
_LEAST: Final = 20
"""Calls from which on a method's need is known: of fewer, one slow one would be the rule."""
_NEARLY_ALL: Final = 0.98
"""Of the calls that end within the need of one that must not be late."""
_SPARE: Final = 1.3
"""Times what nearly all took: in an overload the next second may be harder, and since calls come
in their order, all of them have just what is demanded."""
_S_MAX: Final = 0.8
"""Nothing that fits into the second of a window takes longer by itself."""
_SILENT_TICKS: Final = 20
"""Ticks without a call that ended after which all is forgotten: what is refused teaches nothing."""


@dataclass(slots=True)
class _Method:
    """What is known of one method."""

    calls: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=_KEPT))
    """Seconds of our own and abroad."""
    half_s: float = 0.0
    nearly_all_s: float = 0.0
    silent: int = 0
    """Ticks since a call ended."""


class Needs:
    """Learns from each call that ends.

    Of the time that systems of others took, the middle counts: a slow province makes its own calls
    long, and does not have those of all others sent away whose callers give them less time.
    """

    def __init__(self) -> None:
        self._methods: dict[str, _Method] = {}

    def note(self, method: str, own_s: float, abroad_s: float = 0.0) -> None:
        """Takes in how long a call took that was answered, or that its deadline ended."""
        known = self._methods.setdefault(method, _Method())
        known.calls.append((own_s, abroad_s))
        known.silent = 0

    def half(self, method: str) -> float:
        """Returns the seconds within which half of the calls of a method end; 0: not known."""
        known = self._methods.get(method)
        return known.half_s if known else 0.0

    def nearly_all(self, method: str) -> float:
        """Returns the seconds in which 98 of a hundred end, with some to spare; 0: not known."""
        known = self._methods.get(method)
        return known.nearly_all_s if known else 0.0

    def tick(self) -> None:
        """Works out the needs anew."""
        for known in self._methods.values():
            known.silent += 1
            if known.silent > _SILENT_TICKS:
                known.calls.clear()
                known.half_s = known.nearly_all_s = 0.0
            elif known.silent == 1 and len(known.calls) >= _LEAST:
                own = sorted(own_s for own_s, _ in known.calls)
                abroad = sorted(abroad_s for _, abroad_s in known.calls)[len(own) // 2]
                known.half_s = min(own[len(own) // 2] + abroad, _S_MAX)
                last = own[ceil(_NEARLY_ALL * len(own)) - 1]
                known.nearly_all_s = min(last * _SPARE + abroad, _S_MAX)
