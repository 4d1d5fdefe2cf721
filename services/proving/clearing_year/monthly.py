"""The monthly cycle as its people act it: confirm, tables, signatures, notices, money, closing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from services.proving.clearing_year import bank, compare, paper
from services.proving.clearing_year.office import ISSUER, MAKER, hub_officers, officers
from services.proving.clearing_year.reckoning import NoticeKey
from services.proving.clearing_year.scene import Scene
from yijie.clearing.v1 import (
    break_service_pb2,
    month_pb2,
    month_service_pb2,
    notice_pb2,
    notice_service_pb2,
)

_NOTICES_AT_ONCE: Final = 2000
_STEPPED: Final = 3
_WHOLE_BP: Final = 10_000


async def cut(scene: Scene, month: str) -> None:
    """Waits until a month that is over is cut."""

    async def is_cut() -> bool:
        return bool((await get(scene, month)).month.HasField("cut_time"))

    await scene.wait_until(f"the cut of {month}", is_cut)
    scene.reckoning.cut()


async def get(scene: Scene, month: str) -> Any:
    """Returns a month."""
    request = month_service_pb2.GetMonthRequest(month=month)
    return await scene.office.call(scene.office.months.GetMonth, request)


async def confirm(scene: Scene, month: str) -> None:
    """Waits until every day is compared; then each care province confirms."""

    async def is_compared() -> bool:
        answer = await get(scene, month)
        if answer.open_break_count:
            return False
        days = await scene.office.pages(
            scene.office.breaks.ListLedgerDays,
            break_service_pb2.ListLedgerDaysRequest(month=month),
            "days",
        )
        return all(day.HasField("compare_time") for day in days)

    await scene.wait_until(f"every day of {month} compared without a break", is_compared)
    months = scene.office.months
    for step in (await get(scene, month)).steps:
        if step.kind != month_pb2.MONTH_STEP_KIND_RECONCILE:
            continue
        for region in step.awaited_region_codes:
            await scene.office.call(
                months.ConfirmMonth,
                month_service_pb2.ConfirmMonthRequest(
                    month=month, care_region_code=region, **officers(region)
                ),
            )


async def make_tables(scene: Scene, month: str) -> None:
    """The hub makes the tables; they and the files of all provinces are held against the books."""
    request = month_service_pb2.MakeTablesRequest(month=month, **hub_officers())
    await scene.office.call(scene.office.months.MakeTables, request)
    scene.findings.hold_equal("month of the tables", scene.reckoning.make_tables(), month)
    await compare.tables(scene.office, scene.reckoning, month, scene.findings)
    regions = sorted(scene.plan.provinces)
    files = await compare.files(scene.office, scene.reckoning, month, regions, scene.findings)
    # A workbook takes a while to read: each month another province's, once the country's.
    one = regions[int(month[-2:]) % len(regions)] if month != scene.plan.months[0] else ""
    await compare.other_formats(scene.office, month, one, files[one], scene.findings)
    await _hold_crosswise(scene, month, regions, files)


async def _hold_crosswise(
    scene: Scene, month: str, regions: Iterable[str], files: dict[str, bytes]
) -> None:
    """What the file of A says that it owes B is what the file of B says that it has to get."""
    owed: dict[tuple[str, str, str], int] = {}
    due: dict[tuple[str, str, str], int] = {}
    for region in regions:
        for cell, fen in paper.read_csv(files[region]).items():
            if cell.row == "合计":
                continue
            if cell[::2] == ("应付清算表", "应付合计"):
                owed[month, region, cell.row] = fen
            elif cell[::2] == ("应收清算表", "应收合计"):
                due[month, cell.row, region] = fen
    scene.findings.hold("payable file against receivable file", owed, due)


async def sign(scene: Scene, month: str) -> None:
    """Every province signs what it is a side of; one of them objects first."""
    months = scene.office.months
    awaited = await _awaited(scene, month, month_pb2.MONTH_STEP_KIND_SIGN)
    for number, region in enumerate(awaited):
        if number == 0:
            await scene.office.call(
                months.SignTables,
                month_service_pb2.SignTablesRequest(
                    month=month,
                    region_code=region,
                    decision=month_pb2.SIGNATURE_DECISION_OBJECTED,
                    note="核对中，待复核后签章",
                    **officers(region),
                ),
            )
        await scene.office.call(
            months.SignTables,
            month_service_pb2.SignTablesRequest(
                month=month,
                region_code=region,
                decision=month_pb2.SIGNATURE_DECISION_SIGNED,
                **officers(region),
            ),
        )
    state = (await get(scene, month)).month.state
    scene.findings.hold_equal(f"{month} signed", state >= month_pb2.MONTH_STATE_SIGNED, True)


async def _awaited(scene: Scene, month: str, kind: int) -> list[str]:
    steps = (await get(scene, month)).steps
    return [region for one in steps if one.kind == kind for region in one.awaited_region_codes]


# --- notices ------------------------------------------------------------------------------------


async def issue(scene: Scene, month: str) -> None:
    """The hub draws the month's notices up and issues them; payers hand some to finance."""
    scene.reckoning.issue_clearing(month)
    keys = [key for key in scene.reckoning.notices if key[:2] == ("CLEARING", month)]
    if keys:
        answer = await scene.office.call(
            scene.office.notices.DraftNotices,
            notice_service_pb2.DraftNoticesRequest(month=month, maker_id=MAKER),
        )
        await decide(scene, answer.notice_ids)
    rows = await scene.office.pages(
        scene.office.notices.ListNotices,
        notice_service_pb2.ListNoticesRequest(month=month, kind=notice_pb2.NOTICE_KIND_CLEARING),
        "notices",
    )
    scene.findings.hold(
        "notice", _notice_amounts(rows), compare.notice_amounts(scene.reckoning, keys)
    )
    for one in [row for row in rows if row.amount.fen][:_STEPPED]:
        await _step(scene, one, notice_pb2.NOTICE_STEP_SUBMITTED, one.payer_region_code)


