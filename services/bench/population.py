"""The people and bills of the bench: synthetic, valid, and enough of them not to meet by chance.

Every name, number and price is made up (示例); item codes are the national ones of the catalogue in
use. The same count and seed give the same people and bills.
"""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from google.type.decimal_pb2 import Decimal as DecimalMessage

from services.catalogue.sample import sample_items
from services.cli import cases
from services.cli.load import request_id_of
from services.cli.province import Province
from services.kit import codes
from services.kit.money import to_fen
from services.kit.wire import write_date, write_money
from services.supervision.domain.engine import judge
from services.supervision.domain.model import Bill, Line, Moment, Sex
from services.supervision.domain.ruleset import RuleSet
from services.supervision.rules_loader import load_rules
from yijie.benefits.v1 import benefits_service_pb2
from yijie.common.v1 import bill_pb2
from yijie.filing.v1 import filing_pb2, filing_service_pb2
from yijie.identity.v1 import identity_service_pb2, person_pb2
from yijie.settlement.v1 import settlement_pb2, settlement_service_pb2

LINES: Final = 20
"""Lines of a bill: an ordinary outpatient visit."""
VISIT_DATE: Final = date(2026, 6, 15)
"""Day of every visit; all filings and insurances begin before it."""

_SEED: Final = 20261121
_SINCE: Final = date(2020, 1, 1)
_FIRST_BIRTH: Final = date(1961, 1, 1)
_BIRTH_STEP: Final = timedelta(days=29)
_RETIRED_BEFORE: Final = date(1966, 1, 1)
_OPENING_BALANCE_FEN: Final = 2_000_000
_SEQUENCES: Final = 100
_BATCH: Final = 500
_FILINGS_AT_ONCE: Final = 16
_DIAGNOSES: Final = ("J06.900", "J20.900", "I10.x00", "E11.900", "K29.700")
# Prefixes of item codes and how many lines of a bill are taken from each: western drugs, Chinese
# patent drugs, laboratory tests.
_MIX: Final = (("X", 12), ("Z", 3), ("0025", 5))


@dataclass(frozen=True, slots=True)
class Relation:
    """Who is cared for where."""

    insured_region_code: str
    county_code: str
    """First six digits of the id numbers."""
    care_region_code: str
    institution: str
    """Key of a demo institution."""


RELATIONS: Final = (
    Relation("131100", "131102", "110000", "beijing_tertiary"),
    Relation("131100", "131182", "120000", "tianjin_tertiary"),
    Relation("131100", "131121", "110000", "beijing_tertiary"),
    Relation("110000", "110105", "120000", "tianjin_tertiary"),
)
"""Given to people in turn."""


@dataclass(frozen=True, slots=True)
class Member:
    """A synthetic person with a card."""

    number: int
    relation: Relation
    person: person_pb2.Person
    card: person_pb2.Card


def members(count: int) -> list[Member]:
    """Returns synthetic employees, with valid id numbers that nobody has."""
    return [_member(number) for number in range(count)]


def bills(people: Sequence[Member]) -> list[settlement_pb2.Bill]:
    """Returns a bill of LINES lines for each person."""
    drawn = random.Random(_SEED)  # noqa: S311 - the same bills each time, no secret
    shelves = _shelves(sorted({member.relation.care_region_code for member in people}))
    return [_bill(member, shelves[member.relation.care_region_code], drawn) for member in people]


def settle_requests(
    people: Sequence[Member], person_ids: Sequence[str]
) -> list[settlement_service_pb2.SettleRequest]:
    """Returns a Settle request for each person, without its request_id."""
    return [
        settlement_service_pb2.SettleRequest(
            patient=settlement_pb2.Patient(
                credential=person_pb2.Credential(
                    type=person_pb2.CREDENTIAL_TYPE_CARD, number=member.card.card_number
                ),
                person_id=person_id,
                sex=member.person.sex,
                birth_date=member.person.birth_date,
                insured_region_code=member.relation.insured_region_code,
                scheme_code="310",
            ),
            bill=bill,
            use_account=True,
        )
        for member, person_id, bill in zip(people, person_ids, bills(people), strict=True)
    ]


