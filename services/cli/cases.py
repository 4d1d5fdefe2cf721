"""The demo data as messages of the contracts: persons, institutions, filings, bills.

Reads demo_data/*.yaml; every person, institution and price in them is synthetic (示例). There are
no expected amounts here nor in the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from google.type.date_pb2 import Date
from google.type.decimal_pb2 import Decimal as DecimalMessage

from services.catalogue.datafile import entries, load, mapping, text
from services.kit.money import to_fen
from services.kit.wire import write_date, write_money
from yijie.benefits.v1 import entitlement_pb2
from yijie.common.v1 import bill_pb2
from yijie.filing.v1 import filing_pb2
from yijie.identity.v1 import institution_pb2, person_pb2
from yijie.settlement.v1 import settlement_pb2

ORDER: Final = (
    "zhang",
    "outpatient",
    "segments",
    "resident_points",
    "resident_factor",
    "chronic",
)
"""The bills in the order in which the demo settles them."""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A person with card and account; `message` has no person_id, which identity gives."""

    key: str
    message: person_pb2.Person
    card: person_pb2.Card
    opening_balance_fen: int
    entitlements: tuple[entitlement_pb2.Entitlement, ...]
    """What the insured region has of the person; without person_id too."""

    def credential(self, kind: str) -> person_pb2.Credential:
        """Returns what the person shows at the window: "card" or "id_number"."""
        if kind == "card":
            return person_pb2.Credential(
                type=person_pb2.CREDENTIAL_TYPE_CARD, number=self.card.card_number
            )
        return person_pb2.Credential(
            type=person_pb2.CREDENTIAL_TYPE_ID_NUMBER, number=self.message.cert_number
        )


@dataclass(frozen=True, slots=True)
class DemoFiling:
    """A filing of a demo person; `message` has no person_id."""

    person: str
    message: filing_pb2.Filing


@dataclass(frozen=True, slots=True)
class DemoCase:
    """A bill and whose it is."""

    key: str
    title_zh: str
    title_en: str
    person: DemoPerson
    credential: person_pb2.Credential
    insured_region_code: str
    scheme_code: str
    institution_name: str
    bill: settlement_pb2.Bill


@cache
def people() -> Mapping[str, DemoPerson]:
    """Returns the demo persons by key."""
    found = (_person(entry) for entry in entries(_file("people"), "people"))
    return {person.key: person for person in found}


@cache
def institutions() -> Mapping[str, institution_pb2.Institution]:
    """Returns the demo institutions by key."""
    return {
        text(entry, "key"): institution_pb2.Institution(
            institution_code=text(entry, "institution_code"),
            name=text(entry, "name"),
            region_code=text(entry, "region_code"),
            hospital_level_code=text(entry, "hospital_level_code"),
            openings=[
                institution_pb2.Opening(
                    medical_type_code=text(opening, "medical_type_code"),
                    begin_date=_date(opening, "begin_date"),
                    disease_code=text(opening, "disease_code", ""),
                )
                for opening in entries(entry, "openings")
            ],
        )
        for entry in entries(_file("institutions"), "institutions")
    }


@cache
def filings() -> tuple[DemoFiling, ...]:
    """Returns the demo filings."""
    return tuple(
        DemoFiling(
            person=text(entry, "person"),
            message=filing_pb2.Filing(
                insured_region_code=text(entry, "insured_region_code"),
                target_region_code=text(entry, "target_region_code"),
                type=f"FILING_TYPE_{text(entry, 'type')}",
                evidence=f"FILING_EVIDENCE_{text(entry, 'evidence')}",
                begin_date=_date(entry, "begin_date"),
            ),
        )
        for entry in entries(_file("filings"), "filings")
    )


