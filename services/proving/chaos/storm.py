"""Carries out the faults of a plan, each in its own time, and mends it again."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Final

from services.proving.chaos.fleet import Fleet
from services.proving.chaos.plan import Fault, FaultKind


class Storm:
    """Breaks things. One fault at a time breaks one target; faults of several overlap."""

    def __init__(self, running: Fleet) -> None:
        self._fleet = running
        self._busy: set[str] = set()
        self.done: Counter[FaultKind] = Counter()
        """What was carried out."""
        self.skipped: Counter[FaultKind] = Counter()
        """What found its target broken already."""

    async def run(self, faults: tuple[Fault, ...]) -> None:
        """Carries out all faults; returns when the last one is mended."""
        started = asyncio.get_running_loop().time()

        async def one(fault: Fault) -> None:
            await asyncio.sleep(max(0.0, started + fault.at_s - asyncio.get_running_loop().time()))
            if fault.target in self._busy:
                self.skipped[fault.kind] += 1
                return
            self._busy.add(fault.target)
            try:
                self.done[fault.kind] += 1
                await self._carry_out(fault)
            finally:
                self._busy.discard(fault.target)

        async with asyncio.TaskGroup() as group:
            for fault in faults:
                group.create_task(one(fault))

    async def _carry_out(self, fault: Fault) -> None:
        kinds: Final[dict[FaultKind, Callable[[Fault], Coroutine[Any, Any, None]]]] = {
            FaultKind.KILL: self._kill,
            FaultKind.HANG: self._hang,
            FaultKind.DATABASE: self._database,
            FaultKind.DISK: self._disk,
            FaultKind.CUT: self._cut,
            FaultKind.DELAY: self._delay,
            FaultKind.LOSE: self._lose,
        }
        await kinds[fault.kind](fault)

    async def _kill(self, fault: Fault) -> None:
        await self._fleet.kill(fault.target)
        await asyncio.sleep(fault.for_s)
        self._fleet.start(fault.target)

    async def _hang(self, fault: Fault) -> None:
        self._fleet.signal(fault.target, signal.SIGSTOP)
        await asyncio.sleep(fault.for_s)
        self._fleet.signal(fault.target, signal.SIGCONT)

    async def _database(self, fault: Fault) -> None:
        await self._fleet.database.crash()
        await asyncio.sleep(fault.for_s)
        await self._fleet.database.ensure()

    async def _disk(self, fault: Fault) -> None:
        await self._fleet.database.slow(fault.delay_s)
        await asyncio.sleep(fault.for_s)
        await self._fleet.database.slow(0.0)

    async def _cut(self, fault: Fault) -> None:
        proxy = self._fleet.proxies[fault.target]
        proxy.is_cut = True
        proxy.sever()
        await asyncio.sleep(fault.for_s)
        proxy.heal()

    async def _delay(self, fault: Fault) -> None:
        proxy = self._fleet.proxies[fault.target]
        proxy.delay_s = fault.delay_s
        await asyncio.sleep(fault.for_s)
        proxy.heal()

    async def _lose(self, fault: Fault) -> None:
        proxy = self._fleet.proxies[fault.target]
        proxy.loses_replies = True
        await asyncio.sleep(fault.for_s)
        proxy.heal()
