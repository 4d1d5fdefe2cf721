"""Goal: the same findings, to the last digit, whatever engine computes them."""

from __future__ import annotations

import pytest

from services.kit.config import ConfigError, load
from services.mining.config import MiningConfig
from services.mining.engines import EngineMissing, open_engine, sql_of
from services.mining.rules import RULES
from services.mining.run import UnknownRule, mine
from services.mining.tables import TABLES
from services.mining.thresholds import Thresholds
from tests.support.mining import SqliteEngine, drawn, write

LIMITS = Thresholds()


def mined_by_duckdb(folder, **settings):
    environ = {f"YIJIE_MINING_{name.upper()}": value for name, value in settings.items()}
    with open_engine(load(MiningConfig, environ), folder) as engine:
        return mine(engine)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("export"), drawn(7, 3000))


@pytest.fixture(scope="module")
def mined(folder):
    return mined_by_duckdb(folder)


def test_every_rule_finds_something_in_the_drawn_bills(mined):
    assert {code: bool(found) for code, found in mined.findings.items()} == dict.fromkeys(
        RULES, True
    )


def test_sqlite_finds_the_same(folder, mined):
    again = mine(SqliteEngine(folder))
    for code in RULES:
        assert again.findings[code] == mined.findings[code], code
    assert again.digest == mined.digest


def test_little_memory_and_one_thread_find_the_same(folder, mined, tmp_path):
    again = mined_by_duckdb(folder, memory_mb="64", threads="1", spill_dir=str(tmp_path))
    assert again.digest == mined.digest


@pytest.mark.parametrize("code", RULES)
def test_every_rule_is_said_in_the_sql_of_spark(code):
    text = sql_of(RULES[code](TABLES, LIMITS), "pyspark")
    assert text.startswith(("SELECT", "WITH"))
    # Whole numbers only: a division would be a binary fraction there.
    assert " / " not in text
    assert "DOUBLE" not in text


def test_spark_that_is_not_installed_is_said(tmp_path):
    try:
        import pyspark  # noqa: F401
    except ImportError:
        with (
            pytest.raises(EngineMissing, match=r"spark\.lock"),
            open_engine(load(MiningConfig, {"YIJIE_MINING_ENGINE": "pyspark"}), tmp_path),
        ):
            pass


def test_an_engine_that_there_is_not_is_refused():
    with pytest.raises(ConfigError, match="YIJIE_MINING_ENGINE"):
        load(MiningConfig, {"YIJIE_MINING_ENGINE": "oracle"})


def test_a_rule_that_there_is_not_is_refused(folder):
    with open_engine(load(MiningConfig, {}), folder) as engine, pytest.raises(UnknownRule):
        mine(engine, rule_codes=["ASTROLOGY"])
