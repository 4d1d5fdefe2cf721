"""Goal: what is signed is proven, by any algorithm, and nothing else is.

Method: keys made here; the vectors of the standards; a canonical form written by other means.
"""

from __future__ import annotations

import base64
import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from services.kit.caller import Caller
from services.kit.config import ConfigError, load
from services.kit.crypto import BadKey
from services.kit.errors import InvalidArgument
from services.kit.signing import algorithms
from services.kit.signing.algorithms import (
    ALGORITHMS,
    digest,
    generate,
    parse_private_key,
    verify,
    write_private_key,
)
from services.kit.signing.canonical import canonical
from services.kit.signing.config import Required, SigningConfig
from services.kit.signing.directory import Entry, parse_directory, write_directory
from services.kit.signing.files import KeyBook, open_key_book
from services.kit.signing.message import Direction, read_header, sign
from services.kit.signing.verifying import WINDOW_MS, judge, require_fresh
from yijie.settlement.v1 import settlement_service_pb2 as pb

METHOD = "/yijie.settlement.v1.SettlementService/Settle"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NOW_MS = round(NOW.timestamp() * 1000)
DAY = timedelta(days=1)


def entry_of(key, *, region="640000", role="agency", **changes) -> Entry:
    return Entry(
        **{
            "key_id": key.key_id,
            "algorithm": key.algorithm,
            "region_code": region,
            "role": role,
            "public_key": key.public,
            "valid_from": NOW - DAY,
            "valid_to": NOW + 365 * DAY,
            **changes,
        }
    )


@pytest.fixture(params=sorted(ALGORITHMS))
def algorithm(request):
    return request.param


@pytest.fixture
def key(algorithm):
    return generate(algorithm, "640000-a")


@pytest.fixture
def files(tmp_path):
    """Writes both files of a book and gives its configuration."""

    def written(entries, own=None, required=Required.KNOWN):
        keys = tmp_path / "keys.yaml"
        keys.write_text(write_directory(entries))
        path = ""
        if own is not None:
            path = tmp_path / "own"
            path.write_text(write_private_key(own))
        return SigningConfig(keys_file=str(keys), key_file=str(path), required=required)

    return written


def signed_by(key, message=b"m", *, signed_ms=NOW_MS, method=METHOD):
    return sign(key, message, method=method, direction=Direction.REQUEST, signed_ms=signed_ms)


def reason_of(call, *arguments) -> str:
    with pytest.raises(InvalidArgument) as raised:
        call(*arguments)
    return raised.value.reason


# --- algorithms -----------------------------------------------------------------------------------


def test_ed25519_is_that_of_rfc_8032():
    # RFC 8032, 7.1, TEST 2.
    secret = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    key = parse_private_key(f"k:ed25519:{base64.b64encode(secret).decode()}")
    assert key.public.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


def test_sm2_is_that_of_the_standard():
    # GB/T 32918.5-2017, A.2: the signature of "message digest" with the usual name.
    public_key = bytes.fromhex(
        "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
        "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
    )
    signature = encode_dss_signature(
        0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3,
        0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA,
    )
    assert verify("sm2", public_key, b"message digest", signature)
    assert not verify("sm2", public_key, b"message digesT", signature)
    assert not verify("sm2", public_key, b"message digest", signature[:-1])
    # Its private key makes signatures of its own, for each draws a number.
    secret = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
    key = parse_private_key(f"k:sm2:{base64.b64encode(secret + public_key[1:]).decode()}")
    assert key.public == public_key
    assert verify("sm2", public_key, b"message digest", key.sign(b"message digest"))


def test_digests_are_those_of_the_standards():
    assert digest("ed25519", b"abc").hex().startswith("ba7816bf8f01cfea")
    # GB/T 32905-2016, A.1.
    assert digest("sm2", b"abc").hex() == (
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    )


def test_a_key_is_written_and_read(key, algorithm):
    assert parse_private_key(write_private_key(key)) == key
    assert verify(algorithm, key.public, b"data", key.sign(b"data"))
    other = generate(algorithm, "other")
    assert not verify(algorithm, other.public, b"data", key.sign(b"data"))
    assert base64.b64encode(key.secret[:12]).decode() not in repr(key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "k",
        "k:ed25519",
        "k:ed25519:!!",
        "k:ed25519:AAAA",
        "K:ed25519:" + "A" * 43 + "=",
        "k:rsa:AAAA",
        "k:sm2:" + base64.b64encode(bytes(32)).decode(),
        "k:sm2:" + base64.b64encode(bytes(96)).decode(),
    ],
)
def test_what_is_no_private_key_is_refused(text):
    with pytest.raises(BadKey):
        parse_private_key(text)


