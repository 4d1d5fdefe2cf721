"""Counts every round trip by pair of provinces: what it came to, how long it took, whose fault.

What the objectives of docs/slo.md are computed from. A repeated request is not counted again: one
bill is one event, and its first answer is what the window waited for.
"""

from __future__ import annotations

import asyncio
import functools
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import grpc
from google.rpc import error_details_pb2, status_pb2

from services.kit import call as calls
from services.kit import codes, telemetry
from services.kit.errors import DomainError
from services.kit.interceptors import Interceptor, Stream, Unary
from services.kit.status import DOMAIN_SUFFIX
from services.settlement import metrics
from services.settlement.faults import (
    HUB,
    INSTITUTION,
    INSURED_REGION,
    OUT_OF_TIME,
    PARTIES,
    PATIENCE_S,
    SECOND_S,
    SILENCE,
    faults,
    slow_party,
)
from services.settlement.refusals import CALLS

UNKNOWN: Final = "unknown"
"""Province of a call that ended before it said which."""
SETTLED: Final = "settled"
REFUSED: Final = "refused"
FAILED: Final = "failed"
_OUTCOMES: Final = (SETTLED, REFUSED, FAILED)
_NO_TRACE: Final = "0" * 32
_LATE_S: Final = SECOND_S + 0.001
"""What is given up counts as late, though its caller's second was over a little before ours."""
_LAST_S: Final = 0.05
"""With no more than this left of the caller's deadline, nobody could be asked any more."""


@dataclass(slots=True)
class Trip:
    """What a round trip learns on its way."""

    region_s: float = 0.0
    """Time spent waiting for the insured region."""
    cause: str = ""
    """Reason behind the one that is answered, where that one hides it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a round trip came to."""

    outcome: str
    party: str | None
    """Whose fault, of what failed."""
    is_timed: bool
    """Whether its duration says how long a decision took, or that none came in time."""


current: ContextVar[Trip | None] = ContextVar("yijie_trip", default=None)


def note_region(seconds: float) -> None:
    """Adds time spent waiting for the insured region; outside a round trip does nothing."""
    trip = current.get()
    if trip is not None:
        trip.region_s += seconds


def note_cause(error: Exception) -> None:
    """Notes what of ours left an outcome pending; outside a round trip does nothing.

    What another system said, which an error's domain tells, is that system's.
    """
    trip = current.get()
    if trip is not None and isinstance(error, DomainError) and not error.domain:
        trip.cause = error.reason


class RoundTripInterceptor(Interceptor):
    """Sees what Settle and SettleVisit are answered, and when."""

    def unary(self, method: str, inner: Unary) -> Unary:
        """Returns the handler itself, or one that is counted."""
        if method not in CALLS:
            return inner

        async def counted(request: Any, context: grpc.aio.ServicerContext) -> Any:
            trip = Trip()
            token = current.set(trip)
            is_abandoned = False
            try:
                return await inner(request, context)
            except asyncio.CancelledError:
                is_abandoned = True
                raise
            finally:
                current.reset(token)
                _count(request, trip, is_abandoned=is_abandoned)

        return counted

    def stream(self, method: str, inner: Stream) -> Stream:  # noqa: ARG002 - nothing to count
        """Returns the handler itself: no bill is settled by a stream."""
        return inner


def judge(
    reason: str,
    service: str,
    trip: Trip,
    total_s: float,
    *,
    is_abandoned: bool = False,
    left_s: float | None = None,
) -> Verdict:
    """Says what a round trip of `total_s` seconds came to; `reason` empty: it was settled.

    `left_s` is what is left of the caller's deadline; None: it is not known.
    """
    if is_abandoned or _ran_out(reason, left_s):
        # Who asked for less than the second set too short a deadline; of the others we were late.
        is_late = total_s > PATIENCE_S
        who = slow_party(total_s, trip.region_s) if is_late else INSTITUTION
        return Verdict(FAILED, who, is_timed=is_late)
    if not reason:
        return Verdict(SETTLED, None, is_timed=True)
    table = faults()
    party = table.party_of(reason, service)
    if party is None:
        return Verdict(REFUSED, None, is_timed=True)
    if party == INSURED_REGION and table.failed.get(trip.cause) == HUB:
        # The outcome is pending since our own database, not the region, did not answer.
        return Verdict(FAILED, HUB, is_timed=False)
    return Verdict(FAILED, party, is_timed=False)


def _ran_out(reason: str, left_s: float | None) -> bool:
    """Tells whether the caller's time ended the call, and not what somebody said.

    Who was asked with the last of it is silent through no fault of its own.
    """
    if reason == OUT_OF_TIME:
        return True
    return reason in SILENCE and left_s is not None and left_s <= _LAST_S


def pair_of(request: Any, call: calls.Call) -> tuple[str, str]:
    """Returns care and insured province of a call, UNKNOWN where it did not come to say."""
    bill, patient = getattr(request, "bill", None), getattr(request, "patient", None)
    care = call.fields.get("care_region") or getattr(bill, "care_region_code", "")
    insured = call.fields.get("insured_region") or getattr(patient, "insured_region_code", "")
    return _province(care), _province(insured)


def _province(code: object) -> str:
    # Before validation a code may be anything: only what is known becomes a label.
    province = codes.province_of(str(code))
    return province if province in codes.PROVINCES else UNKNOWN


def _count(request: Any, trip: Trip, *, is_abandoned: bool) -> None:
    call = calls.current.get()
    if call is None or call.fields.get("replayed"):
        return
    total_s = time.perf_counter() - call.started
    service = _service_of(call.failure)
    verdict = judge(
        call.reason, service, trip, total_s, is_abandoned=is_abandoned, left_s=call.remaining_s()
    )
    pair = _instruments(*pair_of(request, call))
    pair.outcomes[verdict.outcome].inc()
    if verdict.party is not None:
        pair.failures[verdict.party].inc()
    if verdict.is_timed:
        trace_id = telemetry.trace_id()
        exemplar = {"trace_id": trace_id} if trace_id != _NO_TRACE else None
        if verdict.outcome == FAILED:
            total_s = max(total_s, _LATE_S)
        pair.duration.observe(total_s, exemplar)
        if total_s > SECOND_S:
            pair.slow[slow_party(total_s, trip.region_s)].inc()


def _service_of(failure: status_pb2.Status | None) -> str:
    info = error_details_pb2.ErrorInfo()
    for detail in failure.details if failure is not None else ():
        if detail.Unpack(info):
            return str(info.domain).removesuffix(DOMAIN_SUFFIX)
    return ""


class _Pair:
    """The instruments of one pair of provinces, all there from its first round trip on.

    A counter that appears with its first failure would hide that failure from a rate.
    """

    __slots__ = ("duration", "failures", "outcomes", "slow")

    def __init__(self, care: str, insured: str) -> None:
        self.duration = metrics.ROUND_TRIP_DURATION.labels(care, insured)
        self.outcomes = {
            outcome: metrics.ROUND_TRIPS.labels(care, insured, outcome) for outcome in _OUTCOMES
        }
        self.failures = {
            party: metrics.ROUND_TRIP_FAILURES.labels(care, insured, party) for party in PARTIES
        }
        self.slow = {
            party: metrics.SLOW_ROUND_TRIPS.labels(care, insured, party)
            for party in (HUB, INSURED_REGION)
        }


@functools.cache
def _instruments(care: str, insured: str) -> _Pair:
    return _Pair(care, insured)
