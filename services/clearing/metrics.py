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
