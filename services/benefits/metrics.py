"""Every instrument of benefits; telemetry.yaml lists them."""

from __future__ import annotations

from typing import Final

import prometheus_client

# An outpatient bill takes some 60 microseconds; the budget is 300.
ADJUDICATE_DURATION: Final = prometheus_client.Histogram(
    "yijie_benefits_adjudicate_duration_seconds",
    "Time in the policy engine for one bill, without database and messages.",
    buckets=(0.00005, 0.0001, 0.0002, 0.0003, 0.0005, 0.001, 0.0025, 0.005, 0.01),
)
ADJUDICATIONS: Final = prometheus_client.Counter(
    "yijie_benefits_adjudications",
    "Bills adjudicated, by purpose (quote, commit, estimate) and insured province.",
    ["purpose", "insured_region"],
)
CANCELLATIONS: Final = prometheus_client.Counter(
    "yijie_benefits_cancellations",
    "Settlements cancelled, by what was done (restored, tombstone).",
    ["effect"],
)
RACES: Final = prometheus_client.Counter(
    "yijie_benefits_races",
    "Transactions repeated because another one wrote the same settlement first.",
)
POLICY_INFO: Final = prometheus_client.Gauge(
    "yijie_benefits_policy_info",
    "Always 1; the labels tell which policy version serves which insured region.",
    ["region", "version"],
)
