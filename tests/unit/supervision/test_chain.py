"""Goal: lines, blocks and checkpoints say what they say, and what was altered shows."""

from __future__ import annotations

import dataclasses
import json
import zlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.crypto import BadKey
from services.supervision.chain.keys import CheckpointKeys, is_signed, parse_public_keys
from services.supervision.chain.verifying import check_blocks
from services.supervision.domain.chain import (
    EMPTY,
    Malformed,
    ProblemKind,
    next_block,
    pack,
    read_line,
    require_sound,
    unpack,
    write_line,
)
from tests.support.audit_chain import NOW, chain_of, entries, new_key, signed


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=60) | st.integers(), max_size=5))
def test_a_line_gives_its_entry_back(content: dict[str, str | int]) -> None:
    text = json.dumps(content, ensure_ascii=True)
    entry = dataclasses.replace(entries(1)[0], content=text)
    require_sound(
        kind=entry.kind, event_time=entry.event_time, record_id=entry.record_id, content=text
    )
    line = write_line(entry)
    assert b"\n" not in line
    assert read_line(line) == entry
    assert json.loads(line)["content"] == content


@pytest.mark.parametrize(
    ("kind", "record_id", "content"),
    [
        ("settled", "1", "{}"),
        ("SETTLED", 'a"b', "{}"),
        ("SETTLED", "x" * 101, "{}"),
        ("SETTLED", "1", "[]"),
        ("SETTLED", "1", "{"),
        ("SETTLED", "1", '{\n"a": 1}'),
        ("SETTLED", "1", '{"a": "' + "x" * 8000 + '"}'),
        ("SETTLED", "1", '{}} {"entry": 7'),
        ("SETTLED", "1", '{"a": ' + "[" * 7000),
        ("SETTLED", "1", '{"a": "\ud800"}'),
    ],
)
def test_what_no_line_is_made_of_is_refused(kind: str, record_id: str, content: str) -> None:
    with pytest.raises(Malformed):
        require_sound(kind=kind, event_time=NOW, record_id=record_id, content=content)


def test_a_time_that_could_not_be_read_back_is_refused() -> None:
    """Sealed, it would make the block one that was altered, for ever."""
    early = NOW.replace(year=999)
    with pytest.raises(Malformed):
        require_sound(kind="X", event_time=early, record_id="", content="{}")
    last = dataclasses.replace(entries(1)[0], event_time=NOW.replace(year=9999))
    require_sound(kind="X", event_time=last.event_time, record_id="", content="{}")
    assert read_line(write_line(last)) == last


def test_a_block_is_later_than_the_one_before_whatever_the_clock_says() -> None:
    lines = [write_line(one) for one in entries(1)]
    first = next_block(EMPTY, lines, now=NOW)
    second = next_block(first.head, lines, now=NOW - timedelta(days=1))
    assert second.seal_time > first.seal_time
    assert second.first_entry == 2


def test_a_whole_chain_is_found_whole() -> None:
    good, found, problem = check_blocks(EMPTY, chain_of(3, 1, 2))
    assert (good.block_id, good.entry_count, len(found), problem) == (3, 6, 6, None)


def altered(number: int, **changes: object) -> list[object]:
    blocks = chain_of(3, 2, 2)
    blocks[number - 1] = dataclasses.replace(blocks[number - 1], **changes)
    return blocks


LINES = unpack(chain_of(3, 2, 2)[1].packed)


@pytest.mark.parametrize(
    ("blocks", "kind", "block_id"),
    [
        (chain_of(3, 2, 2)[1:], ProblemKind.BLOCK_MISSING, 1),
        ([chain_of(3, 2, 2)[0], chain_of(3, 2, 2)[2]], ProblemKind.BLOCK_MISSING, 2),
        (altered(2, previous_digest=bytes(32)), ProblemKind.CHAIN_BROKEN, 2),
        (altered(2, seal_time=NOW), ProblemKind.CHAIN_BROKEN, 2),
        (altered(2, first_entry=5), ProblemKind.CHAIN_BROKEN, 2),
        (altered(1, digest=bytes(32)), ProblemKind.CHAIN_BROKEN, 1),
        (altered(2, packed=pack(LINES[:1])), ProblemKind.CONTENT_CHANGED, 2),
        (altered(2, packed=pack([*LINES, LINES[0]])), ProblemKind.CONTENT_CHANGED, 2),
        (altered(2, packed=pack(LINES[::-1])), ProblemKind.CONTENT_CHANGED, 2),
        (altered(2, packed=pack([LINES[0], LINES[1][:-1]])), ProblemKind.CONTENT_CHANGED, 2),
        (altered(2, packed=b"no deflated text"), ProblemKind.CONTENT_CHANGED, 2),
        (altered(2, packed=pack(LINES)[:-3]), ProblemKind.CONTENT_CHANGED, 2),
        (altered(2, packed=zlib.compress(bytes(10_000_000))), ProblemKind.CONTENT_CHANGED, 2),
    ],
)
def test_what_was_altered_shows(blocks, kind, block_id) -> None:
    good, _, problem = check_blocks(EMPTY, blocks)
    assert (problem.kind, problem.block_id) == (kind, block_id)
    assert good.block_id == block_id - 1


