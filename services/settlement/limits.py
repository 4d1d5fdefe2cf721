"""Pairs of provinces whose prepayment is used up (docs/adr/0024-prepayment.md).

What then becomes of their bills is the insured province's policy, which clearing knows: settle,
warn, or refuse what is no emergency. The list is short, empty in every ordinary month, and polled:
a settlement costs a look-up, and clearing is never in its way. With no list yet, with an old one,
or with no clearing, everything is settled.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from services.kit import codes
from services.kit.channel import Callee, open_channel
from services.kit.clock import Clock
from services.kit.deadline import DeadlineTooShortError
from services.kit.errors import DomainError, RuleForbids
from services.kit.log import get_logger
from services.kit.tls import Identity
from services.settlement import metrics
from services.settlement.domain.bill import Bill
from yijie.clearing.v1 import prepayment_pb2, prepayment_service_pb2, prepayment_service_pb2_grpc
from yijie.filing.v1 import filing_service_pb2

REASON: Final = "PREPAYMENT_EXHAUSTED"
_TIMEOUT_S: Final = 2.0
_ACTIONS: Final[Mapping[int, str]] = {
    prepayment_pb2.EXHAUSTED_ACTION_WARN: "warn",
    prepayment_pb2.EXHAUSTED_ACTION_BLOCK: "block",
}


class Limits:
    """The list in force: which pairs are warned of or refused."""

    def __init__(self, clock: Clock, *, age_s_max: float = 60.0) -> None:
        """A list that clearing has not confirmed for `age_s_max` counts no more."""
        self._clock = clock
        self._age_s_max = age_s_max
        self._actions: dict[tuple[str, str], str] = {}
        self._version = ""
        self._confirmed: float | None = None
        self._is_told = False

    def require(self, bill: Bill, match: filing_service_pb2.MatchFilingResponse) -> None:
        """Raises PREPAYMENT_EXHAUSTED for a bill of a pair that is refused and is no emergency."""
        if not self._actions:
            return
        insured = codes.province_of(bill.insured_region_code)
        care = codes.province_of(bill.care_region_code)
        action = self._actions.get((insured, care))
        if action is None:
            return
        if self._age_s() > self._age_s_max:
            self._count(insured, "old")
            return
        if action == "warn":
            self._count(insured, "warned")
            return
        if (
            bill.emergency
            or codes.is_emergency_type(bill.medical_type_code)
            or match.benefit_level == filing_service_pb2.BENEFIT_LEVEL_EMERGENCY
        ):
            self._count(insured, "emergency")
            return
        self._count(insured, "refused")
        raise RuleForbids(
            REASON,
            "the insured province's prepayment is used up; only emergencies are settled",
            field="patient.insured_region_code",
            metadata={"insuredRegionCode": insured, "careRegionCode": care},
        )

    @contextlib.asynccontextmanager
    async def polling(self, stub: Any, interval_s: float) -> AsyncIterator[None]:
        """Asks clearing every `interval_s` while the block runs; never waits for it."""
        metrics.LIMITS_AGE.set_function(self._age_s)
        task = asyncio.create_task(self._poll(stub, interval_s), name="limits")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _poll(self, stub: Any, interval_s: float) -> None:
        callee = Callee("clearing")
        while True:
            request = prepayment_service_pb2.GetSettlementLimitsRequest(known_version=self._version)
            try:
                self._take(await callee.call(stub.GetSettlementLimits, request, own_s=_TIMEOUT_S))
            except (DomainError, DeadlineTooShortError) as error:
                self._tell(getattr(error, "reason", ""))
            await asyncio.sleep(interval_s)

    def _take(self, answer: prepayment_service_pb2.GetSettlementLimitsResponse) -> None:
        if not answer.unchanged:
            actions = {
                (one.insured_region_code, one.care_region_code): _ACTIONS[one.action]
                for one in answer.limits
                if one.action in _ACTIONS
            }
            self._actions, self._version = actions, answer.version
            for action in _ACTIONS.values():
                count = sum(one == action for one in actions.values())
                metrics.LIMITS.labels(action).set(count)
            get_logger().info("limits in place", version=answer.version, count=len(actions))
        self._confirmed = self._clock.monotonic()
        self._is_told = False

    def _tell(self, reason: str) -> None:
        # Once for an outage, when it begins to matter.
        if self._actions and not self._is_told and self._age_s() > self._age_s_max:
            self._is_told = True
            get_logger().warning("limits are old, all is settled", callee="clearing", reason=reason)

    def _age_s(self) -> float:
        return 0.0 if self._confirmed is None else self._clock.monotonic() - self._confirmed

    @staticmethod
    def _count(insured: str, outcome: str) -> None:
        metrics.EXHAUSTED.labels(insured, outcome).inc()


@contextlib.asynccontextmanager
async def open_limits(
    target: str,
    clock: Clock,
    identity: Identity | None = None,
    *,
    interval_s: float,
    age_s_max: float,
) -> AsyncIterator[Limits]:
    """Gives the list, polled from clearing while the block runs; no target: no list, ever."""
    limits = Limits(clock, age_s_max=age_s_max)
    if not target:
        yield limits
        return
    async with open_channel(target, identity) as channel:
        stub = prepayment_service_pb2_grpc.PrepaymentServiceStub(channel)
        async with limits.polling(stub, interval_s):
            yield limits
