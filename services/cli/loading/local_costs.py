"""`yijie load local-costs`: what locals cost, by institution, setting and disease group."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from services.cli.loading.calls import patiently, shedding
from services.cli.loading.fields import FieldError, fen, required, word
from services.cli.loading.kinds import Batch, Entry, Ids, Refuse, columns, each, fields_by_column
from services.cli.loading.reader import Row
from services.cli.loading.refusals import Refusal, refusals_of
from services.cli.loading.self_paid import ACTIONS
from services.cli.province import Province
from services.kit.status import from_status
from services.kit.wire import write_money
from yijie.supervision.v1 import statistics_pb2, statistics_service_pb2

COLUMNS: Final = columns(
    "institution_code month setting case_count total_yuan", "disease_group_code action"
)
_FIELDS: Final = fields_by_column(COLUMNS, {"total": "total_yuan"})
_SETTINGS: Final = {
    "inpatient": statistics_pb2.CARE_SETTING_INPATIENT,
    "outpatient": statistics_pb2.CARE_SETTING_OUTPATIENT,
    "pharmacy": statistics_pb2.CARE_SETTING_PHARMACY,
}
_COUNT: Final = re.compile(r"[0-9]{1,8}")
_LOAD_S: Final = 60.0


class LocalCosts:
    """Costs of locals of one province's institutions, by UploadLocalCosts."""

    name = "local-costs"
    columns = COLUMNS
    batch_entries = 500
    # One after the other: a whole and its parts exclude each other, in the order of the file.
    window = 1

    def __init__(self, province: Province | None, ids: Ids, *, region: str, dry_run: bool) -> None:
        self._province = province
        self._ids = ids
        self._region = region
        self._dry_run = dry_run

    def entries(self, rows: Iterator[Row], refuse: Refuse) -> Iterator[Entry]:
        """Yields a row of costs per row."""
        return each(rows, refuse, self._convert)

    async def send(self, batch: Batch) -> list[Refusal]:
        """Uploads a batch."""
        if self._province is None:
            return []
        province, entries = self._province, batch.entries

        async def ask(kept: Sequence[int], part: str) -> Any:
            request = statistics_service_pb2.UploadLocalCostsRequest(
                request_id=self._ids.of(batch.number, part),
                care_region_code=self._region,
                costs=[entries[index].message for index in kept],
                dry_run=self._dry_run,
            )
            method = province.statistics.UploadLocalCosts
            return await patiently(lambda: province.call(method, request, within_s=_LOAD_S))

        kept, answer, errors = await shedding(len(entries), "costs", ask)
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
        """Returns nothing."""
        return []

    def _convert(self, row: Row) -> Entry:
        institution, month, setting, count, total, group, action = row.values
        if not _COUNT.fullmatch(required(count, "case_count")):
            raise FieldError("case_count", "a whole number of at most eight digits")
        message = statistics_pb2.LocalCost(
            institution_code=required(institution, "institution_code"),
            month=required(month, "month"),
            setting=word(setting, "setting", _SETTINGS),
            disease_group_code=group,
            case_count=int(count),
            total=write_money(fen(total, "total_yuan")),
            action=word(action, "action", ACTIONS),
        )
        return Entry((row.line,), message, row.size)
