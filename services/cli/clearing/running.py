"""`yijie clearing run`: does what is the hub's turn in a month, stops where others are awaited."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress as Bar

from services.cli.clearing.desk import Desk, desk, names, new_request_id, state_of
from services.cli.clearing.status import awaited
from services.cli.progress import Progress
from services.kit.errors import DomainError
from services.kit.money import format_yuan
from yijie.clearing.v1 import month_pb2, notice_pb2, notice_service_pb2
from yijie.clearing.v1 import month_service_pb2 as pb

AWAITED: Final = 3
"""Exit code where somebody else is awaited: nothing is wrong, and nothing can be done now."""
_NOTICES_AT_ONCE: Final = 500
_STEPS_MAX: Final = 10


async def run_month(data_dir: Path, month: str, *, maker: str, checker: str) -> int:
    """Moves a month on as far as the hub can; returns 0 when it is closed, 3 when it waits.

    What was done before is not done again: the command may be run as often as one likes.

    Raises:
        MeshError: no mesh runs there.
        DomainError: clearing refused.
    """
    progress = Progress()
    async with desk(data_dir) as held:
        for _ in range(_STEPS_MAX):
            answer = await held.call(held.months.GetMonth, pb.GetMonthRequest(month=month))
            state = answer.month.state
            progress.say(f"  {month} {state_of(answer.month)}")
            if state == month_pb2.MONTH_STATE_CLOSED:
                return 0
            if not await _act(held, answer, progress, maker=maker, checker=checker):
                _say_awaited(progress, answer)
                return AWAITED
    return AWAITED


async def _act(held: Desk, answer: Any, progress: Progress, *, maker: str, checker: str) -> bool:
    """Does the hub's step of a month; returns False where it has none now."""
    month, state = answer.month.month, answer.month.state
    if state == month_pb2.MONTH_STATE_RECONCILED and not answer.open_break_count:
        with progress.step("制作清算表", "making the tables"):
            made = await held.call(
                held.months.MakeTables,
                pb.MakeTablesRequest(
                    request_id=new_request_id(), month=month, maker_id=maker, checker_id=checker
                ),
            )
        progress.say(f"  应付合计 payable {format_yuan(made.month.payable.fen)} 元")
        return True
    if state == month_pb2.MONTH_STATE_SIGNED:
        await _issue(held, month, progress, maker=maker, checker=checker)
        return True
    if state == month_pb2.MONTH_STATE_PAID:
        with progress.step("关账", "closing the month"):
            await held.call(
                held.months.CloseMonth,
                pb.CloseMonthRequest(
                    request_id=new_request_id(), month=month, maker_id=maker, checker_id=checker
                ),
            )
        return True
    return False


async def _issue(held: Desk, month: str, progress: Progress, *, maker: str, checker: str) -> None:
    """Draws the month's notices up and issues them, in batches."""
    with progress.step("起草付款、收款通知书", "drawing the notices up"):
        try:
            await held.call(
                held.notices.DraftNotices,
                notice_service_pb2.DraftNoticesRequest(
                    request_id=new_request_id(), month=month, maker_id=maker
                ),
            )
        except DomainError as error:
            # Drawn up before, and this command was broken off.
            if error.reason != "NOTICE_DRAFTED":
                raise
        wanted = notice_service_pb2.ListNoticesRequest(
            month=month,
            kind=notice_pb2.NOTICE_KIND_CLEARING,
            state=notice_pb2.NOTICE_STATE_DRAFT,
        )
        drafts = await held.pages(held.notices.ListNotices, wanted, "notices")
    ids = [one.notice_id for one in drafts]
    screen = Console(stderr=True)
    with Bar(console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("下达通知书 issuing", total=len(ids))
        for begin in range(0, len(ids), _NOTICES_AT_ONCE):
            batch = ids[begin : begin + _NOTICES_AT_ONCE]
            await held.call(
                held.notices.DecideNotices,
                notice_service_pb2.DecideNoticesRequest(
                    request_id=new_request_id(),
                    notice_ids=batch,
                    decision=notice_pb2.NOTICE_DECISION_APPROVED,
                    checker_id=checker,
                ),
            )
            bar.advance(task, len(batch))
    amount = sum(one.amount.fen for one in drafts)
    progress.say(f"  {len(ids)} 份通知书 notices，{format_yuan(amount)} 元")


def _say_awaited(progress: Progress, answer: Any) -> None:
    progress.say(f"  等待 awaited：{awaited(answer)}")
    for pair in answer.objected_pairs:
        ends = (names([pair.insured_region_code]), names([pair.care_region_code]))
        progress.say(f"  异议 objection：{ends[0]} → {ends[1]}")
    if answer.open_break_count:
        progress.say(
            f"  差错与未核对日 {answer.open_break_count} 项，处理或挂账（BreakService）后再运行"
            " · breaks, or days not compared: resolve or carry them, then run again"
        )
