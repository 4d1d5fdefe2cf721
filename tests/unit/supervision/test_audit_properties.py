"""Goal: which findings stand is decided by which bills stand, whatever the order and the repeats.

Method: bills of one person with stays and visits that overlap, repeat and crowd a day come in any
order, some of them twice, some are taken back. The record must end as an independent reading has it
that judges every standing bill once, before all the others.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.supervision.domain.audit import PersonRecord, audit
from services.supervision.domain.recording import made_id
from tests.unit.supervision.auditing import (
    bill,
    expected,
    ruleset,
    run,
    settle,
    standing,
    take_back,
)

BILLS = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from((0, 0, 0, 2, 9, 20)),
        st.integers(0, 30),
        st.sampled_from(("11", "11", "21", "41")),
        st.sampled_from((1_000, 20_000)),
    ),
    max_size=9,
).map(
    lambda rows: [
        bill(number, begin=begin, days=days, settled=settled, medical_type=kind, fen=fen)
        for number, (begin, days, settled, kind, fen) in enumerate(rows, start=1)
    ]
)


@st.composite
def feeds(draw):
    """Bills, and a feed of them: in any order, perhaps twice; a reversal after its bill."""
    bills = draw(BILLS)
    events = [settle(one, None) for one in draw(st.permutations(bills))]
    gone = draw(st.sets(st.sampled_from(bills), max_size=4)) if bills else set()
    for one in sorted(gone, key=lambda found: found.bill_key):
        first = next(n for n, event in enumerate(events) if getattr(event, "bill", None) is one)
        place = draw(st.integers(first + 1, len(events)))
        events.insert(place, take_back(one))
    for event in draw(st.lists(st.sampled_from(events), max_size=3)) if events else ():
        place = draw(st.integers(events.index(event), len(events)))
        events.insert(place, event)
    return [one for one in bills if one not in gone], events


@settings(max_examples=150)
@given(feeds())
def test_findings_that_stand_are_decided_by_bills_that_stand(feed):
    bills, events = feed
    assert standing(run(events)) == expected(bills)


@settings(max_examples=100)
@given(feeds())
def test_every_finding_made_stands_or_was_withdrawn_once(feed):
    _, events = feed
    record, made, dropped = PersonRecord(is_whole=True), [], []
    for event in events:
        change = audit(event, record, ruleset())
        made += change.made
        dropped += change.dropped
    keys = [kept.finding_id for kept in made]
    gone = [one.finding_id for one in dropped]
    assert len(set(keys)) == len(keys)
    assert len(set(gone)) == len(gone)
    left = {kept.finding_id for found in record.findings.values() for kept in found}
    assert left == set(keys) - set(gone)
    assert all(
        kept.finding_id
        in {made_id(kept.bill_key, kept.finding, generation=number) for number in range(9)}
        for kept in made
    )
