"""Goal: mapping entries go in, and confirmations change them, by the rules.

Method: hand-made batches; and Hypothesis for what a confirmation leaves of a code's periods.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.domain.mapping import (
    Confirmed,
    MappingEntry,
    admit_entries,
    confirm,
    region_of,
)
from services.catalogue.domain.periods import holds, overlap
from services.kit.errors import InvalidArgument

BED = "001109000030000"
DRUG = "XB01AXA223B001010100269"
DAY = date(2026, 1, 1)
ENTRY = MappingEntry(
    source_code="S1",
    source_name="床位费",
    target_code=BED,
    list_type_code="201",
    begin_date=DAY,
    end_date=None,
    specification="",
    unit_price=None,
    period_amount_fen=None,
)


def refused(admission):
    return [
        (refusal.index, refusal.error.reason, [each.field for each in refusal.error.violations])
        for refusal in admission.refusals
    ]


def test_national_targets_have_the_format_of_their_list():
    batch = [
        ENTRY,
        replace(ENTRY, source_code="S2", target_code=""),
        replace(ENTRY, source_code="S3", target_code="NX-1"),
        replace(ENTRY, source_code="S4", target_code=DRUG),
        replace(ENTRY, source_code="S5", target_code=DRUG, list_type_code="104"),
        replace(ENTRY, source_code="S6", target_code=BED, list_type_code="105"),
    ]
    assert refused(admit_entries(batch, {}, region_codes=None)) == [
        (2, "MAPPING_TARGET_UNKNOWN", ["entries[2].target_code"]),
        (3, "FIELD_INVALID", ["entries[3].target_code"]),
        (5, "FIELD_INVALID", ["entries[5].target_code"]),
    ]


def test_targets_of_three_stages_are_codes_of_the_region():
    batch = [
        replace(ENTRY, target_code="NX-1"),
        replace(ENTRY, source_code="S2", target_code="NX-2"),
        replace(ENTRY, source_code="S3", target_code=""),
    ]
    assert refused(admit_entries(batch, {}, region_codes={"NX-1"})) == [
        (1, "MAPPING_TARGET_UNKNOWN", ["entries[1].target_code"])
    ]


def test_the_first_of_two_that_overlap_goes_in_and_a_refused_one_takes_no_room():
    unreadable = InvalidArgument("FIELD_INVALID", "entries[0].begin_date: not a calendar date")
    batch = [
        unreadable,
        replace(ENTRY, target_code="NX"),
        ENTRY,
        replace(ENTRY, begin_date=DAY + timedelta(9)),
        replace(ENTRY, source_code="S2"),
    ]
    admission = admit_entries(batch, {"S2": [(DAY, DAY)]}, region_codes=None)
    assert [index for index, _reason, _fields in refused(admission)] == [0, 1, 3, 4]
    assert admission.entries == (ENTRY,)


def test_money_beyond_any_item_is_refused():
    batch = [replace(ENTRY, period_amount_fen=10**13), replace(ENTRY, period_amount_fen=10**13 - 1)]
    admission = admit_entries(batch, {}, region_codes=None)
    assert refused(admission) == [(0, "FIELD_INVALID", ["entries[0].period_amount"])]


def test_a_confirmation_replaces_the_last_period_or_cuts_it():
    first = replace(ENTRY, end_date=DAY + timedelta(30), target_code="")
    second = replace(ENTRY, begin_date=DAY + timedelta(31), target_code="")
    known = {"S1": [first, second]}

    def confirmed(begin):
        code = Confirmed(source_code="S1", target_code=BED, begin_date=begin)
        return confirm([code], known, region_codes=None)

    whole = replace(second, target_code=BED)
    assert confirmed(None).entries == (first, whole)
    later = DAY + timedelta(50)
    assert confirmed(later).entries == (
        first,
        replace(second, end_date=later - timedelta(1)),
        replace(whole, begin_date=later),
    )
    assert refused(confirmed(DAY)) == [(0, "MAPPING_PERIOD_OVERLAP", ["codes[0].begin_date"])]


def test_what_cannot_be_confirmed_is_refused_by_row():
    ended = replace(ENTRY, source_code="S2", end_date=DAY)
    codes = [
        Confirmed(source_code="S9", target_code=BED, begin_date=None),
        Confirmed(source_code="S1", target_code=DRUG, begin_date=None),
        Confirmed(source_code="S2", target_code=BED, begin_date=DAY + timedelta(1)),
        Confirmed(source_code="S1", target_code=BED, begin_date=None),
    ]
    admission = confirm(codes, {"S1": [ENTRY], "S2": [ended]}, region_codes=None)
    assert [(index, reason) for index, reason, _fields in refused(admission)] == [
        (0, "RESOURCE_NOT_FOUND"),
        (1, "FIELD_INVALID"),
        (2, "FIELD_INVALID"),
        (3, "FIELD_INVALID"),
    ]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 6)), min_size=1, max_size=4),
    st.booleans(),
    st.none() | st.integers(0, 40),
)
def test_a_confirmation_changes_no_day_before_it_and_every_day_after(gaps, open_end, begin):
    """Periods are laid out with gaps; the last may be open."""
    known, day = [], DAY
    for gap, length in gaps:
        start = day + timedelta(gap)
        day = start + timedelta(length)
        known.append(replace(ENTRY, begin_date=start, end_date=day - timedelta(1), target_code=""))
    if open_end:
        known[-1] = replace(known[-1], end_date=None)
    first = None if begin is None else DAY + timedelta(begin)
    code = Confirmed(source_code="S1", target_code=BED, begin_date=first)
    admission = confirm([code], {"S1": known}, region_codes=None)
    if admission.refusals:
        last = known[-1]
        late = last.end_date is not None and first > last.end_date
        over = any(
            overlap((first, last.end_date), (entry.begin_date, entry.end_date))
            for entry in known[:-1]
        )
        assert late or over
        return
    since = known[-1].begin_date if first is None else first
    for number in range(60):
        on = DAY + timedelta(number)
        before, after = target_on(known, on), target_on(admission.entries, on)
        within = on >= since and holds((since, known[-1].end_date), on)
        assert after == ([BED] if within else before)


def target_on(entries, day):
    return [
        entry.target_code for entry in entries if holds((entry.begin_date, entry.end_date), day)
    ]


def test_the_region_of_an_owner_is_its_province():
    assert region_of("640000") == region_of("H64010400001") == region_of("P64010400001") == "640000"
