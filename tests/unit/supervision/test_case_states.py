"""Goal: a case goes only the ways that are drawn, three people decide, samples are redrawn."""

from __future__ import annotations

import re
from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.errors import DomainError, InvalidArgument
from services.supervision.domain import case_states, consequence_states
from services.supervision.domain.case_documents import (
    BYTES_MAX,
    DocumentType,
    require_length,
    require_size,
    type_of,
)
from services.supervision.domain.case_review import (
    Decided,
    Doubt,
    Verdict,
    complete,
    confirm_all,
    decide,
    require_another_person,
)
from services.supervision.domain.case_sample import digest_of, draw, is_rejected, size_of
from services.supervision.domain.case_states import AFTER, ALLOWED, BEFORE, CaseState, Step
from tests.tidy.sources import ROOT, text_of

ONE, OTHER = UUID(int=1), UUID(int=2)
SAMPLE = UUID(int=9)


def doubt(finding_id=ONE, *, withdrawn=False, verdicts=(), amount=500):
    return Doubt(
        finding_id=finding_id, amount_fen=amount, is_withdrawn=withdrawn, verdicts=verdicts
    )


def says(finding_id=ONE, *, step=Step.FIRST, confirmed=True, at_fault=None):
    return Verdict(finding_id=finding_id, step=step, is_confirmed=confirmed, at_fault_fen=at_fault)


@pytest.mark.parametrize(
    ("module", "function"), [(case_states, "keep_case"), (consequence_states, "keep_consequence")]
)
def test_the_table_of_states_is_the_diagram_and_the_database_keeps_to_it(module, function):
    drawn = set(re.findall(r"(\w+) --> (\w+):", module.__doc__))
    table = {(one.value, to.value) for one, ways in module.ALLOWED.items() for to in ways}
    assert drawn == table
    ends = set(re.findall(r"(\w+) --> \[\*\]", module.__doc__))
    assert ends == {one.value for one, ways in module.ALLOWED.items() if not ways}
    text = text_of(ROOT / "services/supervision/migrations/0005_case.sql")
    begin = text.index(f"FUNCTION {function}()")
    kept = text[begin : text.index("does not go that way", begin)]
    assert set(re.findall(r"\('(\w+)', '(\w+)'\)", kept)) == table


@pytest.mark.parametrize(("state", "step"), [*product(CaseState, Step)])
def test_a_review_is_decided_only_where_the_case_waits_for_it(state, step):
    if state in BEFORE[step]:
        to = decide(state, step, [doubt()], [says(step=step)])
        assert to is AFTER[step]
        assert to in ALLOWED[state]
    else:
        with pytest.raises(DomainError) as caught:
            decide(state, step, [doubt()], [says(step=step)])
        assert caught.value.reason == "CASE_STATE_FORBIDS"


@pytest.mark.parametrize("step", Step)
def test_what_nobody_confirms_is_dismissed(step):
    state = next(iter(BEFORE[step]))
    found = decide(state, step, [doubt()], [says(step=step, confirmed=False)])
    assert found is CaseState.DISMISSED
    assert found in ALLOWED[state]


def test_one_confirmed_finding_is_enough():
    doubts = [doubt(), doubt(OTHER)]
    verdicts = [says(confirmed=False), says(OTHER)]
    assert decide(CaseState.FIRST_REVIEW, Step.FIRST, doubts, verdicts) is CaseState.SECOND_REVIEW


@pytest.mark.parametrize(
    "verdicts",
    [
        [],
        [says(OTHER)],
        [says(), says()],
        [says(), says(OTHER)],
        [says(at_fault=501)],
        [says(at_fault=0)],
        [says(confirmed=False, at_fault=5)],
    ],
)
def test_a_review_speaks_of_every_open_finding_once_and_of_no_more_than_its_amount(verdicts):
    with pytest.raises(InvalidArgument):
        decide(CaseState.FIRST_REVIEW, Step.FIRST, [doubt()], verdicts)


def test_what_was_withdrawn_or_dismissed_before_is_not_decided_again():
    doubts = [
        doubt(withdrawn=True),
        doubt(OTHER, verdicts=(says(OTHER, confirmed=False),)),
        doubt(UUID(int=3), verdicts=(says(UUID(int=3), at_fault=7),)),
    ]
    found = confirm_all(Step.SECOND, doubts)
    assert [(one.finding_id.int, one.at_fault_fen) for one in found] == [(3, 7)]
    assert decide(CaseState.SECOND_REVIEW, Step.SECOND, doubts, found) is CaseState.OPINION_SENT


def test_what_says_no_amount_takes_that_of_the_review_before():
    doubts = [doubt(verdicts=(says(at_fault=7),)), doubt(OTHER)]
    (first, second) = complete(doubts, [says(step=Step.SECOND), says(OTHER, step=Step.SECOND)])
    assert (first.at_fault_fen, second.at_fault_fen) == (7, None)
    (dismissed,) = complete(doubts[:1], [says(confirmed=False)])
    assert dismissed.at_fault_fen is None


