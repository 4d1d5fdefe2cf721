"""Goal: a figure on paper is the figure of the tables, in every format, and the same every time."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import random
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import openpyxl
import pypdf
import pytest

from services.clearing.domain.tables import TableLine, TablesUnbalanced
from services.clearing.printing import Format, ProvinceTables, file_name, render
from services.clearing.printing import as_csv as csv_format
from services.clearing.printing.model import AMOUNT_FEN_MAX, NATIONAL_FUNDS
from services.clearing.printing.sheets import Kind, sheets_of
from services.kit import codes
from services.kit.funds import national_fund
from services.kit.money import format_yuan

MONTH = "2026-03"
NINGXIA, BEIJING, SHANGHAI = "640000", "110000", "310000"
MADE = datetime(2026, 4, 21, 2, 0, 7, tzinfo=UTC)
FUNDS = {"310": ("310100", "310200", "330100", "610100"), "390": ("390100", "390200", "910100")}


def line(insured, care, scheme, fund, *, cost=0, adjustment=0, deduction=0, late=0, counts=(0, 0)):
    return TableLine(
        month=MONTH,
        insured_region_code=insured,
        care_region_code=care,
        scheme_code=scheme,
        fund_type_code=fund,
        cost_fen=cost,
        adjustment_fen=adjustment,
        deduction_fen=deduction,
        payable_fen=cost + adjustment + deduction,
        settlement_count=counts[0],
        reversal_count=counts[1],
        late_fen=late,
    )


def drawn(seed: int, provinces) -> list[TableLine]:
    """Lines of all pairs of some provinces, with everything that a line may hold."""
    chance = random.Random(seed)  # noqa: S311 -- no secret
    found = []
    for insured in provinces:
        for care in provinces:
            if insured == care or chance.random() < 0.1:
                continue
            for scheme, funds in FUNDS.items():
                for index, fund in enumerate(funds):
                    found.append(
                        line(
                            insured,
                            care,
                            scheme,
                            fund,
                            cost=chance.choice((0, 1, chance.randrange(10**11))),
                            adjustment=-chance.choice((0, 0, chance.randrange(10**6))),
                            deduction=-chance.choice((0, 0, chance.randrange(10**6))),
                            late=chance.choice((0, 0, chance.randrange(10**5))),
                            counts=(chance.randrange(9999), 3) if index == 0 else (0, 0),
                        )
                    )
    return found


def tables(lines, region=NINGXIA, **changes) -> ProvinceTables:
    mine = [
        one
        for one in lines
        if not region or region in {one.insured_region_code, one.care_region_code}
    ]
    values = {
        "month": MONTH,
        "region_code": region,
        "lines": tuple(mine),
        "table_time": MADE,
        "digest": "ab" * 32,
    }
    return ProvinceTables(**{**values, **changes})


@pytest.fixture(scope="module")
def everything() -> list[TableLine]:
    return drawn(7, sorted(codes.PROVINCES))


# --- reading the files back: sheet name → rows of texts, amounts as fen -------------------------


def fen(value) -> int:
    return int((Decimal(str(value)) * 100).to_integral_exact())


def read_csv(content: bytes) -> dict[str, dict[str, list[list[str]]]]:
    assert content.startswith(b"\xef\xbb\xbf")
    found: dict[str, dict[str, list[list[str]]]] = {}
    for name, what, *cells in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")):
        found.setdefault(name, {}).setdefault(what, []).append(cells)
    return found


def cells_of(texts, columns):
    return tuple(
        fen(text)
        if column.kind is Kind.MONEY
        else int(text)
        if column.kind is Kind.COUNT and text
        else text
        for text, column in zip(texts, columns, strict=True)
    )


@pytest.mark.parametrize("region", [NINGXIA, BEIJING, ""])
def test_csv_says_every_figure(everything, region):
    made = tables(everything, region)
    read = read_csv(render(made, Format.CSV))
    for sheet in sheets_of(made):
        parts = read[sheet.name]
        assert parts["题名"] == [[sheet.title]]
        assert parts["表头"] == [[column.heading.replace("\n", "") for column in sheet.columns]]
        rows = [cells_of(row, sheet.columns) for row in parts.get("明细", [])]
        assert rows == list(sheet.rows)
        if sheet.totals:
            assert cells_of(parts["合计"][0], sheet.columns) == sheet.totals


@pytest.mark.parametrize("region", [NINGXIA, ""])
def test_the_workbook_says_every_figure(everything, region):
    made = tables(everything, region)
    book = openpyxl.load_workbook(io.BytesIO(render(made, Format.XLSX)))
    sheets = sheets_of(made)
    assert book.sheetnames == [sheet.name for sheet in sheets]
    for sheet, page in zip(sheets, book.worksheets, strict=True):
        head = len(sheet.facts) + 2
        assert page.cell(1, 1).value == sheet.title
        for number, row in enumerate((*sheet.rows, *filter(None, [sheet.totals])), start=head + 1):
            for index, (value, column) in enumerate(zip(row, sheet.columns, strict=True), 1):
                cell = page.cell(number, index)
                if isinstance(value, str):
                    assert (cell.value or "") == value
                elif column.kind is Kind.MONEY:
                    assert fen(cell.value) == value
                    assert cell.number_format == "#,##0.00"
                    assert cell.data_type == "n"
                else:
                    assert cell.value == value
        assert (page.page_setup.orientation, page.page_setup.paperSize) == ("landscape", 9)
        assert page.oddFooter.center.text == "第 &P 页 共 &N 页"
        assert page.print_title_rows == f"$1:${head}"


def test_the_workbook_checks_its_totals_by_a_formula(everything):
    made = tables(everything)
    page = openpyxl.load_workbook(io.BytesIO(render(made, Format.XLSX))).worksheets[0]
    last = 4 + len(sheets_of(made)[0].rows)
    assert page.cell(last + 2, 4).value == f"=ROUND(SUM(D5:D{last})-D{last + 1},2)"
    # Nothing else is a formula, whatever it begins with.
    formulas = {
        cell.row for row in page.iter_rows() for cell in row if str(cell.value).startswith("=")
    }
    assert formulas == {last + 2}


@pytest.mark.parametrize("region", [NINGXIA, ""])
def test_the_pdf_says_every_figure(everything, region):
    made = tables([one for one in everything if region or one.insured_region_code < "200000"], "")
    made = tables(everything, region) if region else made
    reader = pypdf.PdfReader(io.BytesIO(render(made, Format.PDF)))
    texts = [re.sub(r"\s", "", page.extract_text()) for page in reader.pages]
    sheets = sheets_of(made)
    assert [entry.title for entry in reader.outline] == [sheet.name for sheet in sheets]
    for number, text in enumerate(texts, start=1):
        assert f"第{number}页共{len(texts)}页" in text
        assert "清算月：2026年3月" in text
        assert "生成时间：2026-04-2110:00:07（北京时间）" in text
    for sheet in sheets:
        own = "".join(
            text for text in texts if text.startswith((sheet.title, f"{sheet.title}（续）"))
        )
        at = 0
        for row in filter(None, (*sheet.rows, sheet.totals)):
            for value, column in zip(row, sheet.columns, strict=True):
                shown = (
                    value
                    if isinstance(value, str)
                    else format_yuan(value)
                    if column.kind is Kind.MONEY
                    else str(value)
                )
                found = own.find(shown.replace(" ", ""), at)
                assert found >= 0, (sheet.name, row)
                at = found + len(shown.replace(" ", ""))
    box = reader.pages[0].mediabox
    assert (round(box.width), round(box.height)) == (842, 595)


# --- the figures themselves, from the lines by an arithmetic of the test's own ------------------


def index_of(sheet, heading) -> int:
    wanted = heading.replace("\n", "")
    return [one.heading.replace("\n", "") for one in sheet.columns].index(wanted)


def column(sheet, heading):
    index = index_of(sheet, heading)
    return {row[1]: row[index] for row in sheet.rows}


@pytest.mark.parametrize("region", [NINGXIA, SHANGHAI])
def test_the_tables_of_a_province_are_sums_of_lines(everything, region):
    _, payable, receivable, employee, resident, deductions, account, checks = sheets_of(
        tables(everything, region)
    )
    for sheet, word, mine, other in (
        (payable, "应付", "insured_region_code", "care_region_code"),
        (receivable, "应收", "care_region_code", "insured_region_code"),
    ):
        own = [one for one in everything if getattr(one, mine) == region]
        for heading, amount in {
            "结算笔数": lambda one: one.settlement_count,
            "冲销笔数": lambda one: one.reversal_count,
            "本月费用": lambda one: one.cost_fen,
            "以前月份调整": lambda one: one.adjustment_fen,
            "审核扣款": lambda one: one.deduction_fen,
            f"{word}合计": lambda one: one.payable_fen,
            "其中：职工": lambda one: one.payable_fen * (one.scheme_code == "310"),
            "其中：居民": lambda one: one.payable_fen * (one.scheme_code == "390"),
            "其中：迟到数据": lambda one: one.late_fen,
            "其中：个人账户": lambda one: one.payable_fen * (one.fund_type_code == "310200"),
        }.items():
            expected: dict[str, int] = {}
            for one in own:
                expected[getattr(one, other)] = expected.get(getattr(one, other), 0) + amount(one)
            assert column(sheet, heading) == expected
            assert sheet.totals[index_of(sheet, heading)] == sum(expected.values())
    for sheet, scheme in ((employee, "310"), (resident, "390")):
        for fund, name in NATIONAL_FUNDS.items():
            shown = column(sheet, f"{name}\n{fund}")
            for care, amount in shown.items():
                assert amount == sum(
                    one.payable_fen
                    for one in everything
                    if (one.insured_region_code, one.care_region_code) == (region, care)
                    and one.scheme_code == scheme
                    and {"390200": "330100"}.get(one.fund_type_code, one.fund_type_code) == fund
                )
    assert sum(row[6] for row in deductions.rows) == sum(
        one.deduction_fen for one in everything if one.insured_region_code == region
    )
    assert sum(row[7] for row in deductions.rows) == sum(
        one.deduction_fen for one in everything if one.care_region_code == region
    )
    assert sum(column(account, "应收\n合计").values()) == sum(
        one.payable_fen
        for one in everything
        if one.care_region_code == region and one.fund_type_code == "310200"
    )
    assert {row[5] for row in checks.rows} == {"相符"}


def test_what_one_province_owes_another_has_to_receive(everything):
    """The files of two provinces, read back, hold the same amount for each other."""
    read = {
        region: read_csv(render(tables(everything, region), Format.CSV))
        for region in (NINGXIA, BEIJING, SHANGHAI)
    }

    def amounts(region, sheet):
        return {row[1]: row[8] for row in read[region][sheet]["明细"]}

    for owes in read:
        for gets in set(read) - {owes}:
            payable = amounts(owes, "2 应付清算表").get(gets)
            assert payable == amounts(gets, "3 应收清算表").get(owes)
    digests = {one["8 核对"]["说明"][2][0] for one in read.values()}
    assert digests == {f"本月清算数据摘要（各省文件相同）SHA-256：{'ab' * 32}"}


def test_the_national_table_adds_up_to_nothing(everything):
    balances, pairs, checks = sheets_of(tables(everything, ""))
    assert len(balances.rows) == len(codes.PROVINCES)
    assert balances.totals[3] == balances.totals[4] == pairs.totals[-1]
    assert balances.totals[5] == 0
    assert {row[5] for row in checks.rows} == {"相符"}


# --- the same every time ------------------------------------------------------------------------


@pytest.mark.parametrize("form", list(Format))
def test_the_same_tables_give_the_same_bytes(everything, form, monkeypatch):
    first = render(tables(everything), form)
    # Neither the machine's clock nor the order of the lines shows.
    monkeypatch.setattr("time.time", lambda: 4102444800.0)
    monkeypatch.setattr("time.localtime", lambda *_: (2100, 1, 1, 0, 0, 0, 4, 1, 0))
    assert render(tables(everything), form) == first
    assert render(tables(everything[::-1]), form) == first


_DIGESTS = """
import hashlib, sys
from tests.unit.clearing.printing.test_printing import BEIJING, Format, drawn, render, tables
from services.kit import codes
lines = drawn(7, sorted(codes.PROVINCES)[:6])
for region in ("", "140000", BEIJING):
    for form in Format:
        print(hashlib.sha256(render(tables(lines, region), form)).hexdigest())
