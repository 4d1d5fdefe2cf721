"""Plays the demo against a mesh as provinces would, and judges what comes back.

Nothing here knows an expected amount. What is judged is what must hold for any bill: the
identities between amounts, that a refusal writes nothing, that a reversal leaves everything as it
was, that a repeat answers the same, and that the ledger says what the settlements say.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid4

from services.cli import cases, refiled, spans
from services.cli.cases import DemoCase
from services.cli.mesh import Mesh
from services.cli.outcome import Check, Closing, Outcome, Standing, identities
from services.cli.progress import Progress
from services.cli.province import SETTLE_S, Province
from services.cli.stay import Stay, undone
from services.cli.waterfall import hops
from services.kit import codes, telemetry
from services.kit.errors import Absent, DomainError, RuleForbids, Unavailable
from yijie.clearing.v1 import ledger_pb2
from yijie.settlement.v1 import settlement_pb2, settlement_service_pb2

LOST_CARD: Final = "lost_card"
REVERSED_CASE: Final = "outpatient"
STAY_CASE: Final = "zhang"
_ATTEMPTS_MAX: Final = 3
_CAUGHT_UP_S_MAX: Final = 15.0
_TRACE_S_MAX: Final = 10.0
_POLL_S: Final = 0.05
_COUNTED: Final = frozenset(
    {settlement_pb2.SETTLEMENT_STATE_SETTLED, settlement_pb2.SETTLEMENT_STATE_REVERSED}
)


class DemoError(Exception):
    """The demo cannot go on: something that must happen did not in time."""


class Play:
    """One run of the demo."""

    def __init__(self, province: Province, person_ids: dict[str, str]) -> None:
        """Holds the connection and identity's keys of the demo persons."""
        self._province = province
        self._person_ids = person_ids
        self._cursor = ""

    async def run(self, progress: Progress) -> tuple[list[Outcome], Closing]:
        """Plays all cases."""
        outcomes: list[Outcome] = []
        reversal: Outcome | None = None
        for key in cases.ORDER:
            case = cases.case(key)
            with progress.step(case.title_zh, case.title_en):
                before = await self._standing(case)
                outcome = await self._settle(case)
                outcomes.append(outcome)
                outcome.standings = {"before": before, "settled": await self._standing(case)}
            if key == REVERSED_CASE:
                reversal = outcome
        with progress.step("挂失卡结算", "settling with a card reported lost"):
            outcomes.append(await self._refuse())
        if reversal is not None and reversal.settlement is not None:
            with progress.step("撤销门诊结算", "reversing the outpatient settlement"):
                outcomes.append(await self._reverse(reversal))
        with progress.step("补备案后重算", "computing anew after a late filing"):
            unfiled = next(outcome for outcome in outcomes if outcome.key == refiled.CASE)
            outcomes.append(await self._recompute(unfiled))
        with progress.step("住院全程：登记到撤销", "a stay from registration to its undoing"):
            outcomes.append(await self._stay(cases.case(STAY_CASE)))
        with progress.step("清算", "clearing positions"):
            closing = await self._close()
        return outcomes, closing

    async def _settle(self, case: DemoCase) -> Outcome:
        patient = await self._province.register(case)
        request_id = uuid4()
        outcome = _outcome(case, "settled", request_id)
        started = time.perf_counter()
        with telemetry.span("province.settle"):
            outcome.trace_id = telemetry.trace_id()
            try:
                reply = await self._settled(case, patient, request_id)
            except DomainError as error:
                outcome.refusal = error
        outcome.elapsed_ms = _ms_since(started)
        if outcome.refusal is not None:
            outcome.checks = [Check("settled", "应结算", "is settled", False)]
            return outcome
        outcome.settlement = reply.settlement
        outcome.checks = [
            Check(
                "settled",
                "已结算",
                "is settled",
                reply.settlement.state == settlement_pb2.SETTLEMENT_STATE_SETTLED,
            ),
            *identities(reply.settlement, case.bill.total.fen),
            Check(
                "trace_id",
                "应答带本次跟踪号",
                "the reply names this trace",
                reply.trace_id == reply.settlement.trace_id == outcome.trace_id,
            ),
        ]
        await self._cleared(
            reply.settlement.settlement_id, settlement_service_pb2.EVENT_KIND_SETTLED
        )
        return outcome

    async def _settled(
        self, case: DemoCase, patient: settlement_pb2.Patient, request_id: UUID
    ) -> settlement_service_pb2.SettleResponse:
        """Settles; whoever does not learn the outcome in a second asks again with the same id."""
        for _ in range(_ATTEMPTS_MAX - 1):
            try:
                return await self._province.settle(case, patient, request_id)
            except Unavailable:
                await asyncio.sleep(SETTLE_S)
        return await self._province.settle(case, patient, request_id)

    async def _refuse(self) -> Outcome:
        """Settles the outpatient bill for a person whose card is reported lost."""
        person = cases.people()[LOST_CARD]
        case = dataclasses.replace(
            cases.case(REVERSED_CASE),
            key="card_lost",
            title_zh="社会保障卡已挂失",
            title_en="Social security card reported lost",
            person=person,
            credential=person.credential("card"),
            insured_region_code=person.message.insurances[0].insured_region_code,
            scheme_code=person.message.insurances[0].scheme_code,
        )
        journal = len(await self._province.settlements())
        before = await self._standing(case)
        outcome = await self._settle(case)
        outcome.kind = "refused"
        outcome.standings = {"before": before, "after": await self._standing(case)}
        outcome.checks = [
            Check("refused", "已拒绝并说明原因", "is refused with a reason", bool(outcome.refusal)),
            Check(
                "nothing_written",
                "未写入任何数据",
                "nothing was written",
                len(await self._province.settlements()) == journal
                and await self._is_unknown(outcome.request_id)
                and outcome.standings["after"] == before,
            ),
        ]
        return outcome

    async def _reverse(self, settled: Outcome) -> Outcome:
        case = settled.case
        settlement = settled.settlement
        if settlement is None:
            raise DemoError("there is no settlement to reverse")
        request_id = uuid4()
        outcome = _outcome(case, "reversed", request_id)
        outcome.key = f"{case.key}_reversed"
        outcome.title_zh, outcome.title_en = f"{case.title_zh}：撤销", f"{case.title_en}: reversed"
        started = time.perf_counter()
        with telemetry.span("province.reverse"):
            outcome.trace_id = telemetry.trace_id()
            first = await self._province.reverse(settlement.settlement_id, request_id)
        outcome.elapsed_ms = _ms_since(started)
        await self._cleared(settlement.settlement_id, settlement_service_pb2.EVENT_KIND_REVERSED)
        outcome.settlement = first.settlement
        outcome.standings = {**settled.standings, "after": await self._standing(case)}
        again = await self._province.reverse(settlement.settlement_id, request_id)
        before, after = outcome.standings["before"], outcome.standings["after"]
        entries = await self._province.entries(settlement.settlement_id)
        outcome.checks = [
            Check(
                "reversed",
                "已撤销",
                "is reversed",
                first.settlement.state == settlement_pb2.SETTLEMENT_STATE_REVERSED
                and not first.replayed,
            ),
            Check(
                "same_again",
                "重发撤销应答相同",
                "the same reversal again answers the same",
                again.replayed and again.settlement == first.settlement,
            ),
            Check(
                "once_only",
                "另一笔撤销被拒",
                "another reversal of it is refused",
                await self._is_reversed(settlement.settlement_id),
            ),
            Check(
                "accumulators",
                "年度累计与结算前相同",
                "accumulators are as before",
                after.accumulators == before.accumulators,
            ),
            Check(
                "account",
                "个人账户余额与结算前相同",
                "the account balance is as before",
                after.account_balance_fen == before.account_balance_fen,
            ),
            Check(
                "ledger",
                "清算往来与结算前相同，分录成对冲销",
                "the ledger position is as before, entries are balanced",
                after.owed_fen == before.owed_fen and _is_undone(entries),
            ),
        ]
        return outcome

    async def _recompute(self, unfiled: Outcome) -> Outcome:
        """Files for somebody who was settled without a filing, and settles anew by it."""
        case, settled = unfiled.case, unfiled.settlement
        if settled is None:
            raise DemoError("there is no settlement to compute anew")
        ids = (uuid4(), uuid4())
        outcome = _outcome(case, "recomputed", ids[1])
        outcome.key = f"{case.key}_recomputed"
        outcome.title_zh = f"{case.title_zh}：补备案后重算"
        outcome.title_en = f"{case.title_en}: filed afterwards, computed anew"
        before = await self._standing(case)
        started = time.perf_counter()
        with telemetry.span("province.recompute"):
            outcome.trace_id = telemetry.trace_id()
            done = await refiled.file_and_recompute(self._province, settled, ids)
        outcome.elapsed_ms = _ms_since(started)
        settlement_id = done.answer.settlement.settlement_id
        await self._cleared(settlement_id, settlement_service_pb2.EVENT_KIND_SETTLED)
        outcome.settlement = await self._province.settlement_of(settlement_id)
        outcome.standings = {
            "settled": before,
            "after": await self._standing(case),
        }
        outcome.checks = refiled.checks(
            done, settled, outcome.settlement, list(outcome.standings.values())
        )
        return outcome

    async def _is_reversed(self, settlement_id: str) -> bool:
        try:
            await self._province.reverse(settlement_id, uuid4())
        except RuleForbids as error:
            return error.reason == "SETTLEMENT_ALREADY_REVERSED"
        return False

    async def _stay(self, case: DemoCase) -> Outcome:
        outcome = _outcome(case, "stay", uuid4())
        outcome.key = f"{case.key}_stay"
        outcome.title_zh = f"{case.title_zh}：登记、上传、中途结算、出院结算、撤销"
        outcome.title_en = f"{case.title_en}: registered, uploaded, settled twice, undone"
        before = await self._standing(case)
        stay = Stay(self._province, case)
        last = await stay.play(outcome, await self._province.register(case))
        state = await stay.undo()
        await self._cleared(last, settlement_service_pb2.EVENT_KIND_REVERSED)
        outcome.checks += undone(before, await self._standing(case), state)
        return outcome

    async def _close(self) -> Closing:
        journal = [s for s in await self._province.settlements() if s.state in _COUNTED]
        positions = (await self._province.positions()).positions
        total = sum(s.amounts.total.fen for s in journal)
        fund = sum(s.adjudication.fund_total.fen for s in journal)
        account = sum(s.adjudication.account_pay.fen for s in journal)
        cash = sum(s.adjudication.cash_pay.fen for s in journal)
        standing = [s for s in journal if s.state == settlement_pb2.SETTLEMENT_STATE_SETTLED]
        due = sum(s.adjudication.fund_total.fen + s.adjudication.account_pay.fen for s in standing)
        owed = sum(position.owed.fen for position in positions)
        return Closing(
            positions=positions,
            settlement_count=len(journal),
            reversal_count=len(journal) - len(standing),
            total_fen=total,
            fund_fen=fund,
            account_fen=account,
            cash_fen=cash,
            owed_fen=owed,
            checks=[
                Check(
                    "total",
                    "基金 + 个人账户 + 现金 = 费用总额",
                    "fund + account + cash = bill total",
                    bool(journal) and fund + account + cash == total,
                ),
                Check(
                    "clearing",
                    "清算应付 = 有效结算的基金 + 个人账户",
                    "owed in clearing = fund + account of what stands",
                    owed == due,
                ),
            ],
        )

    async def _standing(self, case: DemoCase) -> Standing:
        year = case.bill.end_date.year
        person_id = self._person_ids[case.person.key]
        held = await self._province.accumulators(person_id, case.scheme_code, year)
        answer = await self._province.positions()
        insured = codes.province_of(case.insured_region_code)
        care = codes.province_of(case.bill.care_region_code)
        owed = tuple(
            (position.month, position.owed.fen)
            for position in answer.positions
            if position.insured_region_code == insured
            and position.care_region_code == care
            and position.scheme_code == case.scheme_code
            and position.owed.fen
        )
        return Standing(held.accumulators, held.account_balance.fen, owed)

    async def _is_unknown(self, request_id: str) -> bool:
        request = settlement_service_pb2.GetSettlementRequest(request_id=request_id)
        try:
            await self._province.call(self._province.settlement.GetSettlement, request)
        except Absent:
            return True
        return False

    async def _cleared(self, settlement_id: str, kind: settlement_service_pb2.EventKind) -> None:
        """Waits until clearing has booked an event of ours."""
        end = time.monotonic() + _CAUGHT_UP_S_MAX
        events = self._province.events(self._cursor, within_s=_CAUGHT_UP_S_MAX)
        async with contextlib.aclosing(events):
            async for event in events:
                self._cursor = event.cursor
                if event.settlement.settlement_id == settlement_id and event.kind == kind:
                    break
        while (await self._province.positions()).cursor != self._cursor:
            if time.monotonic() > end:
                raise DemoError("clearing did not follow the feed in time")
            await asyncio.sleep(_POLL_S)


