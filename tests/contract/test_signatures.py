"""Goal: what is signed can be signed by anybody, in any language, from docs/signatures.md.

Method: the contracts are walked; the canonical form is written a second time by other means, for
random messages of every signed type; the committed vectors are made anew.
"""

from __future__ import annotations

import json
import random
import re

import pytest
from google.api import field_behavior_pb2
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor as Field

from services.kit.signing.algorithms import verify
from services.kit.signing.canonical import canonical
from services.kit.signing.message import Direction, read_header
from services.settlement.signed_calls import SIGNED
from tests.support import signature_vectors as vectors
from tests.support.canonical import encode
from tests.tidy.sources import ROOT
from yijie.settlement.v1 import (
    advice_service_pb2,
    journal_service_pb2,
    refusal_service_pb2,
    reimbursement_service_pb2,
    settlement_service_pb2,
    visit_service_pb2,
)

METHODS = {
    f"/{service.full_name}/{method.name}": method
    for module in (
        advice_service_pb2,
        journal_service_pb2,
        refusal_service_pb2,
        reimbursement_service_pb2,
        settlement_service_pb2,
        visit_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
MESSAGES = {
    message.full_name: message
    for name in SIGNED
    for message in (METHODS[name].input_type, METHODS[name].output_type)
}


def is_mutation(method) -> bool:
    """Every mutation has a request_id that its caller must mint."""
    field = method.input_type.fields_by_name.get("request_id")
    if field is None:
        return False
    behaviours = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    return field_behavior_pb2.REQUIRED in behaviours


def test_every_mutation_of_settlement_is_signed():
    assert set(SIGNED) == {name for name, method in METHODS.items() if is_mutation(method)}


@pytest.mark.parametrize("name", SIGNED)
def test_what_is_signed_is_no_stream(name):
    assert not METHODS[name].client_streaming
    assert not METHODS[name].server_streaming


@pytest.mark.parametrize("name", SIGNED)
def test_the_record_of_a_call_is_where_it_is_said_to_be(name):
    side, *path = SIGNED[name].split(".")
    message = METHODS[name].input_type if side == "request" else METHODS[name].output_type
    for part in path[:-1]:
        message = message.fields_by_name[part].message_type
    assert message.fields_by_name[path[-1]].type == Field.TYPE_STRING
    assert side in {"request", "answer"}


def reachable(message, seen):
    if message.full_name not in seen:
        seen[message.full_name] = message
        for field in message.fields:
            if field.message_type is not None:
                reachable(field.message_type, seen)
    return seen


def test_signed_messages_have_nothing_that_implementations_write_differently():
    seen = {}
    for message in MESSAGES.values():
        reachable(message, seen)
    assert len(seen) > 20
    written = {
        Field.TYPE_STRING,
        Field.TYPE_BYTES,
        Field.TYPE_MESSAGE,
        Field.TYPE_INT32,
        Field.TYPE_INT64,
        Field.TYPE_BOOL,
        Field.TYPE_ENUM,
    }
    for message in seen.values():
        assert not message.GetOptions().map_entry, message.full_name
        assert not message.is_extendable, message.full_name
        assert message.full_name != "google.protobuf.Any"
        assert {field.type for field in message.fields} <= written, message.full_name


def fill(message, drawn, depth=0):
    """Fills a message with anything, in a random order."""
    fields = list(message.DESCRIPTOR.fields)
    drawn.shuffle(fields)
    for field in fields:
        if drawn.random() < 0.4 or depth > 6:
            continue
        if field.is_repeated:
            for _ in range(drawn.randint(0, 3)):
                add(getattr(message, field.name), field, drawn, depth)
        elif field.type == Field.TYPE_MESSAGE:
            child = getattr(message, field.name)
            child.SetInParent()
            fill(child, drawn, depth + 1)
        else:
            setattr(message, field.name, scalar(field, drawn))


def add(values, field, drawn, depth):
    if field.type == Field.TYPE_MESSAGE:
        fill(values.add(), drawn, depth + 1)
    else:
        values.append(scalar(field, drawn))


def scalar(field, drawn):
    if field.type == Field.TYPE_STRING:
        return "".join(drawn.choices("a1 异结𠮷\n", k=drawn.choice((0, 1, 130))))
    if field.type == Field.TYPE_BYTES:
        return drawn.randbytes(drawn.choice((0, 3)))
    if field.type == Field.TYPE_BOOL:
        return drawn.random() < 0.5
    if field.type == Field.TYPE_ENUM:
        return drawn.choice([value.number for value in field.enum_type.values])
    bits = 31 if field.type == Field.TYPE_INT32 else 63
    return drawn.choice((0, 1, -1, 300, 2**bits - 1, -(2**bits)))


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_the_canonical_form_is_what_the_page_says(name):
    drawn = random.Random(name)  # noqa: S311 - no secret
    longest = b""
    for _ in range(60):
        message = message_factory.GetMessageClass(MESSAGES[name])()
        fill(message, drawn)
        form = canonical(message)
        assert form == encode(message)
        assert type(message).FromString(form) == message
        longest = max(longest, form, key=len)
    assert len(longest) > 20


def test_the_vectors_are_those_of_the_code():
    committed = json.loads(vectors.PATH.read_text(encoding="utf-8"))
    fresh = vectors.document()
    assert committed["keys"] == fresh["keys"]
    drawn = {"signature", "metadata"}  # SM2 draws a number for each
    for one, other in zip(committed["vectors"], fresh["vectors"], strict=True):
        ignored = drawn if one["algorithm"] == "sm2" else set()
        assert {k: v for k, v in one.items() if k not in ignored} == {
            k: v for k, v in other.items() if k not in ignored
        }


@pytest.mark.parametrize("name", [name for name, *_ in vectors.made()])
def test_a_vector_can_be_verified_from_its_own_words(name):
    committed = json.loads(vectors.PATH.read_text(encoding="utf-8"))
    (one,) = [one for one in committed["vectors"] if one["name"] == name]
    public = {key["key_id"]: key["public_key"] for key in committed["keys"]}[one["key_id"]]
    kind = MESSAGES[one["type"]]
    message = json_format.ParseDict(one["message"], message_factory.GetMessageClass(kind)())
    assert encode(message).hex() == one["canonical"]
    signature = bytes.fromhex(one["signature"])
    statement = one["statement"].encode("ascii")
    assert verify(one["algorithm"], bytes.fromhex(public), statement, signature)
    read = read_header(
        bytes.fromhex(one["metadata"]),
        encode(message),
        method=one["method"],
        direction=Direction(one["direction"]),
        request=bytes.fromhex(one["answers_canonical"]),
    )
    assert read.statement == statement
    assert read.signature == signature


def test_what_another_library_signed_is_verified():
    """By Bouncy Castle 1.80, which read the vectors and signed `reverse-sm2` with a number of its
    own, in the class that the page shows."""
    header = (
        "0a0b6578616d706c652d736d321203736d321880d09392a0342246304402204a95c0d67c914bb52a63cb778c"
        "f6328b4ecf8acf491b544bfdf9d639eb28fbb402205daec4806830b376f963a1545bbde888e590b5b628dca2"
        "a2e33dcfaba6d1886f"
    )
    signed = read_header(
        bytes.fromhex(header),
        encode(vectors.reverse_request()),
        method="/yijie.settlement.v1.SettlementService/ReverseSettlement",
        direction=Direction.REQUEST,
    )
    assert signed.holds(vectors.keys()["example-sm2"].public)


def test_the_page_shows_the_shortest_vector():
    page = (ROOT / "docs" / "signatures.md").read_text(encoding="utf-8")
    shown = re.sub(r"\s", "", page)
    (one,) = [one for one in vectors.document()["vectors"] if one["name"] == "reverse-ed25519"]
    for part in ("canonical", "digest", "signature", "metadata"):
        assert one[part] in shown, part
    for line in one["statement"].splitlines():
        assert line in page
