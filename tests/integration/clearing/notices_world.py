"""What the tests of notices share: a signed month, its notices, and banks that state things."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from services.clearing.domain.ledger import Phase
from services.clearing.domain.notice import Draft, NoticeKind, NoticeLine
from services.clearing.notices import servicer, usecases
from services.clearing.notices.bank_file import STATEMENT_COLUMNS
from services.clearing.notices.servicer import NoticeServicer
from services.kit.codes import PROVINCES
from services.kit.db import Database
from tests.integration.clearing.ledger_world import owed, within
from tests.integration.clearing.months.month_world import (
    BEIJING,
    HEBEI,
    MARCH,
    SHANGHAI,
    MonthWorld,
    march_events,
    month_world,
)
from tests.support.rpc import TIMEOUT_S, Refusal, refused, served
from yijie.clearing.v1 import notice_pb2, notice_service_pb2, notice_service_pb2_grpc

__all__ = ["BEIJING", "HEBEI", "MARCH", "SHANGHAI", "NoticeWorld", "notice_world", "row"]

ISSUED = datetime(2026, 4, 30, 4, 0, tzinfo=UTC)
"""Its money is due on 2026-05-25."""
LAST_DAY = datetime(2026, 5, 25, 4, 0, tzinfo=UTC)
IN_TIME, LATE = date(2026, 5, 25), date(2026, 5, 26)
HEBEI_OWES, BEIJING_OWES = 73_234, 900
"""Fen of March: Hebei to Beijing, Beijing to Shanghai."""


@dataclass
class NoticeWorld:
    """A NoticeService on a database, beside the months that its notices are of."""

    months: MonthWorld
    stub: Any

    @property
    def database(self) -> Database:
        return self.months.database

    @property
    def clock(self) -> Any:
        return self.months.clock

    def asked(self, name: str, **fields: Any) -> Any:
        """Begins a call; mints the request id where the request has one and none is given."""
        request_type = getattr(notice_service_pb2, f"{name}Request")
        if "request_id" in request_type.DESCRIPTOR.fields_by_name:
            fields = {"request_id": str(uuid4()), **fields}
        return getattr(self.stub, name)(request_type(**fields), timeout=TIMEOUT_S)

    async def call(self, name: str, **fields: Any) -> Any:
        return await self.asked(name, **fields)

    async def refusal(self, name: str, **fields: Any) -> Refusal:
        return await refused(self.asked(name, **fields))

    async def drafted(self) -> list[str]:
        """Signs March and draws its notices up: Beijing's, then Hebei's, by insured province."""
        await self.months.signed()
        self.clock.instant = ISSUED
        answer = await self.call("DraftNotices", month=MARCH, maker_id="hub-1")
        return list(answer.notice_ids)

    async def decide(self, notice_ids: list[str], **fields: Any) -> Any:
        wanted = {
            "notice_ids": notice_ids,
            "decision": notice_pb2.NOTICE_DECISION_APPROVED,
            "checker_id": "hub-2",
            **fields,
        }
        return await self.call("DecideNotices", **wanted)

    async def issued(self) -> dict[str, Any]:
        """All that, and they are issued: by payer. Afterwards it is the last day to pay them."""
        await self.decide(await self.drafted())
        self.clock.instant = LAST_DAY
        return await self.notices()

    async def notices(self) -> dict[str, Any]:
        answer = await self.call("ListNotices")
        return {one.payer_region_code: one for one in answer.notices}

    async def draft(self, *drafts: Draft) -> list[str]:
        """What prepayment does: draws notices up in its own transaction."""
        drawn = await within(
            self.database, usecases.draft, drafts, maker_id="hub-1", now=self.clock.now()
        )
        return [str(one.notice_id) for one in drawn]

    async def upload(self, *rows: dict[str, str], **fields: Any) -> Any:
        return await self.call("UploadBankStatement", content=content(*rows), **operated(fields))

    async def upload_refusal(self, *rows: dict[str, str], **fields: Any) -> Refusal:
        wanted = {"content": content(*rows), **operated(fields)}
        return await self.refusal("UploadBankStatement", **wanted)

    async def outcomes(self, *rows: dict[str, str]) -> list[str]:
        answer = await self.upload(*rows)
        return [outcome_of(one) for one in answer.lines]

    async def owed(self, phase: Phase = Phase.POSTED) -> dict[str, int]:
        """What all pairs owe together by purpose, without what care costs."""
        found = await owed(self.database, phase)
        return {purpose: fen for purpose, fen in found.items() if purpose != "CLEARING"}


def operated(fields: dict[str, Any]) -> dict[str, Any]:
    return {"operator_id": "bank-1", **fields}


def outcome_of(line: Any) -> str:
    name: str = notice_pb2.BankLineOutcome.Name(line.outcome)
    return name.removeprefix("BANK_LINE_OUTCOME_")


def row(notice: Any, fen: int, reference: str, day: date = IN_TIME, **cells: str) -> dict[str, str]:
    """A line of a bank statement that pays a notice."""
    payer, receiver = notice.payer_region_code, notice.receiver_region_code
    is_clearing = notice.business_type == notice_pb2.BUSINESS_TYPE_CLEARING
    return {
        "银行流水号": reference,
        "交易日期": day.isoformat(),
        "付款省区划": payer,
        "付款省名称": f"{PROVINCES[payer]}财政厅",
        "收款省区划": receiver,
        "收款省名称": f"{PROVINCES[receiver]}财政局",
        "币种": "CNY",
        "金额": f"{fen // 100}.{fen % 100:02d}",
        "业务类型": "清算资金" if is_clearing else "预付金",
        "通知书编号": notice.number,
        "摘要": "",
        **cells,
    }


def content(*rows: dict[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, STATEMENT_COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def prepayment(number: int, kind: NoticeKind = NoticeKind.EMERGENCY_TOP_UP, **fen: int) -> Draft:
    """A draft between Hebei and Beijing; more than zero: Hebei pays."""
    funds = {"employee": ("310", "310100"), "resident": ("390", "390100")}
    return Draft(
        kind=kind,
        source_id=UUID(int=number),
        month="2026-04",
        insured_region_code=HEBEI,
        care_region_code=BEIJING,
        lines=tuple(
            NoticeLine(scheme_code=funds[name][0], fund_type_code=funds[name][1], amount_fen=one)
            for name, one in fen.items()
        ),
    )


@contextlib.asynccontextmanager
async def notice_world(database: Database) -> AsyncIterator[NoticeWorld]:
    """Serves NoticeService on the database, with the care of March booked."""

    async with month_world(database) as months:

        def register(server: Any) -> None:
            notice_service_pb2_grpc.add_NoticeServiceServicer_to_server(
                NoticeServicer(database, months.clock), server
            )

        async with served("clearing", servicer.FULL_NAME, register) as channel:
            await months.feed(*march_events())
            yield NoticeWorld(months, notice_service_pb2_grpc.NoticeServiceStub(channel))
