"""`yijie eligible`: whether a chronic disease can settle somewhere, and whose turn it is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from services.cli.advice.questions import ask, write_json
from services.cli.receipt import region
from services.cli.screen import console
from services.kit import diseases
from yijie.settlement.v1 import advice_service_pb2 as pb

_CHECKS: Final = {
    "disease_known": "病种 disease",
    "policy": "参保地政策 policy",
    "qualification": "待遇资格 qualification",
    "opening": "机构开通 opening",
    "filing": "异地备案 filing",
    "diagnosis": "诊断 diagnosis",
}
_PARTIES: Final = {
    pb.RESPONSIBLE_PARTY_PATIENT: "患者 the patient",
    pb.RESPONSIBLE_PARTY_INSURED_AGENCY: "参保地经办机构 the insured agency",
    pb.RESPONSIBLE_PARTY_CARE_AGENCY: "就医地经办机构 the care agency",
    pb.RESPONSIBLE_PARTY_INSTITUTION: "医疗机构 the institution",
    pb.RESPONSIBLE_PARTY_HUB: "平台 the hub",
}


async def eligible(
    data_dir: Path, request: pb.CheckChronicEligibilityRequest, *, as_json: bool
) -> int:
    """Prints whether a disease can settle; returns 0 if it can and 1 if it cannot.

    Raises:
        MeshError: no mesh runs in the data directory.
        DomainError: the hub refused, e.g. an institution that is not registered.
    """
    answer: pb.CheckChronicEligibilityResponse = await ask(
        data_dir, "CheckChronicEligibility", request
    )
    if as_json:
        write_json(answer)
    else:
        print_eligibility(console(), request, answer)
    return 0 if answer.eligible else 1


def print_eligibility(
    out: Console,
    request: pb.CheckChronicEligibilityRequest,
    answer: pb.CheckChronicEligibilityResponse,
) -> None:
    """Prints every check, and whose turn it is where one does not hold."""
    name = diseases.DISEASES.get(request.disease_code, "")
    out.print(
        f"{name} {request.disease_code} · {region(request.insured_region_code)} → "
        f"{request.institution_code}",
        style="bold",
    )
    open_checks = _not_asked(request)
    for check in answer.checks:
        mark, style = ("✓", "green") if check.passed else ("✗", "bold red")
        if check.passed and check.check_code in open_checks:
            mark, style = "–", "yellow"
        out.print(Text(f"{mark} {_CHECKS.get(check.check_code, check.check_code)}", style))
        out.print(f"    {check.explanation_zh}\n    {check.explanation_en}")
        if not check.passed:
            out.print(f"    由谁办理 whose turn: {_PARTIES.get(check.responsible, '')}")
    if answer.eligible and not request.person_id:
        out.print(
            "政策和机构条件已具备；待遇资格和备案须指明参保人后核对 · nothing stands in the way; "
            "qualification and filing were not asked for (--person)",
            style="bold yellow",
        )
    elif answer.eligible:
        out.print("可以直接结算 · it can settle directly", style="bold green")
    else:
        out.print("还不能直接结算 · it cannot settle directly yet", style="bold red")


def _not_asked(request: pb.CheckChronicEligibilityRequest) -> set[str]:
    """Returns the checks that pass only because nothing was named to check."""
    found = set() if request.person_id else {"qualification", "filing"}
    return found if request.diagnoses else {*found, "diagnosis"}
