"""Goal: the audit gives way to bills that are being settled, never for ever, bill by bill."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import pytest

from services.kit.db import Connection
from services.supervision.audit import usecases
from services.supervision.audit.details import Shelf
from services.supervision.audit.gate import Gate
from services.supervision.audit.usecases import _Turns
from services.supervision.domain.audit import PersonRecord, audit, audit_steps
from tests.unit.supervision.auditing import bill, ruleset, settle, standing, take_back


async def test_the_audit_waits_while_a_bill_is_screened() -> None:
    gate = Gate(patience_s=30)
    with gate.first():
        waiting = asyncio.create_task(gate.give_way())
        await asyncio.sleep(0.02)
        assert not waiting.done()
        with gate.first():
            pass
        await asyncio.sleep(0)
        assert not waiting.done(), "one of two is still open"
    await asyncio.wait_for(waiting, 5)


async def test_it_never_waits_for_ever() -> None:
    gate = Gate(patience_s=0.01)
    with gate.first():
        started = time.monotonic()
        for _ in range(3):
            await gate.give_way()
    assert 0.03 <= time.monotonic() - started < 5


async def test_a_screening_that_fails_opens_the_gate() -> None:
    gate = Gate(patience_s=30)
    with pytest.raises(ValueError, match="no"), gate.first():
        raise ValueError("no")
    await asyncio.wait_for(gate.give_way(), 5)


def test_what_changes_many_later_bills_is_done_bill_by_bill() -> None:
    """One reversal of a person with 800 bills took 23 s at one go, and every call waited."""
    record, many = PersonRecord(is_whole=True), 40
    bills = [bill(number, begin=number, settled=24 * number) for number in range(1, many + 1)]
    for one in bills:
        audit(settle(one), record, ruleset())
    steps = audit_steps(take_back(bills[0]), record, ruleset())
    assert sum(1 for _ in steps) == many - 1
    late = bill(500, begin=1, settled=25)
    assert sum(1 for _ in audit_steps(settle(late), record, ruleset())) == many - 1


def test_histories_of_one_event_share_an_index_and_say_the_same() -> None:
    plain, shared = PersonRecord(is_whole=True), PersonRecord(is_whole=True)
    bills = [bill(number, begin=number % 3, settled=number % 7) for number in range(1, 30)]
    events = [settle(one) for one in bills] + [take_back(bills[3]), take_back(bills[11])]
    for event in events:
        expected = audit(event, plain, ruleset())
        assert audit(event, shared, ruleset(), histories=Shelf(shared.bills).history) == expected
    assert standing(shared) == standing(plain)


class _Heard:
    def __init__(self) -> None:
        self.statements: list[str] = []

    async def fetchrow(self, statement: str, *_: Any) -> None:
        self.statements.append(statement)


async def test_a_long_audit_keeps_its_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database ends a transaction of which it hears nothing for a minute: each time again."""
    heard = _Heard()
    turns = _Turns(Gate(), cast("Connection", heard))
    await turns.next()
    assert not heard.statements
    monkeypatch.setattr(usecases, "_SILENCE_S", -1.0)
    await turns.next()
    assert len(heard.statements) == 1
