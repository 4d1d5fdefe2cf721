"""The printed files as somebody reads them, and what the reckoning says must stand in them.

Sheets are read by their headings alone: nothing of what draws them is used.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import openpyxl

from services.kit import codes
from services.proving.clearing_year.bank import fen_of
from services.proving.clearing_year.reckoning import ACCOUNT, Place, Sums


class Cell(NamedTuple):
    """Where a figure stands in a file."""

    sheet: str
    """Name of the sheet without its number."""
    row: str
    """What the row is of: codes of provinces, scheme and fund; 合计 of the last one."""
    heading: str


Counts = Mapping[tuple[str, str, str, str], Sequence[int]]
"""Settled and refunded, by month, insured and care province and scheme."""

_TOTAL: Final = "合计"
_ROW_OF: Final = ("区划代码", "参保地代码", "就医地代码", "险种", "基金代码")
"""Columns that say what a row is of."""
_WORDS: Final = (*_ROW_OF, "序号", "省份", "对方省份", "参保地", "就医地", "基金")
_COUNTS: Final = ("结算笔数", "冲销笔数")
_CHECKS: Final = "核对"
_UNEQUAL: Final = "不符"
_SCHEMES: Final = {"310": "职工", "390": "居民"}
_FIGURE: Final = re.compile(r"-?[0-9]+\.[0-9]{2}")
_DRAWN: Final = re.compile(rb"\((-?[0-9]{1,3}(?:,[0-9]{3})*\.[0-9]{2})\) Tj")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


# --- what must be there -------------------------------------------------------------------------


def printed(lines: Mapping[Place, Sums], counts: Counts, region: str) -> dict[Cell, int]:
    """Returns every figure of a province's file but those of its checks; zeros are left out."""
    found: Counter[Cell] = Counter()
    for place, sums in lines.items():
        for word, mine, other in (
            ("应付", place.insured, place.care),
            ("应收", place.care, place.insured),
        ):
            if mine == region:
                _put(found, "清算表", other, _balance(word, sums.payable))
                _put(found, f"{word}清算表", other, _side(word, place, sums))
                row = f"{other} {codes.SCHEMES[place.scheme]} {place.fund}"
                _put(found, "审核扣款", row, {f"冲减{word}": sums.deduction})
                if place.fund == ACCOUNT:
                    _put(found, "个人账户", other, _account(word, sums))
        if place.insured == region:
            sheet = f"{_SCHEMES[place.scheme]}明细"
            _put(found, sheet, place.care, {place.fund: sums.payable, _TOTAL: sums.payable})
    for (_, insured, care, _scheme), numbers in counts.items():
        for word, mine, other in (("应付", insured, care), ("应收", care, insured)):
            if mine == region:
                of_row = dict(zip(_COUNTS, numbers, strict=True))
                _put(found, f"{word}清算表", other, of_row)
    return {key: fen for key, fen in found.items() if fen}


def printed_nationally(lines: Mapping[Place, Sums]) -> dict[Cell, int]:
    """Returns every figure of the national file but those of its checks; zeros are left out."""
    found: Counter[Cell] = Counter()
    for place, sums in lines.items():
        _put(found, "全国清算表", place.insured, _balance("应付", sums.payable))
        _put(found, "全国清算表", place.care, _balance("应收", sums.payable))
        of_pair = {_SCHEMES[place.scheme]: sums.payable, "应付金额": sums.payable}
        _put(found, "分省对", f"{place.insured} {place.care}", of_pair)
    return {key: fen for key, fen in found.items() if fen}


def _put(found: Counter[Cell], sheet: str, row: str, figures: Mapping[str, int]) -> None:
    """Adds figures to a row and to the row of totals."""
    for heading, fen in figures.items():
        found[Cell(sheet, row, heading)] += fen
        found[Cell(sheet, _TOTAL, heading)] += fen


def _balance(word: str, fen: int) -> dict[str, int]:
    return {f"{word}金额": fen, "差额": fen if word == "应收" else -fen}