def test_sm2_halves_that_do_not_belong_together_are_refused():
    one, other = generate("sm2", "a"), generate("sm2", "b")
    mixed = one.secret[:32] + other.secret[32:]
    with pytest.raises(BadKey, match="belong together"):
        parse_private_key(f"k:sm2:{base64.b64encode(mixed).decode()}")


@pytest.mark.parametrize("signature", [b"", b"x", bytes(70), b"\x30" * 512, b"\x30\x00"])
def test_bytes_that_are_no_signature_hold_nothing(key, algorithm, signature):
    assert not verify(algorithm, key.public, b"data", signature)


def test_without_a_library_only_its_keys_are_refused(files, monkeypatch):
    """Else one key would keep stolen ones of everybody else in use."""
    sm2, ed25519 = generate("sm2", "a"), generate("ed25519", "b")
    own = files([entry_of(sm2)], own=sm2)
    config = files([entry_of(sm2), entry_of(ed25519, region="110000")])
    by_sm2 = signed_by(sm2)
    monkeypatch.setattr(algorithms, "gmssl_pyx", None)
    book = KeyBook(config)
    require_fresh(book, signed_by(ed25519), Caller("110000", "agency"), NOW)
    assert reason_of(require_fresh, book, by_sm2, None, NOW) == "SIGNATURE_KEY_UNKNOWN"
    judged = judge(book.directory, by_sm2)
    assert (judged.ok, judged.is_usable) == (False, False)
    # Of its caller it is known that he must sign.
    assert book.directory.binds("640000", "agency", NOW)
    # What the file says is judged as far as it can be, and to sign with it is out of the question.
    text = write_directory([entry_of(sm2)])
    with pytest.raises(BadKey, match="65 bytes"):
        parse_directory(text.replace("public_key: B", "public_key: A"))
    with pytest.raises(BadKey, match="gmssl-pyx"):
        KeyBook(own)


# --- canonical form -------------------------------------------------------------------------------


def test_a_field_that_is_not_known_is_refused_at_any_depth():
    request = pb.ReverseSettlementRequest(request_id="r", settlement_id="s")
    assert canonical(request) == b"\x0a\x01r\x12\x01s"
    unknown = b"\xc2\x3e\x01x"  # field 1000, "x"
    with_more = pb.ReverseSettlementRequest.FromString(canonical(request) + unknown)
    assert reason_of(canonical, with_more) == "FIELD_UNKNOWN"
    # Within bill (3): 1000 = "x".
    nested = pb.SettleRequest.FromString(b"\x0a\x01r\x1a\x04" + unknown)
    assert reason_of(canonical, nested) == "FIELD_UNKNOWN"
    # Within the amount of the second line of a bill.
    bill = pb.SettleRequest(request_id="r")
    for _ in range(2):
        bill.bill.lines.add().amount.fen = 1
    assert canonical(bill)
    bill.bill.lines[1].amount.MergeFromString(unknown)
    assert reason_of(canonical, bill) == "FIELD_UNKNOWN"


def test_the_order_on_the_wire_does_not_matter():
    straight = pb.ReverseSettlementRequest(request_id="r", settlement_id="s")
    turned = pb.ReverseSettlementRequest.FromString(b"\x12\x01s\x0a\x01r")
    assert canonical(turned) == canonical(straight)


# --- signed messages ------------------------------------------------------------------------------


def test_a_signature_holds_for_its_message_alone(key):
    signed = signed_by(key)
    read = read_header(signed.header, b"m", method=METHOD, direction=Direction.REQUEST)
    assert read == signed
    assert read.holds(key.public)
    changes = (
        {"message": b"n"},
        {"method": METHOD + "Visit"},
        {"direction": Direction.ANSWER},
    )
    for change in changes:
        given = {"message": b"m", "method": METHOD, "direction": Direction.REQUEST, **change}
        message = given.pop("message")
        assert not read_header(signed.header, message, **given).holds(key.public)


def test_its_time_and_name_are_signed(key):
    from dataclasses import replace

    signed = signed_by(key)
    assert not replace(signed, signed_ms=NOW_MS + 1).holds(key.public)
    assert not replace(signed, key_id="640000-b").holds(key.public)


def test_an_answer_answers_one_request(key):
    answer = sign(
        key,
        b"a",
        method=METHOD,
        direction=Direction.ANSWER,
        signed_ms=NOW_MS,
        request=b"request",
    )

    def read(request):
        return read_header(
            answer.header, b"a", method=METHOD, direction=Direction.ANSWER, request=request
        )

    assert read(b"request") == answer
    assert read(b"request").holds(key.public)
    assert not read(b"another").holds(key.public)


