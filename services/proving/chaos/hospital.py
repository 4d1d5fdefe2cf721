"""Bills sent whole: what a hospital does with one, by the course that the plan has for it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from services.kit.wire import write_money
from services.proving import history, reading
from services.proving.chaos.desk import Desk, Logbook, settled, shown
from services.proving.chaos.plan import Course, Treatment
from services.proving.history import Adjudication, Answered, Reply
from yijie.settlement.v1 import settlement_service_pb2 as pb

_LOOKS: Final = 4
_RUSH: Final = 4
_LOOK_S: Final = 0.05


class BillDesk(Desk):
    """One bill of one person."""

    def __init__(self, logbook: Logbook, treatment: Treatment, whole: pb.SettleRequest) -> None:
        """Takes the person's whole bill, of which the treatment has some lines."""
        super().__init__(logbook, treatment)
        self._request = _part_of(whole, treatment)

    async def run(self) -> None:
        """Follows the course of the plan to its end."""
        course = {
            Course.PLAIN: self._plain,
            Course.REPEATED: self._repeated,
            Course.TWICE: self._twice,
            Course.TAKEN_BACK: self._taken_back,
            Course.UNDONE: self._undone,
            Course.RACED: self._raced,
            Course.VOIDED: self._voided,
            Course.WATCHED: self._watched,
            Course.ALTERED: self._altered,
            Course.ABANDONED: self._abandoned,
            Course.RUSH: self._rush,
            Course.QUOTED: self._quoted,
        }[self._treatment.course]
        await course()

    # --- courses ----------------------------------------------------------------------------------

    async def _plain(self) -> None:
        await self.insist(self._settle)
        await self._look()

    async def _repeated(self) -> None:
        await self.insist(self._settle)
        await self.pause()
        self.note("repeated later")
        await self.insist(self._settle)

    async def _twice(self) -> None:
        self.note("sent twice at once")
        await asyncio.gather(self._settle(), self._settle())
        await self.insist(self._settle)
        await self._look()

    async def _taken_back(self) -> None:
        reply = await self.insist(self._settle)
        if not isinstance(reply, Answered):
            return
        await self.pause()
        settlement_id = reply.settlement.settlement_id

        async def reverse() -> Reply:
            return await self.reverse("reversal", settlement_id)

        self.note("reversal sent twice at once")
        await asyncio.gather(reverse(), reverse())
        await self.insist(reverse)
        await self._look()
        self.note("reversed again under another id")
        await self.reverse("another reversal", settlement_id)
        await self._settle()

    async def _undone(self) -> None:
        await self._settle()
        await self._undo()
        await self._look()

    async def _raced(self) -> None:
        self.note("settled and reversed at once")
        await asyncio.gather(self._settle(), self._undo())
        await self._settle()
        await self._undo()

    async def _voided(self) -> None:
        await self._undo()
        await self._settle()
        await self._look()

    async def _watched(self) -> None:
        await self._presettle()

        async def look(after_s: float) -> None:
            await asyncio.sleep(after_s)
            await self._look()

        await asyncio.gather(
            self.insist(self._settle), *(look(_LOOK_S * turn) for turn in range(_LOOKS))
        )
        await self.get(self._request.request_id, full=True)

    async def _altered(self) -> None:
        await self.insist(self._settle)
        other = pb.SettleRequest()
        other.CopyFrom(self._request)
        other.use_account = not other.use_account
        self.note("same id, other content")
        await self._send(other)

    async def _abandoned(self) -> None:
        self.note("never asked for again")
        await self._send(self._request, timeout_s=min(self._treatment.deadlines_s))

    async def _quoted(self) -> None:
        """Settles by a quote at once, and by another that something came in between."""
        for label, between in (("by quote", False), ("by old quote", True)):
            quote, quoted = await self._quote()
            if quoted is None:
                return
            if between:
                await self.insist(self._settle)
            request = pb.SettleRequest()
            request.CopyFrom(self._request)
            _name(request, self.named(label))
            request.quote = quote
            self.note("settled by a quote")
            await self.insist(partial(self._send, request, quoted=quoted))

    async def _rush(self) -> None:
        """Two hospitals in the same second: what one uses up the others must not have."""
        self.note("bills of one person sent at once")
        bills = []
        for number in range(_RUSH):
            bill = pb.SettleRequest()
            bill.CopyFrom(self._request)
            _name(bill, self.named(f"rush {number}"))
            bills.append(bill)
        replies = await asyncio.gather(*(self.insist(partial(self._send, bill)) for bill in bills))
        known = [reply for reply in replies if isinstance(reply, Answered)]
        if len(known) > 1 and self._treatment.use_account:
            # And given back in another order than they were taken.
            first, second = known[1].settlement.settlement_id, known[0].settlement.settlement_id
            await asyncio.gather(
                self.insist(lambda: self.reverse("rush back", first)),
                self.insist(lambda: self.reverse("rush back too", second)),
            )

    # --- steps ------------------------------------------------------------------------------------

    async def _undo(self) -> None:
        request_id = self._request.request_id

        async def undo() -> Reply:
            return await self.undo("undoing", request_id)

        self.note("reversal sent twice at once")
        await asyncio.gather(undo(), self.undo("another undoing", request_id))
        await self.insist(undo)

    async def _look(self) -> Reply:
        return await self.get(self._request.request_id)

    async def _settle(self) -> Reply:
        return await self._send(self._request)

    async def _send(
        self,
        request: pb.SettleRequest,
        *,
        timeout_s: float | None = None,
        quoted: Adjudication | None = None,
    ) -> Reply:
        return await self.attempt(
            _sent(request, quoted),
            lambda window, timeout: window.settlement.Settle(request, timeout=timeout),
            settled,
            timeout_s=timeout_s,
        )

    async def _presettle(self, read: Callable[[Any], Reply] = shown) -> Reply:
        request = pb.PreSettleRequest(
            patient=self._request.patient,
            bill=self._request.bill,
            use_account=self._request.use_account,
        )
        return await self.attempt(
            history.PreSettle(person_id=request.patient.person_id, total=request.bill.total.fen),
            lambda window, timeout: window.settlement.PreSettle(request, timeout=timeout),
            read,
        )

    async def _quote(self) -> tuple[str, Adjudication | None]:
        """Returns a quote with its amounts; None: there was no answer."""
        quotes: list[str] = []

        def read(answer: Any) -> Reply:
            quotes.append(answer.quote)
            return shown(answer)

        reply = await self.insist(partial(self._presettle, read))
        if isinstance(reply, Answered):
            return quotes[-1], reply.settlement.adjudication
        return "", None


