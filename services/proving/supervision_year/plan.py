"""The labelled year as data: people, institutions, bills with their lines and money, labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

from services.proving.supervision_year.facts import Coded
from services.proving.supervision_year.kinds import Label
from services.proving.supervision_year.people import Institution, Person


class Way(Enum):
    """How a bill came to be paid."""

    DIRECT = "DIRECT"
    """直接结算."""
    MANUAL = "MANUAL"
    """Paid in cash, claimed later (零星报销)."""
    SELF_PAID = "SELF_PAID"
    """Paid in cash and never claimed (自费)."""


@dataclass(slots=True, kw_only=True)
class Line:
    """A fee line."""

    line_id: str
    item: Coded
    fee_date: date
    unit_price: Decimal
    quantity: int
    category: str
    """医疗收费项目类别."""
    is_class_b: bool

    @property
    def amount_fen(self) -> int:
        """What is charged."""
        return int(self.unit_price * self.quantity * 100)

    @property
    def in_scope_fen(self) -> int:
        """What of it is in scope: of class B nine tenths, half a fen up."""
        return (self.amount_fen * 9 + 5) // 10 if self.is_class_b else self.amount_fen


@dataclass(slots=True, kw_only=True)
class Bill:
    """A settled bill."""

    settlement_id: UUID
    person: Person
    institution: Institution
    medical_type_code: str
    begin: date
    end: date
    settle_time: datetime
    diagnosis: Coded
    lines: list[Line]
    invoice_number: str
    phone: str
    label: Label | None = None
    way: Way = Way.DIRECT

    @property
    def is_stay(self) -> bool:
        """Tells whether it is of a stay."""
        return self.medical_type_code == "21"

    @property
    def total_fen(self) -> int:
        """Sum of its lines."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def in_scope_fen(self) -> int:
        """Sum of what is in scope."""
        return sum(line.in_scope_fen for line in self.lines)

    @property
    def funds_fen(self) -> dict[str, int]:
        """What each fund pays: of the pooled one seven tenths of what is in scope, by scheme."""
        pooled = self.in_scope_fen * 7 // 10
        large = self.in_scope_fen // 10 if self.is_stay else 0
        if self.person.scheme_code == "310":
            found = {"310100": pooled, "330100": large}
        else:
            found = {"390100": pooled, "390200": large}
        return {code: fen for code, fen in found.items() if fen}

    @property
    def account_fen(self) -> int:
        """What the personal account pays: an employee's, of an outpatient visit."""
        if self.is_stay or self.person.scheme_code != "310":
            return 0
        return (self.total_fen - sum(self.funds_fen.values())) // 2

    def add(self, line: Line) -> str:
        """Adds a line; returns its id."""
        line.line_id = str(len(self.lines) + 1)
        self.lines.append(line)
        return line.line_id


@dataclass(slots=True)
class Plan:
    """The year."""

    seed: int
    institutions: list[Institution]
    people: list[Person] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)
    """In the order of settling."""

    def of_way(self, way: Way) -> list[Bill]:
        """Returns the bills that were paid in a way, in the order of settling."""
        return [bill for bill in self.bills if bill.way is way]

    @property
    def by_id(self) -> dict[str, Bill]:
        """Bills by their settlement's id."""
        return {str(bill.settlement_id): bill for bill in self.bills}