@pytest.mark.parametrize("header", [b"", b"\xff", b"x" * 600, b"\x0a\x01K"])
def test_what_is_no_signature_is_refused(header):
    with pytest.raises(InvalidArgument) as raised:
        read_header(header, b"m", method=METHOD, direction=Direction.REQUEST)
    assert raised.value.reason == "SIGNATURE_INVALID"


# --- what counts ----------------------------------------------------------------------------------


def test_who_may_sign_is_verified(key, files):
    book = KeyBook(files([entry_of(key)]))
    caller = Caller("640000", "agency")
    proof = require_fresh(book, signed_by(key), caller, NOW)
    assert (proof.region_code, proof.role) == ("640000", "agency")
    assert require_fresh(book, proof.signed, None, NOW) == proof


def test_who_may_not_is_refused(key, algorithm, files):
    stranger = generate(algorithm, "640000-z")
    forged = generate(algorithm, key.key_id)
    book = KeyBook(files([entry_of(key)]))
    caller = Caller("640000", "agency")
    cases = {
        "SIGNATURE_KEY_UNKNOWN": (signed_by(stranger), caller, NOW),
        "SIGNATURE_INVALID": (signed_by(forged), caller, NOW),
        "SIGNATURE_STALE": (signed_by(key, signed_ms=NOW_MS - WINDOW_MS - 1), caller, NOW),
        "SIGNATURE_KEY_RETIRED": (signed_by(key), caller, NOW + 400 * DAY),
    }
    for reason, arguments in cases.items():
        assert reason_of(require_fresh, book, *arguments) == reason
    ahead = signed_by(key, signed_ms=NOW_MS + WINDOW_MS + 1)
    assert reason_of(require_fresh, book, ahead, caller, NOW) == "SIGNATURE_STALE"
    # Another caller's: a province, or another role of the same.
    for other in (Caller("110000", "agency"), Caller("640000", "officer"), Caller("", "")):
        assert reason_of(require_fresh, book, signed_by(key), other, NOW) == "SIGNATURE_KEY_UNKNOWN"
    # At the edge of the window it counts.
    require_fresh(book, signed_by(key, signed_ms=NOW_MS - WINDOW_MS), caller, NOW)


def test_a_retired_key_signs_nothing_new(key, files):
    book = KeyBook(files([entry_of(key, retired_time=NOW)]))
    assert reason_of(require_fresh, book, signed_by(key), None, NOW) == "SIGNATURE_KEY_RETIRED"
    before = signed_by(key, signed_ms=NOW_MS - 1000)
    require_fresh(book, before, None, NOW - timedelta(seconds=1))


_MINUTES = (-6, -5, -4, -1, 0, 1, 4, 5, 6)


@pytest.mark.parametrize("changes", [{"valid_from": NOW}, {"valid_to": NOW}, {"retired_time": NOW}])
def test_whatever_is_accepted_is_proven_later(files, changes):
    """Clocks differ by minutes, and keys come and go within them."""
    key = generate("ed25519", "640000-a")
    book = KeyBook(files([entry_of(key, **changes)]))
    accepted = 0
    for received in _MINUTES:
        for dated in _MINUTES:
            signed = signed_by(key, signed_ms=NOW_MS + dated * 60_000)
            with contextlib.suppress(InvalidArgument):
                require_fresh(book, signed, None, NOW + timedelta(minutes=received))
                accepted += 1
                assert judge(book.directory, signed).ok, (received, dated)
    assert accepted > 10


def test_who_had_a_key_must_sign_for_good(files):
    """Else whoever has the certificate alone would wait for the key's end."""
    key = generate("ed25519", "640000-a")
    directory = KeyBook(files([entry_of(key, retired_time=NOW)])).directory
    assert not directory.binds("640000", "agency", NOW - 2 * DAY)
    for at in (NOW - DAY, NOW, NOW + 1000 * DAY):
        assert directory.binds("640000", "agency", at)
    for other in (("110000", "agency"), ("640000", "officer")):
        assert not directory.binds(*other, NOW)


def test_a_first_key_may_be_used_before_it_must(files):
    """A province has more than one machine: not all of them begin to sign at once."""
    key = generate("ed25519", "640000-a")
    book = KeyBook(files([entry_of(key, required_from=NOW + DAY)]))
    require_fresh(book, signed_by(key), Caller("640000", "agency"), NOW)
    assert not book.directory.binds("640000", "agency", NOW)
    assert book.directory.binds("640000", "agency", NOW + DAY)
    with pytest.raises(BadKey, match="before valid_from"):
        parse_directory(write_directory([entry_of(key, required_from=NOW - 2 * DAY)]))


@pytest.mark.parametrize("signed_ms", [2**63 - 1, 10**17])
def test_a_time_beyond_every_calendar_is_none(key, files, signed_ms):
    book, signed = KeyBook(files([entry_of(key)])), signed_by(key, signed_ms=signed_ms)
    assert reason_of(require_fresh, book, signed, None, NOW) == "SIGNATURE_STALE"
    assert not judge(book.directory, signed).ok


