"""Region files: what each holds, and what is wrong with it by itself."""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jsonschema
import orjson

from services.cli.topology import SERVICES
from services.kit import codes
from services.kit.strict_yaml import Unclear, find_line, read_tree

HUB_SERVICES: Final = tuple(service for service in SERVICES if service != "benefits")
"""What a region does not run."""
_REGION_CODE: Final = "global.region.code"
_POLICY_REGIONS: Final = "benefits.settings.YIJIE_POLICY_REGIONS"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a place of a file, and what would be right."""

    file: Path
    line: int
    place: str
    problem: str
    right: str

    def __str__(self) -> str:
        """The way an editor finds the place."""
        place = f"{self.place}: " if self.place else ""
        return f"{self.file}:{self.line}: {place}{self.problem}; {self.right}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What a region file says."""

    file: Path
    code: str
    """xx0000; empty: it says none."""
    hosts: tuple[str, ...]
    """Names under which the hub finds the province."""
    blocks: tuple[str, ...]
    """Addresses from which the hub calls."""
    areas: tuple[str, ...]
    """Areas for whose fund it speaks."""


def files_in(folder: Path) -> list[Path]:
    """Returns the region files of a folder."""
    return sorted(file for file in folder.glob("*.y*ml") if file.suffix in {".yaml", ".yml"})


def codes_in(folder: Path) -> dict[Path, str]:
    """Returns the code in each file that can be read; empty: it says none."""
    found = {}
    for file in files_in(folder):
        try:
            tree = read_tree(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, Unclear):
            continue
        found[file] = _text_at(tree, _REGION_CODE)
    return found


