"""Visits and their fees: register, change, discharge, upload, and each of them undone.

Every mutation reads, decides and writes by compare-and-set on the visit's revision; nothing is held
in between. Design: docs/adr/0011-visits.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.kit import call as calls
from services.kit import codes, diseases, telemetry
from services.kit.clock import Clock, civil_date
from services.kit.crypto import BlindIndex
from services.kit.db import ATTEMPTS_MAX
from services.kit.deadline import DeadlineTooShortError
from services.kit.errors import DomainError, LostRace, RuleForbids
from services.kit.idempotency import reused
from services.kit.ids import new_id
from services.kit.wire import read_date, write_money
from services.settlement import visit_messages as messages
from services.settlement import visit_previews
from services.settlement.clients import IdentityClient
from services.settlement.domain import visit_checks as checks
from services.settlement.domain import visit_fees as fees
from services.settlement.domain.visit import Line, Record, Visit, check_access, total_fen
from services.settlement.domain.visit_states import VisitState
from services.settlement.snapshots import Snapshots
from services.settlement.visit_store import Answer, StayOpenError, VisitStore
from yijie.identity.v1 import institution_pb2
from yijie.settlement.v1 import visit_pb2
from yijie.settlement.v1 import visit_service_pb2 as pb

M = TypeVar("M", bound=Message)

_RETRY_MS = 50
_VERIFIED_BY = frozenset({"medical_type_code", "begin_date", "disease_code"})
"""What an institution is opened for, and when."""


class Visits:
    """Use cases of visits. What they raise is what the contract documents for each RPC."""

    def __init__(
        self,
        *,
        store: VisitStore,
        identity: IdentityClient,
        snapshots: Snapshots,
        index: BlindIndex,
        clock: Clock,
    ) -> None:
        self._store = store
        self._identity = identity
        self._snapshots = snapshots
        self._index = index
        self._clock = clock

    async def register(self, request: pb.RegisterVisitRequest) -> pb.RegisterVisitResponse:
        """Registers a visit once per request id."""

        async def attempt(answered: _Answered) -> pb.RegisterVisitResponse | None:
            visit = await self._new_visit(request)
            response = pb.RegisterVisitResponse(visit=messages.write_visit(visit))
            done = self._store.insert(visit, answered(response))
            return response if await self._written(visit, done, "patient.person_id") else None

        return await self._once(request, pb.RegisterVisitResponse, attempt)

    async def update(self, request: pb.UpdateVisitRequest) -> pb.UpdateVisitResponse:
        """Changes fields of a visit's record."""

        async def attempt(answered: _Answered) -> pb.UpdateVisitResponse | None:
            visit = await self._find(request)
            wanted = messages.read_record(request.record)
            record = checks.changed_record(visit, wanted, list(request.update_mask.paths))
            now = self._clock.now()
            checks.check_record(
                record,
                institution_code=visit.institution_code,
                birth_date=visit.birth_date,
                today=civil_date(now),
                birth_field="record.begin_date",
            )
            checks.check_change(visit, record)
            await self._check_opened(visit, record)
            changed = _moved(visit, now, record=record)
            response = pb.UpdateVisitResponse(visit=messages.write_visit(changed))
            done = self._store.update(changed, answered(response), was_stay=visit.is_stay)
            at = "record.medical_type_code"
            return response if await self._written(changed, done, at) else None

        return await self._once(request, pb.UpdateVisitResponse, attempt)

    async def cancel(self, request: pb.CancelVisitRequest) -> pb.CancelVisitResponse:
        """Takes a registration back."""

        async def attempt(answered: _Answered) -> pb.CancelVisitResponse | None:
            visit = await self._find(request)
            checks.check_cancel(visit)
            changed = _moved(visit, self._clock.now(), recorded_state=VisitState.CANCELLED)
            response = pb.CancelVisitResponse(visit=messages.write_visit(changed))
            done = await self._store.update(changed, answered(response))
            return response if done else None

        return await self._once(request, pb.CancelVisitResponse, attempt)

    async def discharge(self, request: pb.DischargeVisitRequest) -> pb.DischargeVisitResponse:
        """Records that the patient left."""

        async def attempt(answered: _Answered) -> pb.DischargeVisitResponse | None:
            visit = await self._find(request)
            discharge = messages.read_discharge(request.discharge)
            now = self._clock.now()
            checks.check_discharge(visit, discharge, civil_date(now))
            changed = _moved(visit, now, recorded_state=VisitState.DISCHARGED, discharge=discharge)
            response = pb.DischargeVisitResponse(visit=messages.write_visit(changed))
            done = await self._store.update(changed, answered(response))
            return response if done else None

        return await self._once(request, pb.DischargeVisitResponse, attempt)

    async def cancel_discharge(
        self, request: pb.CancelDischargeRequest
    ) -> pb.CancelDischargeResponse:
        """Takes a discharge back; the stay is open again."""

        async def attempt(answered: _Answered) -> pb.CancelDischargeResponse | None:
            visit = await self._find(request)
            checks.check_cancel_discharge(visit)
            changed = _moved(
                visit, self._clock.now(), recorded_state=VisitState.REGISTERED, discharge=None
            )
            response = pb.CancelDischargeResponse(visit=messages.write_visit(changed))
            done = self._store.update(changed, answered(response))
            return response if await self._written(changed, done, "visit_id") else None

        return await self._once(request, pb.CancelDischargeResponse, attempt)

    async def upload(self, request: pb.UploadFeesRequest) -> pb.UploadFeesResponse:
        """Adds fee lines, all of them or none."""
        fees.check_count(len(request.lines))

        async def attempt(answered: _Answered) -> pb.UploadFeesResponse | None:
            now = self._clock.now()
            # Of themselves first: what is malformed costs no look into the database.
            fees.check_shapes(messages.read_lines(request.lines, revision=0, now=now))
            visit = await self._find(request)
            lines, standing = await self._accepted(visit, request, now)
            snapshot = self._snapshot(visit)
            with telemetry.span("settlement.classify"):
                results = visit_previews.classified_all(
                    snapshot, lines, messages.context_of(visit), standing=standing
                )
            changed = _with_lines(visit, now, lines)
            response = pb.UploadFeesResponse(
                results=results,
                line_count=changed.line_count,
                line_total=write_money(changed.line_total_fen),
            )
            done = await self._store.add_lines(changed, lines, answered(response))
            return response if done else None

        return await self._once(request, pb.UploadFeesResponse, attempt)

    async def cancel_fees(self, request: pb.CancelFeesRequest) -> pb.CancelFeesResponse:
        """Takes fee lines back."""

        async def attempt(answered: _Answered) -> pb.CancelFeesResponse | None:
            visit = await self._find(request)
            standing = await self._store.lines(visit.visit_id)
            gone = fees.lines_to_cancel(
                visit, standing, line_ids=list(request.line_ids), every=request.all
            )
            changed = _without_lines(visit, self._clock.now(), standing, gone)
            response = pb.CancelFeesResponse(
                cancelled_count=len(gone),
                line_count=changed.line_count,
                line_total=write_money(changed.line_total_fen),
            )
            done = await self._store.cancel_lines(changed, gone, answered(response))
            return response if done else None

        return await self._once(request, pb.CancelFeesResponse, attempt)

    async def get(self, request: pb.GetVisitRequest) -> visit_pb2.Visit:
        """Returns one visit."""
        return messages.write_visit(await self._find(request))

    async def page(
        self,
        institution_code: str,
        *,
        before: UUID | None,
        create_date_min: date | None,
        create_date_max: date | None,
        limit: int,
    ) -> Sequence[visit_pb2.Visit]:
        """Returns visits of an institution, newest first."""
        found = await self._store.page(
            institution_code,
            before=before,
            create_date_min=create_date_min,
            create_date_max=create_date_max,
            limit=limit,
        )
        return [messages.write_visit(visit) for visit in found]

    async def page_of_fees(
        self, request: pb.ListFeesRequest, *, after: tuple[int, int], limit: int
    ) -> Sequence[tuple[tuple[int, int], visit_pb2.VisitFee]]:
        """Returns fee lines in upload order, each with its place."""
        visit = await self._find(request)
        lines = await self._store.lines(visit.visit_id, after=after, limit=limit)
        snapshot = self._snapshot(visit) if lines else None
        standing: Sequence[Line] = ()
        if any(line.refund_of_line_id for line in lines):
            standing = await self._store.lines(visit.visit_id)
        results = visit_previews.classified_kept(
            snapshot, lines, messages.context_of(visit), standing=standing
        )
        return [
            ((line.revision, line.position), messages.write_fee_kept(visit, line, classified))
            for line, classified in zip(lines, results, strict=True)
        ]

    async def _new_visit(self, request: pb.RegisterVisitRequest) -> Visit:
        """Returns the visit that a registration would make, with identity's word on it."""
        now = self._clock.now()
        patient = request.patient
        calls.note(insured_region=codes.province_of(patient.insured_region_code))
        record = messages.read_record(request.record)
        birth_date = read_date(patient.birth_date, "patient.birth_date")
        checks.check_record(
            record,
            institution_code=request.institution_code,
            birth_date=birth_date,
            today=civil_date(now),
            birth_field="patient.birth_date",
        )
        checks.check_scheme(patient=patient.scheme_code, record=record.scheme_code)
        insured = patient.insured_region_code
        checks.check_regions(
            care=codes.institution_area(request.institution_code),
            insured=insured,
            field="patient.insured_region_code",
        )
        verified = await self._identity.verify(
            messages.verify_request(request), fields=messages.REGISTER_FIELDS
        )
        institution = verified.institution
        # The register decides where an institution belongs, not its code.
        checks.check_regions(
            care=institution.region_code, insured=insured, field="patient.insured_region_code"
        )
        return Visit(
            visit_id=new_id(now),
            recorded_state=VisitState.REGISTERED,
            institution_code=request.institution_code,
            care_region_code=institution.region_code,
            hospital_level_code=institution.hospital_level_code,
            person_id=UUID(patient.person_id),
            insured_region_code=insured,
            sex=str(patient.sex),
            birth_date=birth_date,
            record=record,
            discharge=None,
            line_count=0,
            line_total_fen=0,
            first_fee_date=None,
            last_fee_date=None,
            settlements=(),
            revision=1,
            create_time=now,
            update_time=now,
            use_id=messages.token_use_of(request),
        )

    async def _accepted(
        self, visit: Visit, request: pb.UploadFeesRequest, now: datetime
    ) -> tuple[list[Line], list[Line]]:
        """Returns the lines to keep, and where there are refunds among them, those that stand."""
        lines = messages.read_lines(request.lines, revision=visit.revision + 1, now=now)
        taken = await self._store.taken_line_ids(
            visit.visit_id, [line.fee.line_id for line in lines]
        )
        # What stands is read only where it is refunded: an upload does not grow with the stay.
        refunds = any(line.refund_of_line_id for line in lines)
        standing = await self._store.lines(visit.visit_id) if refunds else []
        kept = fees.accepted(visit, lines, standing=standing, taken=taken, today=civil_date(now))
        return kept, standing

    async def _check_opened(self, visit: Visit, record: Record) -> None:
        """Asks identity again where a change touches what the institution is opened for.

        The scheme is proved again at settlement, when the patient shows a credential.
        """
        if not _VERIFIED_BY & checks.differing_fields(visit.record, record):
            return
        institution = await self._identity.institution(visit.institution_code)
        parent = codes.medical_type_parent(record.medical_type_code)
        openings = [
            opening
            for opening in institution.openings
            if opening.medical_type_code == parent and _is_open(opening, record.begin_date)
        ]
        if not openings:
            raise RuleForbids(
                "INSTITUTION_NOT_OPEN",
                "the institution is not opened for this medical type on that day",
                field="record.medical_type_code",
                metadata={"medicalTypeCode": parent},
            )
        disease = record.disease_code
        if disease and not any(
            not opening.disease_code or diseases.covers(opening.disease_code, disease)
            for opening in openings
        ):
            raise RuleForbids(
                "DISEASE_NOT_OPEN",
                "the institution is not opened for this chronic disease on that day",
                field="record.disease_code",
            )

    def _snapshot(self, visit: Visit) -> Any:
        try:
            return self._snapshots.of(visit.care_region_code)
        except RuleForbids as error:
            raise error.renamed({"bill.care_region_code": "visit_id"}) from None

    async def _find(self, request: Any) -> Visit:
        calls.note(visit_id=request.visit_id)
        visit = check_access(
            await self._store.find(UUID(request.visit_id)), request.institution_code
        )
        calls.note(
            care_region=codes.province_of(visit.care_region_code),
            insured_region=codes.province_of(visit.insured_region_code),
        )
        return visit

    async def _written(self, visit: Visit, writing: Awaitable[bool], field: str) -> bool:
        """Returns whether it was written. Raises STAY_OVERLAPS, naming the field."""
        try:
            return await writing
        except StayOpenError:
            region = await self._store.open_stay_region(visit.person_id)
            if region is None:
                # It was closed in between.
                return False
            raise RuleForbids(
                "STAY_OVERLAPS",
                "the person has an open inpatient stay",
                field=field,
                metadata={"careRegionCode": codes.province_of(region)},
            ) from None

    async def _once(
        self,
        request: Any,
        response_type: type[M],
        attempt: Callable[[_Answered], Awaitable[M | None]],
    ) -> M:
        """Does a request until it is written; a repeat of it gets the first answer.

        What was answered before is looked up only where an attempt fails: nearly every request is
        new, and no attempt writes anything under a request id that is taken. `attempt` returns None
        when the visit moved on, and is then made again from what stands by then.
        """
        answered = _Answered(request, self._index)
        for _ in range(ATTEMPTS_MAX):
            try:
                response = await attempt(answered)
            except (DomainError, DeadlineTooShortError):
                known = await self._store.find_answer(answered.request_id)
                if known is None:
                    raise
                return answered.replay(known, response_type)
            if response is not None:
                return response
            known = await self._store.find_answer(answered.request_id)
            if known is not None:
                return answered.replay(known, response_type)
        raise LostRace("LOST_RACE", "concurrent changes of the visit won", retry_after_ms=_RETRY_MS)


