"""The life of a visit, played against a mesh: registered, charged, settled twice, all undone.

A hospital registers a stay, uploads its fees in several calls, refunds one, settles in the middle
of the stay, discharges, asks for a quote and settles by it. Then it takes everything back, first
in an order that is refused and then in the right one, and everything must be as it was.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from google.type.decimal_pb2 import Decimal as DecimalMessage

from services.cli.cases import DemoCase
from services.cli.outcome import Check, Outcome, Standing, identities
from services.cli.province import SETTLE_S, Province
from services.kit import telemetry
from services.kit.errors import RuleForbids
from services.kit.wire import read_date, write_date, write_money
from yijie.common.v1 import bill_pb2
from yijie.settlement.v1 import settlement_pb2, visit_pb2, visit_service_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

_LINES_PER_CALL: Final = 200
_FINAL: Final = settlement_pb2.SETTLEMENT_SCOPE_FINAL
_INTERIM: Final = settlement_pb2.SETTLEMENT_SCOPE_INTERIM


class Stay:
    """One stay of a demo case, at the hospital's window."""

    def __init__(self, province: Province, case: DemoCase) -> None:
        """Holds the connection and the bill whose fees are uploaded."""
        self._province = province
        self._case = case
        self._institution = case.bill.institution_code
        self._visit_id = ""

    async def play(self, outcome: Outcome, patient: settlement_pb2.Patient) -> str:
        """Plays the stay until both settlements are reversed and fills in what came of it.

        Returns the settlement that was reversed last.
        """
        bill = self._case.bill
        await self._register(patient)
        refund = await self._upload(bill.lines)
        net = bill.total.fen + refund.amount.fen
        first, last = (read_date(day, "") for day in (bill.begin_date, bill.end_date))
        middle = first + (last - first) // 2
        # The refunded line is the first: it falls into the first part.
        interim_net = refund.amount.fen + sum(
            line.amount.fen for line in bill.lines if read_date(line.fee_date, "") <= middle
        )
        interim = await self._settle(
            pb.SettleVisitRequest(
                scope=_INTERIM,
                until_date=write_date(middle),
                expected_total=write_money(interim_net),
            )
        )
        await self._discharge()
        quoted = await self._quote()
        started = time.perf_counter()
        with telemetry.span("province.settle_visit"):
            outcome.trace_id = telemetry.trace_id()
            final = await self._settle(
                pb.SettleVisitRequest(
                    scope=_FINAL,
                    expected_total=write_money(net - interim_net),
                    quote=quoted.quote,
                    with_trace=True,
                )
            )
        outcome.elapsed_ms = round((time.perf_counter() - started) * 1000, 3)
        outcome.settlement = final.settlement
        paid, shown = final.settlement.adjudication, quoted.settlement.adjudication
        outcome.checks = [
            *identities(final.settlement, net - interim_net),
            Check(
                "quote",
                "结算金额与预结算报价分毫不差",
                "the settlement equals its quote to the fen",
                (paid.fund_total, paid.account_pay, paid.cash_pay)
                == (shown.fund_total, shown.account_pay, shown.cash_pay),
            ),
            Check(
                "parts",
                "中途结算 + 出院结算 = 全部费用减退费",
                "interim and final settlement are all fees less the refund",
                interim.settlement.amounts.total.fen + final.settlement.amounts.total.fen == net,
            ),
            await self._too_early(interim.settlement.settlement_id),
        ]
        for settlement in (final.settlement, interim.settlement):
            await self._province.reverse(settlement.settlement_id, uuid4())
        return interim.settlement.settlement_id

    async def undo(self) -> visit_pb2.VisitState:
        """Takes discharge, fees and registration back; returns the visit's last state."""
        visits = self._province.visits
        await self._province.call(
            visits.CancelDischarge, visit_service_pb2.CancelDischargeRequest(**self._named())
        )
        await self._province.call(
            visits.CancelFees, visit_service_pb2.CancelFeesRequest(**self._named(), all=True)
        )
        answer = await self._province.call(
            visits.CancelVisit, visit_service_pb2.CancelVisitRequest(**self._named())
        )
        return answer.visit.state  # type: ignore[no-any-return]

    async def _register(self, patient: settlement_pb2.Patient) -> None:
        bill = self._case.bill
        answer = await self._province.call(
            self._province.visits.RegisterVisit,
            visit_service_pb2.RegisterVisitRequest(
                request_id=str(uuid4()),
                institution_code=self._institution,
                patient=patient,
                record=visit_pb2.VisitRecord(
                    medical_type_code=bill.medical_type_code,
                    begin_date=bill.begin_date,
                    emergency=bill.emergency,
                    admission_diagnoses=bill.diagnoses,
                    scheme_code=self._case.scheme_code,
                ),
            ),
        )
        self._visit_id = answer.visit.visit_id

    async def _upload(self, lines: Sequence[bill_pb2.FeeLine]) -> bill_pb2.FeeLine:
        """Uploads all lines and a refund of the first; returns the refund."""
        for start in range(0, len(lines), _LINES_PER_CALL):
            await self._add(
                [visit_pb2.VisitLine(line=one) for one in lines[start : start + _LINES_PER_CALL]]
            )
        refund = bill_pb2.FeeLine()
        refund.CopyFrom(lines[0])
        refund.line_id = f"R-{lines[0].line_id}"
        refund.quantity.CopyFrom(DecimalMessage(value=f"-{lines[0].quantity.value}"))
        refund.amount.fen = -lines[0].amount.fen
        await self._add([visit_pb2.VisitLine(line=refund, refund_of_line_id=lines[0].line_id)])
        return refund

    async def _add(self, lines: Sequence[visit_pb2.VisitLine]) -> None:
        await self._province.call(
            self._province.visits.UploadFees,
            visit_service_pb2.UploadFeesRequest(**self._named(), lines=lines),
        )

    async def _discharge(self) -> None:
        bill = self._case.bill
        await self._province.call(
            self._province.visits.DischargeVisit,
            visit_service_pb2.DischargeVisitRequest(
                **self._named(),
                discharge=visit_pb2.DischargeRecord(
                    discharge_date=bill.end_date,
                    discharge_diagnoses=bill.diagnoses,
                    discharge_way_code="1",
                ),
            ),
        )

    async def _quote(self) -> pb.PreSettleVisitResponse:
        request = pb.PreSettleVisitRequest(
            visit_id=self._visit_id,
            institution_code=self._institution,
            credential=self._case.credential,
            scope=_FINAL,
            use_account=True,
        )
        answer: pb.PreSettleVisitResponse = await self._province.call(
            self._province.settlement.PreSettleVisit, request, within_s=SETTLE_S
        )
        return answer

    async def _settle(self, request: pb.SettleVisitRequest) -> pb.SettleVisitResponse:
        request.request_id = str(uuid4())
        request.visit_id = self._visit_id
        request.institution_code = self._institution
        request.credential.CopyFrom(self._case.credential)
        request.use_account = True
        answer: pb.SettleVisitResponse = await self._province.call(
            self._province.settlement.SettleVisit, request, within_s=SETTLE_S
        )
        return answer

    async def _too_early(self, interim_id: str) -> Check:
        """Tries to reverse the interim settlement below the final one."""
        try:
            await self._province.reverse(interim_id, uuid4())
        except RuleForbids as error:
            refused = error.reason == "UNDO_ORDER"
        else:
            refused = False
        return Check(
            "undo_order",
            "先撤中途结算被拒，指明应先撤销的结算",
            "undoing the interim settlement first is refused, naming what is undone first",
            refused,
        )

    def _named(self) -> dict[str, str]:
        return {
            "request_id": str(uuid4()),
            "visit_id": self._visit_id,
            "institution_code": self._institution,
        }


def undone(before: Standing, after: Standing, state: visit_pb2.VisitState) -> list[Check]:
    """Returns what must hold once everything was taken back."""
    return [
        Check(
            "cancelled",
            "结算、出院、费用、登记依次撤销",
            "settlements, discharge, fees and registration are taken back",
            state == visit_pb2.VISIT_STATE_CANCELLED,
        ),
        Check(
            "accumulators",
            "年度累计、账户余额、清算往来与登记前相同",
            "accumulators, account and ledger are as before registration",
            after == before,
        ),
    ]
