"""Rules about visits: lines are settled once, settlements of a stay are a stack, one open stay."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from services.kit import codes
from services.proving.history import (
    Answered,
    CancelFees,
    CancelVisit,
    Discharge,
    Operation,
    Refused,
    RegisterVisit,
    Scope,
    Settlement,
    SettleVisit,
    State,
    UploadFees,
    Visit,
    VisitAnswered,
    VisitLine,
    VisitState,
)
from services.proving.rules.evidence import Evidence, named


def registered_once(evidence: Evidence) -> Iterator[str]:
    """Yields visits that were acknowledged and are gone, or that nobody registered."""
    shown: dict[str, str] = {}
    for operation, request, visit_id in _registrations(evidence):
        if shown.setdefault(request.request_id, visit_id) != visit_id:
            yield f"#{operation.number} request {request.request_id} registered two visits"
        if visit_id not in evidence.final.visits:
            yield f"#{operation.number} visit {visit_id} was acknowledged and is gone"
    asked: dict[str, tuple[str, str, str]] = {}
    for operation in evidence.history.operations:
        match operation.request:
            case RegisterVisit(request_id=key, person_id=person_id, institution_code=place) as one:
                if not isinstance(operation.reply, Refused):
                    asked[key] = (person_id, place, one.medical_type_code)
    there = Counter(
        (visit.person_id, visit.institution_code, visit.medical_type_code)
        for visit in evidence.final.visits.values()
    )
    for (person_id, institution, kind), count in (there - Counter(asked.values())).items():
        yield f"{count} visits ({kind}) of person {person_id} at {institution} were not asked for"


def one_open_stay(evidence: Evidence) -> Iterator[str]:
    """Yields persons with two open stays, at the end or for certain at some moment."""
    stays: dict[str, list[str]] = defaultdict(list)
    for visit in evidence.final.visits.values():
        if visit.state is VisitState.REGISTERED and codes.is_inpatient_type(
            visit.medical_type_code
        ):
            stays[visit.person_id].append(visit.visit_id)
    yield from (
        f"person {person_id} has the open stays {sorted(visits)}"
        for person_id, visits in stays.items()
        if len(visits) > 1
    )
    yield from _overlaps(evidence)


def _overlaps(evidence: Evidence) -> Iterator[str]:
    closed: dict[str, int] = {}
    for operation in evidence.history.operations:
        match operation.request:
            case Discharge(visit_id=visit_id, undo=False) | CancelVisit(visit_id=visit_id):
                closed[visit_id] = min(operation.sent, closed.get(visit_id, operation.sent))
    # Open for certain: from the acknowledgement to the first attempt to end it.
    opened: dict[str, dict[str, int]] = defaultdict(dict)
    for operation, request, visit_id in _registrations(evidence):
        if codes.is_inpatient_type(request.medical_type_code):
            since = opened[request.person_id]
            since[visit_id] = min(operation.ended, since.get(visit_id, operation.ended))
    for person_id, found in opened.items():
        for one, other in combinations(sorted(found, key=lambda key: found[key]), 2):
            until = closed.get(one)
            if until is None or found[other] < until:
                yield f"person {person_id}: the stays {one} and {other} went on at once"


def _registrations(evidence: Evidence) -> Iterator[tuple[Operation, RegisterVisit, str]]:
    for operation in evidence.history.operations:
        match operation.request, operation.reply:
            case RegisterVisit() as request, VisitAnswered(visit) if visit:
                yield operation, request, visit.visit_id


def lines_are_kept(evidence: Evidence) -> Iterator[str]:
    """Yields fee lines that are gone, were never uploaded, stand twice or with another amount."""
    uploads: dict[str, list[Operation]] = defaultdict(list)
    cancels: dict[str, list[CancelFees]] = defaultdict(list)
    for operation in evidence.history.operations:
        match operation.request:
            case UploadFees(visit_id=visit_id):
                uploads[visit_id].append(operation)
            case CancelFees(visit_id=visit_id) as request:
                if not isinstance(operation.reply, Refused):
                    cancels[visit_id].append(request)
    for visit_id, visit in evidence.final.visits.items():
        standing = evidence.final.lines.get(visit_id, ())
        yield from _standing(visit_id, standing, uploads[visit_id])
        counted = (len(standing), sum(line.amount for line in standing))
        if (visit.line_count, visit.line_total) != counted:
            yield f"visit {visit_id} counts {visit.line_count} lines of {visit.line_total} fen"
        if visit.state is not VisitState.CANCELLED:
            yield from _gone(visit_id, standing, uploads[visit_id], cancels[visit_id])


def _gone(
    visit_id: str,
    standing: Sequence[VisitLine],
    uploads: list[Operation],
    cancels: list[CancelFees],
) -> Iterator[str]:
    there = {line.line_id for line in standing}
    for operation in uploads:
        if not isinstance(operation.reply, VisitAnswered):
            continue
        for line in _lines_of(operation):
            if line.line_id not in there and not any(_takes(one, line) for one in cancels):
                yield f"#{operation.number} line {line.line_id} of visit {visit_id} is gone"


def _takes(cancel: CancelFees, line: VisitLine) -> bool:
    """Tells whether a line may have been taken back: itself, or with the one that it refunds."""
    named_ = cancel.line_ids
    return not named_ or line.line_id in named_ or line.refund_of_line_id in named_


def _standing(visit_id: str, lines: Sequence[VisitLine], uploads: list[Operation]) -> Iterator[str]:
    for line_id, count in Counter(line.line_id for line in lines).items():
        if count > 1:
            yield f"visit {visit_id}: line {line_id} stands {count} times"
    asked = {
        _content(line)
        for operation in uploads
        if not isinstance(operation.reply, Refused)
        for line in _lines_of(operation)
    }
    for line in lines:
        if _content(line) not in asked:
            yield f"visit {visit_id}: line {line.line_id} stands and was not uploaded so"


def _content(line: VisitLine) -> tuple[str, int, str, str]:
    return line.line_id, line.amount, line.refund_of_line_id, line.charge_batch_number


def _lines_of(operation: Operation) -> tuple[VisitLine, ...]:
    return operation.request.lines if isinstance(operation.request, UploadFees) else ()


def lines_settled_once(evidence: Evidence) -> Iterator[str]:
    """Yields settlements that are not the sum of the lines they cover, or cover what is covered."""
    by_visit: dict[str, dict[str, Settlement]] = defaultdict(dict)
    for settlement, _ in evidence.standing():
        if settlement.visit_id:
            by_visit[settlement.visit_id][settlement.settlement_id] = settlement
    for visit_id in evidence.final.visits.keys() | by_visit.keys():
        visit = evidence.final.visits.get(visit_id)
        if visit is None:
            yield f"visit {visit_id} is settled and not there"
        else:
            yield from _covered(visit, by_visit[visit_id], evidence.final.lines.get(visit_id, ()))


def _covered(
    visit: Visit, standing: Mapping[str, Settlement], lines: Sequence[VisitLine]
) -> Iterator[str]:
    if set(visit.settlement_ids) != set(standing):
        yield f"visit {visit.visit_id} names other settlements than stand in the journal"
    covered: Counter[str] = Counter()
    for line in lines:
        if line.settlement_id:
            covered[line.settlement_id] += line.amount
    for settlement_id, settlement in standing.items():
        total, lines_total = settlement.amounts.total, covered[settlement_id]
        if lines_total != total:
            yield f"{named(settlement)} is of {total} fen, its lines are {lines_total}"
        if settlement.person_id != visit.person_id:
            yield f"{named(settlement)} is of another person than its visit"
    for settlement_id in covered.keys() - standing.keys():
        yield f"visit {visit.visit_id}: {settlement_id} covers lines and does not stand"
    finals = sum(one.scope is Scope.FINAL for one in standing.values())
    if finals > 1 or bool(finals) != (visit.state is VisitState.SETTLED):
        yield f"visit {visit.visit_id} is {visit.state.value} with {finals} final settlements"


def stays_are_stacks(evidence: Evidence) -> Iterator[str]:
    """Yields settlements of a stay that were taken back while a newer one surely stood."""
    settled: dict[str, list[tuple[Settlement, Operation]]] = defaultdict(list)
    for operation, shown in evidence.answers():
        if isinstance(operation.request, SettleVisit) and shown.scope is not Scope.BATCH:
            settled[shown.visit_id].append((shown, operation))
    for stack in settled.values():
        for older, first in stack:
            for newer, second in stack:
                if older.settlement_id != newer.settlement_id and first.ended < second.sent:
                    yield from _undone_under(evidence, older, newer, second)


def _undone_under(
    evidence: Evidence, older: Settlement, newer: Settlement, acknowledged: Operation
) -> Iterator[str]:
    undone = [one.sent for one in evidence.undoings(newer.settlement_id)]
    attempts = evidence.reversals.get(older.settlement_id, ())
    if any(
        one.sent < acknowledged.ended and not isinstance(one.reply, Refused) for one in attempts
    ):
        # It may have been taken back before the newer one was made; a repeat then says so.
        return
    for attempt in attempts:
        if (
            isinstance(attempt.reply, Answered)
            and attempt.reply.settlement.state is State.REVERSED
            and acknowledged.ended < attempt.sent
            and min(undone, default=attempt.ended + 1) > attempt.ended
        ):
            yield f"#{attempt.number} {named(older)} was taken back under {newer.settlement_id}"
