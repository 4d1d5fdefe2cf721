"""Goal: what is said of a trace is true, whatever is missing. Method: small traces by hand."""

from __future__ import annotations

import orjson
import pytest

from services.cli.spans import Span, is_complete, load_trace, load_traces, orphans, tree, unanswered

TRACE = "0af7651916cd43dd8448eb211c80319c"


def span(span_id: str, parent_id: str = "", *, start: int = 0, end: int = 10, **fields) -> Span:
    values = {
        "trace_id": TRACE,
        "name": span_id,
        "kind": "INTERNAL",
        "service": "settlement",
        "status": "UNSET",
        "code": "",
    }
    return Span(span_id=span_id, parent_id=parent_id, start_ns=start, end_ns=end, **values | fields)


def call(span_id: str, parent_id: str, code: str = "OK", **fields) -> Span:
    return span(span_id, parent_id, kind="CLIENT", code=code, **fields)


def served(span_id: str, parent_id: str, **fields) -> Span:
    return span(span_id, parent_id, kind="SERVER", service="identity", code="OK", **fields)


ROUND_TRIP = [span("root"), call("ask", "root", start=1), served("answer", "ask", start=2, end=5)]


def record(one: Span) -> bytes:
    return orjson.dumps(
        {
            "trace_id": one.trace_id,
            "span_id": one.span_id,
            "parent_id": one.parent_id,
            "name": one.name,
            "kind": one.kind,
            "service": f"yijie.{one.service}",
            "start_ns": one.start_ns,
            "end_ns": one.end_ns,
            "status": one.status,
            "attributes": {"rpc.response.status_code": one.code} if one.code else {},
        }
    )


def test_rows_stand_below_their_parent_and_siblings_by_start():
    held = [span("c", "root", start=7), span("d", "b", start=4), span("b", "root", start=3)]
    rows = [(row.depth, row.span.span_id) for row in tree([*held, span("root")])]
    assert rows == [(0, "root"), (1, "b"), (2, "d"), (1, "c")]


def test_an_orphan_is_shown_as_a_root():
    held = [span("root"), span("lost", "nobody", start=5)]
    assert [(row.depth, row.span.span_id) for row in tree(held)] == [(0, "root"), (0, "lost")]
    assert [one.span_id for one in orphans(held)] == ["lost"]


def test_a_round_trip_with_both_sides_is_complete():
    assert is_complete(ROUND_TRIP)
    assert orphans(ROUND_TRIP) == []
    assert unanswered(ROUND_TRIP) == []


@pytest.mark.parametrize(
    "held",
    [
        [],
        ROUND_TRIP[1:],  # the root is not written yet
        ROUND_TRIP[:2],  # the callee has not written yet
        [*ROUND_TRIP, span("second_root")],
        [*ROUND_TRIP, span("lost", "nobody")],
        [span("root"), call("ask", "root", "FAILED_PRECONDITION")],  # a refusal has two sides too
    ],
    ids=["nothing", "no root", "one side", "two roots", "orphan", "refusal"],
)
def test_a_trace_with_a_hole_is_not_complete(held):
    assert not is_complete(held)


@pytest.mark.parametrize(
    "code", ["UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "RESOURCE_EXHAUSTED"]
)
def test_a_call_that_nobody_answered_needs_no_other_side(code):
    assert is_complete([span("root"), call("ask", "root", code)])


def test_a_statement_is_no_call():
    assert is_complete([span("root"), span("settlement.insert", "root", kind="CLIENT")])


def test_a_trace_is_gathered_from_all_files_by_start(tmp_path):
    other = span("other", start=1)
    (tmp_path / "settlement.jsonl").write_bytes(
        b"\n".join([record(ROUND_TRIP[1]), record(ROUND_TRIP[0]), b""])
    )
    (tmp_path / "identity.old.jsonl").write_bytes(record(ROUND_TRIP[2]) + b"\n")
    (tmp_path / "filing.jsonl").write_bytes(
        record(other).replace(TRACE.encode(), b"f" * 32) + b"\n"
    )
    assert load_trace(tmp_path, TRACE) == ROUND_TRIP
    assert {key: len(held) for key, held in load_traces(tmp_path).items()} == {
        TRACE: 3,
        "f" * 32: 1,
    }


def test_a_trace_id_inside_another_field_is_no_match(tmp_path):
    mention = record(span("x", name=f"about {TRACE}")).replace(
        b'"trace_id":"' + TRACE.encode(), b'"trace_id":"' + b"0" * 32
    )
    (tmp_path / "a.jsonl").write_bytes(mention + b"\n")
    assert load_trace(tmp_path, TRACE) == []


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    assert load_trace(tmp_path / "none", TRACE) == []
    assert load_traces(tmp_path / "none") == {}
