"""A bill in its stay: what earlier parts took, and which benefit years bear it.

Two rules join here. Parts of one stay (interim settlements, 中途结算) are one stay: it is counted
once, has one deductible, and its segments go on where the earlier parts ended. And a bill over a
year's end (跨年度住院) is one bill of the year of discharge, or is split by days, as the pack says.
A split is computed as parts of the stay: the old year's first, by the rules of 31 December.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.benefits.domain import schema
from services.benefits.domain.adjudicate import (
    NO_PARTS,
    Earlier,
    adjudicate,
    check_case,
    find_snapshot,
)
from services.benefits.domain.classify import setting_of
from services.benefits.domain.disease import policy_disease
from services.benefits.domain.identities import check_identities
from services.benefits.domain.model import (
    CAUSE_NAMES,
    Amounts,
    Causes,
    FundPayment,
    Outcome,
    Setting,
    YearPart,
)
from services.benefits.domain.schema import (
    DeductibleMode,
    PolicyStep,
    SegmentBasis,
    SegmentSpan,
    YearEnd,
)
from services.benefits.domain.trace import Trace
from services.kit.errors import RuleForbids

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from enum import Enum

    from services.benefits.domain.booking import Standing
    from services.benefits.domain.model import Case, Circumstances
    from services.benefits.domain.schema import AnySpec
    from services.benefits.domain.snapshot import Policy, Snapshot

# Benefit years begin here; a stay that is older is not covered by any pack.
_YEAR_MIN: Final = 2000
_DAY: Final = timedelta(days=1)
_TALLIED: Final = frozenset(
    {DeductibleMode.PER_QUARTER, DeductibleMode.PER_MONTH, DeductibleMode.PER_HOSPITAL}
)


def in_stay(case: Case) -> bool:
    """Tells whether a bill is a part of a stay: only inpatient care has parts."""
    return bool(case.stay_id) and setting_of(case.medical_type_code) is Setting.INPATIENT


def benefit_years(policy: Policy, case: Case) -> tuple[int, ...]:
    """Returns the years whose sums a bill may use, ascending; the last is that of its last day."""
    try:
        snapshot = find_snapshot(policy, case)
    except RuleForbids:
        # Refused when it is computed; a repeat of what is booked needs no policy.
        return (case.end_date.year,)
    return _years(snapshot, case)


def reads(policy: Policy, case: Case) -> tuple[bool, bool]:
    """Tells what a bill's policy reads of a person beside sums, account and entitlements.

    Returns:
        Whether it counts by month, quarter, institution or disease (Circumstances.tallies), and
        whether accounts of relatives may pay (Circumstances.relatives).
    """
    snapshots = list(_snapshots(policy, case))
    return (
        any(_reads_tallies(snapshot, case) for snapshot in snapshots),
        case.use_account
        and any(snapshot.has(schema.ACCOUNT_FAMILY_PAYS) for snapshot in snapshots),
    )


def listed_diseases(policy: Policy, case: Case) -> tuple[str, ...]:
    """Returns the chronic diseases that a bill's policy lists, that of the bill first."""
    listed = [disease for found in _snapshots(policy, case) for disease in found.diseases]
    own = policy_disease(listed, case.disease_code)
    return tuple(dict.fromkeys([own, *listed] if own else listed))


def adjudicate_case(policy: Policy, case: Case, standing: Standing) -> Outcome:
    """Returns who pays what of a bill, after what stands.

    Args:
        policy: the packs.
        case: the bill.
        standing: sums of `benefit_years(policy, case)`, the account, the parts of the stay that
            stand if `in_stay(case)`, the entitlements, and what `reads(policy, case)` says.

    Raises:
        InvalidArgument: as `adjudicate`.
        RuleForbids: as `adjudicate`.
    """
    check_case(case)
    snapshot = find_snapshot(policy, case)
    earlier = _sum_up(standing)
    pieces = _split(case, snapshot, standing) if _splits(snapshot) else ()
    if not pieces:
        return adjudicate(
            case,
            snapshot,
            standing.years[snapshot.benefit_year_of(case.end_date)],
            standing.account_balance,
            earlier,
            circumstances=standing.circumstances,
        )
    return _join(case, snapshot, _settle_pieces(policy, pieces, standing, earlier), pieces)


