"""Ready-made requests to settle visits, and visits that are ready to be settled."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.kit.wire import write_date
from tests.integration.settlement.visits import TODAY, Visits, line
from tests.integration.settlement.world import ident
from tests.support.callees import DRUG, HOSPITAL, ID_NUMBER
from tests.support.rpc import TIMEOUT_S
from yijie.identity.v1 import person_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

FINAL = settlement_pb2.SETTLEMENT_SCOPE_FINAL
INTERIM = settlement_pb2.SETTLEMENT_SCOPE_INTERIM
BATCH = settlement_pb2.SETTLEMENT_SCOPE_BATCH
BED_FEN = 80_000
DRUG_FEN = 3_704


def _fill(request: Any, visit_id: str, scope: int, until: date | None, **changes: Any) -> Any:
    request.visit_id, request.institution_code, request.scope = visit_id, HOSPITAL, scope
    request.credential.type = person_pb2.CREDENTIAL_TYPE_ID_NUMBER
    request.credential.number = ID_NUMBER
    if until is not None:
        request.until_date.CopyFrom(write_date(until))
    for name, value in changes.items():
        setattr(request, name, value)
    return request


def try_request(
    visit_id: str, scope: int = FINAL, *, until: date | None = None, **changes: Any
) -> pb.PreSettleVisitRequest:
    """Returns a request for a trial."""
    return _fill(pb.PreSettleVisitRequest(), visit_id, scope, until, **changes)


def settle_visit_request(
    visit_id: str, fen: int, scope: int = FINAL, *, until: date | None = None, **changes: Any
) -> pb.SettleVisitRequest:
    """Returns a request to settle what comes to `fen`."""
    request = pb.SettleVisitRequest(request_id=ident())
    request.expected_total.fen = fen
    return _fill(request, visit_id, scope, until, **changes)


async def pre_settle(world: Any, request: pb.PreSettleVisitRequest) -> pb.PreSettleVisitResponse:
    return await world.stub.PreSettleVisit(request, timeout=TIMEOUT_S)


async def settle(world: Any, request: pb.SettleVisitRequest) -> pb.SettleVisitResponse:
    return await world.stub.SettleVisit(request, timeout=TIMEOUT_S)


async def stay(world: Any, *, discharged: bool = True) -> str:
    """Registers a stay of 847.04 yuan: ten bed days on 2 March, three drugs on 20 March."""
    visits = Visits(world)
    visit_id = (await visits.register()).visit_id
    await visits.upload(
        visit_id,
        line("bed", quantity="10"),
        line(
            "drug",
            item_code=DRUG,
            unit_price="12.345",
            quantity="3",
            fen=DRUG_FEN,
            fee_date=date(2026, 3, 20),
        ),
    )
    if discharged:
        await visits.discharge(visit_id, TODAY)
    return visit_id


STAY_FEN = BED_FEN + DRUG_FEN
