"""Goal: the auditor is neither blind nor nervous.

Method: a run in which everything is right gives no finding; for each rule a single defect is
planted into it, and that rule must find it.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.proving.auditor import RULES, audit, examine
from services.proving.history import (
    Answered,
    CancelFees,
    Get,
    Refused,
    Unknown,
)
from tests.unit.proving import (
    defects_invoices,
    defects_kept,
    defects_replaced,
    defects_told,
)
from tests.unit.proving.planting import (
    STAY,
    last_number,
    said,
)
from tests.unit.proving.world import World, good_world, uuid


def test_a_good_run_has_no_finding():
    world = good_world()
    assert audit(world.history(), world.final()) == []


def test_every_rule_is_held_against_something_in_a_good_run():
    world = good_world()
    assert [one.name for one in examine(world.history(), world.final()) if not one.count] == []


DEFECTS = {
    "every acknowledged settlement exists, as told": [
        defects_told.a_settlement_lost,
        defects_told.a_settlement_with_another_amount,
    ],
    "every settlement exists once": [
        defects_told.a_settlement_twice,
        defects_told.a_request_settled_twice,
    ],
    "nothing exists that nobody asked for": [
        defects_told.a_settlement_that_nobody_asked_for,
        defects_told.a_settlement_for_another_person,
        defects_told.a_settlement_although_every_attempt_was_refused,
        defects_told.a_reversal_that_nobody_asked_for,
    ],
    "a repeat gets the first answer": [
        defects_told.a_repeat_with_another_answer,
        defects_told.a_repeat_that_is_refused,
        defects_told.a_registration_answered_otherwise,
    ],
    "what was refused for good does not settle": [
        defects_told.a_refusal_that_settled,
        defects_told.an_answer_after_a_refusal,
    ],
    "what was told void stays void": [defects_told.a_void_request_that_exists],
    "a quote holds to the fen, or says what changed": [
        defects_told.a_settlement_that_is_not_its_quote,
        defects_told.a_quote_that_does_not_hold_for_no_reason,
    ],
    "every acknowledged reversal is undone": [
        defects_told.a_reversal_that_still_stands,
        defects_told.a_reversal_refused_as_done_that_was_not,
    ],
    "a reversal is done once": [defects_told.a_reversal_done_twice],
    "what is replaced has one in its place": [
        defects_replaced.nothing_in_its_place,
        defects_replaced.two_in_its_place,
        defects_replaced.another_bill_in_its_place,
        defects_replaced.one_that_still_stands,
        defects_replaced.one_that_nobody_asked_to_replace,
    ],
    "an old level that is back costs what stood": [defects_replaced.an_old_level_at_another_cost],
    "a settlement is replaced as told": [
        defects_replaced.told_of_one_that_is_gone,
        defects_replaced.told_of_another_one,
        defects_replaced.told_of_two,
    ],
    "what is told never goes backwards": [
        defects_told.a_state_that_goes_back,
        defects_told.a_settlement_that_vanishes_for_a_moment,
        defects_told.a_failure_shown_before_it_settled,
    ],
    "no intent is left pending": [defects_told.an_open_intent, defects_told.a_pending_settlement],
    "no call met a defect": [defects_told.a_defect],
    "identities I1 to I9 hold": [
        defects_told.a_broken_identity,
        defects_told.causes_that_do_not_add_up,
        defects_told.a_fund_that_pays_what_is_out_of_scope,
        defects_told.relatives_that_pay_more_than_accounts_do,
    ],
    "accumulators are the replay of the journal": [
        defects_told.an_accumulator_booked_twice,
        defects_told.a_stay_counted_twice,
        defects_told.something_used_by_nobody,
    ],
    "accounts are the opening less what stands": [
        defects_told.an_account_not_restored,
        defects_told.a_relative_who_did_not_pay,
        defects_told.a_relative_debited_twice,
        defects_told.a_relative_debited_less_than_said,
        defects_told.relatives_who_are_none,
        defects_told.an_account_overdrawn,
        defects_told.an_account_overdrawn_for_a_moment,
    ],
    "nobody overspends a cap": [
        defects_told.a_cap_overspent,
        defects_told.a_cap_overspent_for_a_moment,
    ],
    "the insured region holds what the journal says": [
        defects_told.a_booking_of_something_reversed,
        defects_told.a_booking_of_other_amounts,
        defects_told.a_booking_that_the_hub_does_not_know,
        defects_told.a_booking_that_its_region_does_not_list,
        defects_told.a_booking_listed_otherwise_than_it_is_held,
    ],
    "every transfer balances": [defects_kept.a_transfer_with_one_side],
    "the ledger has every settlement once": [
        defects_kept.a_settlement_cleared_twice,
        defects_kept.a_reversal_not_cleared,
    ],
    "positions are the sum of the settlements": [
        defects_kept.a_position_that_is_not_the_sum,
        defects_kept.a_position_that_is_missing,
    ],
    "reconciliation agrees with every province": [
        defects_told.a_difference_in_reconciliation,
        defects_told.a_settlement_that_reconciliation_does_not_see,
    ],
    "the feed is the journal": [defects_kept.an_event_lost, defects_kept.an_event_that_never_was],
    "the feed gives each event once, in its order": [
        defects_kept.an_event_twice,
        defects_kept.a_reversal_before_its_settlement,
    ],
    "all consumers of the feed converge": [
        defects_kept.a_consumer_that_missed_an_event,
        defects_kept.a_consumer_that_got_what_is_not_its_business,
    ],
    "the feed is in the order of the answers": [defects_kept.a_feed_out_of_order],
    "every visit is registered once": [
        defects_kept.a_visit_lost,
        defects_kept.a_visit_that_nobody_registered,
    ],
    "a person has one open stay": [
        defects_kept.two_open_stays,
        defects_kept.a_stay_begun_during_another,
    ],
    "an invoice is claimed once": [defects_invoices.two_bills_that_stand_with_one_invoice],
    "nobody is refused for an invoice of their own": [
        defects_invoices.a_refusal_for_an_invoice_that_nobody_had,
        defects_invoices.a_refusal_for_an_invoice_that_came_later,
    ],
    "fee lines stand as uploaded": [
        defects_kept.a_line_lost,
        defects_kept.a_line_with_another_amount,
        defects_kept.a_cancelled_line_that_stands_miscounted,
    ],
    "fee lines are settled once": [
        defects_kept.a_line_settled_twice,
        defects_kept.a_line_covered_by_what_does_not_stand,
        defects_kept.a_stay_settled_without_saying_so,
    ],
    "settlements of a stay are a stack": [defects_kept.an_older_part_taken_back_under_a_newer],
}
PLANTED = [(rule, plant) for rule, plants in DEFECTS.items() for plant in plants]


def test_every_rule_has_a_planted_defect():
    assert list(DEFECTS) == [name for name, _, _ in RULES]


@pytest.mark.parametrize(("rule", "plant"), PLANTED, ids=[plant.__name__ for _, plant in PLANTED])
def test_a_planted_defect_is_found_by_its_rule(rule, plant):
    world = good_world()
    history, final = plant(world.history(), world.final())
    found = {one.name: one.contradictions for one in examine(history, final)}
    assert found[rule]


# --- what looks like a defect and is none ---------------------------------------------------------


def test_an_attempt_without_an_answer_may_have_settled_or_not():
    world = good_world()
    settlement = world.settle("silent")
    history, final = world.history(), world.final()
    silent = tuple(
        replace(operation, reply=Unknown("DEADLINE_EXCEEDED"))
        if getattr(operation.request, "request_id", "") == settlement.request_id
        else operation
        for operation in history.operations
    )
    assert audit(replace(history, operations=silent), final) == []


def test_looks_that_overlap_may_see_either_state():
    world = good_world()
    history = world.history()
    first = next(o for o in history.operations if isinstance(o.reply, Answered))
    absent = replace(
        first,
        number=last_number(history) + 1,
        request=Get(request_id=first.request.request_id),
        reply=Refused("RESOURCE_NOT_FOUND"),
        sent=first.sent,
        ended=first.ended + 100,
    )
    assert audit(replace(history, operations=(*history.operations, absent)), world.final()) == []


def test_other_content_under_the_same_id_is_rightly_refused():
    world = good_world()
    history = world.history()
    request = next(o.request for o in history.operations if isinstance(o.reply, Answered))
    other = replace(request, content="another")
    assert audit(said(history, other, Refused("REQUEST_ID_REUSED")), world.final()) == []


def test_a_cancelled_line_may_be_gone():
    world = good_world()
    history = said(
        world.history(),
        CancelFees(request_id=uuid("x"), visit_id=STAY, line_ids=("1",)),
        Unknown("DEADLINE_EXCEEDED"),
    )
    history, final = defects_kept.a_line_lost(history, world.final())
    found = {one.name: one.contradictions for one in examine(history, final)}
    assert not found["fee lines stand as uploaded"]


def test_an_empty_run_has_no_finding_but_for_its_feed():
    world = World()
    assert audit(world.history(), world.final()) == []
