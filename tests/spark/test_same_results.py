"""Goal: Spark finds what DuckDB finds, to the last digit. Run by `make test-spark`: needs Java."""

from __future__ import annotations

import pytest

from services.kit.config import load
from services.mining.config import MiningConfig
from services.mining.engines import open_engine
from services.mining.rules import RULES
from services.mining.run import mine
from tests.support.mining import drawn, write

pytestmark = [
    pytest.mark.timeout(600),
    # PySpark leaves the sockets of what it fetched to the collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.mark.parametrize("seed", [7, 8])
def test_spark_finds_the_same(tmp_path, seed):
    pytest.importorskip("pyspark", reason="installed by `make test-spark` only")
    folder = write(tmp_path / "export", drawn(seed, 3000))
    mined = {}
    for name in ("duckdb", "pyspark"):
        config = load(MiningConfig, {"YIJIE_MINING_ENGINE": name, "YIJIE_MINING_THREADS": "2"})
        with open_engine(config, folder) as engine:
            mined[name] = mine(engine)
    for code in RULES:
        assert mined["pyspark"].findings[code] == mined["duckdb"].findings[code], code
    assert mined["pyspark"].digest == mined["duckdb"].digest
