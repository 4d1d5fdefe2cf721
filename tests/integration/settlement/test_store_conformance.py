"""Goal: what the simulation keeps in memory answers as PostgreSQL does.

Method: the same scenario, and hundreds of steps drawn from a seed, are told to the real stores on
both; every answer must be the same. Races are told statement by statement: one transaction is held
open, another one tries, and whether it waits and what it gets must agree too.
"""

from __future__ import annotations

import random
from datetime import timedelta
from uuid import UUID

import pytest

from services.kit.errors import RuleForbids
from services.settlement.domain.states import State
from services.settlement.feed_store import START, FeedStore, Wanted
from services.settlement.intent_store import IntentStore, Share
from services.settlement.store import (
    NOTHING,
    RECOMPUTE,
    REVERSE,
    Booked,
    Filter,
    Intent,
    Store,
    fresh_record,
)
from tests.simulation.databases import CIPHER, NOW, Attempt, Within, agree, held_open

pytestmark = pytest.mark.postgres

SCHEMA = "settlement"
EVERYTHING = Filter(
    care_prefix="",
    insured_prefix="",
    create_date_min=None,
    create_date_max=None,
    state=None,
)
SHARE = Share(per_province=2, busy={}, total=3)


def ident(number: int) -> UUID:
    return UUID(int=(0x019D_4000_0000_7000_8000 << 48) + number)


def request_id(number: int) -> UUID:
    return UUID(int=(0xAAAA_0000_0000_4000_8000 << 48) + number)


def invoice_of(number: int) -> bytes | None:
    """Some bills state an invoice, and 3 and 9, as 6 and 12, the same."""
    return bytes([1 + number % 6] * 32) if number % 3 == 0 else None


def intent(number: int, *, request: int | None = None, insured: str = "110000") -> Intent:
    return Intent(
        settlement_id=ident(number),
        request_id=request_id(number if request is None else request),
        request_hash=bytes([number % 250] * 32),
        care_region_code="640104",
        insured_region_code=insured,
        institution_code="H64010400001",
        person_id=ident(1000 + number),
        scheme_code="310",
        total_fen=100,
        trace_id="t",
        create_time=NOW + timedelta(seconds=number),
        commit_request=b"commit",
        detail=b"detail",
        part=None,
        invoice_key=invoice_of(number),
    )


BOOKED = Booked(adjudication=b"a", total_fen=100, fund_fen=60, account_fen=10, cash_fen=30)


class Journal:
    """The stores of the journal on one database, with few ids."""

    def __init__(self, database) -> None:
        self.store = Store(database, CIPHER)
        self.intents = IntentStore(database)
        self.feed = FeedStore(database, CIPHER)

    def record(self, number: int):
        return fresh_record(intent(number))

    async def begin(self, number: int, **changes):
        """Writes an intent; returns the reason where its invoice is another's."""
        try:
            return await self.store.insert_intent(intent(number, **changes))
        except RuleForbids as error:
            return error.reason, error.metadata

    async def claimed(self, number: int):
        try:
            return await self.store.require_unclaimed(invoice_of(number))
        except RuleForbids as error:
            return error.reason, error.metadata

    async def settle(self, number: int):
        return await self.store.insert_settled(
            self.record(number), BOOKED, now=NOW, trace_id="t", event=b"settled"
        )

    async def fail(self, number: int, *, cancel: bool):
        return await self.store.insert_failed(
            self.record(number),
            now=NOW,
            trace_id="t",
            reason="POLICY_NOT_COVERED",
            failure=b"status",
            cancel=cancel,
            invoice_key=invoice_of(number),
        )

    async def reverse(self, number: int, request: int):
        return await self.store.insert_reversal(
            self.record(number), request_id(request), b"h" * 32, NOW, visit=None
        )

    async def reversed(self, number: int, request: int):
        return await self.store.insert_reversed(
            self.record(number),
            request_id=request_id(request),
            now=NOW,
            trace_id="t",
            event=b"reversed",
            invoice_key=invoice_of(number),
        )

    async def claim(self, at_s: float, share: Share = SHARE):
        now = NOW + timedelta(seconds=at_s)
        taken = await self.intents.claim(
            share,
            now=now,
            older_than=now - timedelta(seconds=5),
            claimed_before=now - timedelta(seconds=10),
        )
        return sorted(taken, key=lambda one: (one.settlement_id, one.kind))

    async def events(self, wanted: Wanted, limit: int = 1000):
        """What a follower is given, without the positions, which are each database's own."""
        reading = await self.feed.read(START, wanted)
        order = [(row.kind, row.event_time, row.settlement) for row in reading.rows]
        positions = [row.position for row in reading.rows]
        return order[:limit], positions == sorted(positions), reading.has_more