def split_fen(fen: int, weights: Sequence[int]) -> list[int]:
    """Returns an amount in proportion to weights, whole fen, by largest remainder.

    The parts add up to the amount. Of equal remainders the earlier one gets the fen.

    >>> split_fen(10, [12, 8]), split_fen(100, [1, 1, 1])
    ([6, 4], [34, 33, 33])
    """
    whole = sum(weights)
    parts = [fen * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(fen * weights[i] % whole))
    for index in by_remainder[: fen - sum(parts)]:
        parts[index] += 1
    return parts


def _splits(snapshot: Snapshot) -> bool:
    if not snapshot.has(schema.YEAR_END):
        return False
    reading = snapshot.read(schema.YEAR_END, {})
    return reading is not None and reading.value is YearEnd.SPLIT_BY_DAYS


def _years(snapshot: Snapshot, case: Case) -> tuple[int, ...]:
    last = snapshot.benefit_year_of(case.end_date)
    first = snapshot.benefit_year_of(case.begin_date)
    if first >= last or not _splits(snapshot):
        return (last,)
    return tuple(range(max(first, _YEAR_MIN), last + 1))


def _snapshots(policy: Policy, case: Case) -> Iterator[Snapshot]:
    """Yields the snapshot of every benefit year that may bear a part of a bill, if there is one."""
    try:
        last = find_snapshot(policy, case)
    except RuleForbids:
        return
    yield last
    for year in _years(last, case)[:-1]:
        # In whatever month benefit years begin, 31 December lies in that of its own number.
        end = last.year_end(date(year, 12, 31))
        try:
            yield find_snapshot(policy, replace(case, end_date=end))
        except RuleForbids:
            continue


def _reads_tallies(snapshot: Snapshot, case: Case) -> bool:
    return (
        snapshot.setting is Setting.CHRONIC
        or PolicyStep.DISEASE_LIMIT in snapshot.steps
        or not _TALLIED.isdisjoint(_values(snapshot, schema.DEDUCTIBLE_MODE))
        or (
            in_stay(case)
            and SegmentBasis.FUND in _values(snapshot, schema.SEGMENTS_BASIS)
            and SegmentSpan.STAY in _values(snapshot, schema.SEGMENTS_SPAN)
        )
    )


def _values(snapshot: Snapshot, spec: AnySpec) -> set[Enum]:
    if not snapshot.has(spec):
        return set()
    return {reading.value for reading in snapshot.resolved[spec.path].readings.values()}


def _sum_up(standing: Standing) -> Earlier:
    parts = standing.parts
    if not parts:
        return NO_PARTS
    return Earlier(
        in_scope=sum(part.in_scope for part in parts),
        deductible=sum(part.deductible for part in parts),
        fund=sum(tally.fund for tally in standing.circumstances.tallies if tally.same_stay),
        stays_counted=sum(part.stays_counted for part in parts),
        # Every part holds what was so at the first one.
        stays_before=parts[0].stays_before,
    )


def _split(case: Case, snapshot: Snapshot, standing: Standing) -> tuple[tuple[int, Case], ...]:
    """Returns days and bill per benefit year; empty: the bill lies in one year.

    Days run from the first day, or the day after the last part's, to before the last day.
    """
    first = max([case.begin_date, *(part.end_date + _DAY for part in standing.parts)])
    if snapshot.year_end(first) >= case.end_date:
        return ()
    ends: list[date] = []
    days: list[int] = []
    # The day of discharge is not counted: a year that begins with it bears nothing.
    while first < case.end_date:
        ends.append(min(snapshot.year_end(first), case.end_date))
        following = min(ends[-1] + _DAY, case.end_date)
        days.append((following - first).days)
        first = following
    amounts = case.amounts
    columns = zip(
        split_fen(amounts.full_self_pay, days),
        split_fen(amounts.over_limit, days),
        split_fen(amounts.prior_self_pay, days),
        split_fen(amounts.in_scope, days),
        strict=True,
    )
    return tuple(
        (count, replace(case, end_date=end, amounts=Amounts(sum(share), *share)))
        for end, count, share in zip(ends, days, columns, strict=True)
        if sum(share)
    )


