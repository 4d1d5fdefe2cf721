"""The canary person: what must be found nowhere, and how they go through the mesh's doors."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

import grpc
import pytest

from services.cli.cases import case
from services.cli.mesh import Mesh
from services.cli.province import Province
from services.kit import codes
from services.kit.wire import write_date
from tests.e2e.searching import Search
from yijie.common.v1 import bill_pb2
from yijie.identity.v1 import person_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

BORN = date(1957, 3, 19)
OTHER_DAY = date(1957, 3, 18)
NAME = "金丝雀·阿依慕"
_FIRST_17 = "65010219570319048"
CERT = _FIRST_17 + codes.check_digit(_FIRST_17)
BAD_CERT = _FIRST_17 + ("2" if CERT.endswith("1") else "1")
CARD, LOST_CARD = "Q48151623", "Q42481516"
DIAGNOSIS = "Q87.654x321"
ITEM_NAME = "金丝雀止痛片"
ITEM_CODE = "ZA01BAS0846010109876"
# For men only, by the published rules: a finding names it. The drug register names it too, so that
# it is searched for where bills leave something, and not in the database's files.
FOUND_NAME, FOUND_CODE = "阿帕他胺片", "XL02BBA326A001010102180"
# Of the person, of nobody in the demo. A policy names them too: its texts, which are deflated, are
# not searched for them.
DISEASE, LISTED, UNLISTED = "M07200", "disease_limit.amount[M07200]", "M00300"
IDENTITY = "poverty_by_illness"
OF_POLICY = (DISEASE, IDENTITY)
# Cards that are loaded, replaced and shown; the code by which a reader finds a card's home.
LOADED_CARD, NEW_CARD, WANTED_CARD = "Q16342815", "Q15162342", "Q23421508"
SERIAL = "131100" + "CA9A21E5" + "0" * 18
# What a filing keeps besides its dates and places: the key of a paper and its day, and the words of
# who refuses, revokes, or cannot take it in.
DOCUMENT, SIGNED = "canary-paper-4815162342", date(1999, 2, 17)
REASON = "经办人称该户籍材料系伪造"
# What a bill has for supervision; every bill has an invoice of its own, which begins so.
PHONE, INVOICE = "13815162342", "Q6481516234208"
TEXTS = (CERT, BAD_CERT, CERT[6:14], NAME, "金丝雀", CARD, LOST_CARD, str(BORN), str(OTHER_DAY))
TEXTS = (*TEXTS, DIAGNOSIS, ITEM_NAME, ITEM_CODE, DISEASE, UNLISTED, IDENTITY)
TEXTS = (*TEXTS, LOADED_CARD, NEW_CARD, WANTED_CARD, SERIAL, SERIAL[6:14], DOCUMENT, str(SIGNED))
TEXTS = (*TEXTS, REASON, PHONE, INVOICE)
# The day on which a stay should end. Both provinces are told, who count by it, and nobody else is:
# it is searched for wherever they are not answered.
EXPECTED = date(2031, 5, 17)


@dataclass
class Visit:
    """The canary person at a window, and what the hub said when it refused."""

    province: Province
    search: Search
    running: Mesh
    person_id: str = ""
    settlement_id: str = ""
    """A settlement that stands, of somebody who was not filed for."""
    refusals: list[tuple[str, bytes]] = field(default_factory=list)

    async def refused(self, call: Any) -> grpc.aio.AioRpcError:
        """Awaits a call that must be refused, and keeps all that the caller can read."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        self.keep(caught.value)
        return caught.value

    def keep(self, error: grpc.aio.AioRpcError) -> None:
        """Keeps all that the caller can read of a refusal."""
        trailers = b" ".join(
            value if isinstance(value, bytes) else value.encode()
            for _, value in error.trailing_metadata() or ()
        )
        self.refusals.append((error.code().name, (error.details() or "").encode() + trailers))

    def keep_entries(self, errors: Any) -> None:
        """Keeps what was said of the entries of a batch that were refused."""
        self.refusals += [("entry", error.SerializeToString()) for error in errors]

    def sent(self, request: Any) -> Any:
        """Returns a request; its unkeyed hash is searched for, as its texts are."""
        self.search.add_hash(
            f"a {type(request).__name__}", request.SerializeToString(deterministic=True)
        )
        return request

    def patient(self, kind: str, number: str, **changes: Any) -> settlement_pb2.Patient:
        """The patient as the hospital's record has them."""
        demo = case("outpatient")
        parts: dict[str, Any] = {
            "credential": person_pb2.Credential(type=f"CREDENTIAL_TYPE_{kind}", number=number),
            "person_id": self.person_id,
            "sex": bill_pb2.SEX_FEMALE,
            "birth_date": write_date(BORN),
            "insured_region_code": demo.insured_region_code,
            "scheme_code": demo.scheme_code,
        }
        return settlement_pb2.Patient(**{**parts, **changes})

    def request(self, patient: settlement_pb2.Patient) -> pb.SettleRequest:
        """A bill with canaries for diagnosis, item code and item name."""
        request = pb.SettleRequest(
            request_id=str(uuid4()),
            patient=patient,
            bill=case("outpatient").bill,
            use_account=True,
            with_trace=True,
        )
        request.bill.diagnoses[0].diagnosis_code = DIAGNOSIS
        request.bill.contact_phone = PHONE
        request.bill.invoice_number = INVOICE + uuid4().hex[:8].upper()
        line = request.bill.lines[0]
        line.item_name = ITEM_NAME
        again = request.bill.lines.add()
        again.CopyFrom(line)
        again.line_id, again.item_code = "002", ITEM_CODE
        limited = request.bill.lines.add()
        limited.CopyFrom(line)
        limited.line_id, limited.item_code = "003", FOUND_CODE
        request.bill.total.fen = 3 * line.amount.fen
        self.search.add_message("a SettleRequest", request.SerializeToString(deterministic=True))
        return request
