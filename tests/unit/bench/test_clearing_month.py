"""Goal: the flow that the bench of clearing books is the same each time, of the size asked for, and
has the shape of the field: pairs, schemes, funds, stays, reversals after their settlements."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace

from services.bench.clearing import _months_before
from services.bench.clearing_fill import Filled
from services.bench.clearing_month import INPATIENT, Flow
from services.kit.clock import civil_date, civil_month
from services.kit.ids import time_of

SIZE = 4000


def events_of(seed=61, months=("2026-02",)):
    flow = Flow(seed)
    return [
        event for month in months for _, events in flow.month(month, SIZE) for event in events
    ], flow.rest()


def test_a_seed_is_one_flow():
    assert events_of() == events_of()
    assert events_of() != events_of(seed=62)


def test_a_month_has_the_size_asked_for_in_order_and_on_its_days():
    events, _ = events_of()
    settled = [event for event in events if not event.reverses]
    assert len(settled) == SIZE
    assert len({event.settled.settlement_id for event in settled}) == SIZE
    times = [event.event_time for event in events]
    assert times == sorted(times)
    assert {civil_month(moment) for moment in times} == {"2026-02"}
    assert len({civil_date(moment) for moment in times}) == 28
    for event in settled:
        given = time_of(event.settled.settlement_id)
        assert abs((given - event.event_time).total_seconds()) < 0.001


def test_amounts_add_up_and_every_settlement_has_two_or_three_funds():
    events, _ = events_of()
    for event in events:
        one = event.settled
        assert len(one.funds) in {2, 3}
        assert all(fen > 0 for _, fen in one.funds)
        assert one.fund_fen + one.account_fen + one.cash_fen == one.total_fen
        assert one.cash_fen >= 0
        assert one.insured_region_code != one.care_region_code
        assert (one.account_fen > 0) == (one.scheme_code == "310")


def test_the_shape_is_that_of_the_field():
    events, rest = events_of(months=("2026-02", "2026-03"))
    settled = [event.settled for event in events if not event.reverses]
    reversed_ = [event for event in events if event.reverses]
    assert 0.003 < (len(reversed_) + len(rest)) / len(settled) < 0.02
    begun = {event.settled.settlement_id: event.event_time for event in events[::-1]}
    assert all(event.event_time > begun[event.settled.settlement_id] for event in reversed_)
    stays = sum(one.medical_type_code == INPATIENT for one in settled)
    assert 0.04 < stays / len(settled) < 0.08
    care = Counter(one.care_region_code for one in settled)
    insured = Counter(one.insured_region_code for one in settled)
    assert len(care) == len(insured) == 32
    assert care["310000"] > 5 * care["640000"]
    assert insured["340000"] > 3 * insured["640000"]


def test_months_are_the_last_ones_that_are_over(monkeypatch):
    frozen = SimpleNamespace(now=lambda _zone: datetime(2026, 1, 31, 16, 30, tzinfo=UTC))
    monkeypatch.setattr("services.bench.clearing.datetime", frozen)
    # It is February in China already.
    assert _months_before(3) == ["2025-11", "2025-12", "2026-01"]


def test_what_was_filled_adds_up():
    total, other = Filled(settlements=1, elapsed_s=2.0), Filled(settlements=2, elapsed_s=3.0)
    other.seconds = {"ledger": 1.5}
    total.add(other)
    total.add(other)
    assert (total.settlements, total.elapsed_s, total.seconds) == (5, 8.0, {"ledger": 3.0})
