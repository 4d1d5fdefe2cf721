"""Batch mining by size: exports of three sizes, every rule over each, on the engine configured.

The exports are synthetic and drawn inside DuckDB, so that a bench of twenty million lines does not
spend its time in making them; the path that a real export takes is timed apart, on a small one.
"""

from __future__ import annotations

import os
import resource
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import duckdb
from rich.console import Console
from rich.table import Table

from services.bench.clearing_close import forget_rss_max, rss_max_bytes
from services.cli.progress import Progress
from services.kit.config import load
from services.mining import export
from services.mining.config import MiningConfig
from services.mining.engines import open_engine
from services.mining.run import mine
from services.mining.tables import BILL, LINE

SIZES: Final = (100_000, 500_000, 2_000_000)
"""Bills; ten lines each."""
LINES_OF_BILL: Final = 10
_MONTHS: Final = 12
_FIRST_DAY: Final = 20089
"""2025-01-01, counted from 1970-01-01."""
_FILL_MB: Final = 1024

# Some 25 bills a person a year, 4,000 institutions in 32 provinces, one stay in seven bills; few
# bills repeat an invoice, some telephones are shared, one line in a
# thousand is three times as dear.
_BILLS: Final = """
COPY (
  WITH people AS (
    SELECT i, hash(i, 2) % ($bills // 25 + 1) AS person, hash(i, 3) AS k, hash(i, 4) % 360 AS d,
           hash(i, 5) % 7 = 0 AS stay
      FROM range($bills) AS r (i)),
  base AS (
    -- One bill in three is where the person usually goes, for what they usually have.
    SELECT *, CASE WHEN k % 3 = 0 THEN hash(person, 7) ELSE hash(i, 8) END AS h FROM people),
  placed AS (SELECT *, h % 32 AS p FROM base)
  SELECT lpad(i::VARCHAR, 32, '0') AS bill_key, 'DIRECT' AS channel, 'p' || person AS person_key,
         '' AS visit_key, (11 + p) || '0100' AS care_region,
         (11 + person % 32) || '0100' AS insured_region,
         'H' || (11 + p) || '01' || lpad((h // 32 % 125)::VARCHAR, 7, '0') AS institution,
         '0' || (1 + h // 32 % 3) AS level, CASE WHEN stay THEN '21' ELSE '11' END AS medical_type,
         '310' AS scheme, chr((65 + h % 20)::INT) || lpad((k % 90)::VARCHAR, 2, '0') AS diagnosis,
         $day + d::BIGINT AS begin_day,
         $day + d::BIGINT + CASE WHEN stay THEN 1 + (k % 12)::BIGINT ELSE 0 END AS end_day,
         ($day + d::BIGINT) * 1440 + (k % 600)::BIGINT AS settle_minute,
         ($day + d::BIGINT) * 24 + (k % 600)::BIGINT // 60 AS settle_hour,
         ($day + d::BIGINT) * 24 + ((k % 600)::BIGINT + 30) // 60 AS settle_half_hour,
         'i' || CASE WHEN k % 1000 = 0 THEN i // 2 ELSE i END AS invoice_key,
         CASE WHEN person % 50 < 4 THEN 'g' || person // 50 ELSE 't' || person END AS phone_key,
         (CASE WHEN stay THEN 800000 ELSE 20000 END + k % 20000)::BIGINT AS total_fen,
         (20000 + k % 20000)::BIGINT AS in_scope_fen, (10000 + k % 10000)::BIGINT AS fund_fen,
         '2025-' || lpad((1 + d * 12 // 360)::VARCHAR, 2, '0') AS month, (11 + p) || '0000' AS care
    FROM placed
) TO '$folder' (FORMAT parquet, PARTITION_BY (month, care), COMPRESSION zstd)"""
_LINES: Final = """
COPY (
  WITH bills AS (SELECT bill_key, institution, level, begin_day, month, care,
                        hash(bill_key) AS b FROM read_parquet('$bill_folder/*/*/*.parquet',
                        hive_partitioning = true, hive_types_autocast = false)),
       base AS (SELECT b.*, n, hash(b.b, n) AS h FROM bills AS b, range($each) AS r (n))
  SELECT bill_key, n::VARCHAR AS line_id, institution, level,
         '0011020' || lpad((h % 300)::VARCHAR, 8, '0') AS item, '05' AS category,
         begin_day AS fee_day,
         (10000000 + (h % 300)::BIGINT * 10000 + (h // 300 % 7)::BIGINT * 50000)
           * CASE WHEN h // 2100 % 1000 = 1 THEN 3 ELSE 1 END AS unit_price_micro,
         10000::BIGINT AS quantity_e4, (1000 + h % 3000)::BIGINT AS amount_fen, month, care
    FROM base
) TO '$folder' (FORMAT parquet, PARTITION_BY (month, care), COMPRESSION zstd)"""


