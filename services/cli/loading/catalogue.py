"""`yijie load catalogue`: a version of a region's catalogue, whole or as changes to another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from google.type.date_pb2 import Date

from services.cli.loading.calls import patiently, shedding
from services.cli.loading.fields import (
    FieldError,
    day,
    decimal,
    flag,
    optional_day,
    optional_decimal,
    pair,
    required,
    several,
    word,
)
from services.cli.loading.kinds import Batch, Entry, Ids, Refuse, columns, each, fields_by_column
from services.cli.loading.publishing import publishes, version_notes
from services.cli.loading.reader import Row
from services.cli.loading.refusals import Refusal, refusals_of
from services.cli.province import Province
from services.kit.status import from_status
from yijie.catalogue.v1 import catalogue_pb2, catalogue_service_pb2
from yijie.common.v1 import bill_pb2

COLUMNS: Final = columns(
    "item_code name list_type_code charge_category_code catalogue_class begin_date",
    "end_date prior_self_pay_ratio prior_self_pay_by_person_type price_ceiling_yuan"
    " price_ceiling_by_level over_ceiling specification unit sample restricted_sex"
    " restricted_min_age restricted_max_age restricted_levels restricted_setting"
    " restricted_departments restricted_diagnoses restricted_schemes requires_approval"
    " restriction_text use_limits withdrawn",
)
_FIELDS: Final = fields_by_column(
    COLUMNS,
    {
        "prior_self_pays": "prior_self_pay_by_person_type",
        "price_ceiling": "price_ceiling_yuan",
        "price_ceilings": "price_ceiling_by_level",
        "sex": "restricted_sex",
        "min_age": "restricted_min_age",
        "max_age": "restricted_max_age",
        "price_level_codes": "restricted_levels",
        "setting": "restricted_setting",
        "department_codes": "restricted_departments",
        "diagnosis_prefixes": "restricted_diagnoses",
        "scheme_codes": "restricted_schemes",
        "text": "restriction_text",
        "withdrawn_item_codes": "item_code",
    },
)
_CLASSES: Final = {
    "A": bill_pb2.CATALOGUE_CLASS_A,
    "B": bill_pb2.CATALOGUE_CLASS_B,
    "C": bill_pb2.CATALOGUE_CLASS_C,
}
_OVER: Final = {
    "": catalogue_pb2.OVER_CEILING_UNSPECIFIED,
    "self_pay": catalogue_pb2.OVER_CEILING_SELF_PAY,
    "reject": catalogue_pb2.OVER_CEILING_REJECT,
}
_SEXES: Final = {
    "": bill_pb2.SEX_UNSPECIFIED,
    "1": bill_pb2.SEX_MALE,
    "2": bill_pb2.SEX_FEMALE,
}
_SETTINGS: Final = {
    "": catalogue_pb2.CARE_SETTING_UNSPECIFIED,
    "outpatient": catalogue_pb2.CARE_SETTING_OUTPATIENT,
    "inpatient": catalogue_pb2.CARE_SETTING_INPATIENT,
    "pharmacy": catalogue_pb2.CARE_SETTING_PHARMACY,
}
_AGE_UNITS: Final = {
    "y": catalogue_pb2.AGE_UNIT_YEAR,
    "m": catalogue_pb2.AGE_UNIT_MONTH,
    "d": catalogue_pb2.AGE_UNIT_DAY,
}
_PERIODS: Final = {
    "line": catalogue_pb2.USE_PERIOD_LINE,
    "day": catalogue_pb2.USE_PERIOD_DAY,
    "bill": catalogue_pb2.USE_PERIOD_BILL,
}
_CODE: Final = re.compile(r"[0-9A-Z-]{6,50}")
_AGE: Final = re.compile(r"([0-9]{1,5})([ymd])")
_LOAD_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """Which version a file is loaded as."""

    region: str
    """Province, xx0000."""
    version: str
    base: str = ""
    """Version that it changes; empty: the file states the version whole."""
    effective: Date | None = None
    """With a base: first fee date of the changes."""
    despite_refused: bool = False
    """Publish although rows were refused."""


class Catalogue:
    """Entries of a catalogue, by ImportCatalogue."""

    name = "catalogue"
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
        """Yields an entry of the catalogue per row, or the code of one that is withdrawn."""
        return each(rows, refuse, self._convert)

    async def send(self, batch: Batch) -> list[Refusal]:
        """Imports entries; the last batch publishes, unless a row of the file was refused."""
        if self._province is None:
            return []
        # Codes that are withdrawn come last: then an item has its position in the request.
        entries = sorted(batch.entries, key=lambda entry: isinstance(entry.message, str))
        publish = publishes(batch, despite_refused=self._edition.despite_refused)

        async def ask(kept: Sequence[int], part: str) -> Any:
            chosen = [entries[index] for index in kept]
            return await self._import(batch, chosen, part, publish=publish and not part)

        kept, answer, errors = await shedding(len(entries), "items", ask)
        refusals = []
        for index, error in errors.items():
            refusals += refusals_of(entries[index].lines, error, _FIELDS)
        # What was sent: entries first, then codes that are withdrawn, each counted from 0.
        item_count = sum(not isinstance(entries[index].message, str) for index in kept)
        told = [(r.index, r.error) for r in answer.refused_items] if answer else []
        told += (
            [(item_count + r.index, r.error) for r in answer.refused_withdrawals] if answer else []
        )
        for index, error in told:
            found = from_status(error)
            refusals += refusals_of(
                entries[kept[index]].lines, found, _FIELDS, message=error.message
            )
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
        label = f"{self._edition.region}@{self._edition.version}"
        count = self._published.item_count if self._published is not None else None
        return version_notes(label, count, dry_run=self._dry_run)

    async def _import(
        self, batch: Batch, entries: Sequence[Entry], part: str, *, publish: bool
    ) -> Any:
        edition = self._edition
        request = catalogue_service_pb2.ImportCatalogueRequest(
            request_id=self._ids.of(batch.number, part),
            region_code=edition.region,
            version=edition.version,
            items=[e.message for e in entries if not isinstance(e.message, str)],
            withdrawn_item_codes=[e.message for e in entries if isinstance(e.message, str)],
            base_version=edition.base,
            effective_date=edition.effective,
            publish=publish,
            dry_run=self._dry_run,
        )
        province = self._province
        if province is None:
            return None
        method = province.catalogue.ImportCatalogue
        return await patiently(lambda: province.call(method, request, within_s=_LOAD_S))

    def _convert(self, row: Row) -> Entry:
        code = required(row.values[0], "item_code")
        if flag(row.values[26], "withdrawn"):
            if not self._edition.base:
                raise FieldError("withdrawn", "only of a file of changes: --base and --effective")
            if _CODE.fullmatch(code) is None:
                raise FieldError("item_code", "no code of an item")
            return Entry((row.line,), code, row.size)
        return Entry((row.line,), _item(code, row.values), row.size)


def _item(code: str, values: Sequence[str]) -> catalogue_pb2.CatalogueItem:
    _, name, list_type, category, item_class, begin, end = values[:7]
    ratio, ratios, ceiling, ceilings, over, specification, unit, sample = values[7:15]
    message = catalogue_pb2.CatalogueItem(
        item_code=code,
        name=required(name, "name"),
        list_type_code=required(list_type, "list_type_code"),
        charge_category_code=required(category, "charge_category_code"),
        catalogue_class=word(item_class, "catalogue_class", _CLASSES),
        begin_date=day(begin, "begin_date"),
        end_date=optional_day(end, "end_date"),
        prior_self_pay_ratio=optional_decimal(ratio, "prior_self_pay_ratio"),
        price_ceiling=optional_decimal(ceiling, "price_ceiling_yuan"),
        over_ceiling=word(over, "over_ceiling", _OVER),
        specification=specification,
        unit=unit,
        sample=flag(sample, "sample"),
    )
    if ratios:
        message.prior_self_pays.extend(several(ratios, "prior_self_pay_by_person_type", _share))
    if ceilings:
        message.price_ceilings.extend(several(ceilings, "price_ceiling_by_level", _ceiling))
    if values[25]:
        message.use_limits.extend(several(values[25], "use_limits", _limit))
    if any(values[15:25]):
        restriction = _restriction(values[15:25])
        if restriction.ByteSize():
            message.restriction.CopyFrom(restriction)
    return message


def _restriction(values: Sequence[str]) -> catalogue_pb2.PaymentRestriction:
    sex, youngest, oldest, levels, setting, departments, diagnoses, schemes, approval, text = values
    return catalogue_pb2.PaymentRestriction(
        sex=word(sex, "restricted_sex", _SEXES),
        min_age=_age(youngest, "restricted_min_age"),
        max_age=_age(oldest, "restricted_max_age"),
        price_level_codes=several(levels, "restricted_levels", str),
        setting=word(setting, "restricted_setting", _SETTINGS),
        department_codes=several(departments, "restricted_departments", str),
        diagnosis_prefixes=several(diagnoses, "restricted_diagnoses", str),
        scheme_codes=several(schemes, "restricted_schemes", str),
        requires_approval=flag(approval, "requires_approval"),
        text=text,
    )


def _age(text: str, column: str) -> catalogue_pb2.AgeBound | None:
    if not text:
        return None
    found = _AGE.fullmatch(text)
    if found is None:
        raise FieldError(column, "an age is written 18y, 6m or 28d")
    return catalogue_pb2.AgeBound(number=int(found[1]), unit=_AGE_UNITS[found[2]])


def _share(part: str) -> catalogue_pb2.PriorSelfPay:
    column = "prior_self_pay_by_person_type"
    person_type, ratio = pair(part, column, "12:0.05")
    return catalogue_pb2.PriorSelfPay(person_type_code=person_type, ratio=decimal(ratio, column))


def _ceiling(part: str) -> catalogue_pb2.PriceCeiling:
    column = "price_ceiling_by_level"
    level, price = pair(part, column, "02:120.00")
    return catalogue_pb2.PriceCeiling(price_level_code=level, price_ceiling=decimal(price, column))


def _limit(part: str) -> catalogue_pb2.UseLimit:
    quantity, _, period = part.partition("/")
    return catalogue_pb2.UseLimit(
        quantity=decimal(quantity, "use_limits"), period=word(period, "use_limits", _PERIODS)
    )