async def read_traces(running: Mesh, outcomes: Sequence[Outcome]) -> None:
    """Reads the traces of all outcomes, waiting until each is whole; adds a check to each."""
    end = time.monotonic() + _TRACE_S_MAX
    for outcome in outcomes:
        held = spans.load_trace(running.trace_dir, outcome.trace_id)
        while not spans.is_complete(held) and time.monotonic() < end:
            running.check()
            await asyncio.sleep(_POLL_S)
            held = spans.load_trace(running.trace_dir, outcome.trace_id)
        outcome.hops = hops(held)
        outcome.checks.append(
            Check(
                "trace",
                "跟踪完整，无孤立跨度",
                "the trace is complete, no orphan span",
                spans.is_complete(held),
            )
        )


def _outcome(case: DemoCase, kind: str, request_id: UUID) -> Outcome:
    return Outcome(
        key=case.key,
        kind=kind,
        title_zh=case.title_zh,
        title_en=case.title_en,
        case=case,
        request_id=str(request_id),
        trace_id="",
        elapsed_ms=0.0,
    )


def _is_undone(entries: Sequence[ledger_pb2.Entry]) -> bool:
    """Tells whether every transfer among the entries was taken back by another one."""
    transfers = {entry.transfer_id for entry in entries if not entry.reverses_transfer_id}
    undone = {entry.reverses_transfer_id for entry in entries if entry.reverses_transfer_id}
    return transfers == undone and sum(entry.amount.fen for entry in entries) == 0


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
