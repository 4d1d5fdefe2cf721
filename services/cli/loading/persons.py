"""`yijie load persons`: insured people with their schemes, cards, accounts and medical aid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, islice
from typing import Any, Final

from services.cli.loading.calls import patiently, shedding
from services.cli.loading.fields import FieldError, day, fen, optional_day, required, word
from services.cli.loading.kinds import (
    Batch,
    Entry,
    Ids,
    Refuse,
    columns,
    fields_by_column,
    require_region,
)
from services.cli.loading.person_stream import PersonStream
from services.cli.loading.reader import Row
from services.cli.loading.refusals import Refusal, refusals_of, sibling
from services.cli.province import Province
from services.kit import codes
from services.kit.status import from_status
from services.kit.wire import write_money
from yijie.benefits.v1 import benefits_service_pb2, entitlement_pb2
from yijie.common.v1 import bill_pb2
from yijie.identity.v1 import identity_service_pb2, person_pb2

COLUMNS: Final = columns(
    "cert_number name sex birth_date insured_region_code scheme_code person_type_code"
    " insurance_status insurance_begin_date",
    "insurance_end_date card_number card_kind card_state card_issuing_region_code"
    " card_recognition_code account_balance_yuan aid_identity_code",
)
ROWS_OF_PERSON_MAX: Final = 20
_FIELDS: Final = fields_by_column(
    COLUMNS,
    {
        "status": "insurance_status",
        "begin_date": "insurance_begin_date",
        "end_date": "insurance_end_date",
        "kind": "card_kind",
        "state": "card_state",
        "issuing_region_code": "card_issuing_region_code",
        "recognition_code": "card_recognition_code",
        "balance": "account_balance_yuan",
        "code": "aid_identity_code",
    },
)
_SEXES: Final = {
    "1": bill_pb2.SEX_MALE,
    "2": bill_pb2.SEX_FEMALE,
    "男": bill_pb2.SEX_MALE,
    "女": bill_pb2.SEX_FEMALE,
}
_STATUSES: Final = {
    "1": person_pb2.INSURANCE_STATUS_NORMAL,
    "2": person_pb2.INSURANCE_STATUS_SUSPENDED,
    "3": person_pb2.INSURANCE_STATUS_ENDED,
}
_CARD_KINDS: Final = {
    "": person_pb2.CARD_KIND_SOCIAL_SECURITY,
    "social_security": person_pb2.CARD_KIND_SOCIAL_SECURITY,
    "electronic": person_pb2.CARD_KIND_ELECTRONIC,
}
_CARD_STATES: Final = {
    "issued": person_pb2.CARD_STATE_ISSUED,
    "active": person_pb2.CARD_STATE_ACTIVE,
    "lost": person_pb2.CARD_STATE_LOST,
    "cancelled": person_pb2.CARD_STATE_CANCELLED,
    "replaced": person_pb2.CARD_STATE_REPLACED,
}
_OPEN_ENDED: Final = None
# Places of the columns that a group of rows is told apart and compared by.
_CERT_NUMBER: Final = 0
_PERSON: Final = slice(0, 4)
_BALANCE: Final = "account_balance_yuan"


@dataclass(frozen=True, slots=True)
class _Extras:
    """What goes to the benefits of the insured region."""

    account: tuple[int, str, int] | None
    """Line, insured region, balance in fen."""
    aid: Sequence[tuple[int, str, entitlement_pb2.Entitlement]]
    """Line, insured region, entitlement without its person."""


class _PersonRows:
    """The rows of one person."""

    def __init__(self, first: Row) -> None:
        self.account: tuple[int, str, int] | None = None
        self.aid: list[tuple[int, str, entitlement_pb2.Entitlement]] = []
        self._first = first
        self._person: person_pb2.Person | None = None
        self._insurances: list[person_pb2.Insurance] = []
        self._cards: dict[str, identity_service_pb2.PersonCard] = {}

    def add(self, row: Row, insurance: person_pb2.Insurance) -> None:
        """Takes in a row.

        Raises:
            FieldError: it cannot be read, or disagrees with the ones before.
        """
        if row.values[_PERSON] != self._first.values[_PERSON]:
            raise FieldError("name", "differs from the row above", "PERSON_ROWS_DISAGREE")
        if self._person is None:
            self._person = _person(row)
        self._insurances.append(insurance)
        card = _card(row)
        if card is not None:
            self._cards[card.card_number] = card
        balance, identity = row.values[15:17]
        if balance:
            if self.account is not None:
                raise FieldError(_BALANCE, "stated in two rows", "PERSON_ROWS_DISAGREE")
            self.account = (row.line, insurance.insured_region_code, fen(balance, _BALANCE))
        if identity:
            self.aid.append((row.line, insurance.insured_region_code, _aid(row, insurance)))

    def message(self) -> identity_service_pb2.PersonRow:
        """Returns the person with all that the rows say."""
        row = identity_service_pb2.PersonRow(person=self._person, cards=self._cards.values())
        row.person.insurances.extend(self._insurances)
        return row


class Persons:
    """People, by LoadPersons; then their accounts and medical aid, by the insured region."""

    name = "persons"
    columns = COLUMNS
    batch_entries = 500
    window = 4

    def __init__(self, province: Province | None, ids: Ids, *, region: str, dry_run: bool) -> None:
        self._province = province
        self._ids = ids
        self._region = region
        self._dry_run = dry_run
        self._stream = PersonStream(province.identity.LoadPersons) if province else None

    def entries(self, rows: Iterator[Row], refuse: Refuse) -> Iterator[Entry]:
        """Yields a person per run of rows with one id number."""
        for _, group in groupby(rows, key=lambda row: row.values[_CERT_NUMBER] or row.line):
            # Never more than that in memory, whatever a file repeats.
            first = list(islice(group, ROWS_OF_PERSON_MAX + 1))
            if len(first) > ROWS_OF_PERSON_MAX:
                for row in chain(first, group):
                    problem = f"more than {ROWS_OF_PERSON_MAX} rows of one person"
                    refuse(Refusal(row.line, "cert_number", "FIELD_INVALID", problem))
                continue
            entry = self._person(first, refuse)
            if entry is not None:
                yield entry

    async def send(self, batch: Batch) -> list[Refusal]:
        """Registers people, then what only the insured region may know of them."""
        if self._stream is None:
            return []
        entries, refusals = _distinct(batch.entries)
        if not entries:
            return refusals
        request = identity_service_pb2.LoadPersonsRequest(
            request_id=self._ids.of(batch.number),
            dry_run=self._dry_run,
            rows=[entry.message for entry in entries],
        )
        answer = await self._stream.send(request)
        person_ids: dict[int, str] = {}
        for entry, result in zip(entries, answer.results, strict=True):
            if result.WhichOneof("outcome") == "error":
                error = from_status(result.error)
                refusals += refusals_of(entry.lines, error, _FIELDS, message=result.error.message)
            else:
                person_ids[entry.lines[0]] = result.key
        if not self._dry_run:
            refusals += await self._benefits(batch.number, entries, person_ids)
        return refusals

    async def close(self) -> None:
        """Ends the stream."""
        if self._stream is not None:
            await self._stream.close()

    def notes(self) -> list[tuple[str, str]]:
        """Returns nothing."""
        return []

    # --- rows -----------------------------------------------------------------------------------

    def _person(self, rows: Sequence[Row], refuse: Refuse) -> Entry | None:
        person = _PersonRows(rows[0])
        problems: list[Refusal] = []
        for row in rows:
            try:
                person.add(row, self._insurance(row))
            except FieldError as error:
                problems.append(Refusal(row.line, error.column, error.reason, error.problem))
        if problems:
            blamed = {problem.line for problem in problems}
            for problem in (*problems, *(sibling(r.line) for r in rows if r.line not in blamed)):
                refuse(problem)
            return None
        return Entry(
            lines=tuple(row.line for row in rows),
            message=person.message(),
            size=sum(row.size for row in rows),
            extras=_Extras(person.account, person.aid) if person.account or person.aid else None,
        )

    def _insurance(self, row: Row) -> person_pb2.Insurance:
        region, scheme, person_type, status, begin, end = row.values[4:10]
        require_region(required(region, "insured_region_code"), self._region, "insured_region_code")
        return person_pb2.Insurance(
            insured_region_code=region,
            scheme_code=required(scheme, "scheme_code"),
            person_type_code=required(person_type, "person_type_code"),
            status=word(status, "insurance_status", _STATUSES),
            begin_date=day(begin, "insurance_begin_date"),
            end_date=optional_day(end, "insurance_end_date"),
        )

    # --- benefits -------------------------------------------------------------------------------

    async def _benefits(
        self, number: int, entries: Sequence[Entry], person_ids: Mapping[int, str]
    ) -> list[Refusal]:
        accounts: dict[str, list[tuple[int, Any]]] = defaultdict(list)
        aid: dict[str, list[tuple[int, Any]]] = defaultdict(list)
        for entry in entries:
            person_id = person_ids.get(entry.lines[0])
            if entry.extras is None or person_id is None:
                continue
            if entry.extras.account is not None:
                line, region, balance = entry.extras.account
                message = benefits_service_pb2.Account(
                    person_id=person_id, balance=write_money(balance)
                )
                accounts[codes.province_of(region)].append((line, message))
            for line, region, entitlement in entry.extras.aid:
                entitlement.person_id = person_id
                aid[codes.province_of(region)].append((line, entitlement))
        refusals = []
        for home, found in accounts.items():
            refusals += await self._set(number, home, found, "accounts")
        for home, found in aid.items():
            refusals += await self._set(number, home, found, "entitlements")
        return refusals

    async def _set(
        self, number: int, home: str, found: Sequence[tuple[int, Any]], what: str
    ) -> list[Refusal]:
        """Sets accounts or entitlements of one insured province; the people are in already."""
        if self._province is None:
            return []
        office = self._province.benefits_of(home)
        if what == "accounts":
            method, reason = office.UpsertAccounts, "ACCOUNT_REFUSED"
            make: Any = benefits_service_pb2.UpsertAccountsRequest
            column = "account_balance_yuan"
        else:
            method, reason = office.UpsertEntitlements, "ENTITLEMENT_REFUSED"
            make = benefits_service_pb2.UpsertEntitlementsRequest
            column = "aid_identity_code"
        province = self._province

        async def ask(kept: Sequence[int], part: str) -> Any:
            request = make(
                request_id=self._ids.of(number, f"{what}:{home}:{part}"),
                **{what: [found[index][1] for index in kept]},
            )
            return await patiently(lambda: province.call(method, request, within_s=20.0))

        kept, answer, errors = await shedding(len(found), what, ask)
        refusals = [
            Refusal(found[index][0], column, reason, error.message)
            for index, error in errors.items()
        ]
        for index, status in zip(kept, answer.results if answer else (), strict=False):
            if status.code:
                error = from_status(status)
                problem = error.message if error else status.message
                refusals.append(Refusal(found[index][0], column, reason, problem))
        return refusals


def _distinct(entries: Sequence[Entry]) -> tuple[list[Entry], list[Refusal]]:
    """Parts a batch into people and those that were in it already."""
    seen: set[str] = set()
    kept, refusals = [], []
    for entry in entries:
        number = entry.message.person.cert_number
        if number in seen:
            refusals += [
                Refusal(line, "cert_number", "PERSON_TWICE", "the person stands further up")
                for line in entry.lines
            ]
        else:
            seen.add(number)
            kept.append(entry)
    return kept, refusals


def _person(row: Row) -> person_pb2.Person:
    number, name, sex, birth_date = row.values[_PERSON]
    return person_pb2.Person(
        cert_type_code=codes.CERTIFICATE_ID_CARD,
        cert_number=required(number, "cert_number"),
        name=required(name, "name"),
        sex=word(sex, "sex", _SEXES),
        birth_date=day(birth_date, "birth_date"),
    )


def _card(row: Row) -> identity_service_pb2.PersonCard | None:
    number, kind, state, region, recognition = row.values[10:15]
    if not number:
        if kind or state or region or recognition:
            raise FieldError("card_number", "empty, but other columns of the card are not")
        return None
    return identity_service_pb2.PersonCard(
        card_number=number,
        issuing_region_code=required(region, "card_issuing_region_code"),
        state=word(state.lower(), "card_state", _CARD_STATES),
        kind=word(kind.lower(), "card_kind", _CARD_KINDS),
        recognition_code=recognition,
    )


def _aid(row: Row, insurance: person_pb2.Insurance) -> entitlement_pb2.Entitlement:
    return entitlement_pb2.Entitlement(
        kind=entitlement_pb2.ENTITLEMENT_KIND_MEDICAL_AID,
        code=row.values[16],
        begin_date=insurance.begin_date,
        end_date=insurance.end_date if insurance.HasField("end_date") else _OPEN_ENDED,
    )