class _Answered:
    """Makes the record of a request and its answer, and reads that of an earlier one."""

    def __init__(self, request: Any, index: BlindIndex) -> None:
        self.request_id = UUID(request.request_id)
        self._method = request.DESCRIPTOR.name.removesuffix("Request")
        # Keyed: requests hold credentials and diagnoses, and a plain hash could be guessed at.
        self._hash = index.digest("request", request.SerializeToString(deterministic=True))

    def __call__(self, response: Message) -> Answer:
        return Answer(self.request_id, self._method, self._hash, response.SerializeToString())

    def replay(self, known: Answer, response_type: type[M]) -> M:
        """Returns the first answer. Raises REQUEST_ID_REUSED."""
        if known.method != self._method or known.request_hash != self._hash:
            raise reused()
        calls.note(replayed=True)
        return response_type.FromString(known.response)


def _moved(visit: Visit, now: datetime, **changes: Any) -> Visit:
    return dataclasses.replace(visit, revision=visit.revision + 1, update_time=now, **changes)


def _with_lines(visit: Visit, now: datetime, lines: Sequence[Line]) -> Visit:
    days = [line.fee.fee_date for line in lines]
    known = [day for day in (visit.first_fee_date, visit.last_fee_date) if day is not None]
    return _moved(
        visit,
        now,
        line_count=visit.line_count + len(lines),
        line_total_fen=visit.line_total_fen + total_fen(lines),
        first_fee_date=min(days + known),
        last_fee_date=max(days + known),
    )


def _without_lines(
    visit: Visit, now: datetime, standing: Sequence[Line], gone: Sequence[Line]
) -> Visit:
    taken = {(line.revision, line.position) for line in gone}
    left = [line for line in standing if (line.revision, line.position) not in taken]
    days = [line.fee.fee_date for line in left]
    return _moved(
        visit,
        now,
        line_count=len(left),
        line_total_fen=total_fen(left),
        first_fee_date=min(days, default=None),
        last_fee_date=max(days, default=None),
    )


def _is_open(opening: institution_pb2.Opening, day: date) -> bool:
    if read_date(opening.begin_date, "begin_date") > day:
        return False
    return not opening.HasField("end_date") or day <= read_date(opening.end_date, "end_date")
