"""One service, whichever: its calls, its database, its process, what it follows."""

from __future__ import annotations

from services.observability.board import Board, Graph, Number, Row, Target, Variable
from services.observability.boards.round_trip import quantile

_RATE = "$__rate_interval"
_JOB = 'job=~"$job"'
_CALLS = "rpc_server_call_duration_seconds"


def board() -> Board:
    """Returns the dashboard."""
    return Board(
        uid="yijie-service",
        title="异结 单个服务 Service",
        description="Calls, load, database and feeds of the services chosen above.",
        variables=(
            Variable(
                name="job", title="服务", query="label_values(yijie_event_loop_lag_seconds, job)"
            ),
        ),
        rows=(_calls(), _load(), _database(), _feeds()),
    )


def _calls() -> Row:
    return Row(
        title="调用 Calls",
        panels=(
            Graph(
                title="调用量 Rate by method",
                description="Unary calls answered.",
                unit="reqps",
                targets=(
                    Target(
                        f"topk(15, sum by (rpc_method) (rate({_CALLS}_count{{{_JOB}}}[{_RATE}])))",
                        "{{rpc_method}}",
                    ),
                ),
            ),
            Graph(
                title="错误 Errors by code",
                description="Answers that are not OK, refusals included.",
                unit="reqps",
                targets=(
                    Target(
                        "sum by (rpc_response_status_code) (rate("
                        f'{_CALLS}_count{{{_JOB}, rpc_response_status_code!="OK"}}[{_RATE}]))',
                        "{{rpc_response_status_code}}",
                    ),
                ),
            ),
            Graph(
                title="耗时 Duration by method, p99",
                description="Time in the handler.",
                unit="s",
                targets=(Target(f"topk(15, {_method_quantile()})", "{{rpc_method}}"),),
            ),
            Graph(
                title="服务端错误率 Failed by the server, 5 min",
                description=(
                    "Share of calls that failed by the server's fault; promised: 0.05 % at most."
                ),
                unit="percentunit",
                limit=0.0005,
                targets=(Target(f"job:yijie_calls_failed:ratio_rate5m{{{_JOB}}}", "{{job}}"),),
            ),
        ),
    )


def _load() -> Row:
    return Row(
        title="负载 Load",
        panels=(
            Graph(
                title="在办与排队 In flight and waiting",
                description="Unary calls that are worked on, and those that wait in line.",
                unit="short",
                targets=(
                    Target(
                        f"sum by (job) (yijie_admission_in_flight{{{_JOB}}})", "{{job}} in flight"
                    ),
                    Target(f"sum by (job) (yijie_admission_waiting{{{_JOB}}})", "{{job}} waiting"),
                ),
            ),
            Graph(
                title="拒于过载 Shed",
                description="Calls refused for load, by priority.",
                unit="reqps",
                targets=(
                    Target(
                        "sum by (job, priority) "
                        f"(rate(yijie_admission_shed_total{{{_JOB}}}[{_RATE}]))",
                        "{{job}} {{priority}}",
                    ),
                ),
            ),
            Graph(
                title="事件循环 Event loop lag",
                description="How late each replica woke up when last measured.",
                unit="s",
                limit=0.25,
                targets=(Target(f"yijie_event_loop_lag_seconds{{{_JOB}}}", "{{instance}}"),),
            ),
            _clock(),
            Graph(
                title="处理器 CPU",
                description="Cores in use by each replica.",
                unit="short",
                targets=(
                    Target(f"rate(process_cpu_seconds_total{{{_JOB}}}[{_RATE}])", "{{instance}}"),
                ),
            ),
            Graph(
                title="内存 Memory",
                description="Resident memory of each replica.",
                unit="bytes",
                targets=(Target(f"process_resident_memory_bytes{{{_JOB}}}", "{{instance}}"),),
            ),
            Number(
                title="证书 Certificate expires in",
                description=(
                    "The certificate that expires first; nothing: calls are not encrypted."
                ),
                unit="s",
                width=12,
                targets=(
                    Target(
                        "min by (certificate) "
                        f"(yijie_certificate_expiry_timestamp_seconds{{{_JOB}}}) - time()",
                        "{{certificate}}",
                    ),
                ),
                red_below=14 * 86400.0,
            ),
        ),
    )


