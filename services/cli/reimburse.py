"""`yijie reimburse`: a claim for a bill that was paid in cash (零星报销), and what came of it.

The file is one of the demo's bills with the invoice (`invoice_number`) and why it was not settled
directly (`cause`): demo_data/reimbursement.yaml. Instead of `person` and `institution`, which name
demo entries, it may have `id_number` with `insured_region_code`, and `institution_code` with
`hospital_level_code`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from decimal import InvalidOperation
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import orjson
from google.protobuf.json_format import MessageToDict
from rich.console import Console

from services.catalogue.datafile import load, text
from services.cli import cases
from services.cli.advice.questions import SAMPLE, signed, table
from services.cli.mesh import MeshError, read_endpoints
from services.cli.province import SETTLE_S, Province, connected
from services.cli.receipt import LEVELS, amounts_table, region, steps_table
from services.cli.screen import console
from services.kit import codes
from services.kit.money import format_yuan
from yijie.identity.v1 import identity_service_pb2, person_pb2
from yijie.settlement.v1 import advice_service_pb2, reimbursement_pb2, settlement_pb2
from yijie.settlement.v1 import reimbursement_service_pb2 as pb

_OFFICER: Final = "cli"
_STATES: Final = {
    reimbursement_pb2.REIMBURSEMENT_STATE_UNSPECIFIED: ("试算，未受理", "trial, not taken in"),
    reimbursement_pb2.REIMBURSEMENT_STATE_SUBMITTED: ("已受理", "submitted"),
    reimbursement_pb2.REIMBURSEMENT_STATE_ADJUDICATED: (
        "已核算，待复核",
        "adjudicated, waits for the checker",
    ),
    reimbursement_pb2.REIMBURSEMENT_STATE_APPROVED: ("已复核，待支付", "approved"),
    reimbursement_pb2.REIMBURSEMENT_STATE_PAID: ("已支付", "paid"),
    reimbursement_pb2.REIMBURSEMENT_STATE_REJECTED: ("不予支付", "rejected"),
    reimbursement_pb2.REIMBURSEMENT_STATE_CANCELLED: ("已撤销", "cancelled"),
    reimbursement_pb2.REIMBURSEMENT_STATE_FAILED: ("核算未通过", "failed"),
}


class BadClaimError(Exception):
    """The file is no claim; the text says why."""


async def reimburse(file: Path, data_dir: Path, *, trial: bool, as_json: bool) -> int:
    """Submits the claim of a file and prints the receipt.

    Raises:
        BadClaimError, DataError: the file is no claim.
        MeshError: no mesh runs in the data directory.
        DomainError: the hub refused.
    """
    document = _read(file)
    endpoints = read_endpoints(data_dir)
    if not endpoints:
        msg = f"no mesh runs in {data_dir}; start it with `yijie up`"
        raise MeshError(msg)
    async with connected(endpoints, "") as province:
        request = await request_of(province, document, trial=trial)
        response: pb.SubmitReimbursementResponse = await province.call(
            province.reimbursements.SubmitReimbursement, request, within_s=SETTLE_S * 2
        )
        claim, compared = response.reimbursement, None
        if claim.reimbursement_id:
            compared = await province.call(
                province.reimbursements.CompareReimbursement,
                pb.CompareReimbursementRequest(
                    reimbursement_id=claim.reimbursement_id,
                    region_code=codes.province_of(claim.insured_region_code),
                ),
            )
    if as_json:
        _write_json(claim, compared)
    else:
        print_receipt(console(), claim, compared)
    return 0


def _read(file: Path) -> Mapping[str, object]:
    try:
        return load(file)
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{file} cannot be read: {error}"
        raise BadClaimError(msg) from None


async def request_of(
    province: Province, document: Mapping[str, object], *, trial: bool
) -> pb.SubmitReimbursementRequest:
    """Returns the claim that a file holds; who it is for is proven by the id card.

    Raises:
        BadClaimError, DataError: the file is no claim.
        DomainError: identity refused.
    """
    try:
        number, insured = _person(document)
        bill = cases.bill_of(document, *_institution(document))
        cause = f"REIMBURSEMENT_CAUSE_{text(document, 'cause')}"
        bill.invoice_number = text(document, "invoice_number")
        scheme = text(document, "scheme_code")
        credential = person_pb2.Credential(type=person_pb2.CREDENTIAL_TYPE_ID_NUMBER, number=number)
        request = pb.SubmitReimbursementRequest(
            request_id=str(uuid4()),
            bill=bill,
            cause=cause,
            maker_id=_OFFICER,
            validate_only=trial,
        )
    except (ValueError, KeyError, InvalidOperation) as error:
        msg = f"the file is no claim: {error}"
        raise BadClaimError(msg) from None
    proven = await province.call(
        province.identity.VerifyCredential,
        identity_service_pb2.VerifyCredentialRequest(
            credential=credential,
            business_date=bill.end_date,
            insured_region_code=insured,
            scheme_code=scheme,
        ),
    )
    request.patient.CopyFrom(
        settlement_pb2.Patient(
            credential=credential,
            person_id=proven.person_id,
            sex=proven.sex,
            birth_date=proven.birth_date,
            insured_region_code=insured,
            scheme_code=scheme,
        )
    )
    return request


def _person(document: Mapping[str, object]) -> tuple[str, str]:
    """Returns id number and insured region."""
    if "person" in document:
        message = cases.people()[text(document, "person")].message
        return message.cert_number, message.insurances[0].insured_region_code
    return text(document, "id_number"), text(document, "insured_region_code")


def _institution(document: Mapping[str, object]) -> tuple[str, str]:
    """Returns code and level."""
    if "institution" in document:
        found = cases.institutions()[text(document, "institution")]
        return found.institution_code, found.hospital_level_code
    return text(document, "institution_code"), text(document, "hospital_level_code")


def print_receipt(
    out: Console,
    claim: reimbursement_pb2.Reimbursement,
    compared: pb.CompareReimbursementResponse | None,
) -> None:
    """Prints a claim: what it is, who pays, how that came about, and the gap."""
    zh, en = _STATES[claim.state]
    out.print(f"零星报销 manual reimbursement · {claim.reimbursement_id or '—'}", style="bold")
    out.print(f"状态 state: {zh} {en}")
    out.print(f"就医地 place of care: {region(claim.care_region_code)}")
    out.print(f"参保地 insured region: {region(claim.insured_region_code)}")
    level = LEVELS.get(claim.benefit_level, ("", ""))
    out.print(f"备案 filing: {level[0]} {level[1]} · {claim.benefit_level_explanation_zh}")
    out.print(
        f"应付参保人 payable to the person: {format_yuan(claim.payable.fen)}", style="bold green"
    )
    out.print()
    out.print(amounts_table(claim.amounts, claim.adjudication))
    out.print()
    out.print(steps_table(claim.adjudication))
    if compared is not None:
        _print_comparison(out, compared)
    if claim.sample or (compared is not None and compared.sample):
        out.print(SAMPLE, style="yellow")


def _print_comparison(out: Console, compared: pb.CompareReimbursementResponse) -> None:
    out.print()
    out.print("与直接结算比较 beside direct settlement", style="bold")
    rows = table(
        ("方式\nway", "目录版本\ncatalogue"),
        ("范围内\nin scope", "基金\nfunds", "个人\npatient"),
    )
    ways: tuple[tuple[str, advice_service_pb2.Pricing], ...] = (
        ("零星报销 manual", compared.manual),
        ("直接结算 direct", compared.direct),
    )
    for name, way in ways:
        rows.add_row(
            name,
            way.catalogue_version,
            format_yuan(way.amounts.in_scope.fen),
            format_yuan(way.adjudication.fund_total.fen),
            format_yuan(way.adjudication.patient_total.fen),
        )
    out.print(rows)
    out.print(
        f"直接结算基金多付 funds would have paid more directly: {signed(compared.fund_gap.fen)}",
        style="bold",
    )


def _write_json(
    claim: reimbursement_pb2.Reimbursement, compared: pb.CompareReimbursementResponse | None
) -> None:
    document: dict[str, Any] = {"reimbursement": _as_json(claim)}
    if compared is not None:
        document["comparison"] = _as_json(compared)
    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()


def _as_json(message: Any) -> Any:
    return MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
