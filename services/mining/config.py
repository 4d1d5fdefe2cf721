"""Configuration of mining: which engine, and how much of the machine it may take."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.kit import config as settings

DUCKDB: Final = "duckdb"
PYSPARK: Final = "pyspark"
ENGINES: Final = (DUCKDB, PYSPARK)

_MEGABYTES_MAX: Final = 1_048_576
_THREADS_MAX: Final = 1024


def _parse_engine(text: str) -> str:
    if text not in ENGINES:
        msg = f"must be one of {', '.join(ENGINES)}"
        raise ValueError(msg)
    return text


def _parse_count(most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
            msg = f"must be a whole number from 1 to {most}"
            raise ValueError(msg)
        return int(text)

    return parse


def _parse_folder(text: str) -> Path | None:
    return Path(text) if text else None


@dataclass(frozen=True, slots=True)
class MiningConfig:
    """How mining runs, read by `services.kit.config.load(MiningConfig)`."""

    engine: str = settings.env("MINING_ENGINE", _parse_engine, default=DUCKDB)
    """duckdb, in this process, or pyspark, which must be installed (requirements/spark.lock)."""
    memory_mb: int = settings.env("MINING_MEMORY_MB", _parse_count(_MEGABYTES_MAX), default=2048)
    """Memory of DuckDB, or of the Spark driver; what does not fit is spilled to disk."""
    threads: int = settings.env(
        "MINING_THREADS", _parse_count(_THREADS_MAX), default=os.cpu_count() or 1
    )
    """Threads of DuckDB, or of Spark where its master is local."""
    spill_dir: Path | None = settings.env("MINING_SPILL_DIR", _parse_folder, default=None)
    """Folder for what does not fit into memory; none: beside the export."""
    spark_master: str = settings.env("MINING_SPARK_MASTER", default="")
    """Spark's master, e.g. spark://host:7077; empty: in this process, with the threads above."""