@pytest.mark.parametrize("step", [Step.ANSWER, Step.FINAL])
def test_after_the_opinion_nothing_rises_above_what_it_said(step):
    doubts = [doubt(verdicts=(says(at_fault=9), says(step=Step.SECOND, at_fault=7)))]
    state = next(iter(BEFORE[step]))
    decide(state, step, doubts, [says(step=step, at_fault=7)])
    with pytest.raises(InvalidArgument):
        decide(state, step, doubts, [says(step=step, at_fault=8)])
    # Before it, the second review may say more than the first.
    decide(CaseState.SECOND_REVIEW, Step.SECOND, doubts, [says(step=Step.SECOND, at_fault=500)])


def test_a_case_of_which_nothing_stands_is_not_decided():
    with pytest.raises(DomainError) as caught:
        decide(CaseState.FIRST_REVIEW, Step.FIRST, [doubt(withdrawn=True)], [says()])
    assert caught.value.reason == "CASE_STATE_FORBIDS"


@pytest.mark.parametrize(
    ("step", "officer", "refused"),
    [
        (Step.SECOND, "wang", True),
        (Step.SECOND, "WANG", True),
        (Step.FINAL, "wang", True),
        (Step.FINAL, "li", True),
        (Step.ANSWER, "li", False),
        (Step.ANSWER, "zhao", False),
        (Step.ANSWER, "wang", True),
        (Step.FINAL, "zhao", False),
    ],
)
def test_nobody_decides_in_two_stages(step, officer, refused):
    done = [
        Decided(step=Step.FIRST, officer_id="wang"),
        Decided(step=Step.SECOND, officer_id="li"),
    ]
    if refused:
        with pytest.raises(DomainError) as caught:
            require_another_person(step, officer, done)
        assert caught.value.reason == "CASE_SAME_PERSON"
    else:
        require_another_person(step, officer, done)


@given(st.lists(st.uuids(), unique=True, max_size=40), st.text(max_size=8), st.randoms())
def test_a_draw_depends_on_the_seed_and_the_cases_alone(case_ids, seed, random):
    shuffled = list(case_ids)
    random.shuffle(shuffled)
    drawn = draw(seed, SAMPLE, case_ids, 7)
    assert drawn == draw(seed, SAMPLE, shuffled, 7)
    assert digest_of(case_ids) == digest_of(shuffled)
    assert len(drawn) == min(7, len(case_ids))
    assert set(drawn) <= set(case_ids)


def test_nobody_can_try_a_seed_out_before_the_sample_has_its_key():
    case_ids = [uuid4() for _ in range(20)]
    assert len({tuple(draw("seed", uuid4(), case_ids, 5)) for _ in range(50)}) > 45


def test_another_seed_draws_others_and_each_case_is_drawn_about_as_often():
    case_ids = [uuid4() for _ in range(20)]
    draws = [tuple(draw(f"seed-{number}", SAMPLE, case_ids, 5)) for number in range(400)]
    assert len(set(draws)) > 390
    counts = [sum(one in drawn for drawn in draws) for one in case_ids]
    assert min(counts) > 60  # of 100 expected; below it one in 10^5 runs would be
    assert max(counts) < 145


@pytest.mark.parametrize(
    ("population", "wanted"), [(1, 1), (4, 4), (5, 5), (100, 5), (101, 6), (1000, 50)]
)
def test_a_sample_is_a_share_and_some_at_least(population, wanted):
    assert size_of(population, per_mille=50, least=5) == wanted


def test_a_sample_is_rejected_above_its_share_only():
    assert not is_rejected(reviewed=50, rejected=1, per_mille_max=20)
    assert is_rejected(reviewed=50, rejected=2, per_mille_max=20)
    assert not is_rejected(reviewed=5, rejected=0, per_mille_max=0)
    # What lapsed unseen tells nothing of the others.
    assert is_rejected(reviewed=0, rejected=0, per_mille_max=1000)


def test_a_document_is_what_its_bytes_say():
    assert type_of(b"%PDF-1.7\n") is DocumentType.PDF
    assert type_of(b"\x89PNG\r\n\x1a\n...") is DocumentType.PNG
    assert type_of(b"\xff\xd8\xff\xe0") is DocumentType.JPEG
    for other in (b"", b"MZ\x90", b"<html>", b"PK\x03\x04", b"PDF-1.7"):
        with pytest.raises(InvalidArgument) as caught:
            type_of(other)
        assert caught.value.reason == "DOCUMENT_TYPE_REFUSED"


def test_a_document_of_a_gigabyte_is_refused_by_what_is_announced():
    require_size(BYTES_MAX)
    with pytest.raises(InvalidArgument) as caught:
        require_size(1 << 30)
    assert caught.value.reason == "DOCUMENT_TOO_LARGE"
    assert caught.value.metadata == {"bytes": "1073741824", "bytesMax": "10485760"}
    for length in (0, -1):
        with pytest.raises(InvalidArgument):
            require_size(length)


@pytest.mark.parametrize("length", [9, 11])
def test_a_document_is_as_long_as_announced(length):
    with pytest.raises(InvalidArgument) as caught:
        require_length(length, 10)
    assert caught.value.reason == "DOCUMENT_INCOMPLETE"
