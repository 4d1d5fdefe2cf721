"""Supervision: inside the second, behind it, cases, tickets and the audit chain."""

from __future__ import annotations

from services.observability.board import Board, Graph, Number, Row, Table, Target
from services.observability.boards.round_trip import quantile

_RATE = "$__rate_interval"


def board() -> Board:
    """Returns the dashboard."""
    return Board(
        uid="yijie-supervision",
        title="异结 监管 Supervision",
        description=(
            "Rules inside the round trip and behind it, what they find, who has to "
            "act, what is sealed."
        ),
        hours=24,
        rows=(_screening(), _findings(), _work(), _chain()),
    )


def _screening() -> Row:
    return Row(
        title="事中 Inside the round trip",
        panels=(
            Graph(
                title="筛查耗时 Screening",
                description="Time in the rules for one bill.",
                unit="s",
                targets=(
                    Target(quantile(0.5, "yijie_supervision_screen_duration_seconds"), "p50"),
                    Target(quantile(0.99, "yijie_supervision_screen_duration_seconds"), "p99"),
                ),
            ),
            Graph(
                title="未及筛查 Deferred",
                description=(
                    "Bills settled before supervision could answer, and judged without the record."
                ),
                unit="reqps",
                targets=(
                    Target(
                        f"sum(rate(yijie_settlement_screening_deferred_total[{_RATE}]))", "deferred"
                    ),
                    Target(
                        f"sum(rate(yijie_supervision_histories_missed_total[{_RATE}]))",
                        "without record",
                    ),
                ),
            ),
            Graph(
                title="拦截 Blocked",
                description="Bills and quotes that a rule kept from settling.",
                unit="reqps",
                targets=(
                    Target(
                        f"sum by (rule, cause) (rate(yijie_settlement_blocked_total[{_RATE}]))",
                        "{{rule}} {{cause}}",
                    ),
                ),
            ),
            Table(
                title="规则版本 Rule set in force",
                description="One line: every replica judges by the same rules.",
                unit="short",
                targets=(Target("count by (version) (yijie_supervision_ruleset_info)"),),
            ),
        ),
    )


def _findings() -> Row:
    return Row(
        title="事后 Audit",
        panels=(
            Graph(
                title="审核量 Audited bills",
                description="By channel.",
                unit="reqps",
                targets=(
                    Target(
                        f"sum by (channel) (rate(yijie_supervision_audited_bills_total[{_RATE}]))",
                        "{{channel}}",
                    ),
                ),
            ),
            Graph(
                title="审核耗时 Audit duration",
                description="Time in the rules for one event, the person's history included.",
                unit="s",
                targets=(
                    Target(quantile(0.99, "yijie_supervision_audit_duration_seconds"), "p99"),
                ),
            ),
            Graph(
                title="疑点 Findings by rule",
                description="The rules that find most.",
                unit="short",
                targets=(
                    Target(
                        "topk(10, sum by (rule_code, result_class) "
                        "(increase(yijie_supervision_recorded_findings_total[1h])))",
                        "{{rule_code}} {{result_class}}",
                    ),
                ),
            ),
            Graph(
                title="信号 Signals",
                description="Recorded from identity's feed, by kind.",
                unit="short",
                targets=(
                    Target(
                        "sum by (kind) (increase(yijie_supervision_recorded_signals_total[1h]))",
                        "{{kind}}",
                    ),
                ),
            ),
        ),
    )


def _work() -> Row:
    return Row(
        title="处置 Work",
        panels=(
            Graph(
                title="案件 Open cases",
                description="Cases that wait for somebody, by where they stand.",
                unit="short",
                is_stacked=True,
                targets=(Target("max by (state) (yijie_supervision_open_cases)", "{{state}}"),),
            ),
            Graph(
                title="扣款 Deducted, fen an hour",
                description="Amount of deductions that clearing recorded.",
                unit="short",
                targets=(Target("sum(increase(yijie_supervision_deducted_fen_total[1h]))", "fen"),),
            ),
            Table(
                title="超期工单 Overdue tickets",
                description="By the province that answers, and level.",
                unit="short",
                targets=(
                    Target(
                        "sort_desc(max by (region, level) (yijie_supervision_overdue_tickets) > 0)"
                    ),
                ),
            ),
            Graph(
                title="拒付 Refusals by party",
                description="Refused settlements, by whose the cause is.",
                unit="short",
                targets=(
                    Target(
                        "sum by (party) (increase(yijie_supervision_refusals_total[1h]))",
                        "{{party}}",
                    ),
                ),
            ),
        ),
    )


def _chain() -> Row:
    return Row(
        title="审计链 Audit chain",
        panels=(
            Number(
                title="断裂 Broken",
                description="1: the chain or a source of it is not as it was sealed.",
                unit="short",
                targets=(Target("max(yijie_audit_chain_broken)"),),
                red_above=1.0,
            ),
            Number(
                title="未签 Unsigned",
                description="Age of the oldest block without a checkpoint.",
                unit="s",
                targets=(Target("max(yijie_audit_chain_unsigned_seconds)"),),
                red_above=900.0,
            ),
            Graph(
                title="待封 Waiting to be sealed",
                description="Age of what is not sealed yet, by source.",
                unit="s",
                targets=(Target("max by (source) (yijie_audit_chain_lag_seconds)", "{{source}}"),),
            ),
            Graph(
                title="封存 Entries sealed",
                description="By source.",
                unit="short",
                targets=(
                    Target(
                        f"sum by (source) (rate(yijie_audit_chain_entries_total[{_RATE}]))",
                        "{{source}}",
                    ),
                ),
            ),
            Graph(
                title="拒绝访问 Denied callers",
                description="Calls that a certificate was not allowed to make.",
                unit="reqps",
                targets=(
                    Target(
                        f"sum by (job, role) (rate(yijie_denials_total[{_RATE}]))",
                        "{{job}} {{role}}",
                    ),
                ),
            ),
        ),
    )