@dataclass(slots=True)
class Sized:
    """What one size took."""

    bills: int
    lines: int
    bytes_: int
    seconds: dict[str, float]
    """By rule."""
    cpu_s: float
    """User and system time of all rules."""
    findings: dict[str, int]
    rss_max_bytes: int

    @property
    def total_s(self) -> float:
        """All rules."""
        return sum(self.seconds.values())


@dataclass(slots=True)
class Found:
    """What was found."""

    config: MiningConfig
    sized: list[Sized] = field(default_factory=list)
    ok: bool = True


def measure(folder: Path, sizes: Sequence[int], progress: Progress) -> Found:
    """Makes an export of each size in the folder, which goes with it, and mines it.

    Raises:
        EngineMissing: the engine configured is not installed.
    """
    found = Found(load(MiningConfig))
    try:
        for bills in sorted(sizes):
            place = folder / f"mining-{bills}"
            with progress.step("合成导出", f"making {bills:,} bills"):
                _make(place, bills)
            with progress.step("批量挖掘", f"mining {bills * LINES_OF_BILL:,} lines"):
                found.sized.append(_mine(found.config, place))
            shutil.rmtree(place, ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def show(found: Found, out: Console) -> None:
    """Prints a table: rules by size."""
    config = found.config
    title = f"批量挖掘 mining: {config.engine}, {config.memory_mb} MB, {config.threads} threads"
    table = Table(title=title, title_justify="left")
    table.add_column("规则 rule")
    for one in found.sized:
        table.add_column(f"{one.bills:,} bills\n{one.lines:,} lines", justify="right")
    for code in found.sized[0].seconds:
        row = [f"{one.seconds[code]:.2f} s · {one.findings[code]:,}" for one in found.sized]
        table.add_row(code, *row)
    table.add_row("合计 all", *(f"{one.total_s:.2f} s" for one in found.sized))
    table.add_row("处理器 CPU", *(f"{one.cpu_s:.2f} s" for one in found.sized))
    table.add_row("每秒行数 lines/s", *(f"{one.lines / one.total_s:,.0f}" for one in found.sized))
    table.add_row("文件 files", *(f"{one.bytes_ / 2**20:,.0f} MiB" for one in found.sized))
    table.add_row("内存峰值 RSS", *(f"{one.rss_max_bytes / 2**20:,.0f} MiB" for one in found.sized))
    out.print(table)


def document(found: Found) -> dict[str, Any]:
    """Returns the same for programs."""
    return {
        "ok": found.ok,
        "engine": found.config.engine,
        "sizes": [
            {
                "bills": one.bills,
                "lines": one.lines,
                "bytes": one.bytes_,
                "seconds": one.seconds,
                "cpu_s": one.cpu_s,
                "findings": one.findings,
                "rss_max_bytes": one.rss_max_bytes,
            }
            for one in found.sized
        ],
    }


def _make(folder: Path, bills: int) -> None:
    with duckdb.connect(":memory:", config={"memory_limit": f"{_FILL_MB}MB"}) as connection:
        for text, name in ((_BILLS, BILL), (_LINES, LINE)):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            statement = (
                text.replace("$bill_folder", str(folder / BILL))
                .replace("$folder", str(folder / name))
                .replace("$bills", str(bills))
                .replace("$day", str(_FIRST_DAY))
                .replace("$each", str(LINES_OF_BILL))
            )
            connection.execute(statement)


def _mine(config: MiningConfig, folder: Path) -> Sized:
    forget_rss_max(os.getpid())
    begun, used = time.monotonic(), _cpu_s()
    with open_engine(config, folder) as engine:
        mined = mine(engine)
    seconds = dict(mined.seconds)
    seconds["(opening)"] = time.monotonic() - begun - sum(seconds.values())
    return Sized(
        bills=export.bills_in(folder),
        lines=export.lines_in(folder),
        bytes_=export.bytes_of(folder),
        seconds=seconds,
        cpu_s=_cpu_s() - used,
        findings={code: len(rows) for code, rows in mined.findings.items()} | {"(opening)": 0},
        rss_max_bytes=rss_max_bytes(os.getpid()),
    )


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
