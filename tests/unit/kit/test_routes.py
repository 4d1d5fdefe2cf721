"""Goal: a routing table is read as it was meant, or refused with the place and the reason."""

from __future__ import annotations

import re

import pytest

from services.kit.routes import CALLS_MAX, Route, parse_routes


def test_a_route_needs_no_more_than_a_target():
    routes = parse_routes("*=a:1, 650000=dns:///b:2")
    assert routes == {"*": Route(target="a:1"), "650000": Route(target="dns:///b:2")}
    assert (routes["*"].timeout_s, routes["*"].calls_max) == (None, CALLS_MAX)


def test_a_route_says_what_its_province_is_given():
    text = "*=a:1,650000=b:2; timeout_s=0.5;calls_max=32 ;failures_max=3;pause_s=10"
    assert parse_routes(text)["650000"] == Route(
        target="b:2", timeout_s=0.5, calls_max=32, failures_max=3, pause_s=10.0
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "entry 1: must begin with PROVINCE=TARGET"),
        ("a:1", "entry 1: must begin with PROVINCE=TARGET"),
        ("*=", "entry 1: must begin with PROVINCE=TARGET"),
        ("*=a:1,", "entry 2: must begin with PROVINCE=TARGET"),
        ("65=a:1", "entry 1: must begin with PROVINCE=TARGET"),
        ("650100=a:1", "entry 1: must begin with PROVINCE=TARGET"),
        ("６50000=a:1", "entry 1: must begin with PROVINCE=TARGET"),
        ("750000=a:1", "entry 1: must begin with PROVINCE=TARGET"),
        ("650000=a:1,650000=b:2", "entry 2: names a PROVINCE that an earlier one names"),
        ("*=a:1;", "entry 1: after a semicolon must come OPTION=VALUE"),
        ("*=a:1;retries=3", "OPTION one of timeout_s, calls_max, failures_max, pause_s"),
        ("*=a:1;pause_s=1;pause_s=2", "entry 1: pause_s is said twice"),
        ("*=a:1,650000=b:2;timeout_s=", "entry 2: timeout_s must be a number"),
        ("*=a:1;timeout_s=soon", "timeout_s must be a number"),
        ("*=a:1;timeout_s=0", "timeout_s must be a positive number of seconds"),
        ("*=a:1;timeout_s=nan", "timeout_s must be a positive number of seconds"),
        ("*=a:1;calls_max=1", "calls_max must be a whole number from 2 to 1000"),
        ("*=a:1;calls_max=1001", "calls_max must be a whole number from 2 to 1000"),
        ("*=a:1;calls_max=３２", "calls_max must be a whole number from 2 to 1000"),
        ("*=a:1;failures_max=0", "failures_max must be a whole number from 1 to 1000"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused_with_the_place(text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_routes(text)
