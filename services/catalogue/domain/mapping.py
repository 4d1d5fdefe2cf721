"""Mappings of codes (目录对照): which entries go into a version, and what an officer confirms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.catalogue.domain.admit import Refusal
from services.catalogue.domain.errors import SourceAbsent, field_invalid
from services.catalogue.domain.periods import overlaps_any
from services.catalogue.domain.texts import CONTROL, is_clean
from services.classification.validation import list_type_agrees
from services.kit.codes import list_type_of
from services.kit.errors import DomainError, InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from services.catalogue.domain.periods import Period

MODE_REGION: Final = "region"
"""A region's codes to national ones."""
MODE_THREE_STAGE: Final = "three_stage"
"""三级对照: an institution's codes to its region's, and those to national ones."""
MODE_FULL_REPLACEMENT: Final = "full_replacement"
"""全量替换: an institution's codes straight to national ones."""

PERIOD_AMOUNT_FEN_MAX: Final = 10**13
"""No item of an institution is charged a hundred billion yuan a year; sums then fit 64 bits."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingVersion:
    """One published version of an owner's mapping."""

    version_id: int
    """Key in the store; never leaves the service."""
    owner_code: str
    """A province, xx0000, or an institution."""
    version: str
    mode: str
    entry_count: int
    publication_sequence: int
    base_version: str
    """The version that it repeats or changes; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingDraft:
    """A version while it is being filled, locked; or one that is published and takes no more."""

    version_id: int
    mode: str
    entry_count: int
    base_version_id: int | None
    is_published: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingEntry:
    """One code and what it maps to for a period."""

    source_code: str
    source_name: str
    target_code: str
    """Region or national code, by the mode; empty: not mapped yet."""
    list_type_code: str
    begin_date: date
    end_date: date | None
    specification: str
    unit_price: Decimal | None
    """Yuan per unit; None: not stated."""
    period_amount_fen: int | None
    """Charged in the last twelve months; None: not stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What an officer confirms: a code's target from a day on."""

    source_code: str
    target_code: str
    begin_date: date | None
    """None: as long as the code's last period."""


@dataclass(frozen=True, slots=True)
class MappingAdmission:
    """The outcome for a batch, each entry in one of the two."""

    entries: tuple[MappingEntry, ...]
    refusals: tuple[Refusal, ...]


def admit_entries(
    batch: Sequence[MappingEntry | DomainError],
    periods: Mapping[str, Iterable[Period]],
    *,
    region_codes: Collection[str] | None,
) -> MappingAdmission:
    """Returns which entries go in, in the batch's order: the first of two that overlap does.

    Args:
        batch: the entries as read; an error stands for one that could not be read.
        periods: those that the version has already, by source code.
        region_codes: those of the batch's targets that the region's mapping has, for three
            stages; None: targets are national codes.
    """
    taken: dict[str, list[Period]] = {code: list(known) for code, known in periods.items()}
    entries: list[MappingEntry] = []
    refusals: list[Refusal] = []
    for index, entry in enumerate(batch):
        if isinstance(entry, DomainError):
            refusals.append(Refusal(index, entry))
            continue
        error = _objection(entry, taken, f"entries[{index}]", region_codes)
        if error is not None:
            refusals.append(Refusal(index, error))
            continue
        taken.setdefault(entry.source_code, []).append((entry.begin_date, entry.end_date))
        entries.append(entry)
    return MappingAdmission(tuple(entries), tuple(refusals))


def confirm(
    confirmed: Sequence[Confirmed | DomainError],
    known: Mapping[str, Sequence[MappingEntry]],
    *,
    region_codes: Collection[str] | None,
) -> MappingAdmission:
    """Returns the entries of the confirmed codes as they stand afterwards, and what is refused.

    Of a code with several periods the last is meant. A later first day cuts it: until the day
    before it stays as it was.

    Args:
        confirmed: as received, each code once; an error stands for one that could not be read.
        known: entries of the institution's newest version by source code, in order of time.
        region_codes: as for `admit_entries`.
    """
    entries: list[MappingEntry] = []
    refusals: list[Refusal] = []
    seen: set[str] = set()
    for index, each in enumerate(confirmed):
        if isinstance(each, DomainError):
            refusals.append(Refusal(index, each))
            continue
        path = f"codes[{index}]"
        outcome = _confirm_one(each, known.get(each.source_code, ()), path, region_codes)
        if each.source_code in seen:
            outcome = field_invalid(f"{path}.source_code", "confirmed in this call already")
        seen.add(each.source_code)
        if isinstance(outcome, DomainError):
            refusals.append(Refusal(index, outcome))
        else:
            entries.extend(outcome)
    return MappingAdmission(tuple(entries), tuple(refusals))