async def decide(scene: Scene, notice_ids: Iterable[str]) -> None:
    """Another officer issues notices."""
    ids = list(notice_ids)
    for begin in range(0, len(ids), _NOTICES_AT_ONCE):
        await scene.office.call(
            scene.office.notices.DecideNotices,
            notice_service_pb2.DecideNoticesRequest(
                notice_ids=ids[begin : begin + _NOTICES_AT_ONCE],
                decision=notice_pb2.NOTICE_DECISION_APPROVED,
                checker_id=ISSUER,
            ),
        )


async def _step(scene: Scene, notice: Any, step: Any, region: str) -> None:
    request = notice_service_pb2.RecordNoticeStepRequest(
        notice_id=notice.notice_id, step=step, region_code=region, operator_id=f"maker-{region}"
    )
    request.done_date.year = scene.today.year
    request.done_date.month = scene.today.month
    request.done_date.day = scene.today.day
    await scene.office.call(scene.office.notices.RecordNoticeStep, request)


def _notice_amounts(rows: Iterable[Any]) -> dict[tuple[str, ...], int]:
    return {
        (
            notice_pb2.NoticeKind.Name(one.kind).removeprefix("NOTICE_KIND_"),
            one.month,
            one.insured_region_code,
            one.care_region_code,
            one.payer_region_code,
        ): one.amount.fen
        for one in rows
    }


# --- money --------------------------------------------------------------------------------------


class Money:
    """The finance departments and their bank."""

    def __init__(self, scene: Scene) -> None:
        """Nothing is paid yet."""
        self._scene = scene
        self._count = 0
        self._halved = False
        self._has_repeated = False
        self._keys: dict[str, NoticeKey] = {}

    async def transfer(self, *, is_defaulting: bool) -> None:
        """Every payer transfers what its payment file says; the bank states it to the hub.

        Once in the year a transfer comes in two parts, a line is stated twice, an account earns
        interest, and the bank takes a fee: none of it may change what is owed.
        """
        scene = self._scene
        await self._learn()
        made: list[bank.Transfer] = []
        for region in sorted(scene.plan.provinces):
            orders = await self._orders(region)
            scene.findings.hold(
                f"payment file {region}",
                {(*self._keys[one.notice_number], one.payer): one.amount_fen for one in orders},
                {(*key, region): left for key, left in scene.reckoning.outstanding(region).items()},
            )
            made += [
                transfer
                for order in orders
                if not (is_defaulting and self._is_withheld(order))
                for transfer in self._pay(order)
            ]
        if made:
            await self._state(made)

    async def _learn(self) -> None:
        """Learns what the numbers on payment files are about: a payer may owe one pair two ways."""
        for state in (notice_pb2.NOTICE_STATE_ISSUED, notice_pb2.NOTICE_STATE_PART_PAID):
            rows = await self._scene.office.pages(
                self._scene.office.notices.ListNotices,
                notice_service_pb2.ListNoticesRequest(state=state),
                "notices",
            )
            for one in rows:
                kind = notice_pb2.NoticeKind.Name(one.kind).removeprefix("NOTICE_KIND_")
                pair = (one.insured_region_code, one.care_region_code)
                self._keys[one.number] = NoticeKey(kind, one.month, *pair)

    def _is_withheld(self, order: bank.Order) -> bool:
        plan = self._scene.plan
        return order.payer == plan.defaulter and order.month in plan.default_months

    async def _orders(self, region: str) -> list[bank.Order]:
        request = notice_service_pb2.DownloadPaymentFileRequest(region_code=region)
        notices = self._scene.office.notices
        answer = await self._scene.office.call(notices.DownloadPaymentFile, request)
        return bank.read_orders(answer.content)

    def _pay(self, order: bank.Order) -> list[bank.Transfer]:
        amount = order.amount_fen
        # The first large transfer of the year comes in two parts, the second of them later.
        if not self._halved and amount > 1 and order.kind == "CLEARING":
            self._halved = True
            amount //= 2
        self._scene.reckoning.pay(self._keys[order.notice_number], amount)
        return [self._transfer(order, amount)]

    def _transfer(self, order: bank.Order, amount: int) -> bank.Transfer:
        self._count += 1
        return bank.Transfer(
            reference=f"B{self._count:09d}",
            day=self._scene.today,
            payer=order.payer,
            receiver=order.receiver,
            amount_fen=amount,
            business=order.business,
            notice_number=order.notice_number,
        )

    async def _state(self, made: list[bank.Transfer]) -> None:
        lines = list(made)
        if not self._has_repeated:
            self._has_repeated = True
            first = made[0]
            lines += [first, self._interest(first), self._fee(first)]
        scene = self._scene
        answer = await scene.office.call(
            scene.office.notices.UploadBankStatement,
            notice_service_pb2.UploadBankStatementRequest(
                content=bank.write_statement(lines), operator_id="bank"
            ),
        )
        moved = sum(one.amount_fen for one in made)
        scene.findings.hold_equal("bank money that pays notices", answer.applied.fen, moved)
        scene.findings.hold_equal("bank money without a place", answer.suspended.fen, 0)
        outcomes = Counter(one.outcome for one in answer.lines)
        repeated = len(lines) > len(made)
        scene.findings.hold_equal(
            "bank lines stated twice", outcomes[notice_pb2.BANK_LINE_OUTCOME_DUPLICATE], repeated
        )

    def _interest(self, first: bank.Transfer) -> bank.Transfer:
        self._count += 1
        return bank.Transfer(
            reference=f"B{self._count:09d}",
            day=first.day,
            payer="",
            receiver=first.receiver,
            amount_fen=12_345,
            business="利息",
            notice_number="",
        )

    def _fee(self, first: bank.Transfer) -> bank.Transfer:
        self._count += 1
        return bank.Transfer(
            reference=f"B{self._count:09d}",
            day=first.day,
            payer=first.payer,
            receiver="",
            amount_fen=500,
            business="手续费",
            notice_number=first.notice_number,
        )


