"""`yijie reimburse`: a claim for a bill that was paid in cash (零星报销), and what came of it.

The file is one of the demo's bills with the invoice (`invoice_number`) and why it was not settled
directly (`cause`): demo_data/reimbursement.yaml. Instead of `person` and `institution`, which name
demo entries, it may have `id_number` with `insured_region_code`, and `institution_code` with
`hospital_level_code`. What is printed is in reimburse_receipt.py.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from decimal import InvalidOperation
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
from google.protobuf.json_format import MessageToDict

from services.catalogue.datafile import load, text
from services.cli import cases
from services.cli.mesh import MeshError, read_endpoints
from services.cli.province import SETTLE_S, Province, connected
from services.cli.reimburse_receipt import print_receipt
from services.cli.screen import console
from services.kit import codes
from services.kit.errors import LostRace, Unavailable
from yijie.identity.v1 import identity_service_pb2, person_pb2
from yijie.settlement.v1 import reimbursement_pb2, settlement_pb2, settlement_service_pb2
from yijie.settlement.v1 import reimbursement_service_pb2 as pb

_OFFICER: Final = "cli"
_PAUSES_S: Final = (0.5, 1.0, 2.0)
"""Before the same request is sent again, when its outcome is not known."""


class BadClaimError(Exception):
    """The file is no claim; the text says why."""


class UnknownOutcomeError(MeshError):
    """Nobody knows yet what came of a claim; the text says how to ask again."""


async def reimburse(
    file: Path, data_dir: Path, *, trial: bool, as_json: bool, request_id: UUID | None = None
) -> int:
    """Submits the claim of a file and prints the receipt.

    `request_id` is that of an earlier call whose outcome is not known; None: a fresh one.

    Raises:
        BadClaimError, DataError: the file is no claim.
        MeshError: no mesh runs in the data directory.
        UnknownOutcomeError: the hub did not answer, or the insured region did not answer it.
        DomainError: the hub refused.
    """
    document = _read(file)
    endpoints = read_endpoints(data_dir)
    if not endpoints:
        msg = f"no mesh runs in {data_dir}; start it with `yijie up`"
        raise MeshError(msg)
    async with connected(endpoints, "") as province:
        request = await request_of(province, document, trial=trial)
        if request_id is not None:
            request.request_id = str(request_id)
        claim, compared = await submitted(province, request), None
        if claim.reimbursement_id:
            claim, compared = await _standing(province, claim)
    if as_json:
        _write_json(claim, compared)
    else:
        print_receipt(console(), claim, compared)
    return 0


async def submitted(
    province: Province, request: pb.SubmitReimbursementRequest
) -> reimbursement_pb2.Reimbursement:
    """Returns the claim, full view, asking again with the same request id while none is known.

    Raises:
        UnknownOutcomeError: nobody answered.
        DomainError: the hub refused.
    """
    for pause_s in (*_PAUSES_S, None):
        try:
            response: pb.SubmitReimbursementResponse = await province.call(
                province.reimbursements.SubmitReimbursement, request, within_s=SETTLE_S * 2
            )
        except (Unavailable, LostRace) as error:
            if pause_s is None:
                msg = f"{error}; ask again with --request-id {request.request_id}"
                raise UnknownOutcomeError(msg) from None
            await asyncio.sleep(pause_s)
        else:
            return response.reimbursement
    raise AssertionError


async def _standing(
    province: Province, claim: reimbursement_pb2.Reimbursement
) -> tuple[reimbursement_pb2.Reimbursement, pb.CompareReimbursementResponse | None]:
    """Returns a claim with what the checker sees, and beside it direct settlement."""
    key, region_code = claim.reimbursement_id, codes.province_of(claim.insured_region_code)
    found = await province.call(
        province.reimbursements.GetReimbursement,
        pb.GetReimbursementRequest(
            reimbursement_id=key,
            region_code=region_code,
            view=settlement_service_pb2.SETTLEMENT_VIEW_FULL,
        ),
    )
    if not claim.HasField("adjudication"):
        return found.reimbursement, None
    compared = await province.call(
        province.reimbursements.CompareReimbursement,
        pb.CompareReimbursementRequest(reimbursement_id=key, region_code=region_code),
    )
    return found.reimbursement, compared


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
