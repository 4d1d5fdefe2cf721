"""Goal: keys are kept and proofs are verified by command; nothing altered passes.

Method: the commands on files of the test; a proof is spoiled in every way that matters.
"""

from __future__ import annotations

import base64
import json
import stat
import zlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest
from typer.testing import CliRunner

from services.cli.signatures.app import app
from services.cli.signatures.keys import read_directory, write_entries
from services.cli.signatures.local import fill, signer_of
from services.cli.signatures.proof import Item, verify_all, write_proof
from services.cli.signatures.showing import row_item
from services.kit.crypto import FieldCipher, KeyRing
from services.kit.signing import algorithms
from services.kit.signing.algorithms import generate, parse_private_key
from services.kit.signing.canonical import canonical
from services.kit.signing.directory import Directory
from services.kit.signing.message import Direction, sign
from services.settlement.signature_store import MESSAGE_CONTEXT
from tests.support.signing import entry_of
from yijie.settlement.v1 import settlement_service_pb2 as pb

NOW = datetime.now(UTC).replace(microsecond=0)
NOW_MS = round(NOW.timestamp() * 1000)
METHOD = "/yijie.settlement.v1.SettlementService/Settle"
IDS = ("019a2c1e-5b1c-7a52-8a6e-2f60c1a5d0aa", "0b9f3a52-6a5e-4d0c-8c57-7d6b1b1b9f10")
OTHER = "0b9f3a52-6a5e-4d0c-8c57-7d6b1b1b9f11"


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "keys.yaml"


def add(directory, *options):
    return run("key", "--directory", directory, *options)


@pytest.mark.parametrize("algorithm", ["ed25519", "sm2"])
def test_a_key_is_made_and_listed(directory, tmp_path, algorithm):
    out = tmp_path / "own"
    options = ("--region", "640000", "--role", "agency", "--algorithm", algorithm)
    made = add(directory, *options, "--out", out)
    assert made.exit_code == 0, made.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    key = parse_private_key(out.read_text())
    entry = read_directory(directory).entries[key.key_id]
    assert (entry.public_key, entry.algorithm) == (key.public, algorithm)
    assert base64.b64encode(key.secret).decode() not in made.output
    listed = run("list", "--directory", directory, "--json")
    assert listed.exit_code == 0
    (one,) = json.loads(listed.output)
    assert (one["key_id"], one["region"], one["role"]) == (key.key_id, "640000", "agency")
    assert "in use" in one["state"]


def test_a_first_key_leaves_its_caller_time(directory, tmp_path):
    options = ("--region", "640000", "--role", "agency", "--key-id", "a")
    made = add(directory, *options, "--out", tmp_path / "own", "--grace-hours", "48")
    assert made.exit_code == 0, made.output
    found = read_directory(directory)
    assert not found.binds("640000", "agency", NOW + timedelta(hours=47))
    assert found.binds("640000", "agency", NOW + timedelta(hours=49))


def test_a_key_made_elsewhere_is_taken(directory):
    key = generate("sm2", "x")
    taken = add(
        directory,
        *("--region", "640000", "--role", "agency", "--algorithm", "sm2", "--key-id", "x"),
        *("--public-key", base64.b64encode(key.public).decode()),
    )
    assert taken.exit_code == 0, taken.output
    assert read_directory(directory).entries["x"].public_key == key.public


@pytest.mark.parametrize(
    "options",
    [
        ("--region", "649900", "--role", "agency", "--out", "OUT"),
        ("--region", "640000", "--role", "hub", "--out", "OUT"),
        ("--region", "640000", "--role", "agency", "--algorithm", "rsa", "--out", "OUT"),
        ("--region", "640000", "--role", "agency", "--key-id", "A B", "--out", "OUT"),
        ("--region", "640000", "--role", "agency", "--public-key", "AAAA"),
        ("--region", "640000", "--role", "agency"),
        ("--region", "640000", "--role", "agency", "--out", "OUT", "--public-key", "AAAA"),
    ],
)
def test_what_is_no_key_is_refused_and_nothing_is_written(directory, tmp_path, options):
    out = tmp_path / "own"
    refused = add(directory, *(out if one == "OUT" else one for one in options))
    assert refused.exit_code in {1, 2}
    assert not out.exists()
    assert not directory.exists()


def test_a_key_stands_once_and_no_file_is_written_over(directory, tmp_path):
    options = ("--region", "640000", "--role", "agency", "--key-id", "a")
    assert add(directory, *options, "--out", tmp_path / "one").exit_code == 0
    before = directory.read_text()
    assert add(directory, *options, "--out", tmp_path / "two").exit_code == 1
    other = ("--region", "640000", "--role", "agency", "--key-id", "b")
    assert add(directory, *other, "--out", tmp_path / "one").exit_code == 1
    assert directory.read_text() == before
    assert not (tmp_path / "two").exists()


