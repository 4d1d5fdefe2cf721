"""Goal: a settlement by a fresh quote equals it to the fen, whatever the bill; a quote that was
altered in any way is none; and what is said to have changed is exactly what did.
"""

from __future__ import annotations

import dataclasses
import io
import string
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from services.kit.crypto import FieldCipher, parse_keyring_text
from services.kit.errors import InvalidArgument
from services.kit.money import to_fen
from services.settlement.domain.bill import Bill
from services.settlement.domain.quote import Facts, changed_facts
from services.settlement.domain.visit import Scope
from services.settlement.order import Order, Part
from services.settlement.quotes import Quotes, changed_in_region, differs
from tests.integration.settlement.world import (
    KEY,
    add_line,
    assert_coherent,
    database_of_its_own,
    pre_settle_request,
    served,
    settle_request,
)
from tests.support.callees import BED, DRUG, PERSON, UNLISTED, callees_served
from tests.support.clock import FakeClock
from yijie.benefits.v1 import adjudication_pb2
from yijie.settlement.v1 import settlement_pb2

FACTS = [field.name for field in dataclasses.fields(Facts)]
HUB = ("lines", "card", "filing", "catalogue")
digests = st.binary(min_size=16, max_size=16)
facts = st.builds(Facts, **dict.fromkeys(FACTS, digests))
fen = st.integers(0, 10**12)
batches = st.text(string.ascii_letters, max_size=3)


@st.composite
def adjudications(draw):
    answer = adjudication_pb2.Adjudication(
        policy_version=draw(st.text(max_size=20)),
        accumulators_digest=draw(st.text(max_size=20)),
        account_digest=draw(st.text(max_size=20)),
    )
    for name in ("deductible", "fund_total", "account_pay", "cash_pay", "account_balance"):
        getattr(answer, name).fen = draw(fen)
    for code in draw(st.lists(st.sampled_from(("310100", "330100", "390200")), unique=True)):
        answer.fund_payments.add(fund_type_code=code).amount.fen = draw(fen)
    return answer


def order_of(*, batch: str = "", use_account: bool = False, is_visit: bool = True) -> Order:
    day = date(2026, 3, 1)
    bill = Bill(
        care_region_code="640104",
        insured_region_code="650100",
        institution_code="H64010400001",
        hospital_level_code="02",
        scheme_code="310",
        medical_type_code="11",
        birth_date=date(1950, 1, 1),
        begin_date=day,
        end_date=day,
        emergency=False,
        main_diagnosis_count=1,
        lines=(),
        total_fen=0,
    )
    part = Part(
        visit_id=UUID(PERSON),
        revision=1,
        scope=Scope.BATCH,
        charge_batch_number=batch,
        until_date=None,
        is_stay=False,
        expected_amounts=None,
    )
    return Order(
        patient=settlement_pb2.Patient(person_id=PERSON),
        bill=settlement_pb2.Bill(),
        facts=bill,
        use_account=use_account,
        part=part if is_visit else None,
    )


def quotes() -> Quotes:
    return Quotes(FieldCipher(parse_keyring_text(KEY)), FakeClock())


@given(facts, adjudications(), batches)
def test_what_is_sealed_is_read_again(known, adjudication, batch):
    order = order_of(batch=batch)
    adjudication.steps.add(step_code="segment")
    text = quotes().write(order, known, adjudication)
    read = quotes().read(text, order)
    assert read.facts == known
    adjudication.ClearField("steps")
    assert read.adjudication == adjudication
    read.require(known)


orders = st.builds(order_of, batch=batches, use_account=st.booleans(), is_visit=st.booleans())


@given(facts, adjudications(), orders, orders)
def test_it_is_bound_to_what_was_asked(known, adjudication, order, asked):
    text = quotes().write(order, known, adjudication)
    if asked == order:
        assert quotes().read(text, asked)
        return
    with pytest.raises(InvalidArgument) as caught:
        quotes().read(text, asked)
    assert caught.value.reason == "QUOTE_INVALID"