"""


def test_another_process_in_another_time_zone_gives_the_same_bytes():
    environ = {**os.environ, "PYTHONHASHSEED": "77", "TZ": "America/Los_Angeles", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", _DIGESTS], env=environ, capture_output=True, text=True, check=True
    )
    lines = drawn(7, sorted(codes.PROVINCES)[:6])
    # Not in the same order: what was printed before must not show.
    here = {
        (region, form): hashlib.sha256(render(tables(lines, region), form)).hexdigest()
        for form in reversed(Format)
        for region in (BEIJING, "140000", "")
    }
    told = [here[region, form] for region in ("", "140000", BEIJING) for form in Format]
    assert done.stdout.split() == told


def test_a_workbook_does_not_depend_on_a_compressor(everything):
    with zipfile.ZipFile(io.BytesIO(render(tables(everything), Format.XLSX))) as book:
        assert {entry.compress_type for entry in book.infolist()} == {zipfile.ZIP_STORED}
        assert {entry.date_time for entry in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2026-04-21T02:00:07Z" in book.read("docProps/core.xml")


@pytest.mark.parametrize("form", list(Format))
def test_another_fen_gives_other_bytes(everything, form):
    first = render(tables(everything), form)
    index = next(i for i, one in enumerate(everything) if one.insured_region_code == NINGXIA)
    one = everything[index]
    changed = [*everything]
    changed[index] = replace(one, cost_fen=one.cost_fen + 1, payable_fen=one.payable_fen + 1)
    assert render(tables(changed), form) != first


# --- edges --------------------------------------------------------------------------------------


def test_a_table_without_rows_says_so_in_every_format():
    nothing = "本月无发生额"
    made = tables([])
    sheets = sheets_of(made)
    empty = [sheet for sheet in sheets if not sheet.rows]
    assert len(empty) == len(sheets) - 1
    read = read_csv(render(made, Format.CSV))
    assert {sheet.name: [nothing] in read[sheet.name]["说明"] for sheet in sheets} == {
        sheet.name: not sheet.rows for sheet in sheets
    }
    book = openpyxl.load_workbook(io.BytesIO(render(made, Format.XLSX)))
    for sheet in empty:
        page, row = book[sheet.name], len(sheet.facts) + 3
        assert page.cell(row, 1).value == nothing
        assert page.cell(row + 1, 2).value == "合计"
    pages = pypdf.PdfReader(io.BytesIO(render(made, Format.PDF))).pages
    assert [nothing in page.extract_text() for page in pages] == [
        not sheet.rows for sheet in sheets
    ]


def test_the_largest_amount_is_read_back_to_the_fen():
    most = AMOUNT_FEN_MAX - 1
    made = tables([line(NINGXIA, BEIJING, "310", "310100", cost=most)])
    page = openpyxl.load_workbook(io.BytesIO(render(made, Format.XLSX)))["2 应付清算表"]
    assert fen(page.cell(5, 6).value) == most
    with pytest.raises(TablesUnbalanced, match="ten trillion"):
        sheets_of(tables([line(NINGXIA, BEIJING, "310", "310100", cost=AMOUNT_FEN_MAX)]))


def test_another_scheme_has_a_table_of_its_own():
    made = tables([line(NINGXIA, BEIJING, "340", "310100", cost=5)])
    names = [sheet.name for sheet in sheets_of(made)]
    assert names[3:6] == ["4 职工明细", "5 离休人员医疗保障明细", "6 居民明细"]
    assert {row[5] for row in sheets_of(made)[-1].rows} == {"相符"}


@pytest.mark.parametrize(
    ("fund", "printed"),
    [("310100", "310100"), ("390200", "330100"), ("99999737", "330100"), ("520100", "910100")],
)
def test_funds_are_printed_under_their_national_code(fund, printed):
    assert national_fund(fund) == printed


@pytest.mark.parametrize(
    "lines",
    [
        [replace(line(NINGXIA, BEIJING, "310", "310100", cost=5), payable_fen=6)],
        [line(NINGXIA, BEIJING, "310", "310100", cost=5)] * 2,
        [line(SHANGHAI, BEIJING, "310", "310100", cost=5)],
        [line(NINGXIA, NINGXIA, "310", "310100", cost=5)],
        [replace(line(NINGXIA, BEIJING, "310", "310100", cost=5), month="2026-04")],
    ],
    ids=["no sum", "twice", "of others", "of one province", "of another month"],
)
def test_lines_that_contradict_each_other_are_not_printed(lines):
    made = replace(tables([]), lines=tuple(lines))
    with pytest.raises(TablesUnbalanced):
        render(made, Format.CSV)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_text_is_no_formula_in_csv(text):
    assert csv_format._safe(text) == f"'{text}"


def test_a_file_is_named_for_people():
    assert (
        file_name(tables([]), Format.XLSX)
        == "跨省异地就医清算表_640000宁夏回族自治区_2026年3月.xlsx"
    )
    assert file_name(tables([], ""), Format.PDF) == "跨省异地就医清算表_全国_2026年3月.pdf"
