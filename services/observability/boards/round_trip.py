"""The round trip: rate, errors and duration, of the country, of each hop, of each pair."""

from __future__ import annotations

from typing import Final

from services.observability.board import Board, Graph, Number, Row, Table, Target, Variable

_TIME: Final = "yijie_settlement_round_trip_duration_seconds"
_PAIR: Final = 'care_region=~"$care_region", insured_region=~"$insured_region"'
_HOP: Final = 'job=~"(.*-)?settlement"'
_RATE: Final = "$__rate_interval"

CARE: Final = Variable(
    name="care_region",
    title="就医地",
    query="label_values(yijie_settlement_round_trips_total, care_region)",
)
INSURED: Final = Variable(
    name="insured_region",
    title="参保地",
    query="label_values(yijie_settlement_round_trips_total, insured_region)",
)


def quantile(share: float, series: str, by: str = "", matchers: str = "") -> str:
    """Returns the query of a quantile over all pods, by labels or of everything."""
    labels = f"le, {by}" if by else "le"
    return (
        f"histogram_quantile({share}, sum by ({labels}) "
        f"(rate({series}_bucket{{{matchers}}}[{_RATE}])))"
    )


def board() -> Board:
    """Returns the dashboard."""
    return Board(
        uid="yijie-round-trip",
        title="异结 往返 Round trip",
        description=(
            "The second that is promised: how many bills, what they came to, how "
            "long, at which hop."
        ),
        variables=(CARE, INSURED),
        rows=(_promise(), _country(), _hops(), _pairs()),
    )


def _promise() -> Row:
    return Row(
        title="承诺 Promise",
        panels=(
            Number(
                title="结算 Bills a second",
                description="Bills sent to be settled, repeats left out.",
                unit="reqps",
                targets=(Target(f"sum(rate(yijie_settlement_round_trips_total[{_RATE}]))"),),
            ),
            Number(
                title="一秒内 Within the second, 1 h",
                description=(
                    "Share of bills decided within one second; promised: 99.9 % in 30 days."
                ),
                unit="percentunit",
                targets=(Target("1 - hub:yijie_settlement_late:ratio_rate1h"),),
                red_below=0.999,
            ),
            Number(
                title="非平台失败 Not failed by us, 1 h",
                description=(
                    "Share of bills that did not fail by the hub's fault; promised: 99.95 %."
                ),
                unit="percentunit",
                targets=(Target("1 - hub:yijie_settlement_failed:ratio_rate1h"),),
                red_below=0.9995,
            ),
            Number(
                title="在途 Open intents",
                description="Settlements whose outcome is not written yet.",
                unit="short",
                targets=(Target("max(yijie_settlement_open_intents)"),),
            ),
        ),
    )


def _country() -> Row:
    return Row(
        title="全国 Country",
        panels=(
            Graph(
                title="结果 Outcomes",
                description=(
                    "settled and refused are decisions; failed ones should have been and were not."
                ),
                unit="reqps",
                is_stacked=True,
                targets=(
                    Target(
                        f"sum by (outcome) (rate(yijie_settlement_round_trips_total[{_RATE}]))",
                        "{{outcome}}",
                    ),
                ),
            ),
            Graph(
                title="耗时 Duration",
                description="Time to the decision. Points are single bills: open their trace.",
                unit="s",
                has_exemplars=True,
                limit=1.0,
                targets=(
                    Target(quantile(0.5, _TIME), "p50"),
                    Target(quantile(0.99, _TIME), "p99"),
                    Target(quantile(0.999, _TIME), "p99.9"),
                ),
            ),
            Graph(
                title="失败责任方 Failures by party",
                description=(
                    "Bills that came to no decision, by whose fault it is "
                    "(services/settlement/faults.yaml)."
                ),
                unit="reqps",
                targets=(
                    Target(
                        f"sum by (party) "
                        f"(rate(yijie_settlement_round_trip_failures_total[{_RATE}]))",
                        "{{party}}",
                    ),
                ),
            ),
            Graph(
                title="拒付原因 Reasons",
                description="What Settle and SettleVisit were refused with.",
                unit="reqps",
                targets=(
                    Target(
                        f"topk(10, sum by (reason) "
                        f"(rate(yijie_settlement_refusals_total[{_RATE}])))",
                        "{{reason}}",
                    ),
                ),
            ),
        ),
    )


