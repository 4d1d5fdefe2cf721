"""Visits: registered, charged over days, settled in parts, undone step by step."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from google.type.decimal_pb2 import Decimal as DecimalMessage

from services.cli import cases
from services.kit.codes import is_cross_province
from services.kit.money import to_fen
from services.kit.wire import write_date, write_money
from services.proving import history, reading
from services.proving.chaos.desk import Desk, Logbook, settled, shown
from services.proving.chaos.hospital import fingerprint
from services.proving.chaos.plan import Course, Treatment
from services.proving.history import Answered, Reply, Scope, VisitAnswered
from yijie.common.v1 import bill_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.settlement.v1 import visit_pb2
from yijie.settlement.v1 import visit_service_pb2 as visit_pb

_OUTPATIENT: Final = "11"
_INPATIENT: Final = "21"
_STAY: Final = timedelta(days=6)
_MIDDLE: Final = timedelta(days=3)
_FIRST_BATCH: Final = "A"
_SECOND_BATCH: Final = "B"
_BY_ORDER: Final = "1"
_UNDONE_SHARE: Final = 0.5


class VisitDesk(Desk):
    """One visit of one person. Needs two lines at least."""

    def __init__(self, logbook: Logbook, treatment: Treatment, whole: pb.SettleRequest) -> None:
        """Takes the person's whole bill, of which the visit has some lines."""
        super().__init__(logbook, treatment)
        self._whole = whole
        indexes = sorted({*treatment.lines, 0, 1})
        self._fees = [whole.bill.lines[index] for index in indexes]
        self._last = reading.read_date(whole.bill.end_date)
        self._first = self._last - _STAY
        self._institution = whole.bill.institution_code
        # What the plan leaves open; the same each time.
        self._drawn = random.Random(treatment.request_id.int)  # noqa: S311 - no secret

    async def run(self) -> None:
        """Follows the course of the plan to its end."""
        course = {
            Course.BATCHES: self._batches,
            Course.STAY: self._stay,
            Course.RIVALS: self._rivals,
            Course.OVERLAP: self._overlap,
        }[self._treatment.course]
        await course()

    # --- courses ----------------------------------------------------------------------------------

    async def _batches(self) -> None:
        visit_id = await self._registered(_OUTPATIENT, self._last)
        if not visit_id:
            return
        half = len(self._fees) // 2
        first = [self._line(fee, self._last, _FIRST_BATCH) for fee in self._fees[:half]]
        second = [self._line(fee, self._last, _SECOND_BATCH) for fee in self._fees[half:]]
        first += [self._refund(line) for line in first if _units(line) > 1][:1]
        self.note("fees sent twice at once")
        await asyncio.gather(
            self._upload("first", visit_id, first), self._upload("first", visit_id, first)
        )
        for label, lines in (("first", first), ("second", second)):
            if not await self._uploaded(label, visit_id, lines):
                return
        await self._presettle(visit_id, Scope.BATCH, _FIRST_BATCH)
        reply, _ = await asyncio.gather(
            self._settled("batch A", visit_id, Scope.BATCH, first, batch=_FIRST_BATCH),
            self._settled("batch B", visit_id, Scope.BATCH, second, batch=_SECOND_BATCH),
        )
        await self.pause()
        if isinstance(reply, Answered) and await self._reversed("batch A", reply):
            await self._settled("batch A again", visit_id, Scope.BATCH, first, batch=_FIRST_BATCH)
        await self.get(self.named("batch A"))

    async def _stay(self) -> None:
        visit_id = await self._registered(_INPATIENT, self._first)
        if not visit_id:
            return
        middle, last = self._first + _MIDDLE, self._last
        half = len(self._fees) // 2
        early = [self._line(fee, middle) for fee in self._fees[:half]]
        late = [self._line(fee, last) for fee in self._fees[half:]]
        interim: Reply | None = None
        if await self._uploaded("early", visit_id, early):
            interim = await self._settled("interim", visit_id, Scope.INTERIM, early, until=middle)
        covered = early if isinstance(interim, Answered) else []
        done = await self._uploaded("late", visit_id, late)
        await self._discharged("discharge", visit_id)
        if not done:
            return
        rest = late if covered else [*early, *late]
        final = await self._settled("final", visit_id, Scope.FINAL, rest)
        if self._drawn.random() < _UNDONE_SHARE and isinstance(final, Answered):
            await self.pause()
            await self._undone(visit_id, interim, final)

    async def _undone(self, visit_id: str, interim: Reply | None, final: Answered) -> None:
        """Takes a stay back to where it was not: settlements, discharge, fees, visit."""
        if isinstance(interim, Answered):
            self.note("older settlement of a stay reversed first")
            await self.reverse("too early", interim.settlement.settlement_id)
        if not await self._reversed("final", final):
            return
        if isinstance(interim, Answered) and not await self._reversed("interim", interim):
            return
        back = await self._discharged("discharge undone", visit_id, undo=True)
        # Refused where the person has been admitted elsewhere meanwhile: then it stays as it is.
        if isinstance(back, VisitAnswered):
            await self.insist(lambda: self._cancel_fees("fees", visit_id))
            await self._cancelled("visit", visit_id, self._institution)
            # What is taken back keeps its first answer.
            self.note("registered again under the same id")
            await self._registered(_INPATIENT, self._first)
            await self._discharged("discharge", visit_id)

    async def _rivals(self) -> None:
        visit_id = await self._registered(_INPATIENT, self._first)
        if not visit_id:
            return
        lines = [self._line(fee, self._first) for fee in self._fees]
        done = await self._uploaded("all", visit_id, lines)
        await self._discharged("discharge", visit_id)
        if not done:
            return
        for attempt in ("first", "second"):
            self.note("a stay settled under two ids at once")
            replies = await asyncio.gather(
                *(
                    self._settled(f"{attempt} {rival}", visit_id, Scope.FINAL, lines)
                    for rival in ("rival", "other rival")
                )
            )
            won = [reply for reply in replies if isinstance(reply, Answered)]
            if attempt == "first" and (not won or not await self._reversed(attempt, won[0])):
                return

    async def _overlap(self) -> None:
        places = [
            place.institution_code
            for place in cases.institutions().values()
            if is_cross_province(
                care=place.region_code, insured=self._whole.patient.insured_region_code
            )
            and any(opening.medical_type_code == _INPATIENT for opening in place.openings)
        ]
        first, second = self._drawn.sample(sorted(places), 2)
        self.note("two stays registered at once")
        replies = await asyncio.gather(
            self.insist(lambda: self._register("here", _INPATIENT, self._first, first)),
            self.insist(lambda: self._register("there", _INPATIENT, self._first, second)),
        )
        for label, place, reply in zip(("here", "there"), (first, second), replies, strict=True):
            if isinstance(reply, VisitAnswered) and reply.visit is not None:
                await self._cancelled(f"visit {label}", reply.visit.visit_id, place)

    # --- steps, each until it is answered ---------------------------------------------------------

    async def _registered(self, medical_type: str, begin: date) -> str:
        reply = await self.insist(
            lambda: self._register("visit registered", medical_type, begin, self._institution)
        )
        if isinstance(reply, VisitAnswered) and reply.visit is not None:
            return reply.visit.visit_id
        return ""

    async def _uploaded(
        self, label: str, visit_id: str, lines: Sequence[visit_pb2.VisitLine]
    ) -> bool:
        reply = await self.insist(lambda: self._upload(label, visit_id, lines))
        return isinstance(reply, VisitAnswered)

    async def _discharged(self, label: str, visit_id: str, *, undo: bool = False) -> Reply:
        return await self.insist(lambda: self._discharge(label, visit_id, undo=undo))

    async def _cancelled(self, label: str, visit_id: str, place: str) -> Reply:
        return await self.insist(lambda: self._cancel_visit(label, visit_id, place))

    async def _settled(
        self,
        label: str,
        visit_id: str,
        scope: Scope,
        lines: Sequence[visit_pb2.VisitLine],
        *,
        batch: str = "",
        until: date | None = None,
    ) -> Reply:
        request = pb.SettleVisitRequest(
            request_id=self.named(label),
            visit_id=visit_id,
            institution_code=self._institution,
            credential=self._whole.patient.credential,
            scope=reading.SCOPE_NUMBERS[scope],
            until_date=write_date(until) if until else None,
            charge_batch_number=batch,
            use_account=self._treatment.use_account,
            expected_total=write_money(sum(line.line.amount.fen for line in lines)),
        )
        sent = history.SettleVisit(
            request_id=request.request_id,
            visit_id=visit_id,
            scope=scope,
            expected_total=request.expected_total.fen,
            charge_batch_number=batch,
            until_date=until,
            content=fingerprint(request),
        )
        return await self.insist(
            lambda: self.attempt(
                sent,
                lambda window, timeout: window.settlement.SettleVisit(request, timeout=timeout),
                settled,
            )
        )

    async def _reversed(self, label: str, reply: Answered) -> bool:
        settlement_id = reply.settlement.settlement_id
        undone = await self.insist(lambda: self.reverse(f"{label} reversed", settlement_id))
        return isinstance(undone, Answered)

    # --- attempts ---------------------------------------------------------------------------------

    async def _register(
        self, label: str, medical_type: str, begin: date, institution: str
    ) -> Reply:
        request = visit_pb.RegisterVisitRequest(
            request_id=self.named(label),
            institution_code=institution,
            patient=self._whole.patient,
            record=visit_pb2.VisitRecord(
                medical_type_code=medical_type,
                begin_date=write_date(begin),
                admission_diagnoses=self._whole.bill.diagnoses,
                scheme_code=self._whole.patient.scheme_code,
            ),
        )
        return await self.attempt(
            history.RegisterVisit(
                request_id=request.request_id,
                person_id=request.patient.person_id,
                institution_code=institution,
                medical_type_code=medical_type,
            ),
            lambda window, timeout: window.visits.RegisterVisit(request, timeout=timeout),
            _visit,
        )

    async def _upload(
        self, label: str, visit_id: str, lines: Sequence[visit_pb2.VisitLine]
    ) -> Reply:
        request = visit_pb.UploadFeesRequest(
            request_id=self.named(f"{label} fees"),
            visit_id=visit_id,
            institution_code=self._institution,
            lines=lines,
        )
        return await self.attempt(
            history.UploadFees(
                request_id=request.request_id,
                visit_id=visit_id,
                lines=tuple(reading.read_visit_line(line) for line in lines),
            ),
            lambda window, timeout: window.visits.UploadFees(request, timeout=timeout),
            _counted,
        )

    async def _cancel_fees(self, label: str, visit_id: str) -> Reply:
        request = visit_pb.CancelFeesRequest(
            request_id=self.named(f"{label} cancelled"),
            visit_id=visit_id,
            institution_code=self._institution,
            all=True,
        )
        return await self.attempt(
            history.CancelFees(request_id=request.request_id, visit_id=visit_id),
            lambda window, timeout: window.visits.CancelFees(request, timeout=timeout),
            _counted,
        )

    async def _discharge(self, label: str, visit_id: str, *, undo: bool) -> Reply:
        sent = history.Discharge(request_id=self.named(label), visit_id=visit_id, undo=undo)
        if undo:
            undone = visit_pb.CancelDischargeRequest(
                request_id=sent.request_id,
                visit_id=visit_id,
                institution_code=self._institution,
            )
            return await self.attempt(
                sent,
                lambda window, timeout: window.visits.CancelDischarge(undone, timeout=timeout),
                _visit,
            )
        request = visit_pb.DischargeVisitRequest(
            request_id=sent.request_id,
            visit_id=visit_id,
            institution_code=self._institution,
            discharge=visit_pb2.DischargeRecord(
                discharge_date=write_date(self._last),
                discharge_diagnoses=self._whole.bill.diagnoses,
                discharge_way_code=_BY_ORDER,
            ),
        )
        return await self.attempt(
            sent,
            lambda window, timeout: window.visits.DischargeVisit(request, timeout=timeout),
            _visit,
        )

    async def _cancel_visit(self, label: str, visit_id: str, institution: str) -> Reply:
        request = visit_pb.CancelVisitRequest(
            request_id=self.named(f"{label} cancelled"),
            visit_id=visit_id,
            institution_code=institution,
        )
        return await self.attempt(
            history.CancelVisit(request_id=request.request_id, visit_id=visit_id),
            lambda window, timeout: window.visits.CancelVisit(request, timeout=timeout),
            _visit,
        )

    async def _presettle(self, visit_id: str, scope: Scope, batch: str) -> Reply:
        request = pb.PreSettleVisitRequest(
            visit_id=visit_id,
            institution_code=self._institution,
            credential=self._whole.patient.credential,
            scope=reading.SCOPE_NUMBERS[scope],
            charge_batch_number=batch,
            use_account=self._treatment.use_account,
        )
        return await self.attempt(
            history.PreSettle(person_id=self._whole.patient.person_id, total=0, visit_id=visit_id),
            lambda window, timeout: window.settlement.PreSettleVisit(request, timeout=timeout),
            shown,
        )

    # --- lines ------------------------------------------------------------------------------------

    def _line(self, fee: bill_pb2.FeeLine, day: date, batch: str = "") -> visit_pb2.VisitLine:
        line = visit_pb2.VisitLine(line=fee, charge_batch_number=batch)
        line.line.fee_date.CopyFrom(write_date(day))
        return line

    def _refund(self, original: visit_pb2.VisitLine) -> visit_pb2.VisitLine:
        """Gives one unit of a line back."""
        line = visit_pb2.VisitLine()
        line.CopyFrom(original)
        line.line.line_id = f"{original.line.line_id}-R"
        line.refund_of_line_id = original.line.line_id
        line.line.quantity.CopyFrom(DecimalMessage(value="-1"))
        price = to_fen(Decimal(original.line.unit_price.value))
        line.line.amount.CopyFrom(write_money(-price))
        return line


def _units(line: visit_pb2.VisitLine) -> Decimal:
    return Decimal(line.line.quantity.value)


def _visit(answer: Any) -> Reply:
    return VisitAnswered(reading.read_visit(answer.visit))


def _counted(answer: Any) -> Reply:
    return VisitAnswered(None, answer.line_count, answer.line_total.fen)
