"""Between the contract of MappingService and what it works with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from services.catalogue.domain import mapping
from services.catalogue.domain.admit import several
from services.catalogue.domain.errors import field_invalid
from services.catalogue.domain.mapping import Confirmed, Coverage, MappingEntry
from services.catalogue.mapping_usecases import MappingBatch
from services.catalogue.messages import SERVICE
from services.kit.errors import InvalidArgument
from services.kit.interceptors.validation import check_entry
from services.kit.paging import read_key
from services.kit.status import to_status
from services.kit.wire import (
    read_date,
    read_decimal,
    read_fen,
    read_optional_date,
    write_date,
    write_decimal,
    write_money,
    write_optional_date,
)
from yijie.catalogue.v1 import mapping_service_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.catalogue.domain.admit import Refusal
    from services.catalogue.domain.mapping import Conflict, MappingVersion, Resolution, Unmapped
    from services.catalogue.mapping_usecases import MappingImported
    from services.catalogue.matching import Suggestion
    from services.kit.errors import DomainError

_MODE_OF: Final = {
    pb.MAPPING_MODE_UNSPECIFIED: mapping.MODE_THREE_STAGE,
    pb.MAPPING_MODE_THREE_STAGE: mapping.MODE_THREE_STAGE,
    pb.MAPPING_MODE_FULL_REPLACEMENT: mapping.MODE_FULL_REPLACEMENT,
}
_MODE_ENUM: Final = {
    mapping.MODE_REGION: pb.MAPPING_MODE_UNSPECIFIED,
    mapping.MODE_THREE_STAGE: pb.MAPPING_MODE_THREE_STAGE,
    mapping.MODE_FULL_REPLACEMENT: pb.MAPPING_MODE_FULL_REPLACEMENT,
}
_STATE_ENUM: Final = {
    mapping.RESOLVED: pb.RESOLVE_STATE_RESOLVED,
    mapping.NOT_LISTED: pb.RESOLVE_STATE_NOT_LISTED,
    mapping.NO_REGION_CODE: pb.RESOLVE_STATE_NO_REGION_CODE,
    mapping.NO_NATIONAL_CODE: pb.RESOLVE_STATE_NO_NATIONAL_CODE,
    mapping.UNKNOWN: pb.RESOLVE_STATE_UNKNOWN,
}
# Kind → its enum, and what to do about it in Chinese and English.
_CONFLICTS: Final = {
    mapping.NOT_LISTED: (
        pb.CONFLICT_KIND_NOT_LISTED,
        "对照的国家编码当日不在就医地目录内，费用将全部自费；请核对编码，或由就医地补充目录",
        "the catalogue does not list the code that day, all is self-paid: check, or have it listed",
    ),
    mapping.OTHER_LIST_TYPE: (
        pb.CONFLICT_KIND_OTHER_LIST_TYPE,
        "对照的编码属于另一目录类别；请改对照为同类编码，或更正目录类别",
        "the target is of another kind of list: map to one of the same kind, or correct the kind",
    ),
    mapping.PRICE_ABOVE_CEILING: (
        pb.CONFLICT_KIND_PRICE_ABOVE_CEILING,
        "单价超过限价，超出部分由个人负担或不予结算；请核对单价与计价单位",
        "the price is above the ceiling, the rest is self-paid or refused: check price and unit",
    ),
    mapping.SHARED_TARGET: (
        pb.CONFLICT_KIND_SHARED_TARGET,
        "多个不同名称的编码对照到同一编码；请核对是否确为同一项目",
        "several codes with other names map to this one: check that they are the same item",
    ),
}
_SOURCE_CODE: Final = re.compile(r"[0-9A-Za-z._/-]{0,50}")
_LABEL: Final = re.compile(r"[0-9A-Za-z._-]{1,40}")


def read_owner(message: Any) -> str:
    """Returns the owner's code: a province, or an institution."""
    return str(message.region_code or message.institution_code)


