"""`yijie load filings`: filings of an insured province, by id number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from services.cli.loading.calls import patiently, shedding
from services.cli.loading.fields import (
    FieldError,
    day,
    optional_day,
    pair,
    required,
    several,
    word,
)
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
from yijie.filing.v1 import filing_pb2, filing_service_pb2
from yijie.identity.v1 import access_pb2

COLUMNS: Final = columns(
    "cert_number insured_region_code target_region_code type begin_date evidence",
    "end_date channel maker_id referring_institution_code diagnosis_code documents",
)
TYPES: Final = {
    "11": filing_pb2.FILING_TYPE_RETIRED_SETTLED,
    "12": filing_pb2.FILING_TYPE_LONG_TERM_RESIDENT,
    "13": filing_pb2.FILING_TYPE_POSTED_WORKER,
    "21": filing_pb2.FILING_TYPE_REFERRAL,
    "23": filing_pb2.FILING_TYPE_TEMPORARY,
}
_EVIDENCE: Final = {
    "none": filing_pb2.FILING_EVIDENCE_UNSPECIFIED,
    "document": filing_pb2.FILING_EVIDENCE_DOCUMENT,
    "commitment": filing_pb2.FILING_EVIDENCE_COMMITMENT,
    "referral_proof": filing_pb2.FILING_EVIDENCE_REFERRAL_PROOF,
}
_CHANNELS: Final = {
    "": filing_pb2.FILING_CHANNEL_PROVINCE_BATCH,
    "01": filing_pb2.FILING_CHANNEL_INSTITUTION,
    "02": filing_pb2.FILING_CHANNEL_WINDOW,
    "03": filing_pb2.FILING_CHANNEL_ONLINE,
    "04": filing_pb2.FILING_CHANNEL_APP,
    "05": filing_pb2.FILING_CHANNEL_KIOSK,
    "99": filing_pb2.FILING_CHANNEL_PROVINCE_BATCH,
}
_DOCUMENTS: Final = {
    "household_register": filing_pb2.EVIDENCE_KIND_HOUSEHOLD_REGISTER,
    "residence_proof": filing_pb2.EVIDENCE_KIND_RESIDENCE_PROOF,
    "posting_proof": filing_pb2.EVIDENCE_KIND_POSTING_PROOF,
    "employer_proof": filing_pb2.EVIDENCE_KIND_EMPLOYER_PROOF,
    "work_contract": filing_pb2.EVIDENCE_KIND_WORK_CONTRACT,
    "commitment_letter": filing_pb2.EVIDENCE_KIND_COMMITMENT_LETTER,
    "referral_proof": filing_pb2.EVIDENCE_KIND_REFERRAL_PROOF,
}
_FIELDS: Final = fields_by_column(
    COLUMNS,
    {"person_id": "cert_number", "cert_numbers": "cert_number", "kind": "documents"},
)


class Filings:
    """Filings, by LookUpPersons and SubmitFilings."""

    name = "filings"
    columns = COLUMNS
    batch_entries = 500
    window = 2

    def __init__(self, province: Province | None, ids: Ids, *, region: str, dry_run: bool) -> None:
        self._province = province
        self._ids = ids
        self._region = region
        self._dry_run = dry_run

    def entries(self, rows: Iterator[Row], refuse: Refuse) -> Iterator[Entry]:
        """Yields a filing per row; its id number is kept beside it."""
        return each(rows, refuse, self._convert)

    async def send(self, batch: Batch) -> list[Refusal]:
        """Finds the people and submits their filings."""
        if self._province is None:
            return []
        known, refusals = await known_persons(
            self._province, batch.entries, _FIELDS, access_pb2.ACCESS_PURPOSE_FILING
        )
        if not known:
            return refusals
        province = self._province

        async def ask(kept: Sequence[int], part: str) -> Any:
            # The id is that of the part of the file, whoever is known by now: what was submitted
            # once is not submitted again beside a filing that was refused then.
            request = filing_service_pb2.SubmitFilingsRequest(
                request_id=self._ids.of(batch.number, part),
                filings=[known[index].message for index in kept],
                dry_run=self._dry_run,
            )
            method = province.filing.SubmitFilings
            return await patiently(lambda: province.call(method, request, within_s=LOAD_S))

        kept, answer, errors = await shedding(len(known), "filings", ask)
        for index, error in errors.items():
            refusals += refusals_of(known[index].lines, error, _FIELDS)
        for index, result in zip(kept, answer.results if answer else (), strict=False):
            if result.WhichOneof("outcome") == "error":
                found = from_status(result.error)
                refusals += refusals_of(
                    known[index].lines, found, _FIELDS, message=result.error.message
                )
        return refusals

    async def close(self) -> None:
        """Nothing is open."""

    def notes(self) -> list[tuple[str, str]]:
        """Returns nothing."""
        return []

    def _convert(self, row: Row) -> Entry:
        number, region, target, kind, begin, evidence = row.values[:6]
        end, channel, maker, institution, diagnosis, documents = row.values[6:]
        require_region(required(region, "insured_region_code"), self._region, "insured_region_code")
        message = filing_pb2.Filing(
            insured_region_code=region,
            target_region_code=required(target, "target_region_code"),
            type=word(kind, "type", TYPES),
            begin_date=day(begin, "begin_date"),
            end_date=optional_day(end, "end_date"),
            evidence=word(evidence, "evidence", _EVIDENCE),
            channel=word(channel, "channel", _CHANNELS),
            maker_id=maker,
            referring_institution_code=institution,
            diagnosis_code=diagnosis,
            documents=several(documents, "documents", _document),
        )
        return Entry((row.line,), message, row.size, required(number, "cert_number"))


def _document(part: str) -> filing_pb2.EvidenceDocument:
    kind, rest = pair(part, "documents", "residence_proof:D-2026-001:2026-01-31")
    document_id, _, issued = rest.partition(":")
    if kind not in _DOCUMENTS:
        raise FieldError("documents", f"begins with one of {', '.join(_DOCUMENTS)}")
    return filing_pb2.EvidenceDocument(
        kind=_DOCUMENTS[kind],
        document_id=document_id,
        issue_date=optional_day(issued, "documents"),
    )
