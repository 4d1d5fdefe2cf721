"""Every instrument of settlement; telemetry.yaml lists them."""

from __future__ import annotations

import prometheus_client

SETTLEMENTS = prometheus_client.Counter(
    "yijie_settlement_outcomes",
    "Settlements by outcome, first answers only.",
    ["state", "insured_region"],
)
OPEN_INTENTS = prometheus_client.Gauge(
    "yijie_settlement_open_intents", "Intents whose outcome is not written yet."
)
OLDEST_INTENT = prometheus_client.Gauge(
    "yijie_settlement_oldest_intent_seconds", "Age of the oldest open intent; 0: there is none."
)
RECOVERED = prometheus_client.Counter(
    "yijie_settlement_recovered", "Intents finished by the recovery loop.", ["kind"]
)
SCREENING_DEFERRED = prometheus_client.Counter(
    "yijie_settlement_screening_deferred", "Bills settled before supervision could answer."
)
FEED_EVENTS = prometheus_client.Counter(
    "yijie_settlement_feed_events", "Events sent to subscribers."
)
SNAPSHOT_ITEMS = prometheus_client.Gauge(
    "yijie_settlement_snapshot_items", "Entries of the catalogue in use.", ["care_region"]
)
