"""Goal: the round trip asks for no more of a person's record than the rules about the bill need,
says which blocking rules it could not ask, and blocks no emergency.

Method: rules made here, over a record in memory that notes what it was asked for.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from services.kit.errors import Unavailable
from services.supervision.domain.model import (
    Bill,
    Effect,
    History,
    Line,
    Moment,
    ResultClass,
    Setting,
    Sex,
)
from services.supervision.domain.rule import Family, Reach, Rule, Scope, WhenUnscreened
from services.supervision.domain.ruleset import RuleSet
from services.supervision.domain.steps.charges import PriceStandard
from services.supervision.domain.steps.claims import DuplicateInvoice
from services.supervision.domain.steps.stays import OverlappingStay
from services.supervision.domain.steps.visits import SupplyOverlap
from services.supervision.screening.messages import write_reminder, write_rule
from services.supervision.screening.policy import applied, policy_of
from services.supervision.screening.usecases import HEAD_KINDS, Screening
from yijie.supervision.v1 import supervision_service_pb2

PERSON = UUID("0190aaaa-0000-7000-8000-000000000001")
DRUG = "XA02BCA224A001010100270"
ALL = frozenset(Moment)


def rule(code, kind, **changes):
    values = {
        "code": code,
        "name_zh": "规则",
        "name_en": "rule",
        "kind": kind,
        "family": Family.MANAGEMENT,
        "result_class": ResultClass.VIOLATION,
        "reach": Reach.PERSON,
        "effective_from": date(2020, 1, 1),
        "source": "示例",
        "history_days": 30,
        **changes,
    }
    return Rule(**values)


def overlapping(**changes):
    values = {
        "effect": Effect.BLOCK,
        "scope": Scope(settings=frozenset({Setting.INPATIENT})),
        **changes,
    }
    return rule("OVERLAPPING_STAY", "overlapping_stay", **values)


def invoice(**changes):
    return rule("DUPLICATE_INVOICE", "duplicate_invoice", effect=Effect.BLOCK, **changes)


def supply(**changes):
    values = {
        "parameters": {"days_max": "30"},
        "history_days": 90,
        "moments": frozenset({Moment.REMINDER, Moment.AUDIT}),
        **changes,
    }
    return rule("SUPPLY_OVERLAP", "supply_overlap", **values)


def ruleset_of(*rules):
    of_items = {
        "price_standard": lambda one: PriceStandard(rule=one, price_max=Decimal(1)),
    }
    made = {
        "overlapping_stay": lambda one: OverlappingStay(rule=one),
        "duplicate_invoice": lambda one: DuplicateInvoice(rule=one),
        "supply_overlap": lambda one: SupplyOverlap(rule=one, days_left_min=3, days_max=30),
    }
    return RuleSet(
        version="v1",
        digest="00",
        rules=rules,
        by_item={DRUG: tuple(of_items[one.kind](one) for one in rules if one.kind in of_items)},
        by_prefix={},
        by_bill=tuple(made[one.kind](one) for one in rules if one.kind in made),
    )


class Rules:
    def __init__(self, *rules):
        self.rules = ruleset_of(*rules)

    def ruleset(self):
        return self.rules


class Records:
    """The person's record; notes what it was asked for."""

    def __init__(self, *bills, error=None, delay_s=0.0):
        self.bills, self.error, self.delay_s = bills, error, delay_s
        self.asked = []

    async def history(self, person_id, *, since, lines_since):
        self.asked.append((person_id, since, lines_since))
        await asyncio.sleep(self.delay_s)
        if self.error is not None:
            raise self.error
        return History(bills=self.bills)


def line(**changes):
    values = {
        "line_id": "1",
        "item_code": DRUG,
        "fee_date": date(2026, 3, 10),
        "quantity": Decimal(3),
        "amount_fen": 300,
        "supply_days": 30,
        **changes,
    }
    return Line(**values)


def bill(medical_type="21", **changes):
    values = {
        "sex": Sex.FEMALE,
        "birth_date": date(1960, 1, 1),
        "medical_type": medical_type,
        "institution_level": "02",
        "scheme_code": "310",
        "lines": (line(),),
        "person_id": PERSON,
        "begin_date": date(2026, 3, 10),
        "end_date": date(2026, 3, 20),
        **changes,
    }
    return Bill(**values)


def earlier(**changes):
    values = {
        "bill_key": uuid4(),
        "settle_time": datetime(2026, 3, 1, tzinfo=UTC),
        "begin_date": date(2026, 3, 5),
        "end_date": date(2026, 3, 15),
        **changes,
    }
    return bill(**values)


