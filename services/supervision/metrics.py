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
REMINDER_DURATION: Final = prometheus_client.Histogram(
    "yijie_supervision_reminder_duration_seconds",
    "Time in the rules for one draft order, without reading request and record.",
    buckets=(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1),
)
HISTORIES_MISSED: Final = prometheus_client.Counter(
    "yijie_supervision_histories_missed",
    "Bills and drafts judged without the person's record, which could not be read in time.",
)
AUDIT_DURATION: Final = prometheus_client.Histogram(
    "yijie_supervision_audit_duration_seconds",
    "Time in the rules for one event of the feeds, the person's history included.",
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25),
)
AUDITED_BILLS: Final = prometheus_client.Counter(
    "yijie_supervision_audited_bills",
    "Settled and reimbursed bills that were audited, by channel.",
    ["channel"],
)
RECORDED_FINDINGS: Final = prometheus_client.Counter(
    "yijie_supervision_recorded_findings",
    "Findings recorded, by rule, class and when they were made.",
    ["rule_code", "result_class", "moment"],
)
WITHDRAWN_FINDINGS: Final = prometheus_client.Counter(
    "yijie_supervision_withdrawn_findings",
    "Findings that were withdrawn, by reason.",
    ["reason"],
)
RECORDED_REVERSALS: Final = prometheus_client.Counter(
    "yijie_supervision_recorded_reversals", "Reversals recorded from the feeds."
)
RECORDED_SIGNALS: Final = prometheus_client.Counter(
    "yijie_supervision_recorded_signals",
    "Signals recorded from identity's feed, by kind.",
    ["kind"],
)
UPLOADED_ROWS: Final = prometheus_client.Counter(
    "yijie_supervision_uploaded_rows",
    "Rows of self-paid cases and local costs that were uploaded, by what became of them.",
    ["kind", "outcome"],
)
BULLETINS: Final = prometheus_client.Counter(
    "yijie_supervision_bulletins", "Bulletins that were made and frozen."
)
RULESET_INFO: Final = prometheus_client.Gauge(
    "yijie_supervision_ruleset_info",
    "Always 1; the label tells which rule set is in force.",
    ["version"],
)
RULE_PACKS_REFUSED: Final = prometheus_client.Gauge(
    "yijie_supervision_rule_packs_refused",
    "Publications that this process does not take up, or would not after a restart.",
)
REFUSALS: Final = prometheus_client.Counter(
    "yijie_supervision_refusals",
    "Refused settlements recorded from the feed, by reason and whose the cause is.",
    ["reason", "party"],
)
TICKETS_OPENED: Final = prometheus_client.Counter(
    "yijie_supervision_tickets_opened", "Tickets that refusals opened.", ["kind"]
)
OVERDUE_TICKETS: Final = prometheus_client.Gauge(
    "yijie_supervision_overdue_tickets",
    "Open tickets whose time is over, by the province that answers (or hub) and level.",
    ["region", "level"],
)
OPENED_CASES: Final = prometheus_client.Counter(
    "yijie_supervision_opened_cases", "Cases opened from findings."
)
OPEN_CASES: Final = prometheus_client.Gauge(
    "yijie_supervision_open_cases",
    "Cases that wait for somebody, by where they stand.",
    ["state"],
)
DECIDED_CASES: Final = prometheus_client.Counter(
    "yijie_supervision_decided_cases",
    "Reviews of cases, by the review and where it led.",
    ["step", "state"],
)
DEDUCTED_FEN: Final = prometheus_client.Counter(
    "yijie_supervision_deducted_fen", "Amount of deductions that clearing recorded, fen."
)
CHAIN_LAG: Final = prometheus_client.Gauge(
    "yijie_audit_chain_lag_seconds",
    "Age of what is not in the audit chain yet, by source; grows while it cannot be read.",
    ["source"],
)
CHAIN_FAILURES: Final = prometheus_client.Counter(
    "yijie_audit_chain_failures",
    "Times that a source could not be read or sealed, by source and class of error.",
    ["source", "error"],
)
CHAIN_ENTRIES: Final = prometheus_client.Counter(
    "yijie_audit_chain_entries", "Entries sealed in the audit chain, by source.", ["source"]
)
CHAIN_BLOCKS: Final = prometheus_client.Counter(
    "yijie_audit_chain_blocks", "Blocks appended to the audit chain."
)
CHAIN_UNSIGNED: Final = prometheus_client.Gauge(
    "yijie_audit_chain_unsigned_seconds",
    "Age of the oldest block of the audit chain that no checkpoint covers, or zero.",
)
CHAIN_BROKEN: Final = prometheus_client.Gauge(
    "yijie_audit_chain_broken",
    "1 where the audit chain, or rows that it was sealed from, were found altered.",
)
