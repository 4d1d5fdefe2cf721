"""Makes a failing run small: leaves out whatever it fails without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

_RUNS_MAX: Final = 200


def shrink(actions: Sequence[int], fails: Callable[[Sequence[int]], bool]) -> tuple[int, ...]:
    """Returns few of the actions with which `fails` still holds, as all of them do.

    First halves, then quarters and so on are left out; at most a fixed number of runs.
    """
    kept = tuple(actions)
    size, runs = max(1, len(kept) // 2), 0
    while runs < _RUNS_MAX:
        for begin in range(0, len(kept), size):
            runs += 1
            fewer = kept[:begin] + kept[begin + size :]
            if fewer and fails(fewer):
                kept = fewer
                break
        else:
            if size == 1:
                break
            size = max(1, size // 2)
    return kept
