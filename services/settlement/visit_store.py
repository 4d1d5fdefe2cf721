# ruff: noqa: S608 - statements are put together from constants.
"""All SQL of visits.

A change is one statement: nothing of it is written unless it raises the visit's revision from the
one that was read.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.kit.crypto import FieldCipher
from services.kit.db import Database
from services.kit.wire import read_date, write_date
from services.settlement import visit_messages as messages
from services.settlement.admission_store import CONTEXT as ADMISSION_CONTEXT
from services.settlement.domain.visit import Line, Scope, Standing, Visit
from services.settlement.domain.visit_states import VisitState
from services.settlement.signature_store import write_signed
from services.settlement.store import first_id_of
from yijie.settlement.v1 import settlement_pb2, visit_pb2

# What stands of a visit's settlements is what the journal says: there is no copy of it. A failed
# one that the insured region may have booked is in the way until the region has taken it back: the
# next part of a stay would be computed from what is going to vanish.
_STANDING: Final = """
LEFT JOIN LATERAL (
    SELECT x.ordinal, x.settlement_id, x.scope, x.charge_batch_number, x.until_date,
        x.revision AS settled_revision,
        outcome.state IS NULL OR work.kind IS NOT NULL AS busy
    FROM visit_settlement x
    LEFT JOIN settlement_state_change outcome
        ON outcome.settlement_id = x.settlement_id AND outcome.version = 2
    LEFT JOIN settlement_state_change reversed
        ON reversed.settlement_id = x.settlement_id AND reversed.version = 3
    LEFT JOIN open_intent work
        ON work.settlement_id = x.settlement_id AND work.kind IN ('REVERSE', 'CANCEL')
    WHERE x.visit_id = v.visit_id AND reversed.state IS NULL
      AND (coalesce(outcome.state, 'SETTLED') = 'SETTLED' OR work.kind = 'CANCEL')
) s ON true"""

_COLUMNS: Final = """
    v.visit_id, v.revision, v.state, v.institution_code, v.care_region_code, v.hospital_level_code,
    v.person_id, v.insured_region_code, v.line_count, v.line_total_fen, v.first_fee_date,
    v.last_fee_date, v.patient, v.record, v.discharge, v.create_time, v.update_time, v.use_id,
    s.ordinal, s.settlement_id, s.scope, s.charge_batch_number, s.until_date, s.settled_revision,
    s.busy"""

_FIND: Final = f"""/* settlement.find_visit */
SELECT {_COLUMNS} FROM visit v {_STANDING} WHERE v.visit_id = $1 ORDER BY s.ordinal"""

_LIST: Final = f"""/* settlement.list_visits */
WITH page AS (
    SELECT visit_id FROM visit
    WHERE institution_code = $1
      AND ($2::uuid IS NULL OR visit_id < $2)
      AND ($3::uuid IS NULL OR visit_id >= $3)
      AND ($4::uuid IS NULL OR visit_id < $4)
    ORDER BY visit_id DESC LIMIT $5
)
SELECT {_COLUMNS} FROM page JOIN visit v USING (visit_id) {_STANDING}
ORDER BY v.visit_id DESC, s.ordinal"""

_OPEN_STAY: Final = """/* settlement.find_open_stay */
SELECT care_region_code FROM visit WHERE person_id = $1 AND is_stay AND state = 'REGISTERED'"""

_TAKEN: Final = """/* settlement.find_line_ids */
SELECT line_id FROM visit_line
WHERE visit_id = $1 AND line_id = ANY($2) AND cancel_revision IS NULL"""

# One row per upload: a stay of thousands of lines is a handful of fields to decrypt.
_LINES: Final = """/* settlement.find_lines */
SELECT u.revision, u.create_time, u.lines,
    array_agg(l.position ORDER BY l.position) AS positions,
    array_agg(l.cover_date ORDER BY l.position) AS cover_dates
