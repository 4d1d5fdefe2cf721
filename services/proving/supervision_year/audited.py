"""The audit of the year: every bill from the feeds, then what only all of them together show."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Final

from services.cli.progress import Progress
from services.cli.supervision.mine import Options, Run, run_mining
from services.kit import wire
from services.mining.client import MiningClient
from services.proving.supervision_year.drawing import YEAR
from services.proving.supervision_year.measuring import Found, measure
from services.proving.supervision_year.plan import Way
from services.proving.supervision_year.scene import Scene
from yijie.supervision.v1 import audit_service_pb2, supervision_service_pb2

MONTHS: Final = tuple(f"{YEAR}-{number:02d}" for number in range(1, 13))
_SPAN: Final = timedelta(days=30)


async def wait_for_audit(scene: Scene) -> int:
    """Waits until every settlement and claim is audited; returns how many were.

    Raises:
        YearError: that does not come about.
    """
    direct = len(scene.plan.of_way(Way.DIRECT))
    manual = len(scene.journal.claims)

    async def is_audited() -> int:
        settled, claimed = 0, 0
        day, last = date(YEAR, 1, 1), date(YEAR + 1, 1, 31)
        while day <= last:
            answer = await scene.office.call(
                scene.office.audit.SummarizeAudit,
                audit_service_pb2.SummarizeAuditRequest(
                    begin_date=wire.write_date(day), end_date=wire.write_date(day + _SPAN)
                ),
            )
            settled += sum(one.audited_count for one in answer.days)
            claimed += answer.manual_count
            day += _SPAN + timedelta(days=1)
        return settled + claimed if (settled, claimed) == (direct, manual) else 0

    audited: int = await scene.wait_until("every bill is audited", is_audited)
    return audited


async def mine(scene: Scene, folder: Path, progress: Progress) -> Run:
    """Exports the year, mines it and records what only peers show."""
    options = Options(months=MONTHS, folder=folder, is_dry=False)
    run = await run_mining(MiningClient(scene.office.supervision_channel), options, progress)
    for text, count in run.recorded.refused.items():
        scene.differences.append(f"mined findings not recorded: {count} × {text}")
    return run


async def list_findings(scene: Scene) -> list[Found]:
    """Returns all findings on record."""
    rows = await scene.office.pages(
        scene.office.findings.ListFindings,
        supervision_service_pb2.ListFindingsRequest(),
        "findings",
    )
    return [Found.of(one) for one in rows]


async def measure_all(scene: Scene) -> None:
    """Holds what was found against the labels."""
    scene.findings = await list_findings(scene)
    scene.measured = measure(scene.plan, scene.findings)
    if not scene.measured.holds:
        found, injected = scene.measured.hard_recall
        scene.differences.append(f"hard rules found {found} of {injected}")
