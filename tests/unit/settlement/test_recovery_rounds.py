"""Goal: a recovery that cannot work is told by the metric that the alerts look at."""

from __future__ import annotations

from services.kit.clock import SystemClock
from services.kit.errors import Unavailable
from services.kit.rounds import ROUND_FAILURES
from services.settlement.recovery import Recovery
from tests.support.eventually import eventually


class AwayStore:
    """A store whose database went away after the start."""

    async def ensure_months(self, _first, _second) -> None:
        return None

    async def claim(self, *_args, **_more):
        raise Unavailable("DATABASE_UNAVAILABLE", "away")


async def test_a_round_that_fails_is_counted_and_the_next_one_comes():
    counter = ROUND_FAILURES.labels("recovery")
    before = counter._value.get()
    recovery = Recovery(
        store=AwayStore(), settlements=None, clock=SystemClock(), after_s=1.0, abandon_after_s=60.0
    )

    async def twice() -> None:
        assert counter._value.get() >= before + 2

    async with recovery.running(0.01):
        await eventually(twice)