def test_what_is_signed_is_in_no_text_for_people(key):
    signed = signed_by(key, message=b"a person's name")
    assert "name" not in repr(signed)


def test_a_key_of_another_algorithm_is_not_the_one_named(files):
    sm2, ed25519 = generate("sm2", "k"), generate("ed25519", "k")
    book = KeyBook(files([entry_of(sm2)]))
    assert reason_of(require_fresh, book, signed_by(ed25519), None, NOW) == "SIGNATURE_KEY_UNKNOWN"


# --- the directory --------------------------------------------------------------------------------


def test_a_directory_is_written_and_read():
    keys = [generate("ed25519", "hub-1"), generate("sm2", "640000-a")]
    entries = [
        entry_of(keys[0], region="000000", role="hub"),
        entry_of(keys[1], retired_time=NOW + DAY, required_from=NOW),
    ]
    read = parse_directory(write_directory(entries))
    assert list(read.entries.values()) == entries
    assert read.of_caller("640000", "agency", NOW) == [entries[1]]
    assert read.of_caller("640000", "agency", NOW + DAY) == []
    assert read.of_caller("110000", "agency", NOW) == []


_LINE = write_directory([entry_of(generate("ed25519", "a"))])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("keys:", "key:"),
        ('"640000"', "640000"),
        ('"640000"', '"649900"'),
        ("agency", "hub"),
        ("agency", "pope"),
        ("ed25519", "rsa"),
        ("public_key: ", "public_key: AAAA"),
        ("+00:00", ""),
        ('key_id: "a"', 'key_id: "A"'),
        ("    role: agency\n", ""),
        ("    role: agency\n", "    role: agency\n    note: x\n"),
        ("2027-", "2025-"),
        ("  - key_id", "  key_id"),
    ],
)
def test_a_directory_that_could_be_misread_is_refused(before, after):
    assert before in _LINE
    with pytest.raises(BadKey):
        parse_directory(_LINE.replace(before, after))


def test_a_key_stands_once():
    key = generate("ed25519", "a")
    again = generate("ed25519", "a")
    for second in (entry_of(again), entry_of(key, key_id="b")):
        with pytest.raises(BadKey, match="twice"):
            parse_directory(write_directory([entry_of(key), second]))


# --- files that change ----------------------------------------------------------------------------


def test_a_new_key_is_known_at_once(files):
    first, second = generate("ed25519", "a"), generate("ed25519", "b")
    book = KeyBook(files([entry_of(first)]))
    assert book.entry("b") is None
    files([entry_of(first), entry_of(second)])
    assert book.entry("b") == entry_of(second)


def test_a_broken_directory_changes_nothing(files):
    first = generate("ed25519", "a")
    config = files([entry_of(first)])
    book = KeyBook(config)
    directory = Path(config.keys_file)
    directory.write_text("keys: [")
    assert not book.look()
    assert book.entry("a") == entry_of(first)
    directory.unlink()
    assert not book.look()
    assert book.entry("a") == entry_of(first)


def test_our_own_key_is_exchanged_while_we_run(files):
    first, second = generate("ed25519", "hub-1"), generate("sm2", "hub-2")
    entries = [entry_of(key, region="000000", role="hub") for key in (first, second)]
    book = KeyBook(files(entries, own=first))
    assert book.own == first
    files(entries, own=second)
    assert book.look()
    assert book.own == second
    # One that the directory does not have yet does not take its place.
    files(entries, own=generate("ed25519", "hub-3"))
    assert book.look()
    assert book.own == second
    # One that nobody could verify signs nothing.
    files(entries[:1], own=second)
    book.look()
    assert book.own is None


async def test_a_book_that_cannot_be_used_is_told_at_the_start(files, tmp_path):
    key = generate("ed25519", "hub-1")
    no_directory = SigningConfig(required=Required.ALL)
    not_listed = files([entry_of(generate("ed25519", "a"))], own=key)
    gone = SigningConfig(keys_file=str(tmp_path / "gone"), required=Required.ALL)
    for config in (no_directory, not_listed, gone):
        with pytest.raises(ConfigError):
            async with open_key_book(config):
                pass
    async with open_key_book(SigningConfig()) as book:
        assert not book.is_on


def test_the_environment_says_who_must_sign():
    config = load(SigningConfig, {"YIJIE_SIGNATURES_REQUIRED": "known"})
    assert (config.required, config.keys_file) == (Required.KNOWN, "")
    with pytest.raises(ConfigError, match="off, known or all"):
        load(SigningConfig, {"YIJIE_SIGNATURES_REQUIRED": "some"})
