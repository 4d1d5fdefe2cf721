"""Settled bills for the bench of the audit: people with a home, who come back through a year.

Of the items on a bill half are such as rules know; about one bill in thirty breaks a rule, the
others keep to them, as bills do. Drawn from a seed: the same bills each time.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from services.kit import wire
from services.kit.clock import civil_date
from services.supervision.audit.events import read_event
from services.supervision.domain.audit import Settled
from services.supervision.domain.engine import judge
from services.supervision.domain.model import Moment
from services.supervision.domain.ruleset import RuleSet
from yijie.common.v1 import bill_pb2, money_pb2
from yijie.settlement.v1 import settlement_pb2, settlement_service_pb2
from yijie.supervision.v1 import supervision_service_pb2

LINES: Final = 20
BILLS_A_PERSON: Final = 8
"""In the year: 238 million bills of some thirty million people (2024)."""
_YEAR: Final = datetime(2026, 1, 1, tzinfo=UTC)
_MINUTES: Final = 330 * 24 * 60
_INPATIENT_OF_100: Final = 6
_FAULTY_OF_100: Final = 3
_REVERSED_OF_1000: Final = 5
_CITIES: Final = (("110105", "H1101050"), ("310101", "H3101010"), ("440106", "H4401060"))
_INSURED: Final = ("131100", "340100", "410100", "640100", "650100")
_PLAIN_ITEMS: Final = 400
"""Items that no rule names."""
_DIAGNOSES: Final = ("I10.x00x002", "E11.900", "J18.900", "K29.500", "M54.500")


@dataclass(frozen=True, slots=True)
class Feed:
    """What a settlement would give."""

    responses: Sequence[bytes]
    """SubscribeResponses, serialized, in order; the cursor of the n-th is n, counted from 1."""
    bill_count: int
    reversal_count: int

    @property
    def event_count(self) -> int:
        """Bills and reversals."""
        return self.bill_count + self.reversal_count


@dataclass(frozen=True, slots=True)
class _Person:
    person_id: UUID
    sex: bill_pb2.Sex
    born: date
    city: tuple[str, str]
    insured: str
    drugs: tuple[str, ...]
    """That they take all the year."""


def feed_of(bills: int, ruleset: RuleSet, *, batch: int, seed: int = 7) -> Feed:
    """Draws a feed of settled bills, a few of them taken back later."""
    drawing = _Drawing(ruleset, random.Random(seed))  # noqa: S311 - no secret
    events = list(drawing.events(bills))
    responses: list[bytes] = []
    for place in range(0, len(events), batch):
        given = events[place : place + batch]
        response = settlement_service_pb2.SubscribeResponse(
            events=given, cursor=str(len(responses) + 1)
        )
        responses.append(response.SerializeToString())
    return Feed(responses, bills, len(events) - bills)


def screen_requests(
    bills: int, ruleset: RuleSet, *, seed: int = 8
) -> list[supervision_service_pb2.ScreenBillRequest]:
    """Draws bills as settlement asks about them, of people whom the feed knows."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    drawing = _Drawing(ruleset, chance)
    requests = []
    for number in range(bills):
        person = _person(chance.randrange(bills))
        at = _YEAR + timedelta(minutes=chance.randrange(_MINUTES))
        settlement = drawing.event(number, person, at).settlement
        bill = settlement.bill
        requests.append(
            supervision_service_pb2.ScreenBillRequest(
                sex=settlement.sex,
                birth_date=settlement.birth_date,
                medical_type_code=settlement.medical_type_code,
                scheme_code=settlement.scheme_code,
                institution_code=settlement.institution_code,
                hospital_level_code=bill.hospital_level_code,
                diagnoses=bill.diagnoses,
                lines=bill.lines,
                person_id=settlement.person_id,
                care_region_code=settlement.care_region_code,
                insured_region_code=settlement.insured_region_code,
                begin_date=settlement.begin_date,
                end_date=settlement.end_date,
                total=bill.total,
            )
        )
    return requests


