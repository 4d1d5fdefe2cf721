"""Visits as hospitals keep them: registered, charged, settled in parts, discharged and undone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any, Final

from services.kit import wire
from services.proving import history
from services.proving.reading import read_adjudication, read_visit_line
from services.proving.simulation.caller import Caller
from services.proving.simulation.people import (
    ITEMS,
    STAY,
    TODAY,
    credential,
    fee_line,
    patient,
)
from services.proving.simulation.plan import Action, Kind, Plan, Treatment, ident
from services.proving.simulation.refiler import Refiler
from yijie.settlement.v1 import settlement_pb2, visit_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.settlement.v1 import visit_service_pb2 as visits

_SCOPES: Final = {
    Kind.FINAL: settlement_pb2.SETTLEMENT_SCOPE_FINAL,
    Kind.INTERIM: settlement_pb2.SETTLEMENT_SCOPE_INTERIM,
    Kind.BATCH: settlement_pb2.SETTLEMENT_SCOPE_BATCH,
}
_ONE_LINE: Final = 0.5
_BY_ACCOUNT: Final = 0.6
_QUOTED: Final = 0.4
_TWICE: Final = 0.2
_RIVALS: Final = 0.25
_SOON_S: Final = 0.012
_NEWEST: Final = 0.8
_NAMES: Final = {
    settlement_pb2.SETTLEMENT_SCOPE_FINAL: history.Scope.FINAL,
    settlement_pb2.SETTLEMENT_SCOPE_INTERIM: history.Scope.INTERIM,
    settlement_pb2.SETTLEMENT_SCOPE_BATCH: history.Scope.BATCH,
}


@dataclass(slots=True)
class _Books:
    """What the hospital itself has written down of a visit."""

    visit_id: str = ""
    lines: list[Any] = field(default_factory=list)
    """yijie.settlement.v1.VisitLine of uploads that were acknowledged."""
    settled: list[str] = field(default_factory=list)
    """Settlements that were acknowledged, oldest first."""


class Ward:
    """Does what is done to visits."""

    def __init__(
        self, caller: Caller, settlement: Any, visit: Any, plan: Plan, refiler: Refiler
    ) -> None:
        """Takes the stubs of SettlementService and VisitService."""
        self._refiler = refiler
        self._caller = caller
        self._settlement = settlement
        self._visit = visit
        self._plan = plan
        self._books = [_Books() for _ in plan.treatments]
        self._turns = [asyncio.Lock() for _ in plan.treatments]

    async def carry_out(self, action: Action) -> None:
        """Does one action, mostly when what came before on the visit is done."""
        random = Random(action.draw)  # noqa: S311 - a plan, not a secret
        if action.at_once:
            await self._do(action, random)
            return
        async with self._turns[action.order]:
            await self._do(action, random)

    async def _do(self, action: Action, random: Random) -> None:
        """Without a visit id registers first."""
        books, treatment = self._books[action.order], self._plan.treatments[action.order]
        if action.kind is Kind.REGISTER or not books.visit_id:
            await self._register(action, books, treatment)
        if not books.visit_id or action.kind is Kind.REGISTER:
            return
        if action.kind in _SCOPES:
            await self._settle(action, books, treatment, random)
        elif action.kind is Kind.REVERSE_PART:
            await self._reverse(action, books, random)
        elif action.kind is Kind.RECOMPUTE_PART:
            await self._recompute(action, books, treatment)
        elif action.kind in {Kind.UPLOAD, Kind.REFUND}:
            await self._upload(action, books, treatment, random)
        elif action.kind is Kind.CANCEL_FEES:
            await self._cancel_fees(action, books, treatment, random)
        else:
            await self._change(action, books, treatment, random)

    async def _register(self, action: Action, books: _Books, treatment: Treatment) -> None:
        record = visit_pb2.VisitRecord(
            medical_type_code=treatment.medical_type_code,
            begin_date=wire.write_date(treatment.begin_date),
            scheme_code=treatment.person.scheme_code,
        )
        record.admission_diagnoses.add(diagnosis_code="I10.x00x002", main=True)
        request = visits.RegisterVisitRequest(
            request_id=treatment.register_id,
            institution_code=treatment.hospital.institution_code,
            patient=patient(treatment.person),
            record=record,
        )
        asked = history.RegisterVisit(
            request_id=request.request_id,
            person_id=request.patient.person_id,
            institution_code=request.institution_code,
            medical_type_code=treatment.medical_type_code,
        )
        _, response = await self._caller.insist(action, asked, self._visit.RegisterVisit, request)
        if response is not None:
            books.visit_id = response.visit.visit_id

    async def _upload(
        self, action: Action, books: _Books, treatment: Treatment, random: Random
    ) -> None:
        if action.kind is Kind.REFUND:
            lines = _refunds(books, random)
        else:
            lines = _charges(treatment, random)
        if not lines:
            return
        request = visits.UploadFeesRequest(
            request_id=ident(random),
            visit_id=books.visit_id,
            institution_code=treatment.hospital.institution_code,
            lines=lines,
        )
        asked = history.UploadFees(
            request_id=request.request_id,
            visit_id=books.visit_id,
            lines=tuple(map(read_visit_line, lines)),
        )
        _, response = await self._caller.insist(action, asked, self._visit.UploadFees, request)
        if response is not None:
            books.lines += lines

    async def _cancel_fees(
        self, action: Action, books: _Books, treatment: Treatment, random: Random
    ) -> None:
        request = visits.CancelFeesRequest(
            request_id=ident(random),
            visit_id=books.visit_id,
            institution_code=treatment.hospital.institution_code,
        )
        if books.lines and random.random() < _ONE_LINE:
            request.line_ids.append(random.choice(books.lines).line.line_id)
        else:
            request.all = True
        asked = history.CancelFees(
            request_id=request.request_id,
            visit_id=books.visit_id,
            line_ids=tuple(request.line_ids),
        )
        _, response = await self._caller.insist(action, asked, self._visit.CancelFees, request)
        if response is not None:
            books.lines = [
                one
                for one in books.lines
                if request.line_ids and one.line.line_id not in request.line_ids
            ]

    async def _settle(
        self, action: Action, books: _Books, treatment: Treatment, random: Random
    ) -> None:
        """Tries, and settles what the trial showed; sometimes from both windows at once."""
        named: dict[str, Any] = {
            "visit_id": books.visit_id,
            "institution_code": treatment.hospital.institution_code,
            "credential": credential(),
            "scope": _SCOPES[action.kind],
            "use_account": random.random() < _BY_ACCOUNT,
        }
        if action.kind is Kind.INTERIM:
            span = (TODAY - treatment.begin_date).days
            until = treatment.begin_date + timedelta(days=random.randint(0, span))
            named["until_date"] = wire.write_date(until)
        if action.kind is Kind.BATCH:
            named["charge_batch_number"] = random.choice(("", "b1"))
        trial = pb.PreSettleVisitRequest(**named)
        tried = history.PreSettle(
            person_id=str(treatment.person.person_id), total=0, visit_id=books.visit_id
        )
        _, shown = await self._caller.insist(action, tried, self._settlement.PreSettleVisit, trial)
        if shown is None:
            return
        request = pb.SettleVisitRequest(
            request_id=ident(random),
            expected_total=shown.settlement.amounts.total,
            quote=shown.quote if random.random() < _QUOTED else "",
            **named,
        )
        asked = history.SettleVisit(
            request_id=request.request_id,
            visit_id=books.visit_id,
            scope=_NAMES[request.scope],
            expected_total=request.expected_total.fen,
            charge_batch_number=request.charge_batch_number,
            content=request.quote,
            quoted=read_adjudication(shown.settlement.adjudication) if request.quote else None,
        )
        windows = 2 if random.random() < _TWICE else 1
        rival = random.choice((Kind.CANCEL_FEES, Kind.UPLOAD, Kind.CANCEL_DISCHARGE))
        meddling = None
        if random.random() < _RIVALS:
            changed = self._meddle(replace(action, kind=rival), books, treatment, random)
            meddling = asyncio.create_task(changed)
        told = await asyncio.gather(
            *(
                self._caller.insist(action, asked, self._settlement.SettleVisit, request)
                for _ in range(windows)
            )
        )
        if meddling is not None:
            await meddling
        for _, response in told:
            settled = response.settlement.settlement_id if response is not None else ""
            if settled and settled not in books.settled:
                books.settled.append(settled)

    async def _meddle(
        self, action: Action, books: _Books, treatment: Treatment, random: Random
    ) -> None:
        """Changes at another desk what is being settled at this one."""
        await asyncio.sleep(random.uniform(0.0, _SOON_S))
        if action.kind is Kind.CANCEL_FEES:
            await self._cancel_fees(action, books, treatment, random)
        elif action.kind is Kind.UPLOAD:
            await self._upload(action, books, treatment, random)
        else:
            await self._change(action, books, treatment, random)

    async def _reverse(self, action: Action, books: _Books, random: Random) -> None:
        if not books.settled:
            return
        # Mostly the newest; an older one of a stay is refused.
        which = books.settled[-1] if random.random() < _NEWEST else random.choice(books.settled)
        request = pb.ReverseSettlementRequest(request_id=ident(random), settlement_id=which)
        asked = history.Reverse(request_id=request.request_id, settlement_id=which)
        _, response = await self._caller.insist(
            action, asked, self._settlement.ReverseSettlement, request
        )
        if response is not None:
            books.settled.remove(which)

    async def _recompute(self, action: Action, books: _Books, treatment: Treatment) -> None:
        if not books.settled:
            return
        before = books.settled[-1]
        person_id = str(treatment.person.person_id)
        found = await self._refiler.recompute(action, person_id, before)
        if found is not None and before in books.settled:
            books.settled[books.settled.index(before)] = found

    async def _change(
        self, action: Action, books: _Books, treatment: Treatment, random: Random
    ) -> None:
        named: dict[str, Any] = {
            "request_id": ident(random),
            "visit_id": books.visit_id,
            "institution_code": treatment.hospital.institution_code,
        }
        asked: history.Request
        request: Any
        if action.kind is Kind.CANCEL_VISIT:
            request = visits.CancelVisitRequest(**named)
            asked = history.CancelVisit(request_id=request.request_id, visit_id=books.visit_id)
            await self._caller.insist(action, asked, self._visit.CancelVisit, request)
            return
        undo = action.kind is Kind.CANCEL_DISCHARGE
        asked = history.Discharge(
            request_id=named["request_id"], visit_id=books.visit_id, undo=undo
        )
        if undo:
            request = visits.CancelDischargeRequest(**named)
            await self._caller.insist(action, asked, self._visit.CancelDischarge, request)
            return
        request = visits.DischargeVisitRequest(**named)
        request.discharge.discharge_date.CopyFrom(wire.write_date(TODAY))
        request.discharge.discharge_diagnoses.add(diagnosis_code="I10.x00x002", main=True)
        request.discharge.discharge_way_code = "1"
        await self._caller.insist(action, asked, self._visit.DischargeVisit, request)


def _charges(treatment: Treatment, random: Random) -> list[Any]:
    is_stay = treatment.medical_type_code == STAY
    span = (TODAY - treatment.begin_date).days
    lines = []
    for _ in range(random.randint(1, 3)):
        # Few ids, so that some come twice.
        line_id = f"L{random.randint(1, 40)}"
        day = treatment.begin_date + timedelta(days=random.randint(0, span))
        line = visit_pb2.VisitLine(
            line=fee_line(random, line_id, random.choice(ITEMS), day, is_stay=is_stay)
        )
        if not is_stay:
            line.charge_batch_number = random.choice(("", "b1"))
        lines.append(line)
    return lines


def _refunds(books: _Books, random: Random) -> list[Any]:
    charged = [one for one in books.lines if not one.refund_of_line_id]
    if not charged:
        return []
    original = random.choice(charged)
    quantity = int(original.line.quantity.value)
    back = random.randint(1, quantity)
    refund = visit_pb2.VisitLine()
    refund.CopyFrom(original)
    refund.refund_of_line_id = original.line.line_id
    refund.line.line_id = f"R{random.randint(1, 1000)}"
    refund.line.fee_date.CopyFrom(wire.write_date(TODAY))
    refund.line.quantity.value = str(-back)
    refund.line.amount.fen = -(original.line.amount.fen // quantity) * back
    return [refund]
