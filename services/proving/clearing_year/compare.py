"""Holds what the contracts answer and the files say against the reckoning, to the fen."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import openpyxl

from services.kit.money import format_yuan
from services.proving.clearing_year.bank import fen_of
from services.proving.clearing_year.office import Office
from services.proving.clearing_year.reckoning import NoticeKey, Place, Reckoning, Sums
from yijie.clearing.v1 import clearing_service_pb2, ledger_pb2, month_pb2, month_service_pb2


@dataclass(slots=True)
class Findings:
    """What was compared, and what does not agree."""

    compared: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def hold(self, what: str, found: Mapping[Any, int], expected: Mapping[Any, int]) -> None:
        """Compares amounts by key; one that is not there is zero."""
        keys = {*found, *expected}
        self.compared[what] += len(keys)
        for key in sorted(keys, key=str):
            have, want = found.get(key, 0), expected.get(key, 0)
            if have != want:
                where = " ".join(key) if isinstance(key, tuple) else str(key)
                self.differences.append(
                    f"{what} {where}: {format_yuan(have)} 元, reckoned {format_yuan(want)} 元"
                    f" ({have - want:+d} fen)"
                )

    def hold_equal(self, what: str, found: object, expected: object) -> None:
        """Compares two values of any kind."""
        self.compared[what] += 1
        if found != expected:
            self.differences.append(f"{what}: {found}, reckoned {expected}")


async def tables(office: Office, reckoning: Reckoning, month: str, findings: Findings) -> None:
    """Compares every line of a month's tables."""
    rows = await office.pages(
        office.months.ListTableLines, month_service_pb2.ListTableLinesRequest(month=month), "lines"
    )
    expected = reckoning.month_lines(month)
    for name in ("cost", "adjustment", "deduction", "payable", "late"):
        findings.hold(
            f"table {name}",
            {_place(month, one): getattr(one, name).fen for one in rows},
            {place: getattr(sums, name) for place, sums in expected.items()},
        )
    settled: Counter[tuple[str, ...]] = Counter()
    for one in rows:
        key = (month, one.insured_region_code, one.care_region_code, one.scheme_code)
        settled[*key, "settled"] += one.settlement_count
        settled[*key, "reversed"] += one.reversal_count
    counts = {
        (*key, name): count
        for key, both in reckoning.counts.items()
        if key[0] == month
        for name, count in zip(("settled", "reversed"), both, strict=True)
    }
    findings.hold("table count", settled, counts)


def _place(month: str, one: Any) -> Place:
    return Place(
        month,
        one.insured_region_code,
        one.care_region_code,
        one.scheme_code,
        one.fund_type_code,
    )


async def balances(office: Office, reckoning: Reckoning, findings: Findings) -> None:
    """Compares every balance of the ledger, and that nothing waits that should not."""
    rows = await office.pages(
        office.clearing.GetBalances, clearing_service_pb2.GetBalancesRequest(), "balances"
    )
    found = {
        (
            one.insured_region_code,
            one.care_region_code,
            one.month,
            one.scheme_code,
            one.fund_type_code,
            ledger_pb2.AccountPurpose.Name(one.purpose).removeprefix("ACCOUNT_PURPOSE_"),
        ): one.owed.fen
        for one in rows
        if one.owed.fen
    }
    findings.hold("ledger balance", found, reckoning.balances())


# --- files --------------------------------------------------------------------------------------


async def download(office: Office, month: str, region: str, form: Any) -> bytes:
    """Returns a printed file."""
    request = month_service_pb2.DownloadTablesRequest(
        month=month,
        region_code=region,
        format=form,
    )
    answer = await office.call(office.months.DownloadTables, request)
    content: bytes = answer.content
    return content


async def files(
    office: Office, reckoning: Reckoning, month: str, regions: Sequence[str], findings: Findings
) -> dict[str, bytes]:
    """Compares the CSV of provinces with the reckoning; returns the files."""
    written: dict[str, bytes] = {}
    for region in regions:
        content = await download(office, month, region, month_pb2.TABLE_FORMAT_CSV)
        written[region] = content
        found = read_csv(content)
        findings.hold(f"file {region}", found, printed(reckoning, month, region))
    return written


