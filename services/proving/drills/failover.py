"""The failover drill: the primary database is killed under load, its standby takes its place.

The mesh, the hospitals and the auditor are those of `yijie chaos`; the database is a pair of
servers, each commit on both disks, and the only thing that breaks is the primary, by SIGKILL of
all its processes at once, after a second in which the standby was held up. It is audited like any
storm: what was acknowledged must exist, as told.
"""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise
from pathlib import Path
from typing import Final

from services.bench import population
from services.cli.mesh import temporary_dir
from services.cli.progress import Progress
from services.proving.chaos.command import run_plan
from services.proving.chaos.fleet import Fleet
from services.proving.chaos.pair import Pair
from services.proving.chaos.plan import Fault, FaultKind, Plan, make_plan
from services.proving.chaos.report import Outcome
from services.proving.drills.verdict import Check, Verdict, at_least, at_most, exactly
from services.proving.history import Answered, Settle, SettleVisit

SEED: Final = 8
RTO_S_MAX: Final = 30.0
_ACKNOWLEDGED: Final = "every acknowledged settlement exists, as told"
_LINES: Final = population.LINES


def make_failover(*, short: bool) -> Plan:
    """Draws the plan: hospitals as in chaos, and one fault, a third of the way."""
    seconds, rate = (9.0, 10.0) if short else (60.0, 20.0)
    drawn = make_plan(
        SEED, seconds=seconds, people=60 if short else 300, rate=rate, bill_lines=_LINES
    )
    fault = Fault(at_s=seconds / 3, kind=FaultKind.DATABASE, target="", for_s=0.0)
    return dataclasses.replace(drawn, faults=(fault,))


async def run(*, short: bool, data_dir: Path | None, progress: Progress) -> Verdict:
    """Carries out the drill; in the long form a new standby joins before all is audited."""
    folder = data_dir or temporary_dir()
    pair = Pair(folder / "pg", folder / "standby")
    rejoined: list[float] = []

    async def rejoin(_running: Fleet) -> None:
        if not short:
            with progress.step("新备库", "a new standby joins"):
                rejoined.append(await pair.rejoin())

    outcome, kept = await run_plan(
        make_failover(short=short),
        progress,
        before_audit=rejoin,
        data_dir=folder,
        database=pair,
        is_kept=data_dir is not None,
        kept_dir=(data_dir or Path(".yijie")) / "failover",
    )
    return judge(outcome, pair, rejoined=rejoined, kept=kept)


def judge(
    outcome: Outcome, pair: Pair, *, rejoined: list[float], kept: Path | None = None
) -> Verdict:
    """Judges a run by what the hospitals saw and what the auditor found."""
    killed = pair.killed_at or math.inf
    answered = _answered(outcome)
    after = [ended for began, ended in answered if began >= killed]
    before = sum(ended < killed for _, ended in answered)
    rto = min(after) - killed if after else math.inf
    lost = next(check for check in outcome.checks if check.name == _ACKNOWLEDGED)
    checks: list[Check] = [
        exactly("丢失的已确认结算 acknowledged settlements lost", len(lost.contradictions), 0),
        at_most("恢复时间 first settlement after the kill", rto, RTO_S_MAX, "s"),
        exactly("审计矛盾 contradictions of the auditor", len(outcome.contradictions), 0),
        at_least("此前已确认 acknowledged before", before, 10),
        at_least("此后已确认 acknowledged after", len(after), 10),
        exactly("进程退出 processes that ended", len(outcome.deaths) + outcome.restarted, 0),
    ]
    detected, promoted = pair.detected_at or math.inf, pair.promoted_at or math.inf
    figures: dict[str, float | int | str] = {
        "发现 primary taken for dead after, s": detected - killed,
        "接管 standby took writes after, s": promoted - killed,
        "恢复 first settlement after the promotion, s": rto - (promoted - killed),
        "最长无应答 longest time without a settlement, s": _gap([end for _, end in answered]),
        "已确认 settlements acknowledged": len(answered),
        "调用 calls": len(outcome.history.operations),
        "收尾 all work done after the mending, s": outcome.quiet_s,
    }
    if rejoined:
        figures["新备库 a new standby after, s"] = rejoined[0]
    notes = [*outcome.contradictions[:10], *([f"evidence in {kept}"] if kept else [])]
    return Verdict(drill="failover", checks=checks, figures=figures, notes=notes)


def _answered(outcome: Outcome) -> list[tuple[float, float]]:
    """Returns when each acknowledged settlement was asked for and answered, by its end."""
    found = [
        outcome.moments[operation.number]
        for operation in outcome.history.operations
        if isinstance(operation.request, Settle | SettleVisit)
        and isinstance(operation.reply, Answered)
    ]
    return sorted(found, key=lambda moment: moment[1])


def _gap(ends: list[float]) -> float:
    return max((later - earlier for earlier, later in pairwise(ends)), default=0.0)
