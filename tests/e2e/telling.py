"""What a mesh really told, held against services/*/telemetry.yaml: spans, metrics, log lines.

Each function returns what is wrong, as lines of text; nothing: all is as declared.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import orjson
from google.protobuf import descriptor_pool
from prometheus_client.parser import text_string_to_metric_families

from services.cli import spans as traces
from services.cli.topology import SERVICES, policy_areas, service_of
from services.kit.codes import PROVINCES
from tests.support.telemetry_schema import declared

OUTSIDE: Final = "province"
"""The callers of the mesh, as far as they leave spans."""
BASE_FIELDS: Final = frozenset({"event", "level", "timestamp", "service"})
DEFAULTS: Final = ("python_", "process_")
"""Metrics of the client library itself."""
VALUES_MAX: Final = 60
"""Of one label of one metric, where its values are no list of ours."""
REGIONS: Final = frozenset(PROVINCES) | {"", "unknown", "all", "admissions", "*", "000000"}
_STATEMENT: Final = re.compile(r"[a-z_]+\.[a-z0-9_.]+|once [A-Z][A-Za-z]+")
"""A statement or transaction by its name, or the transaction of a request that has effect once."""
_GRPC: Final = re.compile(r"[a-z0-9.]+\.[A-Za-z]+/[A-Za-z]+")
_LISTS: Final = {
    "care_region": REGIONS,
    "insured_region": REGIONS,
    # A policy is of a pooling area.
    "region": REGIONS | frozenset(policy_areas()),
}
_GRPC_CORE: Final = re.compile(rb"[IWE][0-9]{4} [0-9:.]+ +[0-9]+ [a-z_]+\.cc:")
"""What gRPC's core writes past every logger: files and lines of its own, no call's content."""
_PLUMBING: Final = ("grpc.health.v1.", "grpc.reflection.")


def wrong_spans(folder: Path) -> Iterator[str]:
    """Compares every span with the schema."""
    schema = declared("kit")["spans"]
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            record = orjson.loads(line)
            service = record["service"].removeprefix("yijie.")
            kind = _kind_of(record, service)
            if not kind:
                yield f"{service}: no span {record['name']} is declared"
                continue
            if record["kind"] not in schema[kind]["kinds"]:
                yield f"{service}: {record['name']} is of kind {record['kind']}"
            for name in set(record["attributes"]) - set(schema[kind]["attributes"]):
                yield f"{service}: {record['name']} has the attribute {name}"


def _kind_of(record: dict[str, Any], service: str) -> str:
    name = record["name"]
    if record["attributes"].get("db.system.name") == "postgresql":
        return "database" if _STATEMENT.fullmatch(name) else ""
    if _GRPC.fullmatch(name):
        return "rpc" if _is_method(name) else ""
    if name.startswith("feed."):
        return "feed"
    own = declared(service).get("spans", {}) if service in SERVICES else {}
    return "own" if name in own else ""


def wrong_edges(folder: Path) -> Iterator[str]:
    """Compares who called whom with the calls that are declared."""
    for spans in traces.load_traces(folder).values():
        held = {span.span_id: span for span in spans}
        for span in spans:
            if span.kind != "SERVER" or span.name.startswith(_PLUMBING):
                continue
            if span.name.split(".")[1] != span.service:
                yield from _served_elsewhere(span)
            parent = held.get(span.parent_id)
            if parent is None or parent.service == OUTSIDE:
                continue
            if parent.name != span.name or parent.kind != "CLIENT":
                yield f"{span.service} served {span.name} below {parent.name}"
            if span.name not in declared(parent.service).get("calls", ()):
                yield f"{parent.service} calls {span.name}, which is not declared"


def _served_elsewhere(span: traces.Span) -> Iterator[str]:
    # Every service is a source of the audit chain.
    if not span.name.startswith("yijie.audit."):
        yield f"{span.service} serves {span.name}"


def wrong_traces(folder: Path, settled: Iterable[str]) -> Iterator[str]:
    """Looks for orphans anywhere, and whether the trace of each settlement is whole."""
    found = traces.load_traces(folder)
    for trace_id, spans in found.items():
        for span in traces.orphans(spans):
            yield f"orphan: {span.service} {span.name} in {trace_id}"
    for trace_id in settled:
        if not traces.is_complete(found.get(trace_id, [])):
            yield f"not whole: {trace_id}, {len(found.get(trace_id, []))} spans"


def wrong_metrics(process: str, page: bytes) -> Iterator[str]:
    """Compares a page of /metrics with the schema of its service."""
    service = service_of(process)
    known = {**declared("kit")["metrics"], **declared(service)["metrics"]}
    values: dict[tuple[str, str], set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(page.decode()):
        if family.name.startswith(DEFAULTS):
            continue
        if family.name not in known:
            yield f"{service}: no metric {family.name} is declared"
            continue
        labels = set(known[family.name]["labels"])
        for sample in family.samples:
            own = set(sample.labels) - {"le", "quantile"}
            if own != labels:
                yield f"{service}: {sample.name} has the labels {sorted(own)}"
            for name in own:
                values[family.name, name].add(sample.labels[name])
    for (metric, label), found in values.items():
        yield from _unbounded(f"{service}: {metric}", label, found)


def _unbounded(metric: str, label: str, found: set[str]) -> Iterator[str]:
    if label == "db_query_summary":
        unlisted = {one for one in found if not _STATEMENT.fullmatch(one)}
    elif label in {"rpc_method", "method"}:
        unlisted = {one for one in found if not _is_method(one)}
    elif label in _LISTS:
        unlisted = found - _LISTS[label]
    else:
        unlisted = found if len(found) > VALUES_MAX else set()
    if unlisted:
        yield f"{metric} has {label} {sorted(unlisted)[:5]}"


def wrong_lines(path: Path) -> Iterator[str]:
    """Compares every line of a log with the schema."""
    for line in path.read_bytes().splitlines():
        if _GRPC_CORE.match(line):
            continue
        told = orjson.loads(line)
        events = {
            **declared("kit")["events"],
            **declared(service_of(told["service"])).get("events", {}),
        }
        event = events.get(told["event"])
        if event is None:
            yield f"{path.name}: no line {told['event']!r} is declared"
            continue
        if told["level"] != event["level"]:
            yield f"{path.name}: {told['event']!r} at level {told['level']}"
        allowed = {*event["fields"], *event.get("notes", ())} | BASE_FIELDS
        for name in set(told) - allowed:
            yield f"{path.name}: {told['event']!r} has the field {name}"


@functools.cache
def _is_method(name: str) -> bool:
    full_name, _, method = name.removeprefix("/").partition("/")
    if full_name.startswith(_PLUMBING):
        return True
    try:
        service = descriptor_pool.Default().FindServiceByName(full_name)
    except KeyError:
        service = _loaded(full_name)
    return service is not None and method in service.methods_by_name


def _loaded(full_name: str) -> Any:
    package, _, name = full_name.rpartition(".")
    words = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    try:
        contract = importlib.import_module(f"{package}.{words}_pb2")
    except ImportError:
        return None
    return contract.DESCRIPTOR.services_by_name.get(name)
