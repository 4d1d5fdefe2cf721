"""Goal: whatever happens to one leg is found and named; legs that are equal give nothing.

Method: random days, mirrored into a leg of each party, then spoilt in one place.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clearing.domain.differences import LegStatus, merge
from services.clearing.domain.reconciliation import (
    HubRecord,
    Kind,
    LegRecord,
    Party,
    Status,
    View,
    compare,
)
from services.clearing.domain.totals import add_up, differing
from tests.unit.clearing.reconciliation_world import (
    CODES,
    UNTIL,
    amounts,
    hub,
    leg,
    mirrored,
    settlement_id,
    taken_back,
)

PARTIES = [Party.INSTITUTION, Party.CARE_PROVINCE, Party.INSURED_PROVINCE]


@st.composite
def days(draw: Any) -> list[HubRecord]:
    """What the hub has of a day: standing, taken back on it, or taken back on it and older."""
    records = []
    for number in range(1, draw(st.integers(1, 8)) + 1):
        total = draw(st.integers(0, 10**6))
        fund = draw(st.integers(0, total))
        one = hub(
            number,
            amounts=amounts(total, fund, draw(st.integers(0, total - fund))),
            bill_digest=draw(st.sampled_from([b"", b"one", b"two", b"bill %d" % number])),
        )
        fate = draw(st.sampled_from(["stands", "taken back", "older"]))
        if fate == "older":
            one = replace(one, business_date=date(2026, 1, 5))
        records.append(one if fate == "stands" else taken_back(one))
    return draw(st.permutations(records))


def leg_records(party: Party, day: list[HubRecord]) -> list[LegRecord]:
    until = None if party is Party.INSURED_PROVINCE else UNTIL
    return [mirrored(one, until=until) for one in day]


@pytest.mark.parametrize("party", PARTIES)
@given(day=days())
def test_equal_legs_give_nothing(party: Party, day: list[HubRecord]) -> None:
    records = leg_records(party, day)
    assert compare(leg(party, *records), View(expected=day)) == ()
    bare = [replace(one, request_id=None) for one in records]
    assert compare(leg(party, *bare), View(expected=day)) == ()
    requests = [replace(one, settlement_id=None) for one in records]
    assert compare(leg(party, *requests), View(expected=day)) == ()


SPOIL = ["lose", "invent", "flip", "total", "fund", "account", "cash", "insured", "scheme"]


def spoilt(record: LegRecord, how: str) -> LegRecord:
    held = record.amounts
    assert held is not None
    if how == "flip":
        other = Status.REVERSED if record.status is Status.STANDING else Status.STANDING
        return replace(record, status=other)
    if how == "insured":
        return replace(record, place=replace(record.place, insured_region_code="650000"))
    if how == "scheme":
        return replace(record, place=replace(record.place, scheme_code="390"))
    field = f"{how}_fen"
    return replace(record, amounts=replace(held, **{field: getattr(held, field) + 1}))


@pytest.mark.parametrize("how", SPOIL)
@pytest.mark.parametrize("party", PARTIES)
@given(day=days(), data=st.data())
def test_whatever_happens_to_one_record_is_found_and_named(
    party: Party, how: str, day: list[HubRecord], data: Any
) -> None:
    records = leg_records(party, day)
    index = data.draw(st.integers(0, len(records) - 1))
    victim = records[index]
    if how == "lose":
        records.pop(index)
    elif how == "invent":
        victim = replace(victim, settlement_id=settlement_id(99), request_id=None)
        records.insert(index, victim)
    else:
        records[index] = spoilt(victim, how)
    found = compare(leg(party, *records), View(expected=day))
    assert [one.settlement_id for one in found] == [victim.settlement_id]
    draft = merge(found, set())
    missing = [one.party for one in draft.legs if one.status is LegStatus.MISSING]
    if how == "lose":
        assert draft.kind in {Kind.MISSING_THERE, Kind.REVERSED_ON_ONE_SIDE}
        assert missing == [party]
    elif how == "invent":
        assert draft.kind is Kind.MISSING_HERE
        assert missing == [Party.HUB]
    elif how == "flip":
        assert draft.kind is Kind.REVERSED_ON_ONE_SIDE
        assert missing == []
    else:
        assert draft.kind is Kind.AMOUNT_DIFFERS
        assert missing == []
    (of_party,) = [one for one in draft.legs if one.party is party]
    assert of_party.party_code == CODES[party]


@given(day=days(), data=st.data())
def test_the_hub_losing_one_is_found_too(day: list[HubRecord], data: Any) -> None:
    records = leg_records(Party.INSTITUTION, day)
    victim = data.draw(st.sampled_from(day))
    rest = [one for one in day if one is not victim]
    (found,) = compare(leg(Party.INSTITUTION, *records), View(expected=rest))
    assert (found.settlement_id, found.kind) == (victim.settlement_id, Kind.MISSING_HERE)


@given(day=days(), data=st.data())
def test_a_reversal_after_the_day_changes_nothing_that_was_stated(
    day: list[HubRecord], data: Any
) -> None:
    records = leg_records(Party.INSTITUTION, day)
    later = [
        taken_back(one, after=timedelta(hours=data.draw(st.integers(0, 500))))
        if one.reverse_time is None
        else one
        for one in day
    ]
    assert compare(leg(Party.INSTITUTION, *records), View(expected=later)) == ()


@given(day=days(), data=st.data())
def test_totals_see_every_change_of_one_record(day: list[HubRecord], data: Any) -> None:
    records = leg_records(Party.INSTITUTION, day)
    earlier = [one.settlement_id for one in day if one.business_date < date(2026, 3, 31)]
    before = add_up(records, earlier)
    assert differing(before, add_up(data.draw(st.permutations(records)), earlier)) == ()
    index = data.draw(st.integers(0, len(records) - 1))
    if records[index].settlement_id not in earlier:
        how = data.draw(st.sampled_from(["flip", "total", "fund", "account", "cash", "scheme"]))
        changed = [*records]
        changed[index] = spoilt(changed[index], how)
        assert differing(before, add_up(changed, earlier)) != ()