def _settle_pieces(
    policy: Policy,
    pieces: Sequence[tuple[int, Case]],
    standing: Standing,
    earlier: Earlier,
) -> list[Outcome]:
    outcomes = []
    balance, circumstances = standing.account_balance, standing.circumstances
    for _, piece in pieces:
        # Before the sums: of a year that no pack covers there are none.
        snapshot = find_snapshot(policy, piece)
        sums = standing.years[snapshot.benefit_year_of(piece.end_date)]
        outcome = adjudicate(piece, snapshot, sums, balance, earlier, circumstances=circumstances)
        check_identities(outcome)
        balance = outcome.account_balance
        circumstances = _after_family_payments(circumstances, outcome)
        # Tallies stay as they are: they count by year, and a piece's year is not the next one's.
        earlier = Earlier(
            in_scope=earlier.in_scope + outcome.delta.inpatient_in_scope,
            deductible=earlier.deductible + outcome.deductible,
            fund=earlier.fund + outcome.delta.fund_pooled,
            stays_counted=earlier.stays_counted + outcome.delta.inpatient_count,
            stays_before=outcome.stays_before,
        )
        outcomes.append(outcome)
    return outcomes


def _after_family_payments(circumstances: Circumstances, outcome: Outcome) -> Circumstances:
    if not outcome.family_payments:
        return circumstances
    paid = dict(outcome.family_payments)
    return replace(
        circumstances,
        relatives=tuple(
            replace(purse, balance=purse.balance - paid.get(purse.person_id, 0))
            for purse in circumstances.relatives
        ),
    )


def _join(
    case: Case,
    snapshot: Snapshot,
    outcomes: Sequence[Outcome],
    pieces: Sequence[tuple[int, Case]],
) -> Outcome:
    trace = Trace(snapshot, {}, case.end_date)
    trace.read(schema.YEAR_END)
    days_total = sum(days for days, _ in pieces)
    steps = []
    for (days, piece), outcome in zip(pieces, outcomes, strict=True):
        trace.amount(
            "year_part",
            base=case.amounts.total,
            result=piece.amounts.total,
            words={
                "year": outcome.benefit_year,
                "days": days,
                "days_total": days_total,
                "policy_date": piece.end_date.isoformat(),
            },
        )
        steps += [trace.steps[-1], *outcome.steps]
    funds = Counter[str]()
    family = Counter[UUID]()
    for outcome in outcomes:
        for fund in outcome.fund_payments:
            funds[fund.fund_type_code] += fund.amount_fen
        for holder, fen in outcome.family_payments:
            family[holder] += fen
    last = outcomes[-1]
    deductible = sum(outcome.deductible for outcome in outcomes)
    return replace(
        last,
        amounts=case.amounts,
        deductible=deductible,
        # An annual deductible is taken in each of the years.
        deductible_standard=max(deductible, *(outcome.deductible_standard for outcome in outcomes)),
        fund_payments=tuple(FundPayment(code, fen) for code, fen in funds.items()),
        fund_total=sum(outcome.fund_total for outcome in outcomes),
        account_pay=sum(outcome.account_pay for outcome in outcomes),
        cash_pay=sum(outcome.cash_pay for outcome in outcomes),
        patient_total=sum(outcome.patient_total for outcome in outcomes),
        above_cap=sum(outcome.above_cap for outcome in outcomes),
        critical_base=sum(outcome.critical_base for outcome in outcomes),
        sample=trace.sample or any(outcome.sample for outcome in outcomes),
        steps=tuple(steps),
        stays_before=outcomes[0].stays_before,
        causes=Causes(
            **{name: sum(getattr(o.causes, name) for o in outcomes) for name in CAUSE_NAMES}
        ),
        family_payments=tuple(family.items()),
        year_parts=tuple(
            YearPart(
                benefit_year=outcome.benefit_year,
                days=days,
                amounts=piece.amounts,
                deductible=outcome.deductible,
                fund_total=outcome.fund_total,
                delta=outcome.delta,
            )
            for (days, piece), outcome in zip(pieces, outcomes, strict=True)
        ),
    )