def _hops() -> Row:
    calls = "rpc_client_call_duration_seconds"
    return Row(
        title="各跳 Hops",
        panels=(
            Graph(
                title="调用量 Rate by hop",
                description="Calls that settlement makes, by method.",
                unit="reqps",
                targets=(
                    Target(
                        f"sum by (rpc_method) (rate({calls}_count{{{_HOP}}}[{_RATE}]))",
                        "{{rpc_method}}",
                    ),
                ),
            ),
            Graph(
                title="错误率 Errors by hop",
                description=(
                    "Share of the calls that were answered with an error, refusals included."
                ),
                unit="percentunit",
                targets=(
                    # A hop without an error has no series of errors, and is to show a zero.
                    Target(
                        f"(sum by (rpc_method) (rate({calls}_count"
                        f'{{{_HOP}, rpc_response_status_code!="OK"}}[{_RATE}]))'
                        f" or 0 * sum by (rpc_method) (rate({calls}_count{{{_HOP}}}[{_RATE}])))"
                        f" / sum by (rpc_method) (rate({calls}_count{{{_HOP}}}[{_RATE}]))",
                        "{{rpc_method}}",
                    ),
                ),
            ),
            Graph(
                title="耗时 Duration by hop, p99",
                description="Where the second goes: every callee, then the database.",
                unit="s",
                targets=(
                    Target(quantile(0.99, calls, "rpc_method", _HOP), "{{rpc_method}}"),
                    Target(
                        quantile(0.99, "db_client_operation_duration_seconds", "", _HOP), "database"
                    ),
                ),
            ),
            Graph(
                title="参保地耗时 Insured provinces, p99",
                description="Calls to each insured province.",
                unit="s",
                targets=(
                    Target(
                        quantile(
                            0.99,
                            "yijie_settlement_region_call_duration_seconds",
                            "insured_region",
                            'insured_region=~"$insured_region"',
                        ),
                        "{{insured_region}}",
                    ),
                ),
            ),
        ),
    )


def _pairs() -> Row:
    return Row(
        title="省对 Pairs of provinces",
        panels=(
            Graph(
                title="结算量 Bills by pair",
                description=("Busiest pairs of those chosen above: care region ← insured region."),
                unit="reqps",
                targets=(
                    Target(
                        "topk(15, sum by (care_region, insured_region) "
                        f"(rate(yijie_settlement_round_trips_total{{{_PAIR}}}[{_RATE}])))",
                        "{{care_region}} ← {{insured_region}}",
                    ),
                ),
            ),
            Graph(
                title="耗时 Duration by pair, p99",
                description="Slowest pairs of those chosen above.",
                unit="s",
                has_exemplars=True,
                limit=1.0,
                targets=(
                    Target(
                        f"topk(15, {_pair_quantile()})",
                        "{{care_region}} ← {{insured_region}}",
                    ),
                ),
            ),
            Graph(
                title="失败 Failures by pair and party",
                description="Of the pairs chosen above.",
                unit="reqps",
                targets=(
                    Target(
                        "topk(15, sum by (care_region, insured_region, party) "
                        f"(rate(yijie_settlement_round_trip_failures_total{{{_PAIR}}}[{_RATE}]))"
                        f" > 0)",
                        "{{care_region}} ← {{insured_region}} {{party}}",
                    ),
                ),
            ),
            Table(
                title="超时最多 Latest pairs, 1 h",
                description="Share of bills that took longer than one second, the worst first.",
                unit="percentunit",
                targets=(
                    Target(f"topk(20, pair:yijie_settlement_late:ratio_rate1h{{{_PAIR}}} > 0)"),
                ),
            ),
        ),
    )


def _pair_quantile() -> str:
    return quantile(0.99, _TIME, "care_region, insured_region", _PAIR)
