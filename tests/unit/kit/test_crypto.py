"""Encrypted fields and blind indexes: round trip, tampering, rotation, key files."""

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.crypto import (
    BadKey,
    BlindIndex,
    FieldCipher,
    KeyRing,
    UnreadableField,
    parse_key,
    parse_key_text,
    parse_keyring,
    parse_keyring_text,
    write_keyring,
)

KEY_1 = bytes(range(32))
KEY_2 = bytes(range(1, 33))
KEY_SM4 = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
CONTEXT = b"identity.person:1"


def cipher(active: int = 1) -> FieldCipher:
    return FieldCipher(KeyRing({1: KEY_1, 2: KEY_2}, active))


@given(st.binary(max_size=500), st.binary(max_size=40))
def test_round_trip(plaintext, context):
    stored = cipher().encrypt(plaintext, context=context)
    assert cipher().decrypt(stored, context=context) == plaintext
    assert len(stored) == len(plaintext) + 29


@given(st.binary(min_size=1, max_size=50), st.data())
def test_any_flipped_bit_is_detected(plaintext, data):
    stored = bytearray(cipher().encrypt(plaintext, context=CONTEXT))
    at = data.draw(st.integers(0, len(stored) * 8 - 1))
    stored[at // 8] ^= 1 << at % 8
    with pytest.raises(UnreadableField):
        cipher().decrypt(bytes(stored), context=CONTEXT)


def test_a_field_does_not_decrypt_in_another_row():
    stored = cipher().encrypt(b"x", context=b"identity.person:1")
    with pytest.raises(UnreadableField):
        cipher().decrypt(stored, context=b"identity.person:2")


@pytest.mark.parametrize("stored", [b"", b"\x01", b"\x01" * 28, b"\x09" * 40])
def test_rubbish_is_unreadable(stored):
    with pytest.raises(UnreadableField):
        cipher().decrypt(stored, context=CONTEXT)


def test_sm4_is_the_one_of_rfc_8998():
    """Appendix A.1: what others encrypt by the standard we read, and the other way round."""
    plaintext = bytes.fromhex(
        "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD"
        "EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA"
    )
    sealed = bytes.fromhex(
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
        "83DE3541E4C2B58177E065A9BF7B62EC"
    )
    associated = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    nonce = bytes.fromhex("00001234567800000000ABCD")
    # Our associated data is the key id and the context: id 254 is the vector's first byte.
    one = FieldCipher(KeyRing({254: KEY_SM4}, 254), random=lambda _: nonce)
    stored = one.encrypt(plaintext, context=associated[1:])
    assert stored == b"\xfe" + nonce + sealed
    assert one.decrypt(stored, context=associated[1:]) == plaintext


@given(st.binary(max_size=300), st.data())
def test_sm4_detects_any_flipped_bit(plaintext, data):
    one = FieldCipher(KeyRing({3: KEY_SM4}, 3))
    stored = bytearray(one.encrypt(plaintext, context=CONTEXT))
    assert one.decrypt(bytes(stored), context=CONTEXT) == plaintext
    at = data.draw(st.integers(0, len(stored) * 8 - 1))
    stored[at // 8] ^= 1 << at % 8
    with pytest.raises(UnreadableField):
        one.decrypt(bytes(stored), context=CONTEXT)


def test_a_ring_of_both_algorithms_is_written_as_it_is_read():
    ring = KeyRing({1: KEY_1, 7: KEY_SM4, 2: KEY_2}, 7)
    text = write_keyring(ring)
    assert text.startswith("7:sm4:")
    assert parse_keyring_text(text) == ring
    both = FieldCipher(ring)
    assert both.decrypt(cipher(2).encrypt(b"x", context=CONTEXT), context=CONTEXT) == b"x"


@pytest.mark.parametrize(
    "line",
    [
        "1:sm4:" + base64.b64encode(KEY_1).decode(),
        "1:" + base64.b64encode(KEY_SM4).decode(),
        "1:sm5:" + base64.b64encode(KEY_SM4).decode(),
    ],
)
def test_the_length_of_a_key_must_be_its_algorithms(line):
    with pytest.raises(BadKey):
        parse_keyring_text(line)


def test_a_field_of_an_unknown_key_asks_for_a_newer_ring_once():
    asked = []

    def refresh():
        asked.append(1)
        return KeyRing({1: KEY_1, 2: KEY_2}, 2) if len(asked) == 1 else None

    one = FieldCipher(KeyRing({1: KEY_1}, 1), refresh=refresh)
    stored = cipher(2).encrypt(b"x", context=CONTEXT)
    assert one.decrypt(stored, context=CONTEXT) == b"x"
    assert one.active_key_id == 2
    assert one.decrypt(stored, context=CONTEXT) == b"x"
    assert len(asked) == 1
    with pytest.raises(UnreadableField):
        one.decrypt(b"\x09" * 40, context=CONTEXT)


def test_every_encryption_has_its_own_nonce():
    one = cipher()
    assert len({one.encrypt(b"same", context=CONTEXT) for _ in range(200)}) == 200


def test_rotation_reads_old_fields_and_writes_new_ones():
    old = cipher(active=1).encrypt(b"x", context=CONTEXT)
    now = cipher(active=2)
    assert now.active_key_id == 2
    assert now.decrypt(old, context=CONTEXT) == b"x"
    assert now.needs_rewrite(old)
    assert not now.needs_rewrite(now.encrypt(b"x", context=CONTEXT))
    with pytest.raises(UnreadableField, match="no key with id 1"):
        FieldCipher(KeyRing({2: KEY_2}, 2)).decrypt(old, context=CONTEXT)


def test_errors_hold_neither_plaintext_nor_key():
    stored = cipher().encrypt("张三".encode(), context=CONTEXT)
    with pytest.raises(UnreadableField) as caught:
        cipher().decrypt(stored, context=b"other")
    assert "张三" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert KEY_1.hex() not in repr(KeyRing({1: KEY_1}, 1))
    assert "\\x01" not in repr(KeyRing({1: KEY_1}, 1))


@pytest.mark.parametrize(
    "data",
    [
        KEY_1,
        base64.b64encode(KEY_1),
        base64.b64encode(KEY_1) + b"\n",
        base64.urlsafe_b64encode(KEY_1).rstrip(b"="),
        b"  " + base64.b64encode(KEY_1) + b"\r\n",
    ],
)
def test_key_files(data):
    assert parse_key(data) == KEY_1
    assert parse_keyring(data).keys == {1: KEY_1}


@pytest.mark.parametrize(
    "data", [b"", b"short", b"!" * 44, base64.b64encode(KEY_1[:31]), b"\xff" * 33]
)
def test_other_files_are_no_key(data):
    with pytest.raises(BadKey):
        parse_key(data)
    with pytest.raises(BadKey):
        parse_keyring(data)


def test_a_ring_file_names_its_active_key_first():
    text = (
        b"# two keys\n2:" + base64.b64encode(KEY_2) + b"\n\n1: " + base64.b64encode(KEY_1) + b"\n"
    )
    ring = parse_keyring(text)
    assert ring.active == 2
    assert ring.keys == {1: KEY_1, 2: KEY_2}


@pytest.mark.parametrize(
    "text",
    [
        b"1:" + base64.b64encode(KEY_1) + b"\n1:" + base64.b64encode(KEY_2),
        b"0:" + base64.b64encode(KEY_1),
        b"256:" + base64.b64encode(KEY_1),
        b"one:" + base64.b64encode(KEY_1),
        b"1:" + base64.b64encode(KEY_1) + b"\nnothing",
        b"1:" + base64.b64encode(KEY_1) + b"\n2:" + base64.b64encode(KEY_1),
        b"1:short",
        b"# only a comment: none\n",
    ],
)
def test_ring_files_that_are_refused(text):
    with pytest.raises(BadKey) as caught:
        parse_keyring(text)
    assert base64.b64encode(KEY_1).decode() not in str(caught.value)


def test_typed_text_is_never_a_raw_key():
    assert parse_key_text(base64.b64encode(KEY_1).decode()) == KEY_1
    with pytest.raises(BadKey):
        parse_key_text("correct horse battery staple 123")
    with pytest.raises(BadKey):
        parse_key_text("密钥" * 16)


def test_a_raw_key_may_hold_a_colon():
    key = b"1:" + os.urandom(30)
    assert parse_keyring(key).keys == {1: key}


def test_an_active_key_must_be_there():
    with pytest.raises(BadKey):
        KeyRing({1: KEY_1}, 2)
    with pytest.raises(BadKey):
        KeyRing({1: KEY_1[:24]}, 1)


def test_blind_index_depends_on_kind_value_and_key():
    index = BlindIndex(KEY_1)
    assert index.index("card", "A12345678") == index.index("card", "A12345678")
    assert len(index.index("card", "A12345678")) == 32
    others = {
        index.index("card", "A12345679"),
        index.index("token", "A12345678"),
        index.index("car", "dA12345678"),
        BlindIndex(KEY_2).index("card", "A12345678"),
    }
    assert len(others) == 4
    assert index.index("card", "A12345678") not in others


def test_blind_index_needs_a_whole_key():
    with pytest.raises(BadKey):
        BlindIndex(b"short")
