"""Goal: clearing starts with an hour of the day and a route per province, or not at all."""

from __future__ import annotations

import pytest

from services.clearing.config import Config, parse_hour
from services.kit.config import ConfigError, load

ENVIRONMENT = {
    "YIJIE_DSN": "postgresql://nobody@nowhere/x",
    "YIJIE_SETTLEMENT_TARGET": "settlement:50051",
    "YIJIE_BENEFITS_ROUTES": "*=benefits:50051,650000=xinjiang:443;timeout_s=0.5",
}


@pytest.mark.parametrize("text", ["-1", "24", "1.5", "", "１", "one"])
def test_what_is_no_hour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be an hour"):
        parse_hour(text)


def test_the_hours_of_a_day_are_read() -> None:
    assert [parse_hour(str(hour)) for hour in range(24)] == list(range(24))


def test_clearing_knows_every_insured_province_by_its_route() -> None:
    config = load(Config, ENVIRONMENT)
    assert {region: route.target for region, route in config.benefits_routes.items()} == {
        "*": "benefits:50051",
        "650000": "xinjiang:443",
    }
    with pytest.raises(ConfigError, match="YIJIE_BENEFITS_ROUTES"):
        load(Config, {**ENVIRONMENT, "YIJIE_BENEFITS_ROUTES": "65=x"})
