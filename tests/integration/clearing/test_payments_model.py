"""Money on notices against a model: transfers, suspense, decisions, several at once, in any order.

Goal: not a fen of a transfer is lost or counted twice, whoever states it and how often, and ledger,
notices and bank lines say the same after every commit.

Method: drawn acts in groups that run at once, with the books read from the tables after each group.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest

from services.clearing.domain.notice import NoticeKind
from services.kit.db import Database
from tests.integration.clearing.notices_world import (
    BEIJING,
    HEBEI,
    SHANGHAI,
    NoticeWorld,
    notice_world,
    prepayment,
    row,
)
from yijie.clearing.v1 import notice_pb2 as pb2

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)
_EXPECTED = {grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.ABORTED}
ALLOCATED = pb2.BANK_RESOLUTION_DECISION_ALLOCATED
RETURNED = pb2.BANK_RESOLUTION_DECISION_RETURNED

# Notices whose lines, bank lines and state do not say the same of what is paid and what waits.
_NOTICES = """/* test.notices */
SELECT n.number, n.state, n.amount_fen, l.paid_fen, l.pending_fen, b.applied_fen, r.posted_fen,
       r.waiting_fen
  FROM notice n
  JOIN LATERAL (SELECT sum(paid_fen) AS paid_fen, sum(pending_fen) AS pending_fen
                  FROM notice_line WHERE notice_id = n.notice_id) l ON true
  JOIN LATERAL (SELECT coalesce(sum(applied_fen), 0) AS applied_fen
                  FROM bank_line WHERE notice_id = n.notice_id) b ON true
  JOIN LATERAL (SELECT coalesce(sum(amount_fen) FILTER (WHERE status = 'POSTED'), 0) AS posted_fen,
                       coalesce(sum(amount_fen) FILTER (WHERE status = 'PENDING'), 0)
                           AS waiting_fen
                  FROM bank_resolution WHERE notice_id = n.notice_id) r ON true
 WHERE abs(l.paid_fen) <> b.applied_fen + r.posted_fen OR abs(l.pending_fen) <> r.waiting_fen
    OR n.state IS DISTINCT FROM CASE
           WHEN n.number IS NULL THEN n.state
           WHEN abs(l.paid_fen) = n.amount_fen THEN 'PAID'
           WHEN l.paid_fen = 0 THEN 'ISSUED' ELSE 'PART_PAID' END"""

# By pair, month, scheme and fund: what lines say is paid or waits, against the ledger.
_LEDGER = """/* test.ledger */
WITH said AS (
    SELECT n.insured_region_code, n.care_region_code, n.month, l.scheme_code, l.fund_type_code,
           CASE n.kind WHEN 'CLEARING' THEN 'PAYMENT' ELSE 'PREPAYMENT_PAYMENT' END AS purpose,
           p.phase, -sum(CASE p.phase WHEN 'POSTED' THEN l.paid_fen ELSE l.pending_fen END) AS fen
      FROM notice n JOIN notice_line l USING (notice_id)
     CROSS JOIN unnest(array['POSTED', 'PENDING']) AS p (phase)
     GROUP BY 1, 2, 3, 4, 5, 6, 7
    UNION ALL
    SELECT n.insured_region_code, n.care_region_code, n.month, l.scheme_code, l.fund_type_code,
           'PREPAYMENT', CASE n.state WHEN 'DRAFT' THEN 'PENDING' ELSE 'POSTED' END,
           sum(l.amount_fen)
      FROM notice n JOIN notice_line l USING (notice_id)
     WHERE n.kind <> 'CLEARING' AND n.state <> 'REJECTED'
     GROUP BY 1, 2, 3, 4, 5, 6, 7
), booked AS (
    SELECT p.insured_region_code, p.care_region_code, p.month, p.scheme_code, a.fund_type_code,
           a.purpose, a.phase, a.balance_fen::numeric AS fen
      FROM account a JOIN position p USING (position_id)
     WHERE a.side = 'RECEIVABLE'
       AND a.purpose IN ('PAYMENT', 'PREPAYMENT', 'PREPAYMENT_PAYMENT')
)
(SELECT * FROM said WHERE fen <> 0 EXCEPT SELECT * FROM booked)
UNION ALL
(SELECT * FROM booked WHERE fen <> 0 EXCEPT SELECT * FROM said)"""

_PLACED = """/* test.placed */
SELECT bank_reference, amount_fen, applied_fen + suspended_fen + allocated_fen + returned_fen AS fen
  FROM bank_line ORDER BY bank_reference"""


@pytest.fixture
async def world(database: Database) -> AsyncIterator[NoticeWorld]:
    async with notice_world(database) as running:
        yield running


class Model:
    """What banks have stated so far, and acts drawn over it."""

    def __init__(self, world: NoticeWorld, seed: int) -> None:
        self.world = world
        self.draw = random.Random(seed)  # noqa: S311 - to be repeated
        self.stated: dict[str, dict[str, str]] = {}
        self.fen: dict[str, int] = {}
        self.drafts = 0

    async def issue(self) -> None:
        """Draws a notice up, and two officers decide at once."""
        self.drafts += 1
        amounts = {"employee": self.amount(), "resident": self.amount()}
        kind = self.draw.choice([NoticeKind.EMERGENCY_TOP_UP, NoticeKind.PREPAYMENT_ADJUSTMENT])
        ids = await self.world.draft(prepayment(self.drafts, kind, **amounts))
        decisions = ["NOTICE_DECISION_APPROVED", "NOTICE_DECISION_APPROVED"]
        if self.draw.random() < 0.3:
            decisions[1] = "NOTICE_DECISION_REJECTED"
        await asyncio.gather(
            *(tried(self.world.decide(ids, decision=one, note="见附件")) for one in decisions)
        )

    def amount(self) -> int:
        return self.draw.choice([-1, 1, 1, 1]) * self.draw.randint(1, 500)

    async def upload(self) -> None:
        """A statement of some transfers; often with some that were stated before or twice."""
        listed = (await self.world.call("ListNotices")).notices
        issued = [one for one in listed if one.number]
        rows = []
        for _ in range(self.draw.randint(1, 4)):
            if self.stated and self.draw.random() < 0.3:
                rows.append(self.stated[self.draw.choice(sorted(self.stated))])
                continue
            notice = self.draw.choice(issued)
            open_fen = notice.outstanding.fen
            fen = self.draw.choice([1, max(1, open_fen), max(1, open_fen // 2), open_fen + 7])
            reference = f"BK-{len(self.stated):06d}"
            number = self.draw.choice([notice.number] * 3 + ["", "QS2026999999"])
            stated = row(notice, fen, reference, 通知书编号=number)
            if self.draw.random() < 0.1:
                stated = row(notice, fen, reference, 收款省区划=SHANGHAI, 收款省名称="上海市财政局")
            self.stated[reference], self.fen[reference] = stated, fen
            rows += [stated] * self.draw.choice([1, 1, 1, 2])
        # Both sides' banks, or one that repeats itself.
        while True:
            answers = [tried(self.world.upload(*rows)) for _ in range(self.draw.choice([1, 2]))]
            if any(await asyncio.gather(*answers)):
                break

    async def propose(self) -> None:
        state = pb2.BANK_LINE_STATE_SUSPENDED
        lines = (await self.world.call("ListBankLines", state=state)).lines
        if not lines:
            return
        line = self.draw.choice(lines)
        fields: dict[str, Any] = {"line_id": line.line_id, "maker_id": "hub-1", "note": "见回单"}
        if self.draw.random() < 0.5:
            fields["amount"] = {"fen": self.draw.randint(1, line.suspended.fen)}
        if self.draw.random() < 0.8:
            listed = (await self.world.call("ListNotices")).notices
            number = self.draw.choice([one.number for one in listed if one.number])
            fields |= {"decision": ALLOCATED, "notice_number": number}
        else:
            fields["decision"] = RETURNED
        await asyncio.gather(
            *(tried(self.world.call("ResolveBankLine", **fields)) for _ in range(2))
        )

    async def decide(self) -> None:
        state = pb2.BANK_LINE_STATE_PROPOSED
        lines = (await self.world.call("ListBankLines", state=state)).lines
        if lines:
            fields = {"line_id": self.draw.choice(lines).line_id, "checker_id": "hub-2"}
            decisions = ["NOTICE_DECISION_APPROVED", "NOTICE_DECISION_REJECTED"]
            await asyncio.gather(
                *(
                    tried(self.world.call("DecideBankLine", decision=one, **fields))
                    for one in self.draw.choices(decisions, [2, 1], k=2)
                )
            )

    async def group(self) -> None:
        acts: list[Callable[[], Awaitable[None]]] = self.draw.choices(
            [self.issue, self.upload, self.propose, self.decide], [1, 3, 3, 3], k=4
        )
        await asyncio.gather(*(act() for act in acts))

    async def look(self) -> None:
        """Holds what is true after every commit."""
        database = self.world.database
        assert await database.fetch(_NOTICES) == []
        assert await database.fetch(_LEDGER) == []
        placed = await database.fetch(_PLACED)
        assert {one["bank_reference"]: one["amount_fen"] for one in placed} == self.fen
        assert all(one["fen"] == one["amount_fen"] for one in placed)


async def tried(call: Awaitable[object]) -> bool:
    """Makes a call that the state may forbid, or that loses against another."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        if error.code() not in _EXPECTED:
            raise
        return False
    return True


@pytest.mark.parametrize("seed", range(3))
async def test_payments_hold_against_a_model(world: NoticeWorld, seed: int) -> None:
    notices = await world.issued()
    assert set(notices) >= {HEBEI, BEIJING}
    model = Model(world, seed)
    await model.issue()
    for _ in range(20):
        await model.group()
        await model.look()
    assert len(model.fen) > 10
