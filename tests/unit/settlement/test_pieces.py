"""Goal: states and cursors are what the rest takes for granted."""

from __future__ import annotations

import pytest

from services.kit.errors import InvalidArgument
from services.settlement.domain.states import ALLOWED, VERSION, State
from services.settlement.feed_messages import read_cursor, write_cursor
from services.settlement.feed_store import Position
from services.settlement.messages import basic
from yijie.settlement.v1 import settlement_pb2


def test_every_way_leads_on():
    for state, following in ALLOWED.items():
        assert all(VERSION[after] == VERSION[state] + 1 for after in following)
    reachable = {State.PENDING} | {after for following in ALLOWED.values() for after in following}
    assert reachable == set(State) == set(ALLOWED)


@pytest.mark.parametrize("position", [(0, 0), (1, 2), (2**63 - 1, 2**63 - 1)])
def test_a_cursor_says_where_it_was_written(position):
    assert read_cursor(write_cursor(Position(*position))) == position


@pytest.mark.parametrize("text", ["1", "1.", ".1", "a.b", "1.-1", f"{2**63}.1", "1.1 ", "²."])
def test_other_cursors_are_refused(text):
    with pytest.raises(InvalidArgument):
        read_cursor(text)


def test_the_basic_view_makes_no_adjudication_where_there_is_none():
    settlement = settlement_pb2.Settlement(failure_reason="POLICY_NOT_COVERED")
    assert not basic(settlement).HasField("adjudication")
