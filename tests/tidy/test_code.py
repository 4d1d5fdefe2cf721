"""Goal: the rules of the house hold in every file, so that no review has to look for them."""

from __future__ import annotations

import ast
import re
import sys

import pytest

from services.kit.log import FIELDS
from tests.tidy.sources import (
    ROOT,
    SERVICES,
    at,
    calls,
    dotted,
    imports,
    name_of,
    python_files,
    text_of,
    tree_of,
)

CODE = python_files("services")
TESTS = python_files("tests")
EVERYTHING = [*CODE, *TESTS, *python_files("protos")]
PURE_KIT = {
    f"services.kit.{name}" for name in ("money", "errors", "codes", "diseases", "dates", "funds")
}
# What a person runs; they start processes, print, and measure by the machine's clock.
TOOLS = ("cli", "bench", "proving")
LINES_MAX, FUNCTION_LINES_MAX = 500, 70
# Loops that must outlive what one round of theirs meets; each logs and counts what it caught.
CATCH_ALL = {
    "services/settlement/recovery.py",
    "services/settlement/reimbursement/loop.py",
    "services/settlement/screening_policy.py",
    "services/clearing/daily.py",
    "services/clearing/breaks/loop.py",
    "services/identity/signal_detector.py",
    "services/supervision/chain/sealing.py",
}


def within(path, *parts: str) -> bool:
    return any(path.is_relative_to(ROOT / "services" / part) for part in parts)


def banned(*names: str, unless=()) -> list[str]:
    return [
        f"{at(path, node)} {name}"
        for path in CODE
        if not within(path, *unless)
        for node, name in calls(path)
        if name in names
    ]


def test_time_comes_from_the_clock():
    names = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time")
    assert banned(*names, unless=("kit/clock.py", *TOOLS)) == []


def test_nothing_sleeps_on_the_event_loop():
    # A scrape is written by a thread of its own.
    assert banned("time.sleep", unless=("kit/exposition.py", *TOOLS)) == []


def test_nothing_is_printed_but_by_the_tools():
    assert banned("print", unless=TOOLS) == []


def test_the_environment_is_read_in_one_place():
    found = [
        at(path, node)
        for path in CODE
        if not within(path, "kit/config.py", *TOOLS)
        for node in ast.walk(tree_of(path))
        if dotted(node) in {"os.environ", "os.getenv", "os.environb"}
    ]
    assert found == []


def test_there_is_no_binary_fraction_where_money_is():
    exact = [
        path
        for path in CODE
        if "domain" in path.parts or within(path, "classification", "kit/money.py", "kit/wire.py")
    ]
    found = [
        at(path, node)
        for path in exact
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Call) and dotted(node.func) == "float")
        or (isinstance(node, ast.Constant) and isinstance(node.value, float))
    ]
    assert found == []


def test_nothing_catches_everything_but_the_edge():
    found = []
    for path in CODE:
        if within(path, "kit") or name_of(path) in CATCH_ALL:
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None or dotted(node.type) in {"Exception", "BaseException"}
            ):
                # What only cleans up and raises again catches nothing.
                last = node.body[-1]
                if not (isinstance(last, ast.Raise) and last.exc is None):
                    found.append(at(path, node))
    assert found == []


