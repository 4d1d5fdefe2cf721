"""Every instrument of filing; telemetry.yaml lists them."""

from __future__ import annotations

from typing import Final

import prometheus_client

MATCHES: Final = prometheus_client.Counter(
    "yijie_filing_matches", "Matches answered, by benefit level.", ["benefit_level"]
)
REFUSALS: Final = prometheus_client.Counter(
    "yijie_filing_refusals",
    "Attempts to file that were refused at submission, by channel and reason.",
    ["channel", "reason"],
)
ACKNOWLEDGEMENTS: Final = prometheus_client.Counter(
    "yijie_filing_acknowledgements",
    "What care provinces said of events given to them: taken_in or refused.",
    ["outcome"],
)
WARNINGS: Final = prometheus_client.Gauge(
    "yijie_filing_warnings", "Stays without a usable filing that are not settled.", ["state"]
)