def read_batch(request: Any) -> MappingBatch:
    """Returns an import batch; an entry that cannot be read stands there as its error.

    Raises:
        InvalidArgument: FIELD_INVALID, a region's mapping with a mode.
    """
    mode = _MODE_OF[request.mode]
    if request.owner.HasField("region_code"):
        if request.mode != pb.MAPPING_MODE_UNSPECIFIED:
            raise field_invalid("mode", "a region's mapping has none")
        mode = mapping.MODE_REGION
    return MappingBatch(
        owner_code=read_owner(request.owner),
        version=request.version,
        mode=mode,
        entries=[_read_entry(message, index) for index, message in enumerate(request.entries)],
        publish=request.publish,
        dry_run=request.dry_run,
        officer_id=request.officer_id,
    )


def _read_entry(message: Any, index: int) -> MappingEntry | DomainError:
    path = f"entries[{index}]"
    violations = check_entry(message, path)
    if violations:
        return several(violations)
    try:
        return MappingEntry(
            source_code=message.source_code,
            source_name=message.source_name,
            target_code=message.target_code,
            list_type_code=message.list_type_code,
            begin_date=read_date(message.begin_date, f"{path}.begin_date"),
            end_date=read_optional_date(message.end_date, f"{path}.end_date"),
            specification=message.specification,
            unit_price=(
                _read_price(message.unit_price, f"{path}.unit_price")
                if message.HasField("unit_price")
                else None
            ),
            period_amount_fen=(
                read_fen(message.period_amount, f"{path}.period_amount")
                if message.HasField("period_amount")
                else None
            ),
        )
    except InvalidArgument as error:
        return error


def _read_price(message: Any, field: str) -> Any:
    price = read_decimal(message, field, whole=10, scale=6)
    if price < 0:
        raise field_invalid(field, "below zero")
    return price


def read_confirmed(message: Any, index: int) -> Confirmed | DomainError:
    """Returns a confirmed code, or what is wrong with it."""
    violations = check_entry(message, f"codes[{index}]")
    if violations:
        return several(violations)
    try:
        return Confirmed(
            source_code=message.source_code,
            target_code=message.target_code,
            begin_date=read_optional_date(message.begin_date, f"codes[{index}].begin_date"),
        )
    except InvalidArgument as error:
        return error


def read_unmapped_position(request: Any) -> tuple[str, tuple[int, str]]:
    """Returns the version of a page of unmapped items and the key after which it begins."""
    position = read_key(request, _parse_unmapped)
    return ("", (-mapping.PERIOD_AMOUNT_FEN_MAX, "")) if position is None else position


def _parse_unmapped(label: str, amount: str, source_code: str) -> tuple[str, tuple[int, str]]:
    fen = int(amount)
    if not 0 <= fen < mapping.PERIOD_AMOUNT_FEN_MAX:
        msg = "not an amount"
        raise ValueError(msg)
    return _matching(_LABEL, label), (-fen, _matching(_SOURCE_CODE, source_code))


def read_conflict_position(request: Any) -> tuple[str, tuple[str, int]]:
    """Returns the version of a page of conflicts and the key after which it begins."""
    position = read_key(request, _parse_conflict)
    return ("", ("", 0)) if position is None else position


def _parse_conflict(label: str, source_code: str, kind: str) -> tuple[str, tuple[str, int]]:
    number = int(kind)
    if not 0 <= number < len(mapping.CONFLICT_KINDS):
        msg = "not a kind of conflict"
        raise ValueError(msg)
    return _matching(_LABEL, label), (_matching(_SOURCE_CODE, source_code), number)


def _matching(pattern: re.Pattern[str], text: str) -> str:
    if pattern.fullmatch(text) is None:
        msg = "not of the expected form"
        raise ValueError(msg)
    return text


def write_imported(imported: MappingImported) -> Any:
    """Returns the answer to an import batch."""
    response = pb.ImportMappingResponse(accepted_count=imported.accepted_count)
    _add_refusals(response.refused_entries, imported.refusals)
    if imported.published is not None:
        response.published_version.CopyFrom(write_version(imported.published))
    return response


