"""Goal and method as in test_store_conformance.py, for what is computed anew and for the feed of
stays."""

from __future__ import annotations

import dataclasses
import random
from dataclasses import replace
from datetime import date, timedelta

import asyncpg
import pytest

from services.settlement.admission_store import AdmissionStore
from services.settlement.domain.visit import Discharge, Scope
from services.settlement.domain.visit_states import VisitState
from services.settlement.feed_store import START, Wanted
from services.settlement.intent_store import Share
from services.settlement.recomputation_store import RecomputationStore, Successor
from services.settlement.store import Store, VisitRevision
from services.settlement.visit_store import VisitStore
from tests.integration.settlement.test_store_conformance import (
    BOOKED,
    SCHEMA,
    Journal,
    ident,
    intent,
    invoice_of,
    request_id,
)
from tests.integration.settlement.test_store_conformance_visits import (
    DIAGNOSES,
    answer,
    lines,
    moved,
    part,
    visit,
    with_lines,
)
from tests.simulation.databases import CIPHER, NOW, Attempt, Within, agree, held_open

pytestmark = pytest.mark.postgres


EVERYTHING_OPEN = Share(per_province=99, busy={}, total=99)
"""Which of several come first is not told here: many are opened at the same moment."""


class Anew:
    """The stores on one database."""

    def __init__(self, database) -> None:
        self.journal = Journal(database)
        store = Store(database, CIPHER)
        self.store = RecomputationStore(database, CIPHER, store)
        self.admissions = AdmissionStore(database, CIPHER)

    async def decide(self, number: int, request: int, visit=None):
        return await self.store.insert(
            self.journal.record(number),
            request_id(request),
            b"h" * 32,
            NOW,
            filing=b"filing",
            visit=visit,
        )

    async def replace(self, number: int, request: int, by: int):
        return await self.store.insert_recomputed(
            self.journal.record(number),
            successor(number, by, 1),
            request_id=request_id(request),
            event=b"reversed",
        )

    async def fail(self, origin: int, number: int, by: int, attempt: int, *, cancel: bool):
        return await self.store.insert_failed(
            self.journal.record(number),
            successor(origin, by, attempt),
            reason="POLICY_NOT_COVERED",
            failure=b"status",
            cancel=cancel,
        )

    async def told(self):
        reading = await self.admissions.read(START)
        rows = [(one.state, one.revision, one.event_time, one.admission) for one in reading.rows]
        return rows, reading.has_more, reading.waiting_since


def successor(origin: int, by: int, attempt: int) -> Successor:
    return Successor(
        intent=dataclasses.replace(intent(by), invoice_key=invoice_of(origin)),
        recomputes_id=ident(origin),
        attempt=attempt,
        # No two are due at the same moment: which of those comes first nobody promises.
        due_time=NOW + timedelta(seconds=100 * attempt + by),
    )


async def outcome(work) -> object:
    try:
        return await work
    except (asyncpg.UniqueViolationError, asyncpg.RaiseError) as error:
        return type(error).__name__


async def drawn(database, seed: int) -> list[object]:
    """Bills settled, replaced, failed and reversed in any order, each looked at after each step."""
    draw, answers = random.Random(seed), []  # noqa: S311 - to be repeated
    anew = Anew(database)
    journal, fresh = anew.journal, 20
    for step in range(200):
        number, request = draw.randint(1, 8), 1000 + step
        record, plan = await journal.store.find(ident(number)), await anew.store.find(ident(number))
        if record is None:
            answers.append(await journal.store.insert_intent(intent(number)))
            continue
        if record.settle_time is None:
            answers.append(await journal.settle(number))
            continue
        fresh += 1
        attempts = plan.attempts if plan is not None else ()
        steps = {
            "decide": lambda n=number, r=request: anew.decide(n, r),
            "reverse": lambda n=number, r=request: journal.reverse(n, r),
            "reversed": lambda n=number, r=request: outcome(journal.reversed(n, r)),
        }
        if plan is not None:
            steps["replace"] = lambda n=number, r=request, f=fresh: anew.replace(n, r, f)
        if attempts:
            last = attempts[-1].int - ident(0).int
            count = len(attempts)
            is_cancelled = draw.random() < 0.5
            steps |= {
                "settle": lambda n=last: journal.settle(n),
                "fail": lambda n=number, p=last, f=fresh, c=count, x=is_cancelled: outcome(
                    anew.fail(n, p, f, c + 1, cancel=x)
                ),
                # As a version that knows of no replacing does it: refused.
                "give_up": lambda p=last: outcome(journal.fail(p, cancel=True)),
                "claim": lambda s=step: journal.claim(10**6 * (s + 1), EVERYTHING_OPEN),
            }
        # More of what comes after a decision than of what forestalls it.
        chosen = draw.choice(
            (*steps, *(one for one in steps if one in {"decide", "replace", "fail"}))
        )
        answers += [
            (chosen, await steps[chosen]()),
            await anew.store.find(ident(number)),
            [await journal.store.find(one) for one in attempts],
            await journal.intents.count(),
            (await journal.events(Wanted()))[0],
        ]
    return answers


@pytest.mark.parametrize("seed", range(4))
async def test_any_steps_on_what_is_computed_anew(dsn, seed):
    answers = await agree(dsn, SCHEMA, lambda database: drawn(database, seed))
    assert any(one == ("replace", True) for one in answers)
    assert any(one == ("fail", True) for one in answers)