@pytest.mark.parametrize("algorithm", ["ed25519", "sm2"])
def test_a_checkpoint_is_of_its_key_and_its_words(algorithm: str, tmp_path) -> None:
    from services.cli.audit_chain.keys import new_checkpoint_key

    public = new_checkpoint_key(tmp_path, "hub", algorithm=algorithm)
    keys = CheckpointKeys(str(tmp_path / "checkpoint_key"), str(tmp_path / "checkpoint_keys"))
    keys.require_usable()
    checkpoint = signed(chain_of(2)[0].head, keys.signing())
    trusted = keys.trusted()
    assert trusted == {"hub": public}
    assert is_signed(checkpoint, trusted)
    for changed in (
        {"block_id": 2},
        {"digest": bytes(32)},
        {"entry_count": 3},
        {"sign_time": NOW + timedelta(microseconds=1)},
        {"key_id": "other"},
        {"algorithm": "none"},
        {"signature": checkpoint.signature[:-1] + bytes([checkpoint.signature[-1] ^ 1])},
    ):
        assert not is_signed(dataclasses.replace(checkpoint, **changed), trusted)


def test_a_key_that_signs_no_longer_is_trusted_by_its_line(tmp_path) -> None:
    from services.cli.audit_chain.keys import new_checkpoint_key

    new_checkpoint_key(tmp_path, "hub-1")
    keys = CheckpointKeys(str(tmp_path / "checkpoint_key"), str(tmp_path / "checkpoint_keys"))
    old = signed(chain_of(2)[0].head, keys.signing())
    (tmp_path / "checkpoint_key").unlink()
    new_checkpoint_key(tmp_path, "hub-2")
    assert keys.signing().key_id == "hub-2"
    assert set(keys.trusted()) == {"hub-1", "hub-2"}
    assert is_signed(old, keys.trusted())
    (tmp_path / "checkpoint_keys").write_text("# none\n", encoding="ascii")
    assert not is_signed(old, keys.trusted())


@pytest.mark.parametrize(
    "text",
    ["hub", "hub:rsa:AAAA", "Hub:ed25519:AAAA", "hub:ed25519:AAAA", "hub:ed25519:no base64!"],
)
def test_a_line_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(BadKey):
        parse_public_keys(text)


def test_a_name_stands_once(tmp_path) -> None:
    key = new_key()
    from services.supervision.chain.keys import PublicKey

    line = PublicKey(key.key_id, key.algorithm, key.public).line
    assert list(parse_public_keys(f"\n# old\n{line}\n")) == ["hub"]
    with pytest.raises(BadKey, match="twice"):
        parse_public_keys(f"{line}\n{line}")


def test_a_file_that_is_named_must_be_usable(tmp_path) -> None:
    with pytest.raises(BadKey):
        CheckpointKeys(str(tmp_path / "nothing"), "").require_usable()
    (tmp_path / "keys").write_text("hub", encoding="ascii")
    with pytest.raises(BadKey):
        CheckpointKeys("", str(tmp_path / "keys")).require_usable()
    assert CheckpointKeys("", str(tmp_path / "keys")).trusted() == {}


def test_a_file_of_keys_that_is_being_written_leaves_those_that_it_had(tmp_path) -> None:
    from services.cli.audit_chain.keys import new_checkpoint_key

    public = new_checkpoint_key(tmp_path, "hub")
    keys = CheckpointKeys("", str(tmp_path / "checkpoint_keys"))
    assert keys.trusted() == {"hub": public}
    (tmp_path / "checkpoint_keys").write_text(public.line[:20], encoding="ascii")
    assert keys.trusted() == {"hub": public}


def test_a_name_is_not_given_to_another_key(tmp_path) -> None:
    from services.cli.audit_chain.keys import CheckpointKeyError, new_checkpoint_key

    public = new_checkpoint_key(tmp_path, "hub")
    (tmp_path / "checkpoint_key").unlink()
    with pytest.raises(CheckpointKeyError, match="has a key named hub"):
        new_checkpoint_key(tmp_path, "hub")
    assert not (tmp_path / "checkpoint_key").exists()
    assert parse_public_keys((tmp_path / "checkpoint_keys").read_text()) == {"hub": public}
