"""`yijie load institutions`: designated institutions with what they may settle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from services.cli.loading.calls import patiently, shedding
from services.cli.loading.fields import FieldError, day, optional_day, pair, required, several, word
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
from services.cli.loading.reader import Row
from services.cli.loading.refusals import Refusal, refusals_of
from services.cli.province import Province
from services.kit.status import from_status
from yijie.identity.v1 import identity_service_pb2, institution_pb2

COLUMNS: Final = columns(
    "institution_code name region_code hospital_level_code openings",
    "price_level_code deductible_level_code type begin_date end_date address"
    " national_platform_code",
)
_FIELDS: Final = fields_by_column(
    COLUMNS, {"medical_type_code": "openings", "disease_code": "openings"}
)
_TYPES: Final = {
    "": institution_pb2.INSTITUTION_TYPE_UNSPECIFIED,
    "1": institution_pb2.INSTITUTION_TYPE_HOSPITAL,
    "2": institution_pb2.INSTITUTION_TYPE_PHARMACY,
}
_LOAD_S: Final = 30.0
_OPENING: Final = "11:2022-01-01, 11:2022-01-01..2026-12-31 or 14/M03900:2023-01-01"


class Institutions:
    """Institutions, by UpsertInstitutions."""

    name = "institutions"
    columns = COLUMNS
    batch_entries = 500
    window = 2

    def __init__(self, province: Province | None, ids: Ids, *, region: str, dry_run: bool) -> None:
        self._province = province
        self._ids = ids
        self._region = region
        self._dry_run = dry_run

    def entries(self, rows: Iterator[Row], refuse: Refuse) -> Iterator[Entry]:
        """Yields an institution per row."""
        return each(rows, refuse, self._convert)

    async def send(self, batch: Batch) -> list[Refusal]:
        """Registers institutions; a dry run looks at the rows only: the hub has none for these."""
        if self._province is None or self._dry_run:
            return []
        province, entries = self._province, batch.entries

        async def ask(kept: Sequence[int], part: str) -> Any:
            request = identity_service_pb2.UpsertInstitutionsRequest(
                request_id=self._ids.of(batch.number, part),
                institutions=[entries[index].message for index in kept],
            )
            method = province.identity.UpsertInstitutions
            return await patiently(lambda: province.call(method, request, within_s=_LOAD_S))

        kept, answer, errors = await shedding(len(entries), "institutions", ask)
        refusals = []
        for index, error in errors.items():
            refusals += refusals_of(entries[index].lines, error, _FIELDS)
        for index, result in zip(kept, answer.results if answer else (), strict=False):
            if result.WhichOneof("outcome") == "error":
                found = from_status(result.error)
                refusals += refusals_of(
                    entries[index].lines, found, _FIELDS, message=result.error.message
                )
        return refusals

    async def close(self) -> None:
        """Nothing is open."""

    def notes(self) -> list[tuple[str, str]]:
        """Says what a dry run cannot tell."""
        if self._dry_run:
            return [
                (
                    "试运行只检查文件，未问平台机构是否可登记",
                    "a dry run checked the file only; the hub was not asked about institutions",
                )
            ]
        return []

    def _convert(self, row: Row) -> Entry:
        code, name, region, level, openings, price, deductible, kind = row.values[:8]
        begin, end, address, platform = row.values[8:]
        require_region(required(region, "region_code"), self._region, "region_code")
        message = institution_pb2.Institution(
            institution_code=required(code, "institution_code"),
            name=required(name, "name"),
            region_code=region,
            hospital_level_code=required(level, "hospital_level_code"),
            price_level_code=price,
            deductible_level_code=deductible,
            openings=several(openings, "openings", _opening),
            type=word(kind, "type", _TYPES),
            begin_date=optional_day(begin, "begin_date"),
            end_date=optional_day(end, "end_date"),
            address=address,
            national_platform_code=platform,
        )
        return Entry((row.line,), message, row.size)


def _opening(part: str) -> institution_pb2.Opening:
    business, period = pair(part, "openings", _OPENING)
    medical_type, _, disease = business.partition("/")
    begin, _, end = period.partition("..")
    try:
        return institution_pb2.Opening(
            medical_type_code=medical_type,
            disease_code=disease,
            begin_date=day(begin, "openings"),
            end_date=optional_day(end, "openings"),
        )
    except FieldError:
        raise FieldError("openings", f"parts are written {_OPENING}") from None
