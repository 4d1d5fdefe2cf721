"""`yijie load mapping`: how the codes of a region or hospital map to national ones (目录对照)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.cli.loading.calls import patiently, shedding
from services.cli.loading.fields import day, fen, optional_day, optional_decimal, required
from services.cli.loading.kinds import Batch, Entry, Ids, Refuse, columns, each, fields_by_column
from services.cli.loading.publishing import publishes, version_notes
from services.cli.loading.reader import Row
from services.cli.loading.refusals import Refusal, refusals_of
from services.cli.province import Province
from services.kit.status import from_status
from services.kit.wire import write_money
from yijie.catalogue.v1 import mapping_service_pb2

COLUMNS: Final = columns(
    "source_code source_name list_type_code begin_date",
    "target_code end_date specification unit_price_yuan period_amount_yuan",
)
MODES: Final = {
    "": mapping_service_pb2.MAPPING_MODE_UNSPECIFIED,
    "three-stage": mapping_service_pb2.MAPPING_MODE_THREE_STAGE,
    "full-replacement": mapping_service_pb2.MAPPING_MODE_FULL_REPLACEMENT,
}
_FIELDS: Final = fields_by_column(
    COLUMNS, {"unit_price": "unit_price_yuan", "period_amount": "period_amount_yuan"}
)
_LOAD_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """Which version a file is loaded as."""

    owner: str
    """Province xx0000, or institution."""
    version: str
    mode: str = ""
    """Of MODES."""
    officer_id: str = ""
    despite_refused: bool = False
    """Publish although rows were refused."""


class Mapping:
    """Entries of a mapping, by ImportMapping."""

    name = "mapping"
    columns = COLUMNS
    batch_entries = 2000
    window = 1

    def __init__(
        self, province: Province | None, ids: Ids, edition: Edition, *, dry_run: bool
    ) -> None:
        self._province = province
        self._ids = ids
        self._edition = edition
        self._dry_run = dry_run
        self._published: Any = None

    def entries(self, rows: Iterator[Row], refuse: Refuse) -> Iterator[Entry]:
        """Yields an entry of the mapping per row."""
        return each(rows, refuse, _convert)

    async def send(self, batch: Batch) -> list[Refusal]:
        """Imports entries; the last batch publishes, unless a row of the file was refused."""
        if self._province is None:
            return []
        entries = batch.entries
        publish = publishes(batch, despite_refused=self._edition.despite_refused)

        async def ask(kept: Sequence[int], part: str) -> Any:
            chosen = [entries[index] for index in kept]
            return await self._import(batch, chosen, part, publish=publish and not part)

        kept, answer, errors = await shedding(len(entries), "entries", ask)
        refusals = []
        for index, error in errors.items():
            refusals += refusals_of(entries[index].lines, error, _FIELDS)
        for refused in answer.refused_entries if answer else ():
            lines = entries[kept[refused.index]].lines
            found = from_status(refused.error)
            refusals += refusals_of(lines, found, _FIELDS, message=refused.error.message)
        if answer is not None and answer.HasField("published_version"):
            self._published = answer.published_version
        elif publish and refusals and self._edition.despite_refused and not self._dry_run:
            answer = await self._import(batch, (), "publish", publish=True)
            self._published = answer.published_version
        return refusals

    async def close(self) -> None:
        """Nothing is open."""

    def notes(self) -> list[tuple[str, str]]:
        """Says which version was published, or why none was."""
        label = f"{self._edition.owner}@{self._edition.version}"
        count = self._published.entry_count if self._published is not None else None
        return version_notes(label, count, dry_run=self._dry_run)

    async def _import(
        self, batch: Batch, entries: Sequence[Entry], part: str, *, publish: bool
    ) -> Any:
        edition = self._edition
        request = mapping_service_pb2.ImportMappingRequest(
            request_id=self._ids.of(batch.number, part),
            owner=owner_of(edition.owner),
            version=edition.version,
            mode=MODES[edition.mode],
            entries=[entry.message for entry in entries],
            publish=publish,
            dry_run=self._dry_run,
            officer_id=edition.officer_id,
        )
        province = self._province
        if province is None:
            return None
        method = province.mapping.ImportMapping
        return await patiently(lambda: province.call(method, request, within_s=_LOAD_S))


def owner_of(code: str) -> mapping_service_pb2.MappingOwner:
    """Returns whose mapping a code names: an institution's or a province's."""
    if code[:1].isalpha():
        return mapping_service_pb2.MappingOwner(institution_code=code)
    return mapping_service_pb2.MappingOwner(region_code=code)


def _convert(row: Row) -> Entry:
    source, name, list_type, begin, target, end, specification, price, amount = row.values
    message = mapping_service_pb2.MappingEntry(
        source_code=required(source, "source_code"),
        source_name=required(name, "source_name"),
        target_code=target,
        list_type_code=required(list_type, "list_type_code"),
        begin_date=day(begin, "begin_date"),
        end_date=optional_day(end, "end_date"),
        specification=specification,
        unit_price=optional_decimal(price, "unit_price_yuan"),
    )
    if amount:
        message.period_amount.CopyFrom(write_money(fen(amount, "period_amount_yuan")))
    return Entry((row.line,), message, row.size)
