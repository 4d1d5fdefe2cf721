"""Goal: a scrape says the same as ever, and lets the process go on while it is written."""

from __future__ import annotations

import socket
import threading
import time
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from services.kit import exposition, telemetry
from services.kit.exposition import LINES, ConsiderateRegistry
from services.kit.telemetry import TelemetryConfig


@pytest.fixture
def pauses(monkeypatch) -> list[int]:
    """The threads that paused, each time they did."""
    found: list[int] = []
    monkeypatch.setattr(
        exposition.time, "sleep", lambda _seconds: found.append(threading.get_ident())
    )
    return found


def filled(count: int) -> CollectorRegistry:
    registry = CollectorRegistry()
    counter = Counter("bills", "Bills.", ["pair"], registry=registry)
    for number in range(count):
        counter.labels(str(number)).inc(number, {"trace_id": "a"})
    Gauge("one", "One.", registry=registry).set(1)
    return registry


@pytest.mark.parametrize("write", [generate_latest, openmetrics.generate_latest])
@pytest.mark.parametrize("count", [0, LINES, 5 * LINES])
def test_nothing_is_left_out_or_changed(write, count):
    registry = filled(count)
    assert write(ConsiderateRegistry(registry)) == write(registry)


def test_a_long_family_is_written_in_pieces(pauses):
    openmetrics.generate_latest(ConsiderateRegistry(filled(LINES - 1)))
    assert pauses == []
    openmetrics.generate_latest(ConsiderateRegistry(filled(5 * LINES)))
    assert len(pauses) == 5


def test_what_is_asked_for_by_name_is_too(pauses):
    restricted = ConsiderateRegistry(filled(5 * LINES)).restricted_registry(["bills_total"])
    assert {family.name for family in restricted.collect()} == {"bills"}
    generate_latest(restricted)
    assert len(pauses) == 5


def free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port: int = chosen.getsockname()[1]
        return port


async def test_the_scrape_of_a_process_pauses_and_tells_the_time(pauses):
    for number in range(LINES):
        telemetry.SERVER_DURATION.labels(f"a.Test/{number}", "OK").observe(0.1)
    port = free_port()
    before = time.time()
    config = TelemetryConfig(metrics_port=port, metrics_host="127.0.0.1")
    async with telemetry.telemetry("identity", config):
        url = f"http://127.0.0.1:{port}/metrics"
        with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: ASYNC210 - a thread answers
            text = answer.read().decode()
    (clock,) = (line.split()[1] for line in text.splitlines() if line.startswith("yijie_clock_s"))
    assert before <= float(clock) <= time.time()
    assert len(pauses) >= LINES * 12 // LINES
    assert threading.get_ident() not in pauses
