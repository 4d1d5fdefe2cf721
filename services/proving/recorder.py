"""Takes down a run as it happens."""

from __future__ import annotations

import time

from services.proving.history import Operation, Reply, Request, Unknown


class Recorder:
    """Numbers attempts and gives each moment a tick."""

    def __init__(self) -> None:
        self._tick = 0
        self._sent: dict[int, tuple[Request, int]] = {}
        self._ended: dict[int, tuple[Reply, int]] = {}
        self._began_s: dict[int, float] = {}
        self._ended_s: dict[int, float] = {}

    def send(self, request: Request) -> int:
        """Notes an attempt before it is sent; returns its number."""
        number = len(self._sent)
        self._sent[number] = (request, self._next())
        self._began_s[number] = time.perf_counter()
        return number

    def receive(self, number: int, reply: Reply) -> None:
        """Notes what came of an attempt, after it came."""
        self._ended[number] = (reply, self._next())
        self._ended_s[number] = time.perf_counter()

    def operations(self) -> tuple[Operation, ...]:
        """Returns all attempts; one that nobody waited for to the end has no known outcome."""
        last = self._tick + 1
        return tuple(
            Operation(number=number, request=request, reply=reply, sent=sent, ended=ended)
            for number, (request, sent) in self._sent.items()
            for reply, ended in [self._ended.get(number, (Unknown("UNFINISHED"), last))]
        )

    def moments(self) -> dict[int, tuple[float, float]]:
        """Returns when each ended attempt was sent and had ended, by time.perf_counter()."""
        return {number: (self._began_s[number], ended) for number, ended in self._ended_s.items()}

    def _next(self) -> int:
        self._tick += 1
        return self._tick
