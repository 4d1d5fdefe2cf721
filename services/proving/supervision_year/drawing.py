"""Draws the bills of the year that are in order.

They use restricted items, too, as they may be used: what is for women is given to women, what is
for stays in stays. People come back, are moved to another hospital on the day they leave one, and
share a telephone with their spouse. A rule that cannot tell these from violations shows it by its
precision.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from services.proving.supervision_year import facts
from services.proving.supervision_year.facts import Coded
from services.proving.supervision_year.people import (
    Institution,
    Person,
    draw_institutions,
    draw_person,
)
from services.proving.supervision_year.plan import Bill, Line, Plan

YEAR: Final = 2025
_SMALL: Final = 5_000
_AREAS_OF_SMALL: Final = 2
_AREAS: Final = 6
_INSTITUTIONS_OF_LEVEL: Final = 6
_ITEMS: Final = 24
_DIAGNOSES: Final = 40
_EVENTS_MAX: Final = 11
_GAP_DAYS_MAX: Final = 60
_STAYS_OF_100: Final = 22
_REST_AFTER_STAY: Final = 20
"""Days from a discharge to what comes next: more than the fifteen of a split stay."""
_TRANSFERS_OF_100: Final = 8
_COUPLES_OF_100: Final = 15
_RESTRICTED_OF_100: Final = 35
_LIGHT_OF_100: Final = 4
"""Stays with hardly any treatment: watched, not hung up (挂床)."""
LABORATORY: Final = "04"
"""Charge category of what peers can be compared by: all have it."""
_DRUG: Final = "09"
_BED: Final = "01"
_VISIT: Final = "02"
_NURSING: Final = "07"
_TREATMENT: Final = "05"
_MORNING_UTC: Final = time(0, 30)
_DAY_SECONDS: Final = 8 * 3600


@dataclass(frozen=True, slots=True)
class Priced:
    """An item with its usual price."""

    item: Coded
    yuan: Decimal


class Drawer:
    """Draws people, institutions and bills in order from a seed."""

    def __init__(self, seed: int, *, bills: int) -> None:
        """Draws what so many bills take place among."""
        self.chance = random.Random(f"supervision year {seed}")  # noqa: S311 - a plan, no secret
        self.facts = facts.facts()
        areas = _AREAS_OF_SMALL if bills < _SMALL else _AREAS
        self.plan = Plan(
            seed, draw_institutions(self.chance, areas=areas, of_level=_INSTITUTIONS_OF_LEVEL)
        )
        chosen = self.chance.sample(self.facts.plain_items, _ITEMS)
        self._items = [Priced(one, self._yuan(800, 9000)) for one in chosen]
        self._prices: dict[str, Decimal] = {}
        self._diagnoses = self.chance.sample(facts.diagnoses(), _DIAGNOSES)
        self._invoices = 0
        self._phones = 0
        self._settled: set[datetime] = set()

    def draw(self, bills: int) -> Plan:
        """Draws so many bills, person after person, each with the whole year."""
        number = 0
        spouse: Person | None = None
        while len(self.plan.bills) < bills:
            person = draw_person(self.chance, number)
            phone = person.phone
            if spouse is not None and self.chance.randrange(100) < _COUPLES_OF_100:
                phone, spouse = spouse.phone, None
            else:
                spouse = person
            self.plan.people.append(person)
            self.plan.bills += self._year_of(person, phone)
            number += 1
        del self.plan.bills[bills:]
        return self.plan

    # --- the year of a person --------------------------------------------------------------------

    def _year_of(self, person: Person, phone: str) -> Iterator[Bill]:
        chance = self.chance
        day = date(YEAR, 1, 2) + timedelta(days=chance.randrange(60))
        last = date(YEAR, 12, 10)
        for _ in range(chance.randrange(1, _EVENTS_MAX)):
            if day > last:
                return
            if chance.randrange(100) < _STAYS_OF_100:
                end = day + timedelta(days=chance.randrange(2, 10))
                first = self.stay(person, self.institution(), day, end, phone=phone)
                yield first
                if chance.randrange(100) < _TRANSFERS_OF_100:
                    # Moved on the day: no night is in both.
                    begin, end = end, end + timedelta(days=chance.randrange(2, 6))
                    other = self.institution(but=first.institution)
                    yield self.stay(person, other, begin, end, phone=phone)
                day = end + timedelta(days=_REST_AFTER_STAY + chance.randrange(_GAP_DAYS_MAX))
            else:
                yield self.visit(person, self.institution(), day, phone=phone)
                day += timedelta(days=chance.randrange(4, _GAP_DAYS_MAX))

    def visit(self, person: Person, place: Institution, day: date, *, phone: str) -> Bill:
        """Draws an outpatient visit: the doctor, laboratory, perhaps a restricted item rightly."""
        bill = self._bill(person, place, "11", day, day, phone)
        bill.add(self.line(place, facts.VISIT, day, category=_VISIT))
        for one in self.chance.sample(self._items, self.chance.randrange(1, 4)):
            bill.add(self.line(place, one.item, day, category=LABORATORY))
        if self.chance.randrange(100) < _RESTRICTED_OF_100:
            item = self._rightly(person, place, is_stay=False)
            if item is not None:
                bill.add(self.line(place, item, day, category=_DRUG))
        return bill

    def stay(
        self, person: Person, place: Institution, begin: date, end: date, *, phone: str
    ) -> Bill:
        """Draws a stay: bed, round, nursing and infusion by the day."""
        bill = self._bill(person, place, "21", begin, end, phone)
        is_light = self.chance.randrange(100) < _LIGHT_OF_100
        for number in range((end - begin).days):
            day = begin + timedelta(days=number)
            bill.add(self.line(place, facts.BED, day, category=_BED))
            bill.add(self.line(place, facts.WARD_ROUND, day, category=_VISIT))
            bill.add(self.line(place, facts.NURSING, day, category=_NURSING))
            if not is_light:
                bill.add(self.line(place, facts.INFUSION, day, category=_TREATMENT))
        nights = (end - begin).days
        for one in self.chance.sample(self._items, self.chance.randrange(3, 8)):
            day = begin + timedelta(days=self.chance.randrange(nights))
            bill.add(self.line(place, one.item, day, category=LABORATORY))
        item = self._rightly(person, place, is_stay=True)
        if item is not None:
            bill.add(self.line(place, item, begin, category=_DRUG, quantity=nights))
        return bill

    # --- parts -----------------------------------------------------------------------------------

    def line(
        self,
        place: Institution,
        item: Coded,
        day: date,
        *,
        category: str,
        quantity: int = 1,
        times: int = 1,
    ) -> Line:
        """Returns a line at what the institution takes for the item, `times` as much."""
        usual = self._usual(item)
        cents = int(usual * place.price_percent * times)
        return Line(
            line_id="",
            item=item,
            fee_date=day,
            unit_price=Decimal(max(1, cents)) / 100,
            quantity=quantity,
            category=category,
            is_class_b=category == _DRUG,
        )

    def institution(self, *, but: Institution | None = None) -> Institution:
        """Draws an institution, perhaps in another province than one."""
        while True:
            place = self.chance.choice(self.plan.institutions)
            if but is None or place.region_code[:2] != but.region_code[:2]:
                return place

    def settled_at(self, day: date) -> datetime:
        """Draws an instant of a day at which nothing else was settled, UTC."""
        while True:
            seconds = self.chance.randrange(_DAY_SECONDS)
            instant = datetime.combine(day, _MORNING_UTC, UTC) + timedelta(seconds=seconds)
            if instant not in self._settled:
                self._settled.add(instant)
                return instant

    def new_phone(self) -> str:
        """Returns a telephone that nobody has."""
        self._phones += 1
        return f"199{self._phones:08d}"

    def new_invoice(self) -> str:
        """Returns the number of a fresh invoice: code and running number."""
        self._invoices += 1
        return f"33060125{self._invoices:010d}"

    def _bill(  # noqa: PLR0917
        self, person: Person, place: Institution, kind: str, begin: date, end: date, phone: str
    ) -> Bill:
        instant = self.settled_at(end)
        return Bill(
            settlement_id=_id(self.chance, instant),
            person=person,
            institution=place,
            medical_type_code=kind,
            begin=begin,
            end=end,
            settle_time=instant,
            diagnosis=self.chance.choice(self._diagnoses),
            lines=[],
            invoice_number=self.new_invoice(),
            phone=phone,
        )

    def _rightly(self, person: Person, place: Institution, *, is_stay: bool) -> Coded | None:
        """Draws a restricted item whose restriction is kept."""
        choices: list[tuple[Coded, ...]] = [self.facts.of_children] if person.is_child else []
        if not person.is_child:
            choices.append(self.facts.of_women if person.is_female else self.facts.of_men)
        if is_stay:
            choices.append(self.facts.of_stays)
        if not place.is_first_level:
            choices.append(self.facts.of_level_two)
        return self.chance.choice(self.chance.choice(choices)) if choices else None

    def _usual(self, item: Coded) -> Decimal:
        found = next((one.yuan for one in self._items if one.item == item), None)
        if found is None:
            found = self._prices.setdefault(item.code, self._yuan(900, 20000))
        return found

    def _yuan(self, low: int, high: int) -> Decimal:
        return Decimal(self.chance.randrange(low, high)) / 100


def _id(chance: random.Random, instant: datetime) -> UUID:
    """Returns a UUID of version 7 of an instant."""
    milliseconds = int(instant.timestamp()) * 1000
    return UUID(
        int=milliseconds << 80
        | 0x7 << 76
        | chance.getrandbits(12) << 64
        | 0b10 << 62
        | chance.getrandbits(62)
    )
