"""A clock that stands until a test moves it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass
class FakeClock:
    """Civil time is the test's; `monotonic` runs, because waits in the code under test are real."""

    instant: datetime = datetime(2026, 3, 31, 4, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return time.monotonic()

    def advance(self, **parts: float) -> None:
        """Moves the clock on; takes the arguments of timedelta."""
        self.instant += timedelta(**parts)
