"""Holds what the contracts answer and the files say against the reckoning, to the fen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.kit.money import format_yuan
from services.proving.clearing_year import paper
from services.proving.clearing_year.office import Office
from services.proving.clearing_year.reckoning import NoticeKey, Place, Reckoning
from yijie.clearing.v1 import clearing_service_pb2, ledger_pb2, month_pb2, month_service_pb2


@dataclass(slots=True)
class Findings:
    """What was compared, and what does not agree."""

    compared: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def hold(
        self,
        what: str,
        found: Mapping[Any, int],
        expected: Mapping[Any, int],
        *,
        are_counts: bool = False,
    ) -> None:
        """Compares amounts, or counts, by key; one that is not there is zero."""
        keys = {*found, *expected}
        self.compared[what] += len(keys)
        for key in sorted(keys, key=str):
            have, want = found.get(key, 0), expected.get(key, 0)
            if have != want:
                where = " ".join(key) if isinstance(key, tuple) else str(key)
                amounts = (
                    f"{have}, reckoned {want}"
                    if are_counts
                    else f"{format_yuan(have)} 元, reckoned {format_yuan(want)} 元"
                    f" ({have - want:+d} fen)"
                )
                self.differences.append(f"{what} {where}: {amounts}")

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
        # Added up: a line that is there twice counts twice.
        found: Counter[Place] = Counter()
        for one in rows:
            found[_place(month, one)] += getattr(one, name).fen
        findings.hold(
            f"table {name}",
            found,
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
    findings.hold("table count", settled, counts, are_counts=True)


def _place(month: str, one: Any) -> Place:
    return Place(
        month,
        one.insured_region_code,
        one.care_region_code,
        one.scheme_code,
        one.fund_type_code,
    )


async def balances(
    office: Office,
    reckoning: Reckoning,
    waiting: Mapping[tuple[str, ...], int],
    findings: Findings,
) -> None:
    """Compares every balance of the ledger; and what waits, by insured, care, scheme and fund."""
    found: Counter[tuple[str, ...]] = Counter()
    for one in await _balances(office, ledger_pb2.ACCOUNT_PHASE_POSTED):
        purpose = ledger_pb2.AccountPurpose.Name(one.purpose).removeprefix("ACCOUNT_PURPOSE_")
        pair = (one.insured_region_code, one.care_region_code)
        found[*pair, one.month, one.scheme_code, one.fund_type_code, purpose] += one.owed.fen
    findings.hold("ledger balance", found, reckoning.balances())
    pending: Counter[tuple[str, ...]] = Counter()
    for one in await _balances(office, ledger_pb2.ACCOUNT_PHASE_PENDING):
        pair = (one.insured_region_code, one.care_region_code)
        pending[*pair, one.scheme_code, one.fund_type_code] += one.owed.fen
    findings.hold("ledger pending", pending, waiting)


async def _balances(office: Office, phase: Any) -> list[Any]:
    request = clearing_service_pb2.GetBalancesRequest(phase=phase)
    return await office.pages(office.clearing.GetBalances, request, "balances")


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
    """Compares the CSV of provinces, and of the country, with the reckoning; returns the files."""
    lines = reckoning.month_lines(month)
    counts = {key: both for key, both in reckoning.counts.items() if key[0] == month}
    written: dict[str, bytes] = {}
    for region in ("", *regions):
        content = await download(office, month, region, month_pb2.TABLE_FORMAT_CSV)
        written[region] = content
        expected = (
            paper.printed(lines, counts, region) if region else paper.printed_nationally(lines)
        )
        name = f"file {region or 'of the country'}"
        findings.hold(name, paper.read_csv(content), expected)
        findings.hold_equal(f"{name} {month} checks", paper.unequal_checks(content), [])
    digests = {paper.digest_of(content) for content in written.values()}
    findings.hold_equal(f"digests on the files of {month}", len(digests), 1)
    return written


async def other_formats(
    office: Office, month: str, region: str, as_csv: bytes, findings: Findings
) -> None:
    """Compares a workbook and a PDF with the CSV, and each with itself when it is made again."""
    name = region or "of the country"
    book, document = [
        await download(office, month, region, form)
        for form in (month_pb2.TABLE_FORMAT_XLSX, month_pb2.TABLE_FORMAT_PDF)
    ]
    findings.hold(f"workbook {name}", paper.read_workbook(book), paper.read_csv(as_csv))
    findings.hold(f"PDF {name}", paper.figures_of_pdf(document), paper.figures_of_csv(as_csv))
    for form, first in (
        (month_pb2.TABLE_FORMAT_XLSX, book),
        (month_pb2.TABLE_FORMAT_PDF, document),
        (month_pb2.TABLE_FORMAT_CSV, as_csv),
    ):
        again = await download(office, month, region, form)
        what = month_pb2.TableFormat.Name(form)
        findings.hold_equal(f"{what} made again {month} {name} differs", first != again, False)


# --- notices ------------------------------------------------------------------------------------


def notice_amounts(reckoning: Reckoning, keys: Iterable[NoticeKey]) -> dict[tuple[str, ...], int]:
    """Returns what notices come to, by what they are about and who pays."""
    return {(*key, reckoning.payer(key)): abs(reckoning.amount(key)) for key in keys}
