"""A policy value with its history, and the same value as of one date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.benefits.domain.model import Setting, Status
    from services.benefits.domain.schema import AnySpec, Dimension, PolicyStep

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cell(Generic[T]):
    """One value and how the trace writes it."""

    value: T
    text: str
    path: str
    """Place in the pack and the key used: `employee/inpatient/deductible.amount[3]`.

    In place of an identity for medical aid stands `*`.
    """


AnyCell = Cell[Any]
"""A cell of some parameter; its spec knows the type of the value."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A document that a value rests on."""

    id: str
    title: str
    number: str
    """Document number; empty when the source gives none."""
    href: str = ""
    """Where it can be read; empty: not known."""

    @property
    def label(self) -> str:
        """The number, or the title of a document without one."""
        return self.number or self.title


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a history, valid from its date until the next entry."""

    effective_from: date
    status: Status
    reference: Reference
    verified_on: date
    note: str
    cells: Mapping[tuple[str, ...], AnyCell]
    """Value per coordinates; every combination is written out, `any` is expanded."""


@dataclass(frozen=True, slots=True)
class History:
    """A parameter of a pack: its values by effective date, ascending, without gap or overlap."""

    spec: AnySpec
    by: tuple[Dimension, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """The rules of one scheme and setting of a region (one file of a pack)."""

    file: str
    scheme_code: str
    setting: Setting
    supported_from: date
    supported_until: date | None
    """Last day for which the rules are modelled; None: open."""
    persons: tuple[str, ...]
    diseases: Mapping[str, tuple[str, ...]]
    """ICD-10 prefixes per disease code of a chronic file; none: any diagnosis."""
    steps: tuple[PolicyStep, ...]
    not_modelled: tuple[str, ...]
    histories: Mapping[str, History]


@dataclass(frozen=True, slots=True)
class Pack:
    """All rules of one pooling area."""

    region_code: str
    name: str
    name_en: str
    version: str
    """`650100@2026.11-3fa9c1d2e4b5`: region, the pack's own label, hash of its files."""
    year_start_month: int
    """Month on whose first day a benefit year begins."""
    parts: tuple[Part, ...]
