"""Every context that a service encrypts under is among its sealed columns, so that no field is
forgotten when keys change."""

import ast
import importlib
from pathlib import Path

import pytest

from services.cli.keys.places import sealing_services

SERVICES = Path(__file__).resolve().parents[3] / "services"
# Given to the caller, never stored.
NOT_STORED = {b"settlement.quote:"}


def contexts(service):
    found = set()
    for path in (SERVICES / service).rglob("*.py"):
        if path.name == "sealed.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
                text = node.value
                if text.startswith(service.encode() + b".") and text.endswith(b":"):
                    found.add(text)
    return found


def encrypts(service):
    return any(
        isinstance(node, ast.Attribute) and node.attr == "encrypt"
        for path in (SERVICES / service).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )


@pytest.mark.parametrize("service", sealing_services())
def test_every_context_is_a_sealed_column(service):
    sealed = importlib.import_module(f"services.{service}.sealed").SEALED
    assert {column.context for column in sealed} == contexts(service) - NOT_STORED


def test_every_service_that_encrypts_says_what():
    encrypting = {
        path.name
        for path in SERVICES.iterdir()
        if (path / "migrations").is_dir() and encrypts(path.name)
    }
    assert encrypting == set(sealing_services())
