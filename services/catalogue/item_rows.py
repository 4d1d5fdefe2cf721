"""Between a catalogue item and its row: what has parts of its own is JSON, decimals are text in it.

Equal terms are equal text: decimals are written without trailing zeros, unstated parts not at all,
and what has no order of its own is sorted.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import orjson

from services.classification.model import (
    AgeBound,
    CatalogueItem,
    PaymentRestriction,
    PriceCeiling,
    PriorSelfPay,
    UseLimit,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

ITEM_COLUMNS: Final = (
    "item_code",
    "begin_date",
    "end_date",
    "name",
    "list_type_code",
    "charge_category_code",
    "catalogue_class",
    "prior_self_pay_ratio",
    "price_ceiling",
    "over_ceiling",
    "sample",
    "prior_self_pays",
    "price_ceilings",
    "restriction",
    "use_limits",
    "specification",
    "unit",
)
"""Columns of an item's row, in the order of `row_of`."""
_EMPTY: Final = "[]"
_RESTRICTION_LISTS: Final = (
    "price_level_codes",
    "department_codes",
    "diagnosis_prefixes",
    "scheme_codes",
)
# A catalogue has few distinct conditions and tables, and many items that share them.
_CACHE_SIZE: Final = 4096


def row_of(item: CatalogueItem) -> tuple[object, ...]:
    """Returns the row of an item, in the order of ITEM_COLUMNS."""
    restriction = item.restriction
    return (
        item.item_code,
        item.begin_date,
        item.end_date,
        item.name,
        item.list_type_code,
        item.charge_category_code,
        item.catalogue_class,
        item.prior_self_pay_ratio,
        item.price_ceiling,
        item.over_ceiling,
        item.sample,
        _dumps(
            {"person_type_code": share.person_type_code, "ratio": plain(share.ratio)}
            for share in sorted(item.prior_self_pays, key=attrgetter("person_type_code"))
        ),
        _dumps(
            {
                "price_level_code": ceiling.price_level_code,
                "price_ceiling": plain(ceiling.price_ceiling),
            }
            for ceiling in sorted(item.price_ceilings, key=attrgetter("price_level_code"))
        ),
        None if restriction is None else _restriction_text(restriction),
        _dumps(
            {"quantity": plain(limit.quantity), "period": limit.period}
            for limit in sorted(item.use_limits, key=attrgetter("period"))
        ),
        item.specification,
        item.unit,
    )


def item_of(row: Any) -> CatalogueItem:
    """Returns the item of a row that has the columns of ITEM_COLUMNS."""
    # The few distinct codes are kept once, not once per item: a snapshot holds many thousands.
    restriction = row["restriction"]
    return CatalogueItem(
        item_code=row["item_code"],
        name=row["name"],
        list_type_code=sys.intern(row["list_type_code"]),
        charge_category_code=sys.intern(row["charge_category_code"]),
        catalogue_class=sys.intern(row["catalogue_class"]),
        prior_self_pay_ratio=row["prior_self_pay_ratio"],
        price_ceiling=row["price_ceiling"],
        over_ceiling=sys.intern(row["over_ceiling"]),
        begin_date=row["begin_date"],
        end_date=row["end_date"],
        sample=row["sample"],
        prior_self_pays=_prior_self_pays(row["prior_self_pays"]),
        price_ceilings=_price_ceilings(row["price_ceilings"]),
        restriction=None if restriction is None else _restriction(restriction),
        use_limits=_use_limits(row["use_limits"]),
        specification=row["specification"],
        unit=row["unit"],
    )


def plain(value: Decimal) -> str:
    """Returns a decimal in plain notation without trailing zeros: equal values, equal text."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _dumps(entries: Iterable[dict[str, str]]) -> str:
    found = list(entries)
    return orjson.dumps(found).decode() if found else _EMPTY


@lru_cache(maxsize=_CACHE_SIZE)
def _restriction_text(restriction: PaymentRestriction) -> str:
    stated: dict[str, object] = {
        name: value
        for name in ("sex", "setting", "requires_approval", "text")
        if (value := getattr(restriction, name))
    }
    for name in _RESTRICTION_LISTS:
        codes: tuple[str, ...] = getattr(restriction, name)
        if codes:
            stated[name] = sorted(codes)
    for name in ("min_age", "max_age"):
        bound: AgeBound | None = getattr(restriction, name)
        if bound is not None:
            stated[name] = {"number": bound.number, "unit": bound.unit}
    return orjson.dumps(stated).decode()


@lru_cache(maxsize=_CACHE_SIZE)
def _restriction(text: str) -> PaymentRestriction:
    stated = orjson.loads(text)
    return PaymentRestriction(
        sex=stated.get("sex", ""),
        min_age=_age(stated.get("min_age")),
        max_age=_age(stated.get("max_age")),
        setting=stated.get("setting", ""),
        requires_approval=stated.get("requires_approval", False),
        text=stated.get("text", ""),
        **{name: tuple(stated.get(name, ())) for name in _RESTRICTION_LISTS},
    )


def _age(stated: dict[str, Any] | None) -> AgeBound | None:
    return None if stated is None else AgeBound(stated["number"], stated["unit"])


@lru_cache(maxsize=_CACHE_SIZE)
def _prior_self_pays(text: str) -> tuple[PriorSelfPay, ...]:
    return tuple(
        PriorSelfPay(person_type_code=entry["person_type_code"], ratio=Decimal(entry["ratio"]))
        for entry in orjson.loads(text)
    )


@lru_cache(maxsize=_CACHE_SIZE)
def _price_ceilings(text: str) -> tuple[PriceCeiling, ...]:
    return tuple(
        PriceCeiling(
            price_level_code=entry["price_level_code"],
            price_ceiling=Decimal(entry["price_ceiling"]),
        )
        for entry in orjson.loads(text)
    )


@lru_cache(maxsize=_CACHE_SIZE)
def _use_limits(text: str) -> tuple[UseLimit, ...]:
    return tuple(
        UseLimit(quantity=Decimal(entry["quantity"]), period=entry["period"])
        for entry in orjson.loads(text)
    )
