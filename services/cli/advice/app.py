"""The commands that ask before a visit, and why afterwards: estimate, eligible, gap."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.interrupts import run
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail

Insured = Annotated[str, typer.Option(help="Insured region, six digits, as 650100.")]
Scheme = Annotated[str, typer.Option(help="310 employee, 390 resident.")]
Disease = Annotated[str, typer.Option(help="Chronic disease, as M03900.")]
Person = Annotated[str, typer.Option(metavar="ID", help="A person's id; none: anybody.")]
Day = Annotated[str, typer.Option("--date", help="YYYY-MM-DD; none: today.")]


def add_to(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    for command in (estimate, eligible, gap):
        app.command()(command)


def estimate(
    *,
    insured: Insured,
    care: Annotated[str, typer.Option(help="Care region, six digits, as 640100.")],
    scheme: Scheme = "310",
    person_type: Annotated[
        str, typer.Option(help="11 in service, 12 retired, 14, 15, 16 minor, adult, elderly.")
    ] = "11",
    level: Annotated[str, typer.Option(help="Level of the institution, 01 to 11.")] = "02",
    medical_type: Annotated[
        str, typer.Option(help="11 outpatient, 14 chronic, 21 inpatient, 41 pharmacy …")
    ] = "21",
    disease: Annotated[
        str, typer.Option(help="Chronic disease, as M03900; with medical type 14.")
    ] = "",
    total: Annotated[str, typer.Option(help="Expected cost, yuan; alone: all in scope.")] = "",
    in_scope: Annotated[str, typer.Option(help="Of it within the policy's scope.")] = "",
    full_self_pay: Annotated[str, typer.Option(help="Of it outside the catalogue.")] = "",
    prior: Annotated[str, typer.Option(help="Of it paid first, of class B.")] = "",
    over: Annotated[str, typer.Option(help="Of it above price ceilings.")] = "",
    day: Day = "",
    person: Person = "",
    use_account: Annotated[
        bool, typer.Option("--use-account", help="The personal account may pay.")
    ] = False,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Shows what a visit would cost in each filing state, and what filing would change."""
    from services.cli.advice import questions  # noqa: PLC0415
    from services.cli.advice.estimate import estimate as estimate_  # noqa: PLC0415
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from yijie.settlement.v1 import advice_service_pb2 as pb  # noqa: PLC0415

    try:
        request = pb.EstimateBenefitRequest(
            person_id=person,
            insured_region_code=insured,
            scheme_code=scheme,
            person_type_code=person_type,
            care_region_code=care,
            hospital_level_code=level,
            medical_type_code=medical_type,
            disease_code=disease,
            service_date=questions.read_day(day),
            amounts=questions.read_split(
                total=total,
                in_scope=in_scope,
                full_self_pay=full_self_pay,
                over=over,
                prior=prior,
            ),
            use_account=use_account,
        )
        code = run(estimate_(data_dir, request, as_json=as_json))
    except questions.BadQuestionError as error:
        fail(error, USAGE)
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)


def eligible(
    *,
    insured: Insured,
    institution: Annotated[str, typer.Option(help="Institution, as H64010400001.")],
    disease: Disease,
    scheme: Scheme = "310",
    diagnosis: Annotated[
        list[str] | None, typer.Option(help="ICD-10 code of the visit; may be repeated.")
    ] = None,
    day: Day = "",
    person: Person = "",
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Shows whether a chronic disease can settle there, and whose turn it is; 1 if it cannot."""
    from services.cli.advice import questions  # noqa: PLC0415
    from services.cli.advice.eligible import eligible as eligible_  # noqa: PLC0415
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from yijie.common.v1 import bill_pb2  # noqa: PLC0415
    from yijie.settlement.v1 import advice_service_pb2 as pb  # noqa: PLC0415

    try:
        request = pb.CheckChronicEligibilityRequest(
            person_id=person,
            insured_region_code=insured,
            scheme_code=scheme,
            institution_code=institution,
            disease_code=disease,
            service_date=questions.read_day(day),
            diagnoses=[
                bill_pb2.Diagnosis(diagnosis_code=one, main=not index)
                for index, one in enumerate(diagnosis or ())
            ],
        )
        code = run(eligible_(data_dir, request, as_json=as_json))
    except questions.BadQuestionError as error:
        fail(error, USAGE)
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)


def gap(
    key: Annotated[
        str, typer.Argument(metavar="SETTLEMENT", help="Settlement id; none: statistics.")
    ] = "",
    *,
    care: Annotated[
        str, typer.Option(help="Statistics: only care in this province, as 640000.")
    ] = "",
    insured: Annotated[
        str, typer.Option(help="Statistics: only insured in this one, as 650000.")
    ] = "",
    sample: Annotated[
        int, typer.Option(min=1, max=1000, help="Statistics: so many of the newest.")
    ] = 200,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Shows why direct settlement paid another amount than reimbursement at home."""
    from services.cli.advice.gap import compare, summarize  # noqa: PLC0415
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.trace import BadIdError  # noqa: PLC0415
    from yijie.settlement.v1 import advice_service_pb2 as pb  # noqa: PLC0415

    try:
        if key:
            code = run(compare(key, data_dir, as_json=as_json))
        else:
            request = pb.SummarizeCatalogueGapsRequest(
                care_region_code=_province(care),
                insured_region_code=_province(insured),
                sample_size=sample,
            )
            code = run(summarize(data_dir, request, as_json=as_json))
    except BadIdError as error:
        fail(error, USAGE)
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)


def _province(code: str) -> str:
    """Returns the province that an area lies in; statistics are by province."""
    from services.kit import codes  # noqa: PLC0415

    return codes.province_of(code) if codes.is_area_code(code) else code
