"""Every instrument of clearing; telemetry.yaml lists them."""

from __future__ import annotations

from typing import Final

import prometheus_client

PREPAYMENT_PAIRS: Final = prometheus_client.Gauge(
    "yijie_clearing_prepayment_pairs",
    "Pairs of provinces by how their prepayment stands.",
    ["state"],
)
PREPAYMENT_USAGE: Final = prometheus_client.Gauge(
    "yijie_clearing_prepayment_usage_ratio",
    "Clearing amount of the month over all that a care province holds; 0: it holds nothing.",
    ["care_region_code"],
)
PREPAYMENT_EVENTS: Final = prometheus_client.Counter(
    "yijie_clearing_prepayment_events",
    "Changes of how prepayment stands, by what it is now.",
    ["state"],
)
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
OPEN_BREAKS: Final = prometheus_client.Gauge(
    "yijie_clearing_open_breaks",
    "Breaks that keep a month from its tables, by whose turn it is and time since they were found.",
    ["source", "owner", "age"],
)
LEDGER_COMPARED_UNTIL: Final = prometheus_client.Gauge(
    "yijie_clearing_ledger_compared_until_seconds",
    "End of the last day up to which every day of the ledger was compared, Unix time.",
)
INVARIANT_BROKEN: Final = prometheus_client.Gauge(
    "yijie_clearing_invariant_broken",
    "Sums that contradict each other, as the last nightly check found them; 0: it holds.",
    ["invariant"],
)
INVARIANTS_CHECKED: Final = prometheus_client.Gauge(
    "yijie_clearing_invariants_checked_seconds",
    "When the invariants were last checked by themselves, Unix time.",
)
MONTHS: Final = prometheus_client.Gauge(
    "yijie_clearing_months", "Clearing months in each state.", ["state"]
)
MONTHS_CUT_UNTIL: Final = prometheus_client.Gauge(
    "yijie_clearing_months_cut_until_seconds", "End of the last month that was cut, Unix time."
)
OVERDUE_STEPS: Final = prometheus_client.Gauge(
    "yijie_clearing_overdue_steps",
    "Steps of months that are not done though their deadline is over.",
    ["step"],
)
OPEN_DEDUCTIONS: Final = prometheus_client.Gauge(
    "yijie_clearing_open_deductions",
    "Deductions that wait for the end of the term, or for a decision on an appeal.",
    ["state"],
)
OVERDUE_INQUIRIES: Final = prometheus_client.Gauge(
    "yijie_clearing_overdue_inquiries",
    "Inquiries without an answer after their last day.",
    ["care_region_code"],
)
NOTICES: Final = prometheus_client.Counter(
    "yijie_clearing_notices", "Notices that a second officer decided about.", ["kind", "state"]
)
BANK_LINES: Final = prometheus_client.Counter(
    "yijie_clearing_bank_lines", "Lines of bank statements that were taken.", ["outcome"]
)