def test_a_key_is_retired_and_stays(directory, tmp_path):
    options = ("--region", "640000", "--role", "agency", "--key-id", "a")
    add(directory, *options, "--out", tmp_path / "own")
    retired = run("retire", "a", "--directory", directory)
    assert retired.exit_code == 0
    assert "has no key in use" in retired.output
    entry = read_directory(directory).entries["a"]
    assert entry.retired_time is not None
    assert not entry.may_sign(datetime.now(UTC) + timedelta(seconds=2))
    assert run("retire", "a", "--directory", directory).exit_code == 1
    assert run("retire", "b", "--directory", directory).exit_code == 1
    assert "retired" in run("list", "--directory", directory).output


def test_a_key_that_ends_soon_is_told(directory):
    soon = entry_of(generate("ed25519", "soon"), NOW, valid_to=NOW + timedelta(days=10))
    write_entries(directory, [soon])
    listed = run("list", "--directory", directory)
    assert listed.exit_code == 1
    assert "ends soon" in listed.output
    assert run("list", "--directory", directory, "--within", "5").exit_code == 0


def test_a_local_mesh_has_a_key_for_each_who_settles(tmp_path):
    fill(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {"keys.yaml", "hub", "officer", "agency-640000", "agency-660000"} <= set(before)
    signer = signer_of(tmp_path, "agency-640000")
    assert signer is not None
    assert signer.signs(METHOD)
    assert not signer.signs(METHOD.replace("Settle", "PreSettle"))
    assert signer_of(tmp_path, "operator") is None
    # Again changes nothing; what is missing is made anew.
    fill(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    (tmp_path / "agency-640000").unlink()
    fill(tmp_path)
    assert (tmp_path / "agency-640000").read_bytes() != before["agency-640000"]


# --- proofs --------------------------------------------------------------------------------------


class World:
    """A proof of a settlement and its answer, and the directory that proves it."""

    def __init__(self, folder):
        self.agency, self.hub = generate("sm2", "agency"), generate("ed25519", "hub")
        self.entries = {
            "agency": entry_of(self.agency, NOW),
            "hub": entry_of(self.hub, NOW, region_code="000000", role="hub"),
        }
        self.directory, self.proof = folder / "keys.yaml", folder / "proof.json"
        write_entries(self.directory, self.entries.values())
        settlement_id, request_id = IDS
        request = canonical(pb.SettleRequest(request_id=request_id))
        answer = pb.SettleResponse()
        answer.settlement.settlement_id = settlement_id
        asked = sign(
            self.agency,
            request,
            method=METHOD,
            direction=Direction.REQUEST,
            signed_ms=NOW_MS,
        )
        answered = sign(
            self.hub,
            canonical(answer),
            method=METHOD,
            direction=Direction.ANSWER,
            signed_ms=NOW_MS + 80,
            request=request,
        )
        self.proof.write_bytes(
            write_proof(
                [
                    Item(*IDS, "640000", "agency", NOW_MS + 5, asked),
                    Item(*IDS, "000000", "hub", NOW_MS + 80, answered),
                ]
            )
        )

    def verify(self):
        return run("verify", self.proof, "--directory", self.directory)

    def spoil(self, at, **changes):
        content = orjson.loads(self.proof.read_bytes())
        content["messages"][at] |= changes
        self.proof.write_bytes(orjson.dumps(content))

    def field(self, at, name):
        return orjson.loads(self.proof.read_bytes())["messages"][at][name]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_a_proof_is_verified_offline(world):
    verified = world.verify()
    assert verified.exit_code == 0, verified.output
    assert verified.output.count("✓") == 2
    as_json = run("verify", world.proof, "--directory", world.directory, "--json")
    assert [one["problem"] for one in json.loads(as_json.output)] == ["", ""]


def test_a_key_that_is_retired_by_now_still_proves(world):
    late = NOW + timedelta(minutes=1)
    for name, entry in world.entries.items():
        world.entries[name] = entry_of(
            getattr(world, name),
            NOW,
            region_code=entry.region_code,
            role=entry.role,
            retired_time=late,
        )
    write_entries(world.directory, world.entries.values())
    assert world.verify().exit_code == 0


def flipped(text):
    data = bytearray(base64.b64decode(text))
    data[len(data) // 2] ^= 1
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("name", ["message", "signature"])
def test_a_flipped_bit_is_found(world, at, name):
    world.spoil(at, **{name: flipped(world.field(at, name))})
    spoiled = world.verify()
    assert spoiled.exit_code == 1
    assert "✗" in spoiled.output


@pytest.mark.parametrize(
    ("at", "change", "problem"),
    [
        (0, {"signed_ms": NOW_MS + 1}, "not one of the key"),
        (0, {"method": METHOD + "Visit"}, "not one of the key"),
        (0, {"key_id": "stranger"}, "has no sm2 key"),
        (0, {"algorithm": "ed25519"}, "has no ed25519 key"),
        (0, {"region": "110000"}, "another caller"),
        (0, {"received_ms": NOW_MS + 400_000}, "not received when"),
        (1, {"answers": "00" * 32}, "not one of the key"),
        (0, {"request_id": OTHER}, "not about the record or request"),
        (1, {"record_id": OTHER}, "not about the record or request"),
        (1, {"request_id": OTHER}, "answers none"),
        (1, {"direction": "REQUEST"}, "not one of the key"),
    ],
)
def test_what_was_changed_is_told(world, at, change, problem):
    world.spoil(at, **change)
    spoiled = world.verify()
    assert spoiled.exit_code == 1
    assert problem in spoiled.output


def test_a_signature_from_before_its_key_proves_nothing(world):
    """A key that was stolen can date a signature back, but not before the key."""
    later = entry_of(world.agency, NOW, valid_from=NOW + timedelta(seconds=1))
    write_entries(world.directory, [later, world.entries["hub"]])
    spoiled = world.verify()
    assert spoiled.exit_code == 1
    assert "might not sign" in spoiled.output


@pytest.mark.parametrize(
    ("at", "change"),
    [
        (0, {"signed_ms": 10**18}),
        (0, {"received_ms": -1}),
        (0, {"signed_ms": float(NOW_MS)}),
        (0, {"method": "/x.\u00e9/Settle"}),
        (0, {"method": METHOD + "\n"}),
        (0, {"algorithm": "rsa"}),
        (0, {"key_id": "\x1b[2J"}),
        (0, {"region": "[red]"}),
        (0, {"record_id": "x"}),
        (1, {"answers": "zz"}),
        (1, {"direction": "BOTH"}),
        (1, {"message": None}),
    ],
)
def test_what_no_proof_says_is_told_not_thrown(world, at, change):
    world.spoil(at, **change)
    refused = world.verify()
    assert refused.exit_code == 1
    assert "is no proof" in refused.stderr
    assert refused.exception is None or isinstance(refused.exception, SystemExit)


def test_a_message_of_a_call_that_is_not_signed_proves_nothing(world):
    world.spoil(0, method=METHOD.replace("Settle", "PreSettle"))
    assert world.verify().exit_code == 1


def test_without_the_library_it_is_said_what_is_missing(world, monkeypatch):
    monkeypatch.setattr(algorithms, "gmssl_pyx", None)
    verified = world.verify()
    assert verified.exit_code == 1
    assert "gmssl-pyx" in verified.output
    assert "✓ Settle ANSWER" in verified.output


def test_a_damaged_row_is_shown_beside_the_others():
    """The others prove what they did."""
    cipher = FieldCipher(KeyRing({1: bytes(32)}, 1))
    record_id = UUID(IDS[0])
    sound = cipher.encrypt(zlib.compress(b"m"), context=MESSAGE_CONTEXT + record_id.bytes)
    loose = cipher.encrypt(b"m", context=MESSAGE_CONTEXT + record_id.bytes)
    row = {
        "record_id": record_id,
        "request_id": UUID(IDS[1]),
        "direction": "REQUEST",
        "method": METHOD,
        "region_code": "640000",
        "role": "agency",
        "algorithm": "ed25519",
        "key_id": "a",
        "signed_ms": NOW_MS,
        "answers": None,
        "signature": b"s",
        "receive_time": NOW,
    }
    items = [
        row_item(cipher, {**row, "message": message})
        for message in (sound, sound[:-1] + b"\x00", loose, b"\x02" + sound[1:], b"")
    ]
    assert [bool(item.damage) for item in items] == [False, True, True, True, True]
    found = verify_all(Directory({}), items)
    assert [("damaged" in one.problem) for one in found] == [False, True, True, True, True]


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b'{"format": "other", "messages": []}', b'{"messages": [{}]}']
)
def test_what_is_no_proof_is_refused(world, text):
    world.proof.write_bytes(text)
    refused = world.verify()
    assert refused.exit_code == 1
    assert "proof" in refused.stderr


def test_a_proof_of_nothing_proves_nothing(world):
    world.proof.write_bytes(write_proof([]))
    assert world.verify().exit_code == 1
