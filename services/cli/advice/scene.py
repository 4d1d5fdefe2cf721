"""The demo's questions: what a visit will cost, whether a disease can settle, and why not more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from rich.console import Console

from services.cli import cases
from services.cli.advice.eligible import print_eligibility
from services.cli.advice.estimate import print_estimate
from services.cli.advice.gap import print_comparison
from services.cli.outcome import Check, Outcome
from services.cli.province import Province
from services.cli.receipt import checks_text
from services.kit.money import to_fen
from services.kit.wire import write_money
from yijie.common.v1 import bill_pb2, money_pb2
from yijie.filing.v1 import filing_service_pb2
from yijie.settlement.v1 import advice_service_pb2 as pb

TRAVELLER: Final = "resident_factor"
"""Was not filed: what would filing have changed?"""
CHRONIC: Final = "chronic"
COMPARED: Final = "segments"
"""Of its two provinces both catalogues are published here."""
_EXPECTED_YUAN: Final = 40_000


@dataclass(frozen=True, slots=True)
class Advised:
    """Questions, answers and what must hold of them."""

    estimate: tuple[pb.EstimateBenefitRequest, pb.EstimateBenefitResponse]
    eligibility: tuple[pb.CheckChronicEligibilityRequest, pb.CheckChronicEligibilityResponse]
    gap: tuple[str, pb.CompareCataloguesResponse]
    checks: list[Check]


async def advise(
    province: Province, person_ids: dict[str, str], outcomes: Sequence[Outcome]
) -> Advised:
    """Asks the three questions about what the demo has settled."""
    estimate = await _estimate(province, person_ids)
    eligibility = await _eligibility(province, person_ids)
    settlement = next(o.settlement for o in outcomes if o.key == COMPARED and o.settlement)
    gap: pb.CompareCataloguesResponse = await province.call(
        province.advice.CompareCatalogues,
        pb.CompareCataloguesRequest(settlement_id=settlement.settlement_id),
    )
    states = {one.benefit_level: one for one in estimate[1].estimates}
    unfiled = states[filing_service_pb2.BENEFIT_LEVEL_UNFILED]
    return Advised(
        estimate=estimate,
        eligibility=eligibility,
        gap=(settlement.settlement_id, gap),
        checks=[
            Check(
                "estimate",
                "测算：目前未备案，备案不会多付",
                "estimate: not filed now, and no filing costs more",
                estimate[1].current_benefit_level == unfiled.benefit_level
                and all(one.saving.fen >= 0 for one in states.values()),
            ),
            Check(
                "eligible",
                "慢特病可在该机构结算",
                "the chronic disease can settle there",
                eligibility[1].eligible,
            ),
            Check(
                "gap",
                "按就医地目录重算与已结算一致",
                "by the care region's catalogue it is what was settled",
                gap.direct.amounts == settlement.amounts
                and gap.direct.adjudication.patient_total == settlement.adjudication.patient_total,
            ),
        ],
    )


def print_advice(out: Console, advised: Advised) -> None:
    """Prints questions and answers as the commands do."""
    for title, show, asked in (
        ("就医前测算 · yijie estimate", print_estimate, advised.estimate),
        ("慢特病资格核对 · yijie eligible", print_eligibility, advised.eligibility),
        ("目录差异 · yijie gap", print_comparison, advised.gap),
    ):
        out.rule(title, align="left")
        show(out, *asked)
        out.print()
    out.print(checks_text(advised.checks))


def document(advised: Advised) -> dict[str, Any]:
    """Returns the answers for programs; amounts in fen."""
    return {
        "estimate": _as_json(advised.estimate[1]),
        "eligibility": _as_json(advised.eligibility[1]),
        "gap": _as_json(advised.gap[1]),
    }


async def _estimate(
    province: Province, person_ids: dict[str, str]
) -> tuple[pb.EstimateBenefitRequest, pb.EstimateBenefitResponse]:
    case = cases.case(TRAVELLER)
    amount = write_money(to_fen(_EXPECTED_YUAN))
    request = pb.EstimateBenefitRequest(
        person_id=person_ids[case.person.key],
        insured_region_code=case.insured_region_code,
        scheme_code=case.scheme_code,
        person_type_code=case.person.message.insurances[0].person_type_code,
        care_region_code=case.bill.care_region_code,
        hospital_level_code=case.bill.hospital_level_code,
        medical_type_code=case.bill.medical_type_code,
        amounts=money_pb2.AmountSplit(total=amount, in_scope=amount),
    )
    answer = await province.call(province.advice.EstimateBenefit, request)
    return request, answer


async def _eligibility(
    province: Province, person_ids: dict[str, str]
) -> tuple[pb.CheckChronicEligibilityRequest, pb.CheckChronicEligibilityResponse]:
    case = cases.case(CHRONIC)
    request = pb.CheckChronicEligibilityRequest(
        person_id=person_ids[case.person.key],
        insured_region_code=case.insured_region_code,
        scheme_code=case.scheme_code,
        institution_code=case.bill.institution_code,
        disease_code=case.bill.disease_code,
        diagnoses=[
            bill_pb2.Diagnosis(diagnosis_code=one.diagnosis_code, main=one.main)
            for one in case.bill.diagnoses
        ],
    )
    answer = await province.call(province.advice.CheckChronicEligibility, request)
    return request, answer


def _as_json(message: Any) -> dict[str, Any]:
    found: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return found
