"""Every instrument of filing; telemetry.yaml lists them."""

from __future__ import annotations

from typing import Final

import prometheus_client

MATCHES: Final = prometheus_client.Counter(
    "yijie_filing_matches", "Matches answered, by benefit level.", ["benefit_level"]
)