async def hold_payments(scene: Scene, month: str) -> None:
    """Holds what each province paid and got on the clearing notices of a month."""
    summary = await scene.office.call(
        scene.office.notices.SummarizePayments,
        notice_service_pb2.SummarizePaymentsRequest(
            month=month, kind=notice_pb2.NOTICE_KIND_CLEARING
        ),
    )
    expected: Counter[tuple[str, str]] = Counter()
    for key in scene.reckoning.notices:
        if key[:2] != ("CLEARING", month):
            continue
        payer = scene.reckoning.payer(key)
        receiver = key.care if payer == key.insured else key.insured
        amount, paid = abs(scene.reckoning.amount(key)), scene.reckoning.paid[key]
        expected[payer, "due"] += amount
        expected[payer, "paid"] += paid
        expected[receiver, "receivable"] += amount
        expected[receiver, "received"] += paid
    found: dict[tuple[str, str], int] = {}
    rates: dict[str, int] = {}
    for one in summary.provinces:
        for name in ("due", "paid", "receivable", "received"):
            found[one.region_code, name] = getattr(one, name).fen
        rates[one.region_code] = one.clearing_rate_bp
    scene.findings.hold(f"payments of {month}", found, expected)
    expected_rates = {
        region: expected[region, "paid"] * _WHOLE_BP // due
        for (region, name), due in expected.items()
        if name == "due" and due
    }
    scene.findings.hold(f"clearing rate of {month}", rates, expected_rates)


async def hold_default(scene: Scene, month: str) -> None:
    """The province that does not pay is the one that is late, and no other."""
    steps = (await get(scene, month)).steps
    late = next(one for one in steps if one.kind == month_pb2.MONTH_STEP_KIND_PAYMENT)
    owes = {scene.reckoning.payer(key) for key in scene.reckoning.outstanding() if key[1] == month}
    scene.findings.hold_equal(f"{month} payment overdue", late.overdue, bool(owes))
    scene.findings.hold_equal(f"{month} late payers", sorted(late.late_region_codes), sorted(owes))


async def close(scene: Scene, months: Iterable[str]) -> list[str]:
    """The hub closes, in order, what is paid; returns what is not closed."""
    left = list(months)
    while left:
        state = (await get(scene, left[0])).month.state
        if state == month_pb2.MONTH_STATE_PAID:
            request = month_service_pb2.CloseMonthRequest(month=left[0], **hub_officers())
            await scene.office.call(scene.office.months.CloseMonth, request)
        elif state != month_pb2.MONTH_STATE_CLOSED:
            break
        left.pop(0)
    return left


async def close_year(scene: Scene) -> None:
    """The hub closes the year; what it then says of each month is held against the books."""
    year = int(scene.plan.months[0][:4])
    request = month_service_pb2.CloseYearRequest(year=year, **hub_officers())
    answer = await scene.office.call(scene.office.months.CloseYear, request)
    scene.findings.hold(
        "year",
        {one.month: one.payable.fen for one in answer.year.months},
        {month: sum(scene.reckoning.payable(month).values()) for month in scene.plan.months},
    )
    scene.findings.hold_equal("year closed late", answer.year.overdue, False)
