"""A stay of 3,000 lines: registered, uploaded in six calls, discharged, settled in one.

Upload and settlement are timed apart: what the patient waits for at the window is the settlement.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import uuid4

from rich.console import Console
from rich.table import Table

from services.bench import population
from services.bench.drive import percentile
from services.bench.population import Member
from services.cli import cases
from services.cli.progress import Progress
from services.cli.province import Province
from services.kit.wire import write_date, write_money
from yijie.common.v1 import bill_pb2
from yijie.identity.v1 import person_pb2
from yijie.settlement.v1 import settlement_pb2, visit_pb2, visit_service_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

LINES: Final = 3000
PER_CALL: Final = 500
GOAL_S: Final = 1.0
"""Longest settlement of such a stay after its upload."""
_FIRST: Final = date(2026, 3, 2)
_LAST: Final = date(2026, 5, 30)
_INPATIENT: Final = "21"
_DEADLINE_S: Final = 30.0
"""Longer than the goal: a stay that takes longer is measured, not lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One stay."""

    uploads_s: Sequence[float]
    """Of each upload call."""
    settle_s: float
    holds: bool
    """Whether it is settled and fund, account and cash are the total of the lines."""


@dataclass(frozen=True, slots=True)
class Stays:
    """All of them."""

    stays: Sequence[Timed]

    @property
    def holds(self) -> bool:
        """Whether every one was settled with its total."""
        return all(stay.holds for stay in self.stays)

    @property
    def upload_s(self) -> list[float]:
        """Seconds of the upload of each stay, all calls together."""
        return [sum(stay.uploads_s) for stay in self.stays]

    @property
    def settle_s(self) -> list[float]:
        """Seconds of the settlement of each stay."""
        return [stay.settle_s for stay in self.stays]


async def measure(
    province: Province,
    people: Sequence[Member],
    person_ids: Sequence[str],
    *,
    progress: Progress,
    quiet: Callable[[], AbstractContextManager[None]],
) -> Stays:
    """Settles a stay for each of the people, one after the other; the first is not counted.

    Raises:
        DomainError: a call was refused.
    """
    found = []
    with progress.step("长住院", f"{len(people)} stays of {LINES} lines"), quiet():
        for member, person_id in zip(people, person_ids, strict=True):
            found.append(await _Stay(province, member, person_id).timed())
    return Stays(found[1:])


class _Stay:
    """One stay at its hospital's window."""

    def __init__(self, province: Province, member: Member, person_id: str) -> None:
        self._province = province
        self._institution = cases.institutions()[member.relation.institution].institution_code
        self._lines = population.stay_lines(member, LINES, _FIRST, (_LAST - _FIRST).days + 1)
        self._patient = settlement_pb2.Patient(
            credential=person_pb2.Credential(
                type=person_pb2.CREDENTIAL_TYPE_CARD, number=member.card.card_number
            ),
            person_id=person_id,
            sex=member.person.sex,
            birth_date=member.person.birth_date,
            insured_region_code=member.relation.insured_region_code,
            scheme_code="310",
        )
        self._diagnoses = [bill_pb2.Diagnosis(diagnosis_code="I63.300", main=True)]
        self._visit_id = ""

    async def timed(self) -> Timed:
        """Lives through it."""
        await self._register()
        uploads_s = []
        for start in range(0, LINES, PER_CALL):
            lines = [
                visit_pb2.VisitLine(line=line) for line in self._lines[start : start + PER_CALL]
            ]
            upload = visit_service_pb2.UploadFeesRequest(**self._named(), lines=lines)
            uploads_s.append(await self._time(self._province.visits.UploadFees, upload))
        await self._discharge()
        total = sum(line.amount.fen for line in self._lines)
        settle = pb.SettleVisitRequest(
            request_id=str(uuid4()),
            visit_id=self._visit_id,
            institution_code=self._institution,
            credential=self._patient.credential,
            scope=settlement_pb2.SETTLEMENT_SCOPE_FINAL,
            expected_total=write_money(total),
            use_account=True,
        )
        started = time.perf_counter()
        answer = await self._call(self._province.settlement.SettleVisit, settle)
        settle_s = time.perf_counter() - started
        settlement = answer.settlement
        paid = settlement.adjudication
        return Timed(
            uploads_s=uploads_s,
            settle_s=settle_s,
            holds=settlement.state == settlement_pb2.SETTLEMENT_STATE_SETTLED
            and paid.fund_total.fen + paid.account_pay.fen + paid.cash_pay.fen == total,
        )

    async def _register(self) -> None:
        request = visit_service_pb2.RegisterVisitRequest(
            request_id=str(uuid4()),
            institution_code=self._institution,
            patient=self._patient,
            record=visit_pb2.VisitRecord(
                medical_type_code=_INPATIENT,
                begin_date=write_date(_FIRST),
                admission_diagnoses=self._diagnoses,
                scheme_code=self._patient.scheme_code,
            ),
        )
        answer = await self._call(self._province.visits.RegisterVisit, request)
        self._visit_id = answer.visit.visit_id

    async def _discharge(self) -> None:
        request = visit_service_pb2.DischargeVisitRequest(
            **self._named(),
            discharge=visit_pb2.DischargeRecord(
                discharge_date=write_date(_LAST),
                discharge_diagnoses=self._diagnoses,
                discharge_way_code="1",
            ),
        )
        await self._call(self._province.visits.DischargeVisit, request)

    async def _time(self, method: Any, request: Any) -> float:
        started = time.perf_counter()
        await self._call(method, request)
        return time.perf_counter() - started

    async def _call(self, method: Any, request: Any) -> Any:
        return await self._province.call(method, request, within_s=_DEADLINE_S)

    def _named(self) -> dict[str, str]:
        return {
            "request_id": str(uuid4()),
            "visit_id": self._visit_id,
            "institution_code": self._institution,
        }


def document(found: Stays) -> dict[str, Any]:
    """Returns the result for programs."""
    return {
        "ok": found.holds,
        "lines": LINES,
        "stays": len(found.stays),
        "upload_ms": _figures(found.upload_s),
        "upload_call_ms": _figures([s for stay in found.stays for s in stay.uploads_s]),
        "settle_ms": _figures(found.settle_s),
        "goal_settle_s": GOAL_S,
    }


def _figures(seconds: Sequence[float]) -> dict[str, float]:
    return {
        "p50": round(percentile(seconds, 50) * 1000, 1),
        "max": round(percentile(seconds, 100) * 1000, 1),
    }


def show(found: Stays, out: Console) -> None:
    """Prints the table and the line below it."""
    table = Table(title=f"长住院 · a stay of {LINES} lines", title_justify="left")
    table.add_column("step")
    for heading in ("p50 ms", "max ms"):
        table.add_column(heading, justify="right")
    calls = [s for stay in found.stays for s in stay.uploads_s]
    for step, seconds in (
        (f"upload, one call of {PER_CALL} lines", calls),
        (f"upload, {LINES // PER_CALL} calls", found.upload_s),
        ("settlement", found.settle_s),
    ):
        figures = _figures(seconds)
        table.add_row(step, f"{figures['p50']:.1f}", f"{figures['max']:.1f}")
    out.print(table)
    settled = sum(stay.holds for stay in found.stays)
    mark = "✓" if found.holds else "✗"
    out.print(f"{mark} every stay is settled with its total: {settled} of {len(found.stays)}")
    reached = "reached" if max(found.settle_s, default=0.0) <= GOAL_S else "missed"
    out.print(f"aim ≤ {GOAL_S:g} s for the settlement of {LINES} lines: {reached}", markup=False)
