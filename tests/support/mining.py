"""Bills for mining, drawn from a seed, with everything in them that the rules look for."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.dataset as ds

from services.kit.clock import civil_month
from services.mining import schema
from services.mining.engines import sql_of
from services.mining.export import write_part
from services.mining.schema import ExportedBill, ExportedLine
from services.mining.tables import BILL, COLUMNS, LINE, MinedFinding

AREAS = ("330100", "310100", "640100")
ITEMS = tuple(f"0011020000{number}0000" for number in range(10, 30))
_QUIET = datetime(2025, 2, 3, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_CROWDED = datetime(2025, 3, 3, 3, 55, tzinfo=UTC)
DIAGNOSES = ("I10.x00x002", "E11.900", "J18.900", "K80.201")


def bill(number: int, **changes: Any) -> ExportedBill:
    """One bill: an outpatient visit of one line, unless said otherwise."""
    begin = changes.pop("begin_date", date(2025, 3, 3))
    end = changes.pop("end_date", begin)
    settled = datetime.combine(end, time(2), UTC) + timedelta(minutes=number % 400)
    line = ExportedLine(
        line_id="1",
        item_code=ITEMS[0],
        charge_category_code="05",
        fee_date=begin,
        unit_price=Decimal(10),
        quantity=Decimal(1),
        amount_fen=1000,
    )
    drawn = ExportedBill(
        bill_key=f"{number:032x}",
        channel="DIRECT",
        person_key=f"p{number}",
        visit_key="",
        care_region_code="330100",
        insured_region_code="640100",
        institution_code="H33010000001",
        hospital_level_code="01",
        medical_type_code="11",
        scheme_code="310",
        main_diagnosis_code=DIAGNOSES[0],
        begin_date=begin,
        end_date=end,
        settle_time=settled,
        invoice_key="",
        phone_key="",
        total_fen=1000,
        in_scope_fen=1000,
        fund_fen=700,
        lines=(line,),
    )
    return replace(drawn, **changes)


def drawn(seed: int, count: int) -> list[ExportedBill]:
    """So many bills among few people, institutions and prices: every rule finds something."""
    chance = random.Random(seed)  # noqa: S311 - bills of a test, no secret
    crowd = [
        bill(
            count + 10 * day + number,
            person_key=f"c{number}",
            begin_date=(_CROWDED + _DAY * day).date(),
            settle_time=_CROWDED + _DAY * day,
        )
        for day in range(4)
        for number in range(6)
    ]
    once = [
        bill(count + 100 + number, person_key=f"q{number}", settle_time=_QUIET + _HOUR * number)
        for number in range(90)
    ]
    return [*(_draw(chance, number) for number in range(count)), *crowd, *once]


def _draw(chance: random.Random, number: int) -> ExportedBill:
    area = chance.choice(AREAS)
    is_stay = chance.randrange(3) == 0
    begin = date(2025, chance.randrange(1, 4), chance.randrange(1, 29))
    end = begin + timedelta(days=chance.randrange(1, 9)) if is_stay else begin
    lines = tuple(_line(chance, str(place), begin) for place in range(chance.randrange(1, 5)))
    total = sum(line.amount_fen for line in lines) * (20 if chance.randrange(40) == 0 else 1)
    return bill(
        number,
        person_key=f"p{chance.randrange(40)}",
        visit_key=f"v{number // 2}" if is_stay and chance.randrange(4) == 0 else "",
        care_region_code=area,
        insured_region_code=chance.choice(("640100", "110100")),
        institution_code=f"H{area}0000{chance.randrange(1, 8)}",
        hospital_level_code="01",
        medical_type_code="21" if is_stay else "11",
        main_diagnosis_code=chance.choice(DIAGNOSES),
        begin_date=begin,
        end_date=end,
        settle_time=datetime.combine(end, time(chance.randrange(1, 4)), UTC)
        + timedelta(minutes=chance.randrange(60)),
        invoice_key=f"i{chance.randrange(count_of(number))}",
        phone_key=f"t{chance.randrange(60)}",
        total_fen=total,
        lines=lines,
    )


def count_of(number: int) -> int:
    """How many invoices there are for the first bills: some meet."""
    return 40 * number + 1


def _line(chance: random.Random, line_id: str, day: date) -> ExportedLine:
    place = chance.randrange(4)
    price = Decimal(1000 + 700 * place + chance.randrange(4) * 10) / 100
    if chance.randrange(50) == 0:
        price *= 4
    quantity = Decimal(chance.randrange(1, 5))
    return ExportedLine(
        line_id=line_id,
        item_code=ITEMS[place],
        charge_category_code="05",
        fee_date=day,
        unit_price=price,
        quantity=quantity,
        amount_fen=int(price * quantity * 100),
    )


def write(folder: Path, bills: Sequence[ExportedBill]) -> Path:
    """Writes an export of all months of the bills."""
    for month in sorted({civil_month(one.settle_time) for one in bills}):
        chosen = [one for one in bills if civil_month(one.settle_time) == month]
        write_part(folder, month, 0, chosen)
    return folder


class SqliteEngine:
    """SQLite, the second engine of the tests: it shares nothing with DuckDB but the expressions."""

    def __init__(self, folder: Path) -> None:
        """Copies an export into a database in memory."""
        self._database = sqlite3.connect(":memory:")
        for name, columns in ((BILL, schema.BILL), (LINE, schema.LINE)):
            self._copy(folder / name, name, columns)

    def findings(self, answer: ir.Table) -> Iterator[MinedFinding]:
        """Computes a rule's answer."""
        for row in self._database.execute(sql_of(answer, "sqlite")):
            yield MinedFinding(**dict(zip(COLUMNS, row, strict=True)))

    def _copy(self, folder: Path, name: str, columns: pa.Schema) -> None:
        partitions = pa.schema([columns.field(one) for one in schema.PARTITIONS])
        partitioning = ds.partitioning(partitions, flavor="hive")
        read = ds.dataset(folder, partitioning=partitioning).to_table(columns=columns.names)
        kinds = {"string": "text", "int64": "integer"}
        declared = ", ".join(f"{one.name} {kinds[str(one.type)]}" for one in columns)
        self._database.execute(f"CREATE TABLE {name} ({declared})")
        marks = ", ".join("?" * len(columns))
        rows = zip(*(read.column(one).to_pylist() for one in columns.names), strict=True)
        self._database.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)  # noqa: S608
