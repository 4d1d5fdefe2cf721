"""Facts of a bulletin, made up by a fixed rule: the whole country, one refuser, some gaps."""

from __future__ import annotations

from datetime import UTC, datetime

from services.kit import codes
from services.supervision.cases.store import CaseStanding
from services.supervision.domain.cost_index import Cost, CostKey
from services.supervision.domain.direct_rate import CareSetting, Place, Tally
from services.supervision.statistics.clients import FilingCount, PairGap
from services.supervision.statistics.facts import Facts
from services.supervision.statistics.facts_store import FindingCount, RefusalCount, ResponseTime
from services.supervision.statistics.making import find_suspects
from services.supervision.statistics.rate_tables import last_months
from services.supervision.statistics.upload_store import SelfPaidCount
from services.supervision.tickets.store import Summary

MONTH = "2026-03"
PROVINCES = sorted(codes.PROVINCES)
REFUSER = "H11010500001"


def institution(area: str, number: int) -> str:
    return f"H{area}{number:05d}"


def country() -> Facts:
    institutions = hospitals()
    return Facts(
        month=MONTH,
        edition=1,
        freeze_time=datetime(2026, 4, 8, 2, 30, tzinfo=UTC),
        note="",
        tallies=thirteen_months(),
        institutions=institutions,
        suspects=find_suspects(institutions),
        refusals=refusals(),
        self_paid=[
            SelfPaidCount("110105", REFUSER, "PATIENT_CHOSE", "ELIGIBLE", 31, 41_000_000),
            SelfPaidCount("110105", REFUSER, "NOT_OPENED", "ELIGIBLE", 18, 22_000_000),
            SelfPaidCount("310101", "H31010100001", "NOT_FILED", "NOT_FILED", 44, 50_000_000),
        ],
        filings=filings(),
        gaps=gaps(),
        care_times=times(33),
        insured_times=times(20),
        visitors={
            CostKey(institution(f"{care[:2]}0105", 1), CareSetting.INPATIENT, group): Cost(
                40, 52_000_000 + 1_000_000 * number
            )
            for number, care in enumerate(PROVINCES[:12])
            for group in ("I21", "J18")
        },
        locals_={
            CostKey(institution(f"{care[:2]}0105", 1), CareSetting.INPATIENT, "I21"): Cost(
                100, 100_000_000
            )
            for care in PROVINCES[:8]
        },
        tickets=tickets(),
        findings=findings(),
        cases=[
            CaseStanding(
                care_province_code="110000",
                institution_code=REFUSER,
                opened=41,
                undecided=20,
                dismissed=6,
                standing=15,
                deducted_fen=18_250_000,
            )
        ],
        rule_names={"DRUG_SEX": "药品限性别"},
        names={REFUSER: "北京某某医院（示例）<b>"},
    )


def thirteen_months() -> dict[Place, Tally]:
    found = {}
    for age, month in enumerate(reversed(last_months(MONTH, 13))):
        for number, care in enumerate(PROVINCES):
            insured = PROVINCES[(number * 7 + 3) % len(PROVINCES)]
            place = Place(month, care[:2] + "0100", insured, "21")
            found[place] = tally(400 + 37 * number - 3 * age, 88 + number % 9 - age // 2)
    return found


def hospitals() -> dict[Place, Tally]:
    found = {
        Place(MONTH, care[:2] + "0100", "340000", "21", institution(care[:2] + "0105", n)): tally(
            60 + 20 * n, 93 - n
        )
        for care in PROVINCES[:12]
        for n in range(1, 6)
    }
    found[Place(MONTH, "110100", "340000", "21", REFUSER)] = tally(120, 45)
    return found


def times(count: int) -> list[ResponseTime]:
    return [
        ResponseTime(
            code=code,
            bills=1000 + 90 * number,
            p50_ms=180 + 9 * number,
            p95_ms=780 if not code else 420 + 31 * number,
            p99_ms=800 + 55 * number,
            within_second=990 + 89 * number,
        )
        for number, code in enumerate(["", *PROVINCES][:count])
    ]


def filings() -> list[FilingCount]:
    return [
        FilingCount(
            insured_region_code=code,
            channel_zh="经办窗口",
            submitted=200 + number,
            approved=190,
            refused=10,
            pending=number,
            delivered=188,
            acknowledged=180 - 2 * number,
        )
        for number, code in enumerate(PROVINCES)
    ]


def gaps() -> list[PairGap]:
    return [
        PairGap(
            care_region_code=PROVINCES[number],
            insured_region_code=PROVINCES[-1 - number],
            settlements=10,
            worse=7,
            better=3,
            total_fen=12_000_000,
            patient_gap_fen=310_000 - 90_000 * number,
        )
        for number in range(6)
    ]


def tickets() -> list[Summary]:
    return [
        Summary(
            region_code=code,
            kind=None,
            opened=12 + number,
            in_time=10,
            late=1,
            overdue=number % 3,
            waiting=1,
            withdrawn=0,
            closed=10,
            escalated=number % 4,
            reopened=0,
            refusals=70,
            median_minutes=260 + number,
        )
        for number, code in enumerate(PROVINCES[:9])
    ]


def findings() -> list[FindingCount]:
    return [
        FindingCount(
            rule_code="DRUG_SEX", result_class="VIOLATION", findings=120, amount_fen=9_120_000
        ),
        FindingCount(
            rule_code="DUPLICATE_CHARGE",
            result_class="TO_VERIFY",
            findings=3210,
            amount_fen=88_120_000,
        ),
    ]


def refusals() -> list[RefusalCount]:
    found = []
    for number, (reason, party) in enumerate(
        (
            ("FILING_NOT_LIVE", "INSURED_PROVINCE"),
            ("INSURED_REGION_UNAVAILABLE", "INSURED_PROVINCE"),
            ("INSTITUTION_NOT_OPEN", "CARE_PROVINCE"),
            ("CREDENTIAL_EXPIRED", "PATIENT"),
            ("BILL_BLOCKED", "INSTITUTION"),
            ("CATALOGUE_NOT_PUBLISHED", "CARE_PROVINCE"),
        )
    ):
        found.append(
            RefusalCount(
                reason=reason,
                party=party,
                care_region_code="110000",
                institution_code=REFUSER,
                refusals=300 - 41 * number,
                total_fen=100_000_000 - 9_000_000 * number,
            )
        )
    return found


def tally(cases: int, percent: int) -> Tally:
    """Cases of which a percentage was settled directly; the rest half claimed, half paid."""
    direct = cases * percent // 100
    manual = (cases - direct) // 2
    self_paid = cases - direct - manual
    return Tally(
        direct_cases=direct,
        direct_fen=direct * 1_300_000,
        manual_cases=manual,
        manual_fen=manual * 1_450_000,
        self_paid_cases=self_paid,
        self_paid_fen=self_paid * 990_000,
    )
