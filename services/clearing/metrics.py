"""Every instrument of clearing; telemetry.yaml lists them."""

from __future__ import annotations

from typing import Final

import prometheus_client

BOOKINGS: Final = prometheus_client.Counter(
    "yijie_clearing_bookings", "Events of the settlement feed that were booked.", ["kind"]
)
TRANSFERS: Final = prometheus_client.Counter(
    "yijie_clearing_transfers", "Transfers written to the ledger.", ["fund_type_code"]
)
OPEN_DIFFERENCES: Final = prometheus_client.Gauge(
    "yijie_clearing_open_differences",
    "Differences of reconciliation that nobody has resolved.",
    ["insured_region_code"],
)
RECONCILED: Final = prometheus_client.Counter(
    "yijie_clearing_reconciled",
    "Settlements of other parties that were compared with the hub's.",
    ["party"],
)
RECONCILED_UNTIL: Final = prometheus_client.Gauge(
    "yijie_clearing_reconciled_until_seconds",
    "End of the latest day that was compared with an insured province, Unix time.",
    ["insured_region_code"],
)