async def workbook(
    office: Office, month: str, region: str, as_csv: bytes, findings: Findings
) -> None:
    """Compares the workbook of a province with its CSV, and the PDF and it with themselves."""
    first = await download(office, month, region, month_pb2.TABLE_FORMAT_XLSX)
    findings.hold(f"workbook {region}", read_workbook(first), read_csv(as_csv))
    for form in (month_pb2.TABLE_FORMAT_XLSX, month_pb2.TABLE_FORMAT_PDF):
        again = [await download(office, month, region, form) for _ in range(2)]
        name = month_pb2.TableFormat.Name(form)
        findings.hold_equal(f"{name} made again {month} {region}", again[0], again[1])


Cell = tuple[str, str, str]
"""Sheet, province on the other side, heading."""


def printed(reckoning: Reckoning, month: str, region: str) -> dict[Cell, int]:
    """Returns the figures that the payable and receivable tables of a province must show."""
    found: Counter[Cell] = Counter()
    for place, sums in reckoning.month_lines(month).items():
        for sheet, mine, other in (
            ("应付", place.insured, place.care),
            ("应收", place.care, place.insured),
        ):
            if mine != region:
                continue
            of_scheme = {"310": "其中：职工", "390": "其中：居民"}[place.scheme]
            for heading, fen in _columns(sums, sheet, of_scheme, place.fund).items():
                found[sheet, other, heading] += fen
                found[sheet, "合计", heading] += fen
    return {key: fen for key, fen in found.items() if fen}


def _columns(sums: Sums, sheet: str, of_scheme: str, fund: str) -> dict[str, int]:
    return {
        "本月费用": sums.cost,
        "以前月份调整": sums.adjustment,
        "审核扣款": sums.deduction,
        f"{sheet}合计": sums.payable,
        of_scheme: sums.payable,
        "其中：个人账户": sums.payable if fund == "310200" else 0,
        "其中：迟到数据": sums.late,
    }


def read_csv(content: bytes) -> dict[Cell, int]:
    """Reads the payable and receivable tables of a CSV file."""
    found: dict[Cell, int] = {}
    heading: list[str] = []
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    for name, what, *cells in rows:
        sheet = _sheet(name)
        if not sheet:
            continue
        if what == "表头":
            heading = cells
        elif what in {"明细", "合计"}:
            other = "合计" if what == "合计" else cells[1]
            for title, text in list(zip(heading, cells, strict=True))[5:]:
                if fen := fen_of(text):
                    found[sheet, other, title] = fen
    return found


def read_workbook(content: bytes) -> dict[Cell, int]:
    """Reads the same tables of a workbook; what its file says besides is not looked at."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return {}
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    found: dict[Cell, int] = {}
    for name in book.sheetnames:
        sheet = _sheet(name)
        if not sheet:
            continue
        heading: list[str] = []
        for row in book[name].iter_rows(values_only=True):
            if row[0] == "序号":
                heading = [str(cell) for cell in row]
            elif heading and (isinstance(row[0], int) or row[1] == "合计"):
                other = str(row[1])
                for title, value in list(zip(heading, row, strict=True))[5:]:
                    # A double of at most 15 digits: its shortest text is what was written.
                    if fen := fen_of(f"{value:.2f}"):
                        found[sheet, other, title] = fen
    return found


def _sheet(name: str) -> str:
    return next((word for word in ("应付", "应收") if name.endswith(f"{word}清算表")), "")


# --- notices ------------------------------------------------------------------------------------


def notice_amounts(reckoning: Reckoning, keys: Iterable[NoticeKey]) -> dict[tuple[str, ...], int]:
    """Returns what notices come to, by what they are about and who pays."""
    return {(*key, reckoning.payer(key)): abs(reckoning.amount(key)) for key in keys}