def _side(word: str, place: Place, sums: Sums) -> dict[str, int]:
    return {
        "本月费用": sums.cost,
        "以前月份调整": sums.adjustment,
        "审核扣款": sums.deduction,
        f"{word}合计": sums.payable,
        f"其中：{_SCHEMES[place.scheme]}": sums.payable,
        "其中：个人账户": sums.payable if place.fund == ACCOUNT else 0,
        "其中：迟到数据": sums.late,
    }


def _account(word: str, sums: Sums) -> dict[str, int]:
    return {
        f"{word}本月费用": sums.cost,
        f"{word}以前月份调整": sums.adjustment,
        f"{word}审核扣款": sums.deduction,
        f"{word}{_TOTAL}": sums.payable,
    }


# --- what is there ------------------------------------------------------------------------------


def read_csv(content: bytes) -> dict[Cell, int]:
    """Reads the figures of a CSV file but those of its checks; zeros are left out."""
    found: Counter[Cell] = Counter()
    headings: list[str] = []
    for name, what, *cells in _csv_rows(content):
        if what == "表头":
            headings = cells
        elif what in {"明细", _TOTAL}:
            _read_row(found, name, headings, cells, is_total=what == _TOTAL)
    return {key: fen for key, fen in found.items() if fen}


def read_workbook(content: bytes) -> dict[Cell, int]:
    """Reads the figures of a workbook but those of its checks; zeros are left out."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return {}
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    found: Counter[Cell] = Counter()
    for name in book.sheetnames:
        headings: list[str] = []
        for row in book[name].iter_rows(values_only=True):
            if row[0] == "序号":
                headings = [str(cell).replace("\n", "") for cell in row]
            elif headings and (isinstance(row[0], int) or row[1] == _TOTAL):
                texts = [_text(value, title) for value, title in zip(row, headings, strict=True)]
                _read_row(found, name, headings, texts, is_total=row[1] == _TOTAL)
    return {key: fen for key, fen in found.items() if fen}


def figures_of_csv(content: bytes) -> dict[str, int]:
    """Returns all amounts of a CSV file in their order, checks and zeros included."""
    amounts = (
        fen_of(text)
        for _, what, *cells in _csv_rows(content)
        if what in {"明细", _TOTAL}
        for text in cells
        if _FIGURE.fullmatch(text)
    )
    return _numbered(amounts)


def figures_of_pdf(content: bytes) -> dict[str, int]:
    """Returns all amounts that a PDF draws, in their order."""
    return _numbered(fen_of(one.decode().replace(",", "")) for one in _DRAWN.findall(content))


def unequal_checks(content: bytes) -> list[str]:
    """Returns the checks that a CSV file says of itself do not come out."""
    return [
        cells[1]
        for name, what, *cells in _csv_rows(content)
        if name.endswith(_CHECKS) and what == "明细" and cells[-1] == _UNEQUAL
    ]


def digest_of(content: bytes) -> str:
    """Returns the digest of the month that a CSV file carries; empty: none."""
    found = _DIGEST.search(content.decode("utf-8-sig"))
    return found.group() if found else ""


def _csv_rows(content: bytes) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))


def _read_row(
    found: Counter[Cell],
    name: str,
    headings: Sequence[str],
    cells: Sequence[str],
    *,
    is_total: bool,
) -> None:
    sheet = name.partition(" ")[2]
    if sheet == _CHECKS:
        return
    by_heading = list(zip(headings, cells, strict=True))
    row = " ".join(text for title, text in by_heading if title in _ROW_OF)
    for title, text in by_heading:
        if title in _COUNTS:
            found[Cell(sheet, _TOTAL if is_total else row, title)] += int(text)
        elif title not in _WORDS:
            # Of a fund's heading the code counts, not its name.
            heading = title[-6:] if title[-6:].isdecimal() else title
            found[Cell(sheet, _TOTAL if is_total else row, heading)] += fen_of(text)


def _text(value: object, heading: str) -> str:
    if isinstance(value, int | float) and heading not in {*_WORDS, *_COUNTS}:
        # A double of at most 15 digits: its shortest text is what was written.
        return f"{value:.2f}"
    return "" if value is None else str(value)


def _numbered(amounts: Iterable[int]) -> dict[str, int]:
    return {f"figure {number:05d}": fen for number, fen in enumerate(amounts, start=1)}
