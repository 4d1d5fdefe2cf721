"""Goal and method as in test_store_conformance.py, for visits and what is settled of them."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import asyncpg
import pytest

from services.classification.model import FeeLine
from services.kit.errors import RuleForbids
from services.settlement.domain.visit import Diagnosis, Discharge, Line, Record, Scope, Visit
from services.settlement.domain.visit_states import VisitState
from services.settlement.order import Part
from services.settlement.store import Store, VisitRevision
from services.settlement.visit_store import Answer, StayOpenError, VisitStore
from tests.integration.settlement.test_store_conformance import (
    SCHEMA,
    Journal,
    ident,
    intent,
    request_id,
)
from tests.simulation.databases import CIPHER, NOW, Attempt, Within, agree, held_open

pytestmark = pytest.mark.postgres

DIAGNOSES = (Diagnosis("I10.x00x002", main=True),)
HOSPITAL = "H64010400001"


def visit(number: int, *, person: int = 1, medical_type_code: str = "21") -> Visit:
    return Visit(
        visit_id=ident(500 + number),
        recorded_state=VisitState.REGISTERED,
        institution_code=HOSPITAL,
        care_region_code="640104",
        hospital_level_code="02",
        person_id=ident(900 + person),
        insured_region_code="110000",
        sex="2",
        birth_date=date(1950, 1, 1),
        record=Record(
            medical_type_code=medical_type_code,
            begin_date=date(2026, 3, 1),
            emergency=False,
            injury=False,
            third_party_liable=False,
            referring_institution_code="",
            admission_diagnoses=DIAGNOSES,
            disease_code="",
            doctor_code="",
            department_code="",
            scheme_code="310",
        ),
        discharge=None,
        line_count=0,
        line_total_fen=0,
        first_fee_date=None,
        last_fee_date=None,
        settlements=(),
        revision=1,
        create_time=NOW,
        update_time=NOW,
    )


def answer(number: int) -> Answer:
    return Answer(request_id(300 + number), "Method", bytes([number % 250] * 32), b"response")


def lines(found: Visit, *line_ids: str) -> list[Line]:
    return [
        Line(
            fee=FeeLine(
                line_id=line_id,
                item_code="001109000030000",
                fee_date=date(2026, 3, 1 + place),
                unit_price=Decimal(2),
                quantity=Decimal(3),
                amount_fen=600,
            ),
            item_name="样品",
            charge_batch_number="",
            refund_of_line_id="",
            cover_date=date(2026, 3, 1 + place),
            doctor_code="",
            department_code="",
            revision=found.revision + 1,
            position=place,
            create_time=NOW,
        )
        for place, line_id in enumerate(line_ids)
    ]


def moved(found: Visit, **changes) -> Visit:
    return replace(
        found, revision=found.revision + 1, update_time=NOW + timedelta(hours=1), **changes
    )


def with_lines(found: Visit, count: int) -> Visit:
    days = (date(2026, 3, 1), date(2026, 3, 9)) if count else (None, None)
    return moved(
        found,
        line_count=count,
        line_total_fen=600 * count,
        first_fee_date=days[0],
        last_fee_date=days[1],
    )


def part(found: Visit, scope: Scope = Scope.INTERIM, batch: str = "") -> Part:
    return Part(
        visit_id=found.visit_id,
        revision=found.revision,
        scope=scope,
        charge_batch_number=batch,
        until_date=date(2026, 3, 20) if scope is Scope.INTERIM else None,
        is_stay=found.is_stay,
        expected_amounts=None,
    )


async def told(work) -> object:
    """An answer, or the error with the constraint that it broke."""
    try:
        return await work
    except StayOpenError:
        return "stay open"
    except RuleForbids as error:
        return error.reason
    except asyncpg.UniqueViolationError as error:
        return error.constraint_name


async def drawn(database, seed: int) -> list[object]:
    draw, answers = random.Random(seed), []  # noqa: S311 - to be repeated
    for step in range(120):
        answers += await one_step(database, draw, step)
    page = VisitStore(database, CIPHER).page(
        HOSPITAL, before=None, create_date_min=None, create_date_max=None, limit=3
    )
    return [*answers, await page]


async def one_step(database, draw: random.Random, step: int) -> list[object]:
    """Does one thing to one visit, and looks at all of it."""
    journal, store = Journal(database), VisitStore(database, CIPHER)
    number, settlement = draw.randint(1, 4), draw.randint(1, 12)
    found = await store.find(visit(number).visit_id)
    if found is None:
        kind = draw.choice(("21", "11"))
        fresh = visit(number, person=number % 2, medical_type_code=kind)
        return [None, await told(store.insert(fresh, answer(draw.randint(1, 60))))]
    stale = draw.random() < 0.2
    known = replace(found, revision=found.revision - 1) if stale else found
    reply, standing = answer(draw.randint(1, 60)), await store.lines(found.visit_id)
    ids = draw.sample([f"L{one}" for one in range(12)], draw.randint(1, 3))
    kept = await journal.store.find(ident(settlement))
    steps = {
        "add": lambda: store.add_lines(
            with_lines(known, found.line_count + len(ids)), lines(known, *ids), reply
        ),
        "cancel": lambda: store.cancel_lines(with_lines(known, 0), standing, reply),
        "discharge": lambda: store.update(
            moved(
                known,
                recorded_state=VisitState.DISCHARGED,
                discharge=Discharge(
                    discharge_date=date(2026, 3, 30),
                    discharge_diagnoses=DIAGNOSES,
                    discharge_way_code="1",
                ),
            ),
            reply,
        ),
        "open": lambda: store.update(
            moved(known, recorded_state=VisitState.REGISTERED, discharge=None), reply
        ),
        "intent": lambda: journal.store.insert_intent(
            replace(
                intent(settlement),
                part=part(known, draw.choice(tuple(Scope)), ""),
            )
        ),
        "settle": lambda: journal.settle(settlement),
        "fail": lambda: journal.fail(settlement, cancel=draw.random() < 0.5),
        "reverse": lambda: journal.store.insert_reversal(
            journal.record(settlement),
            request_id(100 + step),
            b"h" * 32,
            NOW,
            visit=VisitRevision(known.visit_id, known.revision),
        ),
        "reversed": lambda: journal.reversed(settlement, 200 + step),
    }
    chosen = draw.choice(tuple(steps))
    if chosen in {"discharge", "open"} and not found.is_stay:
        chosen = "add"
    if chosen == "intent" and kept is not None:
        chosen = "settle"
    if chosen in {"settle", "fail", "reverse", "reversed"} and kept is None:
        chosen = "intent"
    if chosen == "reversed" and kept is not None and kept.settle_time is None:
        chosen = "reverse"
    return [
        found,
        (chosen, await told(steps[chosen]())),
        sorted(await store.taken_line_ids(found.visit_id, ids)),
        standing,
        await store.lines(found.visit_id, after=(draw.randint(0, 5), 0), limit=2),
        await store.find_answer(reply.request_id),
        await store.open_stay_region(found.person_id),
    ]


@pytest.mark.parametrize("seed", range(4))
async def test_any_steps_on_visits(dsn, seed):
    answers = await agree(dsn, SCHEMA, lambda database: drawn(database, seed))
    assert len(answers) > 400


@pytest.mark.parametrize("commit", [True, False])
async def test_a_change_of_what_another_one_changes(dsn, commit):
    async def scenario(database):
        store, found = VisitStore(database, CIPHER), visit(1)
        await store.insert(found, answer(1))

        async def first(connection):
            return await VisitStore(Within(connection), CIPHER).update(moved(found), answer(2))

        async with held_open(database, first) as other:
            added = lines(found, "a")
            second = Attempt(store.add_lines(with_lines(found, 1), added, answer(3)))
            blocked = await second.blocks()
            await other.end(commit=commit)
            outcome = await second.outcome()
        return (
            blocked,
            outcome,
            await store.lines(found.visit_id),
            await store.find_answer(answer(3).request_id),
        )

    assert (await agree(dsn, SCHEMA, scenario))[:2] == (True, not commit)


@pytest.mark.parametrize("commit", [True, False])
async def test_a_part_settled_while_its_fees_change(dsn, commit):
    async def scenario(database):
        store, found = VisitStore(database, CIPHER), visit(1)
        await store.insert(found, answer(1))

        async def first(connection):
            added = lines(found, "a")
            on = VisitStore(Within(connection), CIPHER)
            return await on.add_lines(with_lines(found, 1), added, answer(2))

        async with held_open(database, first) as other:
            wanted = replace(intent(1), part=part(found))
            second = Attempt(Store(database, CIPHER).insert_intent(wanted))
            blocked = await second.blocks()
            await other.end(commit=commit)
            outcome = await second.outcome()
        return blocked, outcome, await store.find(found.visit_id)

    assert (await agree(dsn, SCHEMA, scenario))[:2] == (True, not commit)


@pytest.mark.parametrize("commit", [True, False])
async def test_two_stays_of_one_person(dsn, commit):
    async def scenario(database):
        async def first(connection):
            return await VisitStore(Within(connection), CIPHER).insert(visit(1), answer(1))

        async with held_open(database, first) as other:
            second = Attempt(VisitStore(database, CIPHER).insert(visit(2), answer(2)))
            blocked = await second.blocks()
            await other.end(commit=commit)
            return blocked, await second.outcome()

    wanted = "StayOpenError" if commit else True
    assert await agree(dsn, SCHEMA, scenario) == (True, wanted)
