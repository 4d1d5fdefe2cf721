"""What of a bill is kept sealed: its lines, diagnoses and operations, sex and date of birth.

Rows of JSON: a head, the item codes of all lines, then one row for each line. A person's history is
read many times for every time that one of its lines is looked at, so a line is read when it is
asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast, overload

import orjson

from services.kit import codes
from services.supervision.domain.model import Bill, Channel, History, Line, Sex, substance_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

Key: TypeAlias = Callable[[str], str]
"""What an item code stands for."""
Place: TypeAlias = "tuple[Bill, int]"
"""Where a line is."""


class Places(Protocol):
    """Where the lines are, by what their item codes stand for."""

    def get(self, name: str, default: Sequence[Place], /) -> Sequence[Place]:
        """Returns the places of a name."""
        ...


_SEXES: Final = {one.value: one for one in Sex}
_FIRST_LINE: Final = 2
"""Rows before it: head and item codes."""
_CODES_KEPT: Final = 100_000
"""Item codes of which that is remembered; the national catalogues have about as many."""

_national_code = lru_cache(_CODES_KEPT)(codes.national_item_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What of a bill is kept in the clear, to be found by."""

    bill_key: UUID
    channel: Channel
    person_id: UUID
    care_region_code: str
    insured_region_code: str
    institution_code: str
    medical_type_code: str
    scheme_code: str
    begin_date: date
    end_date: date
    settle_time: datetime
    total_fen: int
    fund_fen: int
    visit_id: UUID | None
    invoice_key: bytes | None
    phone_key: bytes | None


def write_detail(bill: Bill) -> bytes:
    """Returns what is sealed of a bill."""
    head = {
        "sex": bill.sex.value,
        "born": None if bill.birth_date is None else bill.birth_date.toordinal(),
        "level": bill.institution_level,
        "department": bill.department_code,
        "doctor": bill.doctor_code,
        "emergency": bill.emergency,
        "diagnoses": bill.diagnosis_codes,
        "operations": bill.operation_codes,
    }
    rows = [orjson.dumps(head), orjson.dumps([line.item_code for line in bill.lines])]
    rows += [_write_line(line) for line in bill.lines]
    # JSON as it is written here has no line feed.
    return b"\n".join(rows)


def _write_line(line: Line) -> bytes:
    return orjson.dumps(
        (
            line.line_id,
            line.item_code,
            line.fee_date.toordinal(),
            str(line.quantity),
            line.amount_fen,
            str(line.unit_price),
            line.department_code,
            line.supply_days,
            line.catalogue_class,
            line.charge_category_code,
            line.in_scope_fen,
        )
    )


def _read_line(row: bytes) -> Line:
    (
        line_id,
        item_code,
        day,
        quantity,
        amount_fen,
        unit_price,
        department_code,
        supply_days,
        catalogue_class,
        charge_category_code,
        in_scope_fen,
    ) = orjson.loads(row)
    return Line(
        line_id=line_id,
        item_code=item_code,
        fee_date=date.fromordinal(day),
        quantity=Decimal(quantity),
        amount_fen=amount_fen,
        unit_price=Decimal(unit_price),
        department_code=department_code,
        supply_days=supply_days,
        catalogue_class=catalogue_class,
        charge_category_code=charge_category_code,
        in_scope_fen=in_scope_fen,
    )