async def drawn(database, seed: int) -> list[object]:
    """Tells steps drawn from a seed and returns every answer."""
    draw = random.Random(seed)  # noqa: S311 - to be repeated
    journal, answers = Journal(database), []
    wanteds = [
        Wanted(),
        Wanted(province="110000"),
        Wanted(province="640000", as_insured=False),
        Wanted(kinds=("REVERSED",)),
    ]
    for step in range(150):
        number, other = draw.randint(1, 12), draw.randint(1, 30)
        insured = ("110000", "610500", "131100")[number % 3]
        steps = [
            lambda n=number, i=insured: journal.begin(n, insured=i),
            lambda n=number: journal.settle(n),
            lambda n=number: journal.fail(n, cancel=n % 2 == 0),
            lambda n=number, o=other: journal.reverse(n, o),
            lambda n=number, o=other: journal.reversed(n, o),
            lambda n=number: journal.store.is_reversing(ident(n)),
            lambda o=other, n=number: journal.store.take_request(
                request_id(o),
                b"v" * 32,
                draw.choice((NOTHING, ident(n))),
                NOW,
                method=draw.choice((REVERSE, RECOMPUTE)),
            ),
            lambda n=number: journal.store.find(ident(n)),
            lambda o=other: journal.store.find_request(request_id(o)),
            lambda s=step: journal.claim(s, Share(per_province=2, busy={"110000": 1}, total=3)),
            lambda n=number: journal.intents.delete(ident(n), draw.choice(("CANCEL", "REVERSE"))),
            journal.intents.count,
            lambda n=number: journal.claimed(n),
            lambda: journal.events(draw.choice(wanteds)),
            lambda: journal.store.page(
                Filter(
                    care_prefix=draw.choice(("", "64", "65")),
                    insured_prefix=draw.choice(("", "11", "6105")),
                    create_date_min=None,
                    create_date_max=None,
                    state=draw.choice((None, *State)),
                ),
                before=draw.choice((None, ident(8))),
                limit=draw.randint(1, 5),
            ),
        ]
        known = await journal.store.find(ident(number))
        chosen = draw.randrange(len(steps))
        # Outcomes are only ever written of an intent, reversals of what is settled.
        if chosen in {1, 2, 3, 4} and known is None:
            chosen = 0
        if chosen == 0 and known is not None:
            chosen = 7
        if chosen == 4 and known is not None and known.state is not State.SETTLED:
            chosen = 3
        answers.append((chosen, await steps[chosen]()))
    return answers


@pytest.mark.parametrize("seed", range(4))
async def test_any_steps_on_the_journal(dsn, seed):
    answers = await agree(dsn, SCHEMA, lambda database: drawn(database, seed))
    assert len(answers) == 150


async def test_claims_are_shared_out_renewed_and_run_out(dsn):
    async def scenario(database):
        journal, answers = Journal(database), []
        for number in range(1, 9):
            insured = "110000" if number < 6 else "610500"
            await journal.store.insert_intent(intent(number, insured=insured))
        answers += [await journal.claim(at_s) for at_s in (3, 8, 20, 21, 40)]
        (first, *_) = answers[-1]
        at, later = NOW + timedelta(seconds=40), NOW + timedelta(seconds=45)
        answers += [
            await journal.intents.extend(first, claimed_at=at, now=later),
            await journal.intents.extend(first, claimed_at=at, now=later),
            await journal.claim(52, Share(per_province=9, busy={"610000": 8}, total=9)),
        ]
        return answers

    await agree(dsn, SCHEMA, scenario)


