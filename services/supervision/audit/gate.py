"""Lets bills that are being settled go before bills that were: one process does both."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from services.supervision.screening.usecases import Screening

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.supervision.domain.model import Bill
    from services.supervision.ruleset_source import RuleSetSource
    from services.supervision.screening.store import HistoryStore
    from services.supervision.screening.usecases import Reminded, Screened

PATIENCE_S: Final = 0.005
"""Longest that the audit waits at once: with screenings open all the time it still takes more bills
a second than the country settles at its peak."""


class Gate:
    """Counts the bills that somebody waits for; the audit goes on while there are none."""

    def __init__(self, *, patience_s: float = PATIENCE_S) -> None:
        """Lets the audit wait for so long at once."""
        self._patience_s = patience_s
        self._open = 0
        self._free = asyncio.Event()
        self._free.set()

    @contextlib.contextmanager
    def first(self) -> Iterator[None]:
        """Goes first while the block runs."""
        self._open += 1
        self._free.clear()
        try:
            yield
        finally:
            self._open -= 1
            if not self._open:
                self._free.set()

    async def give_way(self) -> None:
        """Gives everybody else a turn, and waits while somebody goes first, but not for ever."""
        await asyncio.sleep(0)
        if self._open:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience_s):
                    await self._free.wait()


class FirstScreening(Screening):
    """Screening that the audit gives way to."""

    def __init__(
        self,
        rules: RuleSetSource,
        histories: HistoryStore,
        gate: Gate,
        *,
        history_timeout_s: float,
    ) -> None:
        """As Screening, with the gate that the audit looks at."""
        super().__init__(rules, histories, history_timeout_s=history_timeout_s)
        self._gate = gate

    async def screen(self, bill: Bill) -> Screened:
        """Screens a bill before any is audited."""
        with self._gate.first():
            return await super().screen(bill)

    async def remind(self, draft: Bill) -> Reminded:
        """Judges a draft, likewise."""
        with self._gate.first():
            return await super().remind(draft)
