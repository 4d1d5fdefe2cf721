"""Defects of what callers are told, and of what persons have used."""

from __future__ import annotations

from dataclasses import replace

from services.proving.history import (
    Accumulators,
    Adjudication,
    Answered,
    BookingState,
    FundPayment,
    Get,
    PersonYear,
    Refused,
    RegisterVisit,
    Reverse,
    Settlement,
    State,
    Unknown,
    VisitAnswered,
)
from tests.unit.proving.planting import (
    FAILED,
    PLAIN,
    UNDONE,
    amended,
    answering,
    dropped,
    kept,
    paying,
    relisted,
    said,
)
from tests.unit.proving.world import ANNA, BORIS, CLARA, OPENING, World, uuid


def a_settlement_lost(history, final):
    return history, dropped(final, PLAIN)


def a_settlement_with_another_amount(history, final):
    one = kept(final, PLAIN)
    return history, relisted(final, paying(one, cash_pay=one.adjudication.cash_pay + 1))


def a_settlement_twice(history, final):
    return history, replace(final, listed=(*final.listed, kept(final, PLAIN)))


def a_request_settled_twice(history, final):
    twin = replace(kept(final, PLAIN), settlement_id=uuid("twin"))
    return history, replace(final, listed=(*final.listed, twin))


def a_settlement_that_nobody_asked_for(history, final):
    ghost = replace(kept(final, PLAIN), settlement_id=uuid("ghost"), request_id=uuid("nobody"))
    return history, replace(final, listed=(*final.listed, ghost))


def a_settlement_for_another_person(history, final):
    return history, relisted(final, replace(kept(final, PLAIN), person_id=BORIS))


def a_settlement_although_every_attempt_was_refused(history, final):
    operations = tuple(
        replace(operation, reply=Refused("CARD_LOST"))
        if getattr(operation.request, "request_id", "") == kept(final, PLAIN).request_id
        else operation
        for operation in history.operations
    )
    return replace(history, operations=operations), final


def a_reversal_that_nobody_asked_for(history, final):
    operations = tuple(
        operation
        for operation in history.operations
        if not (
            isinstance(operation.request, Reverse) and operation.request.settlement_id == UNDONE
        )
    )
    return replace(history, operations=operations), final


def a_repeat_with_another_answer(history, final):
    request = next(o.request for o in history.operations if isinstance(o.reply, Answered))
    shown = paying(kept(final, PLAIN), account_balance=1)
    return said(history, request, Answered(shown, replayed=True)), final


def a_repeat_that_is_refused(history, final):
    request = next(o.request for o in history.operations if isinstance(o.reply, Answered))
    return said(history, request, Refused("CARD_LOST")), final


def a_registration_answered_otherwise(history, final):
    first = next(o for o in history.operations if isinstance(o.request, RegisterVisit))
    other = replace(first.reply.visit, line_count=7)
    return said(history, first.request, VisitAnswered(other)), final


def a_refusal_that_settled(history, final):
    return history, relisted(final, replace(kept(final, FAILED), state=State.SETTLED))


def an_answer_after_a_refusal(history, final):
    request = next(o.request for o in history.operations if isinstance(o.reply, Answered))
    return said(history, request, Refused("REQUEST_ID_REUSED")), final


def a_void_request_that_exists(history, final):
    late = replace(kept(final, PLAIN), request_id=uuid("void request"), settlement_id=uuid("late"))
    final = replace(
        final,
        listed=(*final.listed, late),
        by_request={**final.by_request, late.request_id: late},
    )
    return history, final


def a_settlement_that_is_not_its_quote(history, final):
    shown = kept(final, PLAIN)
    request = next(o.request for o in history.operations if isinstance(o.reply, Answered))
    quoted = replace(request, quoted=replace(shown.adjudication, cash_pay=1))
    return said(history, quoted, Answered(shown, replayed=True)), final


def a_quote_that_does_not_hold_for_no_reason(history, final):
    request = next(o.request for o in history.operations if isinstance(o.reply, Answered))
    other = replace(request, request_id=uuid("x"))
    return said(history, other, Refused("QUOTE_CHANGED")), final


def a_difference_in_reconciliation(history, final):
    leg = replace(final.comparisons[0], difference_count=1)
    return history, replace(final, comparisons=(leg,))


def a_settlement_that_reconciliation_does_not_see(history, final):
    leg = final.comparisons[0]
    less = replace(leg, hub_count=leg.hub_count - 1, party_count=leg.party_count - 1)
    return history, replace(final, comparisons=(less,))


def a_reversal_that_still_stands(history, final):
    one = replace(kept(final, UNDONE), state=State.SETTLED, reverse_time=None)
    return history, relisted(final, one)


def a_reversal_refused_as_done_that_was_not(history, final):
    request = Reverse(request_id=uuid("x"), settlement_id=PLAIN)
    return said(history, request, Refused("SETTLEMENT_ALREADY_REVERSED")), final


def a_reversal_done_twice(history, final):
    request = Reverse(request_id=uuid("x"), settlement_id=UNDONE)
    return said(history, request, Answered(kept(final, UNDONE))), final