# --- races --------------------------------------------------------------------------------------


@pytest.mark.parametrize("commit", [True, False])
async def test_a_request_id_on_its_way_twice(dsn, commit):
    async def scenario(database):
        async def first(connection):
            return await Store(Within(connection), CIPHER).insert_intent(intent(1, request=7))

        async with held_open(database, first) as other:
            second = Attempt(Journal(database).store.insert_intent(intent(2, request=7)))
            blocked = await second.blocks()
            await other.end(commit=commit)
            return other.answer, blocked, await second.outcome()

    assert await agree(dsn, SCHEMA, scenario) == (True, True, not commit)


@pytest.mark.parametrize("commit", [True, False])
async def test_an_invoice_on_its_way_twice(dsn, commit):
    async def scenario(database):
        async with held_open(database, lambda on: Journal(Within(on)).begin(3)) as other:
            second = Attempt(Journal(database).begin(9))
            blocked = await second.blocks()
            await other.end(commit=commit)
            return other.answer, blocked, await second.outcome()

    first, blocked, second = await agree(dsn, SCHEMA, scenario)
    assert (first, blocked) == (True, True)
    assert second is True or (commit and second[0] == "INVOICE_ALREADY_CLAIMED")


@pytest.mark.parametrize("commit", [True, False])
async def test_two_outcomes_of_one_intent(dsn, commit):
    async def scenario(database):
        journal = Journal(database)
        await journal.store.insert_intent(intent(1))
        async with held_open(database, lambda on: Journal(Within(on)).settle(1)) as other:
            second = Attempt(journal.fail(1, cancel=True))
            blocked = await second.blocks()
            await other.end(commit=commit)
            outcome = await second.outcome()
        record = await journal.store.find(ident(1))
        return blocked, outcome, record.state, await journal.intents.count()

    assert (await agree(dsn, SCHEMA, scenario))[:2] == (True, not commit)


async def test_two_requests_to_reverse(dsn):
    async def scenario(database):
        journal = Journal(database)
        await journal.store.insert_intent(intent(1))
        await journal.settle(1)
        async with held_open(database, lambda on: Journal(Within(on)).reverse(1, 8)) as other:
            second = Attempt(journal.reverse(1, 9))
            blocked = await second.blocks()
            await other.end(commit=True)
            outcome = await second.outcome()
        return blocked, outcome, await journal.store.find_request(request_id(9))

    assert await agree(dsn, SCHEMA, scenario) == (True, False, None)


async def test_a_claim_skips_what_another_transaction_holds(dsn):
    async def scenario(database):
        journal = Journal(database)
        for number in (1, 2):
            await journal.store.insert_intent(intent(number))
        async with held_open(database, lambda on: Journal(Within(on)).settle(1)) as other:
            taken = await journal.claim(60)
            await other.end(commit=True)
        return taken, await journal.claim(61), await journal.claim(80)

    taken, *_ = await agree(dsn, SCHEMA, scenario)
    assert [one.settlement_id for one in taken] == [ident(2)]


async def test_the_feed_waits_for_the_oldest_transaction(dsn):
    async def scenario(database):
        journal = Journal(database)
        for number in (1, 2, 3):
            await journal.store.insert_intent(intent(number))
        seen = []
        async with held_open(database, lambda on: Journal(Within(on)).settle(1)) as other:
            await journal.settle(2)
            seen.append(await journal.events(Wanted()))
            await other.end(commit=True)
        await journal.settle(3)
        seen.append(await journal.events(Wanted()))
        reading = await journal.feed.read(START, Wanted())
        seen.append([await journal.feed.find(row.position) for row in reading.rows])
        last = reading.rows[-1].position
        seen.append(await journal.feed.find(last._replace(sequence=last.sequence + 50)))
        first = reading.rows[0].position
        seen.append(await journal.feed.find(first._replace(sequence=first.sequence + 1)))
        return seen

    seen = await agree(dsn, SCHEMA, scenario)
    assert [len(events) for events, _, _ in seen[:2]] == [0, 3]