@given(st.data())
def test_no_alteration_passes(data):
    order = order_of()
    text = quotes().write(order, data.draw(facts), data.draw(adjudications()))
    at = data.draw(st.integers(0, len(text) - 1))
    altered = data.draw(
        st.sampled_from((text[:at] + text[at + 1 :], text[: at + 1] + text[at:], text[:at]))
        | st.characters().map(lambda c: text[:at] + c + text[at + 1 :])
    )
    if altered == text:
        return
    if not altered:
        assert quotes().read(altered, order) is None
        return
    with pytest.raises(InvalidArgument) as caught:
        quotes().read(altered, order)
    assert caught.value.reason == "QUOTE_INVALID"


@given(st.text(min_size=1))
def test_no_text_whatever_fails_otherwise(text):
    with pytest.raises(InvalidArgument):
        quotes().read(text, order_of())


@given(facts, facts, st.sets(st.sampled_from(FACTS)))
def test_what_changed_is_named_and_nothing_else(before, other, changed):
    after = dataclasses.replace(before, **{name: getattr(other, name) for name in changed})
    differing = {name for name in FACTS if getattr(before, name) != getattr(after, name)}
    named = changed_facts(before, after)
    if "case" not in differing:
        assert named == ()
        return
    wanted = [name for name in HUB if name in differing]
    if "catalogue" in wanted and not differing & {"lines", "amounts"}:
        # Another version that says the same of the same lines.
        wanted.remove("catalogue")
    assert list(named) == wanted


@given(adjudications(), adjudications())
def test_only_who_pays_what_counts(quoted, booked):
    assert not differs(quoted, quoted)
    assert changed_in_region(quoted, quoted) == ()
    same = adjudication_pb2.Adjudication()
    same.CopyFrom(booked)
    for name in ("deductible", "account_pay", "cash_pay"):
        getattr(same, name).CopyFrom(getattr(quoted, name))
    del same.fund_payments[:]
    same.fund_payments.extend(reversed(quoted.fund_payments))
    assert not differs(quoted, same)
    same.cash_pay.fen += 1
    assert differs(quoted, same)


@pytest.fixture(scope="module")
async def world(postgres_dsn, template_database):
    async with (
        database_of_its_own(postgres_dsn, template_database) as dsn,
        callees_served() as callees,
        served(dsn, callees, FakeClock(), io.BytesIO()) as opened,
    ):
        yield opened
        await assert_coherent(opened)


lines = st.lists(
    st.tuples(
        st.sampled_from((BED, DRUG, UNLISTED)),
        st.integers(1, 10**7).map(lambda n: Decimal(n).scaleb(-3)),
        st.integers(1, 10**4).map(lambda n: Decimal(n).scaleb(-1)),
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.postgres
@settings(max_examples=15, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    entries=lines,
    use_account=st.booleans(),
    deductible=st.integers(0, 200_000),
    account=st.integers(0, 1_000_000),
)
async def test_a_fresh_quote_is_met_to_the_fen(world, entries, use_account, deductible, account):
    benefits = world.callees.benefits
    benefits.deductible_fen, benefits.account_fen = deductible, account
    asked = pre_settle_request(use_account=use_account)
    del asked.bill.lines[:]
    total = 0
    for code, price, quantity in entries:
        amount = to_fen(price * quantity)
        add_line(asked.bill, code, str(price), str(quantity), amount)
        total += amount
    if not total:
        return
    asked.bill.total.fen = total
    quoted = await world.pre_settle(asked)
    request = settle_request(use_account=use_account, quote=quoted.quote)
    request.bill.CopyFrom(asked.bill)
    settled = (await world.settle(request)).settlement
    assert settled.amounts == quoted.settlement.amounts
    assert not differs(quoted.settlement.adjudication, settled.adjudication)
    assert settled.adjudication.account_balance == quoted.settlement.adjudication.account_balance