def read_region(file: Path) -> tuple[Region | None, list[Problem]]:
    """Returns what a file says, None if it cannot be read, and what is wrong with it."""
    try:
        text = file.read_text(encoding="utf-8")
        tree = read_tree(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        return None, [Problem(file, 1, "", f"cannot be read: {reason}", "write it anew")]
    except Unclear as error:
        return None, [Problem(file, error.line, "", error.problem, error.right)]
    if not isinstance(tree, dict):
        return None, [Problem(file, 1, "", "holds no keys", "begin with mode: region")]
    problems = [
        Problem(file, find_line(text, place), place, problem, right)
        for place, problem, right in (*_by_schema(tree, file), *_by_meaning(tree, file))
    ]
    region = Region(
        file=file,
        code=_text_at(tree, _REGION_CODE),
        hosts=tuple(_texts_at(tree, "benefits.tls.dnsNames")),
        blocks=tuple(_blocks(tree)),
        areas=tuple(_areas(tree)),
    )
    return region, problems


def _by_meaning(tree: dict[Any, Any], file: Path) -> Iterator[tuple[str, str, str]]:
    if tree.get("mode") != "region":
        yield "mode", f"is {tree.get('mode', 'not there')}", "write mode: region"
    code = _text_at(tree, _REGION_CODE)
    if code not in codes.PROVINCES:
        said = f"is {code}, which is no province" if code else "is not there"
        yield _REGION_CODE, said, f"write one in quotes, as {file.stem} if that is meant"
    elif file.name != f"{code}.yaml":
        yield _REGION_CODE, f"is {code} in {file.name}", f"name the file {code}.yaml"
    for service in HUB_SERVICES:
        if tree.get(service) != {"enabled": False}:
            right = f"write {service}: {{enabled: false}}, which belongs to the hub"
            yield service, "is more than switched off", right
    yield from _benefits_by_meaning(tree, code)


def _benefits_by_meaning(tree: dict[Any, Any], code: str) -> Iterator[tuple[str, str, str]]:
    """What the charts refuse by their rules between values, and what Kubernetes would."""
    for place in ("benefits.enabled", "benefits.keys.enabled", "global.tls.enabled"):
        if _at(tree, place) is False:
            yield place, "is false", "leave it out: it is what a province runs, or keeps safe by"
    for place in ("benefits.callees", "benefits.benefitsRoutes"):
        if _at(tree, place):
            yield place, "is not empty", "leave it out: the benefits service calls nobody"
    yield from _callers_by_meaning(tree)
    if not _areas(tree):
        right = f"name the areas of {code}, or it would answer for every province"
        yield _POLICY_REGIONS, "names no area", right
    for area in _areas(tree):
        if not codes.is_known_area(area) or codes.province_of(area) != code:
            yield _POLICY_REGIONS, f"has {area}, no area of {code}", "leave it out"


def _callers_by_meaning(tree: dict[Any, Any]) -> Iterator[tuple[str, str, str]]:
    for block in _blocks(tree):
        if not _is_block(block):
            right = "write its first address, as 203.0.113.16/28"
            yield "benefits.callers", f"{block} is no address block", right
    if not list(_blocks(tree)) and _at(tree, "benefits.exposure.enabled"):
        right = "name the hub's address blocks: hub: {from: [{ipBlock: {cidr: …}}]}"
        yield "benefits.callers", "nobody may call from outside", right
    elif not _has_callers(tree):
        yield "benefits.callers", "nobody may call", "say with hub: {from: […]} where the hub is"


def _by_schema(tree: dict[Any, Any], file: Path) -> Iterator[tuple[str, str, str]]:
    """Judges a file by the charts' own schemas, as Helm would with the chart's values around it."""
    umbrella = _schema(file.parent.parent)
    service = _schema(file.parent.parent.parent / "grpc-service")
    yield from _violations(tree, umbrella, "")
    for key in SERVICES:
        if isinstance(tree.get(key), dict):
            yield from _violations({"service": key, **tree[key]}, service, key)
    if isinstance(tree.get("global"), dict):
        own = {**service["properties"]["global"], "definitions": service["definitions"]}
        yield from _violations(tree["global"], own, "global")


def _schema(chart: Path) -> dict[str, Any]:
    schema: dict[str, Any] = orjson.loads((chart / "values.schema.json").read_bytes())
    return schema


def _violations(
    values: Mapping[Any, Any], schema: dict[str, Any], prefix: str
) -> Iterator[tuple[str, str, str]]:
    judge = jsonschema.Draft7Validator(schema)
    for error in judge.iter_errors(values):
        place = prefix
        for key in error.absolute_path:
            place = _joined(place, key)
        if "propertyNames" in error.absolute_schema_path:
            known = set(error.validator_value)
            key = str(error.instance)
            yield _joined(place, key), "no such key", _near(key, known)
        elif error.validator == "additionalProperties" and isinstance(error.instance, dict):
            known = set(error.schema.get("properties", {}))
            for key in error.instance.keys() - known:
                yield _joined(place, key), "no such key", _near(str(key), known)
        elif error.instance is None:
            # In Helm that takes a value of the chart away, and the templates need it.
            yield place, "is empty", "leave it out, or say what it is to be"
        else:
            yield place, error.message, "see charts/README.md, Values"


def _joined(place: str, key: str | int) -> str:
    if isinstance(key, int):
        return f"{place}[{key}]"
    return f"{place}.{key}" if place else key


def _near(key: str, known: set[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(known))}"


def _at(tree: Any, path: str) -> Any:
    for key in path.split("."):
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def _text_at(tree: Any, path: str) -> str:
    value = _at(tree, path)
    return "" if value is None else str(value)


def _texts_at(tree: Any, path: str) -> list[str]:
    value = _at(tree, path)
    return [str(item) for item in value] if isinstance(value, list) else []


def _areas(tree: Any) -> list[str]:
    return [part.strip() for part in _text_at(tree, _POLICY_REGIONS).split(",") if part.strip()]


def _callers(tree: Any) -> list[Any]:
    callers = _at(tree, "benefits.callers")
    return list(callers.values()) if isinstance(callers, dict) else []


def _has_callers(tree: Any) -> bool:
    return any(_at(caller, "from") for caller in _callers(tree))


def _blocks(tree: Any) -> Iterator[str]:
    for caller in _callers(tree):
        peers = _at(caller, "from")
        for peer in peers if isinstance(peers, list) else ():
            if cidr := _text_at(peer, "ipBlock.cidr"):
                yield cidr


def _is_block(text: str) -> bool:
    try:
        return ipaddress.ip_network(text).prefixlen > 0
    except ValueError:
        return False
