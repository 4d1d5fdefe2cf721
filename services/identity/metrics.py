"""Every instrument of identity; telemetry.yaml lists them."""

from __future__ import annotations

from typing import Final

import prometheus_client

VERIFICATIONS: Final = prometheus_client.Counter(
    "yijie_identity_verifications",
    "Credentials shown, by kind (mdtrt_cert_type) and outcome: PROVEN or the reason of refusal.",
    ["credential_type_code", "outcome"],
)
REGISTERED: Final = prometheus_client.Counter(
    "yijie_identity_registered",
    "Entries of upserts and rows of bulk loads, by what they register (row_checked: a dry run) and "
    "outcome: ACCEPTED or the reason of refusal.",
    ["resource", "outcome"],
)
LOAD_BATCH_DURATION: Final = prometheus_client.Histogram(
    "yijie_identity_load_batch_duration_seconds",
    "Time from a batch of a bulk load to its answer.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
CARD_CHANGES: Final = prometheus_client.Counter(
    "yijie_identity_card_changes",
    "Changes of cards asked for, by change and outcome: DONE or the reason of refusal.",
    ["change", "outcome"],
)
SIGNALS: Final = prometheus_client.Counter(
    "yijie_identity_signals", "Signals raised for supervision, by kind.", ["kind"]
)
SIGNAL_LAG: Final = prometheus_client.Gauge(
    "yijie_identity_signal_lag_seconds",
    "Age of the oldest access that was seen and not looked at for signals; 0: none was left.",
)
SIGNAL_FAILURES: Final = prometheus_client.Counter(
    "yijie_identity_signal_failures", "Passes over the access log that broke off."
)
