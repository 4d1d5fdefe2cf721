"""All rules of mining by their codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import ibis.expr.types as ir

from services.mining import peer_rules, people_rules
from services.mining.tables import Tables
from services.mining.thresholds import Thresholds

RULES: Final[Mapping[str, Callable[[Tables, Thresholds], ir.Table]]] = MappingProxyType(
    {
        "OVERLAPPING_STAY": people_rules.overlapping_stays,
        "SPLIT_STAY": people_rules.split_stays,
        "DUPLICATE_INVOICE": people_rules.duplicate_invoices,
        "VISIT_FREQUENCY": people_rules.visit_frequency,
        "SHARED_PHONE": people_rules.shared_phones,
        "CLUSTERED_VISITS": people_rules.crowds,
        "PRICE_OUTLIER": peer_rules.price_outliers,
        "COST_OUTLIER": peer_rules.cost_outliers,
        "FREQUENCY_OUTLIER": peer_rules.frequency_outliers,
    }
)
"""Each computes its answer in one expression; the columns are `tables.COLUMNS`."""
