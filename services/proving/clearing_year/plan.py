"""What happens in the year: every settlement and every refund, drawn from a seed.

Nothing here knows clearing. An amount is drawn as whole fen; an instant is drawn in the civil month
in China, and some settlements are put on the very instants at which one month ends and the next
begins.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.kit import codes
from services.kit.clock import civil_midnight, civil_month
from services.proving.clearing_year.months import next_month, starts

EMPLOYEE: Final = "310"
RESIDENT: Final = "390"
OUTPATIENT: Final = "11"
INPATIENT: Final = "21"

_POOLED: Final = {EMPLOYEE: "310100", RESIDENT: "390100"}
# Beside the pooled fund: which other funds pay, and in how many of a hundred settlements.
_OTHERS: Final = {
    EMPLOYEE: (("330100", 10), ("320100", 5), ("520300", 2), ("99999737", 4)),
    RESIDENT: (("390200", 10), ("610100", 8)),
}
_YEAR_MONTHS: Final = 12
_LONG: Final = 8
_TINY: Final = timedelta(microseconds=1)
_LATE_BY: Final = timedelta(days=1, hours=9)
_SPIKE_FACTOR: Final = 6
_STAYS_OF_100: Final = 15
# Places in a month: its first instant, its last, and one that the feed has too late.
_AT_FIRST, _AT_LAST, _AT_LATE = 0, 1, 2
# Of a thousand settlements: refunded in their month, in the next one, and long after clearing.
_SAME_MONTH: Final = 20
_NEXT_MONTH: Final = 30
_LONG_AFTER: Final = 40
_LARGE_STAY_FEN: Final = 3_500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """One settlement of the year, and its refund if there is one."""

    settlement_id: UUID
    settle_time: datetime
    arrive_time: datetime
    """When the feed has it; later than `settle_time` only for what comes after its month's cut."""
    insured_region_code: str
    """Province, xx0000."""
    care_region_code: str
    scheme_code: str
    medical_type_code: str
    fund_fen: dict[str, int]
    """By local fund type; what each fund paid, more than zero."""
    account_fen: int
    cash_fen: int
    reverse_time: datetime | None = None

    @property
    def total_fen(self) -> int:
        """What the bill came to."""
        return sum(self.fund_fen.values()) + self.account_fen + self.cash_fen

    @property
    def is_large_stay(self) -> bool:
        """Tells whether an insured province may ask for an inquiry."""
        return self.medical_type_code == INPATIENT and self.total_fen >= _LARGE_STAY_FEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A year before it happens."""

    seed: int
    months: tuple[str, ...]
    """The clearing months of the year."""
    last_month: str
    """The month after: refunds of the year fall into it, too."""
    provinces: tuple[str, ...]
    cares: tuple[Care, ...]
    defaulter: str
    """A province that pays nothing for months."""
    default_months: tuple[str, ...]
    """Whose notices it pays late."""
    hot_pair: tuple[str, str]
    """Insured and care province of a pair that one month exhausts its prepayment."""
    hot_month: str
    """Empty: there is no such month."""
    first_quotas: dict[tuple[str, str, str], int]
    """What is prepaid at first, by insured and care province and scheme, fen."""
    has_disputes: bool
    """Whether review deducts from settlements, and stays are inquired into."""
    holds_after: Callable[[Any], Awaitable[None]] | None = None
    """Holds against the scene, after all, what was published of the year; None: nothing was."""

    @property
    def is_whole_year(self) -> bool:
        """Tells whether the months are those of a civil year, which is then closed."""
        return len(self.months) == _YEAR_MONTHS


def make_plan(*, seed: int, year: int, months: int, provinces: int, settlements: int) -> Plan:
    """Draws a year.

    Args:
        seed: the same numbers give the same year.
        year: the civil year.
        months: how many months of it, from January.
        provinces: how many take part, at least three.
        settlements: how many of them in all.
    """
    chance = random.Random(f"clearing year {seed}")  # noqa: S311 - a plan, no secret
    taking_part = _provinces(chance, provinces)
    named = tuple(f"{year}-{number:02d}" for number in range(1, months + 1))
    hot = (taking_part[1], taking_part[2])
    hot_month = named[min(len(named) - 1, max(1, len(named) // 2))]
    drawer = _Drawer(chance, taking_part)
    cares: list[Care] = []
    for index, month in enumerate(named):
        count = settlements * (index + 1) // months - settlements * index // months
        cares += drawer.month(month, count, later=named[index + 1 :])
        cares += drawer.steady(month, hot, factor=_SPIKE_FACTOR if month == hot_month else 1)
    cares.sort(key=lambda one: (one.settle_time, one.settlement_id))
    return Plan(
        seed=seed,
        months=named,
        last_month=next_month(named[-1]),
        provinces=taking_part,
        cares=tuple(cares),
        defaulter=taking_part[0],
        default_months=named[2:5] if months >= _LONG else named[:1],
        hot_pair=hot,
        hot_month=hot_month,
        first_quotas=_first_quotas(cares, hot),
        has_disputes=True,
    )


def _first_quotas(cares: Iterable[Care], hot: tuple[str, str]) -> dict[tuple[str, str, str], int]:
    """Returns two of the largest months of a pair; of the pair that runs dry, of the smallest."""
    months: dict[tuple[str, str, str], Counter[str]] = {}
    for care in cares:
        key = (care.insured_region_code, care.care_region_code, care.scheme_code)
        paid = sum(care.fund_fen.values()) + care.account_fen
        months.setdefault(key, Counter())[civil_month(care.settle_time)] += paid
    return {
        key: 2 * (min(sums.values()) if key[:2] == hot else max(sums.values()))
        for key, sums in sorted(months.items())
    }


def _provinces(chance: random.Random, count: int) -> tuple[str, ...]:
    """Returns so many provinces: all, or some with the borders of the list among them."""
    every = sorted(codes.PROVINCES)
    chosen = every if count >= len(every) else sorted(chance.sample(every, count))
    chance.shuffle(chosen)
    return tuple(chosen)


class _Drawer:
    """Draws settlements."""

    def __init__(self, chance: random.Random, provinces: Sequence[str]) -> None:
        self._chance = chance
        self._provinces = provinces
        # Some provinces send people away, others have the hospitals.
        self._sends = [chance.randrange(1, 20) for _ in provinces]
        self._treats = [chance.randrange(1, 20) for _ in provinces]

    def month(self, month: str, count: int, *, later: Sequence[str]) -> Iterable[Care]:
        """Draws the settlements of a month, with refunds in it and in later ones."""
        begin, end = starts(month), starts(next_month(month))
        for number in range(count):
            insured, care = self._pair()
            instant = self._instant(begin, end)
            if number == _AT_FIRST:
                instant = begin
            elif number == _AT_LAST:
                instant = end - _TINY
            drawn = self.care(insured, care, instant)
            if number == _AT_LATE:
                # Settled in the month, in the feed only when the month is cut.
                drawn = replace(drawn, settle_time=end - _TINY * 5, arrive_time=end + _LATE_BY)
                yield drawn
            else:
                yield replace(drawn, reverse_time=self._refund(instant, end, later))

    def steady(self, month: str, pair: tuple[str, str], *, factor: int) -> Iterable[Care]:
        """Draws the traffic of the pair that is watched: the same each month, but in one."""
        begin, end = starts(month), starts(next_month(month))
        for scheme in (EMPLOYEE, RESIDENT):
            for _ in range(2):
                drawn = self.care(*pair, self._instant(begin, end), scheme=scheme)
                funds = {_POOLED[scheme]: 2_000_000 * factor + self._chance.randrange(100_000)}
                yield replace(drawn, fund_fen=funds)

    def care(self, insured: str, care: str, instant: datetime, *, scheme: str = "") -> Care:
        """Draws one settlement."""
        chance = self._chance
        scheme = scheme or chance.choice((EMPLOYEE, EMPLOYEE, RESIDENT))
        is_stay = chance.randrange(100) < _STAYS_OF_100
        pooled = chance.randrange(200_000, 6_000_000) if is_stay else chance.randrange(1, 80_000)
        funds = {_POOLED[scheme]: pooled}
        for code, of_100 in _OTHERS[scheme]:
            if chance.randrange(100) < of_100:
                funds[code] = chance.randrange(1, max(2, pooled // 3))
        uses_account = scheme == EMPLOYEE and chance.randrange(2)
        milliseconds = int(instant.timestamp() * 1000)
        return Care(
            settlement_id=_id(chance, milliseconds),
            settle_time=instant,
            arrive_time=instant,
            insured_region_code=insured,
            care_region_code=care,
            scheme_code=scheme,
            medical_type_code=INPATIENT if is_stay else OUTPATIENT,
            fund_fen=funds,
            account_fen=chance.randrange(1, 50_000) if uses_account else 0,
            cash_fen=chance.randrange(0, pooled // 2 + 2),
        )

    def _pair(self) -> tuple[str, str]:
        insured = self._chance.choices(self._provinces, self._sends)[0]
        while True:
            care = self._chance.choices(self._provinces, self._treats)[0]
            if care != insured:
                return insured, care

    def _instant(self, begin: datetime, end: datetime) -> datetime:
        seconds = int((end - begin).total_seconds())
        # The last minutes are kept free: what happens in them is put there on purpose.
        return begin + timedelta(seconds=self._chance.randrange(60, seconds - 600))

    def _refund(self, settled: datetime, end: datetime, later: Sequence[str]) -> datetime | None:
        """Draws whether and when it is refunded: in the month, in the next one, long after."""
        drawn = self._chance.randrange(1000)
        soon = settled + timedelta(minutes=1)
        if drawn < _SAME_MONTH and soon < end - timedelta(hours=1):
            return self._instant(soon, end)
        if _SAME_MONTH <= drawn < _NEXT_MONTH:
            return self._instant(end, end + timedelta(days=27))
        if _NEXT_MONTH <= drawn < _LONG_AFTER and len(later) > 1:
            month = self._chance.choice(later[1:])
            return self._instant(starts(month), starts(next_month(month)))
        return None


def refunds_after(plan: Plan, day: date, count: int) -> list[tuple[Care, datetime]]:
    """Returns settlements of the year to be refunded from a day on, a minute apart."""
    found = [one for one in plan.cares if one.reverse_time is None]
    chance = random.Random(f"refunds {plan.seed} {day}")  # noqa: S311 - a plan, no secret
    begin = civil_midnight(day)
    chosen = chance.sample(found, min(count, len(found)))
    return [(one, begin + timedelta(hours=9, minutes=n)) for n, one in enumerate(chosen)]


def bill(
    chance: random.Random, pair: tuple[str, str], scheme: str, instant: datetime, fen: int
) -> Care:
    """Returns a stay that the pooled fund of a scheme pays an amount of."""
    return Care(
        settlement_id=_id(chance, int(instant.timestamp() * 1000)),
        settle_time=instant,
        arrive_time=instant,
        insured_region_code=pair[0],
        care_region_code=pair[1],
        scheme_code=scheme,
        medical_type_code=INPATIENT,
        fund_fen={_POOLED[scheme]: fen},
        account_fen=0,
        cash_fen=chance.randrange(fen),
    )


def _id(chance: random.Random, milliseconds: int) -> UUID:
    return UUID(
        int=milliseconds << 80
        | 0x7 << 76
        | chance.getrandbits(12) << 64
        | 0b10 << 62
        | chance.getrandbits(62)
    )
