"""In a fresh process on one core: catalogues of four regions as large as the real drug list.

The chunks are made beforehand by another process, as the catalogue service makes them; what is
measured is what a process that settles does: load them beside its other work, keep them, and
classify. Every entry has a code of its own; terms repeat as in the real list, where a few thousand
generic names carry the conditions of hundreds of thousands of codes, and one in twenty has ceilings
by level.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from services.bench.drive import percentile
from services.classification.building import Builder
from services.classification.chunk_wire import CHUNK_ENTRIES, read_part, write_chunks
from services.classification.classify import classify_lines
from services.classification.model import (
    AgeBound,
    CatalogueItem,
    ClassificationContext,
    FeeLine,
    PaymentRestriction,
    PriceCeiling,
    PriorSelfPay,
)
from services.classification.snapshot import Snapshot
from services.kit.money import to_fen
from yijie.catalogue.v1.catalogue_service_pb2 import DownloadSnapshotResponse

REGIONS: Final = 4
ENTRIES: Final = 200_000
_LINES: Final = 20
_TIMES: Final = 3000
_DAY: Final = date(2026, 3, 16)
_GENERICS: Final = 3000
_KIB: Final = 1024
_AIMS: Final = {
    "memory of four regions, MiB": 150.0,
    "load one region, s": 10.0,
    "classify 20 lines p50, ms": 0.2,
}
_CONTEXT: Final = ClassificationContext(
    sex="2",
    birth_date=date(1956, 5, 1),
    person_type_code="12",
    scheme_code="310",
    price_level_code="03",
    medical_type_code="21",
    diagnosis_codes=("I10.x00x002", "E11.900"),
)


def measure() -> dict[str, float]:
    """Returns what was measured, by name."""
    with tempfile.TemporaryDirectory() as place:
        for region in range(REGIONS):
            _write(Path(place), region)
        done = subprocess.run(  # noqa: S603 - ourselves
            (sys.executable, "-m", __name__, place), check=True, capture_output=True, text=True
        )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def show(found: dict[str, float], out: Console) -> None:
    """Prints a table."""
    table = Table(title="catalogues in memory", title_justify="left")
    table.add_column("what")
    for name in ("measured", "aim"):
        table.add_column(name, justify="right")
    for name, value in found.items():
        aim = _AIMS.get(name)
        table.add_row(
            name,
            f"{value:.3f}",
            "" if aim is None else f"{aim:g}",
            style="" if aim is None or value <= aim else "red",
        )
    out.print(table)


def document(found: dict[str, float]) -> dict[str, Any]:
    """Returns the same for programs. `ok` is that it could be measured, not that aims are met."""
    rows = [
        {"name": name, "value": round(value, 4), "aim": _AIMS.get(name)}
        for name, value in found.items()
    ]
    return {"ok": True, "rows": rows}


def _write(place: Path, region: int) -> None:
    ordinal = 0
    for begin in range(0, ENTRIES, CHUNK_ENTRIES):
        numbers = range(begin, min(begin + CHUNK_ENTRIES, ENTRIES))
        for chunk in write_chunks([_item(region, number) for number in numbers], begin):
            path = place / f"{region}-{ordinal:04d}"
            path.write_bytes(chunk.SerializeToString())
            ordinal += 1


def _code(number: int) -> str:
    return f"XA01AAA{number // 1000:03d}A001010{number % 1000:06d}"


def _item(region: int, number: int) -> CatalogueItem:
    generic = (number // (ENTRIES // _GENERICS) + region) % _GENERICS
    share = Decimal(5 + generic % 25) / 100
    is_b = generic % 3 > 0
    return CatalogueItem(
        item_code=_code(number),
        name="",
        list_type_code="101",
        charge_category_code="09",
        catalogue_class="B" if is_b else "A",
        prior_self_pay_ratio=share if is_b else Decimal(0),
        price_ceiling=Decimal(100 + number % 90_000) / 100 if number % 3 == 0 else None,
        over_ceiling="self_pay",
        begin_date=date(2020, 1, 1),
        end_date=None,
        sample=True,
        prior_self_pays=(
            (PriorSelfPay(person_type_code="12", ratio=share / 2),) if generic % 6 == 1 else ()
        ),
        price_ceilings=(
            tuple(
                PriceCeiling(price_level_code=f"{level:02d}", price_ceiling=Decimal(number + level))
                for level in (1, 2, 3)
            )
            if number % 20 == 0
            else ()
        ),
        restriction=(
            PaymentRestriction(
                min_age=AgeBound(generic % 60, "year"),
                diagnosis_prefixes=("I10", f"E{generic % 90:02d}"),
            )
            if generic % 4 == 0
            else None
        ),
    )


def _load(place: Path, region: int, steps: list[float]) -> Snapshot:
    builder = Builder()
    for path in sorted(place.glob(f"{region}-*")):
        chunk = DownloadSnapshotResponse.FromString(path.read_bytes())
        for _ in _timed(builder.add(read_part(chunk)), steps):
            pass
    return Snapshot(region_code=f"{region + 1}10000", version="v1", items=builder.finish())


def _timed(work: Iterator[None], steps: list[float]) -> Iterator[None]:
    while True:
        started = time.perf_counter()
        try:
            next(work)
        except StopIteration:
            return
        steps.append(time.perf_counter() - started)
        yield


def _resident_mib() -> float:
    # Linux: the second field is pages that are in memory.
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / _KIB / _KIB


def _lines(turn: int) -> list[FeeLine]:
    price, quantity = Decimal("12.50"), Decimal(2)
    return [
        FeeLine(
            line_id=str(number),
            item_code=_code((turn * 7919 + number * 104_729) % ENTRIES),
            fee_date=_DAY,
            unit_price=price,
            quantity=quantity,
            amount_fen=to_fen(price * quantity),
        )
        for number in range(_LINES)
    ]


def _main(place: Path) -> None:
    _load(place, 0, [])
    before = _resident_mib()
    steps: list[float] = []
    started = time.perf_counter()
    held = [_load(place, region, steps) for region in range(REGIONS)]
    load_s = (time.perf_counter() - started) / REGIONS
    memory = _resident_mib() - before
    times = []
    for turn in range(_TIMES):
        lines = _lines(turn)
        started = time.perf_counter()
        classify_lines(held[turn % REGIONS], lines, context=_CONTEXT)
        times.append(time.perf_counter() - started)
    tracemalloc.start()
    held.append(_load(place, 0, []))
    traced, _ = tracemalloc.get_traced_memory()
    found = {
        "memory of four regions, MiB": memory,
        "of Python's own, one region, MiB": traced / _KIB / _KIB,
        "load one region, s": load_s,
        "step of loading p50, ms": percentile(steps, 50) * 1000,
        "step of loading p99, ms": percentile(steps, 99) * 1000,
        "classify 20 lines p50, ms": percentile(times, 50) * 1000,
        "classify 20 lines p99, ms": percentile(times, 99) * 1000,
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
