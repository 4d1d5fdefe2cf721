"""The key file that a running service follows: added, activated, broken, taken away."""

import asyncio
import os
from functools import partial
from pathlib import Path

import pytest

from services.kit import keys
from services.kit.crypto import FieldCipher, KeyRing, UnreadableField, write_keyring
from services.kit.keys import KeyFile, open_cipher
from tests.support.eventually import eventually

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
CONTEXT = b"x:1"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "data_key"
    path.write_text(write_keyring(KeyRing({1: OLD}, 1)))
    return path


def replace(path, ring):
    """As a mounted secret changes: another file under the same name, at once."""
    other = path.with_suffix(".new")
    other.write_text(write_keyring(ring))
    other.replace(path)


def test_a_file_is_read_again_only_when_it_changed(path):
    file = KeyFile(path)
    assert file.changed() is None
    replace(path, KeyRing({1: OLD, 2: NEW}, 1))
    assert file.changed() == KeyRing({1: OLD, 2: NEW}, 1)
    assert file.changed() is None


@pytest.mark.parametrize("content", [b"", b"nonsense", b"1:short", b"\xff\xfe"])
def test_a_broken_file_changes_nothing(path, content):
    file = KeyFile(path)
    path.write_bytes(content)
    assert file.changed() is None
    path.unlink()
    assert file.changed() is None
    replace(path, KeyRing({2: NEW}, 2))
    assert file.changed() == KeyRing({2: NEW}, 2)


async def test_replicas_may_learn_of_a_key_in_any_order(path):
    """One writes with the new key before the other has looked at its file."""
    environ = {keys.VARIABLE: str(path)}
    async with open_cipher(KeyRing({1: OLD}, 1), environ) as late:
        replace(path, KeyRing({1: OLD, 2: NEW}, 2))
        early = FieldCipher(KeyRing({1: OLD, 2: NEW}, 2))
        assert late.decrypt(early.encrypt(b"x", context=CONTEXT), context=CONTEXT) == b"x"
        assert late.active_key_id == 2


async def _has_active(cipher, key_id):
    assert cipher.active_key_id == key_id


async def test_a_key_becomes_active_without_being_met(path, monkeypatch):
    monkeypatch.setattr(keys, "_POLL_S", 0.01)
    async with open_cipher(KeyRing({1: OLD}, 1), {keys.VARIABLE: str(path)}) as cipher:
        replace(path, KeyRing({1: OLD, 2: NEW}, 2))
        async with asyncio.timeout(10):
            await eventually(partial(_has_active, cipher, 2))


async def test_keys_from_a_variable_are_not_followed():
    async with open_cipher(KeyRing({1: OLD}, 1), {}) as cipher:
        with pytest.raises(UnreadableField):
            cipher.decrypt(b"\x02" * 40, context=CONTEXT)


def test_the_log_tells_no_key(path, capsys):
    file = KeyFile(path)
    os.utime(path, ns=(1, 1))
    path.write_text("1:c2VjcmV0\n")
    file.changed()
    assert "c2VjcmV0" not in "".join(capsys.readouterr())


async def test_a_file_that_changed_between_the_settings_and_the_start_is_followed(path):
    """The ring comes from the settings, read a moment before: a rotation may lie in between."""
    replace(path, KeyRing({1: OLD, 2: NEW}, 2))
    new = FieldCipher(KeyRing({2: NEW}, 2)).encrypt(b"x", context=CONTEXT)
    async with open_cipher(KeyRing({1: OLD}, 1), {keys.VARIABLE: str(path)}) as cipher:
        assert cipher.decrypt(new, context=CONTEXT) == b"x"
        assert cipher.active_key_id == 2


async def test_a_broken_file_at_the_start_leaves_the_ring_of_the_settings(path):
    path.write_text("nonsense")
    async with open_cipher(KeyRing({1: OLD}, 1), {keys.VARIABLE: str(path)}) as cipher:
        assert cipher.active_key_id == 1


def test_a_file_written_while_it_is_read_is_read_again(path, monkeypatch):
    """A whole line of a file of two looks like a file of one: the key before would be forgotten."""
    file = KeyFile(path)
    whole = write_keyring(KeyRing({1: OLD, 2: NEW}, 2))
    first_line = whole.splitlines(keepends=True)[0]
    read_text = Path.read_text
    path.write_text(first_line)

    def read(self, **options):
        text = read_text(self, **options)
        self.write_text(whole)
        return text

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", read)
        assert file.changed() is None
    assert file.changed() == KeyRing({1: OLD, 2: NEW}, 2)


def test_a_file_that_could_not_be_read_is_tried_again(path, monkeypatch):
    """Permissions that are mended change no content."""
    file = KeyFile(path)
    replace(path, KeyRing({1: OLD, 2: NEW}, 2))

    def denied(*_, **__):
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", denied)
        assert file.changed() is None
    assert file.changed() == KeyRing({1: OLD, 2: NEW}, 2)
