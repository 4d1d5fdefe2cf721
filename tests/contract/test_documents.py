"""Goal: what the documents list is what there is: settings, terms, national fields.

Method: docs/operations.md is compared with the configuration classes, docs/glossary.md with the
contracts.
"""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.cli.topology import SERVICES

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
PROTOS = [path.read_text(encoding="utf-8") for path in (ROOT / "protos/yijie").rglob("*.proto")]
# How the interface works, not what it is about.
PLUMBING = {"SettlementView", "PageToken", "UpsertResult", "RefusedItem"}


def fields_of(cls: type[Any]) -> Iterator[dataclasses.Field[Any]]:
    for field in dataclasses.fields(cls):
        if "nested" in field.metadata:
            yield from fields_of(field.metadata["nested"])
        else:
            yield field


def shown(field: dataclasses.Field[Any]) -> str:
    """A default as the table writes it."""
    if field.default is dataclasses.MISSING:
        return "required, secret" if field.metadata["secret"] else "required"
    if isinstance(field.default, bool):
        return str(int(field.default))
    if isinstance(field.default, Path):
        return "shipped packs"
    if field.default in ("", frozenset()):
        return "empty"
    return f"{field.default:g}" if isinstance(field.default, float) else str(field.default)


def test_every_setting_is_in_the_table_with_its_default():
    declared: dict[str, tuple[set[str], str]] = {}
    for service in SERVICES:
        config = importlib.import_module(f"services.{service}.config").Config
        for field in fields_of(config):
            name = f"YIJIE_{field.metadata['env']}"
            declared.setdefault(name, (set(), shown(field)))[0].add(service)
    rows = re.findall(r"^\| `(YIJIE_\w+)` \| ([^|]+) \| ([^|]+) \|", OPERATIONS, re.MULTILINE)
    listed = {
        name: (set(SERVICES) if services == "all" else set(services.split(", ")), default)
        for name, services, default in rows
    }
    assert listed == declared
    assert len(rows) == len(listed)


def test_every_concept_of_the_contracts_is_in_the_glossary():
    terms = GLOSSARY.lower().replace("-", " ")
    names = {
        name
        for text in PROTOS
        for name in re.findall(r"^(?:message|enum) (\w+) \{", text, re.MULTILINE)
        if not name.endswith(("Request", "Response"))
    }
    missing = {
        name
        for name in names - PLUMBING
        if re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower() not in terms
    }
    assert missing == set()


def test_every_national_field_that_a_contract_names_is_in_the_glossary():
    named = {
        name
        for text in PROTOS
        for line in re.findall(r"(?:[Ff]ield):\s+(?://\s*)?([a-z_ /]+)", text)
        for name in re.findall(r"[a-z]+_[a-z_]+|^[a-z]{3,}$", line)
    }
    assert len(named) > 30
    assert {name for name in named if f"`{name}`" not in GLOSSARY} == set()
