"""Goal: whose a refusal is, and what the clock of a ticket says. Method: pure functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.kit.errors import RuleForbids
from services.kit.reasons import TEXT_ZH
from services.kit.terms_files import TermsRefused
from services.supervision.domain import ticket as tickets
from services.supervision.domain.ticket import (
    Party,
    Refusal,
    Responsibility,
    Ticket,
    TicketKind,
    responsible,
)
from services.supervision.domain.ticket_states import ALLOWED, TicketState
from services.supervision.tickets.terms import TERMS_FOLDER, load_ticket_terms

NOON = datetime(2026, 3, 31, 4, 0, tzinfo=UTC)
TERMS = load_ticket_terms().of(date(2026, 3, 31))
CLOCKWORK = TERMS.clockwork
NINGXIA, BEIJING, XINJIANG = "640000", "110000", "650000"


def refusal(reason: str, **changes: Any) -> Refusal:
    values: dict[str, Any] = {
        "refusal_id": UUID(int=1),
        "reason": reason,
        "from_insured_region": False,
        "care_area_code": "110105",
        "insured_area_code": "640104",
        "institution_code": "H11010500001",
        "medical_type_code": "21",
        "scheme_code": "310",
        "total_fen": 100_000,
        "duration_ms": 800,
        "trace_id": "",
        "request_id": None,
        "event_time": NOON,
    }
    return Refusal(**{**values, **changes})


def judged(reason: str, **changes: Any) -> tuple[Party, Any]:
    return responsible(refusal(reason, **changes), TERMS.causes, TERMS.other)


def test_each_side_is_told_what_is_its_own() -> None:
    party, cause = judged("POLICY_NOT_COVERED")
    assert (party, cause.kind) == (Party.INSURED_PROVINCE, TicketKind.CANNOT_SETTLE)
    assert (cause.responsible_region_code, cause.care_region_code) == (NINGXIA, BEIJING)
    party, cause = judged("INSTITUTION_NOT_OPEN")
    assert (party, cause.responsible_region_code) == (Party.CARE_PROVINCE, BEIJING)
    assert cause.insured_region_code == NINGXIA
    party, cause = judged("BILL_BLOCKED")
    assert (party, cause.kind) == (Party.INSTITUTION, TicketKind.VERIFY_BILL)
    assert (cause.institution_code, cause.responsible_region_code) == ("H11010500001", BEIJING)
    party, cause = judged("DATABASE_UNAVAILABLE")
    assert (party, cause.responsible_region_code) == (Party.HUB, "")


def test_what_is_the_patients_own_or_mended_at_the_window_is_no_ticket() -> None:
    assert judged("CREDENTIAL_EXPIRED") == (Party.PATIENT, None)
    assert judged("QUOTE_CHANGED") == (Party.INSTITUTION, None)


def test_a_silent_province_is_one_ticket_whoever_calls() -> None:
    _, one = judged("INSURED_REGION_UNAVAILABLE")
    _, other = judged("INSURED_REGION_UNAVAILABLE", care_area_code="310101", institution_code="")
    assert one.key == other.key
    assert (one.kind, one.care_region_code) == (TicketKind.SYSTEM_FAULT, "")


def test_a_fault_of_ours_that_the_insured_side_gave_is_theirs() -> None:
    party, cause = judged("INTERNAL", from_insured_region=True)
    assert (party, cause.responsible_region_code) == (Party.INSURED_PROVINCE, NINGXIA)
    party, _ = judged("INTERNAL")
    assert party is Party.HUB


def test_an_institution_is_told_once_whoever_its_patients_are() -> None:
    _, one = judged("LINE_AMOUNT_MISMATCH")
    _, other = judged("LINE_AMOUNT_MISMATCH", insured_area_code="650100")
    _, elsewhere = judged("LINE_AMOUNT_MISMATCH", institution_code="H11010500002")
    assert one.key == other.key != elsewhere.key


def test_pairs_and_reasons_are_apart() -> None:
    keys = {
        judged(reason, insured_area_code=area)[1].key
        for reason in ("POLICY_NOT_COVERED", "INSURANCE_NOT_IN_FORCE")
        for area in ("640104", "650100")
    }
    assert len(keys) == 4


@pytest.mark.parametrize(
    ("reason", "unknown"),
    [
        ("POLICY_NOT_COVERED", {"insured_area_code": ""}),
        ("INSTITUTION_NOT_OPEN", {"care_area_code": "", "institution_code": ""}),
        ("FIELD_INVALID", {"institution_code": ""}),
    ],
)
def test_where_the_party_is_not_known_the_hub_finds_out(
    reason: str, unknown: dict[str, str]
) -> None:
    party, cause = judged(reason, **unknown)
    assert (party, cause.party, cause.responsible_region_code) == (Party.HUB, Party.HUB, "")


def test_a_reason_that_nobody_has_named_goes_to_the_hub() -> None:
    party, cause = judged("SOMETHING_NEW")
    assert (party, cause.kind) == (Party.HUB, TicketKind.SYSTEM_FAULT)


def test_the_care_province_is_that_of_the_institution_where_no_area_is_given() -> None:
    assert refusal("X", care_area_code="").care_region_code == BEIJING


def test_every_reason_of_a_settlement_has_a_party() -> None:
    """What Settle and SettleVisit say they can answer is in the table, but for OTHER."""
    root = Path(__file__).parents[3] / "protos" / "yijie" / "settlement" / "v1"
    text = " ".join(
        (root / name).read_text(encoding="utf-8")
        for name in ("settlement_service.proto", "visit_service.proto")
    )
    comments = [
        part.rpartition(";")[2]
        for call in (" rpc Settle(", " rpc SettleVisit(")
        for part in text.split(call)[:-1]
    ]
    named = {word.strip(",.()") for one in comments for word in one.split()} & set(TEXT_ZH)
    assert len(named) > 10
    assert named - set(TERMS.causes) == set()


def test_every_case_of_the_shipped_table_has_a_text() -> None:
    assert set(TERMS.causes) <= set(TEXT_ZH)
    book = load_ticket_terms()
    assert all(book.entry(name, date(2026, 3, 31)).sample for name in ("answer_hours", "causes"))


# --- terms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("CARD_LOST: [PATIENT, NONE]", "CARD_LOST: [PATIENT, SYSTEM_FAULT]"),
        ("CARD_LOST: [PATIENT, NONE]", "CARD_LOST: [PATIENT]"),
        ("CARD_LOST: [PATIENT, NONE]", "CARD_LOST: [NOBODY, NONE]"),
        ("CARD_LOST: [PATIENT, NONE]", "CARD_LOSS: [PATIENT, NONE]"),
        ("        OTHER: [HUB, SYSTEM_FAULT]\n", ""),
        ("value: 24", "value: 0"),
    ],
)
def test_terms_that_are_not_understood_stop_the_start(tmp_path: Path, old: str, new: str) -> None:
    text = (TERMS_FOLDER / "ticket.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "ticket.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(TermsRefused):
        load_ticket_terms(tmp_path)


# --- the clock ------------------------------------------------------------------------------------


def made(**changes: Any) -> Ticket:
    due = NOON + CLOCKWORK.answer
    values: dict[str, Any] = {
        "ticket_id": UUID(int=9),
        "kind": TicketKind.CANNOT_SETTLE,
        "state": TicketState.OPEN,
        "party": Party.INSURED_PROVINCE,
        "responsible_region_code": NINGXIA,
        "institution_code": "",
        "opener_region_code": "",
        "is_automatic": True,
        "reason": "POLICY_NOT_COVERED",
        "care_region_code": BEIJING,
        "insured_region_code": NINGXIA,
        "settlement_id": None,
        "question": "",
        "answer": "",
        "refusal_count": 1,
        "refused_fen": 100,
        "last_refusal_time": NOON,
        "level": 0,
        "base_level": 0,
        "open_time": NOON,
        "first_due_time": due,
        "due_time": due,
        "first_answer_time": None,
        "answer_time": None,
        "reopen_count": 0,
        "close_time": None,
        "opener_id": "",
    }
    return Ticket(**{**values, **changes})


@pytest.mark.parametrize(
    ("hours", "level"), [(0, 0), (24, 0), (24.01, 1), (48, 1), (48.01, 2), (72.01, 3), (999, 3)]
)
def test_the_level_rises_with_the_clock(hours: float, level: int) -> None:
    assert made().level_at(NOON + timedelta(hours=hours), CLOCKWORK) == level


def test_a_ticket_that_opens_again_has_a_new_clock_and_keeps_its_level() -> None:
    late = NOON + timedelta(hours=30)
    one = tickets.answered(replace(made(), level=1), NINGXIA, "已处理", late)
    assert one.is_late
    again = tickets.escalated(one, BEIJING, late, CLOCKWORK)
    assert (again.state, again.level, again.reopen_count) == (TicketState.OPEN, 2, 1)
    assert again.due_time == late + CLOCKWORK.answer
    assert again.first_due_time == one.first_due_time
    assert again.level_at(late + timedelta(hours=23), CLOCKWORK) == 2
    assert again.level_at(late + timedelta(hours=25), CLOCKWORK) == 3


def test_the_first_answer_decides_whether_it_was_in_time() -> None:
    soon = NOON + timedelta(hours=1)
    one = tickets.answered(made(), NINGXIA, "已处理", soon)
    again = tickets.reopened(one, soon, CLOCKWORK)
    last = tickets.answered(again, NINGXIA, "再处理", soon + timedelta(days=9))
    assert (last.first_answer_time, last.is_late) == (soon, False)
    assert last.answer == "再处理"


def reason_of(call: Callable[[], object]) -> str:
    with pytest.raises(RuleForbids) as caught:
        call()
    return caught.value.reason


def test_nobody_does_what_is_anothers() -> None:
    late = NOON + timedelta(hours=30)
    one = made()
    another = "TICKET_OF_ANOTHER_PROVINCE"
    assert reason_of(lambda: tickets.answered(one, BEIJING, "x", NOON)) == another
    assert reason_of(lambda: tickets.answered(one, "", "x", NOON)) == another
    assert reason_of(lambda: tickets.closed(one, NINGXIA, NOON)) == another
    assert reason_of(lambda: tickets.closed(one, XINJIANG, NOON)) == another
    assert reason_of(lambda: tickets.escalated(one, NINGXIA, late, CLOCKWORK)) == another
    assert tickets.closed(one, BEIJING, NOON).close_time == NOON
    assert tickets.closed(one, "", NOON).state is TicketState.CLOSED


def test_states_and_levels_are_kept() -> None:
    late = NOON + timedelta(hours=30)
    closed = tickets.closed(made(), BEIJING, NOON)
    for call in (
        lambda: tickets.answered(closed, NINGXIA, "x", NOON),
        lambda: tickets.escalated(closed, BEIJING, late, CLOCKWORK),
        lambda: tickets.closed(closed, BEIJING, NOON),
        lambda: tickets.reopened(made(), NOON, CLOCKWORK),
    ):
        assert reason_of(call) == "TICKET_STATE_FORBIDS"
    assert (
        reason_of(lambda: tickets.escalated(made(), BEIJING, NOON, CLOCKWORK))
        == "TICKET_NOT_OVERDUE"
    )
    top = replace(made(), level=3)
    assert (
        reason_of(lambda: tickets.escalated(top, BEIJING, late, CLOCKWORK))
        == "TICKET_LEVEL_HIGHEST"
    )


def test_every_state_has_its_ways() -> None:
    assert set(ALLOWED) == set(TicketState)
    assert ALLOWED[TicketState.CLOSED] == frozenset()


def test_a_party_of_the_table_is_a_responsibility() -> None:
    assert isinstance(TERMS.other, Responsibility)
