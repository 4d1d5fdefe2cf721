"""Gives metrics to Prometheus without holding up the calls of the process.

A scrape is written by a thread of its own, in Python: settlement's 17,000 series are some 0.2 s of
CPU. Python lets another thread in only every 5 ms then, and a call waits for the event loop some
twenty times, so every call that met a scrape took 0.1 s longer. With a pause after every few lines
the event loop goes on at once, and the scrape takes twice as long, which nobody waits for.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

LINES: Final = 50
"""Lines written without a pause: about half a millisecond."""
_PAUSE_S: Final = 0.0005
"""Not 0: who gives way for no time at all is often first to go on."""


class ConsiderateRegistry(Collector):
    """All metrics of a registry, which are read in pieces."""

    def __init__(
        self, registry: CollectorRegistry = REGISTRY, names: Iterable[str] | None = None
    ) -> None:
        """Takes the registry, and the names of the series that are asked for; None: all."""
        self._registry = registry
        self._read = registry if names is None else registry.restricted_registry(names)

    def collect(self) -> Iterator[Metric]:
        """Yields the families; whoever reads the samples of a long one pauses meanwhile."""
        for family in self._read.collect():
            if len(family.samples) > LINES:
                family.samples = _Paused(family.samples)
            yield family

    def restricted_registry(self, names: Iterable[str]) -> ConsiderateRegistry:
        """Returns those that are asked for by name, likewise."""
        return ConsiderateRegistry(self._registry, names)


class _Paused(list[Sample]):
    def __iter__(self) -> Iterator[Sample]:
        for number, sample in enumerate(super().__iter__()):
            if number % LINES == 0:
                time.sleep(_PAUSE_S)
            yield sample