FROM (
    SELECT visit_id, revision, position, cover_date FROM visit_line
    WHERE visit_id = $1 AND cancel_revision IS NULL AND (revision, position) > ($2, $3)
    ORDER BY revision, position LIMIT $4
) l JOIN visit_upload u USING (visit_id, revision)
GROUP BY u.visit_id, u.revision ORDER BY u.revision"""

_FIND_REQUEST: Final = """/* settlement.find_visit_request */
SELECT method, request_hash, response FROM visit_request WHERE request_id = $1"""

_INSERT: Final = """/* settlement.insert_visit */
WITH fresh AS (
    INSERT INTO visit_request (request_id, method, request_hash, response, visit_id, create_time)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (request_id) DO NOTHING RETURNING visit_id
), made AS (
    INSERT INTO visit (visit_id, revision, state, institution_code, care_region_code,
        hospital_level_code, person_id, insured_region_code, is_stay, patient, record, create_time,
        update_time, use_id)
    SELECT visit_id, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $6, $6, $17 FROM fresh
    RETURNING visit_id
), told AS (
    INSERT INTO admission_event (visit_id, revision, state, event_time, admission)
    SELECT visit_id, $7, $8, $6, $18 FROM made WHERE $14
)
SELECT visit_id FROM made"""

_MOVED: Final = """
WITH moved AS (
    UPDATE visit SET revision = $7, update_time = $6, state = $9, is_stay = $10, line_count = $11,
        line_total_fen = $12, first_fee_date = $13, last_fee_date = $14, record = $15,
        discharge = $16
    WHERE visit_id = $5 AND revision = $8
      AND NOT EXISTS (SELECT 1 FROM visit_request WHERE request_id = $1)
    RETURNING visit_id, revision
), answered AS (
    INSERT INTO visit_request (request_id, method, request_hash, response, visit_id, create_time)
    SELECT $1, $2, $3, $4, visit_id, $6 FROM moved
)"""

_UPDATE: Final = f"""/* settlement.update_visit */
{_MOVED}, told AS (
    INSERT INTO admission_event (visit_id, revision, state, event_time, admission)
    SELECT visit_id, revision, $17, $6, $18 FROM moved WHERE $17::text IS NOT NULL
)
SELECT revision FROM moved"""

_ADD_LINES: Final = f"""/* settlement.insert_lines */
{_MOVED}, upload AS (
    INSERT INTO visit_upload (visit_id, revision, create_time, lines)
    SELECT visit_id, revision, $6, $17 FROM moved
), line AS (
    INSERT INTO visit_line (visit_id, revision, position, line_id, fee_date, cover_date, amount_fen)
    SELECT moved.visit_id, moved.revision, l.ordinality - 1, l.line_id, l.fee_date, l.cover_date,
        l.amount_fen
    FROM moved, unnest($18::text[], $19::date[], $20::date[], $21::bigint[]) WITH ORDINALITY
        AS l(line_id, fee_date, cover_date, amount_fen, ordinality)
)
SELECT revision FROM moved"""

_CANCEL_LINES: Final = f"""/* settlement.cancel_lines */
{_MOVED}, gone AS (
    UPDATE visit_line l SET cancel_revision = moved.revision
    FROM moved, unnest($17::bigint[], $18::smallint[]) AS taken(revision, position)
    WHERE l.visit_id = moved.visit_id AND l.revision = taken.revision
      AND l.position = taken.position
)
SELECT revision FROM moved"""

_PATIENT: Final = b"settlement.visit.patient:"
_RECORD: Final = b"settlement.visit.record:"
_DISCHARGE: Final = b"settlement.visit.discharge:"
_UPLOAD: Final = b"settlement.visit_upload:"
_RESPONSE: Final = b"settlement.visit_request:"


class StayOpenError(Exception):
    """The person has an open stay: nothing was written."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A request that changes a visit, and the answer that repeats of it get."""

    request_id: UUID
    method: str
    request_hash: bytes
    response: bytes
    """The response message."""


