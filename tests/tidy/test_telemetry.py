"""Goal: what the code tells is what telemetry.yaml declares: log lines, spans, calls, labels.

Method: the syntax trees of every service against its file. tests/e2e/test_privacy.py holds the same
files against what a mesh really wrote.
"""

from __future__ import annotations

import pytest

from services.cli.topology import CALLEES
from services.kit.log import FIELDS
from tests.support.telemetry_schema import LEVELS, PARTS, declared, told_by

BENEFITS = ("settlement", "clearing", "supervision")
"""Who calls the insured regions, by routes."""


@pytest.mark.parametrize("part", PARTS)
def test_every_line_of_the_log_is_declared(part):
    events = declared(part).get("events", {})
    told = told_by(part).events
    assert set(events) == set(told)
    for text, event in events.items():
        assert event["level"] == told[text]["level"], text
        assert told[text]["fields"] <= set(event["fields"]), text
        assert {*event["fields"], *event.get("notes", ())} <= set(FIELDS), text
        assert event["level"] in LEVELS


@pytest.mark.parametrize("part", PARTS)
def test_every_span_is_declared(part):
    if part != "kit":
        assert set(declared(part).get("spans", {})) == told_by(part).spans


@pytest.mark.parametrize("part", PARTS)
def test_every_call_is_declared_and_goes_to_a_callee(part):
    calls = declared(part).get("calls", [])
    assert set(calls) == told_by(part).calls
    assert calls == sorted(calls)
    for method in calls:
        callee = method.split(".")[1]
        by_route = callee == "benefits" and part in BENEFITS
        # Every service is a source of the audit chain.
        assert by_route or callee == "audit" or callee in CALLEES[part], method


def test_what_is_not_declared_is_found():
    told = told_by("settlement")
    assert "intent finished" in told.events
    assert told.events["intent finished"]["fields"] == {"settlement_id", "state"}
    assert "settlement.classify" in told.spans
    assert "yijie.benefits.v1.BenefitsService/Commit" in told.calls
    assert "yijie.settlement.v1.SettlementService/Settle" not in told.calls
