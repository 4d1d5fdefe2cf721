"""Goal: the figures are the ones measured, and the document holds what the table shows."""

from __future__ import annotations

from uuid import UUID

import orjson
import pytest
from rich.console import Console

from services.bench import results
from services.bench.checks import Acknowledged, Check, is_whole
from services.bench.command import _saturation
from services.bench.drive import Run
from services.bench.floor import Settings, Sizes, callee_request, person_key, settings_of
from services.bench.results import Pair, Result, Stretch
from services.bench.usage import Usage
from services.cli.spans import Span


def stretch(count: int, seconds: float = 1.0) -> Stretch:
    run = Run(latencies_s=[0.02] * count, answers=[b""] * count, elapsed_s=seconds)
    return Stretch(run, Usage({"settlement": 0.004 * count, "postgres": 0.002 * count}))


def result(*, holds: bool = True) -> Result:
    return Result(
        rate=61.0,
        in_flight=16,
        probe={8: 100.0},
        open_loop=stretch(61),
        closed_loop=stretch(210),
        floor=stretch(300),
        ratios=[0.5, 0.7, 0.9],
        checks=[Check("journal", holds, "1 of 1")],
        machine="2 cores",
        elapsed_s=1.0,
    )


def test_cpu_is_per_settlement_and_by_process():
    assert stretch(10).cpu_ms == pytest.approx({"settlement": 4.0, "postgres": 2.0})
    assert stretch(10).total_cpu_ms == pytest.approx(6.0)


def test_a_pair_compares_throughputs():
    assert Pair(stretch(60), stretch(100)).ratio == pytest.approx(0.6)


def test_the_summary_names_the_median_of_the_pairs():
    line = results.summary(result())
    assert "210 settlements/s at 16 in flight" in line
    assert "70% of the floor's 300/s" in line
    assert "p99 20 ms at 61/s" in line
    assert line.endswith("all checks hold")
    assert results.summary(result(holds=False)).endswith("CHECKS FAILED")


def test_the_document_is_json_and_says_whether_all_holds():
    document = orjson.loads(orjson.dumps(results.document(result(holds=False))))
    assert document["ok"] is False
    assert document["ratio"] == 0.7
    assert document["closed_loop"]["settlements_per_s"] == 210.0
    assert document["closed_loop"]["cpu_ms_per_settlement"]["total"] == 6.0


def test_the_table_shows_missed_aims(capsys):
    results.show(result(), Console(width=150))
    shown = capsys.readouterr().out
    assert "aim ≥ 200 settlements/s at saturation: reached" in shown
    assert "✓ journal: 1 of 1" in shown


def test_usage_adds_and_subtracts_by_process():
    first, second = Usage({"a": 1.0, "b": 2.0}), Usage({"a": 3.0, "b": 5.0})
    assert (second - first).seconds == {"a": 2.0, "b": 3.0}
    assert (first + second).seconds == {"a": 4.0, "b": 7.0}
    assert first.total_s == 3.0


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        ({8: 100.0, 16: 103.0, 32: 104.0}, 8),
        ({8: 100.0, 16: 130.0, 32: 131.0}, 16),
        ({8: 100.0, 16: 90.0, 32: 140.0}, 32),
    ],
)
def test_saturation_is_the_shortest_queue_that_is_as_fast(probe, expected):
    assert _saturation(probe) == expected


def test_a_floor_process_gets_what_it_was_given():
    sizes = Sizes(**dict.fromkeys(Sizes.__dataclass_fields__, 7))
    given = Settings(listen="h:1", dsn="d", targets={"benefits": "h:2"}, sizes=sizes, people=5)
    assert settings_of(given.environment()) == given


def test_a_floor_request_carries_its_key_and_has_its_size():
    request = callee_request(499, 120)
    assert (len(request), person_key(request)) == (120, 499)


def span(name: str, service: str, kind: str, span_id: str, parent_id: str) -> Span:
    return Span(
        trace_id="t",
        span_id=span_id,
        parent_id=parent_id,
        name=name,
        kind=kind,
        service=service,
        start_ns=0,
        end_ns=1,
        status="UNSET",
        code="OK" if kind == "CLIENT" else "",
    )


def whole_trace() -> list[Span]:
    root = "yijie.settlement.v1.SettlementService/Settle"
    calls = {
        "identity": "yijie.identity.v1.IdentityService/VerifyCredential",
        "filing": "yijie.filing.v1.FilingService/MatchFiling",
        "supervision": "yijie.supervision.v1.SupervisionService/ScreenBill",
        "benefits": "yijie.benefits.v1.BenefitsService/Commit",
    }
    spans = [span(root, "settlement", "SERVER", "0", "")]
    for number, (service, name) in enumerate(calls.items(), start=1):
        spans.append(span(name, "settlement", "CLIENT", f"c{number}", "0"))
        spans.append(span(name, service, "SERVER", f"s{number}", f"c{number}"))
    written = ("settlement.insert_intent", "settlement.insert_settled")
    return spans + [span(name, "settlement", "INTERNAL", name, "0") for name in written]


def test_a_trace_is_whole_only_with_every_span():
    told = Acknowledged(UUID(int=1), "t", 1, 1, 0, 0, settled=True, screened=True)
    trace = whole_trace()
    assert is_whole(trace, told)
    for left_out in range(len(trace)):
        assert not is_whole([*trace[:left_out], *trace[left_out + 1 :]], told)
