"""What must come out of the year, by an arithmetic of its own.

Additions over what happened and what was decided, in the order in which it was; no service's code
and no table's. Amounts are whole fen; above zero the insured province owes the care province.

    line of a month    care of the month + refunds of earlier months + deductions
    a month            that in which it was settled or refunded, or the first that is not cut yet
    a deduction        the first month whose tables are not made when it is upheld
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from services.kit.clock import civil_month
from services.proving.clearing_year.months import next_month
from services.proving.clearing_year.plan import Care

# Funds that provinces clear under their own code; any other is 910100, and the personal account
# is owed like a fund.
CLEARED: Final = frozenset(
    ("310100", "310200", "320100", "330100", "350100", "370100", "390100", "610100")
)
CRITICAL: Final = frozenset(("390200", "99999737"))
"""居民大病, and what an employees' fund of the kind is locally, which provinces clear as 330100."""
ACCOUNT: Final = "310200"
OTHER: Final = "910100"
POOLED: Final = {"310": "310100", "390": "390100"}


class Pair(NamedTuple):
    """Insured and care province."""

    insured: str
    care: str


class Place(NamedTuple):
    """Where an amount of a month stands."""

    month: str
    insured: str
    care: str
    scheme: str
    fund: str


@dataclass(slots=True)
class Sums:
    """A line of the tables."""

    cost: int = 0
    adjustment: int = 0
    deduction: int = 0
    late: int = 0
    """Of cost and adjustment: what happened in an earlier month than it is booked in."""

    @property
    def payable(self) -> int:
        """What is owed by the line."""
        return self.cost + self.adjustment + self.deduction


class NoticeKey(NamedTuple):
    """What a notice is about."""

    kind: str
    """CLEARING, PREPAYMENT_ADJUSTMENT or EMERGENCY_TOP_UP."""
    month: str
    insured: str
    care: str


