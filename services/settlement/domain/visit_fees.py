"""Which fee lines may be added to a visit, and which may be taken back. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from services.classification.model import FeeLine
from services.classification.validation import AMOUNT_FEN_MAX, amount_agrees, line_problems
from services.kit.errors import Absent, FieldViolation, InvalidArgument
from services.kit.money import to_fen
from services.settlement.domain.visit import (
    Line,
    Visit,
    check_idle,
    check_state,
    covered_by,
    remainder,
    settled,
    undo_first,
)
from services.settlement.domain.visit_states import VisitState

LINES_MAX: Final = 500
"""Most lines of one call."""
# The order in which a caller learns of problems; the first kind that occurs names the error.
_PRECEDENCE: Final = (
    "FIELD_INVALID",
    "LINE_ID_DUPLICATE",
    "LINE_AMOUNT_MISMATCH",
    "REFUND_ORIGINAL_UNKNOWN",
    "REFUND_EXCEEDS_ORIGINAL",
)


@dataclass(frozen=True, slots=True)
class _Problem:
    violation: FieldViolation
    metadata: dict[str, str] = field(default_factory=dict)


def check_count(count: int) -> None:
    """Raises LINES_TOO_MANY."""
    if count > LINES_MAX:
        raise InvalidArgument(
            "LINES_TOO_MANY",
            f"one call takes {LINES_MAX} lines at most",
            field="lines",
            metadata={"lines": str(count), "linesMax": str(LINES_MAX)},
        )


def check_shapes(lines: Sequence[Line]) -> None:
    """Raises the first kind of problem that lines have by themselves, with every field at fault.

    Errors: FIELD_INVALID, LINE_ID_DUPLICATE, LINE_AMOUNT_MISMATCH.
    """
    problems: list[_Problem] = []
    seen: set[str] = set()
    for index, line in enumerate(lines):
        if line.fee.line_id in seen:
            problems.append(_duplicate(index, "another line of the call has the same id"))
        seen.add(line.fee.line_id)
        problems.extend(_shape(line, f"lines[{index}].line"))
    _refuse(problems)


def accepted(
    visit: Visit,
    lines: Sequence[Line],
    *,
    standing: Sequence[Line],
    taken: Collection[str],
    today: date,
) -> list[Line]:
    """Returns the lines as they are to be kept: each refund with its original's batch and date.

    `lines` have passed `check_shapes`. `standing` are the visit's lines (they may be left out where
    `lines` has no refund), `taken` those of the ids of `lines` that lines of the visit have.

    Errors: VISIT_STATE_FORBIDS, VISIT_BUSY, VISIT_SETTLED, FIELD_INVALID, LINE_ID_DUPLICATE,
    LINE_AMOUNT_MISMATCH, REFUND_ORIGINAL_UNKNOWN, REFUND_EXCEEDS_ORIGINAL, UNDO_ORDER.
    """
    check_state(visit, VisitState.REGISTERED, VisitState.DISCHARGED)
    check_idle(visit)
    if visit.final is not None:
        raise settled(visit.final)
    problems = [
        problem
        for index, line in enumerate(lines)
        for problem in _problems_in(visit, line, index, taken=taken, today=today)
    ]
    _refuse(problems)
    kept = _with_originals(visit, lines, standing)
    _check_batches(visit, kept)
    total = visit.line_total_fen + sum(line.fee.amount_fen for line in kept)
    if total > AMOUNT_FEN_MAX:
        raise InvalidArgument(
            "FIELD_INVALID",
            "the visit's lines must come to less than ten trillion yuan",
            field="lines",
        )
    return kept


def lines_to_cancel(
    visit: Visit, standing: Sequence[Line], *, line_ids: Sequence[str], every: bool
) -> list[Line]:
    """Returns the lines to take back: those named with every refund of them, or all not covered.

    Errors: FIELD_INVALID, VISIT_STATE_FORBIDS, VISIT_BUSY, UNDO_ORDER, RESOURCE_NOT_FOUND.
    """
    if every == bool(line_ids):
        raise InvalidArgument(
            "FIELD_INVALID", "line_ids: either lines or all, not both", field="line_ids"
        )
    check_state(visit, VisitState.REGISTERED, VisitState.DISCHARGED)
    check_idle(visit)
    if visit.final is not None:
        raise undo_first("settlement", field="visit_id", settlement=visit.final)
    if visit.recorded_state is VisitState.DISCHARGED:
        raise undo_first("discharge", field="visit_id")
    if every:
        return [line for line in standing if covered_by(visit, line) is None]
    by_id = {line.fee.line_id: line for line in standing}
    for index, line_id in enumerate(line_ids):
        named = by_id.get(line_id)
        if named is None:
            raise Absent(
                "RESOURCE_NOT_FOUND",
                "the visit has no such line",
                field=f"line_ids[{index}]",
                metadata={"resource": "line"},
            )
        covering = covered_by(visit, named)
        if covering is not None:
            raise undo_first("settlement", field=f"line_ids[{index}]", settlement=covering)
    wanted = set(line_ids)
    _check_left(by_id, standing, wanted, line_ids)
    return [
        line for line in standing if line.fee.line_id in wanted or line.refund_of_line_id in wanted
    ]


def _shape(line: Line, path: str) -> Iterable[_Problem]:
    fee = line.fee
    if line.refund_of_line_id:
        signs = [
            FieldViolation(f"{path}.{name}", "a refund's is negative", "FIELD_INVALID")
            for name, holds in (("quantity", fee.quantity < 0), ("amount", fee.amount_fen <= 0))
            if not holds
        ]
        if signs:
            yield from (_Problem(sign) for sign in signs)
            return
        fee = replace(fee, quantity=-fee.quantity, amount_fen=-fee.amount_fen)
    for violation in line_problems(fee, path):
        mismatch = violation.reason == "LINE_AMOUNT_MISMATCH"
        yield _Problem(violation, _amounts(line.fee) if mismatch else {})


def _problems_in(
    visit: Visit, line: Line, index: int, *, taken: Collection[str], today: date
) -> Iterable[_Problem]:
    """Yields what the visit has against a line, refunds' originals apart."""
    last_day = visit.discharge.discharge_date if visit.discharge is not None else today
    if not visit.record.begin_date <= line.fee.fee_date <= last_day:
        yield _invalid(f"lines[{index}].line.fee_date", "outside the visit's dates")
    if visit.is_stay and line.charge_batch_number:
        yield _invalid(f"lines[{index}].charge_batch_number", "a stay has no charge batches")
    if line.fee.line_id in taken:
        yield _duplicate(index, "a line of the visit has the same id")


