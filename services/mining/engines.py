"""The engines that compute the rules: DuckDB in this process, Spark by configuration.

Both are given the SQL that Ibis makes of the same expression; nothing here knows a rule.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import duckdb
import ibis
import ibis.expr.types as ir

from services.mining import schema
from services.mining.config import DUCKDB, MiningConfig
from services.mining.schema import PARTITIONS
from services.mining.tables import BILL, COLUMNS, LINE, MinedFinding

_SPILL: Final = ".spill"
_ROWS_AT_ONCE: Final = 10_000


class EngineMissing(Exception):
    """The engine that is asked for is not installed."""


class Engine(Protocol):
    """Computes expressions over an export."""

    def findings(self, answer: ir.Table) -> Iterator[MinedFinding]:
        """Computes a rule's answer; the order is the engine's."""


class DuckEngine:
    """DuckDB in this process: out of core, bounded memory."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, folder: Path, months: Sequence[str]
    ) -> None:
        """Opens months of an export on a connection that is closed by whoever opened it."""
        self._connection = connection
        for name, columns in ((BILL, schema.BILL), (LINE, schema.LINE)):
            relation = connection.read_parquet(
                str(folder / name / "*" / "*" / "*.parquet"), hive_partitioning=True
            )
            # Told, not guessed: a province's code is text.
            text = ", ".join(
                f"{one}::VARCHAR AS {one}" if one in PARTITIONS else one for one in columns.names
            )
            chosen = relation.project(text)
            if months:
                chosen = chosen.filter(f"month BETWEEN '{min(months)}' AND '{max(months)}'")
            chosen.create_view(name)

    def findings(self, answer: ir.Table) -> Iterator[MinedFinding]:
        """Computes a rule's answer."""
        result = self._connection.execute(sql_of(answer, "duckdb"))
        while rows := result.fetchmany(_ROWS_AT_ONCE):
            yield from (MinedFinding(**dict(zip(COLUMNS, row, strict=True))) for row in rows)


class SparkEngine:
    """Spark, in this process or a cluster."""

    def __init__(self, session: Any, folder: Path, months: Sequence[str]) -> None:
        """Opens months of an export; a cluster must see the folder under the same name."""
        self._session = session
        for name, columns in ((BILL, schema.BILL), (LINE, schema.LINE)):
            read = session.read.parquet(str(folder / name)).select(*columns.names)
            if months:
                read = read.where(read.month.between(min(months), max(months)))
            read.createOrReplaceTempView(name)

    def findings(self, answer: ir.Table) -> Iterator[MinedFinding]:
        """Computes a rule's answer; rows come to this process a partition at a time."""
        for row in self._session.sql(sql_of(answer, "pyspark")).toLocalIterator():
            yield MinedFinding(**{name: row[name] for name in COLUMNS})


def sql_of(answer: ir.Table, dialect: str) -> str:
    """Returns the SQL of an expression in an engine's dialect."""
    return str(ibis.to_sql(answer, dialect=dialect, pretty=False))


@contextlib.contextmanager
def open_engine(config: MiningConfig, folder: Path, months: Sequence[str] = ()) -> Iterator[Engine]:
    """Opens an export with the engine of the configuration while the block runs.

    `months` are those of the export that are looked at, from the first to the last; none: all.

    Raises:
        EngineMissing: PySpark is asked for and not installed.
    """
    spill = config.spill_dir or folder / _SPILL
    spill.mkdir(parents=True, exist_ok=True)
    try:
        opened = _duckdb if config.engine == DUCKDB else _spark
        with opened(config, folder, spill, months) as engine:
            yield engine
    finally:
        if config.spill_dir is None:
            shutil.rmtree(spill, ignore_errors=True)


@contextlib.contextmanager
def _duckdb(
    config: MiningConfig, folder: Path, spill: Path, months: Sequence[str]
) -> Iterator[Engine]:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": str(spill),
        "memory_limit": f"{config.memory_mb}MB",
        "threads": config.threads,
        "preserve_insertion_order": False,
        # Nothing is fetched from anywhere.
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(":memory:", config=settings) as connection:
        yield DuckEngine(connection, folder, months)


@contextlib.contextmanager
def _spark(
    config: MiningConfig, folder: Path, spill: Path, months: Sequence[str]
) -> Iterator[Engine]:
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 - installed only where it is used
    except ImportError as error:
        msg = "PySpark is not installed: pip install --require-hashes -r requirements/spark.lock"
        raise EngineMissing(msg) from error
    builder = (
        SparkSession.builder.appName("yijie-mining")
        .master(config.spark_master or f"local[{config.threads}]")
        .config("spark.driver.memory", f"{config.memory_mb}m")
        .config("spark.local.dir", str(spill))
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
        .config("spark.sql.shuffle.partitions", str(max(config.threads, 2) * 4))
        # Overflow is an error, not another number.
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.ui.enabled", "false")
    )
    if not config.spark_master:
        builder = builder.config("spark.driver.bindAddress", "127.0.0.1").config(
            "spark.driver.host", "127.0.0.1"
        )
    session = builder.getOrCreate()
    try:
        yield SparkEngine(session, folder, months)
    finally:
        session.stop()
