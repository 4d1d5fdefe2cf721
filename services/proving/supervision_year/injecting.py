"""Puts violations into bills in order: so many of each kind, each into bills of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from services.proving.supervision_year import facts
from services.proving.supervision_year.drawing import LABORATORY, YEAR, Drawer
from services.proving.supervision_year.facts import Coded
from services.proving.supervision_year.kinds import Kind, Label
from services.proving.supervision_year.plan import Bill, Line, Plan, Way

_PHONE_PEOPLE: Final = 8
_PRICE_TIMES: Final = 3
_DRUG: Final = "09"
_TREATMENT: Final = "05"
_NIGHTS_MIN: Final = 3
_MANUAL_OF_100: Final = 4
_SELF_PAID_OF_100: Final = 3
_CATEGORY_BED: Final = "01"


def labelled_year(seed: int, bills: int, *, per_mille: int = 10) -> Plan:
    """Returns a year of so many bills in order, and violations in so many of a thousand of them.

    The same arguments give the same year.
    """
    drawer = Drawer(seed, bills=bills)
    plan = drawer.draw(bills)
    injector = _Injector(drawer)
    injector.inject(max(1, round(bills * per_mille / 1000 / len(Kind))))
    injector.pay_otherwise()
    plan.bills.sort(key=lambda one: (one.settle_time, one.settlement_id))
    return plan


class _Injector:
    def __init__(self, drawer: Drawer) -> None:
        self._drawer = drawer
        self._chance = drawer.chance
        self._facts = drawer.facts
        self._plan = drawer.plan
        order = [*self._plan.bills]
        self._chance.shuffle(order)
        self._free = order
        self._touched: set[str] = set()
        """People with a violation: one each, so that none hides behind another."""

    def inject(self, of_each: int) -> None:
        """Puts so many violations of each kind into the year."""
        puts: dict[Kind, Callable[[Kind, int], int]] = {
            Kind.SEX: self._sex,
            Kind.AGE: self._age,
            Kind.LEVEL: self._level,
            Kind.SETTING: self._setting,
            Kind.DUPLICATE_CHARGE: self._duplicate_charge,
            Kind.FREQUENCY: self._frequency,
            Kind.STAY_DAYS: self._stay_days,
            Kind.PRICE_OUTLIER: self._price,
            Kind.OVERLAPPING_STAY: self._overlap,
            Kind.SPLIT_STAY: self._split,
            Kind.DUPLICATE_INVOICE: self._invoice,
            Kind.SHARED_PHONE: self._phone,
        }
        for kind, put in puts.items():
            done = 0
            while done < of_each:
                done += put(kind, of_each - done)

    def pay_otherwise(self) -> None:
        """Has some bills in order paid in cash: claimed later, or never."""
        for bill in self._plan.bills:
            if str(bill.person.person_id) not in self._touched:
                drawn = self._chance.randrange(100)
                if drawn < _MANUAL_OF_100:
                    bill.way = Way.MANUAL
                elif drawn < _MANUAL_OF_100 + _SELF_PAID_OF_100:
                    bill.way = Way.SELF_PAID

    # --- one bill --------------------------------------------------------------------------------

    def _sex(self, kind: Kind, _left: int) -> int:
        bill = self._take(lambda one: not one.person.is_child)
        other = self._facts.of_men if bill.person.is_female else self._facts.of_women
        self._charge(bill, kind, self._chance.choice(other))
        return 1

    def _age(self, kind: Kind, _left: int) -> int:
        bill = self._take(lambda one: not one.person.is_child)
        self._charge(bill, kind, self._chance.choice(self._facts.of_children))
        return 1

    def _level(self, kind: Kind, _left: int) -> int:
        bill = self._take(lambda one: one.institution.is_first_level)
        self._charge(bill, kind, self._chance.choice(self._facts.of_level_two))
        return 1

    def _setting(self, kind: Kind, _left: int) -> int:
        bill = self._take(lambda one: not one.is_stay)
        self._charge(bill, kind, self._chance.choice(self._facts.of_stays))
        return 1

    def _duplicate_charge(self, kind: Kind, _left: int) -> int:
        bill = self._take(lambda one: one.is_stay)
        pair = self._chance.choice(self._facts.same_day)
        day = bill.begin
        bill.add(self._line(bill, pair.main, day, category=_TREATMENT))
        bill.add(self._line(bill, pair.included, day, category=_TREATMENT))
        # What the stay has of itself on that day may be included, too.
        included = {one.included.code for one in self._facts.same_day if one.main == pair.main}
        at_fault = [
            line.line_id
            for line in bill.lines
            if line.item.code in included and line.fee_date == day
        ]
        bill.label = Label(kind, frozenset(at_fault))
        return 1

    def _frequency(self, kind: Kind, _left: int) -> int:
        bill = self._take(lambda one: one.is_stay)
        item = self._chance.choice((facts.NURSING, facts.WARD_ROUND))
        [first, *_] = [line for line in bill.lines if line.item == item]
        again = bill.add(replace(first))
        bill.label = Label(kind, frozenset((first.line_id, again)))
        return 1

    def _stay_days(self, kind: Kind, _left: int) -> int:
        bill = self._take(lambda one: one.is_stay and _nights(one) >= _NIGHTS_MIN)
        beds = [line for line in bill.lines if line.category == _CATEGORY_BED]
        # Charged on to the day of discharge, and twice on the days before.
        added = [bill.add(replace(line)) for line in beds]
        at_fault = {line.line_id for line in bill.lines if line.category == _CATEGORY_BED}
        bill.label = Label(kind, frozenset({*added, *at_fault}))
        return 1

    def _price(self, kind: Kind, _left: int) -> int:
        bill = self._take(lambda one: not one.is_stay)
        line = self._chance.choice([one for one in bill.lines if one.category == LABORATORY])
        line.unit_price *= _PRICE_TIMES
        bill.label = Label(kind, frozenset((line.line_id,)))
        return 1

    # --- several bills ---------------------------------------------------------------------------

    def _overlap(self, kind: Kind, _left: int) -> int:
        first = self._take(
            lambda one: one.is_stay and _nights(one) >= _NIGHTS_MIN and not self._follows(one)
        )
        place = self._drawer.institution(but=first.institution)
        begin = first.begin + timedelta(days=1)
        end = first.end + timedelta(days=1)
        second = self._drawer.stay(first.person, place, begin, end, phone=first.phone)
        self._add_later(first, second, kind)
        return 1

    def _split(self, kind: Kind, _left: int) -> int:
        first = self._take(
            lambda one: one.is_stay and one.end < date(YEAR, 12, 1) and not self._follows(one)
        )
        begin = first.end + timedelta(days=self._chance.randrange(2, 10))
        end = begin + timedelta(days=self._chance.randrange(2, 6))
        second = self._drawer.stay(first.person, first.institution, begin, end, phone=first.phone)
        second.diagnosis = first.diagnosis
        self._add_later(first, second, kind)
        return 1

    def _invoice(self, kind: Kind, _left: int) -> int:
        first = self._take(lambda one: not one.is_stay and self._later(one) is not None)
        second = self._later(first)
        if second is None:
            return 0
        second.invoice_number = first.invoice_number
        second.label = Label(kind, other_ids=(first.settlement_id,))
        return 1

    def _phone(self, kind: Kind, left: int) -> int:
        bills: list[Bill] = []
        people: set[str] = set()
        wanted = max(_PHONE_PEOPLE, left if left < 2 * _PHONE_PEOPLE else _PHONE_PEOPLE)
        while len(people) < wanted:
            bill = self._take(lambda one: one.is_stay)
            people.add(str(bill.person.person_id))
            bills.append(bill)
        phone = self._drawer.new_phone()
        for bill in bills:
            bill.phone = phone
            bill.label = Label(kind, other_ids=tuple(one.settlement_id for one in bills))
        return len(bills)

    # --- parts -----------------------------------------------------------------------------------

    def _take(self, fits: Callable[[Bill], bool]) -> Bill:
        """Takes a bill in order of a person who has no violation yet."""
        for place, bill in enumerate(self._free):
            person = str(bill.person.person_id)
            if person not in self._touched and fits(bill):
                self._touched.add(person)
                del self._free[place]
                return bill
        msg = "the year is too small for so many violations"
        raise ValueError(msg)

    def _charge(self, bill: Bill, kind: Kind, item: Coded) -> None:
        line_id = bill.add(self._line(bill, item, bill.begin, category=_DRUG))
        bill.label = Label(kind, frozenset((line_id,)))

    def _line(self, bill: Bill, item: Coded, day: date, *, category: str) -> Line:
        return self._drawer.line(bill.institution, item, day, category=category)

    def _add_later(self, first: Bill, second: Bill, kind: Kind) -> None:
        """Adds the bill that makes it a violation; it is the one at fault, being settled later."""
        second.label = Label(kind, other_ids=(first.settlement_id,))
        self._plan.bills.append(second)

    def _later(self, bill: Bill) -> Bill | None:
        """Returns a later bill in order of the person."""
        return next(
            (
                one
                for one in self._plan.bills
                if one.person is bill.person
                and one.settle_time > bill.settle_time
                and not one.is_stay
            ),
            None,
        )

    def _follows(self, bill: Bill) -> bool:
        """Tells whether the person is treated again within the days after a stay."""
        until = bill.end + timedelta(days=20)
        return any(
            one.person is bill.person and bill.end <= one.begin <= until and one is not bill
            for one in self._plan.bills
        )


def _nights(bill: Bill) -> int:
    return (bill.end - bill.begin).days
