"""Between the contract of the catalogue service and what it works with."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from services.catalogue import references
from services.catalogue.domain.admit import several
from services.catalogue.domain.compare import CONFLICT, ONLY_HERE, ONLY_THERE
from services.catalogue.domain.model import START
from services.catalogue.imports import Batch
from services.classification.wire import read_item, write_item
from services.kit.errors import InvalidArgument
from services.kit.interceptors.validation import check_entry
from services.kit.paging import read_key
from services.kit.status import to_status
from services.kit.wire import read_optional_date, write_optional_date, write_time
from yijie.catalogue.v1 import catalogue_pb2, catalogue_service_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.catalogue.domain.admit import Refusal
    from services.catalogue.domain.compare import Difference, Summary
    from services.catalogue.domain.model import Version
    from services.catalogue.domain.zones import Zone
    from services.catalogue.imports import Imported
    from services.classification.model import CatalogueItem
    from services.kit.errors import DomainError

SERVICE: Final = "catalogue"
PAGE_BYTES_MAX: Final = 3 * 1024 * 1024
"""Of a page's entries: what leaves room below the 4 MiB that a client receives."""
_LABEL: Final = re.compile(r"[0-9A-Za-z._-]{1,40}")
_ITEM_CODE: Final = re.compile(r"[0-9A-Z-]{0,50}")
_KIND_ENUM: Final = {
    ONLY_HERE: catalogue_service_pb2.DIFFERENCE_KIND_ONLY_HERE,
    ONLY_THERE: catalogue_service_pb2.DIFFERENCE_KIND_ONLY_THERE,
    CONFLICT: catalogue_service_pb2.DIFFERENCE_KIND_CONFLICT,
}
REFERENCE_KIND_OF: Final = {
    catalogue_service_pb2.REFERENCE_KIND_DRUG: references.DRUG,
    catalogue_service_pb2.REFERENCE_KIND_SERVICE_ITEM: references.SERVICE_ITEM,
    catalogue_service_pb2.REFERENCE_KIND_CONSUMABLE_CLASS: references.CONSUMABLE_CLASS,
    catalogue_service_pb2.REFERENCE_KIND_DIAGNOSIS: references.DIAGNOSIS,
    catalogue_service_pb2.REFERENCE_KIND_CHRONIC_DISEASE: references.CHRONIC_DISEASE,
    catalogue_service_pb2.REFERENCE_KIND_OPERATION: references.OPERATION,
}


def read_batch(request: Any) -> Batch:
    """Returns an import batch; an entry that cannot be read stands there as its error.

    Raises:
        InvalidArgument: FIELD_INVALID, an effective date that is none.
    """
    return Batch(
        region_code=request.region_code,
        version=request.version,
        base_version=request.base_version,
        effective_date=read_optional_date(request.effective_date, "effective_date"),
        items=[_read_entry(message, index) for index, message in enumerate(request.items)],
        withdrawn_item_codes=request.withdrawn_item_codes,
        publish=request.publish,
        dry_run=request.dry_run,
    )


def _read_entry(message: Any, index: int) -> CatalogueItem | DomainError:
    path = f"items[{index}]"
    # The contract ignores the entries, so that one does not refuse the batch; here is their turn.
    violations = check_entry(message, path)
    if violations:
        return several(violations)
    try:
        return read_item(message, path)
    except InvalidArgument as error:
        return error


def write_imported(imported: Imported) -> Any:
    """Returns the answer to an import batch."""
    response = catalogue_service_pb2.ImportCatalogueResponse(accepted_count=imported.accepted_count)
    _add_refusals(response.refused_items, imported.refusals)
    _add_refusals(response.refused_withdrawals, imported.refused_withdrawals)
    if imported.published is not None:
        response.published_version.CopyFrom(write_version(imported.published))
    return response


def _add_refusals(target: Any, refusals: Sequence[Refusal]) -> None:
    for refusal in refusals:
        target.add(index=refusal.index, error=to_status(refusal.error, SERVICE))


def write_version(version: Version) -> Any:
    """Returns the message of a version."""
    return catalogue_pb2.CatalogueVersion(
        region_code=version.region_code,
        version=version.version,
        item_count=version.item_count,
        publication_sequence=version.publication_sequence,
        base_version=version.base_version,
        effective_date=write_optional_date(version.effective_date),
        publish_time=None if version.publish_time is None else write_time(version.publish_time),
    )


def read_position(request: Any) -> tuple[str, tuple[str, date]]:
    """Returns the version to read and the key after which a page of a snapshot begins."""
    position = read_key(request, _parse_position)
    return (request.version, START) if position is None else position


def _parse_position(label: str, item_code: str, begin_date: str) -> tuple[str, tuple[str, date]]:
    return _label(label), (_item_code(item_code), date.fromisoformat(begin_date))


def read_compared(request: Any) -> tuple[str, str, str]:
    """Returns the two versions to compare and the item code after which the page begins."""
    position = read_key(request, _parse_compared)
    return (request.version, request.other_version, "") if position is None else position


def _parse_compared(label: str, other_label: str, item_code: str) -> tuple[str, str, str]:
    return _label(label), _label(other_label), _item_code(item_code)


def _label(text: str) -> str:
    if _LABEL.fullmatch(text) is None:
        msg = "not a version's label"
        raise ValueError(msg)
    return text


def _item_code(text: str) -> str:
    if _ITEM_CODE.fullmatch(text) is None:
        msg = "not an item code"
        raise ValueError(msg)
    return text


def fitting(messages: Iterable[Any]) -> list[Any]:
    """Returns the first of some messages, as many as fit a page; one at least, if there is one."""
    page: list[Any] = []
    left = PAGE_BYTES_MAX
    for message in messages:
        left -= message.ByteSize()
        if left < 0 and page:
            break
        page.append(message)
    return page


def write_difference(difference: Difference) -> Any:
    """Returns the message of an item that differs."""
    return catalogue_service_pb2.ItemDifference(
        item_code=difference.item_code,
        kind=_KIND_ENUM[difference.kind],
        changed_fields=difference.changed_fields,
        items=map(write_item, difference.items),
        other_items=map(write_item, difference.other_items),
        zone_id=difference.zone_id,
    )


def write_summary(summary: Summary | None) -> Any:
    """Returns the message of the counts, or None where there are none."""
    if summary is None:
        return None
    return catalogue_service_pb2.DifferenceSummary(
        only_here_count=summary.only_here_count,
        only_there_count=summary.only_there_count,
        conflict_count=summary.conflict_count,
        same_count=summary.same_count,
    )


def write_zone(zone: Zone) -> Any:
    """Returns the message of a zone."""
    return catalogue_service_pb2.RecognitionZone(
        zone_id=zone.zone_id,
        name_zh=zone.name_zh,
        province_codes=zone.province_codes,
        list_type_codes=zone.list_type_codes,
        begin_date=write_optional_date(zone.begin_date),
        end_date=write_optional_date(zone.end_date),
        applied=zone.applied,
        sample=zone.sample,
        basis=zone.basis,
    )
