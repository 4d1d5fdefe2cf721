"""Goal: the contracts keep the house rules. Method: all descriptors are walked, comments are read
from the proto files, and the reasons that the code raises from its syntax trees."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import grpc
import pytest
from google.api import field_behavior_pb2
from google.protobuf.descriptor import FieldDescriptor

from buf.validate import validate_pb2
from services.kit.reasons import TEXT_ZH
from yijie.common.v1 import error_reason_pb2

ROOT = Path(__file__).resolve().parents[2]
PROTOS = sorted((ROOT / "protos" / "yijie").rglob("*.proto"))
FILES = [
    importlib.import_module(
        str(path.relative_to(ROOT / "protos").with_suffix("")).replace("/", ".") + "_pb2"
    ).DESCRIPTOR
    for path in PROTOS
]
SERVICES = [service for file in FILES for service in file.services_by_name.values()]
METHODS = [method for service in SERVICES for method in service.methods]
ENUMS = [enum for file in FILES for enum in file.enum_types_by_name.values()]
PREFIX = "ERROR_REASON_"
REASONS = {
    name.removeprefix(PREFIX)
    for name in error_reason_pb2.ErrorReason.keys()  # noqa: SIM118 - a wrapper, no dict
    if name != f"{PREFIX}UNSPECIFIED"
}
READS = (
    "Get", "List", "Watch", "Subscribe", "Match", "Verify", "Screen", "Remind", "Classify",
    "Estimate", "Check", "Compare", "Summarize", "LookUp", "Download", "Search", "ResolveCodes",
    "Suggest", "WhatIf", "Export", "Read",
)  # fmt: skip
TRIALS = {"PreSettle", "PreSettleVisit", "Adjudicate", "DryRunRulePack"}
KEYED_OTHERWISE = {
    "Commit": "settlement_id",
    "Cancel": "settlement_id",
    # One token more does no harm, and a repeat must not give a second caller the first one's token.
    "IssueCredentialToken": "",
    # Signed once for a block and key, whoever asks how often.
    "SignCheckpoint": "",
}
ERRORS = {
    "InvalidArgument", "RuleForbids", "Absent", "AlreadyExists", "LostRace", "Overloaded",
    "Unavailable", "DomainError",
}  # fmt: skip
CODES = {code.name for code in grpc.StatusCode}
_CONSTANT = re.compile(r"[A-Z]+(_[A-Z]+)+")


def messages():
    """Every message of ours, nested ones included."""
    pending = [message for file in FILES for message in file.message_types_by_name.values()]
    while pending:
        message = pending.pop()
        yield message
        pending.extend(message.nested_types)


def below(message, seen=None):
    """The message and every message of ours that it can hold."""
    seen = {} if seen is None else seen
    if message.full_name not in seen and message.full_name.startswith("yijie."):
        seen[message.full_name] = message
        for field in message.fields:
            if field.message_type is not None:
                below(field.message_type, seen)
    return seen


def request_fields():
    found = {}
    for method in METHODS:
        for message in below(method.input_type).values():
            found.update({field.full_name: field for field in message.fields})
    return [found[name] for name in sorted(found)]


def rules_of(field):
    return field.GetOptions().Extensions[validate_pb2.field]


def is_output_only(field) -> bool:
    behaviours = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    return field_behavior_pb2.OUTPUT_ONLY in behaviours


def is_bounded(rules) -> bool:
    text = rules.string
    return (
        any(text.HasField(name) for name in ("pattern", "max_bytes", "max_len", "len", "const"))
        or text.WhichOneof("well_known") == "uuid"
        or bool(getattr(text, "in"))
    )


def test_there_is_no_binary_fraction():
    kinds = {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}
    assert [f.full_name for m in messages() for f in m.fields if f.type in kinds] == []


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.full_name)
def test_an_enum_begins_with_unspecified(enum):
    prefix = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", enum.name).upper() + "_"
    assert (enum.values[0].number, enum.values[0].name) == (0, f"{prefix}UNSPECIFIED")
    assert all(value.name.startswith(prefix) for value in enum.values)


@pytest.mark.parametrize(
    "field",
    [
        field
        for field in request_fields()
        if field.type == FieldDescriptor.TYPE_STRING and not is_output_only(field)
    ],
    ids=lambda field: field.full_name,
)
def test_a_text_of_a_request_is_bounded(field):
    rules = rules_of(field)
    assert is_bounded(rules.repeated.items if field.is_repeated else rules)


@pytest.mark.parametrize(
    "field",
    [field for field in request_fields() if field.is_repeated and not is_output_only(field)],
    ids=lambda field: field.full_name,
)
def test_a_list_of_a_request_is_bounded(field):
    assert rules_of(field).repeated.HasField("max_items")


@pytest.mark.parametrize(
    "field",
    [f for f in request_fields() if f.enum_type is not None and not is_output_only(f)],
    ids=lambda field: field.full_name,
)
def test_an_enum_of_a_request_is_defined(field):
    rules = rules_of(field)
    assert (rules.repeated.items.enum if field.is_repeated else rules.enum).defined_only


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name)
def test_a_method_has_its_own_messages(method):
    assert method.input_type.name == f"{method.name}Request"
    # A stream of batches is named after what it streams, too.
    assert method.output_type.name == f"{method.name}Response"


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name)
def test_a_mutation_has_a_request_id(method):
    if method.name.startswith(READS) or method.name in TRIALS:
        if method.name != "GetSettlement":  # which finds by it
            assert "request_id" not in method.input_type.fields_by_name
        return
    key = KEYED_OTHERWISE.get(method.name, "request_id")
    if key:
        assert rules_of(method.input_type.fields_by_name[key]).string.uuid


@pytest.mark.parametrize(
    "method",
    [method for method in METHODS if method.name.startswith("List")],
    ids=lambda method: method.full_name,
)
def test_a_list_is_paged(method):
    assert {"page_size", "page_token"} <= set(method.input_type.fields_by_name)
    assert rules_of(method.input_type.fields_by_name["page_size"]).int32.gte == 0
    assert "next_page_token" in method.output_type.fields_by_name


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_a_reason_has_a_chinese_text_and_an_example(reason):
    assert TEXT_ZH[reason].strip()
    assert re.search("[一-鿿]", TEXT_ZH[reason])
    text = (ROOT / "protos/yijie/common/v1/error_reason.proto").read_text(encoding="utf-8")
    comment = re.search(rf"((?:^ *//.*\n)+) *{PREFIX}{reason} = ", text, re.MULTILINE)
    assert comment is not None
    assert f'{{"reason": "{reason}", "domain": "' in comment[1]


def test_there_is_no_text_without_a_reason():
    assert set(TEXT_ZH) <= REASONS


def raised_reasons() -> dict[str, str]:
    """Every reason that the code names where it makes an error, and a place where it does."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "services").rglob("*.py")):
        if "gen" in path.relative_to(ROOT / "services").parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            named = [k.value for k in node.keywords if k.arg and k.arg.endswith("reason")]
            if name in ERRORS or name == "__init__":
                named += node.args[:1]
            if name == "FieldViolation":
                named += node.args[2:3]
            for value in named:
                if isinstance(value, ast.Constant) and _CONSTANT.fullmatch(str(value.value)):
                    found[str(value.value)] = f"{path.relative_to(ROOT)}:{node.lineno}"
    return found


def test_every_reason_raised_is_in_the_contract():
    raised = raised_reasons()
    assert len(raised) > 25
    assert {reason: where for reason, where in raised.items() if reason not in REASONS} == {}


@pytest.mark.parametrize("path", PROTOS, ids=lambda path: path.name)
def test_every_reason_that_a_comment_names_is_in_the_contract(path):
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"((?:^ *//.*\n)+) *rpc ", text, re.MULTILINE)
    for block in blocks:
        told = re.sub(r"\s*\n\s*// ?", " ", block)
        _, _, errors = told.partition("Errors")
        named = {match[0] for match in _CONSTANT.finditer(errors)}
        assert named - CODES <= REASONS