def a_state_that_goes_back(history, final):
    one = kept(final, UNDONE)
    before = replace(one, state=State.SETTLED, reverse_time=None)
    return said(history, Get(request_id=one.request_id), Answered(before)), final


def a_settlement_that_vanishes_for_a_moment(history, final):
    request = Get(request_id=kept(final, PLAIN).request_id)
    return said(history, request, Refused("RESOURCE_NOT_FOUND")), final


def a_failure_shown_before_it_settled(history, final):
    one = kept(final, PLAIN)
    shown = replace(one, state=State.FAILED, adjudication=None)
    first = history.operations[0]
    early = replace(
        first, number=-1, request=Get(request_id=one.request_id), reply=Answered(shown), sent=-2
    )
    early = replace(early, ended=-1)
    return replace(history, operations=(early, *history.operations)), final


def an_open_intent(history, final):
    return history, replace(final, open_intents=1)


def a_pending_settlement(history, final):
    one = replace(kept(final, FAILED), state=State.PENDING)
    return history, relisted(final, one)


def a_defect(history, final):
    return said(history, Get(request_id=uuid("plain request")), Unknown("INTERNAL")), final


def a_broken_identity(history, final):
    def more(one: Settlement) -> Settlement:
        return paying(one, fund_payments=(FundPayment("310100", 1),))

    return answering(history, PLAIN, more), final


def causes_that_do_not_add_up(history, final):
    def more(one: Settlement) -> Settlement:
        causes = one.adjudication.causes
        return paying(one, causes=replace(causes, share=causes.share + 1))

    return answering(history, PLAIN, more), final


def a_fund_that_pays_what_is_out_of_scope(history, final):
    def more(one: Settlement) -> Settlement:
        causes = one.adjudication.causes
        moved = replace(causes, full_self_pay=0, share=causes.share + causes.full_self_pay)
        return paying(one, causes=moved)

    return answering(history, PLAIN, more), final


def relatives_that_pay_more_than_accounts_do(history, final):
    return answering(history, PLAIN, lambda one: paying(one, family_account_pay=2_001)), final


def an_accumulator_booked_twice(history, final):
    return history, amended(final, ANNA, outpatient_fund=4_000)


def a_stay_counted_twice(history, final):
    return history, amended(final, BORIS, inpatient_count=2)


def something_used_by_nobody(history, final):
    person = PersonYear(uuid("carl"), "310", 2026)
    used = Accumulators(critical_illness_base=5)
    return history, replace(final, accumulators={**final.accumulators, person: used})


def an_account_not_restored(history, final):
    return history, replace(final, balances={**final.balances, ANNA: final.balances[ANNA] - 2_000})


def a_relative_who_did_not_pay(history, final):
    balances = {**final.balances, BORIS: final.balances[BORIS] - 500, CLARA: OPENING}
    return history, replace(final, balances=balances)


def a_relative_debited_twice(history, final):
    return history, replace(final, balances={**final.balances, CLARA: OPENING - 1_000})


def a_relative_debited_less_than_said(history, final):
    return history, replace(final, balances={**final.balances, CLARA: OPENING - 499})


def relatives_who_are_none(history, final):
    return replace(history, families=()), final


def an_account_overdrawn(history, final):
    history = replace(history, openings={**history.openings, ANNA: 0})
    return history, replace(final, balances={**final.balances, ANNA: -2_000})


def a_cap_overspent(history, final):
    return history, amended(final, ANNA, outpatient_fund=80_001)


def a_cap_overspent_for_a_moment(history, final):
    # Each within the cap, both standing until one is taken back: more than it at one moment.
    world = World()
    first = world.settle("first", total=260_000)
    second = world.settle("second", total=260_000)
    world.reverse(first)
    world.reverse(second)
    return world.history(), world.final()


def an_account_overdrawn_for_a_moment(history, final):
    return a_cap_overspent_for_a_moment(replace(history, caps=()), final)


def a_booking_of_something_reversed(history, final):
    booking = replace(final.bookings[UNDONE], state=BookingState.COMMITTED)
    return history, replace(final, bookings={**final.bookings, UNDONE: booking})


def a_booking_of_other_amounts(history, final):
    paid: Adjudication = final.bookings[PLAIN].adjudication
    booking = replace(final.bookings[PLAIN], adjudication=replace(paid, cash_pay=1))
    return history, replace(final, bookings={**final.bookings, PLAIN: booking})


def a_booking_that_the_hub_does_not_know(history, final):
    ghost = {uuid("ghost"): BookingState.COMMITTED}
    return history, replace(final, recorded={**final.recorded, **ghost})


def a_booking_that_its_region_does_not_list(history, final):
    recorded = {key: state for key, state in final.recorded.items() if key != PLAIN}
    return history, replace(final, recorded=recorded)


def a_booking_listed_otherwise_than_it_is_held(history, final):
    changed = {PLAIN: BookingState.CANCELLED}
    return history, replace(final, recorded={**final.recorded, **changed})
