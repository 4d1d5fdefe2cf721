"""The small world of a run: few people with tight caps and small accounts, two hospitals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any, Final
from uuid import UUID

from services.classification.model import CLASS_A, CLASS_B, OVER_CEILING_SELF_PAY, CatalogueItem
from services.classification.snapshot import Snapshot as Catalogue
from services.kit import codes, wire
from services.proving.history import Cap
from yijie.common.v1 import bill_pb2
from yijie.identity.v1 import person_pb2
from yijie.settlement.v1 import settlement_pb2

TODAY: Final = date(2026, 3, 31)
PROVINCES: Final = ("110000", "610000", "650000")
"""Insured provinces, each with a benefits service and a database of its own."""
_CAPS: Final = (
    ("110000", "310", "fund_pooled", 100_000_00),
    ("110000", "310", "fund_large_amount", 400_000_00),
    ("110000", "390", "fund_pooled", 250_000_00),
)
"""Insured region, scheme, sum and most of it in a year, as the region has published."""
_BED: Final = "001109000030000"
_DRUG: Final = "XB01AXA223B001010100269"
_UNLISTED: Final = "XZ99ZZZ999Z999999999999"
ITEMS: Final = (_BED, _DRUG, _UNLISTED)
STAY: Final = "21"
_COVERED: Final = 0.94
_BIRTH: Final = date(1950, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody insured."""

    person_id: UUID
    insured_region_code: str
    scheme_code: str
    person_type_code: str
    account_fen: int
    """Personal account before the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hospital:
    """Where care is given."""

    institution_code: str
    region_code: str


HOSPITALS: Final = (
    Hospital(institution_code="H64010400001", region_code="640104"),
    Hospital(institution_code="H51010400002", region_code="510104"),
)
_INSURANCES: Final = (
    ("110000", "310", "1101", ("11", "21")),
    ("110000", "310", "1201", ("11", "21")),
    ("110000", "390", "1501", ("21",)),
    ("610500", "310", "1101", ("21",)),
    # Parts a stay over a year's end by days.
    ("650100", "310", "1201", ("21",)),
)
_TYPES: Final = {(region, scheme): types for region, scheme, _, types in _INSURANCES}


def people(random: Random) -> tuple[Person, ...]:
    """Returns three to six people."""
    found = []
    for number in range(1, random.randint(3, 6) + 1):
        region, scheme, person_type, _ = random.choice(_INSURANCES)
        found.append(
            Person(
                person_id=UUID(int=(0x0190_AAAA_0000_7000_8000 << 48) + number),
                insured_region_code=region,
                scheme_code=scheme,
                person_type_code=person_type,
                account_fen=random.choice((0, 0, 50_000, 300_000)),
            )
        )
    return tuple(found)


def families(everybody: Iterable[Person]) -> tuple[tuple[UUID, UUID], ...]:
    """Returns pairs of owner and relative: two employees of an area use each other's accounts."""
    found: list[tuple[UUID, UUID]] = []
    last: dict[str, Person] = {}
    for person in everybody:
        if person.scheme_code != codes.SCHEME_EMPLOYEE:
            continue
        other = last.pop(person.insured_region_code, None)
        if other is None:
            last[person.insured_region_code] = person
        else:
            pair = (person.person_id, other.person_id)
            found += [pair, pair[::-1]]
    return tuple(found)


def caps(everybody: Iterable[Person]) -> tuple[Cap, ...]:
    """Returns what each may use in a year."""
    return tuple(
        Cap(
            person_id=str(person.person_id),
            scheme_code=person.scheme_code,
            sum_name=name,
            amount=amount,
        )
        for person in everybody
        for region, scheme, name, amount in _CAPS
        if (region, scheme) == (person.insured_region_code, person.scheme_code)
    )


def catalogue(care_region_code: str) -> Catalogue:
    """Returns the catalogue of a care province: an item of class A, one of B with a ceiling."""
    return Catalogue(
        region_code=codes.province_of(care_region_code),
        version="v1",
        items=[_item(_BED, CLASS_A, "0", None), _item(_DRUG, CLASS_B, "0.1", Decimal(900))],
    )


def _item(code: str, catalogue_class: str, ratio: str, ceiling: Decimal | None) -> CatalogueItem:
    return CatalogueItem(
        item_code=code,
        name="样品",
        list_type_code=codes.list_type_of(code),
        charge_category_code="01" if code == _BED else "09",
        catalogue_class=catalogue_class,
        prior_self_pay_ratio=Decimal(ratio),
        price_ceiling=ceiling,
        over_ceiling=OVER_CEILING_SELF_PAY,
        begin_date=date(2016, 1, 1),
        end_date=None,
        sample=False,
    )


def patient(person: Person) -> Any:
    """Returns a person as a hospital names them."""
    return settlement_pb2.Patient(
        credential=credential(),
        person_id=str(person.person_id),
        sex=bill_pb2.SEX_FEMALE,
        birth_date=wire.write_date(_BIRTH),
        insured_region_code=person.insured_region_code,
        scheme_code=person.scheme_code,
    )


def credential() -> Any:
    """Returns a card; identity's stand-in does not look at it."""
    return person_pb2.Credential(
        type=person_pb2.CREDENTIAL_TYPE_ID_NUMBER, number="650101195001010020"
    )


def medical_type(random: Random, person: Person) -> str:
    """Returns a medical type; now and then one that the region refuses, having no policy for it."""
    types = _TYPES[person.insured_region_code, person.scheme_code]
    return random.choice(types) if random.random() < _COVERED else "13"


def bill(random: Random, person: Person, hospital: Hospital) -> Any:
    """Returns a bill: some hundred yuan at the window, or a stay that reaches for the caps."""
    of_type = medical_type(random, person)
    found = settlement_pb2.Bill(
        care_region_code=hospital.region_code,
        institution_code=hospital.institution_code,
        hospital_level_code="02",
        medical_type_code=of_type,
        begin_date=wire.write_date(TODAY),
        end_date=wire.write_date(TODAY),
    )
    found.diagnoses.add(diagnosis_code="I10.x00x002", main=True)
    for item in random.sample(ITEMS, random.randint(1, 3)):
        line = fee_line(random, str(len(found.lines) + 1), item, TODAY, is_stay=of_type == STAY)
        found.lines.append(line)
    found.total.fen = sum(line.amount.fen for line in found.lines)
    return found


def fee_line(random: Random, line_id: str, item: str, day: date, *, is_stay: bool) -> Any:
    """Returns a fee line of a day."""
    price, quantity = random.randint(100, 99_999), random.randint(1, 300 if is_stay else 9)
    line = bill_pb2.FeeLine(line_id=line_id, item_code=item, item_name="样品")
    line.fee_date.CopyFrom(wire.write_date(day))
    line.unit_price.value = f"{price // 100}.{price % 100:02}"
    line.quantity.value, line.amount.fen = str(quantity), price * quantity
    return line