def screening(*rules, records=None, timeout_s=1.0):
    return Screening(Rules(*rules), records or Records(), history_timeout_s=timeout_s)


async def test_an_overlapping_stay_blocks():
    other = earlier()
    screened = await screening(overlapping(), records=Records(other)).screen(bill())
    (found,) = screened.findings
    assert (found.effect, found.other_bill_keys) == (Effect.BLOCK, (other.bill_key,))
    assert screened.unjudged == ()


@pytest.mark.parametrize("changes", [{"emergency": True}, {"medical_type": "13"}])
async def test_an_emergency_is_marked(changes):
    scope = Scope()
    rules = (overlapping(scope=scope), invoice())
    key = b"k" * 32
    asked = bill(**{"medical_type": "21", "invoice_key": key, **changes})
    found = (
        await screening(*rules, records=Records(earlier(invoice_key=key))).screen(asked)
    ).findings
    effects = {one.rule_code: one.effect for one in found}
    # An invoice that was paid once says nothing of an illness.
    assert effects["DUPLICATE_INVOICE"] is Effect.BLOCK
    assert effects.get("OVERLAPPING_STAY", Effect.MARK) is Effect.MARK


def test_what_is_no_emergency_stays_as_it_is():
    assert applied((), bill(), ruleset_of()) == ()


async def test_nothing_is_read_where_no_rule_asks_for_it():
    records = Records()
    outpatient = bill("11")
    await screening(overlapping(), supply(), records=records).screen(outpatient)
    assert records.asked == []
    # Without a person nobody knows whose record it is: the rule goes unasked.
    screened = await screening(overlapping(), records=records).screen(bill(person_id=None))
    assert records.asked == []
    assert screened.unjudged == ("OVERLAPPING_STAY",)


async def test_lines_are_opened_only_as_far_back_as_a_rule_looks_at_them():
    records = Records()
    await screening(overlapping(history_days=200), records=records).screen(bill())
    assert records.asked == [(PERSON, date(2025, 8, 22), date.max)]
    # Before care there is time to look at them, as far back as that rule does.
    records = Records()
    both = (overlapping(history_days=200), supply(moments=ALL))
    await screening(*both, records=records).remind(bill())
    assert records.asked == [(PERSON, date(2025, 8, 22), date(2025, 12, 10))]


async def test_the_round_trip_asks_no_rule_that_looks_at_lines_unless_it_blocks():
    records = Records(earlier(medical_type="11", lines=(line(fee_date=date(2026, 3, 1)),)))
    marks = await screening(supply(moments=ALL), records=records).screen(bill("11"))
    assert (records.asked, marks.findings) == ([], ())
    blocks = await screening(supply(moments=ALL, effect=Effect.BLOCK), records=records).screen(
        bill("11")
    )
    assert records.asked == [(PERSON, date(2025, 12, 10), date(2025, 12, 10))]
    assert [one.rule_code for one in blocks.findings] == ["SUPPLY_OVERLAP"]


async def test_of_the_rules_about_items_only_those_that_look_back_go_unasked():
    gone = Records(error=Unavailable("DATABASE_UNAVAILABLE", "away"))
    rules = [
        rule(code, "price_standard", reach=reach, effect=Effect.BLOCK, moments=ALL)
        for code, reach in (("LOOKS_BACK", Reach.PERSON), ("LOOKS_AT_THE_BILL", Reach.BILL))
    ]
    made = screening(*rules, records=gone)
    assert (await made.screen(bill())).unjudged == ("LOOKS_BACK",)
    # Another drug than theirs: nobody misses them.
    other = bill(lines=(line(item_code="XA02BCA220A001010104350"),))
    assert (await made.screen(other)).unjudged == ()


@pytest.mark.parametrize(
    "records",
    [Records(error=Unavailable("DATABASE_UNAVAILABLE", "away")), Records(delay_s=5)],
    ids=["down", "slow"],
)
async def test_a_record_that_cannot_be_read(records):
    made = screening(overlapping(), invoice(), supply(moments=ALL), records=records, timeout_s=0.05)
    screened = await made.screen(bill(invoice_key=b"k" * 32))
    assert screened.findings == ()
    assert screened.unjudged == ("OVERLAPPING_STAY", "DUPLICATE_INVOICE")
    reminded = await made.remind(bill("11"))
    assert not reminded.record_read


async def test_days_that_the_calendar_has_not():
    hostile = bill(begin_date=date(1, 1, 1), end_date=date(1, 1, 1))
    records = Records()
    await screening(overlapping(history_days=400), records=records).screen(hostile)
    assert records.asked[0][1] == date(1998, 11, 27)