class StoredLines(Sequence[Line]):
    """The lines of a bill, each read when it is asked for; equal to a tuple of the same."""

    __slots__ = ("_items", "_read", "_rows")

    def __init__(self, rows: Sequence[bytes]) -> None:
        """Takes what `write_detail` wrote, cut into rows."""
        self._rows = rows
        self._read: dict[int, Line] = {}
        self._items: Sequence[str] | None = None

    def __len__(self) -> int:
        """Counts the lines."""
        return len(self._rows) - _FIRST_LINE

    @overload
    def __getitem__(self, place: int) -> Line: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Line]: ...
    def __getitem__(self, place: int | slice) -> Line | Sequence[Line]:
        """Returns a line, or some."""
        if isinstance(place, slice):
            return tuple(self)[place]
        if place < 0:
            place += len(self)
        if not 0 <= place < len(self):
            raise IndexError(place)
        return self.line(place)

    def line(self, place: int) -> Line:
        """Returns the line at a place that is known to be there."""
        line = self._read.get(place)
        if line is None:
            line = self._read[place] = _read_line(self._rows[place + _FIRST_LINE])
        return line

    def __iter__(self) -> Iterator[Line]:
        """Returns all lines in the order of the bill."""
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Compares with a tuple, too."""
        if not isinstance(other, Sequence):
            return NotImplemented
        return tuple(self) == tuple(other)

    def __hash__(self) -> int:
        """As the tuple has it."""
        return hash(tuple(self))

    def item_codes(self) -> Sequence[str]:
        """Returns the item codes of the lines, without reading these."""
        items = self._items
        if items is None:
            items = self._items = tuple(orjson.loads(self._rows[1]))
        return items


class StoredHistory(History):
    """A history of stored bills, of which only the lines are read that a rule asks for."""

    __slots__ = ("_before", "_found", "_places", "_shelf")

    _before: Bill
    """Nothing here was settled after it."""
    _found: dict[tuple[Key, str], tuple[tuple[Bill, Line], ...]]
    _places: dict[Key, Places]
    _shelf: Shelf
    """Where its bills are indexed together with others."""

    def earlier(self, bill: Bill) -> History:
        """Returns the part that was settled before a bill, likewise."""
        if getattr(self, "_before", None) is bill:
            return self
        part = History.earlier(self, bill)
        return part if part is self else StoredHistory(bills=part.bills)

    def of_item(self, item_code: str) -> tuple[tuple[Bill, Line], ...]:
        """Returns the lines of a national item code with their bills, in the order of the bills."""
        return self._of(item_code, _national_code)

    def of_substance(self, substance: str) -> tuple[tuple[Bill, Line], ...]:
        """Returns the lines of a substance with their bills."""
        return self._of(substance, substance_of)

    def _of(self, name: str, key: Key) -> tuple[tuple[Bill, Line], ...]:
        if not hasattr(self, "_found"):
            object.__setattr__(self, "_found", {})
            object.__setattr__(self, "_places", {})
        found = self._found.get((key, name))
        if found is None:
            places = self._index(key).get(name, ())
            found = tuple((bill, _line(bill.lines, place)) for bill, place in places)
            self._found[key, name] = found
        return found

    def _index(self, key: Key) -> Places:
        index = self._places.get(key)
        if index is None:
            shelf = getattr(self, "_shelf", None)
            index = _index(self.bills, key) if shelf is None else shelf.places(key, self.bills)
            self._places[key] = index
        return index


class Shelf:
    """One person's bills, for the histories of all of them that one event asks for."""

    def __init__(self, bills: Mapping[UUID, Bill]) -> None:
        """Takes the record, which does not change once a second history was asked for."""
        self._bills = bills
        self._made = 0
        self._whole: dict[Key, Places] = {}

    def history(self, bills: Sequence[Bill], before: Bill) -> StoredHistory:
        """Returns the history of bills that were all settled before another."""
        made = StoredHistory(bills=tuple(bills))
        object.__setattr__(made, "_before", before)
        # Mostly there is only one history, and no need to look at other bills than its own.
        if self._made:
            object.__setattr__(made, "_shelf", self)
        self._made += 1
        return made

    def places(self, key: Key, bills: Sequence[Bill]) -> Places:
        """Returns where the lines of some of the bills are, by what their item codes stand for."""
        whole = self._whole.get(key)
        if whole is None:
            whole = self._whole[key] = _index(History(bills=tuple(self._bills.values())).bills, key)
        return _Part(whole, frozenset(bill.bill_key for bill in bills))


class _Part:
    """What of an index is about some bills."""

    __slots__ = ("_bill_keys", "_whole")

    def __init__(self, whole: Places, bill_keys: frozenset[UUID | None]) -> None:
        self._whole = whole
        self._bill_keys = bill_keys

    def get(self, name: str, default: Sequence[Place]) -> Sequence[Place]:
        kept = self._bill_keys
        return [one for one in self._whole.get(name, default) if one[0].bill_key in kept]


def _line(lines: Sequence[Line], place: int) -> Line:
    return lines.line(place) if isinstance(lines, StoredLines) else lines[place]


def _index(bills: Sequence[Bill], key: Key) -> Places:
    found: dict[str, list[Place]] = {}
    for bill in bills:
        lines: Sequence[Line] = bill.lines
        item_codes = (
            lines.item_codes()
            if isinstance(lines, StoredLines)
            else [line.item_code for line in lines]
        )
        for place, item_code in enumerate(item_codes):
            found.setdefault(key(item_code), []).append((bill, place))
    return found


def read_bill(head: Head, detail: bytes) -> Bill:
    """Returns a bill from what is kept in the clear and what `write_detail` wrote."""
    rows = detail.split(b"\n")
    kept: dict[str, Any] = orjson.loads(rows[0])
    born = kept["born"]
    diagnoses, operations = kept["diagnoses"], kept["operations"]
    return Bill(
        sex=_SEXES[kept["sex"]],
        birth_date=None if born is None else date.fromordinal(born),
        medical_type=head.medical_type_code,
        institution_level=kept["level"],
        scheme_code=head.scheme_code,
        # Whoever asks for lines gets a sequence of them.
        lines=cast("tuple[Line, ...]", StoredLines(rows)),
        bill_key=head.bill_key,
        channel=head.channel,
        person_id=head.person_id,
        care_region_code=head.care_region_code,
        insured_region_code=head.insured_region_code,
        institution_code=head.institution_code,
        department_code=kept["department"],
        doctor_code=kept["doctor"],
        begin_date=head.begin_date,
        end_date=head.end_date,
        settle_time=head.settle_time,
        diagnosis_codes=None if diagnoses is None else tuple(diagnoses),
        operation_codes=None if operations is None else tuple(operations),
        emergency=kept["emergency"],
        visit_id=head.visit_id,
        invoice_key=head.invoice_key,
        phone_key=head.phone_key,
        total_fen=head.total_fen,
        fund_fen=head.fund_fen,
    )
