"""Rules about what callers were told: acknowledged once, never contradicted, never invented."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from services.proving.history import (
    Answered,
    Get,
    Operation,
    PreSettle,
    Refused,
    Request,
    Reverse,
    Settle,
    Settlement,
    SettleVisit,
    State,
    Unknown,
    VisitAnswered,
)
from services.proving.rules.evidence import Evidence, differences, facts, named

CAME_ABOUT: Final = frozenset({State.SETTLED, State.REVERSED})
STICKY: Final = frozenset(
    {
        "POLICY_NOT_COVERED",
        "ADJUDICATION_INCONSISTENT",
        "ADJUDICATION_CANCELLED",
        "INSURED_REGION_UNAVAILABLE",
        "REQUEST_ID_REUSED",
    }
)
"""Refusals of Settle after which its request id settles nothing any more."""
_ABSENT: Final = -1
_RANK: Final = {State.PENDING: 0, State.SETTLED: 1, State.FAILED: 1, State.REVERSED: 2}


def acknowledged_exists(evidence: Evidence) -> Iterator[str]:
    """Yields every acknowledged settlement that is not there, or not as acknowledged."""
    for operation, shown in evidence.answers():
        if not isinstance(operation.request, Settle | SettleVisit):
            continue
        where = f"#{operation.number} {named(shown)}"
        if shown.request_id != operation.request.request_id:
            yield f"{where} answers the request {operation.request.request_id}"
            continue
        if shown.state not in CAME_ABOUT:
            yield f"{where} was acknowledged as {shown.state.value}"
        kept = evidence.final.by_request.get(shown.request_id)
        if kept is None:
            yield f"{where} was acknowledged and is gone"
        elif kept.state not in CAME_ABOUT:
            yield f"{where} was acknowledged and is {kept.state.value}"
        elif which := differences(shown, kept):
            yield f"{where} was acknowledged with another {which}"


def exists_once(evidence: Evidence) -> Iterator[str]:
    """Yields settlements that the journal has twice, or shows in two ways."""
    listed = evidence.final.listed
    for what, keys in (
        ("settlement", Counter(settlement.settlement_id for settlement in listed)),
        ("request", Counter(settlement.request_id for settlement in listed)),
    ):
        yield from (f"{what} {key} is {n} times in the journal" for key, n in keys.items() if n > 1)
    by_request = {settlement.request_id: settlement for settlement in listed}
    for request_id, found in evidence.final.by_request.items():
        if by_request.get(request_id) != found:
            yield f"request {request_id} is listed otherwise than it is answered"


def nothing_invented(evidence: Evidence) -> Iterator[str]:
    """Yields settlements that nobody asked for, or otherwise than they were asked for."""
    for settlement in evidence.listed.values():
        attempts = evidence.settles.get(settlement.request_id, [])
        if settlement.recomputes_settlement_id and not attempts:
            # Whether that was asked for: replacing.py.
            continue
        if not attempts:
            yield f"{named(settlement)} was never asked for"
            continue
        if settlement.state is not State.FAILED and all(
            isinstance(one.reply, Refused) for one in attempts
        ):
            reasons = {one.reply.reason for one in attempts if isinstance(one.reply, Refused)}
            yield f"{named(settlement)} is {settlement.state.value} though refused: {reasons}"
        asked = [one.request for one in attempts]
        if not any(_agrees(settlement, request) for request in asked):
            yield f"{named(settlement)} is not what was asked for"
        if settlement.state is State.REVERSED and not evidence.undoings(settlement.settlement_id):
            yield f"{named(settlement)} is reversed though nobody asked"


def _agrees(settlement: Settlement, request: object) -> bool:
    match request:
        case Settle():
            names = (
                "person_id",
                "scheme_code",
                "care_region_code",
                "insured_region_code",
                "institution_code",
                "medical_type_code",
                "end_date",
            )
            same = all(getattr(settlement, name) == getattr(request, name) for name in names)
            return same and settlement.amounts.total == request.total and not settlement.visit_id
        case SettleVisit():
            return (
                settlement.visit_id == request.visit_id
                and settlement.scope is request.scope
                and settlement.charge_batch_number == request.charge_batch_number
                and settlement.amounts.total == request.expected_total
            )
    return False


def same_answer(evidence: Evidence) -> Iterator[str]:
    """Yields requests to which two answers tell different things."""
    first: dict[str, Settlement] = {}
    for operation, shown in evidence.answers():
        if not isinstance(operation.request, Settle | SettleVisit):
            continue
        earlier = first.setdefault(shown.request_id, shown)
        if facts(earlier) != facts(shown):
            which = differences(earlier, shown)
            yield f"#{operation.number} request {shown.request_id} was told another {which}"
    yield from _repeats(evidence)


def _repeats(evidence: Evidence) -> Iterator[str]:
    """Yields repeats of a change that are not answered as the change was."""
    known: dict[Request, Operation] = {}
    for operation in sorted(evidence.history.operations, key=lambda one: one.ended):
        if isinstance(operation.reply, Answered | VisitAnswered):
            known.setdefault(operation.request, operation)
    for operation in evidence.history.operations:
        first = known.get(operation.request)
        if first is None or isinstance(operation.request, Get | PreSettle):
            continue
        where = f"#{operation.number} repeats #{first.number}"
        match first.reply, operation.reply:
            case _, Refused(reason) if first.ended < operation.sent:
                yield f"{where}, which was done, and is refused: {reason}"
            case VisitAnswered() as one, VisitAnswered() as other if one != other:
                yield f"{where} and is answered otherwise"


def refusals_stand(evidence: Evidence) -> Iterator[str]:
    """Yields requests that came about although their caller was told that they never will."""
    for request_id, attempts in evidence.settles.items():
        kept = evidence.final.by_request.get(request_id)
        for attempt in attempts:
            match attempt.reply:
                case Refused(reason) if reason in STICKY:
                    others = [one for one in attempts if one.request == attempt.request]
                    answered = any(isinstance(one.reply, Answered) for one in others)
                    # Other content may rightly be refused: the id stands for the first.
                    alone = len(others) == len(attempts)
                    if answered or (alone and kept is not None and kept.state in CAME_ABOUT):
                        where = f"#{attempt.number} request {request_id}"
                        yield f"{where} was refused ({reason}) and settled"


def voided_stay_void(evidence: Evidence) -> Iterator[str]:
    """Yields requests that settled although their reversal was told that there is nothing."""
    for operation in evidence.history.operations:
        match operation:
            case Operation(
                request=Reverse(settle_request_id=request_id), reply=Refused("RESOURCE_NOT_FOUND")
            ) if request_id:
                if evidence.final.by_request.get(request_id) is not None:
                    yield f"#{operation.number} request {request_id} was told void and exists"


def reversed_is_undone(evidence: Evidence) -> Iterator[str]:
    """Yields acknowledged reversals of what still stands, and refusals that are not true."""
    expected = {
        "SETTLEMENT_ALREADY_REVERSED": State.REVERSED,
        "SETTLEMENT_STATE_FORBIDS": State.FAILED,
    }
    for settlement_id, attempts in evidence.reversals.items():
        kept = evidence.listed.get(settlement_id)
        for attempt in attempts:
            where = f"#{attempt.number} settlement {settlement_id}"
            match attempt.reply:
                case Answered(shown):
                    if shown.state not in {State.REVERSED, State.FAILED}:
                        yield f"{where}: a reversal was acknowledged as {shown.state.value}"
                    if kept is None:
                        yield f"{where}: a reversal was acknowledged of what is not there"
                    elif kept.state is not shown.state:
                        yield (
                            f"{where}: acknowledged as {shown.state.value}, is {kept.state.value}"
                        )
                    elif kept.state is State.REVERSED and (which := differences(shown, kept)):
                        yield f"{where}: the reversal shows another {which}"
                case Refused(reason) if reason in expected:
                    if kept is None or kept.state is not expected[reason]:
                        state = kept.state.value if kept else "not there"
                        yield f"{where}: refused with {reason}, is {state}"


def reversed_once(evidence: Evidence) -> Iterator[str]:
    """Yields reversals that claim to have done what an earlier one was acknowledged for."""
    for settlement_id, attempts in evidence.reversals.items():
        done = [
            attempt
            for attempt in attempts
            if isinstance(attempt.reply, Answered)
            and attempt.reply.settlement.state is State.REVERSED
        ]
        for later in done:
            if isinstance(later.reply, Answered) and not later.reply.replayed:
                earlier = [
                    one.number
                    for one in done
                    if one.ended < later.sent and one.request != later.request
                ]
                if earlier:
                    yield (
                        f"#{later.number} settlement {settlement_id} was reversed again"
                        f" after #{earlier[0]}"
                    )


def never_backwards(evidence: Evidence) -> Iterator[str]:
    """Yields answers that were not true, given an answer that its caller had before asking."""
    seen: dict[str, list[tuple[int, int, int, State | None, int]]] = defaultdict(list)
    for operation, shown in evidence.answers():
        rank = _RANK[shown.state]
        seen[shown.request_id].append(
            (operation.sent, operation.ended, rank, shown.state, operation.number)
        )
    for operation in evidence.history.operations:
        match operation:
            case Operation(request=Get(request_id=request_id), reply=Refused("RESOURCE_NOT_FOUND")):
                seen[request_id].append(
                    (operation.sent, operation.ended, _ABSENT, None, operation.number)
                )
    for request_id, looks in seen.items():
        states = {state for _, _, _, state, _ in looks}
        if State.FAILED in states and states & CAME_ABOUT:
            yield f"request {request_id} was shown as failed and as settled"
        highest, number = _ABSENT, -1
        # Answers in the order in which they came, each held against those sent after it had come.
        ended = sorted(looks, key=lambda look: look[1])
        position = 0
        for sent, _, rank, _, later in sorted(looks):
            while position < len(ended) and ended[position][1] < sent:
                if ended[position][2] > highest:
                    highest, number = ended[position][2], ended[position][4]
                position += 1
            if rank < highest:
                yield f"request {request_id}: #{later} says less than #{number} had said before"


def nothing_pending(evidence: Evidence) -> Iterator[str]:
    """Yields work that was never finished."""
    if evidence.final.open_intents:
        yield f"{evidence.final.open_intents} intents are open"
    for settlement in evidence.listed.values():
        if settlement.state is State.PENDING:
            yield f"{named(settlement)} is pending"


def quotes_hold(evidence: Evidence) -> Iterator[str]:
    """Yields settlements that are not their quote to the fen, and refusals that name no fact."""
    for operation in evidence.history.operations:
        match operation:
            case Operation(
                request=Settle(quoted=quoted) | SettleVisit(quoted=quoted), reply=Answered(shown)
            ) if quoted is not None:
                answer = shown.adjudication
                # The balance may differ where the account does not pay.
                if (
                    answer is None
                    or replace(answer, account_balance=quoted.account_balance) != quoted
                ):
                    yield f"#{operation.number} {named(shown)} is not what was quoted"
            case Operation(reply=Refused("QUOTE_CHANGED", "")):
                yield f"#{operation.number} a quote does not hold, and no fact is named"


def no_defect(evidence: Evidence) -> Iterator[str]:
    """Yields calls that met a defect: whatever breaks around a service, it must know a reason."""
    for operation in evidence.history.operations:
        match operation.reply:
            case Unknown(reason) | Refused(reason) if reason in {"INTERNAL", "UNKNOWN"}:
                name = type(operation.request).__name__
                yield f"#{operation.number} {name} was answered {reason}"