def _with_originals(visit: Visit, lines: Sequence[Line], standing: Sequence[Line]) -> list[Line]:
    """Returns the lines with each refund's batch and date taken from its original."""
    if not any(line.refund_of_line_id for line in lines):
        return list(lines)
    originals = {
        line.fee.line_id: line for line in (*standing, *lines) if not line.refund_of_line_id
    }
    # What is left of each original, refunds that stand and those of this call taken off.
    left: dict[str, Line] = dict(originals)
    for line in standing:
        if line.refund_of_line_id:
            left[line.refund_of_line_id] = remainder(left[line.refund_of_line_id], [line])
    problems: list[_Problem] = []
    kept = []
    for index, line in enumerate(lines):
        original = originals.get(line.refund_of_line_id)
        if not line.refund_of_line_id:
            kept.append(line)
            continue
        if original is None:
            problems.append(_unknown(index, line))
            continue
        covering = covered_by(visit, original)
        if covering is not None:
            raise undo_first(
                "settlement", field=f"lines[{index}].refund_of_line_id", settlement=covering
            )
        before = left[original.fee.line_id]
        left[original.fee.line_id] = after = remainder(before, [line])
        problems.extend(_refund_problems(index, line, original, after))
        kept.append(
            replace(
                line,
                charge_batch_number=original.charge_batch_number,
                cover_date=original.fee.fee_date,
            )
        )
    _refuse(problems)
    return kept


