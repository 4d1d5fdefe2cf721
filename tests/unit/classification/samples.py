"""Items and lines of the tests of classification."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from services.classification.model import CatalogueItem, FeeLine, LineSplit
from services.classification.snapshot import Snapshot
from services.kit import codes
from services.kit.money import to_fen

BED = "001102000050000"
DRUG = "XB01AXA223B001010100269"
DAY = date(2026, 3, 16)


def item(item_code: str = BED, catalogue_class: str = "A", **changes: Any) -> CatalogueItem:
    values: dict[str, Any] = {
        "item_code": item_code,
        "name": "示例",
        "list_type_code": codes.list_type_of(item_code),
        "charge_category_code": "01",
        "catalogue_class": catalogue_class,
        "prior_self_pay_ratio": Decimal(0),
        "price_ceiling": None,
        "over_ceiling": "self_pay",
        "begin_date": date(2017, 1, 1),
        "end_date": None,
        "sample": True,
    }
    return CatalogueItem(**(values | changes))


def line(price: str = "10", quantity: str = "1", item_code: str = BED, **changes: Any) -> FeeLine:
    values: dict[str, Any] = {
        "line_id": "1",
        "item_code": item_code,
        "fee_date": DAY,
        "unit_price": Decimal(price),
        "quantity": Decimal(quantity),
        "amount_fen": to_fen(Decimal(price) * Decimal(quantity)),
    }
    return FeeLine(**(values | changes))


def snapshot(*items: CatalogueItem, region: str = "640000", version: str = "v1") -> Snapshot:
    return Snapshot(region_code=region, version=version, items=items)


def parts(split: LineSplit) -> tuple[int, int, int, int]:
    """Full self-pay, over-limit, prior self-pay, in scope."""
    return (
        split.full_self_pay_fen,
        split.over_limit_fen,
        split.prior_self_pay_fen,
        split.in_scope_fen,
    )
