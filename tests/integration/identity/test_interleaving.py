"""Goal: whatever reports and changes cards at once, a person has at most one active card of a kind,
no card changes hands, each card's history leads to the state it is in, and every call is answered.

Method: seven writers of all ways do random work on few persons, so that they always meet; then
the tables are looked at whole. The seed is in the name of the test.
"""

import asyncio
import random

import grpc
import pytest

from services.identity.domain.card_states import ALLOWED, REGISTRABLE, CardState
from tests.integration.identity.world import (
    batch,
    card,
    cards,
    ident,
    person_card,
    person_number,
    persons,
    row,
)
from tests.support.rpc import TIMEOUT_S, read_refusal, read_status
from yijie.identity.v1 import card_service_pb2, card_service_pb2_grpc, person_pb2

pytestmark = pytest.mark.postgres

PERSONS, CARDS, STEPS = 3, 40, 30
# Few that end a card's life: it would soon be all quiet.
STATES = [person_pb2.CARD_STATE_ACTIVE] * 8 + [
    *[person_pb2.CARD_STATE_LOST] * 8,
    person_pb2.CARD_STATE_ISSUED,
    person_pb2.CARD_STATE_CANCELLED,
    person_pb2.CARD_STATE_REPLACED,
]
KINDS = [number for number in person_pb2.CardKind.values() if number]
CHANGES = [
    card_service_pb2.CARD_CHANGE_ACTIVATE,
    *[card_service_pb2.CARD_CHANGE_REPORT_LOST] * 6,
    *[card_service_pb2.CARD_CHANGE_REPORT_FOUND] * 6,
    card_service_pb2.CARD_CHANGE_CANCEL,
]
# What may be answered; anything else, as INTERNAL or LOST_RACE of a batch, fails the test.
REASONS = {
    "CARD_ALREADY_ACTIVE",
    "CARD_CANCELLED",
    "CARD_NUMBER_TAKEN",
    "CARD_STATE_FORBIDS",
    "CREDENTIAL_UNKNOWN",
    "FIELD_INVALID",
    "PERSON_MISMATCH",
}


def number_of(n):
    return f"A{n:08d}"


class Writers:
    """Does random work on the cards of few persons."""

    def __init__(self, world, seed, holders):
        self.world = world
        self.random = random.Random(seed)  # noqa: S311 - chosen, not secret
        self.holders = holders
        self.stub = card_service_pb2_grpc.CardServiceStub(world.channel)
        self.reasons = set()

    def some_card(self):
        return number_of(self.random.randrange(CARDS))

    def described(self):
        return {"state": self.random.choice(STATES), "kind": self.random.choice(KINDS)}

    async def upsert(self):
        entries = [
            card(self.random.choice(self.holders), card_number=self.some_card(), **self.described())
            for _ in range(self.random.randint(1, 6))
        ]
        answer = await self.world.stub.UpsertCards(cards(*entries), timeout=TIMEOUT_S)
        self.note(answer.results)

    async def load(self):
        rows = [
            row(
                self.random.randrange(PERSONS),
                *(
                    person_card(self.some_card(), **self.described())
                    for _ in range(self.random.randint(0, 3))
                ),
            )
            for _ in range(self.random.randint(1, 6))
        ]
        for answer in await self.world.load(batch(*rows)):
            self.note(answer.results)

    async def register(self):
        numbers = self.random.sample(range(PERSONS), self.random.randint(1, PERSONS))
        request = persons(*map(person_number, numbers))
        self.note((await self.world.stub.UpsertPersons(request, timeout=TIMEOUT_S)).results)

    async def replace(self):
        old = self.random.choice(
            [{"card_number": self.some_card()}, {"person_id": self.random.choice(self.holders)}]
        )
        await self.stub.ReplaceCard(
            card_service_pb2.ReplaceCardRequest(
                request_id=ident(),
                new_card_number=self.some_card(),
                issuing_region_code="640100",
                kind=self.random.choice(KINDS),
                **old,
            ),
            timeout=TIMEOUT_S,
        )

    async def change(self):
        await self.stub.ChangeCardState(
            card_service_pb2.ChangeCardStateRequest(
                request_id=ident(),
                card_number=self.some_card(),
                change=self.random.choice(CHANGES),
                agency_region_code="650100",
            ),
            timeout=TIMEOUT_S,
        )

    async def work(self):
        ways = [self.upsert, self.load, self.register, self.replace, self.change, self.change]
        for _ in range(STEPS):
            try:
                await self.random.choice(ways)()
            except grpc.aio.AioRpcError as error:
                self.reasons.add(read_refusal(error).reason)

    def note(self, results):
        for result in results:
            if result.HasField("error"):
                self.reasons.add(read_status(result.error).reason)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_cards_stay_whole_whatever_meets(world, seed):
    registered = await world.call("UpsertPersons", persons(*map(person_number, range(PERSONS))))
    holders = [result.key for result in registered.results]
    writers = Writers(world, seed, holders)
    await asyncio.gather(*(writers.work() for _ in range(7)))
    assert writers.reasons <= REASONS
    assert "CARD_ALREADY_ACTIVE" in writers.reasons  # they did meet
    assert len(await world.rows("SELECT FROM identity.person")) == PERSONS
    found = await world.rows(
        """SELECT c.card_index, c.person_id, c.kind, c.state,
                  array_agg(h.state ORDER BY h.change_id) AS states,
                  array_agg(h.change ORDER BY h.change_id) AS changes
             FROM identity.card AS c LEFT JOIN identity.card_state_change AS h USING (card_index)
            GROUP BY c.card_index"""
    )
    assert found
    active = [(entry["person_id"], entry["kind"]) for entry in found if entry["state"] == "ACTIVE"]
    assert len(active) == len(set(active))
    for entry in found:
        states = [CardState(state) for state in entry["states"]]
        assert states[-1].value == entry["state"]
        follows = zip(states, states[1:], entry["changes"][1:], strict=False)
        for before, after, change in follows:
            reachable = REGISTRABLE if change == "REGISTER" else ALLOWED
            assert after in reachable[before]
            assert after is not before