def _confirm_one(
    confirmed: Confirmed,
    known: Sequence[MappingEntry],
    path: str,
    region_codes: Collection[str] | None,
) -> tuple[MappingEntry, ...] | DomainError:
    if not known:
        return SourceAbsent(f"{path}.source_code")
    last = known[-1]
    begin = confirmed.begin_date or last.begin_date
    if last.end_date is not None and begin > last.end_date:
        return field_invalid(f"{path}.begin_date", "after the last day of the code")
    target = replace(last, target_code=confirmed.target_code, begin_date=begin)
    error = _target_objection(target, path, region_codes)
    if error is not None:
        return error
    before = list(known[:-1])
    if begin > last.begin_date:
        before.append(replace(last, end_date=begin - _DAY))
    if overlaps_any(
        (begin, last.end_date), ((entry.begin_date, entry.end_date) for entry in before)
    ):
        return InvalidArgument(
            "MAPPING_PERIOD_OVERLAP",
            "an earlier period of the same code overlaps this one",
            field=f"{path}.begin_date",
        )
    return (*before, target)


def _objection(
    entry: MappingEntry,
    taken: Mapping[str, Iterable[Period]],
    path: str,
    region_codes: Collection[str] | None,
) -> DomainError | None:
    for name in ("source_name", "specification"):
        if not is_clean(getattr(entry, name)):
            return field_invalid(f"{path}.{name}", CONTROL)
    if entry.end_date is not None and entry.end_date < entry.begin_date:
        return field_invalid(f"{path}.end_date", "before begin_date")
    if entry.period_amount_fen is not None and entry.period_amount_fen >= PERIOD_AMOUNT_FEN_MAX:
        return field_invalid(f"{path}.period_amount", "a hundred billion yuan or more")
    error = _target_objection(entry, path, region_codes)
    if error is not None:
        return error
    if overlaps_any((entry.begin_date, entry.end_date), taken.get(entry.source_code, ())):
        return InvalidArgument(
            "MAPPING_PERIOD_OVERLAP",
            "another period of the same code overlaps this one",
            field=f"{path}.begin_date",
        )
    return None


def _target_objection(
    entry: MappingEntry, path: str, region_codes: Collection[str] | None
) -> DomainError | None:
    if not entry.target_code:
        return None
    if region_codes is not None:
        if entry.target_code in region_codes:
            return None
        return InvalidArgument(
            "MAPPING_TARGET_UNKNOWN",
            "the region's mapping has no such code",
            field=f"{path}.target_code",
        )
    by_format = list_type_of(entry.target_code)
    if not by_format:
        return InvalidArgument(
            "MAPPING_TARGET_UNKNOWN",
            "not the format of a national code",
            field=f"{path}.target_code",
        )
    if not list_type_agrees(entry.list_type_code, by_format):
        return field_invalid(f"{path}.target_code", "a code of another kind than list_type_code")
    return None


# --- answers -------------------------------------------------------------------------------------

RESOLVED: Final = "resolved"
NOT_LISTED: Final = "not_listed"
NO_REGION_CODE: Final = "no_region_code"
NO_NATIONAL_CODE: Final = "no_national_code"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What one code of an institution resolves to on a day."""

    source_code: str
    region_code_item: str
    """The region's code; empty: full replacement, or none."""
    item_code: str
    """The national code; empty: it does not resolve."""
    state: str
    """RESOLVED, NOT_LISTED, NO_REGION_CODE, NO_NATIONAL_CODE or UNKNOWN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Items and money by how far they resolve."""

    list_type_code: str
    """Empty: all."""
    item_count: int
    resolved_count: int
    amount_fen: int
    resolved_amount_fen: int


@dataclass(frozen=True, slots=True)
class Unmapped:
    """An item that does not resolve."""

    entry: MappingEntry
    state: str


OTHER_LIST_TYPE: Final = "other_list_type"
PRICE_ABOVE_CEILING: Final = "price_above_ceiling"
SHARED_TARGET: Final = "shared_target"
CONFLICT_KINDS: Final = (NOT_LISTED, OTHER_LIST_TYPE, PRICE_ABOVE_CEILING, SHARED_TARGET)
"""In the order in which they are listed for one code."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing wrong with an entry."""

    entry: MappingEntry
    kind: str
    """One of CONFLICT_KINDS."""


def region_of(owner_code: str) -> str:
    """Returns the province of an owner: itself, or that of an institution's code."""
    return owner_code if owner_code[0].isdigit() else f"{owner_code[1:3]}0000"