def test_nothing_is_left_to_do():
    # Classes of one letter, so that this file does not hold what it looks for.
    words = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b|NotImplementedErro[r]")
    found = [
        f"{name_of(path)}:{number}"
        for path in EVERYTHING
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if words.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_a_file_fits_in_the_head(path):
    assert len(text_of(path).splitlines()) <= LINES_MAX
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert long == []


# --- imports ------------------------------------------------------------------------------------


def service_of(name: str) -> str:
    parts = name.split(".")
    return parts[1] if parts[0] == "services" and len(parts) > 1 else ""


@pytest.mark.parametrize("service", [*SERVICES, "kit", "classification"])
def test_services_never_import_each_other(service):
    allowed = {"", service, "kit"} | {"kit": set(), "classification": set()}.get(
        service, {"classification"}
    )
    found = {
        f"{name_of(path)} imports {name}"
        for path in python_files(f"services/{service}")
        for name in imports(path)
        if service_of(name) not in allowed
    }
    assert found == set()


def test_nothing_imports_the_tools():
    found = [
        name_of(path)
        for path in CODE
        if not within(path, *TOOLS)
        for name in imports(path)
        if service_of(name) in TOOLS
    ]
    assert found == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_domain_is_pure(service):
    folder = f"services/{service}/domain"
    found = set()
    for path in python_files(folder):
        for name in imports(path):
            top = name.split(".")[0]
            ours = (
                name.startswith((f"services.{service}.domain", "services.classification."))
                or name.rpartition(".")[0] in PURE_KIT
                or (name.startswith("services.kit.") and name in PURE_KIT)
            )
            if not (ours or top in sys.stdlib_module_names) or top in {
                "asyncio",
                "logging",
                "time",
            }:
                found.add(f"{name_of(path)} imports {name}")
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.AsyncFunctionDef | ast.Await):
                found.add(f"{at(path, node)} is async")
    assert found == set()


def test_the_stores_know_no_protobuf():
    found = [
        f"{name_of(path)} imports {name}"
        for path in CODE
        if path.name == "store.py"
        for name in imports(path)
        if name.split(".")[0] in {"yijie", "google"}
    ]
    assert found == []


STREAMS = {
    "WatchSnapshots", "Subscribe", "SubscribeAdmissions", "SubscribeRefusals", "SubscribeSignals",
}  # fmt: skip


def test_every_call_to_a_service_has_a_deadline():
    # Callee.call gives what is left of the caller's; what calls a stub itself must name its own.
    found = [
        f"{at(path, node)} {name}"
        for path in CODE
        if not within(path, *TOOLS)
        for node, name in calls(path)
        if re.search(r"stub\.[A-Z]\w+$", name)
        and name.rpartition(".")[2] not in STREAMS
        and "timeout" not in {keyword.arg for keyword in node.keywords}
    ]
    assert found == []


# --- statements ---------------------------------------------------------------------------------


def statements():
    """Every text that is a statement for the database, with where it stands."""
    for path in CODE:
        if within(path, *TOOLS):
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value.strip()
                if re.match(r"(/\*.*\*/\s*)?(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s", text):
                    yield path, node, text


def test_no_statement_asks_for_every_column():
    found = [at(path, node) for path, node, text in statements() if re.search(r"SELECT\s+\*", text)]
    assert found == []


def test_a_statement_of_a_store_begins_with_its_name():
    found = [
        at(path, node)
        for path, node, text in statements()
        if path.name == "store.py"
        and (name := re.match(r"/\* ([a-z]+)\.[a-z_]+ \*/", text)) is not None
        and name[1] != path.relative_to(ROOT / "services").parts[0]
    ]
    assert found == []


def test_money_is_whole_in_the_database():
    found = [
        f"{name_of(path)}:{number}"
        for path in sorted((ROOT / "services").rglob("migrations/*.sql"))
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if re.search(r"\b(real|double precision|float[48]?|money)\b", line.partition("--")[0])
    ]
    assert found == []


# --- logs ---------------------------------------------------------------------------------------

LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}


def test_only_declared_fields_are_logged():
    found = []
    for path in CODE:
        for node, name in calls(path):
            method = name.rpartition(".")[2]
            target = node.func.value if isinstance(node.func, ast.Attribute) else None
            is_log = method in LEVELS and (
                dotted(target) in {"log", "logger", "self._log", "self._logger", "_log", "_logger"}
                or (isinstance(target, ast.Call) and dotted(target.func).endswith("get_logger"))
            )
            if is_log or name in {"calls.note", "call.note"}:
                undeclared = {k.arg for k in node.keywords if k.arg} - set(FIELDS)
                if undeclared:
                    found.append(f"{at(path, node)} {sorted(undeclared)}")
    assert found == []


def test_no_log_text_is_put_together():
    found = [
        at(path, node)
        for path in CODE
        for node, name in calls(path)
        if name.rpartition(".")[2] in LEVELS
        and node.args
        and isinstance(node.args[0], ast.JoinedStr)
        and not within(path, *TOOLS)
    ]
    assert found == []
