"""The test vectors of docs/signatures.md; `python -m tests.support.signature_vectors` writes them.

The keys are those of the standards' own examples, which everybody knows: they protect nothing.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from services.kit.signing.algorithms import PrivateKey, parse_private_key
from services.kit.signing.canonical import canonical
from services.kit.signing.message import Direction, Signed, sign
from yijie.common.v1 import bill_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

PATH = Path(__file__).parents[2] / "docs" / "signatures-vectors.json"
_SERVICE = "/yijie.settlement.v1.SettlementService/"
_SIGNED_MS = 1_795_334_400_000
# RFC 8032, 7.1, TEST 2.
_ED25519 = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
# GB/T 32918.5-2017, A.2: d, then x and y.
_SM2 = (
    "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)


def keys() -> dict[str, PrivateKey]:
    """Returns the keys by their id."""
    lines = (("example-ed25519", "ed25519", _ED25519), ("example-sm2", "sm2", _SM2))
    return {
        key_id: parse_private_key(
            f"{key_id}:{algorithm}:{base64.b64encode(bytes.fromhex(secret)).decode()}"
        )
        for key_id, algorithm, secret in lines
    }


def reverse_request() -> pb.ReverseSettlementRequest:
    """Returns the shortest signed request."""
    return pb.ReverseSettlementRequest(
        request_id="5f0c7d4e-8f0b-4b8e-9d5b-2f7f0f3c1a11",
        settlement_id="019a2c1e-5b1c-7a52-8a6e-2f60c1a5d0aa",
    )


def settle_request() -> pb.SettleRequest:
    """Returns a request with everything that is easy to get wrong.

    Chinese text, a false that is left out, an empty message that is not, a negative number, and
    fields that were set in another order than that of their numbers.
    """
    request = pb.SettleRequest(use_account=True, with_trace=False)
    bill = request.bill
    bill.medical_type_code, bill.hospital_level_code = "11", "02"
    bill.institution_code, bill.care_region_code = "H64010400001", "640100"
    bill.total.fen = 84_703
    bill.begin_date.year, bill.begin_date.month, bill.begin_date.day = 2026, 3, 31
    bill.end_date.CopyFrom(bill.begin_date)
    bill.diagnoses.add(diagnosis_code="I10.x00x002", main=True)
    line = bill.lines.add(line_id="1", item_code="XA01AAA001", item_name="阿司匹林肠溶片")
    line.amount.fen, line.unit_price.value, line.quantity.value = 84_703, "12.345", "3"
    back = bill.lines.add(line_id="2", item_code="XA01AAA001", item_name="退费")
    back.amount.fen = -100
    back.quantity.SetInParent()
    patient = request.patient
    patient.scheme_code, patient.insured_region_code = "310", "650100"
    patient.person_id = "8b8d7c6e-0f4b-4c39-9c2e-0a1f5b7d3e21"
    patient.sex = bill_pb2.SEX_FEMALE
    patient.birth_date.year, patient.birth_date.month, patient.birth_date.day = 1950, 1, 1
    request.request_id = "0b9f3a52-6a5e-4d0c-8c57-7d6b1b1b9f10"
    return request


def settle_response() -> pb.SettleResponse:
    """Returns an answer to `settle_request`."""
    answer = pb.SettleResponse(trace_id="0af7651916cd43dd8448eb211c80319c")
    settlement = answer.settlement
    settlement.settlement_id = "019a2c1e-5b1c-7a52-8a6e-2f60c1a5d0aa"
    settlement.state = settlement_pb2.SETTLEMENT_STATE_SETTLED
    settlement.adjudication.fund_total.fen = 62_333
    settlement.adjudication.cash_pay.fen = 22_370
    settlement.settle_time.seconds = _SIGNED_MS // 1000
    return answer


def made() -> list[tuple[str, Any, Signed, bytes]]:
    """Returns name, message, what is signed, and of an answer the request's canonical form."""
    request = canonical(settle_request())
    found = []
    for key in keys().values():
        for name, method, message, direction, of in (
            ("reverse", "ReverseSettlement", reverse_request(), Direction.REQUEST, b""),
            ("settle", "Settle", settle_request(), Direction.REQUEST, b""),
            ("settled", "Settle", settle_response(), Direction.ANSWER, request),
        ):
            signed = sign(
                key,
                canonical(message),
                method=_SERVICE + method,
                direction=direction,
                signed_ms=_SIGNED_MS,
                request=of,
            )
            found.append((f"{name}-{key.algorithm}", message, signed, of))
    return found


def document() -> dict[str, Any]:
    """Returns the vectors as they are written."""
    return {
        "keys": [
            {
                "key_id": key.key_id,
                "algorithm": key.algorithm,
                "private_key": key.secret.hex(),
                "public_key": key.public.hex(),
            }
            for key in keys().values()
        ],
        "vectors": [vector(*one) for one in made()],
    }


def vector(name: str, message: Any, signed: Signed, request: bytes) -> dict[str, Any]:
    """Returns one vector."""
    return {
        "name": name,
        "method": signed.method,
        "direction": signed.direction.value,
        "type": message.DESCRIPTOR.full_name,
        "message": json_format.MessageToDict(message),
        "canonical": signed.message.hex(),
        "answers_canonical": request.hex(),
        "key_id": signed.key_id,
        "algorithm": signed.algorithm,
        "signed_ms": signed.signed_ms,
        "digest": signed.digest.hex(),
        "statement": signed.statement.decode("ascii"),
        "signature": signed.signature.hex(),
        "metadata": signed.header.hex(),
    }


if __name__ == "__main__":
    PATH.write_text(json.dumps(document(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
