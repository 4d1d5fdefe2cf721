"""What hospitals do in a run: bills are settled, repeated, altered, queried and taken back.

Each bill draws from a source of its own, so that leaving some actions out leaves the others as they
are: that is how a failing run is made small.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from random import Random
from typing import Any, Final

from services.proving.simulation.people import (
    HOSPITALS,
    STAY,
    TODAY,
    Hospital,
    Person,
    bill,
    medical_type,
    patient,
    people,
)
from yijie.settlement.v1 import settlement_service_pb2

_SPAN_S: Final = 20.0
_AT_ONCE: Final = 0.2
_RACE: Final = 0.6
_CANCELLED: Final = 0.15
_VOIDED: Final = 0.08
_SHARED_EVERY: Final = 3
"""In one run of so many two bills state one invoice."""
_BY_ACCOUNT: Final = 0.6


class Kind(Enum):
    """What is done to a bill."""

    SETTLE = "settle"
    TWICE = "settle twice at once"
    ALTERED = "settle other content under the same id"
    REVERSE_BY_ID = "reverse by settlement id"
    REVERSE_BY_REQUEST = "reverse by request id"
    RECOMPUTE = "file otherwise, then compute anew"
    GET = "query"
    QUOTED = "try, then settle by the quote"
    REGISTER = "register"
    UPLOAD = "upload"
    REFUND = "refund"
    CANCEL_FEES = "cancel fees"
    INTERIM = "settle in the middle"
    FINAL = "settle in full"
    BATCH = "settle a batch"
    REVERSE_PART = "reverse the newest settlement"
    RECOMPUTE_PART = "file otherwise, then compute the newest settlement anew"
    DISCHARGE = "discharge"
    CANCEL_DISCHARGE = "cancel discharge"
    CANCEL_VISIT = "cancel visit"


OF_VISITS: Final = frozenset(Kind) - {
    Kind.SETTLE,
    Kind.TWICE,
    Kind.ALTERED,
    Kind.REVERSE_BY_ID,
    Kind.REVERSE_BY_REQUEST,
    Kind.RECOMPUTE,
    Kind.GET,
    Kind.QUOTED,
}
"""What is done to a visit."""


_RACES: Final = frozenset(
    frozenset(pair)
    for pair in (
        (Kind.CANCEL_FEES, Kind.BATCH),
        (Kind.CANCEL_FEES, Kind.INTERIM),
        (Kind.REFUND, Kind.BATCH),
        (Kind.REFUND, Kind.INTERIM),
        (Kind.DISCHARGE, Kind.FINAL),
        (Kind.CANCEL_DISCHARGE, Kind.FINAL),
        (Kind.REVERSE_PART, Kind.INTERIM),
        (Kind.REVERSE_PART, Kind.RECOMPUTE_PART),
        (Kind.RECOMPUTE_PART, Kind.RECOMPUTE_PART),
        (Kind.REVERSE_BY_ID, Kind.RECOMPUTE),
        (Kind.REVERSE_BY_REQUEST, Kind.RECOMPUTE),
        (Kind.RECOMPUTE, Kind.RECOMPUTE),
        (Kind.REVERSE_PART, Kind.FINAL),
        (Kind.REVERSE_PART, Kind.BATCH),
    )
)
"""What is worth doing at the same moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that a hospital does."""

    number: int
    at_s: float
    kind: Kind
    order: int
    """The bill that it is about, or the visit."""
    draw: int
    """Seed of what the action draws for itself."""
    at_once: bool
    """Whether it does not wait for what was done to the visit before."""
    attempts_max: int
    """How often it is tried while nobody knows what came of it."""
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Order:
    """A bill with the ids under which it is settled and taken back."""

    request: Any
    """yijie.settlement.v1.SettleRequest."""
    altered: Any
    """The same id with another bill."""
    reversal_ids: tuple[str, str]
    """Of the reversal by settlement id, and of that by request id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """A visit."""

    person: Person
    hospital: Hospital
    medical_type_code: str
    begin_date: date
    register_id: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A run as it is meant."""

    people: tuple[Person, ...]
    orders: tuple[Order, ...]
    treatments: tuple[Treatment, ...]
    actions: tuple[Action, ...]


def plan_of(seed: int) -> Plan:
    """Returns the plan of a seed."""
    random = Random(f"{seed}/plan")  # noqa: S311 - a plan, not a secret
    everybody = people(random)
    orders = [_order(seed, number, everybody) for number in range(random.randint(1, 6))]
    treatments = [_treatment(seed, number, everybody) for number in range(random.randint(0, 3))]
    courses = [(number, _course(random)) for number in range(len(orders))]
    courses += [
        (number, _stay(random) if one.medical_type_code == STAY else _batches(random))
        for number, one in enumerate(treatments)
    ]
    actions: list[Action] = []
    for order, course in courses:
        begin = random.uniform(0.0, _SPAN_S)
        for place, kind in enumerate(course):
            races = frozenset((course[place - 1], kind)) in _RACES
            at_once = place > 0 and random.random() < (_RACE if races else _AT_ONCE)
            # Some race with the one before, some follow when recovery has been there.
            longest = 0.06 if at_once else random.choice((0.01, 0.5, 3.0, 12.0))
            begin += longest * random.random() if place else 0.0
            actions.append(
                Action(
                    number=len(actions),
                    at_s=begin,
                    kind=kind,
                    order=order,
                    draw=random.getrandbits(32),
                    at_once=at_once,
                    attempts_max=random.choice((1, 2, 4, 6)),
                    timeout_s=random.choice((0.03, 1.0, 1.0, 2.0, 2.0, 3.0)),
                )
            )
    return Plan(everybody, tuple(orders), tuple(treatments), tuple(actions))


def _stay(random: Random) -> list[Kind]:
    """Weeks in a ward: fees, settlements in the middle, discharge, the last one, and undoing."""
    course = [Kind.REGISTER, Kind.UPLOAD]
    middle = (
        Kind.UPLOAD,
        Kind.REFUND,
        Kind.INTERIM,
        Kind.INTERIM,
        Kind.INTERIM,
        Kind.CANCEL_FEES,
        Kind.CANCEL_FEES,
        Kind.REVERSE_PART,
        Kind.RECOMPUTE_PART,
        Kind.REGISTER,
    )
    course += [random.choice(middle) for _ in range(random.randint(0, 4))]
    if random.random() < _CANCELLED:
        course += [Kind.CANCEL_FEES, Kind.CANCEL_VISIT]
    course += [Kind.DISCHARGE, Kind.FINAL]
    end = (
        Kind.REVERSE_PART,
        Kind.RECOMPUTE_PART,
        Kind.FINAL,
        Kind.CANCEL_DISCHARGE,
        Kind.UPLOAD,
        Kind.DISCHARGE,
    )
    return course + [random.choice(end) for _ in range(random.randint(0, 3))]


def _batches(random: Random) -> list[Kind]:
    """At the window: charged and settled batch by batch."""
    kinds = (
        Kind.UPLOAD,
        Kind.BATCH,
        Kind.BATCH,
        Kind.REFUND,
        Kind.REVERSE_PART,
        Kind.RECOMPUTE_PART,
        Kind.CANCEL_FEES,
    )
    follow = [random.choice(kinds) for _ in range(random.randint(0, 5))]
    return [Kind.REGISTER, Kind.UPLOAD, Kind.BATCH, *follow]


def _treatment(seed: int, number: int, everybody: tuple[Person, ...]) -> Treatment:
    random = Random(f"{seed}/treatment/{number}")  # noqa: S311 - a plan, not a secret
    person = random.choice(everybody)
    return Treatment(
        person=person,
        hospital=random.choice(HOSPITALS),
        medical_type_code=medical_type(random, person),
        # Some stays lie over the end of a year, the others within this month.
        begin_date=random.choice((date(2025, 12, 28), date(2026, 3, 25), TODAY)),
        register_id=ident(random),
    )


def _course(random: Random) -> list[Kind]:
    course = [random.choice((Kind.SETTLE,) * 5 + (Kind.TWICE, Kind.QUOTED, Kind.QUOTED))]
    if random.random() < _VOIDED:
        course.insert(0, Kind.REVERSE_BY_REQUEST)
    follow = (
        Kind.SETTLE,
        Kind.TWICE,
        Kind.ALTERED,
        Kind.GET,
        Kind.REVERSE_BY_ID,
        Kind.REVERSE_BY_ID,
        Kind.REVERSE_BY_REQUEST,
        Kind.RECOMPUTE,
        Kind.RECOMPUTE,
    )
    return course + [random.choice(follow) for _ in range(random.choice((0, 1, 1, 2, 3)))]


def _order(seed: int, number: int, everybody: tuple[Person, ...]) -> Order:
    random = Random(f"{seed}/order/{number}")  # noqa: S311 - a plan, not a secret
    person, hospital = random.choice(everybody), random.choice(HOSPITALS)
    request = settlement_service_pb2.SettleRequest(
        request_id=ident(random),
        patient=patient(person),
        bill=bill(random, person, hospital),
        use_account=random.random() < _BY_ACCOUNT,
    )
    altered = settlement_service_pb2.SettleRequest()
    altered.CopyFrom(request)
    altered.bill.CopyFrom(bill(random, person, hospital))
    for one in (request, altered):
        one.bill.invoice_number = _invoice(seed, number)
    return Order(request, altered, (ident(random), ident(random)))


def _invoice(seed: int, number: int) -> str:
    """Returns the invoice of an order; in some runs the first two orders have the same one."""
    shares = seed % _SHARED_EVERY == 0 and number == 1
    return f"SIM{seed:08d}{0 if shares else number:02d}"


def ident(random: Random) -> str:
    """Returns a UUID version 4."""
    digits = f"{random.getrandbits(128):032x}"
    variant = "89ab"[random.randrange(4)]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
