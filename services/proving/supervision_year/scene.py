"""What the acts of the year share: the plan, the clock, the office, what does not agree."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from services.kit.clock import civil_date, civil_midnight
from services.kit.errors import DomainError
from services.proving.clearing_year.scene import MovedClock, YearError
from services.proving.supervision_year.measuring import Found, Measured
from services.proving.supervision_year.office import Office
from services.proving.supervision_year.plan import Plan
from services.proving.supervision_year.served import Journal

_WAIT_S_MAX: Final = 300.0
_POLL_S: Final = 0.05
_NOON: Final = timedelta(hours=12)


@dataclass(slots=True)
class Scene:
    """The year as far as it has come."""

    plan: Plan
    clock: MovedClock
    journal: Journal
    office: Office
    measured: Measured = field(default_factory=Measured)
    findings: list[Found] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    """What does not agree."""
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each act took."""

    @property
    def today(self) -> date:
        """Civil date."""
        return civil_date(self.clock.now())

    def pass_to(self, day: date) -> None:
        """Lets time pass to noon of a civil day."""
        self.clock.instant = max(self.clock.instant, civil_midnight(day) + _NOON)

    def hold_equal(self, what: str, found: object, expected: object) -> None:
        """Takes a difference down."""
        if found != expected:
            self.differences.append(f"{what}: {found}, reckoned {expected}")

    async def wait_until(self, what: str, check: Callable[[], Awaitable[Any]]) -> Any:
        """Repeats a check until it answers something true; what it asks may not be there yet.

        Raises:
            YearError: it does not come about.
        """
        end = time.monotonic() + _WAIT_S_MAX
        last: DomainError | None = None
        while time.monotonic() < end:
            try:
                answer = await check()
            except DomainError as error:
                last, answer = error, None
            if answer:
                return answer
            await asyncio.sleep(_POLL_S)
        why = f": {last.reason} {last.message}" if last is not None else ""
        msg = f"{self.today}: {what} does not come about within {_WAIT_S_MAX:.0f} s{why}"
        raise YearError(msg)
