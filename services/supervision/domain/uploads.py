"""What an uploaded row does to what was there: the same for self-paid cases and local costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from services.kit.errors import Absent, AlreadyExists, RuleForbids

if TYPE_CHECKING:
    from collections.abc import Collection

    from services.supervision.domain.direct_rate import CareSetting, Eligibility, SelfPaidReason


class Action(Enum):
    """What a row is to do."""

    ADD = "ADD"
    REPLACE = "REPLACE"
    WITHDRAW = "WITHDRAW"


class Step(Enum):
    """What it does."""

    APPEND = "APPEND"
    APPEND_WITHDRAWN = "APPEND_WITHDRAWN"
    NOTHING = "NOTHING"


@dataclass(frozen=True, slots=True)
class Kept:
    """The newest version of a row."""

    version: int
    is_withdrawn: bool
    content: bytes
    """What tells two versions apart."""


def decide(action: Action, content: bytes, kept: Kept | None, *, field: str) -> Step:
    """Returns what a row does.

    Raises:
        AlreadyExists: UPLOAD_DIFFERS, another content stands under its key.
        Absent: UPLOAD_UNKNOWN, there is nothing to replace or to withdraw.
    """
    stands = kept is not None and not kept.is_withdrawn
    is_same = kept is not None and kept.content == content
    if action is Action.ADD:
        if not stands:
            return Step.APPEND
        if is_same:
            return Step.NOTHING
        raise AlreadyExists("UPLOAD_DIFFERS", "another content stands under this key", field=field)
    if kept is None or (action is Action.REPLACE and kept.is_withdrawn):
        raise Absent("UPLOAD_UNKNOWN", "nothing stands under this key", field=field)
    if action is Action.WITHDRAW:
        return Step.NOTHING if kept.is_withdrawn else Step.APPEND_WITHDRAWN
    # Replaced by the same content as well: a filing made since may have made the case eligible.
    return Step.APPEND


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfPaid:
    """An uploaded case that a patient paid whole."""

    case_id: UUID
    action: Action
    person_id: UUID
    institution_code: str
    care_region_code: str
    insured_region_code: str
    medical_type_code: str
    begin_date: date
    end_date: date
    total_fen: int
    reason: SelfPaidReason
    is_emergency: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A case with what was found about it."""

    case: SelfPaid
    eligibility: Eligibility


class LocalKey(NamedTuple):
    """What a row of local costs is about."""

    month: str
    institution_code: str
    setting: CareSetting
    disease_group_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCost:
    """An uploaded row of local costs."""

    key: LocalKey
    action: Action
    case_count: int
    total_fen: int

    @property
    def content(self) -> bytes:
        """What tells two versions apart."""
        return f"{self.case_count}:{self.total_fen}".encode()


def require_one_grouping(key: LocalKey, standing: Collection[LocalKey], *, field: str) -> None:
    """Refuses a whole beside its parts: one of both would be counted twice.

    `standing` are the rows of the same month, institution and setting that stand.

    Raises:
        RuleForbids: LOCAL_COST_GROUPED.
    """
    is_whole = not key.disease_group_code
    if any((not other.disease_group_code) is not is_whole for other in standing if other != key):
        raise RuleForbids(
            "LOCAL_COST_GROUPED",
            "rows by disease group and a row for all diseases exclude each other",
            field=field,
        )
