"""Where the benefits of each insured province are served: read from YIJIE_BENEFITS_ROUTES."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.kit import config as settings
from services.kit.breaker import Limits
from services.kit.caller import BENEFITS
from services.kit.tls import peer_name

EVERY_REGION = "*"
"""Stands for the insured provinces that no route names."""
CALLS_MAX = 64
"""Calls of one insured province in flight, unless its route says otherwise: at a second each, more
than the whole country settles in a second at its peak."""
_ROUTED = re.compile(r"\*|[1-6][0-9]0000")
_COUNT_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where the benefits of an insured province are served, and how much they are given."""

    target: str
    """gRPC target: host:port or dns:///host:port."""
    timeout_s: float | None = None
    """Longest wait; None: YIJIE_BENEFITS_TIMEOUT_S."""
    calls_max: int = CALLS_MAX
    """Calls in flight, of windows and of recovery together."""
    failures_max: int = Limits().failures_max
    """Calls without an answer in a row after which the province is not asked for a while."""
    pause_s: float = Limits().pause_s
    """That while; doubles as long as the province stays silent, up to ten times."""


def peer_name_of(region: str) -> str:
    """Returns the name that the certificate at the end of a route must have; empty: its host's.

    What goes to a province is about its people, and an address alone must not send it to another.
    """
    return "" if region == EVERY_REGION else peer_name(BENEFITS, region)


def _parse_count(lowest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and lowest <= int(text) <= _COUNT_MAX):
            msg = f"must be a whole number from {lowest} to {_COUNT_MAX}"
            raise ValueError(msg)
        return int(text)

    return parse


# Two calls at least: one of them is recovery's.
_OPTIONS: Mapping[str, Callable[[str], Any]] = {
    "timeout_s": settings.parse_seconds,
    "calls_max": _parse_count(2),
    "failures_max": _parse_count(1),
    "pause_s": settings.parse_seconds,
}


def parse_routes(text: str) -> dict[str, Route]:
    """Reads "*=host:port,650000=host:port;timeout_s=0.5;calls_max=32": the routes by province.

    "*" is for the provinces not named. The options are the fields of Route; none is needed.
    """
    routes: dict[str, Route] = {}
    for number, entry in enumerate(text.split(","), start=1):
        try:
            region, route = _parse_route(entry.strip())
        except ValueError as error:
            msg = f"entry {number}: {error}"
            raise ValueError(msg) from None
        if region in routes:
            msg = f"entry {number}: names a PROVINCE that an earlier one names"
            raise ValueError(msg)
        routes[region] = route
    return routes


def _parse_route(entry: str) -> tuple[str, Route]:
    head, *parts = entry.split(";")
    region, _, target = head.strip().partition("=")
    if not target or not _ROUTED.fullmatch(region):
        msg = "must begin with PROVINCE=TARGET, PROVINCE being xx0000 or *"
        raise ValueError(msg)
    options: dict[str, Any] = {}
    for part in parts:
        name, _, value = part.strip().partition("=")
        if name not in _OPTIONS:
            msg = f"after a semicolon must come OPTION=VALUE, OPTION one of {', '.join(_OPTIONS)}"
            raise ValueError(msg)
        if name in options:
            msg = f"{name} is said twice"
            raise ValueError(msg)
        try:
            options[name] = _OPTIONS[name](value)
        except ValueError as error:
            # What float() says of a text holds the text.
            reason = error if str(error).startswith("must") else "must be a number"
            msg = f"{name} {reason}"
            raise ValueError(msg) from None
    return region, Route(target=target, **options)