def stay_lines(member: Member, count: int, first: date, days: int) -> list[bill_pb2.FeeLine]:
    """Returns the lines of a long stay: so many, spread over its days, of all that is on offer."""
    drawn = random.Random(_SEED + member.number)  # noqa: S311 - the same each time, no secret
    region = member.relation.care_region_code
    offered = [item for shelf in _shelves([region])[region] for item in shelf]
    return [
        _line(
            number,
            drawn.choice(offered),
            price_fen=drawn.randint(150, 12_000),
            quantity=drawn.randint(1, 3),
            fee_date=first + timedelta(days=number * days // (count + 1)),
        )
        for number in range(1, count + 1)
    ]


async def load_population(province: Province, people: Sequence[Member]) -> list[str]:
    """Registers people, cards, accounts and filings through the contracts; returns person ids.

    Raises:
        DomainError: a call was refused.
        LookupError: an entry was refused.
    """
    person_ids: list[str] = []
    for start in range(0, len(people), _BATCH):
        person_ids += await _register(province, people[start : start + _BATCH])
    gate = asyncio.Semaphore(_FILINGS_AT_ONCE)

    async def file(member: Member, person_id: str) -> None:
        request = filing_service_pb2.SubmitFilingRequest(
            filing=filing_pb2.Filing(
                person_id=person_id,
                insured_region_code=member.relation.insured_region_code,
                target_region_code=member.relation.care_region_code,
                type=filing_pb2.FILING_TYPE_LONG_TERM_RESIDENT,
                evidence=filing_pb2.FILING_EVIDENCE_COMMITMENT,
                begin_date=write_date(_SINCE.replace(year=2026)),
            )
        )
        request.request_id = str(request_id_of(request))
        async with gate:
            await province.call(province.filing.SubmitFiling, request)

    await asyncio.gather(
        *(file(member, person_id) for member, person_id in zip(people, person_ids, strict=True))
    )
    return person_ids


async def _register(province: Province, people: Sequence[Member]) -> list[str]:
    persons = identity_service_pb2.UpsertPersonsRequest(persons=[m.person for m in people])
    persons.request_id = str(request_id_of(persons))
    answer = await province.call(province.identity.UpsertPersons, persons, within_s=20.0)
    ids = _keys(answer.results)

    cards = identity_service_pb2.UpsertCardsRequest()
    for member, person_id in zip(people, ids, strict=True):
        cards.cards.add().CopyFrom(member.card)
        cards.cards[-1].person_id = person_id
    cards.request_id = str(request_id_of(cards))
    answer = await province.call(province.identity.UpsertCards, cards, within_s=20.0)
    _keys(answer.results)

    for region in sorted({member.relation.insured_region_code for member in people}):
        accounts = benefits_service_pb2.UpsertAccountsRequest(
            accounts=[
                benefits_service_pb2.Account(
                    person_id=person_id, balance=write_money(_OPENING_BALANCE_FEN)
                )
                for member, person_id in zip(people, ids, strict=True)
                if member.relation.insured_region_code == region
            ]
        )
        accounts.request_id = str(request_id_of(accounts))
        office = province.benefits_of(region)
        await province.call(office.UpsertAccounts, accounts, within_s=20.0)
    return ids


def _keys(results: Sequence[identity_service_pb2.UpsertResult]) -> list[str]:
    for result in results:
        if result.WhichOneof("outcome") == "error":
            msg = f"a synthetic person was refused: {result.error.message}"
            raise LookupError(msg)
    return [result.key for result in results]


def _member(number: int) -> Member:
    relation = RELATIONS[number % len(RELATIONS)]
    born = _FIRST_BIRTH + number % _BATCH * _BIRTH_STEP
    # Sequence numbers from 900 are not given to people; the parity of the number is the sex.
    sequence = 900 + (number // _BATCH + number) % _SEQUENCES
    first17 = f"{relation.county_code}{born:%Y%m%d}{sequence}"
    male = sequence % 2 == 1
    return Member(
        number=number,
        relation=relation,
        person=person_pb2.Person(
            cert_type_code=codes.CERTIFICATE_ID_CARD,
            cert_number=first17 + codes.check_digit(first17),
            name=f"压测示例{number}",
            sex=bill_pb2.SEX_MALE if male else bill_pb2.SEX_FEMALE,
            birth_date=write_date(born),
            insurances=[
                person_pb2.Insurance(
                    insured_region_code=relation.insured_region_code,
                    scheme_code="310",
                    person_type_code="12" if born < _RETIRED_BEFORE else "11",
                    status=person_pb2.INSURANCE_STATUS_NORMAL,
                    begin_date=write_date(_SINCE),
                )
            ],
        ),
        card=person_pb2.Card(
            card_number=f"Y{number:08d}",
            issuing_region_code=relation.insured_region_code,
            state=person_pb2.CARD_STATE_ACTIVE,
        ),
    )


def _shelves(regions: Sequence[str]) -> Mapping[str, Sequence[Sequence[tuple[str, str]]]]:
    """Returns (code, name) of what may be on a bill, by care region, in the order of _MIX."""
    return {region: _shelves_of(region) for region in regions}


@functools.cache
def _shelves_of(region: str) -> Sequence[Sequence[tuple[str, str]]]:
    # Once per process: every item of the catalogue is held against all rules.
    ruleset = load_rules()
    return tuple(
        tuple(
            (item.item_code, item.name)
            for item in sample_items(region)
            if item.item_code.startswith(prefix)
            and item.price_ceiling is None
            and not _is_found(item.item_code, ruleset)
        )
        for prefix, _ in _MIX
    )


def _is_found(item_code: str, ruleset: RuleSet) -> bool:
    """Tells whether a rule finds the item on the bill of any adult outpatient here, whatever ails.

    Our drugs are those that the published rules name, so a random draw would find something on
    every bill, as no hospital's bills do.
    """
    line = Line(
        line_id="1", item_code=item_code, fee_date=VISIT_DATE, quantity=Decimal(1), amount_fen=100
    )
    return any(
        judge(
            Bill(
                sex=sex,
                birth_date=_FIRST_BIRTH,
                medical_type="11",
                institution_level="02",
                scheme_code="310",
                diagnosis_codes=(diagnosis,),
                lines=(line,),
            ),
            ruleset,
            moment=Moment.SCREENING,
        )
        for sex in (Sex.MALE, Sex.FEMALE)
        for diagnosis in _DIAGNOSES
    )


def _bill(
    member: Member, shelves: Sequence[Sequence[tuple[str, str]]], drawn: random.Random
) -> settlement_pb2.Bill:
    institution = cases.institutions()[member.relation.institution]
    picked = [
        item
        for shelf, (_, wanted) in zip(shelves, _MIX, strict=True)
        for item in drawn.sample(shelf, wanted)
    ]
    lines = [
        _line(number, item, price_fen=drawn.randint(150, 12_000), quantity=drawn.randint(1, 3))
        for number, item in enumerate(picked, start=1)
    ]
    return settlement_pb2.Bill(
        care_region_code=member.relation.care_region_code,
        institution_code=institution.institution_code,
        hospital_level_code=institution.hospital_level_code,
        medical_type_code="11",
        begin_date=write_date(VISIT_DATE),
        end_date=write_date(VISIT_DATE),
        diagnoses=[bill_pb2.Diagnosis(diagnosis_code=drawn.choice(_DIAGNOSES), main=True)],
        lines=lines,
        total=write_money(sum(line.amount.fen for line in lines)),
    )


def _line(
    number: int,
    item: tuple[str, str],
    *,
    price_fen: int,
    quantity: int,
    fee_date: date = VISIT_DATE,
) -> bill_pb2.FeeLine:
    code, name = item
    price = Decimal(price_fen) / 100
    return bill_pb2.FeeLine(
        line_id=f"{number:03d}",
        item_code=code,
        item_name=name,
        fee_date=write_date(fee_date),
        unit_price=DecimalMessage(value=f"{price:.2f}"),
        quantity=DecimalMessage(value=str(quantity)),
        amount=write_money(to_fen(price * quantity)),
    )