def write_confirmed(confirmed: MappingImported) -> Any:
    """Returns the answer to a confirmation."""
    response = pb.ConfirmCodesResponse()
    _add_refusals(response.refused_entries, confirmed.refusals)
    if confirmed.published is not None:
        response.version.CopyFrom(write_version(confirmed.published))
    return response


def _add_refusals(target: Any, refusals: Sequence[Refusal]) -> None:
    for refusal in refusals:
        target.add(index=refusal.index, error=to_status(refusal.error, SERVICE))


def write_version(version: MappingVersion) -> Any:
    """Returns the message of a version."""
    of_region = version.mode == mapping.MODE_REGION
    owner = (
        pb.MappingOwner(region_code=version.owner_code)
        if of_region
        else pb.MappingOwner(institution_code=version.owner_code)
    )
    return pb.MappingVersion(
        owner=owner,
        version=version.version,
        mode=_MODE_ENUM[version.mode],
        entry_count=version.entry_count,
        publication_sequence=version.publication_sequence,
        base_version=version.base_version,
    )


def write_entry(entry: MappingEntry) -> Any:
    """Returns the message of an entry."""
    return pb.MappingEntry(
        source_code=entry.source_code,
        source_name=entry.source_name,
        target_code=entry.target_code,
        list_type_code=entry.list_type_code,
        begin_date=write_date(entry.begin_date),
        end_date=write_optional_date(entry.end_date),
        specification=entry.specification,
        unit_price=None if entry.unit_price is None else write_decimal(entry.unit_price),
        period_amount=(
            None if entry.period_amount_fen is None else write_money(entry.period_amount_fen)
        ),
    )


def write_resolution(resolution: Resolution, label: str) -> Any:
    """Returns the message of what a code resolves to."""
    return pb.ResolvedCode(
        source_code=resolution.source_code,
        region_code_item=resolution.region_code_item,
        item_code=resolution.item_code,
        state=_STATE_ENUM[resolution.state],
        mapping_version=label,
    )


def write_coverage(coverages: Sequence[Coverage], label: str) -> Any:
    """Returns the message of coverage in all and by kind of list."""
    total = Coverage(
        list_type_code="",
        item_count=sum(each.item_count for each in coverages),
        resolved_count=sum(each.resolved_count for each in coverages),
        amount_fen=sum(each.amount_fen for each in coverages),
        resolved_amount_fen=sum(each.resolved_amount_fen for each in coverages),
    )
    return pb.GetCoverageResponse(
        total=_write_coverage(total),
        by_list_type=map(_write_coverage, coverages),
        mapping_version=label,
    )


def _write_coverage(coverage: Coverage) -> Any:
    return pb.Coverage(
        list_type_code=coverage.list_type_code,
        item_count=coverage.item_count,
        resolved_count=coverage.resolved_count,
        amount=write_money(coverage.amount_fen),
        resolved_amount=write_money(coverage.resolved_amount_fen),
    )


def write_unmapped(unmapped: Unmapped) -> Any:
    """Returns the message of an item that does not resolve."""
    return pb.UnmappedItem(entry=write_entry(unmapped.entry), state=_STATE_ENUM[unmapped.state])


def write_suggestion(suggestion: Suggestion) -> Any:
    """Returns the message of a suggestion."""
    return pb.CodeSuggestion(
        target_code=suggestion.candidate.code,
        name=suggestion.candidate.name,
        specification=suggestion.candidate.specification,
        score=suggestion.score,
    )


def write_conflict(conflict: Conflict) -> Any:
    """Returns the message of one thing wrong, with what to do."""
    kind, zh, en = _CONFLICTS[conflict.kind]
    return pb.MappingConflict(
        entry=write_entry(conflict.entry), kind=kind, explanation_zh=zh, explanation_en=en
    )
