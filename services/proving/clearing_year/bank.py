"""The bank: reads payment files, moves the money, states what it moved.

Files are written and read here by the document that describes them, not by the service's code.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.kit import codes

_HEADING: Final = (
    "银行流水号",
    "交易日期",
    "付款省区划",
    "付款省名称",
    "收款省区划",
    "收款省名称",
    "币种",
    "金额",
    "业务类型",
    "通知书编号",
    "摘要",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A row of a payment file: what somebody is to transfer."""

    notice_number: str
    kind: str
    month: str
    payer: str
    receiver: str
    amount_fen: int
    business: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """What the bank moved."""

    reference: str
    day: date
    payer: str
    """Empty: the bank."""
    receiver: str
    """Empty: the bank."""
    amount_fen: int
    business: str
    notice_number: str


_KINDS: Final = {"QS": "CLEARING", "YF": "PREPAYMENT_ADJUSTMENT", "TZ": "EMERGENCY_TOP_UP"}


def read_orders(content: bytes) -> list[Order]:
    """Reads a payment file."""
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return [
        Order(
            notice_number=row["通知书编号"],
            kind=_KINDS[row["通知书编号"][:2]],
            month=row["清算月"],
            payer=row["付款省区划"],
            receiver=row["收款省区划"],
            amount_fen=fen_of(row["金额"]),
            business=row["业务类型"],
        )
        for row in rows
    ]


def write_statement(transfers: Iterable[Transfer]) -> bytes:
    """Writes a bank statement."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(_HEADING)
    for one in transfers:
        writer.writerow(
            (
                one.reference,
                one.day.isoformat(),
                one.payer,
                _holder(one.payer),
                one.receiver,
                _holder(one.receiver),
                "CNY",
                yuan(one.amount_fen),
                one.business,
                one.notice_number,
                "",
            )
        )
    return stream.getvalue().encode()


def fen_of(text: str) -> int:
    """Reads yuan with two decimals."""
    whole, _, rest = text.lstrip("-").partition(".")
    fen = int(whole) * 100 + int(rest.ljust(2, "0"))
    return -fen if text.startswith("-") else fen


def yuan(fen: int) -> str:
    """Writes yuan with two decimals."""
    return f"{fen // 100}.{fen % 100:02d}"


def _holder(region_code: str) -> str:
    return f"{codes.PROVINCES[region_code]}财政厅" if region_code else ""