class VisitStore:
    """Reads and writes visits."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    async def find(self, visit_id: UUID) -> Visit | None:
        """Returns a visit with the settlements that stand."""
        rows = await self._database.fetch(_FIND, visit_id)
        return self._visit(rows) if rows else None

    async def page(
        self,
        institution_code: str,
        *,
        before: UUID | None,
        create_date_min: date | None,
        create_date_max: date | None,
        limit: int,
    ) -> list[Visit]:
        """Returns visits of an institution, newest first, older than `before`."""
        rows = await self._database.fetch(
            _LIST,
            institution_code,
            before,
            first_id_of(create_date_min),
            first_id_of(create_date_max, days=1),
            limit,
        )
        return [self._visit(list(own)) for _, own in groupby(rows, key=lambda r: r["visit_id"])]

    async def lines(
        self, visit_id: UUID, *, after: tuple[int, int] = (0, -1), limit: int | None = None
    ) -> list[Line]:
        """Returns lines that stand, in upload order, after the one at (revision, position)."""
        rows = await self._database.fetch(_LINES, visit_id, *after, limit)
        found: list[Line] = []
        for row in rows:
            sealed, revision = row["lines"], row["revision"]
            found += messages.read_kept_lines(
                self._opened(sealed, _UPLOAD + _upload_key(visit_id, revision)),
                revision=revision,
                positions=row["positions"],
                cover_dates=row["cover_dates"],
                create_time=row["create_time"],
            )
        return found

    async def taken_line_ids(self, visit_id: UUID, line_ids: Sequence[str]) -> frozenset[str]:
        """Returns those ids that lines of the visit have."""
        rows = await self._database.fetch(_TAKEN, visit_id, line_ids)
        return frozenset(row["line_id"] for row in rows)

    async def open_stay_region(self, person_id: UUID) -> str | None:
        """Returns the care region of a person's open stay; None: there is none by now."""
        row = await self._database.fetchrow(_OPEN_STAY, person_id)
        return None if row is None else row["care_region_code"]

    async def find_answer(self, request_id: UUID) -> Answer | None:
        """Returns what a request id was used for, and its answer."""
        row = await self._database.fetchrow(_FIND_REQUEST, request_id)
        if row is None:
            return None
        response = self._opened(row["response"], _RESPONSE + request_id.bytes)
        return Answer(request_id, row["method"], row["request_hash"], response)

    async def insert(self, visit: Visit, answer: Answer) -> bool:
        """Writes a new visit; returns False if the request id is taken.

        Raises StayOpenError.
        """
        key = visit.visit_id.bytes
        patient = settlement_pb2.Patient(
            sex=int(visit.sex),  # type: ignore[arg-type]
            birth_date=write_date(visit.birth_date),
        )
        record = messages.write_record(visit.record).SerializeToString()
        return await self._written(
            visit,
            answer,
            _INSERT,
            *self._answered(answer),
            visit.visit_id,
            visit.create_time,
            visit.revision,
            visit.recorded_state.value,
            visit.institution_code,
            visit.care_region_code,
            visit.hospital_level_code,
            visit.person_id,
            visit.insured_region_code,
            visit.is_stay,
            self._cipher.encrypt(patient.SerializeToString(), context=_PATIENT + key),
            self._cipher.encrypt(record, context=_RECORD + key),
            visit.use_id,
            self._admission(visit),
        )

    async def update(self, visit: Visit, answer: Answer, *, was_stay: bool = False) -> bool:
        """Writes a visit over the revision before its own; returns False if that has passed.

        What is a stay, or was one (`was_stay`), is told to those who follow stays. Raises
        StayOpenError.
        """
        told = None
        if visit.is_stay:
            told = visit.recorded_state.value
        elif was_stay:
            # To them it is as if it had been taken back.
            told = VisitState.CANCELLED.value
        moved = self._moved(visit, answer)
        return await self._written(visit, answer, _UPDATE, *moved, told, self._admission(visit))

    async def add_lines(self, visit: Visit, lines: Sequence[Line], answer: Answer) -> bool:
        """Writes a visit and the lines of an upload; returns False as `update`."""
        context = _UPLOAD + _upload_key(visit.visit_id, visit.revision)
        return await self._written(
            visit,
            answer,
            _ADD_LINES,
            *self._moved(visit, answer),
            self._sealed(messages.kept_lines(lines), context),
            [line.fee.line_id for line in lines],
            [line.fee.fee_date for line in lines],
            [line.cover_date for line in lines],
            [line.fee.amount_fen for line in lines],
        )

    async def cancel_lines(self, visit: Visit, lines: Sequence[Line], answer: Answer) -> bool:
        """Writes a visit and takes lines back; returns False as `update`."""
        return await self._written(
            visit,
            answer,
            _CANCEL_LINES,
            *self._moved(visit, answer),
            [line.revision for line in lines],
            [line.position for line in lines],
        )

    async def _written(self, visit: Visit, answer: Answer, query: str, *arguments: Any) -> bool:
        try:
            row = await write_signed(
                self._database,
                self._cipher,
                query,
                arguments,
                record_id=visit.visit_id,
                request_id=answer.request_id,
            )
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name == "visit_one_open_stay":
                raise StayOpenError from None
            if error.constraint_name == "visit_request_pkey":
                # The same request, on its way twice for two visits: the other was first.
                return False
            raise
        return row is not None

    def _admission(self, visit: Visit) -> bytes:
        return self._cipher.encrypt(
            messages.write_admission(visit).SerializeToString(),
            context=ADMISSION_CONTEXT + visit.visit_id.bytes,
        )

    def _answered(self, answer: Answer) -> tuple[Any, ...]:
        response = self._sealed(answer.response, _RESPONSE + answer.request_id.bytes)
        return (answer.request_id, answer.method, answer.request_hash, response)

    def _moved(self, visit: Visit, answer: Answer) -> tuple[Any, ...]:
        key = visit.visit_id.bytes
        record = messages.write_record(visit.record).SerializeToString()
        discharge = None
        if visit.discharge is not None:
            discharge = self._cipher.encrypt(
                messages.write_discharge(visit.discharge).SerializeToString(),
                context=_DISCHARGE + key,
            )
        return (
            *self._answered(answer),
            visit.visit_id,
            visit.update_time,
            visit.revision,
            visit.revision - 1,
            visit.recorded_state.value,
            visit.is_stay,
            visit.line_count,
            visit.line_total_fen,
            visit.first_fee_date,
            visit.last_fee_date,
            self._cipher.encrypt(record, context=_RECORD + key),
            discharge,
        )

    def _visit(self, rows: Sequence[Any]) -> Visit:
        """Returns the visit of its rows: one for each settlement that stands, one at least."""
        row = rows[0]
        key = row["visit_id"].bytes
        patient = settlement_pb2.Patient.FromString(
            self._cipher.decrypt(row["patient"], context=_PATIENT + key)
        )
        record = visit_pb2.VisitRecord.FromString(
            self._cipher.decrypt(row["record"], context=_RECORD + key)
        )
        discharge = None
        if row["discharge"] is not None:
            discharge = messages.read_discharge(
                visit_pb2.DischargeRecord.FromString(
                    self._cipher.decrypt(row["discharge"], context=_DISCHARGE + key)
                )
            )
        return Visit(
            visit_id=row["visit_id"],
            recorded_state=VisitState(row["state"]),
            institution_code=row["institution_code"],
            care_region_code=row["care_region_code"],
            hospital_level_code=row["hospital_level_code"],
            person_id=row["person_id"],
            insured_region_code=row["insured_region_code"],
            sex=str(patient.sex),
            birth_date=read_date(patient.birth_date, "patient.birth_date"),
            record=messages.read_record(record),
            discharge=discharge,
            line_count=row["line_count"],
            line_total_fen=row["line_total_fen"],
            first_fee_date=row["first_fee_date"],
            last_fee_date=row["last_fee_date"],
            settlements=tuple(_standing(row) for row in rows if row["ordinal"] is not None),
            revision=row["revision"],
            create_time=row["create_time"],
            update_time=row["update_time"],
            use_id=row["use_id"],
        )

    def _sealed(self, data: bytes, context: bytes) -> bytes:
        # Lines and answers repeat themselves, and what is encrypted cannot be compressed any more.
        return self._cipher.encrypt(zlib.compress(data, 1), context=context)

    def _opened(self, stored: bytes, context: bytes) -> bytes:
        return zlib.decompress(self._cipher.decrypt(stored, context=context))


def _upload_key(visit_id: UUID, revision: int) -> bytes:
    return visit_id.bytes + revision.to_bytes(8)


def _standing(row: Any) -> Standing:
    return Standing(
        settlement_id=row["settlement_id"],
        scope=Scope(row["scope"]),
        charge_batch_number=row["charge_batch_number"],
        until_date=row["until_date"],
        revision=row["settled_revision"],
        busy=row["busy"],
    )
