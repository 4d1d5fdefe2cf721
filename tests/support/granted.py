"""The table of docs/authorisation.md, which says for people what authorisation.yaml says."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.kit.caller import ROLES

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "services/gen"
NONE = "–"
_SERVICE = re.compile(r"### (yijie\.\S+)")


@dataclass(frozen=True)
class Row:
    """What the page says of one method."""

    method: str
    """Full name, "/yijie.settlement.v1.SettlementService/Settle"."""
    where: str
    """Where a call names provinces, as the page has it."""
    grants: dict[str, str]
    """Role → any, hub, own or NONE."""

    @property
    def request(self) -> tuple[str, ...]:
        return () if self.where.startswith("answer: ") else self._paths

    @property
    def answer(self) -> tuple[str, ...]:
        return self._paths if self.where.startswith("answer: ") else ()

    @property
    def by_servicer(self) -> bool:
        return self.where == "servicer"

    @property
    def _paths(self) -> tuple[str, ...]:
        return tuple(re.findall(r"`([^`]+)`", self.where))


def rows() -> Iterator[Row]:
    """Every row of the page."""
    service = ""
    for line in (ROOT / "docs/authorisation.md").read_text(encoding="utf-8").splitlines():
        found = _SERVICE.fullmatch(line)
        if found:
            service = found[1]
        elif service and line.startswith("| ") and not line.startswith(("| Method", "| ---")):
            name, where, *grants = (cell.strip() for cell in line.strip("| ").split(" | "))
            yield Row(f"/{service}/{name}", where, dict(zip(ROLES, grants, strict=True)))


def methods() -> dict[str, Any]:
    """Every method of every contract of ours: full name → its descriptor."""
    found = {}
    for file in sorted(GENERATED.rglob("*_service_pb2.py")):
        module = importlib.import_module(
            ".".join(file.relative_to(GENERATED).with_suffix("").parts)
        )
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                found[f"/{service.full_name}/{method.name}"] = method
    return found
