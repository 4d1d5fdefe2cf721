"""Every instrument of settlement; telemetry.yaml lists them."""

from __future__ import annotations

import prometheus_client

SETTLEMENTS = prometheus_client.Counter(
    "yijie_settlement_outcomes",
    "Settlements by outcome, first answers only.",
    ["state", "insured_region"],
)
ROUND_TRIP_DURATION = prometheus_client.Histogram(
    "yijie_settlement_round_trip_duration_seconds",
    "Time to the decision about a bill, settled or refused, or until the caller gave up.",
    ["care_region", "insured_region"],
    # Few: there is one histogram for each pair of provinces that meets.
    buckets=(0.1, 0.25, 0.5, 1.0, 2.5),
)
ROUND_TRIPS = prometheus_client.Counter(
    "yijie_settlement_round_trips",
    "Bills sent to be settled, by what they came to: settled, refused, failed. No repeats.",
    ["care_region", "insured_region", "outcome"],
)
ROUND_TRIP_FAILURES = prometheus_client.Counter(
    "yijie_settlement_round_trip_failures",
    "Bills that came to no decision, by the party at fault.",
    ["care_region", "insured_region", "party"],
)
SLOW_ROUND_TRIPS = prometheus_client.Counter(
    "yijie_settlement_slow_round_trips",
    "Bills that took longer than their second, by the party that took the time.",
    ["care_region", "insured_region", "party"],
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
BLOCKING_RULES = prometheus_client.Gauge(
    "yijie_settlement_blocking_rules",
    "Rules that block, by what becomes of a bill that they could not be asked about.",
    ["when_unscreened"],
)
BLOCKED = prometheus_client.Counter(
    "yijie_settlement_blocked",
    "Bills and quotes that a rule kept from settling: found, or unscreened.",
    ["rule", "cause"],
)
REFUSALS = prometheus_client.Counter(
    "yijie_settlement_refusals", "Settle and SettleVisit answered with an error.", ["reason"]
)
REFUSALS_LOST = prometheus_client.Counter(
    "yijie_settlement_refusals_lost", "Refusals that were not written."
)
FEED_EVENTS = prometheus_client.Counter(
    "yijie_settlement_feed_events", "Events sent to subscribers."
)
FEED_LAG = prometheus_client.Gauge(
    "yijie_settlement_feed_lag_seconds",
    "Age of the oldest event that an open subscription is waiting for, by its region or all.",
    ["region"],
)
SNAPSHOT_ITEMS = prometheus_client.Gauge(
    "yijie_settlement_snapshot_items", "Entries of the catalogue in use.", ["care_region"]
)
REGION_BREAKER = prometheus_client.Gauge(
    "yijie_settlement_region_breaker",
    "Circuit breaker of an insured province: 0 closed, 1 half open, 2 open.",
    ["insured_region"],
)
REGION_IN_FLIGHT = prometheus_client.Gauge(
    "yijie_settlement_region_in_flight",
    "Places taken for calls to an insured province.",
    ["insured_region", "lane"],
)
REGION_REFUSED = prometheus_client.Counter(
    "yijie_settlement_region_refused",
    "Calls that an insured province was spared: full, open or probing.",
    ["insured_region", "cause"],
)
REGION_CALLS = prometheus_client.Histogram(
    "yijie_settlement_region_call_duration_seconds",
    "Calls to an insured province.",
    ["insured_region", "outcome"],
)
QUARANTINED = prometheus_client.Counter(
    "yijie_settlement_quarantined",
    "Answers of an insured province that were refused, to a quote or to a settlement.",
    ["insured_region", "to"],
)
RECOMPUTATIONS = prometheus_client.Counter(
    "yijie_settlement_recomputations",
    "Settlements to compute anew: unchanged, begun, or refused by the insured region after that.",
    ["outcome", "insured_region"],
)
RESTORATION_REFUSED = prometheus_client.Counter(
    "yijie_settlement_restoration_refused",
    "Refusals of an insured province to book anew, at the same level, what it had booked.",
    ["insured_region"],
)
LIMITS = prometheus_client.Gauge(
    "yijie_settlement_limits",
    "Pairs of provinces whose prepayment is used up, by what becomes of their bills.",
    ["action"],
)
LIMITS_AGE = prometheus_client.Gauge(
    "yijie_settlement_limits_age_seconds",
    "Time since clearing last said whose prepayment is used up; 0: it never did.",
)
EXHAUSTED = prometheus_client.Counter(
    "yijie_settlement_exhausted",
    "Bills and quotes of pairs whose prepayment is used up: refused, warned, emergency, old.",
    ["insured_region", "outcome"],
)
REIMBURSEMENTS = prometheus_client.Counter(
    "yijie_settlement_reimbursements",
    "Manual reimbursements by the state that they came to.",
    ["state", "insured_region"],
)
REIMBURSEMENT_WORK = prometheus_client.Gauge(
    "yijie_settlement_reimbursement_work",
    "Manual reimbursements that an insured region has still to book or to take back.",
)