async def test_a_rule_set_that_is_published_meanwhile():
    rules = Rules(overlapping())
    records = Records()
    made = Screening(rules, records, history_timeout_s=1)
    await made.screen(bill())
    rules.rules = ruleset_of()
    await made.screen(bill())
    assert len(records.asked) == 1


# --- before --------------------------------------------------------------------------------------


async def test_a_drug_that_is_still_in_supply():
    """Two boxes for 30 days were dispensed on 1 March: on the 15th sixteen days are left."""
    before = earlier(
        medical_type="11",
        lines=(line(fee_date=date(2026, 3, 1), quantity=Decimal(2)),),
        begin_date=date(2026, 3, 1),
        end_date=date(2026, 3, 1),
    )
    draft = bill("11", lines=(line(fee_date=date(2026, 3, 15), quantity=Decimal(3)),))
    reminded = await screening(supply(), records=Records(before)).remind(draft)
    assert reminded.record_read
    (one,) = reminded.reminders
    assert one.supply is not None
    assert (one.supply.last_date, one.supply.last_quantity) == (date(2026, 3, 1), Decimal(2))
    assert one.supplied_until == date(2026, 3, 30)
    # 30 days may be at hand: 14 of the 30 that three boxes last, which is 1.4 boxes.
    assert one.quantity_max == 1
    written = write_reminder(one)
    assert written.quantity_max.value == "1"
    assert (written.last_date.day, written.supplied_until_date.day) == (1, 30)
    # It never says where.
    assert not written.finding.other_bill_keys
    assert one.finding.other_bill_keys == (before.bill_key,)


async def test_a_drug_that_is_used_up():
    before = earlier(
        medical_type="11", lines=(line(fee_date=date(2026, 1, 1)),), begin_date=date(2026, 1, 1)
    )
    draft = bill("11", lines=(line(fee_date=date(2026, 3, 15)),))
    assert (await screening(supply(), records=Records(before)).remind(draft)).reminders == ()


async def test_reminders_do_not_need_a_record_that_no_rule_asks_for():
    assert (await screening().remind(bill("11"))).record_read


# --- policy --------------------------------------------------------------------------------------


def test_the_policy_names_who_blocks_in_the_round_trip():
    rules = ruleset_of(
        overlapping(when_unscreened=WhenUnscreened.REFUSE),
        invoice(scope=Scope(scheme_codes=frozenset({"390", "310"}), care_prefixes=("64",))),
        supply(),
        rule("LATER", "overlapping_stay", effect=Effect.BLOCK, effective_from=date(2027, 1, 1)),
        rule("AUDITED", "overlapping_stay", effect=Effect.BLOCK, moments=frozenset({Moment.AUDIT})),
    )
    version, named = policy_of(rules, date(2026, 3, 1))
    assert [one.code for one in named] == ["OVERLAPPING_STAY", "DUPLICATE_INVOICE"]
    stay, paid = (write_rule(one) for one in named)
    assert stay.when_unscreened == supervision_service_pb2.UNSCREENED_REFUSE
    assert "21" in stay.medical_type_codes
    assert "11" not in stay.medical_type_codes
    assert paid.when_unscreened == supervision_service_pb2.UNSCREENED_SETTLE
    assert (list(paid.scheme_codes), list(paid.care_region_prefixes)) == (["310", "390"], ["64"])
    assert not paid.medical_type_codes
    # It changes with the day on which a rule comes into force, and with nothing else.
    assert policy_of(rules, date(2026, 3, 2))[0] == version
    assert policy_of(rules, date(2027, 1, 1))[0] != version


def test_medical_types_of_a_setting_and_of_a_scope():
    scope = Scope(settings=frozenset({Setting.INPATIENT}), medical_types=frozenset({"21", "11"}))
    _, (one,) = policy_of(ruleset_of(overlapping(scope=scope)), date(2026, 3, 1))
    assert one.medical_types == ("21",)


async def test_kinds_that_look_at_no_line_find_the_same_without_lines():
    """What HEAD_KINDS says holds: with lines taken away, nothing changes."""
    key = b"k" * 32
    other = earlier(invoice_key=key, visit_id=None)
    closed = earlier(
        bill_key=other.bill_key, invoice_key=key, lines=(), sex=Sex.UNKNOWN, institution_level=""
    )
    asked = bill(invoice_key=key)
    rules = (overlapping(), invoice())
    whole = await screening(*rules, records=Records(other)).screen(asked)
    bare = await screening(*rules, records=Records(closed)).screen(asked)
    assert whole.findings
    assert whole == bare
    assert {one.kind for one in rules} <= HEAD_KINDS
