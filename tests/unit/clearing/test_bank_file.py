"""Goal: a bank statement is read whole or refused with the line; what we write is harmless.

Method: one good file, changed in one place at a time.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from services.clearing.domain.notice import BusinessType, NoticeKind
from services.clearing.notices import bank_file
from services.clearing.notices.bank_file import (
    PAYMENT_COLUMNS,
    STATEMENT_COLUMNS,
    Payment,
    defused,
    read_bank_statement,
    write_payment_file,
)
from services.kit.errors import InvalidArgument
from tests.unit.clearing.test_notices import notice_of

TODAY = date(2026, 5, 20)
GOOD = (
    "BK-000001", "2026-05-19", "640000", "宁夏回族自治区财政厅", "110000", "北京市财政局", "CNY",
    "1234.50", "清算资金", "QS2026000001", "三月清算",
)  # fmt: skip


def file_of(*rows, heading=STATEMENT_COLUMNS) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([heading, *rows])
    return out.getvalue().encode()


def changed(**cells: str):
    row = dict(zip(STATEMENT_COLUMNS, GOOD, strict=True)) | cells
    return tuple(row.values())


def refusal(content: bytes, **options) -> InvalidArgument:
    with pytest.raises(InvalidArgument) as caught:
        read_bank_statement(content, today=TODAY, **options)
    return caught.value


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_a_statement_is_read_with_and_without_a_mark(mark, end):
    content = mark + file_of(GOOD, changed(银行流水号="BK-000002", 金额="7")).replace(
        b"\r\n", end.encode()
    )
    first, second = read_bank_statement(content, today=TODAY, region_code="640000")
    assert (first.line_number, first.bank_reference, first.amount_fen) == (2, "BK-000001", 123450)
    assert (first.payer_region_code, first.receiver_region_code) == ("640000", "110000")
    assert (first.business_type, first.notice_number) == (BusinessType.CLEARING, "QS2026000001")
    assert (second.line_number, second.amount_fen) == (3, 700)


def test_blanks_and_tabs_around_a_cell_are_no_part_of_it():
    padded = tuple(f" {cell}\t" for cell in GOOD)
    assert read_bank_statement(file_of(padded), today=TODAY) == read_bank_statement(
        file_of(GOOD), today=TODAY
    )


def test_interest_and_fees_have_the_bank_on_one_side():
    content = file_of(
        changed(业务类型="利息", 付款省区划="", 付款省名称="国家金库", 通知书编号=""),
        changed(业务类型="手续费", 收款省区划="", 收款省名称="某银行", 银行流水号="BK-000002"),
    )
    interest, fee = read_bank_statement(content, today=TODAY)
    assert (interest.payer_region_code, interest.key[1]) == ("", "110000")
    assert (fee.receiver_region_code, fee.key[1]) == ("", "640000")
    error = refusal(file_of(changed(业务类型="利息")))
    assert error.metadata == {"line": "2", "column": "付款省区划"}


def test_gbk_is_refused_with_its_line():
    for content, line in (
        (file_of(GOOD).decode().encode("gbk"), "1"),
        (file_of(GOOD) + "北京市".encode("gbk"), "3"),
        (file_of(GOOD).decode().encode("utf-16"), "1"),
    ):
        error = refusal(content)
        assert (error.reason, error.metadata) == ("BANK_FILE_ENCODING", {"line": line})


@pytest.mark.parametrize(
    ("cells", "reason", "column"),
    [
        ({"币种": "USD"}, "BANK_CURRENCY", "币种"),
        ({"币种": ""}, "BANK_CURRENCY", "币种"),
        ({"金额": "-5.00"}, "BANK_AMOUNT_NOT_POSITIVE", "金额"),
        ({"金额": "−5.00"}, "BANK_AMOUNT_NOT_POSITIVE", "金额"),
        ({"金额": "(5.00)"}, "BANK_AMOUNT_NOT_POSITIVE", "金额"),
        ({"金额": "0"}, "BANK_AMOUNT_NOT_POSITIVE", "金额"),
        ({"金额": "0.00"}, "BANK_AMOUNT_NOT_POSITIVE", "金额"),
        ({"金额": "1,234.50"}, "BANK_FILE_MALFORMED", "金额"),
        ({"金额": "1.234"}, "BANK_FILE_MALFORMED", "金额"),
        ({"金额": "1e3"}, "BANK_FILE_MALFORMED", "金额"),
        ({"金额": "１２"}, "BANK_FILE_MALFORMED", "金额"),
        ({"金额": "007"}, "BANK_FILE_MALFORMED", "金额"),
        ({"金额": "1，234.50"}, "BANK_FILE_MALFORMED", "金额"),
        ({"金额": "1 234.50"}, "BANK_FILE_MALFORMED", "金额"),
        ({"金额": "12.34\u3000"}, "BANK_FILE_MALFORMED", "金额"),
        ({"金额": "12."}, "BANK_FILE_MALFORMED", "金额"),
        ({"金额": ".5"}, "BANK_FILE_MALFORMED", "金额"),
        ({"金额": "+12.00"}, "BANK_FILE_MALFORMED", "金额"),
        ({"金额": "¥12.00"}, "BANK_FILE_MALFORMED", "金额"),
        ({"金额": "NaN"}, "BANK_FILE_MALFORMED", "金额"),
        ({"金额": "9" * 400}, "BANK_FILE_MALFORMED", "金额"),
        ({"金额": "１２.３４"}, "BANK_FILE_MALFORMED", "金额"),
        ({"币种": "cny"}, "BANK_CURRENCY", "币种"),
        ({"交易日期": "２026-05-19"}, "BANK_FILE_MALFORMED", "交易日期"),
        ({"付款省区划": "６40000"}, "BANK_FILE_MALFORMED", "付款省区划"),
        ({"银行流水号": "BK-000\n001"}, "BANK_FILE_MALFORMED", "银行流水号"),
        ({"银行流水号": "ＢＫ-000001"}, "BANK_FILE_MALFORMED", "银行流水号"),
        ({"金额": "9999999999999.99"}, "", ""),
        ({"金额": "10000000000000"}, "BANK_FILE_MALFORMED", "金额"),
        ({"交易日期": "2026-05-21"}, "BANK_FILE_MALFORMED", "交易日期"),
        ({"交易日期": "20260519"}, "BANK_FILE_MALFORMED", "交易日期"),
        ({"交易日期": "2026-02-30"}, "BANK_FILE_MALFORMED", "交易日期"),
        ({"付款省区划": "640100"}, "BANK_FILE_MALFORMED", "付款省区划"),
        ({"付款省名称": "北京市财政局"}, "BANK_FILE_MALFORMED", "付款省名称"),
        ({"收款省名称": ""}, "BANK_FILE_MALFORMED", "收款省名称"),
        (
            {"收款省区划": "640000", "收款省名称": "宁夏回族自治区财政厅"},
            "BANK_FILE_MALFORMED",
            "收款省区划",
        ),
        ({"业务类型": "其他"}, "BANK_FILE_MALFORMED", "业务类型"),
        ({"银行流水号": "短"}, "BANK_FILE_MALFORMED", "银行流水号"),
        ({"摘要": "a\x00b"}, "BANK_FILE_MALFORMED", "摘要"),
        ({"摘要": "两\n行"}, "BANK_FILE_MALFORMED", "摘要"),
    ],
)  # fmt: skip
def test_a_line_that_is_wrong_refuses_the_file(cells, reason, column):
    content = file_of(GOOD, changed(**{"银行流水号": "BK-000002"} | cells))
    if not reason:
        assert len(read_bank_statement(content, today=TODAY)) == 2
        return
    error = refusal(content)
    # A line feed inside a cell makes a line of the file: the last one is told.
    line = str(3 + "".join(cells.values()).count("\n"))
    assert (error.reason, error.metadata) == (reason, {"line": line, "column": column})
    assert f"第{line}行" in error.zh
    # Nothing of the file is in the text.
    assert not any(value and len(value) > 2 and value in str(error) for value in cells.values())


def test_every_wrong_line_is_told():
    rows = [changed(金额="0"), GOOD, changed(币种="EUR"), GOOD[:-1]]
    error = refusal(file_of(*rows))
    assert [(one.field, one.reason) for one in error.violations] == [
        ("content.lines[2]", "BANK_AMOUNT_NOT_POSITIVE"),
        ("content.lines[4]", "BANK_CURRENCY"),
        ("content.lines[5]", "BANK_FILE_MALFORMED"),
    ]
    many = refusal(file_of(*[changed(金额="0")] * 100))
    assert len(many.violations) == 20


@pytest.mark.parametrize(
    "content",
    [
        b"",
        file_of(),
        b"\r\n\r\n",
        file_of(GOOD, heading=STATEMENT_COLUMNS[::-1]),
        file_of(GOOD, heading=STATEMENT_COLUMNS[:-1]),
        file_of(GOOD) + b'"open',
        file_of(GOOD) + b'"BK"-000002,x',
        # The mark twice, the heading twice, tabs or semicolons for commas, an end of file of old.
        b"\xef\xbb\xbf" * 2 + file_of(GOOD),
        file_of(GOOD, STATEMENT_COLUMNS, GOOD),
        file_of(GOOD).replace(b",", b"\t"),
        file_of(GOOD).replace(b",", b";"),
        file_of(GOOD) + b"\x1a",
        file_of((*GOOD, "")),
        file_of((*GOOD[:-1], "x" * 200_000)),
        b"\xef\xbb\xbf",
        b" ",
        b"\x00" * 64,
    ],
)
def test_what_is_no_statement_is_refused(content):
    assert refusal(content).reason == "BANK_FILE_MALFORMED"


def test_quotes_are_read_as_what_they_hold():
    quoted = (
        file_of(GOOD[:-1]).rstrip()
        + b',"a ""b"", c"\r\n"BK-000002",'
        + b",".join(f'"{cell}"'.encode() for cell in GOOD[1:])
    )
    first, second = read_bank_statement(quoted.replace(b"\r\n", b"\r"), today=TODAY)
    assert (first.bank_reference, second.bank_reference) == ("BK-000001", "BK-000002")
    assert first.amount_fen == second.amount_fen == 123_450


def test_empty_rows_are_passed_over():
    content = file_of(GOOD) + b"\r\n" + b"," * (len(GOOD) - 1) + b"\r\n"
    assert len(read_bank_statement(content, today=TODAY)) == 1


def test_a_file_has_a_size(monkeypatch):
    assert refusal(b"x" * (bank_file.BYTES_MAX + 1)).reason == "BANK_FILE_TOO_LARGE"
    monkeypatch.setattr(bank_file, "LINES_MAX", 2)
    assert refusal(file_of(GOOD, GOOD, GOOD)).metadata == {"linesMax": "2"}


def test_a_statement_of_one_account_has_that_province_in_every_line():
    other = changed(收款省区划="310000", 收款省名称="上海市财政局", 银行流水号="BK-000002")
    error = refusal(file_of(GOOD, other), region_code="110000")
    assert error.metadata["line"] == "3"


def test_what_is_no_number_of_ours_is_not_kept():
    texts = ("张三 110101199003070000", "QS2026", "")
    rows = [changed(通知书编号=text, 银行流水号=f"BK-00000{i}") for i, text in enumerate(texts)]
    assert {one.notice_number for one in read_bank_statement(file_of(*rows), today=TODAY)} == {""}
    row = changed(通知书编号=" qs２０２６000001 ")
    assert read_bank_statement(file_of(row), today=TODAY)[0].notice_number == "QS2026000001"


# --- payments out --------------------------------------------------------------------------------


def test_a_payment_file_is_what_an_office_program_reads():
    notice = notice_of(123_450)
    other = replace(notice, kind=NoticeKind.EMERGENCY_TOP_UP, number="TZ2026000001")
    rows = [Payment(notice=one, due_date=date(2026, 5, 25)) for one in (notice, other)]
    content = write_payment_file(rows)
    assert content.startswith(b"\xef\xbb\xbf")
    assert content == write_payment_file(rows)
    heading, first, second = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert tuple(heading) == PAYMENT_COLUMNS
    assert first == [
        "1", "QS2026000001", "清算资金付款通知书", "2026-03", "640000", "宁夏回族自治区", "110000",
        "北京市", "CNY", "1234.50", "清算资金", "2026-05-25",
        "2026-03跨省异地就医清算资金 QS2026000001",
    ]  # fmt: skip
    assert second[2] == "预付金额度紧急调增付款通知书"
    assert second[10] == "预付金"


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n"])
def test_a_cell_is_no_formula(first):
    assert defused(f"{first}cmd|' /C calc'!A0") == f"'{first}cmd|' /C calc'!A0"
    assert defused(f"a{first}1") == f"a{first}1"
    assert defused("") == ""


def test_the_documents_show_the_columns_that_are_read_and_written():
    shown = (Path(__file__).parents[3] / "docs" / "clearing.md").read_text(encoding="utf-8")
    assert f"```csv\n{','.join(PAYMENT_COLUMNS)}\n" in shown
    heading = f"{','.join(STATEMENT_COLUMNS)}\n"
    _, _, rest = shown.partition(f"```csv\n{heading}")
    example, _, _ = rest.partition("```")
    assert len(read_bank_statement((heading + example).encode(), today=date(2026, 5, 20))) == 2
