"""`yijie filings what-if`: what a person's filings mean at a place and date, and what could be."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rich.console import Console

from services.cli.advice.questions import table
from services.cli.receipt import region
from services.cli.registry.asking import ask, iso, span, write_json
from services.cli.screen import console
from yijie.filing.v1 import filing_pb2
from yijie.filing.v1 import filing_service_pb2 as pb

_LEVELS: Final = {
    pb.BENEFIT_LEVEL_UNSPECIFIED: "本地就医 at home",
    pb.BENEFIT_LEVEL_LONG_TERM: "长期备案 long-term",
    pb.BENEFIT_LEVEL_REFERRAL: "转诊 referral",
    pb.BENEFIT_LEVEL_EMERGENCY: "急诊 emergency",
    pb.BENEFIT_LEVEL_TEMPORARY: "临时外出 temporary",
    pb.BENEFIT_LEVEL_UNFILED: "未备案 unfiled",
}
_TYPES: Final = {
    filing_pb2.FILING_TYPE_RETIRED_SETTLED: "异地安置退休 retired, settled",
    filing_pb2.FILING_TYPE_LONG_TERM_RESIDENT: "异地长期居住 long-term resident",
    filing_pb2.FILING_TYPE_POSTED_WORKER: "常驻异地工作 posted",
    filing_pb2.FILING_TYPE_REFERRAL: "异地转诊 referral",
    filing_pb2.FILING_TYPE_EMERGENCY: "急诊抢救 emergency",
    filing_pb2.FILING_TYPE_TEMPORARY: "其他临时外出 temporary",
}
_STATES: Final = {
    filing_pb2.FILING_STATE_LIVE: "有效 live",
    filing_pb2.FILING_STATE_CANCELLED: "已撤销 cancelled",
    filing_pb2.FILING_STATE_PENDING: "待审核 pending",
    filing_pb2.FILING_STATE_REFUSED: "未通过 refused",
    filing_pb2.FILING_STATE_CHANGED: "已变更 changed",
    filing_pb2.FILING_STATE_REVOKED: "已取消资格 revoked",
    filing_pb2.FILING_STATE_EXPIRED: "已到期 expired",
}
_TWO_WAY: Final = {
    pb.TWO_WAY_BENEFIT_FULL: "参保地待遇照常享受 benefits at home as usual",
    pb.TWO_WAY_BENEFIT_AFTER_DOCUMENTS: (
        "补齐证明材料后方可享受参保地待遇 benefits at home once the papers are handed in"
    ),
}


async def what_if(data_dir: Path, request: pb.WhatIfFilingRequest, *, as_json: bool) -> int:
    """Prints what filings mean; returns 0 if there is a usable one or none is needed, else 1.

    Raises:
        MeshError: no mesh runs there.
        DomainError: the hub refused.
    """
    answer: pb.WhatIfFilingResponse = await ask(data_dir, "filing", "WhatIfFiling", request)
    if as_json:
        write_json(answer)
    else:
        print_what_if(console(), request, answer)
    return 1 if answer.benefit_level == pb.BENEFIT_LEVEL_UNFILED else 0


def print_what_if(
    out: Console, request: pb.WhatIfFilingRequest, answer: pb.WhatIfFilingResponse
) -> None:
    """Prints the level, every filing with its effect, and what could still be filed."""
    when = iso(request.service_date) or "今天 today"
    out.print(
        f"{region(request.insured_region_code)} → {region(request.care_region_code)} · {when} ·"
        f" {_LEVELS.get(answer.benefit_level, '')}",
        style="bold",
    )
    out.print(f"  {answer.explanation_zh}\n  {answer.explanation_en}", soft_wrap=True)
    if answer.effects:
        found = table(("", "类别 type", "就医地 target", "有效期 period", "状态 state"), ())
        for effect in answer.effects:
            filing = effect.filing
            found.add_row(
                "✓" if effect.counts else "–",
                _TYPES.get(filing.type, ""),
                region(filing.target_region_code),
                span(filing.begin_date, filing.last_day),
                _STATES.get(filing.state, ""),
            )
        out.print(found)
        for effect in answer.effects:
            mark = "✓" if effect.counts else "–"
            out.print(f"  {mark} {effect.explanation_zh} · {effect.explanation_en}", soft_wrap=True)
    if answer.two_way_benefit in _TWO_WAY:
        out.print(f"  {_TWO_WAY[answer.two_way_benefit]}", soft_wrap=True)
    for option in answer.options:
        out.print(
            f"  可办理 could be filed: {_TYPES.get(option.type, '')} →"
            f" {_LEVELS.get(option.benefit_level, '')}: {option.explanation_zh} ·"
            f" {option.explanation_en}",
            soft_wrap=True,
        )
