"""Every instrument of supervision; telemetry.yaml lists them."""

from __future__ import annotations

from typing import Final

import prometheus_client

# A bill of the round trip takes some ten microseconds, an inpatient bill of 3000 lines some
# milliseconds; the budget is one millisecond for twenty lines.
SCREEN_DURATION: Final = prometheus_client.Histogram(
    "yijie_supervision_screen_duration_seconds",
    "Time in the rules for one bill, without reading the request.",
    buckets=(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1),
)
RECORDED_BILLS: Final = prometheus_client.Counter(
    "yijie_supervision_recorded_bills",
    "Settled bills recorded from the feed, by when they were screened.",
    ["moment"],
)
RECORDED_FINDINGS: Final = prometheus_client.Counter(
    "yijie_supervision_recorded_findings",
    "Findings recorded from the feed.",
    ["rule_code", "result_class"],
)
RECORDED_REVERSALS: Final = prometheus_client.Counter(
    "yijie_supervision_recorded_reversals", "Reversals recorded from the feed."
)
RECORDED_SIGNALS: Final = prometheus_client.Counter(
    "yijie_supervision_recorded_signals",
    "Signals recorded from identity's feed, by kind.",
    ["kind"],
)
RULESET_INFO: Final = prometheus_client.Gauge(
    "yijie_supervision_ruleset_info",
    "Always 1; the label tells which rule set is in force.",
    ["version"],
)
