"""Ready-made calls of ReimbursementService, and readers of what they leave."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.integration.settlement.world import World, fill_bill, fill_patient, ident
from tests.support.rpc import TIMEOUT_S
from yijie.settlement.v1 import reimbursement_pb2
from yijie.settlement.v1 import reimbursement_service_pb2 as pb
from yijie.settlement.v1 import reimbursement_service_pb2_grpc as rpc

PROVINCE = "650000"
INVOICE = "65010012AB345678"
HOME_IN_SCOPE_FEN = 76_703
HOME_FUND_FEN = 56_697
"""By the insured region's catalogue of tests.integration.settlement.advice."""
APPROVE, REJECT = (
    pb.REIMBURSEMENT_DECISION_APPROVE,
    pb.REIMBURSEMENT_DECISION_REJECT,
)


def stub_of(world: World) -> Any:
    return rpc.ReimbursementServiceStub(world.channel)


def submit_request(invoice: str = INVOICE, **changes: Any) -> Any:
    """Returns a good request to take a claim in: the bill of the other tests."""
    request = pb.SubmitReimbursementRequest(
        request_id=ident(),
        cause=reimbursement_pb2.REIMBURSEMENT_CAUSE_SYSTEM_FAILURE,
        maker_id="agent-1",
    )
    fill_patient(request.patient)
    fill_bill(request.bill)
    request.bill.invoice_number = invoice
    request.bill.contact_phone = "13800000000"
    for name, value in changes.items():
        setattr(request, name, value)
    return request


async def submit(world: World, request: Any | None = None) -> Any:
    response = await stub_of(world).SubmitReimbursement(
        request or submit_request(), timeout=TIMEOUT_S
    )
    return response.reimbursement


async def decide(world: World, key: str, decision: int = APPROVE, **changes: Any) -> Any:
    fields = {
        "request_id": ident(),
        "reimbursement_id": key,
        "region_code": PROVINCE,
        "decision": decision,
        "checker_id": "agent-2",
        "note": "" if decision == APPROVE else "票据不清",
        **changes,
    }
    request = pb.DecideReimbursementRequest(**fields)
    return (await stub_of(world).DecideReimbursement(request, timeout=TIMEOUT_S)).reimbursement


async def pay(world: World, key: str, **changes: Any) -> Any:
    fields = {
        "request_id": ident(),
        "reimbursement_id": key,
        "region_code": PROVINCE,
        "maker_id": "cashier-1",
        "payment_reference": "BK20260401-1",
        **changes,
    }
    request = pb.PayReimbursementRequest(**fields)
    return (await stub_of(world).PayReimbursement(request, timeout=TIMEOUT_S)).reimbursement


async def cancel(world: World, key: str, **changes: Any) -> Any:
    fields = {
        "request_id": ident(),
        "reimbursement_id": key,
        "region_code": PROVINCE,
        "maker_id": "agent-1",
        "checker_id": "agent-2",
        "note": "申请人撤回",
        **changes,
    }
    request = pb.CancelReimbursementRequest(**fields)
    return (await stub_of(world).CancelReimbursement(request, timeout=TIMEOUT_S)).reimbursement


async def get(world: World, key: str, **changes: Any) -> Any:
    request = pb.GetReimbursementRequest(
        **{"reimbursement_id": key, "region_code": PROVINCE, **changes}
    )
    return (await stub_of(world).GetReimbursement(request, timeout=TIMEOUT_S)).reimbursement


async def events(world: World, count: int, **changes: Any) -> list[Any]:
    """Returns the first events of the feed, which has at least so many."""
    found: list[Any] = []
    stream = stub_of(world).SubscribeReimbursements(pb.SubscribeReimbursementsRequest(**changes))
    try:
        async with asyncio.timeout(10):
            async for response in stream:
                found += response.events
                if len(found) >= count:
                    return found
    finally:
        stream.cancel()
    raise AssertionError("the feed ended")


def state_of(reimbursement: Any) -> str:
    name = reimbursement_pb2.ReimbursementState.Name(reimbursement.state)
    return name.removeprefix("REIMBURSEMENT_STATE_")


async def holders(world: World) -> list[tuple[str, str]]:
    """Returns who holds an invoice: channel and key."""
    rows = await world.sql("SELECT channel, holder_id::text FROM invoice ORDER BY claim_time")
    return [(row["channel"], row["holder_id"]) for row in rows]


async def work(world: World) -> list[str]:
    """Returns the kinds of work that are open."""
    rows = await world.sql("SELECT kind FROM reimbursement_work ORDER BY kind")
    return [row["kind"] for row in rows]


async def assert_sound(world: World) -> None:
    """Audits reimbursements: states, work, invoices, events and what the region holds agree."""
    assert not await world.sql("""
        SELECT r.reimbursement_id FROM reimbursement r
        LEFT JOIN invoice i ON i.invoice_key = r.invoice_key AND i.holder_id = r.reimbursement_id
        LEFT JOIN reimbursement_work w ON w.reimbursement_id = r.reimbursement_id
        WHERE r.holds_invoice <> (i.invoice_key IS NOT NULL)
           OR coalesce(w.kind, '') <> CASE
                WHEN r.state = 'SUBMITTED' THEN 'BOOK' WHEN NOT r.holds_invoice THEN ''
                WHEN r.state IN ('REJECTED', 'CANCELLED', 'FAILED') THEN 'UNBOOK' ELSE '' END
           OR r.version <> (SELECT count(*) FROM reimbursement_change c
                            WHERE c.reimbursement_id = r.reimbursement_id)""")
    rows = await world.sql(
        "SELECT reimbursement_id::text AS key FROM reimbursement"
        " WHERE state IN ('ADJUDICATED', 'APPROVED', 'PAID')"
    )
    settled = await world.sql(
        "SELECT settlement_id::text AS key FROM settlement_state_change c WHERE state = 'SETTLED'"
        " AND NOT EXISTS (SELECT FROM settlement_state_change r"
        "  WHERE r.settlement_id = c.settlement_id AND r.version = 3)"
    )
    assert not await work(world) or world.is_tampered
    live = world.callees.benefits.live
    assert set(live) == {row["key"] for row in [*rows, *settled]}
    assert {live[row["key"]].channel for row in rows} <= {2}
    assert {live[row["key"]].channel for row in settled} <= {0}
