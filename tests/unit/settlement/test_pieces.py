"""Goal: states, cursors and routes are what the rest takes for granted."""

from __future__ import annotations

import pytest

from services.kit.errors import InvalidArgument
from services.settlement.config import parse_routes
from services.settlement.domain.states import ALLOWED, VERSION, State
from services.settlement.messages import basic, read_cursor, write_cursor
from yijie.settlement.v1 import settlement_pb2


def test_every_way_leads_on():
    for state, following in ALLOWED.items():
        assert all(VERSION[after] == VERSION[state] + 1 for after in following)
    reachable = {State.PENDING} | {after for following in ALLOWED.values() for after in following}
    assert reachable == set(State) == set(ALLOWED)


@pytest.mark.parametrize("position", [(0, 0), (1, 2), (2**63 - 1, 2**63 - 1)])
def test_a_cursor_says_where_it_was_written(position):
    assert read_cursor(write_cursor(*position)) == position


@pytest.mark.parametrize("text", ["1", "1.", ".1", "a.b", "1.-1", f"{2**63}.1", "1.1 ", "²."])
def test_other_cursors_are_refused(text):
    with pytest.raises(InvalidArgument):
        read_cursor(text)


def test_the_basic_view_makes_no_adjudication_where_there_is_none():
    settlement = settlement_pb2.Settlement(failure_reason="POLICY_NOT_COVERED")
    assert not basic(settlement).HasField("adjudication")


def test_routes():
    assert parse_routes("*=a:1, 650000=b:2") == {"*": "a:1", "650000": "b:2"}


@pytest.mark.parametrize(
    "text",
    ["", "a:1", "*=", "65=a:1", "650100=a:1", "６50000=a:1", "650000=a:1,650000=b:2", "750000=a:1"],
)
def test_routes_that_would_never_be_taken_are_refused(text):
    with pytest.raises(ValueError, match="PROVINCE"):
        parse_routes(text)