@cache
def case(key: str) -> DemoCase:
    """Returns a demo case with its bill; the total is the sum of its lines."""
    document = load(_folder() / "cases" / f"{key}.yaml")
    person = people()[text(document, "person")]
    institution = institutions()[text(document, "institution")]
    bill = bill_of(document, institution.institution_code, institution.hospital_level_code)
    return DemoCase(
        key=key,
        title_zh=text(document, "title_zh"),
        title_en=text(document, "title_en"),
        person=person,
        credential=person.credential(text(document, "credential")),
        insured_region_code=person.message.insurances[0].insured_region_code,
        scheme_code=text(document, "scheme_code"),
        institution_name=institution.name,
        bill=bill,
    )


def bill_of(
    document: Mapping[str, object], institution_code: str, hospital_level_code: str
) -> settlement_pb2.Bill:
    """Returns the bill that a file holds; the total is the sum of its lines.

    Raises DataError for what is missing, ValueError for a date or an amount that is none.
    """
    lines = [_line(entry) for entry in entries(document, "lines")]
    return settlement_pb2.Bill(
        care_region_code=text(document, "care_region_code"),
        institution_code=institution_code,
        hospital_level_code=hospital_level_code,
        medical_type_code=text(document, "medical_type_code"),
        begin_date=_date(document, "begin_date"),
        end_date=_date(document, "end_date"),
        emergency=text(document, "emergency") == "true",
        diagnoses=[
            bill_pb2.Diagnosis(
                diagnosis_code=text(entry, "code"), main=text(entry, "main") == "true"
            )
            for entry in entries(document, "diagnoses")
        ],
        lines=lines,
        total=write_money(sum(line.amount.fen for line in lines)),
        disease_code=text(document, "disease_code", ""),
    )


def _person(entry: Mapping[str, object]) -> DemoPerson:
    insurance, card = mapping(entry, "insurance"), mapping(entry, "card")
    balance = Decimal(text(mapping(entry, "account"), "opening_balance"))
    return DemoPerson(
        key=text(entry, "key"),
        message=person_pb2.Person(
            cert_type_code=text(entry, "cert_type_code"),
            cert_number=text(entry, "id_number"),
            name=text(entry, "name"),
            sex=f"SEX_{text(entry, 'sex').upper()}",
            birth_date=_date(entry, "birth_date"),
            insurances=[
                person_pb2.Insurance(
                    insured_region_code=text(insurance, "insured_region_code"),
                    scheme_code=text(insurance, "scheme_code"),
                    person_type_code=text(insurance, "person_type_code"),
                    status=person_pb2.INSURANCE_STATUS_NORMAL,
                    begin_date=_date(insurance, "begin_date"),
                )
            ],
        ),
        card=person_pb2.Card(
            card_number=text(card, "card_number"),
            issuing_region_code=text(card, "issuing_region_code"),
            state=f"CARD_STATE_{text(card, 'state').upper()}",
        ),
        opening_balance_fen=to_fen(balance),
        entitlements=tuple(
            entitlement_pb2.Entitlement(
                kind=f"ENTITLEMENT_KIND_{text(one, 'kind')}",
                code=text(one, "code"),
                begin_date=_date(one, "begin_date"),
            )
            for one in (entries(entry, "entitlements") if "entitlements" in entry else ())
        ),
    )


def _line(entry: Mapping[str, object]) -> bill_pb2.FeeLine:
    return bill_pb2.FeeLine(
        line_id=text(entry, "line_id"),
        item_code=text(entry, "item_code"),
        item_name=text(entry, "name"),
        fee_date=_date(entry, "fee_date"),
        unit_price=DecimalMessage(value=text(entry, "unit_price")),
        quantity=DecimalMessage(value=text(entry, "quantity")),
        amount=write_money(to_fen(Decimal(text(entry, "amount")))),
    )


def _date(entry: Mapping[str, object], key: str) -> Date:
    return write_date(date.fromisoformat(text(entry, key)))


def _file(name: str) -> Mapping[str, object]:
    return load(_folder() / f"{name}.yaml")


def _folder() -> Traversable:
    return resources.files("services.cli") / "demo_data"
