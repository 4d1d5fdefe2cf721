"""Ready-made requests about visits, their sender, and an audit of their tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from google.protobuf.field_mask_pb2 import FieldMask

from services.kit.crypto import FieldCipher, parse_keyring_text
from services.kit.db import Database, DatabaseConfig, open_database
from services.kit.ids import new_id
from services.kit.wire import write_date
from services.settlement.domain.visit import Line
from services.settlement.visit_store import VisitStore
from tests.integration.settlement.world import ITEM_NAME, KEY, World, fill_patient, ident
from tests.support.callees import BED, HOSPITAL
from tests.support.rpc import TIMEOUT_S
from yijie.settlement.v1 import visit_pb2
from yijie.settlement.v1 import visit_service_pb2 as pb
from yijie.settlement.v1 import visit_service_pb2_grpc as rpc

ADMITTED = date(2026, 3, 1)
TODAY = date(2026, 3, 31)
OTHER_HOSPITAL = "H12010300001"
OTHER_CARE = "120103"
DIAGNOSIS = "C34.900x001"


def line(line_id: str, **changes: Any) -> visit_pb2.VisitLine:
    """Returns a fee line: one bed day of 80 yuan on the second day, unless told otherwise."""
    values: dict[str, Any] = {
        "item_code": BED,
        "fee_date": date(2026, 3, 2),
        "unit_price": "80",
        "quantity": "1",
        "fen": None,
        "refund_of": "",
        "batch": "",
        **changes,
    }
    fen = values["fen"]
    if fen is None:
        fen = int(Decimal(values["unit_price"]) * Decimal(values["quantity"]) * 100)
    message = visit_pb2.VisitLine(
        refund_of_line_id=values["refund_of"], charge_batch_number=values["batch"]
    )
    fee = message.line
    fee.line_id, fee.item_code, fee.item_name = line_id, values["item_code"], ITEM_NAME
    fee.fee_date.CopyFrom(write_date(values["fee_date"]))
    fee.unit_price.value, fee.quantity.value = values["unit_price"], values["quantity"]
    fee.amount.fen = fen
    return message


def refund(line_id: str, of: str, quantity: str = "-1", **changes: Any) -> visit_pb2.VisitLine:
    """Returns a refund of a line, the day after it."""
    values = {"fee_date": date(2026, 3, 3), "quantity": quantity, "refund_of": of, **changes}
    return line(line_id, **values)


def register_request(medical_type: str = "21", **record: Any) -> pb.RegisterVisitRequest:
    """Returns a good registration; `record` replaces fields of the record."""
    request = pb.RegisterVisitRequest(request_id=ident(), institution_code=HOSPITAL)
    fill_patient(request.patient)
    fields = request.record
    fields.medical_type_code, fields.scheme_code = medical_type, "310"
    fields.begin_date.CopyFrom(write_date(record.pop("begin_date", ADMITTED)))
    fields.admission_diagnoses.add(diagnosis_code=DIAGNOSIS, main=True)
    fields.doctor_code, fields.department_code = "D640104000001", "0301"
    for name, value in record.items():
        _set(fields, name, value)
    return request


def _set(fields: Any, name: str, value: Any) -> None:
    if isinstance(value, date):
        getattr(fields, name).CopyFrom(write_date(value))
    else:
        setattr(fields, name, value)


@dataclass(repr=False)
class Visits:
    """Sends requests about visits as one institution."""

    world: World
    institution_code: str = HOSPITAL

    @property
    def stub(self) -> rpc.VisitServiceStub:
        return rpc.VisitServiceStub(self.world.channel)

    async def register(self, request: Any = None, **record: Any) -> visit_pb2.Visit:
        request = request or register_request(**record)
        return (await self.stub.RegisterVisit(request, timeout=TIMEOUT_S)).visit

    def upload(self, visit_id: str, *lines: Any, request_id: str = "") -> Any:
        request = pb.UploadFeesRequest(**self._key(visit_id, request_id), lines=lines)
        return self.stub.UploadFees(request, timeout=TIMEOUT_S)

    def cancel_fees(
        self, visit_id: str, *line_ids: str, every: bool = False, request_id: str = ""
    ) -> Any:
        key = self._key(visit_id, request_id)
        request = pb.CancelFeesRequest(**key, line_ids=line_ids, all=every)
        return self.stub.CancelFees(request, timeout=TIMEOUT_S)

    def update(self, visit: Any, *paths: str, request_id: str = "", **record: Any) -> Any:
        request = pb.UpdateVisitRequest(
            **self._key(visit.visit_id, request_id),
            record=visit.record,
            update_mask=FieldMask(paths=paths or tuple(record)),
        )
        for name, value in record.items():
            _set(request.record, name, value)
        return self.stub.UpdateVisit(request, timeout=TIMEOUT_S)

    def cancel(self, visit_id: str, *, request_id: str = "") -> Any:
        request = pb.CancelVisitRequest(**self._key(visit_id, request_id))
        return self.stub.CancelVisit(request, timeout=TIMEOUT_S)

    def discharge(
        self, visit_id: str, day: date = TODAY, *, request_id: str = "", main: bool = True
    ) -> Any:
        request = pb.DischargeVisitRequest(**self._key(visit_id, request_id))
        request.discharge.discharge_date.CopyFrom(write_date(day))
        request.discharge.discharge_diagnoses.add(diagnosis_code=DIAGNOSIS, main=main)
        request.discharge.discharge_way_code = "1"
        return self.stub.DischargeVisit(request, timeout=TIMEOUT_S)

    def cancel_discharge(self, visit_id: str, *, request_id: str = "") -> Any:
        request = pb.CancelDischargeRequest(**self._key(visit_id, request_id))
        return self.stub.CancelDischarge(request, timeout=TIMEOUT_S)

    async def get(self, visit_id: str) -> visit_pb2.Visit:
        request = pb.GetVisitRequest(visit_id=visit_id, institution_code=self.institution_code)
        return (await self.stub.GetVisit(request, timeout=TIMEOUT_S)).visit

    async def fees(self, visit_id: str, *, page_size: int = 0) -> list[visit_pb2.VisitFee]:
        """Returns all fee lines, page by page."""
        found: list[visit_pb2.VisitFee] = []
        request = pb.ListFeesRequest(
            visit_id=visit_id, institution_code=self.institution_code, page_size=page_size
        )
        while True:
            page = await self.stub.ListFees(request, timeout=TIMEOUT_S)
            found += page.fees
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    async def settle_by_hand(
        self, visit: visit_pb2.Visit, scope: str, *, until: date | None = None, batch: str = ""
    ) -> str:
        """Writes a settlement of a visit as settling by visit does, PENDING; returns its id."""
        settlement_id = new_id(self.world.clock.now())
        await self.world.sql(
            "WITH moved AS (UPDATE visit SET revision = revision + 1 WHERE visit_id = $1"
            "  AND revision = $2 RETURNING visit_id),"
            " change AS (INSERT INTO settlement_state_change (settlement_id, version, state,"
            "  change_time, request_id, trace_id)"
            "  SELECT $3, 1, 'PENDING', now(), $3, '' FROM moved)"
            " INSERT INTO visit_settlement (visit_id, ordinal, settlement_id, scope,"
            "  charge_batch_number, until_date, revision)"
            " SELECT visit_id, (SELECT count(*) + 1 FROM visit_settlement WHERE visit_id = $1), $3,"
            "  $4, $5, $6, $2 FROM moved",
            UUID(visit.visit_id),
            visit.revision,
            settlement_id,
            scope,
            batch,
            until,
        )
        self.world.is_tampered = True
        return str(settlement_id)

    async def outcome(self, settlement_id: str, state: str) -> None:
        """Writes what became of a settlement: SETTLED, FAILED or REVERSED."""
        await self.world.sql(
            "INSERT INTO settlement_state_change (settlement_id, version, state, reason,"
            " change_time, request_id, trace_id, adjudication, total_fen, fund_fen, account_fen,"
            " cash_fen) VALUES ($1, $2, $3, $4, now(), $5, '', '', 0, 0, 0, 0)",
            UUID(settlement_id),
            3 if state == "REVERSED" else 2,
            state,
            "LATE" if state == "FAILED" else "",
            uuid4(),
        )

    async def settled_by_hand(self, visit_id: str, scope: str, **part: Any) -> str:
        """Writes a settlement of a visit that stands; returns its id."""
        settlement_id = await self.settle_by_hand(await self.get(visit_id), scope, **part)
        await self.outcome(settlement_id, "SETTLED")
        return settlement_id

    def _key(self, visit_id: str, request_id: str) -> dict[str, str]:
        return {
            "request_id": request_id or ident(),
            "visit_id": visit_id,
            "institution_code": self.institution_code,
        }


_AUDIT = """
SELECT v.visit_id FROM visit v LEFT JOIN LATERAL (
    SELECT count(*) AS lines, coalesce(sum(amount_fen), 0) AS total, min(fee_date) AS first,
        max(fee_date) AS last
    FROM visit_line l WHERE l.visit_id = v.visit_id AND cancel_revision IS NULL
) l ON true
WHERE (v.line_count, v.line_total_fen) IS DISTINCT FROM (l.lines, l.total)
   OR v.first_fee_date IS DISTINCT FROM l.first OR v.last_fee_date IS DISTINCT FROM l.last
   OR v.revision < (SELECT count(*) FROM visit_request r WHERE r.visit_id = v.visit_id)
   OR EXISTS (SELECT 1 FROM visit_line o WHERE o.visit_id = v.visit_id AND NOT EXISTS (
        SELECT 1 FROM visit_upload u WHERE (u.visit_id, u.revision) = (o.visit_id, o.revision)))
"""


async def assert_visits_coherent(world: World) -> None:
    """Audits the tables of visits: what a visit says of its lines is what its lines say."""
    assert [dict(row) for row in await world.sql(_AUDIT)] == []


def visit_store(database: Database) -> VisitStore:
    """Returns a store on the database of a world, beside the service's."""
    return VisitStore(database, FieldCipher(parse_keyring_text(KEY)))


async def stored_lines(world: World, visit_id: str) -> list[Line]:
    """Returns the lines of a visit as the store reads them."""
    async with open_database(DatabaseConfig(dsn=world.dsn), "settlement") as database:
        return await visit_store(database).lines(UUID(visit_id))
