"""Carries a plan out and takes down what was answered."""

from __future__ import annotations

import asyncio
import hashlib
from random import Random
from typing import Any, Final

from services.proving import history
from services.proving.reading import read_adjudication, read_date
from services.proving.simulation.caller import Caller
from services.proving.simulation.plan import Action, Kind, Order, Plan
from services.proving.simulation.refiler import Refiler
from yijie.settlement.v1 import settlement_service_pb2 as pb

_THINKS_S: Final = 6.0


class Hospital:
    """Sends bills whole, tries, queries and takes back."""

    def __init__(self, caller: Caller, stub: Any, plan: Plan, refiler: Refiler) -> None:
        """`stub` is that of SettlementService."""
        self._refiler = refiler
        self._caller = caller
        self._stub = stub
        self._plan = plan
        self._known: dict[int, str] = {}
        """Settlement ids that were told, by order."""
        self._sent: set[int] = set()
        """Orders whose request has been sent: its content stands."""
        self._quoted: dict[str, history.Adjudication] = {}
        """What was quoted, by quote."""

    async def carry_out(self, action: Action) -> None:
        """Does one action."""
        order = self._plan.orders[action.order]
        if action.kind is Kind.TWICE:
            await asyncio.gather(*(self._settle(action, order.request) for _ in range(2)))
        elif action.kind is Kind.SETTLE:
            await self._settle(action, order.request)
        elif action.kind is Kind.ALTERED:
            await self._settle(action, order.altered)
        elif action.kind is Kind.QUOTED:
            await self._try(action, order)
            # The patient thinks about it; meanwhile another bill may use what the quote counted on.
            await asyncio.sleep(Random(action.draw).uniform(0.0, _THINKS_S))  # noqa: S311
            await self._settle(action, order.request)
        elif action.kind is Kind.GET:
            await self._get(action, order)
        elif action.kind is Kind.RECOMPUTE:
            await self._recompute(action, order)
        else:
            await self._reverse(action, order)

    async def _recompute(self, action: Action, order: Order) -> None:
        """Computes a settlement anew after another filing, sometimes from two windows."""
        if action.order not in self._known:
            await self._get(action, order)
        settlement_id = self._known.get(action.order)
        if settlement_id is None:
            return
        person_id = order.request.patient.person_id
        found = await self._refiler.recompute(action, person_id, settlement_id)
        if found is not None:
            self._known[action.order] = found

    async def _settle(self, action: Action, request: Any) -> None:
        self._sent.add(action.order)
        asked = history.Settle(
            request_id=request.request_id,
            person_id=request.patient.person_id,
            scheme_code=request.patient.scheme_code,
            care_region_code=request.bill.care_region_code,
            insured_region_code=request.patient.insured_region_code,
            institution_code=request.bill.institution_code,
            medical_type_code=request.bill.medical_type_code,
            end_date=read_date(request.bill.end_date),
            total=request.bill.total.fen,
            content=hashlib.sha256(request.SerializeToString(deterministic=True)).hexdigest(),
            quoted=self._quoted.get(request.quote),
            invoice=request.bill.invoice_number,
        )
        reply, _ = await self._caller.insist(action, asked, self._stub.Settle, request)
        if isinstance(reply, history.Answered):
            self._known[action.order] = reply.settlement.settlement_id

    async def _try(self, action: Action, order: Order) -> None:
        """Asks for a quote, which the request names from then on."""
        sent = order.request
        request = pb.PreSettleRequest(
            patient=sent.patient, bill=sent.bill, use_account=sent.use_account
        )
        asked = history.PreSettle(person_id=request.patient.person_id, total=request.bill.total.fen)
        _, response = await self._caller.insist(action, asked, self._stub.PreSettle, request)
        if action.order not in self._sent and response is not None:
            sent.quote = response.quote
            self._quoted[response.quote] = read_adjudication(response.settlement.adjudication)

    async def _get(self, action: Action, order: Order) -> None:
        request_id = order.request.request_id
        request = pb.GetSettlementRequest(request_id=request_id)
        asked = history.Get(request_id=request_id)
        reply, _ = await self._caller.insist(action, asked, self._stub.GetSettlement, request)
        if isinstance(reply, history.Answered):
            self._known[action.order] = reply.settlement.settlement_id

    async def _reverse(self, action: Action, order: Order) -> None:
        by_id, by_request = order.reversal_ids
        if action.kind is Kind.REVERSE_BY_ID:
            if action.order not in self._known:
                await self._get(action, order)
            settlement_id = self._known.get(action.order)
            if settlement_id is None:
                return
            request = pb.ReverseSettlementRequest(request_id=by_id, settlement_id=settlement_id)
        else:
            request = pb.ReverseSettlementRequest(
                request_id=by_request, settle_request_id=order.request.request_id
            )
        asked = history.Reverse(
            request_id=request.request_id,
            settlement_id=request.settlement_id,
            settle_request_id=request.settle_request_id,
        )
        await self._caller.insist(action, asked, self._stub.ReverseSettlement, request)

    async def repeat_all(self) -> None:
        """Sends every request once more when all is quiet: the answers must be the first ones."""
        for order in sorted(self._sent):
            action = Action(
                number=len(self._plan.actions),
                at_s=0.0,
                kind=Kind.SETTLE,
                order=order,
                draw=0,
                at_once=False,
                attempts_max=1,
                timeout_s=5.0,
            )
            await self._settle(action, self._plan.orders[order].request)
