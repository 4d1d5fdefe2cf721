"""Configuration and start of the process, and what its papers promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.benefits.config import Config
from services.benefits.domain import booking
from services.benefits.domain.errors import PolicyRefused
from services.benefits.domain.trace import NAMES
from services.benefits.policies import PACKS_FOLDER, load_policy
from services.kit.codes import PROVINCES, province_of
from services.kit.config import ConfigError, load
from tests.support.sealed import KEYS

ROOT = Path(__file__).parents[3]
ENVIRON = {**KEYS, "YIJIE_DSN": "postgresql://localhost/x"}


def test_defaults_serve_every_pack():
    config = load(Config, ENVIRON)
    assert config.policy_folder == PACKS_FOLDER
    assert config.policy_regions == frozenset()
    policy = load_policy(config.policy_folder, regions=config.policy_regions)
    assert {province_of(region) for region in policy.versions} == set(PROVINCES)


def test_a_release_may_serve_one_region():
    config = load(Config, {**ENVIRON, "YIJIE_POLICY_REGIONS": "650100, 131100"})
    policy = load_policy(config.policy_folder, regions=config.policy_regions)
    assert set(policy.versions) == {"650100", "131100"}


def test_a_region_that_is_no_area_code_is_refused():
    with pytest.raises(ConfigError, match="YIJIE_POLICY_REGIONS"):
        load(Config, {**ENVIRON, "YIJIE_POLICY_REGIONS": "6501"})


def test_a_region_without_pack_is_refused_at_start():
    with pytest.raises(PolicyRefused, match="has no pack"):
        load_policy(regions=frozenset({"460100"}))


def test_the_state_diagram_is_the_code():
    drawn = set(re.findall(r"^ +(\S+) --> ([^\s:]+)", booking.__doc__, re.MULTILINE))
    coded = {("[*]", state.value) for state in booking.INITIAL}
    for state, following in booking.ALLOWED.items():
        coded |= {(state.value, after.value) for after in following}
        if not following:
            coded.add((state.value, "[*]"))
    assert drawn == coded


def test_every_step_code_is_documented():
    text = (ROOT / "docs/policy.md").read_text(encoding="utf-8")
    for code, (name_zh, _) in NAMES.items():
        assert f"`{code}`" in text
        assert name_zh in text


def test_every_parameter_is_documented():
    from services.benefits.domain.schema import SPECS

    text = (ROOT / "docs/policy.md").read_text(encoding="utf-8")
    for spec in SPECS:
        assert f"`{spec.path}`" in text, spec.path


def test_metrics_are_those_listed():
    import prometheus_client
    import yaml

    from services.benefits import metrics

    listed = yaml.safe_load((ROOT / "services/benefits/telemetry.yaml").read_text())["metrics"]
    declared = {
        instrument._name: (instrument._type, list(instrument._labelnames))
        for instrument in vars(metrics).values()
        if isinstance(instrument, prometheus_client.metrics.MetricWrapperBase)
    }
    assert declared == {name: (m["instrument"], m["labels"]) for name, m in listed.items()}
