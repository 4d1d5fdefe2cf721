"""Goal: the waterfall shows every span once, in its place and to scale."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from services.cli.spans import Span
from services.cli.waterfall import as_json, bar, hops, short_name, waterfall

MS = 1_000_000


def span(span_id: str, parent_id: str, start_ms: float, end_ms: float, **fields) -> Span:
    values = {
        "trace_id": "f" * 32,
        "name": f"yijie.identity.v1.IdentityService/{span_id}",
        "kind": "CLIENT",
        "service": "settlement",
        "status": "UNSET",
        "code": "",
    }
    start_ns, end_ns = int(1000 * MS + start_ms * MS), int(1000 * MS + end_ms * MS)
    values |= {"start_ns": start_ns, "end_ns": end_ns} | fields
    return Span(span_id=span_id, parent_id=parent_id, **values)


TRACE = [
    span("Settle", "", 0, 100, service="province"),
    span("Verify", "Settle", 10, 40.5),
    span("Lost", "nobody", 50, 60, status="ERROR"),
]


def test_hops_count_from_the_first_span():
    assert [(h.depth, h.start_ms, h.duration_ms, h.orphan) for h in hops(TRACE)] == [
        (0, 0.0, 100.0, False),
        (1, 10.0, 30.5, False),
        (0, 50.0, 10.0, True),
    ]
    assert hops([]) == []


def test_a_method_is_shown_without_its_package_and_a_statement_as_it_is():
    assert short_name("yijie.identity.v1.IdentityService/Verify") == "IdentityService/Verify"
    assert short_name("settlement.insert_intent") == "settlement.insert_intent"


@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [(0, 100, "██████████"), (50, 50, "     █████"), (99.9, 0.01, "         █"), (0, 0, "█")],
)
def test_a_bar_is_to_scale_and_never_empty(start, duration, expected):
    assert bar(start, duration, 100, 10) == expected


def test_a_trace_of_no_length_has_no_bars():
    assert bar(0, 0, 0) == ""


@given(st.floats(0, 1000), st.floats(0, 1000))
def test_a_bar_fits(start, duration):
    drawn = bar(start, duration, start + duration, 20)
    assert len(drawn) <= 20
    assert drawn == "" or drawn.endswith("█")


def test_the_table_shows_service_span_time_and_what_is_wrong():
    out = io.StringIO()
    Console(file=out, width=140).print(waterfall(hops(TRACE)))
    lines = out.getvalue().splitlines()
    assert len(lines) == 1 + len(TRACE)
    assert "province" in lines[1]
    assert "  IdentityService/Verify" in lines[2]
    assert "30.5" in lines[2]
    assert "✗" in lines[3]
    assert "parent lost" in lines[3]


def test_json_has_a_row_per_span():
    rows = as_json(hops(TRACE))
    assert rows[0]["name"] == "IdentityService/Settle"
    assert [row["orphan"] for row in rows] == [False, False, True]
