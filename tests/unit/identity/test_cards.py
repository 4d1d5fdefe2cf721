"""What identity decides of cards, without a database."""

from dataclasses import replace
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.domain import cards
from services.identity.domain.card_states import ALLOWED, EFFECTS, CardChange, CardState
from services.identity.domain.errors import (
    CardAlreadyActive,
    CardCancelled,
    CardStateForbids,
    FieldInvalid,
    PersonMismatch,
    RegionUnknown,
)
from services.identity.domain.model import Card, CardKind
from services.kit.errors import DomainError

HOLDER = UUID("0193b000-0000-7000-8000-000000000001")
OTHER = UUID("0193b000-0000-7000-8000-000000000002")
CARD = Card("A12345678", HOLDER, "650100", CardState.ACTIVE)
CODE = "650100" + "0123456789ABCDEF" + "0" * 10
SECOND = replace(CARD, card_number="B12345678")


def index_of(card):
    return card.card_number.encode()


def book(*held):
    return cards.CardBook({index_of(card): card for card in held})


def register(into, *entries, holder_field="person_id"):
    into.register(
        [(index_of(card), card, f"cards[{n}]") for n, card in enumerate(entries)],
        holder_field=holder_field,
    )


def field_of(caught):
    return [violation.field for violation in caught.value.violations]


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"card_number": "卡12345678"}, FieldInvalid, "card_number"),
        ({"card_number": "A1234567"}, FieldInvalid, "card_number"),
        ({"issuing_region": "659999"}, RegionUnknown, "issuing_region_code"),
        ({"recognition_code": CODE[:-1]}, FieldInvalid, "recognition_code"),
        ({"recognition_code": "990100" + CODE[6:]}, FieldInvalid, "recognition_code"),
        ({"recognition_code": "110105" + CODE[6:]}, FieldInvalid, "recognition_code"),
    ],
)
def test_a_card_is_refused_with_the_field(changes, error, field):
    with pytest.raises(error) as caught:
        cards.check_card(replace(CARD, **changes), at="cards[0]")
    assert field_of(caught) == [f"cards[0].{field}"]


def test_a_sound_card_is_registered():
    for code in ("", CODE, "652900" + CODE[6:]):
        cards.check_card(replace(CARD, recognition_code=code), at="c")


def test_what_happens_leads_along_the_ways_there_are():
    ways = {(before, after) for effect in EFFECTS.values() for before, after in effect.items()}
    assert ways == {(before, after) for before, states in ALLOWED.items() for after in states}
    assert set(EFFECTS) == set(CardChange) - {CardChange.REGISTER}


def test_every_change_of_every_state():
    for change, state in product(EFFECTS, CardState):
        card = replace(CARD, state=state)
        if state in EFFECTS[change]:
            assert cards.state_after(card, change, at="change") is EFFECTS[change][state]
            continue
        with pytest.raises(CardStateForbids) as caught:
            cards.state_after(card, change, at="change")
        assert caught.value.metadata == {"state": state.value}
        assert field_of(caught) == ["change"]


# Held → what an insured region may say of the card next.
REGISTRABLE = {
    "ISSUED": {"ISSUED", "ACTIVE", "LOST", "CANCELLED", "REPLACED"},
    "ACTIVE": {"ACTIVE", "LOST", "CANCELLED", "REPLACED"},
    "LOST": {"ACTIVE", "LOST", "CANCELLED", "REPLACED"},
    "CANCELLED": {"CANCELLED"},
    "REPLACED": {"REPLACED"},
}


def test_which_states_may_be_registered():
    for before, after in product(CardState, CardState):
        held, wanted = replace(CARD, state=before), replace(CARD, state=after)
        into = book(held)
        if after.value in REGISTRABLE[before.value]:
            register(into, wanted)
            assert into.card(index_of(CARD)) == wanted
            changed = [] if before is after else [index_of(CARD)]
            assert into.states(new=False) == [(index, into.card(index).state) for index in changed]
            continue
        error = CardCancelled if before is CardState.CANCELLED else CardStateForbids
        with pytest.raises(error) as caught:
            register(into, wanted)
        assert field_of(caught) == ["cards[0].state"]
        assert into.card(index_of(CARD)) == held


def test_a_card_is_never_handed_on_and_keeps_its_kind():
    with pytest.raises(PersonMismatch) as caught:
        register(book(CARD), replace(CARD, person_id=OTHER), holder_field="card_number")
    assert field_of(caught) == ["cards[0].card_number"]
    with pytest.raises(FieldInvalid) as caught:
        register(book(CARD), replace(CARD, kind=CardKind.ELECTRONIC))
    assert field_of(caught) == ["cards[0].kind"]


def test_a_second_active_card_of_a_kind():
    into = book(CARD)
    with pytest.raises(CardAlreadyActive) as caught:
        register(into, SECOND)
    assert field_of(caught) == ["cards[0].state"]
    with pytest.raises(CardAlreadyActive):
        register(book(), CARD, SECOND)
    register(into, replace(SECOND, kind=CardKind.ELECTRONIC))
    register(into, replace(CARD, card_number="C12345678", person_id=OTHER))
    register(into, replace(CARD, card_number="D12345678", state=CardState.LOST))


def test_one_entry_may_put_one_card_in_the_place_of_another():
    gone = replace(CARD, state=CardState.REPLACED)
    for entries in ((gone, SECOND), (SECOND, gone)):
        into = book(CARD)
        register(into, *entries)
        assert into.card(index_of(CARD)) == gone
        assert into.is_new(index_of(SECOND))
        # The place is taken again.
        with pytest.raises(CardAlreadyActive):
            register(into, replace(CARD, card_number="C12345678"))


CARDS = st.builds(
    Card,
    card_number=st.sampled_from(["A00000001", "A00000002", "A00000003", "A00000004"]),
    person_id=st.sampled_from([HOLDER, OTHER]),
    issuing_region=st.just("650100"),
    state=st.sampled_from(CardState),
    kind=st.sampled_from(CardKind),
)


@given(st.lists(st.lists(CARDS, max_size=3, unique_by=index_of), max_size=12))
def test_a_person_never_has_two_active_cards_of_a_kind(units):
    into = book()
    held = {}
    for unit in units:
        try:
            register(into, *unit)
        except DomainError:
            pass  # all or none: what was held before is compared below
        else:
            held |= {index_of(card): card for card in unit}
        assert {index: into.card(index) for index in held} == held
        active = [
            (card.person_id, card.kind) for card in held.values() if card.state is CardState.ACTIVE
        ]
        assert len(active) == len(set(active))


def test_which_card_a_new_one_replaces():
    lost = replace(SECOND, state=CardState.LOST)
    issued = replace(CARD, card_number="C12345678", state=CardState.ISSUED)
    electronic = replace(CARD, card_number="D12345678", kind=CardKind.ELECTRONIC)

    def chosen(*held):
        kind = CardKind.SOCIAL_SECURITY
        return cards.replaceable({index_of(card): card for card in held}, kind)

    assert chosen(issued, lost, CARD, electronic) == index_of(CARD)
    assert chosen(issued, lost, electronic) == index_of(lost)
    assert chosen(issued, electronic) == index_of(issued)
    assert chosen(electronic) is None
    assert cards.other_active([CARD, lost], lost)
    assert not cards.other_active([CARD, electronic], CARD)


def test_a_masked_number_shows_three_characters():
    assert cards.masked_card_number("A70000001") == "A******01"