def fingerprint(request: Any) -> str:
    """Returns what stands for a request's content: the history holds no credential."""
    content = type(request)()
    content.CopyFrom(request)
    content.ClearField("request_id")
    return hashlib.sha256(content.SerializeToString(deterministic=True)).hexdigest()[:16]


def _name(request: pb.SettleRequest, request_id: str) -> None:
    """Gives a bill its request id and an invoice of its own."""
    request.request_id = request_id
    request.bill.invoice_number = f"CH{request_id.replace('-', '')}"


def _part_of(whole: pb.SettleRequest, treatment: Treatment) -> pb.SettleRequest:
    request = pb.SettleRequest()
    request.CopyFrom(whole)
    _name(request, str(treatment.request_id))
    request.use_account = treatment.use_account
    del request.bill.lines[:]
    request.bill.lines.extend(whole.bill.lines[index] for index in treatment.lines)
    request.bill.total.CopyFrom(write_money(sum(line.amount.fen for line in request.bill.lines)))
    return request


def _sent(request: pb.SettleRequest, quoted: Adjudication | None) -> history.Settle:
    patient, bill = request.patient, request.bill
    return history.Settle(
        request_id=request.request_id,
        person_id=patient.person_id,
        scheme_code=patient.scheme_code,
        care_region_code=bill.care_region_code,
        insured_region_code=patient.insured_region_code,
        institution_code=bill.institution_code,
        medical_type_code=bill.medical_type_code,
        end_date=reading.read_date(bill.end_date),
        total=bill.total.fen,
        content=fingerprint(request),
        quoted=quoted,
        invoice=bill.invoice_number,
    )
