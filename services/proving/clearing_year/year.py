"""The year, day by day: who does what when.

In each month, what concerns the month before (its cut, confirmations, tables, signatures, notices)
and the money of the one before that; after the last month, three more, in which the year ends.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from services.kit.clock import civil_midnight
from services.proving.clearing_year import compare, monthly, prepaid
from services.proving.clearing_year.disputed import Review
from services.proving.clearing_year.months import day_of, following, next_month, starts
from services.proving.clearing_year.plan import refunds_after
from services.proving.clearing_year.scene import Scene
from yijie.clearing.v1 import clearing_service_pb2, invariant_service_pb2, month_pb2

_AFTERWARDS: Final = 3
"""Months after the last one: its notices, their payment, and the end of the first quarter."""
_REFUNDS_AFTER: Final = 4
_BALANCES_EVERY: Final = 3


class Year:
    """Acts the year."""

    def __init__(self, scene: Scene, *, on_month: Callable[[str], None]) -> None:
        """Holds the scene; `on_month` is told each civil month that begins."""
        self._scene = scene
        self._plan = scene.plan
        self._on_month = on_month
        self._money = monthly.Money(scene)
        self.review = Review(scene)
        self._open_months = [*scene.plan.months]
        self._is_defaulting = True
        self.defaulted_fen = 0
        """What the province that does not pay owed when it was longest."""
        self.defaulted_bp = 0
        """Its clearing rate of those months then, basis points."""

    async def run(self) -> None:
        """Acts all of it.

        Raises:
            YearError: something does not come about.
            DomainError: clearing refused what it should not.
        """
        first, last = self._plan.months[0], self._plan.months[-1]
        civil = (*self._plan.months, *following(last, _AFTERWARDS))
        for index, month in enumerate(civil):
            self._on_month(month)
            before = civil[index - 1] if month > first else ""
            is_cleared = bool(before) and before <= self._plan.last_month
            await self._begin(month, before)
            await self._middle(month, before, is_cleared=is_cleared)
            if is_cleared:
                await self._clear(month, before)
            await self._end(month, index)
        await self._finish()

    async def _begin(self, month: str, before: str) -> None:
        """The month before is cut; decisions on its settlements come in."""
        scene = self._scene
        if before:
            await scene.pass_to(starts(month) + timedelta(minutes=30))
            await monthly.cut(scene, before)
        await scene.pass_to(_at(month, 2, 12))
        if month == self._plan.months[0] and self._plan.first_quotas:
            await prepaid.first_quotas(scene)
        if before in self._plan.months and self._plan.has_disputes:
            await self.review.record(before)
            self.review.refund_pending(_at(month, 5, 15))
            self.review.refund_standing(_at(month, 27, 15))

    async def _middle(self, month: str, before: str, *, is_cleared: bool) -> None:
        """Appeals, inquiries, money."""
        scene = self._scene
        await scene.pass_to(_at(month, 6, 10))
        await self.review.settle_up()
        await self.review.appeal()
        await scene.pass_to(_at(month, 11, 10))
        await self.review.decide()
        if before in self._plan.months and self._plan.has_disputes:
            await self.review.inquire(before, is_irregular=int(month[-2:]) % 2 == 1)
        await scene.pass_to(_at(month, 12, 14))
        await self._pay()
        await scene.pass_to(_at(month, 19, 9))
        await self.review.settle_up()
        if is_cleared:
            await monthly.confirm(scene, before)

    async def _clear(self, month: str, before: str) -> None:
        """Tables on the 21st, signatures by the 25th, notices at the end."""
        scene = self._scene
        await scene.pass_to(_at(month, 21, 9))
        await self.review.settle_up()
        await monthly.make_tables(scene, before)
        if before == self._plan.months[-1] and self._plan.is_whole_year and self._plan.hot_month:
            await scene.pass_to(_at(month, 22, 9))
            await prepaid.next_quotas(scene)
        await scene.pass_to(_at(month, 23, 9))
        await monthly.sign(scene, before)
        if before == self._plan.hot_month:
            await prepaid.top_up(scene, before)
        await scene.pass_to(_at(month, 26, 9))
        await self.review.settle_up()
        await monthly.issue(scene, before)

    async def _end(self, month: str, index: int) -> None:
        """The second round of money; once the payer that did not pay gives in."""
        scene, plan = self._scene, self._plan
        await scene.pass_to(_at(month, 28, 16))
        await self.review.settle_up()
        if plan.default_months and month == self._gives_in():
            await self._hold_default()
            self._is_defaulting = False
        await self._pay()
        if plan.hot_month and month in plan.months:
            await scene.pass_to(starts(next_month(month)) - timedelta(minutes=8))
            await prepaid.hold_usage(scene, month)
            if month == plan.hot_month:
                await prepaid.hold_red_event(scene)
        if index % _BALANCES_EVERY == _BALANCES_EVERY - 1:
            await self._hold_balances()

    def _gives_in(self) -> str:
        """Returns the month in which the province that does not pay pays: half a year late."""
        months = following(self._plan.default_months[-1], 5)
        latest = following(self._plan.months[-1], 2)[-1]
        return min(months[-1], latest)

    async def _hold_default(self) -> None:
        scene = self._scene
        owed = scene.reckoning.outstanding(self._plan.defaulter, kinds=["CLEARING"])
        self.defaulted_fen = sum(owed.values())
        due = {
            key: abs(scene.reckoning.amount(key))
            for key in scene.reckoning.notices
            if key.kind == "CLEARING"
            and key.month in self._plan.default_months
            and scene.reckoning.payer(key) == self._plan.defaulter
        }
        paid = sum(scene.reckoning.paid[key] for key in due)
        self.defaulted_bp = paid * 10_000 // max(1, sum(due.values()))
        for month in self._plan.default_months:
            await monthly.hold_payments(scene, month)
            await monthly.hold_default(scene, month)

    async def _pay(self) -> None:
        await self._money.transfer(is_defaulting=self._is_defaulting)
        self._open_months = await monthly.close(self._scene, self._open_months)

    async def _finish(self) -> None:
        """The year is closed, and a refund after that finds its place; then all is held."""
        scene, plan = self._scene, self._plan
        for month in (*plan.months, plan.last_month):
            await monthly.hold_payments(scene, month)
        if plan.hot_month:
            await prepaid.hold_top_up_paid(scene)
        scene.findings.hold_equal("months not closed", self._open_months, [])
        if plan.is_whole_year:
            await monthly.close_year(scene)
            day = day_of(following(plan.months[-1], _AFTERWARDS)[-1], 30)
            for care, instant in refunds_after(plan, day, _REFUNDS_AFTER):
                if care.settlement_id not in self.review.touched:
                    scene.refund_at(care, instant)
            await scene.pass_to(civil_midnight(day) + timedelta(hours=12))
        await self.review.settle_up()
        await self.review.hold_counts()
        await self._hold_balances()
        await self._hold_service()

    async def _hold_balances(self) -> None:
        scene = self._scene
        waiting = self.review.waiting()
        await compare.balances(scene.office, scene.reckoning, waiting, scene.findings)

    async def _hold_service(self) -> None:
        """What the service says of itself: its chain, its invariants, the state of each month."""
        scene = self._scene
        office = scene.office
        after, digest = 0, ""
        while True:
            answer = await office.call(
                office.clearing.VerifyLedger,
                clearing_service_pb2.VerifyLedgerRequest(after_block=after, after_digest=digest),
            )
            scene.findings.hold_equal("chain of the ledger", answer.HasField("problem"), False)
            after, digest = answer.verified_until_block, answer.digest
            if answer.HasField("problem") or after == answer.last_block_id:
                break
        checked = await office.call(
            office.invariants.CheckInvariants,
            invariant_service_pb2.CheckInvariantsRequest(whole_chain=True),
        )
        broken = [str(one) for one in checked.results if one.contradiction_count]
        scene.findings.hold_equal("invariants that do not hold", broken, [])
        for month in self._plan.months:
            state = (await monthly.get(scene, month)).month.state
            closed = month_pb2.MONTH_STATE_CLOSED
            scene.findings.hold_equal(f"{month} closed", state == closed, True)


def _at(month: str, day: int, hour: int) -> datetime:
    return civil_midnight(day_of(month, day)) + timedelta(hours=hour)