@pytest.mark.parametrize("commit", [True, False])
async def test_two_requests_to_replace(dsn, commit):
    async def scenario(database):
        anew = Anew(database)
        await anew.journal.store.insert_intent(intent(1))
        await anew.journal.settle(1)
        async with held_open(database, lambda on: Anew(Within(on)).decide(1, 8)) as other:
            second = Attempt(anew.decide(1, 9))
            blocked = await second.blocks()
            await other.end(commit=commit)
            outcome = await second.outcome()
        return blocked, outcome, await anew.store.find(ident(1))

    assert (await agree(dsn, SCHEMA, scenario))[:2] == (True, not commit)


@pytest.mark.parametrize("commit", [True, False])
async def test_a_reversal_while_it_is_replaced(dsn, commit):
    """Begun before the replacing has ended, it finds what it reads then: see Reversals."""

    async def scenario(database):
        anew = Anew(database)
        await anew.journal.store.insert_intent(intent(1))
        await anew.journal.settle(1)
        await anew.decide(1, 8)
        async with held_open(database, lambda on: Anew(Within(on)).replace(1, 8, 30)) as other:
            second = Attempt(anew.journal.reverse(1, 9))
            blocked = await second.blocks()
            await other.end(commit=commit)
            outcome = await second.outcome()
        return blocked, outcome, await anew.journal.intents.count()

    await agree(dsn, SCHEMA, scenario)


async def test_what_is_to_be_replaced_is_not_only_reversed(dsn):
    async def scenario(database):
        anew = Anew(database)
        await anew.journal.store.insert_intent(intent(1))
        await anew.journal.settle(1)
        await anew.decide(1, 8)
        return [
            await outcome(anew.journal.reversed(1, 8)),
            await anew.replace(1, 8, 30),
            await outcome(anew.journal.reversed(1, 8)),
        ]

    assert await agree(dsn, SCHEMA, scenario) == ["RaiseError", True, False]


async def test_a_stay_is_told_settled_replaced_and_undone(dsn):
    async def scenario(database):
        anew, store = Anew(database), VisitStore(database, CIPHER)
        journal, found, seen = anew.journal, visit(1), []
        await store.insert(found, answer(1))
        await store.insert(visit(2, person=2, medical_type_code="11"), answer(2))
        charged = with_lines(found, 2)
        await store.add_lines(charged, lines(found, "a", "b"), answer(3))
        left = moved(
            charged,
            recorded_state=VisitState.DISCHARGED,
            discharge=Discharge(
                discharge_date=date(2026, 3, 30),
                discharge_diagnoses=DIAGNOSES,
                discharge_way_code="1",
            ),
        )
        await store.update(left, answer(4))
        seen.append(await anew.told())
        await journal.store.insert_intent(replace(intent(1), part=part(left, Scope.FINAL)))
        settled = journal.store.insert_settled(
            journal.record(1), BOOKED, now=NOW, trace_id="t", event=b"s", ends_stay=True
        )
        seen += [await settled, await anew.told()]
        standing = await store.find(found.visit_id)
        stale = VisitRevision(found.visit_id, standing.revision - 1)
        seen.append(await anew.decide(1, 7, stale))
        now = VisitRevision(found.visit_id, standing.revision)
        seen += [await anew.decide(1, 8, now), await store.find(found.visit_id)]
        seen += [await anew.replace(1, 8, 30), await store.find(found.visit_id), await anew.told()]
        seen += [await anew.fail(1, 30, 31, 2, cancel=True), await store.find(found.visit_id)]
        seen.append(
            await journal.store.insert_settled(
                journal.record(31), BOOKED, now=NOW, trace_id="t", event=b"s", ends_stay=True
            )
        )
        await journal.intents.delete(ident(30), "CANCEL")
        standing = await store.find(found.visit_id)
        undoing = await journal.store.insert_reversal(
            journal.record(31),
            request_id(40),
            b"h" * 32,
            NOW,
            visit=VisitRevision(found.visit_id, standing.revision),
        )
        seen += [standing, undoing, await journal.reversed(31, 40)]
        seen += [await store.find(found.visit_id), await anew.told()]
        (reading, no_such) = await anew.admissions.read(START), START._replace(sequence=7)
        positions = [row.position for row in reading.rows]
        seen.append([await anew.admissions.find(one) for one in (*positions, no_such)])
        seen.append(positions == sorted(positions))
        last = positions[-1]
        seen.append(await anew.admissions.find(last._replace(sequence=last.sequence + 50)))
        seen.append([row.state for row in (await anew.admissions.read(positions[1])).rows])
        return seen

    seen = await agree(dsn, SCHEMA, scenario)
    assert seen[-1] == ["SETTLED", "SETTLED", "DISCHARGED"]


async def test_the_feed_of_stays_waits_for_the_oldest_transaction(dsn):
    async def scenario(database):
        anew, store, seen = Anew(database), VisitStore(database, CIPHER), []

        async def first(connection):
            return await VisitStore(Within(connection), CIPHER).insert(visit(1), answer(1))

        async with held_open(database, first) as other:
            await store.insert(visit(2, person=2), answer(2))
            seen.append(await anew.told())
            await other.end(commit=True)
        seen.append(await anew.told())
        return seen

    seen = await agree(dsn, SCHEMA, scenario)
    assert [len(rows) for rows, *_ in seen] == [0, 2]
