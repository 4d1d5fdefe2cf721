"""Goal: a wrong environment is refused as a whole, and a secret is shown nowhere."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from services.kit import config as settings
from services.kit.config import ConfigError, load, shown, variables


@dataclass(frozen=True, slots=True)
class Inner:
    size: int = settings.env("SIZE", int, default=3)
    delay_s: float = settings.env("DELAY_S", settings.parse_delay, default=0.0)


@dataclass(frozen=True, slots=True)
class Outer:
    inner: Inner = settings.nested(Inner)
    target: str = settings.env("TARGET", settings.parse_address)
    key: str = settings.env("KEY", secret=True)


GOOD = {"YIJIE_TARGET": "host:1", "YIJIE_KEY": "canary-secret"}


def test_defaults_and_given_values():
    config = load(Outer, {**GOOD, "YIJIE_SIZE": "9"})
    assert (config.inner.size, config.inner.delay_s, config.target) == (9, 0.0, "host:1")


def test_every_problem_is_named_at_once_and_no_value_is_shown():
    environment = {"YIJIE_SIZE": "canary-nine", "YIJIE_TARGET": "canary", "YIJIE_DELAY_S": "-1"}
    with pytest.raises(ConfigError) as caught:
        load(Outer, environment)
    assert len(caught.value.problems) == 4
    assert "YIJIE_KEY is not set" in str(caught.value)
    for name in ("YIJIE_SIZE", "YIJIE_TARGET", "YIJIE_DELAY_S"):
        assert name in str(caught.value)


@pytest.mark.parametrize("text", ["nan", "inf", "-0.1", "1e9", "x"])
def test_a_delay_is_a_number_of_seconds(text):
    with pytest.raises(ConfigError):
        load(Outer, {**GOOD, "YIJIE_DELAY_S": text})


@pytest.mark.parametrize("text", ["nan", "0", "-1", "inf"])
def test_a_time_to_wait_is_positive(text):
    with pytest.raises(ValueError, match=r"positive|could not"):
        settings.parse_seconds(text)


def test_a_secret_comes_from_a_file_and_is_masked(tmp_path):
    (tmp_path / "key").write_text("canary-secret\n")
    config = load(Outer, {"YIJIE_TARGET": "host:1", "YIJIE_KEY_FILE": str(tmp_path / "key")})
    assert config.key == "canary-secret"
    assert shown(config)["key"] == "***"
    assert "canary" not in str(shown(config))
    assert "canary" not in repr(config)


def test_a_missing_secret_file_is_a_problem_like_any_other(tmp_path):
    with pytest.raises(ConfigError, match="YIJIE_KEY"):
        load(Outer, {"YIJIE_TARGET": "host:1", "YIJIE_KEY_FILE": str(tmp_path / "none")})


def test_the_variables_of_a_class_are_known():
    assert variables(Outer) == {
        "YIJIE_SIZE", "YIJIE_DELAY_S", "YIJIE_TARGET", "YIJIE_KEY", "YIJIE_KEY_FILE",
    }  # fmt: skip
