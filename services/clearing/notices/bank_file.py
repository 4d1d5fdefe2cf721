"""The two files between the hub and finance departments: payments out, bank statements in.

Both are CSV after RFC 4180 in UTF-8 with a heading. What we write begins with a byte order mark,
because the office programs in use take a file without one for GBK; what we read may have one. A
file is read whole or refused: the reason and the line of the first thing wrong are told, never
what stands there. The column 摘要 is not kept: anything may stand in it.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from services.clearing.domain.notice import (
    NUMBER,
    BusinessType,
    Notice,
    NoticeKind,
    business_type_of,
)
from services.clearing.domain.payment import StatedLine
from services.kit.codes import PROVINCES
from services.kit.errors import FieldViolation, InvalidArgument
from services.kit.money import FEN_PER_YUAN
from services.kit.wire import FEN_MAX

BYTES_MAX: Final = 3 * 1024 * 1024
"""Largest bank statement; a month between all provinces takes a tenth of it."""
LINES_MAX: Final = 10_000
"""Lines of a bank statement at most, without the heading."""

STATEMENT_COLUMNS: Final = (
    "银行流水号", "交易日期", "付款省区划", "付款省名称", "收款省区划", "收款省名称", "币种",
    "金额", "业务类型", "通知书编号", "摘要",
)  # fmt: skip
"""Heading of a bank statement, in this order."""
PAYMENT_COLUMNS: Final = (
    "序号", "通知书编号", "通知书类型", "清算月", "付款省区划", "付款省名称", "收款省区划",
    "收款省名称", "币种", "金额", "业务类型", "最迟划拨日期", "摘要",
)  # fmt: skip
"""Heading of a payment file."""

CURRENCY: Final = "CNY"
KIND_NAMES: Final = MappingProxyType(
    {
        NoticeKind.CLEARING: "清算资金付款通知书",
        NoticeKind.PREPAYMENT_ADJUSTMENT: "预付金额度调整付款通知书",
        NoticeKind.EMERGENCY_TOP_UP: "预付金额度紧急调增付款通知书",
    }
)
BUSINESS_NAMES: Final = MappingProxyType(
    {
        BusinessType.CLEARING: "清算资金",
        BusinessType.PREPAYMENT: "预付金",
        BusinessType.INTEREST: "利息",
        BusinessType.BANK_FEE: "手续费",
    }
)
_TYPES: Final = MappingProxyType({name: kind for kind, name in BUSINESS_NAMES.items()})
_CURRENCIES: Final = frozenset({CURRENCY, "人民币"})
_REFERENCE: Final = re.compile(r"[0-9A-Za-z-]{6,40}")
_DATE: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_AMOUNT: Final = re.compile(r"(?P<yuan>0|[1-9][0-9]{0,12})(?:\.(?P<rest>[0-9]{1,2}))?")
_NEGATIVE: Final = re.compile(r"[-−－][0-9.]+|\([0-9.]+\)")
_MARK: Final = "\ufeff"
_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula, full-width ones included."""
_VIOLATIONS_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A row of a payment file."""

    notice: Notice
    due_date: date


class _Wrong(Exception):
    """A cell that is refused."""

    def __init__(self, column: str, problem: str, zh: str, reason: str = "") -> None:
        super().__init__(problem)
        self.column = column
        self.problem = problem
        self.zh = zh
        self.reason = reason or "BANK_FILE_MALFORMED"


def defused(text: str) -> str:
    """Returns a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def yuan(fen: int) -> str:
    """Returns an amount as a file has it: yuan with two decimals, no separators."""
    whole, rest = divmod(abs(fen), FEN_PER_YUAN)
    return f"{'-' if fen < 0 else ''}{whole}.{rest:02d}"


