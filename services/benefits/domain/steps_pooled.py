"""The steps up to the pooled fund: what is paid first, deductible, segments, limits and cap."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from services.benefits.domain import schema
from services.benefits.domain.model import LongTermEvidence
from services.benefits.domain.run import ZERO, cut, reduced
from services.benefits.domain.schema import (
    Burden,
    CapBasis,
    CapCounts,
    DeductibleMode,
    Dimension,
    LimitPeriod,
    LimitType,
    ReducedStep,
    SegmentBasis,
    SegmentSpan,
)
from services.kit.money import round_fen

if TYPE_CHECKING:
    from services.benefits.domain.model import Tally
    from services.benefits.domain.run import Run
    from services.benefits.domain.schema import ReductionMode, Scale

    Portions = list[tuple[Fraction | int, Fraction]]

_ONE: Final = Fraction(1)
_PERIODS: Final = {
    DeductibleMode.PER_YEAR: LimitPeriod.YEAR,
    DeductibleMode.PER_QUARTER: LimitPeriod.QUARTER,
    DeductibleMode.PER_MONTH: LimitPeriod.MONTH,
}


def pay_away_first(run: Run) -> None:
    """异地先自付: a share of the in-scope cost is the patient's where care is not at home."""
    if run.at_home():
        return
    ratio = run.trace.read(schema.AWAY_SELF_PAY_RATIO)
    in_scope = run.case.amounts.in_scope
    run.away = run.rounded(in_scope * ratio)
    run.left[Burden.AWAY_SELF_PAY] = run.away
    run.left[Burden.SHARE] -= run.away
    run.trace.amount("away_self_pay", base=in_scope, result=run.away, rounding=run.rounding.value)


def deduct(run: Run) -> None:
    """起付线: what the patient bears before any fund pays, by the mode of the pack."""
    mode = run.trace.read(schema.DEDUCTIBLE_MODE)
    standard = run.trace.read(schema.DEDUCTIBLE_AMOUNT)
    if mode is DeductibleMode.DECREASING_STAY:
        step = run.trace.read(schema.DEDUCTIBLE_STEP)
        floor = run.trace.read(schema.DEDUCTIBLE_FLOOR)
        # A standard that is below the floor from the start is not raised to it.
        standard = max(min(standard, floor), standard - step * run.claim.stays_before)
    in_scope = run.in_scope
    run.standard = standard
    run.deductible = min(in_scope, max(0, standard - _deducted(run, mode, standard)))
    run.left[Burden.DEDUCTIBLE] = run.deductible
    run.left[Burden.SHARE] -= run.deductible
    run.trace.amount("deductible", base=in_scope, result=run.deductible)


def _deducted(run: Run, mode: DeductibleMode, standard: int) -> int:
    """Returns how much of the standard is met before this bill."""
    by_disease = Dimension.DISEASE in run.snapshot.resolved[schema.DEDUCTIBLE_AMOUNT.path].by
    period = _PERIODS.get(mode)
    if period is LimitPeriod.YEAR and not by_disease:
        return run.setting_before[0]
    if period is not None:
        return sum(tally.in_scope for tally in run.tallies(period, of_disease=by_disease))
    if mode is DeductibleMode.TOP_UP:
        if not by_disease:
            return run.setting_before[1]
        return sum(t.deductible for t in run.tallies(LimitPeriod.YEAR, of_disease=True))
    if mode is DeductibleMode.PER_HOSPITAL and _visited(run):
        return standard
    return run.earlier.deductible


def _visited(run: Run) -> bool:
    """Tells whether another visit of the year to the same institution was settled."""
    code = run.case.institution_code
    return bool(code) and any(
        tally.institution_code == code and tally.count > 0 and not tally.same_stay
        for tally in run.tallies(LimitPeriod.YEAR, of_disease=False)
    )


def segment(run: Run) -> None:
    """统筹分段: the pooled fund pays its ratio of what the deductible left, bracket by bracket."""
    # By a commitment letter there may be no benefit at home, however small the bill.
    if run.base or run.case.long_term_evidence is LongTermEvidence.COMMITMENT:
        reduction = run.reduction_of(ReducedStep.SEGMENTS)
    if run.base:
        _read_segments(run, reduction)
    run.set_pooled(above_cap=0)
    run.trace.amount("pooled_fund", base=run.base, result=run.pooled, rounding=run.rounding.value)


def _read_segments(run: Run, reduction: tuple[ReductionMode, Fraction] | None) -> None:
    basis = run.trace.read(schema.SEGMENTS_BASIS)
    span = run.trace.read(schema.SEGMENTS_SPAN)
    scale, read = run.trace.read_scale(schema.SEGMENTS_SCALE)
    earlier = run.earlier
    cost, deducted, fund = earlier.in_scope, earlier.deductible, earlier.fund
    if span is SegmentSpan.YEAR:
        cost, deducted, fund = run.setting_before
    if basis is SegmentBasis.FUND:
        portions = _cut_by_fund(scale, reduction, start=fund, base=run.base)
    else:
        start = cost + run.deductible if basis is SegmentBasis.COST else cost - deducted
        portions = cut(scale, start, start + run.base)
    for length, ratio in portions:
        paid = reduced(ratio, reduction)
        part = length * paid
        run.portions.append((length, paid))
        run.exact += part
        run.trace.use_bracket(read, ratio=ratio, paid=paid)
        run.trace.amount("segment", base=round_fen(length), result=round_fen(part))


