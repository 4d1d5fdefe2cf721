"""Goal: spans form the tree that the calls were, carry no text, and reach their exporter."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from services.kit import telemetry
from services.kit.telemetry import TelemetryConfig

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


async def recorded(folder, work):
    async with telemetry.telemetry("identity", TelemetryConfig(trace_dir=str(folder))):
        await work()
    lines = (folder / "identity.jsonl").read_bytes().splitlines()
    return {record["name"]: record for record in map(orjson.loads, lines)}


async def test_spans_nest_and_tasks_inherit(tmp_path):
    async def inner():
        with telemetry.span("task", telemetry.CLIENT, {"n": 1}):
            await asyncio.sleep(0)

    async def work():
        with telemetry.span("root"):
            await asyncio.gather(asyncio.create_task(inner()))

    spans = await recorded(tmp_path, work)
    root, task = spans["root"], spans["task"]
    assert root["parent_id"] == ""
    assert (task["trace_id"], task["parent_id"]) == (root["trace_id"], root["span_id"])
    assert (task["kind"], task["attributes"], task["service"]) == (
        "CLIENT",
        {"n": 1},
        "yijie.identity",
    )
    assert root["start_ns"] <= task["start_ns"] <= task["end_ns"] <= root["end_ns"]


async def test_an_exception_marks_the_span_without_its_text(tmp_path):
    async def work():
        with pytest.raises(ValueError, match="secret"), telemetry.span("failing"):
            raise ValueError("secret")

    await recorded(tmp_path, work)
    text = (tmp_path / "identity.jsonl").read_text()
    assert '"status":"ERROR"' in text
    assert "secret" not in text


async def test_a_server_span_continues_the_callers_trace(tmp_path):
    metadata = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "vendor=1"}
    carried = []

    async def work():
        with telemetry.server_span("served", metadata):
            carried.extend(telemetry.trace_metadata())

    span = (await recorded(tmp_path, work))["served"]
    assert (span["trace_id"], span["parent_id"], span["kind"]) == (TRACE, PARENT, "SERVER")
    assert dict(carried) == {
        "traceparent": f"00-{TRACE}-{span['span_id']}-01",
        "tracestate": "vendor=1",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}",
    ],
)
async def test_a_broken_parent_begins_a_new_trace(tmp_path, text):
    async def work():
        with telemetry.server_span("served", {"traceparent": text}):
            assert telemetry.trace_id() not in {TRACE, "0" * 32}

    assert (await recorded(tmp_path, work))["served"]["parent_id"] == ""


async def test_what_the_caller_does_not_sample_is_carried_on_but_not_kept(tmp_path):
    async def work():
        with telemetry.server_span("skipped", {"traceparent": f"00-{TRACE}-{PARENT}-00"}):
            assert dict(telemetry.trace_metadata())["traceparent"].endswith("-00")
            assert telemetry.trace_id() == TRACE
        with telemetry.span("kept"):
            pass

    assert set(await recorded(tmp_path, work)) == {"kept"}


def test_outside_a_span_there_is_no_trace():
    assert telemetry.trace_id() == "0" * 32
    assert telemetry.trace_metadata() == []


async def test_a_refusal_marks_the_span_by_code_and_reason(tmp_path):
    def refuse():
        with telemetry.span("refused") as span:
            telemetry.mark_failed(span, "NOT_FOUND", "RESOURCE_NOT_FOUND")
            raise KeyError("secret")

    async def work():
        with pytest.raises(KeyError):
            refuse()

    span = (await recorded(tmp_path, work))["refused"]
    assert (span["status"], span["attributes"]) == ("ERROR", {"error.type": "RESOURCE_NOT_FOUND"})
    assert "secret" not in (tmp_path / "identity.jsonl").read_text()