def _refund_problems(index: int, line: Line, original: Line, after: Line) -> Iterable[_Problem]:
    """Yields what an original has against a refund of it; `after` is what it leaves."""
    at, fee, charged = f"lines[{index}].line", line.fee, original.fee
    for name, holds in (
        ("item_code", fee.item_code == charged.item_code),
        ("unit_price", fee.unit_price == charged.unit_price),
    ):
        if not holds:
            yield _invalid(f"{at}.{name}", "not that of the line that is refunded")
    if fee.fee_date < charged.fee_date:
        yield _invalid(f"{at}.fee_date", "before that of the line that is refunded")
    if line.charge_batch_number not in {"", original.charge_batch_number}:
        yield _invalid(
            f"lines[{index}].charge_batch_number", "not that of the line that is refunded"
        )
    rest = after.fee
    if rest.quantity < 0 or rest.amount_fen < 0:
        name = "quantity" if rest.quantity < 0 else "amount"
        yield _Problem(
            FieldViolation(
                f"{at}.{name}",
                "the refunds of the line are together more than it",
                "REFUND_EXCEEDS_ORIGINAL",
            ),
            {
                "lineId": charged.line_id,
                "originalFen": str(charged.amount_fen),
                "refundedFen": str(charged.amount_fen - rest.amount_fen),
            },
        )
    elif not _agrees(rest):
        yield _Problem(
            FieldViolation(
                f"{at}.amount",
                "what remains differs from unit price x quantity by more than 0.01 yuan",
                "LINE_AMOUNT_MISMATCH",
            ),
            _amounts(rest),
        )


def _check_batches(visit: Visit, lines: Sequence[Line]) -> None:
    if visit.is_stay:
        return
    by_batch = {standing.charge_batch_number: standing for standing in visit.settlements}
    for index, line in enumerate(lines):
        standing = by_batch.get(line.charge_batch_number)
        if standing is not None:
            raise settled(standing, field=f"lines[{index}].charge_batch_number")


def _check_left(
    by_id: Mapping[str, Line],
    standing: Sequence[Line],
    wanted: Collection[str],
    line_ids: Sequence[str],
) -> None:
    """Raises where the refunds that stay behind would leave an original at odds with its price."""
    touched = {by_id[line_id].refund_of_line_id for line_id in wanted} - {"", *wanted}
    for original_id in touched:
        staying = (
            line
            for line in standing
            if line.refund_of_line_id == original_id and line.fee.line_id not in wanted
        )
        if not _agrees(remainder(by_id[original_id], staying).fee):
            index = next(
                index
                for index, line_id in enumerate(line_ids)
                if by_id[line_id].refund_of_line_id == original_id
            )
            raise InvalidArgument(
                "FIELD_INVALID",
                "the other refunds would leave an amount that differs from the price",
                field=f"line_ids[{index}]",
            )


def _agrees(rest: FeeLine) -> bool:
    return amount_agrees(rest) if rest.quantity else not rest.amount_fen


def _amounts(fee: FeeLine) -> dict[str, str]:
    return {
        "statedFen": str(fee.amount_fen),
        "computedFen": str(to_fen(fee.unit_price * fee.quantity)),
    }


def _refuse(problems: Sequence[_Problem]) -> None:
    if not problems:
        return
    reason = min((p.violation.reason for p in problems), key=_PRECEDENCE.index)
    same = [p for p in problems if p.violation.reason == reason]
    first = same[0].violation
    raise InvalidArgument(
        reason,
        f"{first.field}: {first.description}",
        violations=tuple(p.violation for p in same),
        metadata=same[0].metadata,
    )


def _invalid(path: str, description: str) -> _Problem:
    return _Problem(FieldViolation(path, description, "FIELD_INVALID"))


def _duplicate(index: int, description: str) -> _Problem:
    return _Problem(
        FieldViolation(f"lines[{index}].line.line_id", description, "LINE_ID_DUPLICATE")
    )


def _unknown(index: int, line: Line) -> _Problem:
    return _Problem(
        FieldViolation(
            f"lines[{index}].refund_of_line_id",
            "no charge of the visit has this id",
            "REFUND_ORIGINAL_UNKNOWN",
        ),
        {"lineId": line.fee.line_id},
    )
