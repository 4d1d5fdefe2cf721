"""Asks everybody about an order at once; the care region's catalogue is in memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from services.classification.classify import classify_lines, totals, usage_of, versions_used
from services.classification.model import ClassificationContext, LineSplit
from services.classification.snapshot import Snapshot
from services.classification.zones import Recognition
from services.kit import telemetry
from services.kit.errors import DomainError
from services.settlement import messages
from services.settlement.clients import Callees
from services.settlement.domain.bill import check_institution
from services.settlement.limits import Limits
from services.settlement.messages import Checked
from services.settlement.order import Order
from services.settlement.screening_policy import Gate
from services.settlement.settle_visit import check_amounts, named_by_line
from services.settlement.snapshots import Snapshots

T = TypeVar("T")


class Checking:
    """What an order must pass before an insured region is asked about it."""

    def __init__(
        self, callees: Callees, snapshots: Snapshots, limits: Limits, *, screening: Gate
    ) -> None:
        self._callees = callees
        self._snapshots = snapshots
        self._limits = limits
        self._screening = screening

    async def check(self, order: Order) -> Checked:
        """Returns what everybody says.

        Identity's refusal comes before filing's, and both before what keeps the bill from being
        settled however right it is: a prepayment that is used up, then the rules of supervision.
        """
        callees = self._callees
        asked = messages.screen_request(order, self._screening.fingerprints)
        # First: what cannot be settled now is no work for the others, and it may be many.
        callees.benefits.require_open(order.facts.insured_region_code)
        async with (
            _alongside(callees.identity.verify(messages.verify_request(order))) as verifying,
            _alongside(callees.filing.match(messages.match_request(order))) as matching,
            _alongside(callees.supervision.screen(asked)) as screening,
        ):
            person, match, screened = await verifying, await matching, await screening
        self._limits.require(order.facts, match)
        deferred = await self._screening.require(order.facts, screened)
        if order.part is None:
            # A visit has what the register said when it was registered.
            institution = person.institution
            check_institution(
                order.facts,
                region_code=institution.region_code,
                hospital_level_code=institution.hospital_level_code,
            )
        snapshot = self._snapshots.of(order.facts.care_region_code)
        recognition = self._snapshots.recognition(
            care_region_code=order.facts.care_region_code,
            insured_region_code=order.facts.insured_region_code,
        )
        with telemetry.span("settlement.classify"):
            splits = _classify(snapshot, recognition, order, messages.context_of(order, person))
        version = versions_used(snapshot, recognition, splits)
        return Checked(person, match, screened, splits, version, deferred)


@contextlib.asynccontextmanager
async def _alongside(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Starts work that runs while the block runs; on leaving, what is not done is cancelled."""
    task = asyncio.create_task(work)
    task.add_done_callback(_see)
    try:
        yield task
    finally:
        if not task.done():
            task.cancel()
            # Only then: to wait for what is done costs a turn of the loop.
            await asyncio.wait((task,))


def _see(task: asyncio.Task[Any]) -> None:
    """Looks at an error that the block may not await: then it is of no interest."""
    if not task.cancelled():
        task.exception()


def _classify(
    snapshot: Snapshot,
    recognition: Recognition | None,
    order: Order,
    context: ClassificationContext,
) -> tuple[LineSplit, ...]:
    part = order.part
    usage = None
    if part is not None and part.earlier:
        usage = usage_of(snapshot, part.earlier, context=context, recognition=recognition)
    try:
        splits = classify_lines(
            snapshot,
            order.facts.lines,
            path="bill.lines",
            context=context,
            recognition=recognition,
            usage=usage,
        )
    except DomainError as error:
        if part is None:
            raise
        raise named_by_line(error, order.facts) from None
    if part is not None:
        check_amounts(part.expected_amounts, totals(splits))
    return splits
