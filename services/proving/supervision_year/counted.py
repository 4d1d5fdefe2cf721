"""Statistics of the year: self-paid cases uploaded, rates held against an own count, the bulletin.

The rate is counted here from the bills themselves, by the words of the definition: direct, over
direct and manual and what eligible patients paid and nobody claimed since; of a month of discharge.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Final

from services.kit import codes, wire
from services.proving.supervision_year.drawing import YEAR
from services.proving.supervision_year.plan import Bill, Way
from services.proving.supervision_year.reviewed import Review
from services.proving.supervision_year.scene import Scene
from yijie.supervision.v1 import rule_service_pb2, statistics_pb2, statistics_service_pb2

MONTH: Final = f"{YEAR}-11"
"""The month of the bulletin: whole, and its claims have come."""
_AT_ONCE: Final = 500
_MAKER: Final = "statistics-maker"
_CHECKER: Final = "statistics-checker"
_SETTINGS: Final = (
    (statistics_pb2.CARE_SETTING_UNSPECIFIED, "全部 all"),
    (statistics_pb2.CARE_SETTING_INPATIENT, "住院 stays"),
)


async def upload_and_compare(scene: Scene) -> list[tuple[str, str, str]]:
    """Uploads what patients paid whole, then holds the rates of a month; returns what is told.

    Raises:
        DomainError: supervision refused what it should not.
    """
    by_province: dict[str, list[Bill]] = {}
    for bill in scene.plan.of_way(Way.SELF_PAID):
        province = codes.province_of(bill.institution.region_code)
        by_province.setdefault(province, []).append(bill)
    for province, bills in sorted(by_province.items()):
        for begin in range(0, len(bills), _AT_ONCE):
            await _upload(scene, province, bills[begin : begin + _AT_ONCE])
    told = []
    for level, whom in (
        (statistics_pb2.RATE_LEVEL_NATION, "全国 nation"),
        (statistics_pb2.RATE_LEVEL_PROVINCE, "就医省 province"),
        (statistics_pb2.RATE_LEVEL_INSTITUTION, "机构 institution"),
    ):
        for setting, word in _SETTINGS:
            found = await _rates(scene, level, setting)
            expected = _count(scene, level, setting)
            scene.hold_equal(f"rates of {whom} {word}", found, expected)
            if level == statistics_pb2.RATE_LEVEL_NATION and found:
                [(_, (direct, manual, self_paid, _, by_cost))] = found.items()
                counts = f"{direct} ÷ ({direct} + {manual} + {self_paid})"
                told.append((f"{whom} {MONTH} {word}", f"{by_cost} %", f"例 cases {counts}"))
    return told


async def bulletin(scene: Scene, folder: Path) -> list[Path]:
    """Makes the bulletin of the month and writes its files; returns where they are.

    Raises:
        DomainError: supervision refused what it should not.
    """
    office = scene.office
    answer = await office.call(
        office.statistics.MakeBulletin,
        statistics_service_pb2.MakeBulletinRequest(
            month=MONTH, maker_id=_MAKER, checker_id=_CHECKER
        ),
    )
    contents: dict[str, bytes] = {}
    for one in answer.bulletin.files:
        got = await office.call(
            office.statistics.DownloadBulletin,
            statistics_service_pb2.DownloadBulletinRequest(month=MONTH, file_name=one.file_name),
        )
        scene.hold_equal(
            f"digest of {one.file_name}", hashlib.sha256(got.content).hexdigest(), one.sha256
        )
        contents[one.file_name] = got.content
    return write_files(folder / "bulletin", contents)


def write_files(folder: Path, contents: dict[str, bytes]) -> list[Path]:
    """Writes files into a folder; returns where those are that a reader opens first."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / Path(name).name).write_bytes(content)
    return [folder / name for name in sorted(contents) if name.endswith((".pdf", ".html"))]


async def compare_rates(scene: Scene, review: Review) -> str:
    """Holds the rules' false positives, as supervision tells them, against what officers did."""
    answer = await scene.office.call(
        scene.office.rules.GetRuleRates, rule_service_pb2.GetRuleRatesRequest()
    )
    confirmed = sum(one.confirmed_count for one in answer.rates)
    rejected = sum(one.rejected_count for one in answer.rates)
    scene.hold_equal(
        "findings confirmed and rejected in reviews",
        (confirmed, rejected),
        (len(review.confirmed_ids), len(review.rejected_ids)),
    )
    return f"{len(answer.rates)} 条规则 rules，确认 confirmed {confirmed}，排除 rejected {rejected}"


async def _upload(scene: Scene, province: str, bills: Sequence[Bill]) -> None:
    answer = await scene.office.call(
        scene.office.statistics.UploadSelfPaidCases,
        statistics_service_pb2.UploadSelfPaidCasesRequest(
            care_region_code=province, cases=[_case(bill) for bill in bills]
        ),
    )
    refused = [one.error.message for one in answer.results if one.HasField("error")]
    scene.hold_equal(f"self-paid cases of {province} refused", refused, [])


def _case(bill: Bill) -> Any:
    return statistics_pb2.SelfPaidCase(
        institution_code=bill.institution.code,
        institution_visit_number=bill.invoice_number,
        person_id=str(bill.person.person_id),
        insured_region_code=bill.person.insured_region_code,
        care_region_code=bill.institution.region_code,
        medical_type_code=bill.medical_type_code,
        begin_date=wire.write_date(bill.begin),
        end_date=wire.write_date(bill.end),
        total=wire.write_money(bill.total_fen),
        reason=statistics_pb2.SELF_PAID_REASON_OTHER,
    )


_Rate = tuple[int, int, int, int, str]
"""Cases direct, manual and self-paid; direct cost, fen; percent by cost."""


async def _rates(scene: Scene, level: Any, setting: Any) -> dict[str, _Rate]:
    request = statistics_service_pb2.ListDirectRatesRequest(
        month=MONTH, level=level, setting=setting
    )
    rows = await scene.office.pages(scene.office.statistics.ListDirectRates, request, "rates")
    return {
        one.code: (
            one.direct_count,
            one.manual_count,
            one.self_paid_count,
            one.direct.fen,
            one.rate_by_cost.value,
        )
        for one in rows
    }


def _count(scene: Scene, level: Any, setting: Any) -> dict[str, _Rate]:
    """Counts the same from the bills themselves."""
    counts: dict[str, dict[Way, list[int]]] = {}
    for bill in scene.plan.bills:
        if f"{bill.end:%Y-%m}" != MONTH:
            continue
        if setting == statistics_pb2.CARE_SETTING_INPATIENT and not bill.is_stay:
            continue
        if bill.way is Way.SELF_PAID and not bill.person.is_filed:
            # It could not have been settled directly.
            continue
        held = counts.setdefault(_whose(bill, level), {way: [0, 0] for way in Way})[bill.way]
        held[0] += 1
        held[1] += bill.total_fen
    return {
        code: (
            held[Way.DIRECT][0],
            held[Way.MANUAL][0],
            held[Way.SELF_PAID][0],
            held[Way.DIRECT][1],
            _percent(held[Way.DIRECT][1], sum(fen for _, fen in held.values())),
        )
        for code, held in sorted(counts.items())
    }


def _whose(bill: Bill, level: Any) -> str:
    if level == statistics_pb2.RATE_LEVEL_NATION:
        return ""
    if level == statistics_pb2.RATE_LEVEL_PROVINCE:
        return codes.province_of(bill.institution.region_code)
    return bill.institution.code


def _percent(part: int, whole: int) -> str:
    share = Decimal(part) * 100 / Decimal(whole)
    return str(share.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))
