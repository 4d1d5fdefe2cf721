"""Between the contract of a downloaded snapshot and the columns that it becomes."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from services.classification.building import Part, part_of
from services.classification.columns import MICRO, Terms
from services.classification.item_wire import (
    read_price_ceilings,
    read_prior_self_pays,
    read_restriction,
    read_use_limits,
    write_price_ceilings,
    write_prior_self_pays,
    write_restriction,
    write_use_limits,
)
from services.classification.model import OVER_CEILING_SELF_PAY, PriceCeiling
from services.classification.wire import (
    CLASS_ENUM,
    CLASS_OF,
    OVER_CEILING_ENUM,
    OVER_CEILING_OF,
)
from services.classification.zones import Zone
from services.kit.wire import invalid, read_date, read_optional_date
from yijie.catalogue.v1 import catalogue_pb2, catalogue_service_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.classification.columns import Levels
    from services.classification.model import CatalogueItem

CHUNK_ENTRIES: Final = 20_000
"""Most entries of one chunk."""
CHUNK_BYTES_MAX: Final = 3 * 1024 * 1024
"""Most bytes of one: what leaves room below the 4 MiB that a client receives."""
_SHARE: Final = 10_000
_MICRO: Final = Decimal(MICRO)


def write_chunks(
    items: Sequence[CatalogueItem], first_index: int
) -> list[catalogue_service_pb2.DownloadSnapshotResponse]:
    """Returns the chunks of entries that follow each other, without their version.

    Args:
        items: in the order of their codes and first days; at least one.
        first_index: how many entries of the version come before them.
    """
    part = part_of(items)
    message = catalogue_service_pb2.DownloadSnapshotResponse(
        first_index=first_index,
        item_codes=part.codes,
        begin_days=part.begin_days,
        end_days=part.end_days,
        term_indexes=part.term_indexes,
        ceilings_micro_yuan=part.ceilings,
        terms=[_write_terms(terms, levels) for terms, levels in part.terms(0, part.term_count)],
    )
    fits = message.ByteSize() <= CHUNK_BYTES_MAX
    if len(items) == 1 or (fits and len(items) <= CHUNK_ENTRIES):
        return [message]
    half = len(items) // 2
    return write_chunks(items[:half], first_index) + write_chunks(items[half:], first_index + half)


def read_part(message: catalogue_service_pb2.DownloadSnapshotResponse) -> Part:
    """Returns the entries of a chunk; its terms are read when the builder asks for them."""

    def terms(start: int, stop: int) -> list[tuple[Terms, Levels]]:
        return [_read_terms(found) for found in message.terms[start:stop]]

    return Part(
        codes=message.item_codes,
        begin_days=message.begin_days,
        end_days=message.end_days,
        term_indexes=message.term_indexes,
        ceilings=message.ceilings_micro_yuan,
        term_count=len(message.terms),
        terms=terms,
    )


def read_zone(message: catalogue_service_pb2.RecognitionZone) -> Zone:
    """Returns a zone as far as it decides on lines."""
    return Zone(
        province_codes=frozenset(message.province_codes),
        list_type_codes=frozenset(message.list_type_codes),
        begin_date=read_date(message.begin_date, "zones.begin_date"),
        end_date=read_optional_date(message.end_date, "zones.end_date"),
    )


def _write_terms(terms: Terms, levels: Levels) -> catalogue_service_pb2.CatalogueTerms:
    restriction = terms.restriction
    return catalogue_service_pb2.CatalogueTerms(
        list_type_code=terms.list_type_code,
        charge_category_code=terms.charge_category_code,
        catalogue_class=CLASS_ENUM[terms.catalogue_class],
        prior_self_pay_ten_thousandths=int(terms.prior_self_pay_ratio * _SHARE),
        over_ceiling=OVER_CEILING_ENUM[terms.over_ceiling],
        sample=terms.sample,
        prior_self_pays=write_prior_self_pays(terms.prior_self_pays),
        price_ceilings=write_price_ceilings(
            PriceCeiling(price_level_code=f"{level:02d}", price_ceiling=Decimal(micro) / _MICRO)
            for level, micro in levels
        ),
        restriction=None if restriction is None else write_restriction(restriction),
        use_limits=write_use_limits(terms.use_limits),
    )


def _read_terms(message: catalogue_service_pb2.CatalogueTerms) -> tuple[Terms, Levels]:
    catalogue_class = CLASS_OF.get(message.catalogue_class)
    if catalogue_class is None:
        raise invalid("terms.catalogue_class", "a class is required")
    named = OVER_CEILING_OF.get(message.over_ceiling)
    if named is None and message.over_ceiling != catalogue_pb2.OVER_CEILING_UNSPECIFIED:
        # Read as another way, a line that is to be refused would be paid.
        raise invalid("terms.over_ceiling", "not known")
    terms = Terms(
        list_type_code=message.list_type_code,
        charge_category_code=message.charge_category_code,
        catalogue_class=catalogue_class,
        prior_self_pay_ratio=Decimal(message.prior_self_pay_ten_thousandths) / _SHARE,
        over_ceiling=named or OVER_CEILING_SELF_PAY,
        sample=message.sample,
        prior_self_pays=read_prior_self_pays(message.prior_self_pays, "terms.prior_self_pays"),
        restriction=(
            read_restriction(message.restriction, "terms.restriction")
            if message.HasField("restriction")
            else None
        ),
        use_limits=read_use_limits(message.use_limits, "terms.use_limits"),
    )
    ceilings = read_price_ceilings(message.price_ceilings, "terms.price_ceilings")
    return terms, tuple(
        (int(ceiling.price_level_code), int(ceiling.price_ceiling * MICRO)) for ceiling in ceilings
    )
