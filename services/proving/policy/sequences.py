"""Bills of one person one after another, some taken back: what holds over a period.

The ledger keeps bookings and derives what stands from them as the store of benefits does: sums per
benefit year, tallies per month, setting, institution and disease, the parts of a stay, and what is
left in the accounts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

from services.benefits.domain.adjudicate import Earlier, find_snapshot
from services.benefits.domain.booking import Standing
from services.benefits.domain.disease import policy_disease
from services.benefits.domain.errors import IdentityBroken
from services.benefits.domain.identities import check_identities
from services.benefits.domain.model import (
    SUM_NAMES,
    Accumulators,
    Amounts,
    Circumstances,
    Purse,
    Setting,
    StayPart,
    Tally,
)
from services.benefits.domain.stay import adjudicate_case, benefit_years, in_stay
from services.kit.money import to_fen
from services.proving.policy import oracle
from services.proving.policy.compare import differences, joined

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from services.benefits.domain.model import Case, Entitlement, Outcome
    from services.benefits.domain.snapshot import Policy, Snapshot

_SUMS: Final = {
    Setting.INPATIENT: ("inpatient_in_scope", "inpatient_deductible", "fund_pooled"),
    Setting.OUTPATIENT: ("outpatient_in_scope", "outpatient_deductible", "outpatient_fund"),
    Setting.PHARMACY: ("outpatient_in_scope", "outpatient_deductible", "outpatient_fund"),
    Setting.CHRONIC: ("chronic_in_scope", "chronic_deductible", "chronic_fund"),
}
_PERIODIC: Final = frozenset({"per_year", "per_quarter", "per_month", "top_up"})
_AMOUNTS: Final = tuple(one.name for one in fields(Amounts))
_DAY: Final = timedelta(days=1)
_QUARTER: Final = 3
_FUNDS: Final = (
    "large_amount",
    "critical_illness",
    "civil_servant",
    "enterprise_supplement",
    "disabled_veteran",
    "medical_aid",
    "other_fund",
)


class _Pocket(NamedTuple):
    """What several bills share."""

    name: str
    benefit_year: int
    period: int = 0
    """Of the benefit year."""
    disease: str = ""
    """Empty: any."""


@dataclass(frozen=True, slots=True)
class Booked:
    """A bill and what came of it."""

    case: Case
    outcome: Outcome
    setting: Setting
    disease: str
    """As the policy names it."""
    months: tuple[int, ...]
    """Of the last day in each benefit year of `outcome.deltas`."""


class Ledger:
    """What is booked of one person in one scheme, and stands."""

    def __init__(
        self,
        policy: Policy,
        *,
        balance: int = 0,
        relatives: tuple[Purse, ...] = (),
        entitlements: tuple[Entitlement, ...] = (),
    ) -> None:
        """Begins with nothing booked."""
        self.booked: list[Booked] = []
        self._policy = policy
        self._balance = balance
        self._relatives = relatives
        self._entitlements = entitlements

    def standing(self, case: Case) -> Standing:
        """Returns what stands before a bill."""
        years = {year: Accumulators() for year in benefit_years(self._policy, case)}
        balance, purses = self._balance, {p.person_id: p.balance for p in self._relatives}
        for one in self.booked:
            for year, delta in one.outcome.deltas:
                if year in years:
                    years[year] = years[year].plus(delta)
            balance -= one.outcome.account_pay
            for holder, fen in one.outcome.family_payments:
                balance += fen
                purses[holder] -= fen
        return Standing(
            years,
            balance,
            tuple(self._parts(case)),
            Circumstances(
                entitlements=self._entitlements,
                tallies=tuple(self._tallies(case)),
                relatives=tuple(Purse(p.person_id, purses[p.person_id]) for p in self._relatives),
            ),
        )

    def _parts(self, case: Case) -> Iterator[StayPart]:
        for one in self.booked:
            if in_stay(case) and one.case.stay_id == case.stay_id:
                deltas = [delta for _, delta in one.outcome.deltas]
                yield StayPart(
                    end_date=one.case.end_date,
                    in_scope=sum(delta.inpatient_in_scope for delta in deltas),
                    deductible=sum(delta.inpatient_deductible for delta in deltas),
                    stays_counted=sum(delta.inpatient_count for delta in deltas),
                    stays_before=one.outcome.stays_before,
                )

    def _tallies(self, case: Case) -> Iterator[Tally]:
        years = benefit_years(self._policy, case)
        for one in self.booked:
            names = _SUMS[one.setting]
            last = len(one.months) - 1
            same_stay = in_stay(case) and one.case.stay_id == case.stay_id
            for index, (year, delta) in enumerate(one.outcome.deltas):
                # Of a stay all years: what its parts paid goes on in the segments.
                if year not in years and not same_stay:
                    continue
                in_scope, deductible, fund = (getattr(delta, name) for name in names)
                yield Tally(
                    benefit_year=year,
                    month=one.months[index],
                    setting=one.setting,
                    institution_code=one.case.institution_code,
                    disease_code=one.disease,
                    same_stay=same_stay,
                    count=1,
                    total=one.case.amounts.total if index == last else 0,
                    in_scope=in_scope,
                    deductible=deductible,
                    fund=fund,
                )

    def settle(self, case: Case) -> Outcome:
        """Books a bill and returns what came of it.

        Raises:
            RuleForbids: as `adjudicate_case`; nothing is booked.
        """
        outcome = adjudicate_case(self._policy, case, self.standing(case))
        snapshot = find_snapshot(self._policy, case)
        ends = [snapshot.year_end(date(year, 12, 31)) for year, _ in outcome.deltas]
        self.booked.append(
            Booked(
                case=case,
                outcome=outcome,
                setting=snapshot.setting,
                disease=policy_disease(snapshot.diseases, case.disease_code),
                months=tuple(min(end, case.end_date).month for end in ends),
            )
        )
        return outcome

    def take_back(self, index: int) -> None:
        """Takes a booking back."""
        del self.booked[index]

    def sums(self) -> dict[int, Accumulators]:
        """Returns the sums of every benefit year that bears anything."""
        years: defaultdict[int, Accumulators] = defaultdict(Accumulators)
        for one in self.booked:
            for year, delta in one.outcome.deltas:
                years[year] = years[year].plus(delta)
        return dict(years)


def check_settled(
    policy: Policy, case: Case, standing: Standing, outcome: Outcome
) -> Iterator[str]:
    """Yields what is wrong with a bill settled on what stood."""
    try:
        check_identities(outcome)
    except IdentityBroken as error:
        yield f"identities: {error}"
    if min(getattr(delta, name) for _, delta in outcome.deltas for name in SUM_NAMES) < 0:
        yield "a sum goes down"
    yield from _by_the_formulas(policy, case, standing, outcome)


def check_limits(ledger: Ledger) -> Iterator[str]:
    """Yields where all that stands together is above a limit, a cap or a deductible.

    Where bills of one period read different values, for their levels or in time, the highest holds.
    """
    taken: defaultdict[_Pocket, int] = defaultdict(int)
    bounds: defaultdict[_Pocket, list[int | None]] = defaultdict(list)
    for one in ledger.booked:
        # A bill over two years has the values of both in one trace.
        if len(one.outcome.deltas) == 1:
            for pocket, fen, bound in _drawn_on(one):
                taken[pocket] += fen
                bounds[pocket].append(bound)
    for pocket, fen in taken.items():
        known = [bound for bound in bounds[pocket] if bound is not None]
        if len(known) == len(bounds[pocket]) and fen > max(known):
            yield f"{pocket}: {fen} of {max(known)}"


def _drawn_on(one: Booked) -> Iterator[tuple[_Pocket, int, int | None]]:
    """Yields what a bill takes of what is limited: from where, fen, and the bound (None: none)."""
    (year, delta), month = one.outcome.deltas[0], one.months[0]
    found = {
        read.path.partition("[")[0].rpartition("/")[2]: read
        for step in one.outcome.steps
        for read in step.parameters
    }
    read = {path: one_read.value for path, one_read in found.items()}
    _, deductible, fund = (getattr(delta, name) for name in _SUMS[one.setting])
    if "disease_limit.amount" in read:
        period = _period(read["disease_limit.period"], month)
        pocket = _Pocket("disease_limit", year, period, one.disease)
        # Of whatever type: no ratio is above 1, so no fund pays more than the cost that it limits.
        yield pocket, fund, _fen_of(read["disease_limit.amount"])
    mode = read.get("deductible.mode")
    if mode in _PERIODIC:
        amount = found["deductible.amount"]
        of_disease = bool(one.disease) and one.disease in amount.path
        pocket = _Pocket(
            "deductible",
            year,
            _period(mode.removeprefix("per_"), month),
            one.disease if of_disease else "",
        )
        yield pocket, deductible, _fen_of(amount.value)
    if (read.get("pooled_cap.basis"), read.get("pooled_cap.counts")) == ("fund", "setting"):
        yield _Pocket("pooled_cap", year), fund, _fen_of(read["pooled_cap.amount"])
    for name in _FUNDS:
        if f"{name}.cap" in read:
            paid = getattr(delta, f"fund_{name}".removesuffix("_fund"))
            yield _Pocket(name, year), paid, _fen_of(read[f"{name}.cap"])


def _period(word: str, month: int) -> int:
    return {"month": month, "quarter": (month - 1) // _QUARTER}.get(word, 0)


def _fen_of(text: str) -> int | None:
    return None if text == "unlimited" else to_fen(Decimal(text.replace(",", "")))


def _by_the_formulas(
    policy: Policy, case: Case, standing: Standing, outcome: Outcome
) -> Iterator[str]:
    if outcome.year_parts:
        yield from _pieces_by_the_formulas(policy, case, standing, outcome)
        return
    snapshot = find_snapshot(policy, case)
    try:
        expected = oracle.expected(
            case,
            snapshot,
            standing.years[outcome.benefit_year],
            standing.circumstances,
            earlier=_earlier(standing),
            balance=standing.account_balance,
        )
    except oracle.NotCovered:
        yield "computed, and the formulas refuse it"
        return
    yield from differences(outcome, expected)


def _earlier(standing: Standing) -> Earlier:
    parts = standing.parts
    return Earlier(
        in_scope=sum(part.in_scope for part in parts),
        deductible=sum(part.deductible for part in parts),
        fund=sum(t.fund for t in standing.circumstances.tallies if t.same_stay),
        stays_counted=sum(part.stays_counted for part in parts),
        stays_before=parts[0].stays_before if parts else None,
    )


def _pieces_by_the_formulas(
    policy: Policy, case: Case, standing: Standing, outcome: Outcome
) -> Iterator[str]:
    """Each year's share as a bill of its own, the old year's first."""
    earlier, balance, held = _earlier(standing), standing.account_balance, standing.circumstances
    pieces = []
    snapshot = find_snapshot(policy, case)
    for part in outcome.year_parts:
        end = min(case.end_date, snapshot.year_end(date(part.benefit_year, 12, 31)))
        piece = replace(case, end_date=end, amounts=part.amounts)
        expected = oracle.expected(
            piece,
            find_snapshot(policy, piece),
            standing.years[part.benefit_year],
            held,
            earlier=earlier,
            balance=balance,
        )
        balance -= expected.account
        held = replace(held, relatives=_left(held.relatives, dict(expected.family)))
        earlier = replace(
            earlier,
            in_scope=earlier.in_scope + part.delta.inpatient_in_scope,
            deductible=earlier.deductible + expected.deductible,
            fund=earlier.fund + part.delta.fund_pooled,
            stays_before=outcome.stays_before,
        )
        pieces.append(expected)
    yield from differences(outcome, joined(pieces))
    yield from _by_days(snapshot, case, standing, outcome)


def _left(purses: tuple[Purse, ...], paid: dict[UUID, int]) -> tuple[Purse, ...]:
    return tuple(Purse(p.person_id, p.balance - paid.get(p.person_id, 0)) for p in purses)


def _by_days(snapshot: Snapshot, case: Case, standing: Standing, outcome: Outcome) -> Iterator[str]:
    """The days of each year one by one, and each amount within a fen of its days' share."""
    first = max([case.begin_date, *(part.end_date + _DAY for part in standing.parts)])
    days = Counter(
        snapshot.benefit_year_of(first + _DAY * index)
        for index in range((case.end_date - first).days)
    )
    for part in outcome.year_parts:
        if part.days != days[part.benefit_year]:
            yield f"{part.days} days in {part.benefit_year}, one by one {days}"
        for name in _AMOUNTS[1:]:
            exact = Fraction(getattr(case.amounts, name) * part.days, days.total())
            if abs(getattr(part.amounts, name) - exact) >= 1:
                yield f"{name} in {part.benefit_year} is not its days' share"
    for name in _AMOUNTS:
        if sum(getattr(p.amounts, name) for p in outcome.year_parts) != getattr(case.amounts, name):
            yield f"the years do not add up to the bill's {name}"