@dataclass(slots=True)
class Reckoning:
    """The books of the year as somebody would keep them who only adds up."""

    open_month: str
    """The first month that is not cut."""
    untabled_month: str
    """The first month whose tables are not made."""
    lines: dict[Place, Sums] = field(default_factory=dict)
    counts: dict[tuple[str, str, str, str], list[int]] = field(default_factory=dict)
    """Settled and refunded, by month, insured, care and scheme."""
    booked: dict[UUID, str] = field(default_factory=dict)
    """The month that holds a settlement."""
    deducted: dict[UUID, tuple[Care, str, dict[str, int]]] = field(default_factory=dict)
    """Deductions that stand: care, month, by fund."""
    notices: dict[NoticeKey, dict[tuple[str, str], int]] = field(default_factory=dict)
    """Amounts by scheme and fund of every notice that was issued."""
    paid: Counter[NoticeKey] = field(default_factory=Counter)
    """What the bank moved for it, always more than zero."""
    quotas: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By insured and care province and scheme."""

    # --- care ------------------------------------------------------------------------------------

    def settle(self, care: Care) -> None:
        """A settlement came through the feed."""
        month = max(civil_month(care.settle_time), self.open_month)
        self.booked[care.settlement_id] = month
        is_late = civil_month(care.settle_time) < month
        for fund, fen in funds_of(care).items():
            line = self._line(month, care, fund)
            line.cost += fen
            line.late += fen if is_late else 0
        self._count(month, care)[0] += 1

    def reverse(self, care: Care, instant: datetime) -> None:
        """A refund came through the feed: it takes back what the settlement was cleared for."""
        month = max(civil_month(instant), self.open_month)
        is_same = self.booked[care.settlement_id] == month
        is_late = civil_month(instant) < month
        for fund, fen in funds_of(care).items():
            line = self._line(month, care, fund)
            if is_same:
                line.cost -= fen
            else:
                line.adjustment -= fen
            line.late -= fen if is_late else 0
        self._count(month, care)[1] += 1

    def cut(self) -> None:
        """The month that was open is cut."""
        self.open_month = next_month(self.open_month)

    def make_tables(self) -> str:
        """The tables of the next month are made; returns which month."""
        month = self.untabled_month
        self.untabled_month = next_month(month)
        return month

    # --- deductions ------------------------------------------------------------------------------

    def uphold(self, deduction_id: UUID, care: Care, funds: Mapping[str, int]) -> None:
        """A deduction stands from now on."""
        month = max(self.untabled_month, self.booked[care.settlement_id])
        for fund, fen in funds.items():
            self._line(month, care, fund).deduction -= fen
        self.deducted[deduction_id] = (care, month, dict(funds))

    def give_back(self, deduction_id: UUID) -> None:
        """The settlement of a deduction that stands was refunded: it is not deducted twice."""
        care, deducted_month, funds = self.deducted.pop(deduction_id)
        month = max(self.untabled_month, deducted_month)
        for fund, fen in funds.items():
            self._line(month, care, fund).deduction += fen

    # --- notices and money -----------------------------------------------------------------------

    def issue_clearing(self, month: str) -> None:
        """The notices of a month are issued: one per pair with an amount."""
        for place, sums in self.lines.items():
            if place.month == month and sums.payable:
                key = NoticeKey("CLEARING", month, place.insured, place.care)
                held = self.notices.setdefault(key, {})
                held[place.scheme, place.fund] = sums.payable

    def issue_prepayment(
        self, kind: str, month: str, pair: Pair, changes: Mapping[str, int]
    ) -> None:
        """A notice of prepayment is issued: what changes by scheme."""
        lines = {(scheme, POOLED[scheme]): fen for scheme, fen in changes.items() if fen}
        if lines:
            self.notices[NoticeKey(kind, month, *pair)] = lines
        for scheme, fen in changes.items():
            self.quotas[pair.insured, pair.care, scheme] += fen

    def pay(self, key: NoticeKey, fen: int) -> None:
        """The bank moved money for a notice, from its payer to its receiver."""
        self.paid[key] += fen

    def amount(self, key: NoticeKey) -> int:
        """Returns what a notice comes to: below zero the care province pays."""
        return sum(self.notices[key].values())

    def payer(self, key: NoticeKey) -> str:
        """Returns who pays a notice."""
        return key.insured if self.amount(key) >= 0 else key.care

    def outstanding(self, payer: str = "", *, kinds: Iterable[str] = ()) -> dict[NoticeKey, int]:
        """Returns what is not paid of notices, perhaps of one payer and some kinds only."""
        wanted = set(kinds)
        return {
            key: left
            for key in self.notices
            if (left := abs(self.amount(key)) - self.paid[key])
            and payer in {"", self.payer(key)}
            and (not wanted or key.kind in wanted)
        }

    # --- what follows from it --------------------------------------------------------------------

    def month_lines(self, month: str) -> dict[Place, Sums]:
        """Returns the lines of a month in which something stands."""
        return {place: sums for place, sums in self.lines.items() if place.month == month}

    def payable(self, month: str) -> dict[Pair, int]:
        """Returns what each pair owes of a month."""
        found: dict[Pair, int] = defaultdict(int)
        for place, sums in self.month_lines(month).items():
            found[Pair(place.insured, place.care)] += sums.payable
        return dict(found)

    def settled(self, month: str, *, with_account: bool = True) -> dict[tuple[str, str, str], int]:
        """Returns what was settled in a month less refunds, by pair and scheme: no deductions."""
        found: dict[tuple[str, str, str], int] = defaultdict(int)
        for place, sums in self.month_lines(month).items():
            if with_account or place.fund != ACCOUNT:
                found[place.insured, place.care, place.scheme] += sums.cost + sums.adjustment
        return dict(found)

    def quotas_from(self, months: tuple[str, ...]) -> dict[tuple[str, str, str], int]:
        """Returns two average months of funds, half a fen up; no less than nothing."""
        sums: Counter[tuple[str, str, str]] = Counter()
        for month in months:
            sums.update(self.settled(month, with_account=False))
        keys = {*sums, *self.quotas}
        count = len(months)
        return {key: max(0, (4 * sums[key] + count) // (2 * count)) for key in keys}

    def holding(self, pair: Pair, scheme: str = "") -> int:
        """Returns what the care province holds of the insured one."""
        held = 0
        for key in self.notices:
            if key.kind == "CLEARING" or (key.insured, key.care) != pair:
                continue
            for (of_scheme, _), fen in self._paid_lines(key).items():
                if scheme in {"", of_scheme}:
                    held += fen
        return held

    def _paid_lines(self, key: NoticeKey) -> dict[tuple[str, str], int]:
        """Divides what was paid of a notice among its lines, in the order of scheme and fund."""
        lines = self.notices[key]
        amount = self.amount(key)
        if not self.paid[key]:
            # A notice whose lines cancel out moves no money, and is paid by being issued.
            return {} if amount else lines
        sign = 1 if amount >= 0 else -1
        # Lines the other way round are settled by the first transfer: it is smaller by them.
        left = self.paid[key] - sum(min(0, sign * fen) for fen in lines.values())
        found = {}
        for place, fen in sorted(lines.items()):
            part = min(sign * fen, left) if sign * fen > 0 else sign * fen
            left -= max(0, part)
            found[place] = sign * part
        return found

    def balances(self) -> dict[tuple[str, str, str, str, str, str], int]:
        """Returns the balance of every account of the ledger that is not zero.

        By insured, care, month, scheme, fund and purpose; what waits for a decision is not in it.
        """
        found: Counter[tuple[str, str, str, str, str, str]] = Counter()
        for place, sums in self.lines.items():
            key = (place.insured, place.care, place.month, place.scheme, place.fund)
            found[*key, "CLEARING"] += sums.cost
            found[*key, "ADJUSTMENT"] += sums.adjustment
            found[*key, "DEDUCTION"] += sums.deduction
        for notice, lines in self.notices.items():
            of_clearing = notice.kind == "CLEARING"
            for (scheme, fund), fen in lines.items():
                if not of_clearing:
                    account = (notice.insured, notice.care, notice.month, scheme, fund)
                    found[*account, "PREPAYMENT"] += fen
            for (scheme, fund), fen in self._paid_lines(notice).items():
                account = (notice.insured, notice.care, notice.month, scheme, fund)
                found[*account, "PAYMENT" if of_clearing else "PREPAYMENT_PAYMENT"] -= fen
        return {key: fen for key, fen in found.items() if fen}

    def _line(self, month: str, care: Care, fund: str) -> Sums:
        place = Place(
            month, care.insured_region_code, care.care_region_code, care.scheme_code, fund
        )
        return self.lines.setdefault(place, Sums())

    def _count(self, month: str, care: Care) -> list[int]:
        key = (month, care.insured_region_code, care.care_region_code, care.scheme_code)
        return self.counts.setdefault(key, [0, 0])


def funds_of(care: Care) -> dict[str, int]:
    """Returns what a settlement is cleared for, by the fund that it is cleared under."""
    found: Counter[str] = Counter()
    for fund, fen in care.fund_fen.items():
        code = "330100" if fund in CRITICAL else fund
        found[code if code in CLEARED else OTHER] += fen
    if care.account_fen:
        found[ACCOUNT] += care.account_fen
    return dict(found)


def split(amount: int, funds: Mapping[str, int]) -> dict[str, int]:
    """Splits an amount among funds by what they paid; odd fen go to the largest remainders."""
    whole = sum(funds.values())
    shares = {fund: amount * fen // whole for fund, fen in funds.items()}
    left = amount - sum(shares.values())
    by_remainder = sorted(funds, key=lambda fund: (-(amount * funds[fund] % whole), fund))
    for fund in by_remainder[:left]:
        shares[fund] += 1
    return {fund: fen for fund, fen in shares.items() if fen}