class _Drawing:
    """Draws events."""

    def __init__(self, ruleset: RuleSet, chance: random.Random) -> None:
        self._ruleset = ruleset
        self._chance = chance
        self._known = ruleset.limited_items
        self._plain = [f"XN99ZZZ{n:03d}A001010100{n:03d}" for n in range(_PLAIN_ITEMS)]

    def events(self, bills: int) -> Iterator[Any]:
        """Yields so many bills in the order of settling, with the reversals between them."""
        chance, people = self._chance, max(1, bills // BILLS_A_PERSON)
        step = _MINUTES / bills
        settled: list[Any] = []
        for number in range(bills):
            at = _YEAR + timedelta(minutes=int(number * step))
            event = self.event(number, _person(chance.randrange(people)), at)
            settled.append(event)
            yield event
            if chance.randrange(1000) < _REVERSED_OF_1000:
                yield _reversed(settled.pop(chance.randrange(len(settled))), at)

    def event(self, number: int, person: _Person, at: datetime) -> Any:
        """Returns one settled bill of a person."""
        chance = self._chance
        inpatient = chance.randrange(100) < _INPATIENT_OF_100
        last = civil_date(at)
        first = last - timedelta(days=chance.randrange(3, 12) if inpatient else 0)
        settlement = self._settlement(str(_key(number, at)), person, (first, last))
        settlement.medical_type_code = "21" if inpatient else "11"
        for line in range(LINES):
            code = chance.choice(self._known if line % 2 else self._plain)
            if line < len(person.drugs) and chance.randrange(2):
                code = person.drugs[line]
            _add_line(settlement, f"L{line:02d}", code, first, chance)
        _total(settlement)
        event = settlement_service_pb2.Event(
            kind=settlement_service_pb2.EVENT_KIND_SETTLED,
            event_time=wire.write_time(at),
            settlement=settlement,
            phone_key=person.person_id.bytes * 2,
        )
        if chance.randrange(100) >= _FAULTY_OF_100:
            self._mend(event)
        return event

    def _settlement(self, key: str, person: _Person, days: tuple[date, date]) -> Any:
        chance, (first, last) = self._chance, days
        city, institutions = person.city
        settlement = settlement_pb2.Settlement(
            settlement_id=key,
            person_id=str(person.person_id),
            care_region_code=city,
            insured_region_code=person.insured,
            institution_code=f"{institutions}{chance.randrange(40):04d}",
            scheme_code="310",
            begin_date=wire.write_date(first),
            end_date=wire.write_date(last),
            screening_state=settlement_pb2.SCREENING_STATE_SCREENED,
            screening_ruleset_version=self._ruleset.version,
            sex=person.sex,
            birth_date=wire.write_date(person.born),
            round_trip_ms=chance.randrange(60, 400),
            region_ms=chance.randrange(20, 200),
        )
        bill = settlement.bill
        bill.hospital_level_code = "02"
        bill.department_code = "0301"
        bill.doctor_code = f"D{chance.randrange(10**12):012d}"
        bill.diagnoses.add(diagnosis_code=chance.choice(_DIAGNOSES), main=True)
        return settlement

    def _mend(self, event: Any) -> None:
        """Puts plain items in the place of those that a rule finds fault with."""
        read = read_event(event)
        if not isinstance(read, Settled):
            return
        found = judge(read.bill, self._ruleset, moment=Moment.AUDIT)
        at_fault = {line_id for one in found for line_id in one.line_ids}
        for line in event.settlement.bill.lines:
            if line.line_id in at_fault:
                line.item_code = self._chance.choice(self._plain)


def _person(number: int) -> _Person:
    chance = random.Random(number)  # noqa: S311 - the same person each time, no secret
    return _Person(
        UUID(int=(1 << 100) + number),
        chance.choice((bill_pb2.SEX_MALE, bill_pb2.SEX_FEMALE)),
        date(1940, 1, 1) + timedelta(days=chance.randrange(25_000)),
        chance.choice(_CITIES),
        chance.choice(_INSURED),
        tuple(f"X{letter}01AAA{chance.randrange(900):03d}A001010100001" for letter in "ABC"),
    )


def _add_line(settlement: Any, line_id: str, code: str, day: date, chance: random.Random) -> None:
    quantity = chance.choice((1, 1, 2, 3))
    price = Decimal(chance.randrange(100, 9_000)) / 100
    amount = money_pb2.Money(fen=int(price * quantity * 100))
    settlement.bill.lines.add(
        line_id=line_id,
        item_code=code,
        item_name="项目名称示例",
        fee_date=wire.write_date(day),
        unit_price=wire.write_decimal(price),
        quantity=wire.write_decimal(Decimal(quantity)),
        amount=amount,
        department_code="0301",
        supply_days=7,
    )
    settlement.lines.add(
        line_id=line_id,
        catalogue_class=bill_pb2.CATALOGUE_CLASS_A,
        charge_category_code="09",
        split=money_pb2.AmountSplit(total=amount, in_scope=amount),
    )


def _total(settlement: Any) -> None:
    total = sum(line.amount.fen for line in settlement.bill.lines)
    settlement.bill.total.fen = total
    settlement.amounts.total.fen = total
    settlement.amounts.in_scope.fen = total
    settlement.adjudication.fund_total.fen = total * 6 // 10


def _reversed(event: Any, at: datetime) -> Any:
    settlement = event.settlement
    return settlement_service_pb2.Event(
        kind=settlement_service_pb2.EVENT_KIND_REVERSED,
        event_time=wire.write_time(at),
        settlement=settlement_pb2.Settlement(
            settlement_id=settlement.settlement_id, person_id=settlement.person_id
        ),
    )


def _key(number: int, at: datetime) -> UUID:
    # Version 7: in the order of time, as settlement's keys are.
    milliseconds = int(at.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | number)
