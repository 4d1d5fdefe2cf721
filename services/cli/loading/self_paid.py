"""`yijie load self-paid`: cases that patients paid whole (national 4201 to 4205), by id number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from services.cli.loading.calls import patiently, shedding
from services.cli.loading.fields import day, fen, flag, required, word
from services.cli.loading.kinds import (
    Batch,
    Entry,
    Ids,
    Refuse,
    columns,
    each,
    fields_by_column,
    require_region,
)
from services.cli.loading.patients import LOAD_S, known_persons
from services.cli.loading.reader import Row
from services.cli.loading.refusals import Refusal, refusals_of
from services.cli.province import Province
from services.kit.status import from_status
from services.kit.wire import write_money
from yijie.identity.v1 import access_pb2
from yijie.supervision.v1 import statistics_pb2, statistics_service_pb2

COLUMNS: Final = columns(
    "institution_code institution_visit_number cert_number insured_region_code care_region_code"
    " medical_type_code begin_date end_date total_yuan",
    "reason emergency action",
)
REASONS: Final = {
    "": statistics_pb2.SELF_PAID_REASON_UNSPECIFIED,
    "not_opened": statistics_pb2.SELF_PAID_REASON_NOT_OPENED,
    "system_fault": statistics_pb2.SELF_PAID_REASON_SYSTEM_FAULT,
    "credential_not_read": statistics_pb2.SELF_PAID_REASON_CREDENTIAL_NOT_READ,
    "not_filed": statistics_pb2.SELF_PAID_REASON_NOT_FILED,
    "patient_chose": statistics_pb2.SELF_PAID_REASON_PATIENT_CHOSE,
    "third_party_liable": statistics_pb2.SELF_PAID_REASON_THIRD_PARTY_LIABLE,
    "other": statistics_pb2.SELF_PAID_REASON_OTHER,
}
ACTIONS: Final = {
    "": statistics_pb2.UPLOAD_ACTION_ADD,
    "add": statistics_pb2.UPLOAD_ACTION_ADD,
    "replace": statistics_pb2.UPLOAD_ACTION_REPLACE,
    "withdraw": statistics_pb2.UPLOAD_ACTION_WITHDRAW,
}
_FIELDS: Final = fields_by_column(
    COLUMNS, {"person_id": "cert_number", "cert_numbers": "cert_number", "total": "total_yuan"}
)
_ELIGIBLE: Final = statistics_pb2.SELF_PAID_ELIGIBILITY_ELIGIBLE


class SelfPaid:
    """Self-paid cases of one care province, by LookUpPersons and UploadSelfPaidCases."""

    name = "self-paid"
    columns = COLUMNS
    batch_entries = 500
    # One after the other: a row may replace or withdraw what an earlier row of the file brought.
    window = 1

    def __init__(self, province: Province | None, ids: Ids, *, region: str, dry_run: bool) -> None:
        self._province = province
        self._ids = ids
        self._region = region
        self._dry_run = dry_run
        self._eligible = 0
        self._others = 0

    def entries(self, rows: Iterator[Row], refuse: Refuse) -> Iterator[Entry]:
        """Yields a case per row; its id number is kept beside it and goes no further."""
        return each(rows, refuse, self._convert)

    async def send(self, batch: Batch) -> list[Refusal]:
        """Finds the patients and uploads their cases."""
        if self._province is None:
            return []
        known, refusals = await known_persons(
            self._province, batch.entries, _FIELDS, access_pb2.ACCESS_PURPOSE_ENQUIRY
        )
        if not known:
            return refusals
        province = self._province

        async def ask(kept: Sequence[int], part: str) -> Any:
            request = statistics_service_pb2.UploadSelfPaidCasesRequest(
                request_id=self._ids.of(batch.number, part),
                care_region_code=self._region,
                cases=[known[index].message for index in kept],
                dry_run=self._dry_run,
            )
            method = province.statistics.UploadSelfPaidCases
            return await patiently(lambda: province.call(method, request, within_s=LOAD_S))

        kept, answer, errors = await shedding(len(known), "cases", ask)
        for index, error in errors.items():
            refusals += refusals_of(known[index].lines, error, _FIELDS)
        for index, result in zip(kept, answer.results if answer else (), strict=False):
            if result.WhichOneof("outcome") == "error":
                found = from_status(result.error)
                refusals += refusals_of(
                    known[index].lines, found, _FIELDS, message=result.error.message
                )
            elif result.case.eligibility == _ELIGIBLE:
                self._eligible += 1
            else:
                self._others += 1
        return refusals

    async def close(self) -> None:
        """Nothing is open."""

    def notes(self) -> list[tuple[str, str]]:
        """Says how many cases count."""
        if not self._eligible + self._others:
            return []
        counted, others = f"{self._eligible:,}", f"{self._others:,}"
        zh = f"{counted} 例可直接结算，计入分母；{others} 例无有效参保、无备案或基金不支付，不计入"
        en = (
            f"{counted} could have been settled directly and are in the denominator; {others} are"
            " not: no insurance in force, no filing, or not covered"
        )
        return [(zh, en)]

    def _convert(self, row: Row) -> Entry:
        institution, visit, number, insured, care, medical_type, begin, end, total = row.values[:9]
        reason, emergency, action = row.values[9:]
        require_region(required(care, "care_region_code"), self._region, "care_region_code")
        message = statistics_pb2.SelfPaidCase(
            institution_code=required(institution, "institution_code"),
            institution_visit_number=required(visit, "institution_visit_number"),
            insured_region_code=required(insured, "insured_region_code"),
            care_region_code=care,
            medical_type_code=required(medical_type, "medical_type_code"),
            begin_date=day(begin, "begin_date"),
            end_date=day(end, "end_date"),
            total=write_money(fen(total, "total_yuan")),
            reason=word(reason, "reason", REASONS),
            emergency=flag(emergency, "emergency"),
            action=word(action, "action", ACTIONS),
        )
        return Entry((row.line,), message, row.size, required(number, "cert_number"))
