"""The position of clearing: prepayment, bookings, months, breaks and the books themselves."""

from __future__ import annotations

from services.observability.board import Board, Graph, Number, Row, Table, Target

_RATE = "$__rate_interval"


def board() -> Board:
    """Returns the dashboard."""
    return Board(
        uid="yijie-clearing",
        title="异结 清算 Clearing",
        description=(
            "What provinces hold and use, what is booked, which months wait for "
            "whom, whether the books hold."
        ),
        hours=24,
        rows=(_books(), _prepayment(), _months(), _comparison()),
    )


def _books() -> Row:
    return Row(
        title="账 Books",
        panels=(
            Number(
                title="恒等式 Invariants broken",
                description="Sums that contradict each other, as the last check found them.",
                unit="short",
                targets=(Target("sum(max by (invariant) (yijie_clearing_invariant_broken))"),),
                red_above=1.0,
            ),
            Number(
                title="上次检查 Last check",
                description="Time since the invariants were checked.",
                unit="s",
                targets=(Target("time() - max(yijie_clearing_invariants_checked_seconds > 0)"),),
                red_above=26 * 3600.0,
            ),
            Number(
                title="落后 Behind the journal",
                description="Age of the event booked last, or of what is held back.",
                unit="s",
                targets=(
                    Target(
                        'min by (feed) (yijie_feed_lag_seconds{job=~"(.*-)?clearing"})', "{{feed}}"
                    ),
                ),
                red_above=300.0,
            ),
            Number(
                title="未解差错 Open breaks",
                description="Breaks that keep a month from its tables.",
                unit="short",
                targets=(Target("sum(max by (source, owner, age) (yijie_clearing_open_breaks))"),),
            ),
            Graph(
                title="记账 Bookings",
                description="Events of the journal that were booked, by kind.",
                unit="reqps",
                targets=(
                    Target(
                        f"sum by (kind) (rate(yijie_clearing_bookings_total[{_RATE}]))", "{{kind}}"
                    ),
                ),
            ),
            Graph(
                title="分录 Transfers by fund",
                description="Transfers written to the ledger, by fund.",
                unit="reqps",
                targets=(
                    Target(
                        f"sum by (fund_type_code) (rate(yijie_clearing_transfers_total[{_RATE}]))",
                        "{{fund_type_code}}",
                    ),
                ),
            ),
        ),
    )


def _prepayment() -> Row:
    return Row(
        title="预付金 Prepayment",
        panels=(
            Graph(
                title="省对 Pairs by state",
                description=(
                    "NORMAL below 70 %, YELLOW from 70 %, RED from 90 %, EXHAUSTED from 100 %."
                ),
                unit="short",
                is_stacked=True,
                targets=(Target("max by (state) (yijie_clearing_prepayment_pairs)", "{{state}}"),),
            ),
            Table(
                title="使用率 Use by care region",
                description="Clearing amount of the month over all that a care province holds.",
                unit="percentunit",
                targets=(
                    Target(
                        "sort_desc(max by (care_region_code) "
                        "(yijie_clearing_prepayment_usage_ratio))"
                    ),
                ),
            ),
            Graph(
                title="用尽 Bills of exhausted pairs",
                description="By what became of them.",
                unit="reqps",
                targets=(
                    Target(
                        "sum by (insured_region, outcome) "
                        f"(rate(yijie_settlement_exhausted_total[{_RATE}]))",
                        "{{insured_region}} {{outcome}}",
                    ),
                ),
            ),
            Graph(
                title="变化 Changes of state",
                description="How often pairs came to each state.",
                unit="short",
                targets=(
                    Target(
                        "sum by (state) (increase(yijie_clearing_prepayment_events_total[1h]))",
                        "{{state}}",
                    ),
                ),
            ),
        ),
    )


def _months() -> Row:
    return Row(
        title="清算月 Months",
        panels=(
            Graph(
                title="月份 Months by state",
                description="Clearing months in each state.",
                unit="short",
                is_stacked=True,
                targets=(Target("max by (state) (yijie_clearing_months)", "{{state}}"),),
            ),
            Graph(
                title="逾期 Overdue steps",
                description="Steps of months whose deadline is over.",
                unit="short",
                targets=(Target("max by (step) (yijie_clearing_overdue_steps)", "{{step}}"),),
            ),
            Graph(
                title="通知 Notices decided",
                description="Notices that a second officer decided about, by kind and state.",
                unit="short",
                targets=(
                    Target(
                        "sum by (kind, state) (increase(yijie_clearing_notices_total[1h]))",
                        "{{kind}} {{state}}",
                    ),
                ),
            ),
            Graph(
                title="银行 Bank lines",
                description="Lines of bank statements that were taken, by outcome.",
                unit="short",
                targets=(
                    Target(
                        "sum by (outcome) (increase(yijie_clearing_bank_lines_total[1h]))",
                        "{{outcome}}",
                    ),
                ),
            ),
        ),
    )


def _comparison() -> Row:
    return Row(
        title="对账 Comparison",
        panels=(
            Table(
                title="差异 Open differences",
                description=(
                    "Differences of reconciliation that nobody has resolved, by insured province."
                ),
                unit="short",
                targets=(
                    Target(
                        "sort_desc(max by (insured_region_code) (yijie_clearing_open_differences))"
                    ),
                ),
            ),
            Table(
                title="对账进度 Compared until",
                description=(
                    "Age of the end of the latest day compared with each insured province."
                ),
                unit="s",
                targets=(
                    Target(
                        "sort_desc(time() - max by (insured_region_code) "
                        "(yijie_clearing_reconciled_until_seconds))"
                    ),
                ),
            ),
            Graph(
                title="差错 Open breaks",
                description="By whose turn it is and time since they were found.",
                unit="short",
                targets=(
                    Target(
                        "sum by (owner, age) (max by (source, owner, age) "
                        "(yijie_clearing_open_breaks))",
                        "{{owner}} {{age}}",
                    ),
                ),
            ),
            Graph(
                title="扣款与申诉 Deductions and inquiries",
                description=(
                    "Deductions that wait for a term or a decision; inquiries without an answer."
                ),
                unit="short",
                targets=(
                    Target("max by (state) (yijie_clearing_open_deductions)", "{{state}}"),
                    Target(
                        "sum(max by (care_region_code) (yijie_clearing_overdue_inquiries))",
                        "overdue inquiries",
                    ),
                ),
            ),
        ),
    )
