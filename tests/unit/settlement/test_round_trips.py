"""Goal: each round trip is counted once, with whose fault it was that it failed or was late."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from services.kit import call as calls
from services.kit.errors import Unavailable
from services.settlement import metrics, round_trips
from services.settlement.faults import (
    FaultsInvalid,
    faults,
    parse_faults,
    slow_party,
)
from services.settlement.refusals import CALLS
from services.settlement.round_trips import RoundTripInterceptor, Trip, judge, pair_of
from yijie.common.v1 import error_reason_pb2

REASONS = {
    name.removeprefix("ERROR_REASON_")
    for name, number in error_reason_pb2.ErrorReason.items()
    if number
}
TICKETS = Path(__file__).parents[3] / "services/supervision/terms/ticket.yaml"
PARTY = {
    "CARE_PROVINCE": "care_region",
    "INSURED_PROVINCE": "insured_region",
    "INSTITUTION": "institution",
    "HUB": "hub",
}
(SETTLE, _) = CALLS


def test_every_reason_is_classified():
    table = faults()
    classified = {*table.failed, *table.refused, *table.elsewhere}
    missing = sorted(REASONS - classified)
    assert missing == [], f"give each a row in services/settlement/faults.yaml: {missing}"
    assert sorted(classified - REASONS) == [], "no such reason in error_reason.proto"


def test_the_parties_are_those_of_supervisions_tickets():
    causes = yaml.safe_load(TICKETS.read_text("utf-8"))["terms"]["causes"][-1]["value"]
    differing = {
        reason: (party, causes[reason][0])
        for reason, party in faults().failed.items()
        if reason in causes and PARTY.get(causes[reason][0]) != party
    }
    assert differing == {}


def test_a_reason_in_two_places_is_refused():
    text = (
        "failed:\n  hub: [A]\n  insured_region: [A]\n  care_region: [B]\n  institution: [C]\n"
        "refused: [D]\nelsewhere: [E]\n"
    )
    with pytest.raises(FaultsInvalid, match="A stand more than once"):
        parse_faults(text)
    with pytest.raises(FaultsInvalid, match="sections"):
        parse_faults("failed: {}\nrefused: []\n")
    with pytest.raises(FaultsInvalid, match="parties"):
        parse_faults("failed: {hub: [A]}\nrefused: []\nelsewhere: []\n")


@pytest.mark.parametrize(
    ("total_s", "region_s", "party"),
    [
        (1.2, 1.0, "insured_region"),  # within its share it would have been 0.95
        (1.2, 0.7, "hub"),  # the region kept its share
        (2.0, 1.2, "hub"),  # both too long: late even with a region in time
        (1.7, 1.5, "insured_region"),
    ],
)
def test_who_made_a_round_trip_late(total_s, region_s, party):
    assert slow_party(total_s, region_s) == party


@pytest.mark.parametrize(
    ("reason", "service", "cause", "expected"),
    [
        ("", "", "", ("settled", None, True)),
        ("CREDENTIAL_EXPIRED", "identity", "", ("refused", None, True)),
        ("POLICY_NOT_COVERED", "benefits", "", ("refused", None, True)),
        ("DATABASE_UNAVAILABLE", "settlement", "", ("failed", "hub", False)),
        ("INTERNAL", "benefits", "", ("failed", "insured_region", False)),
        ("OUTCOME_PENDING", "settlement", "CALLEE_UNAVAILABLE", ("failed", "hub", False)),
        (
            "OUTCOME_PENDING",
            "settlement",
            "INSURED_REGION_UNAVAILABLE",
            ("failed", "insured_region", False),
        ),
        ("OUTCOME_PENDING", "settlement", "DATABASE_UNAVAILABLE", ("failed", "hub", False)),
        ("BILL_TOTAL_MISMATCH", "settlement", "", ("failed", "institution", False)),
        ("CATALOGUE_NOT_PUBLISHED", "settlement", "", ("failed", "care_region", False)),
        ("MONTH_IS_CUT", "clearing", "", ("failed", "hub", False)),
        ("NO_SUCH_REASON", "", "", ("failed", "hub", False)),
    ],
)
def test_what_a_round_trip_came_to(reason, service, cause, expected):
    verdict = judge(reason, service, Trip(cause=cause), 0.1)
    assert (verdict.outcome, verdict.party, verdict.is_timed) == expected


def test_what_the_region_said_is_the_regions():
    trip = Trip()
    token = round_trips.current.set(trip)
    try:
        foreign = Unavailable("DATABASE_UNAVAILABLE", "away")
        foreign.domain = "benefits.yijie"
        round_trips.note_cause(foreign)
        assert trip.cause == ""
        round_trips.note_cause(Unavailable("DATABASE_UNAVAILABLE", "away"))
        assert trip.cause == "DATABASE_UNAVAILABLE"
    finally:
        round_trips.current.reset(token)


@pytest.mark.parametrize(
    ("total_s", "region_s", "party", "is_timed"),
    [
        (0.3, 0.0, "institution", False),
        (0.97, 0.1, "hub", True),  # its deadline of a second began before the request was here
        (1.5, 0.1, "hub", True),
        (1.5, 1.4, "insured_region", True),
    ],
)
def test_a_caller_that_gave_up(total_s, region_s, party, is_timed):
    verdict = judge("", "", Trip(region_s=region_s), total_s, is_abandoned=True)
    assert (verdict.outcome, verdict.party, verdict.is_timed) == ("failed", party, is_timed)


@pytest.mark.parametrize(
    ("reason", "seconds", "party", "is_timed"),
    [
        # It gave its second, and some of it went by on the way: this is no institution's fault.
        ("DEADLINE_TOO_SHORT", (0.96, 0.1, 0.01), "hub", True),
        ("DEADLINE_TOO_SHORT", (0.96, 0.9, 0.01), "insured_region", True),
        ("DEADLINE_TOO_SHORT", (0.1, 0.0, 0.01), "institution", False),
        # The region had what the hub had left it.
        ("OUTCOME_PENDING", (0.96, 0.05, 0.02), "hub", True),
        ("OUTCOME_PENDING", (0.96, 0.8, 0.02), "insured_region", True),
        ("INSURED_REGION_UNAVAILABLE", (0.08, 0.05, 0.02), "institution", False),
        ("CALLEE_UNAVAILABLE", (0.05, 0.0, 0.02), "institution", False),
        ("CALLEE_UNAVAILABLE", (0.97, 0.0, 0.02), "hub", True),
        # There was time left: it is as it is said.
        ("OUTCOME_PENDING", (0.96, 0.05, 3.0), "insured_region", False),
        ("CALLEE_UNAVAILABLE", (0.5, 0.0, 3.0), "hub", False),
        ("DATABASE_UNAVAILABLE", (0.1, 0.0, 0.01), "hub", False),
    ],
)
def test_a_caller_whose_time_ran_out(reason, seconds, party, is_timed):
    total_s, region_s, left_s = seconds
    verdict = judge(reason, "settlement", Trip(region_s=region_s), total_s, left_s=left_s)
    assert (verdict.outcome, verdict.party, verdict.is_timed) == ("failed", party, is_timed)


def request(care: str, insured: str):
    return SimpleNamespace(
        bill=SimpleNamespace(care_region_code=care),
        patient=SimpleNamespace(insured_region_code=insured),
    )


def test_only_provinces_become_labels():
    call = calls.Call(method=SETTLE, started=0.0)
    assert pair_of(request("640104", "130000"), call) == ("640000", "130000")
    assert pair_of(request("7101", "999999"), call) == ("unknown", "unknown")
    assert pair_of(SimpleNamespace(visit_id="x"), call) == ("unknown", "unknown")
    call.fields.update(care_region="460000", insured_region="110000")
    assert pair_of(SimpleNamespace(visit_id="x"), call) == ("460000", "110000")


def counted(outcome: str, care: str, insured: str) -> float:
    return metrics.ROUND_TRIPS.labels(care, insured, outcome)._value.get()


async def trip(inner, *, care: str, started_before_s: float = 0.0, **fields) -> None:
    call = calls.Call(method=SETTLE, started=time.perf_counter() - started_before_s)
    call.fields.update(care_region=care, insured_region="130000", **fields)
    token = calls.current.set(call)
    try:
        await RoundTripInterceptor().unary(SETTLE, inner)(request(care, "130000"), None)
    finally:
        calls.current.reset(token)


async def test_a_late_settlement_is_counted_with_its_party():
    async def inner(_request, _context):
        round_trips.note_region(2.5)

    late = metrics.SLOW_ROUND_TRIPS.labels("620000", "130000", "insured_region")
    before, late_before = counted("settled", "620000", "130000"), late._value.get()
    await trip(inner, care="620000", started_before_s=2.6)
    assert counted("settled", "620000", "130000") == before + 1
    assert late._value.get() == late_before + 1


def bills_in_time(care: str) -> tuple[float, float]:
    """Bills with a duration, and those of them within the second."""
    found = {
        (sample.name.rpartition("_")[2], sample.labels.get("le")): sample.value
        for family in metrics.ROUND_TRIP_DURATION.collect()
        for sample in family.samples
        if sample.labels["care_region"] == care
    }
    return found[("count", None)], found[("bucket", "1.0")]


async def test_who_gives_up_when_its_second_is_over_was_not_answered_in_time():
    async def inner(_request, _context):
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await trip(inner, care="610000", started_before_s=0.95)
    assert bills_in_time("610000") == (1, 0)


async def test_a_repeat_is_not_counted_again():
    async def inner(_request, _context):
        calls.note(replayed=True)

    before = counted("settled", "630000", "130000")
    await trip(inner, care="630000")
    assert counted("settled", "630000", "130000") == before


async def test_every_counter_of_a_pair_is_there_from_its_first_round_trip():
    async def inner(_request, _context):
        return None

    await trip(inner, care="650000")
    shown = {
        (sample.labels["party"], sample.value)
        for family in metrics.ROUND_TRIP_FAILURES.collect()
        for sample in family.samples
        if sample.name.endswith("_total") and sample.labels["care_region"] == "650000"
    }
    assert {party for party, _ in shown} == {"institution", "care_region", "hub", "insured_region"}


def test_other_calls_and_streams_are_left_alone():
    async def inner(_request, _context):
        return None

    interceptor = RoundTripInterceptor()
    method = "/yijie.settlement.v1.SettlementService/GetSettlement"
    assert interceptor.unary(method, inner) is inner
    assert interceptor.stream(method, inner) is inner