def write_payment_file(payments: Iterable[Payment]) -> bytes:
    """Returns the file of what is to be transferred, a row per notice; the same bytes each time."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(PAYMENT_COLUMNS)
    for index, payment in enumerate(payments, 1):
        notice = payment.notice
        business = BUSINESS_NAMES[business_type_of(notice.kind)]
        payer, receiver = notice.payer_region_code, notice.receiver_region_code
        writer.writerow(
            (
                index,
                defused(notice.number),
                KIND_NAMES[notice.kind],
                notice.month,
                payer,
                defused(PROVINCES.get(payer, "")),
                receiver,
                defused(PROVINCES.get(receiver, "")),
                CURRENCY,
                yuan(notice.open_fen),
                business,
                payment.due_date.isoformat(),
                defused(f"{notice.month}跨省异地就医{business} {notice.number}"),
            )
        )
    return (_MARK + out.getvalue()).encode()


def read_bank_statement(
    content: bytes, *, today: date, region_code: str = ""
) -> tuple[StatedLine, ...]:
    """Returns the lines of a bank statement.

    Args:
        content: the file.
        today: civil date, Asia/Shanghai: nothing is booked after it.
        region_code: province whose account it is of; empty: of several.

    Raises:
        InvalidArgument: BANK_FILE_TOO_LARGE, BANK_FILE_ENCODING, BANK_CURRENCY,
            BANK_AMOUNT_NOT_POSITIVE or BANK_FILE_MALFORMED, with the line.
    """
    if len(content) > BYTES_MAX:
        raise InvalidArgument(
            "BANK_FILE_TOO_LARGE",
            "the file is too large",
            field="content",
            metadata={"bytes": str(len(content)), "bytesMax": str(BYTES_MAX)},
        )
    found: list[StatedLine] = []
    problems: list[tuple[int, _Wrong]] = []
    for number, cells in _rows(_decoded(content)):
        try:
            found.append(_line(number, cells, today, region_code))
        except _Wrong as wrong:
            problems.append((number, wrong))
            if len(problems) == _VIOLATIONS_MAX:
                break
    if problems:
        raise _refusal(problems)
    return tuple(found)


def _decoded(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidArgument(
            "BANK_FILE_ENCODING",
            f"line {line}: the file is not UTF-8",
            zh=f"第{line}行：文件不是UTF-8编码（GBK文件请另存为UTF-8后重新上传）",
            field="content",
            metadata={"line": str(line)},
        ) from error
    return text.removeprefix(_MARK)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    count, first = 0, True
    try:
        for cells in reader:
            if first:
                first = False
                if tuple(cell.strip() for cell in cells) != STATEMENT_COLUMNS:
                    raise _refusal([(1, _Wrong("", "is not the heading", "表头与规定格式不符"))])
            elif cells and any(cell.strip() for cell in cells):
                count += 1
                if count > LINES_MAX:
                    raise InvalidArgument(
                        "BANK_FILE_TOO_LARGE",
                        "the file has too many lines",
                        field="content",
                        metadata={"linesMax": str(LINES_MAX)},
                    )
                yield reader.line_num, cells
    except csv.Error as error:
        wrong = _Wrong("", "is not CSV", "不是有效的CSV行")
        raise _refusal([(reader.line_num, wrong)]) from error
    if not count:
        raise _refusal([(1, _Wrong("", "no line follows", "文件中没有流水记录"))])


def _refusal(problems: Sequence[tuple[int, _Wrong]]) -> InvalidArgument:
    line, first = problems[0]
    metadata = {"line": str(line)}
    if first.column:
        metadata["column"] = first.column
    return InvalidArgument(
        first.reason,
        f"line {line}: {first.column} {first.problem}",
        zh=f"第{line}行：{first.column}{first.zh}，整份流水未入账",
        violations=tuple(
            FieldViolation(
                f"content.lines[{number}]", f"{wrong.column} {wrong.problem}".strip(), wrong.reason
            )
            for number, wrong in problems
        ),
        metadata=metadata,
    )


def _line(number: int, cells: Sequence[str], today: date, region_code: str) -> StatedLine:
    if len(cells) != len(STATEMENT_COLUMNS):
        problem = f"has {len(cells)} cells, not {len(STATEMENT_COLUMNS)}"
        raise _Wrong("", problem, "列数与表头不符")
    # Banks put a tab after digits, so that an office program does not take them for a number.
    row = {name: cell.strip(" \t") for name, cell in zip(STATEMENT_COLUMNS, cells, strict=True)}
    for name, cell in row.items():
        if any(unicodedata.category(character) == "Cc" for character in cell):
            raise _Wrong(name, "holds a control character", "含控制字符")
    if row["业务类型"] not in _TYPES:
        raise _Wrong("业务类型", "is no business type", "不是规定的业务类型")
    business_type = _TYPES[row["业务类型"]]
    if row["币种"] not in _CURRENCIES:
        raise _Wrong("币种", "is not CNY", "不是人民币", "BANK_CURRENCY")
    if not _REFERENCE.fullmatch(row["银行流水号"]):
        raise _Wrong("银行流水号", "is no reference", "缺失或格式错误")
    line = StatedLine(
        line_number=number,
        bank_reference=row["银行流水号"],
        value_date=_date(row["交易日期"], today),
        payer_region_code=_region(row, "付款省", bank=business_type is BusinessType.INTEREST),
        receiver_region_code=_region(row, "收款省", bank=business_type is BusinessType.BANK_FEE),
        amount_fen=_amount(row["金额"]),
        business_type=business_type,
        notice_number=_notice_number(row["通知书编号"]),
    )
    parties = {line.payer_region_code, line.receiver_region_code}
    if len(parties) == 1:
        raise _Wrong("收款省区划", "is the payer, too", "与付款省相同")
    if region_code and region_code not in parties:
        raise _Wrong("付款省区划", "is of another account", "收付双方均不是该账户所属省份")
    return line


def _date(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        raise _Wrong("交易日期", "is no date YYYY-MM-DD", "不是YYYY-MM-DD日期") from None
    if day > today:
        raise _Wrong("交易日期", "is in the future", "晚于今天")
    return day


def _region(row: dict[str, str], side: str, *, bank: bool) -> str:
    code, name = row[f"{side}区划"], row[f"{side}名称"]
    if bank:
        if code:
            raise _Wrong(f"{side}区划", "must be empty for the bank", "为银行时应为空")
        return ""
    if code not in PROVINCES:
        raise _Wrong(f"{side}区划", "is no province", "不是省级区划代码")
    # The account's holder is the province's finance department: 宁夏回族自治区财政厅….
    if not name.startswith(PROVINCES[code]):
        raise _Wrong(f"{side}名称", "is not the province of the code", "与区划代码不符")
    return code


def _amount(text: str) -> int:
    found = _AMOUNT.fullmatch(text)
    if found is None:
        if _NEGATIVE.fullmatch(text):
            raise _not_positive()
        raise _Wrong("金额", "is no amount in yuan", "不是以元为单位的金额")
    fen = int(found["yuan"]) * FEN_PER_YUAN + int((found["rest"] or "0").ljust(2, "0"))
    if not fen:
        raise _not_positive()
    if fen >= FEN_MAX:
        raise _Wrong("金额", "is ten trillion yuan or more", "超出范围")
    return fen


def _not_positive() -> _Wrong:
    return _Wrong("金额", "is not more than zero", "须大于零", "BANK_AMOUNT_NOT_POSITIVE")


def _notice_number(text: str) -> str:
    # What is no number of ours is kept nowhere: somebody may have written a person's there.
    number = unicodedata.normalize("NFKC", text).strip().upper()
    return number if NUMBER.fullmatch(number) else ""