def _clock() -> Graph:
    return Graph(
        title="时钟 Clock",
        description="How far the clock of each replica is from that of Prometheus.",
        unit="s",
        targets=(
            Target(
                f"yijie_clock_seconds{{{_JOB}}} - timestamp(yijie_clock_seconds{{{_JOB}}})",
                "{{instance}}",
            ),
        ),
    )


def _database() -> Row:
    return Row(
        title="数据库 Database",
        panels=(
            Graph(
                title="连接 Connections",
                description=("Open and idle connections of the pools, and how many there may be."),
                unit="short",
                targets=(
                    Target(
                        f"sum by (job, state) (yijie_db_pool_connections{{{_JOB}}})",
                        "{{job}} {{state}}",
                    ),
                ),
            ),
            Graph(
                title="语句 Statements, p99",
                description="The slowest statements and transactions.",
                unit="s",
                targets=(
                    Target(
                        "topk(15, "
                        + quantile(
                            0.99,
                            "db_client_operation_duration_seconds",
                            "db_query_summary",
                            _JOB,
                        )
                        + ")",
                        "{{db_query_summary}}",
                    ),
                ),
            ),
            Graph(
                title="重试 Transactions repeated",
                description="After a lost race.",
                unit="reqps",
                targets=(
                    Target(
                        "sum by (db_query_summary) "
                        f"(rate(yijie_db_transaction_retries_total{{{_JOB}}}[{_RATE}]))",
                        "{{db_query_summary}}",
                    ),
                ),
            ),
            Graph(
                title="备库 Replica lag",
                description="How far each standby is behind.",
                unit="s",
                targets=(
                    Target(
                        f"max by (standby) (yijie_db_replica_lag_seconds{{{_JOB}}})", "{{standby}}"
                    ),
                ),
            ),
            _standbys(),
        ),
    )


def _standbys() -> Graph:
    return Graph(
        title="备库数 Standbys",
        description="Standbys that follow, by how commits wait for them: sync and quorum do.",
        unit="short",
        targets=(
            Target(
                f"max by (job, sync_state) (yijie_db_replicas{{{_JOB}}})",
                "{{job}} {{sync_state}}",
            ),
        ),
    )


def _feeds() -> Row:
    return Row(
        title="订阅 Feeds and loops",
        panels=(
            Graph(
                title="落后 Behind its feeds",
                description="Of the replica that works; the others look in.",
                unit="s",
                targets=(
                    Target(
                        f"min by (job, feed) (yijie_feed_lag_seconds{{{_JOB}}})", "{{job}} {{feed}}"
                    ),
                ),
            ),
            Graph(
                title="待取 Held for subscribers",
                description="Age of the oldest event that an open subscription is waiting for.",
                unit="s",
                targets=(
                    Target(
                        f"max by (job, feed, region) (yijie_outbox_lag_seconds{{{_JOB}}})",
                        "{{job}} {{feed}} {{region}}",
                    ),
                ),
            ),
            Graph(
                title="事件 Events applied",
                description="Events of feeds that were applied.",
                unit="reqps",
                targets=(
                    Target(
                        f"sum by (job, feed) (rate(yijie_feed_events_total{{{_JOB}}}[{_RATE}]))",
                        "{{job}} {{feed}}",
                    ),
                ),
            ),
            Graph(
                title="失败轮次 Rounds that failed",
                description="Rounds of loops, and times that following a feed broke off.",
                unit="short",
                targets=(
                    Target(
                        "sum by (job, round) "
                        f"(increase(yijie_round_failures_total{{{_JOB}}}[{_RATE}]))",
                        "{{job}} {{round}}",
                    ),
                    Target(
                        "sum by (job, feed, error) "
                        f"(increase(yijie_feed_failures_total{{{_JOB}}}[{_RATE}]))",
                        "{{job}} {{feed}} {{error}}",
                    ),
                ),
            ),
        ),
    )


def _method_quantile() -> str:
    return quantile(0.99, _CALLS, "rpc_method", _JOB)