def _cut_by_fund(
    scale: Scale, reduction: tuple[ReductionMode, Fraction] | None, *, start: int, base: int
) -> Portions:
    """Returns the cost in each bracket and its ratio where the bounds are on what the fund pays.

    A bracket ends where the fund has paid up to the next one's bound: its cost is that payment
    divided by the ratio. One that pays nothing has no end.
    """
    portions: Portions = []
    rest: Fraction | int = base
    for index, bracket in enumerate(scale):
        upper = scale[index + 1].above if index + 1 < len(scale) else None
        if upper is not None and upper <= start:
            # Behind us, though a reduction may make it pay nothing now.
            continue
        length: Fraction | int = rest
        paid = reduced(bracket.ratio, reduction)
        if paid and upper is not None:
            length = min(rest, (upper - max(start, bracket.above)) / paid)
        if length:
            portions.append((length, bracket.ratio))
            rest -= length
    return portions


def limit_disease(run: Run) -> None:
    """门诊慢特病限额: what is paid for a disease ends at its limit; the rest goes to no fund."""
    kind = run.trace.read(schema.DISEASE_LIMIT_TYPE)
    limit = run.trace.read(schema.DISEASE_LIMIT_AMOUNT)
    period = run.trace.read(schema.DISEASE_LIMIT_PERIOD)
    before = run.tallies(period, of_disease=True)
    room: Fraction | int = run.base
    if limit is not None:
        room = max(0, limit - _used(kind, before))
        if kind is LimitType.TOTAL:
            # 医疗费总额: of a bill that crosses it the in-scope cost counts pro rata.
            share = min(_ONE, Fraction(room, run.case.amounts.total))
            room = max(ZERO, run.in_scope * share - run.deductible)
        elif kind is LimitType.IN_SCOPE:
            room = max(0, room - run.deductible)
    if kind is LimitType.FUND_QUOTA:
        # 定额: paid in full up to the quota, whatever the segments say.
        run.exact = Fraction(min(run.base, room))
        run.portions = [(run.exact, _ONE)]
        over = run.base - run.exact
    elif limit is None:
        over = ZERO
    elif kind is LimitType.FUND:
        over = _keep_fund(run, room)
    else:
        over = _keep_cost(run, room)
    run.set_pooled(above_cap=run.rounded(over))
    run.trace.amount(
        "disease_limit", base=round_fen(room), result=run.pooled, rounding=run.rounding.value
    )


def _used(kind: LimitType, before: list[Tally]) -> int:
    if kind is LimitType.TOTAL:
        return sum(tally.total for tally in before)
    if kind is LimitType.IN_SCOPE:
        return sum(tally.in_scope for tally in before)
    return sum(tally.fund for tally in before)


def cap(run: Run) -> None:
    """统筹封顶线: the pooled fund ends at its cap; the cost beyond is the large-amount fund's."""
    limit = run.trace.read(schema.CAP_AMOUNT)
    basis = run.trace.read(schema.CAP_BASIS)
    counts = run.trace.read(schema.CAP_COUNTS)
    room: int = run.base
    if limit is not None:
        cost_before, _, fund_before = run.setting_before
        if counts is CapCounts.SCHEME:
            sums = run.before
            cost_before = sums.inpatient_in_scope + sums.outpatient_in_scope + sums.chronic_in_scope
            fund_before = sums.fund_pooled + sums.outpatient_fund + sums.chronic_fund
        if basis is CapBasis.FUND:
            room = max(0, limit - fund_before)
            run.excess = _keep_fund(run, room)
        else:
            room = max(0, limit - cost_before - run.deductible)
            run.excess = _keep_cost(run, room)
    run.set_pooled(above_cap=run.rounded(run.excess))
    run.trace.amount("pooled_cap", base=room, result=run.pooled, rounding=run.rounding.value)


def _keep_fund(run: Run, room: Fraction | int) -> Fraction:
    """Keeps the lowest cost until the fund has paid `room`; returns the cost that it cuts off."""
    if run.exact <= room:
        return ZERO
    paid = ZERO
    for index, (length, ratio) in enumerate(run.portions):
        if paid + length * ratio > room:
            reached = (room - paid) / ratio
            over = length - reached + sum(later for later, _ in run.portions[index + 1 :])
            run.portions = [*run.portions[:index], (reached, ratio)]
            run.exact = Fraction(room)
            return over
        paid += length * ratio
    msg = "portions pay less than their sum"
    raise AssertionError(msg)


def _keep_cost(run: Run, room: Fraction | int) -> Fraction:
    """Keeps the lowest cost up to `room`; returns the cost that it cuts off."""
    kept: Portions = []
    over, paid = ZERO, ZERO
    for length, ratio in run.portions:
        taken = min(length, room)
        room -= taken
        over += length - taken
        if taken:
            kept.append((taken, ratio))
            paid += taken * ratio
    run.portions, run.exact = kept, paid
    return over
