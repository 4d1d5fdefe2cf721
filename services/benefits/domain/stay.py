"""A bill in its stay: what earlier parts took, and which benefit years bear it.

Two rules join here. Parts of one stay (interim settlements, 中途结算) are one stay: it is counted
once, has one deductible, and its segments go on where the earlier parts ended. And a bill over a
year's end (跨年度住院) is one bill of the year of discharge, or is split by days, as the pack says.
A split is computed as parts of the stay: the old year's first, by the rules of 31 December.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from services.benefits.domain import schema
from services.benefits.domain.adjudicate import (
    NO_PARTS,
    Earlier,
    adjudicate,
    check_case,
    find_snapshot,
)
from services.benefits.domain.classify import setting_of
from services.benefits.domain.identities import check_identities
from services.benefits.domain.model import Amounts, FundPayment, Outcome, Setting, YearPart
from services.benefits.domain.schema import YearEnd
from services.benefits.domain.trace import Trace
from services.kit.errors import RuleForbids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.benefits.domain.booking import Standing
    from services.benefits.domain.model import Case, StayPart
    from services.benefits.domain.snapshot import Policy, Snapshot

# Benefit years begin here; a stay that is older is not covered by any pack.
_YEAR_MIN: Final = 2000
_DAY: Final = timedelta(days=1)


def in_stay(case: Case) -> bool:
    """Tells whether a bill is a part of a stay: only inpatient care has parts."""
    return bool(case.stay_id) and setting_of(case.medical_type_code) is Setting.INPATIENT


def benefit_years(policy: Policy, case: Case) -> tuple[int, ...]:
    """Returns the years whose sums a bill may use, ascending; the last is that of its last day."""
    last = case.end_date.year
    try:
        snapshot = find_snapshot(policy, case)
    except RuleForbids:
        # Refused when it is computed; a repeat of what is booked needs no policy.
        return (last,)
    if case.begin_date.year >= last or not _splits(snapshot):
        return (last,)
    return tuple(range(max(case.begin_date.year, _YEAR_MIN), last + 1))


def adjudicate_case(policy: Policy, case: Case, standing: Standing) -> Outcome:
    """Returns who pays what of a bill, after what stands.

    Args:
        policy: the packs.
        case: the bill.
        standing: sums of `benefit_years(policy, case)`, the account, and the parts of the stay
            that stand if `in_stay(case)`.

    Raises:
        InvalidArgument: amounts negative or not adding up, or the dates in the wrong order.
        RuleForbids: POLICY_NOT_COVERED.
    """
    check_case(case)
    snapshot = find_snapshot(policy, case)
    earlier = _sum_up(standing.parts)
    pieces = _split(case, standing.parts) if _splits(snapshot) else ()
    if not pieces:
        sums = standing.years[case.end_date.year]
        return adjudicate(case, snapshot, sums, standing.account_balance, earlier)
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


def _sum_up(parts: Sequence[StayPart]) -> Earlier:
    if not parts:
        return NO_PARTS
    return Earlier(
        in_scope=sum(part.in_scope for part in parts),
        deductible=sum(part.deductible for part in parts),
        stays_counted=sum(part.stays_counted for part in parts),
        # Every part holds what was so at the first one.
        stays_before=parts[0].stays_before,
    )


def _split(case: Case, parts: Sequence[StayPart]) -> tuple[tuple[int, Case], ...]:
    """Returns days and bill per benefit year; empty: the bill lies in one year.

    Days run from the first day, or the day after the last part's, to before the last day.
    """
    first = max([case.begin_date, *(part.end_date + _DAY for part in parts)])
    if first.year >= case.end_date.year:
        return ()
    years = range(first.year, case.end_date.year + 1)
    days = [
        (min(date(year + 1, 1, 1), case.end_date) - max(date(year, 1, 1), first)).days
        for year in years
    ]
    amounts = case.amounts
    columns = zip(
        split_fen(amounts.full_self_pay, days),
        split_fen(amounts.over_limit, days),
        split_fen(amounts.prior_self_pay, days),
        split_fen(amounts.in_scope, days),
        strict=True,
    )
    return tuple(
        (
            count,
            replace(
                case,
                end_date=min(date(year, 12, 31), case.end_date),
                amounts=Amounts(sum(share), *share),
            ),
        )
        for year, count, share in zip(years, days, columns, strict=True)
        if sum(share)
    )


def _settle_pieces(
    policy: Policy,
    pieces: Sequence[tuple[int, Case]],
    standing: Standing,
    earlier: Earlier,
) -> list[Outcome]:
    outcomes = []
    balance = standing.account_balance
    for _, piece in pieces:
        # Before the sums: of a year that no pack covers there are none.
        snapshot = find_snapshot(policy, piece)
        sums = standing.years[piece.end_date.year]
        outcome = adjudicate(piece, snapshot, sums, balance, earlier)
        check_identities(outcome)
        balance = outcome.account_balance
        earlier = Earlier(
            in_scope=earlier.in_scope + piece.amounts.in_scope,
            deductible=earlier.deductible + outcome.deductible,
            stays_counted=earlier.stays_counted + outcome.delta.inpatient_count,
            stays_before=outcome.stays_before,
        )
        outcomes.append(outcome)
    return outcomes


def _join(
    case: Case,
    snapshot: Snapshot,
    outcomes: Sequence[Outcome],
    pieces: Sequence[tuple[int, Case]],
) -> Outcome:
    trace = Trace(snapshot, {}, case.end_date.isoformat())
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
    funds: dict[str, int] = {}
    for outcome in outcomes:
        for fund in outcome.fund_payments:
            funds[fund.fund_type_code] = funds.get(fund.fund_type_code, 0) + fund.amount_fen
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
