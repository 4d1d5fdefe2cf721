"""A case and what belongs to it, as stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from uuid import UUID

from services.supervision.domain.case_documents import DocumentType
from services.supervision.domain.case_states import CaseState, Step
from services.supervision.domain.model import ResultClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All findings on one settlement that came while nobody had decided."""

    case_id: UUID
    settlement_id: UUID
    care_region_code: str
    insured_region_code: str
    institution_code: str
    state: CaseState
    result_class: ResultClass
    """Gravest of its findings."""
    is_plain: bool
    """All of its findings are violations."""
    rule_codes: tuple[str, ...]
    amount_fen: int
    """Largest of its findings."""
    open_time: datetime
    change_time: datetime
    is_drawn: bool = False
    """A sample drew it."""

    @property
    def care_province_code(self) -> str:
        """Whose officers review it, xx0000."""
        return f"{self.care_region_code[:2]}0000"

    @property
    def insured_province_code(self) -> str:
        """Whose funds paid, xx0000."""
        return f"{self.insured_region_code[:2]}0000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step in the life of a case."""

    state: CaseState
    change_time: datetime
    step: Step | None = None
    """The review that led there; None: supervision by itself."""
    officer_id: str = ""
    note: str = ""
    sample_id: UUID | None = None
    """The sample that it was confirmed by, unseen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFinding:
    """A finding that is in no case yet."""

    finding_number: int
    finding_id: UUID
    settlement_id: UUID
    care_region_code: str
    insured_region_code: str
    institution_code: str
    rule_code: str
    result_class: ResultClass
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What an institution was told."""

    case_id: UUID
    number: str
    issue_time: datetime
    answer_last_date: date
    is_provisional: bool
    digest: bytes
    """SHA-256 of `content`."""
    content: bytes
    """What it says, JSON; names lines and items."""


class Position(Enum):
    """How an institution stands to an opinion."""

    AGREED = "AGREED"
    DISPUTED = "DISPUTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer of an institution."""

    position: Position
    text: str
    officer_id: str
    answer_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that an institution brought, without its bytes."""

    document_id: UUID
    case_id: UUID
    document_type: DocumentType
    size_bytes: int
    digest: bytes
    title: str
    create_time: datetime


class DeductionState(Enum):
    """How far a final decision is carried out."""

    NONE = "NONE"
    """The funds paid nothing for the lines at fault."""
    PENDING = "PENDING"
    RECORDED = "RECORDED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDeduction:
    """A final decision and what it takes back."""

    decision_id: UUID
    case_id: UUID
    settlement_id: UUID
    insured_region_code: str
    """Province."""
    care_region_code: str
    """Province."""
    maker_id: str
    checker_id: str
    state: DeductionState
    round: int
    deduction_id: UUID | None
    refusal: str
    appeal_last_date: date | None
    funds_fen: dict[str, int]
    """By fund type as cleared, of the round that counts."""

    @property
    def amount_fen(self) -> int:
        """What all funds take back together."""
        return sum(self.funds_fen.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A seeded sample of cases."""

    sample_id: UUID
    region_code: str
    rule_code: str
    seed: str
    draw_time: datetime
    population: int
    population_digest: bytes
    officer_id: str
    drawn: tuple[UUID, ...]
    open: int
    """Of the drawn, those that nobody has looked at yet."""
    reviewed: int
    """Of the drawn, those that the first review decided; others lapsed before."""
    rejected: int
    """Of the reviewed, those of which it did not confirm everything in full."""
    confirmed: int
