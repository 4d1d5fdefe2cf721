"""Goal: the stand-alone verifier passes what was sealed and finds whatever was done to it.

Method: a chain made by the service's own code, exported, and altered in each way there is.
"""

from __future__ import annotations

import ast
import base64
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from services.cli import audit_verifier
from services.cli.audit_verifier import Chain, Wrong
from services.supervision.domain.chain import (
    ProblemKind,
    block_digest,
    check_block,
    next_block,
    write_line,
)
from tests.support.audit_chain import (
    NOW,
    chain_of,
    checkpoint_line,
    entries,
    exported,
    new_key,
    signed,
)

KEY = new_key()
KEYS = {"hub": KEY.public}
BLOCKS = chain_of(3, 2, 4)
EXPORT = exported(BLOCKS, KEY, signs=(2, 3))
# Header, 3 entries and block 1, 2 entries, block 2 and checkpoint, 4 entries, block 3, checkpoint.
BLOCK_1, CHECKPOINT_2 = 4, 8
SCRIPT = Path(audit_verifier.__file__)


def verdict(lines: list[bytes], **options: object) -> str:
    """What the verifier says is wrong; empty: nothing."""
    chain = Chain(KEYS, **options)
    try:
        chain.read(lines)
    except Wrong as wrong:
        return str(wrong)
    return ""


def test_what_was_sealed_is_found_whole() -> None:
    chain = Chain(KEYS)
    chain.read(EXPORT)
    assert (chain.block, chain.entries, chain.checkpoints) == (3, 9, 2)


def test_every_flipped_bit_is_found() -> None:
    whole = b"".join(exported(chain_of(1, 1), KEY, signs=(1, 2)))
    missed = []
    for place in range(len(whole)):
        # The bit that makes small letters of capitals, and another one.
        for bit in {5, place % 8}:
            flipped = bytearray(whole)
            flipped[place] ^= 1 << bit
            if not verdict(bytes(flipped).splitlines(keepends=True)):
                missed.append((place, bit))
    assert missed == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"key":', b'"key": '),
        (b'"key":', b'"key":"x","key":'),
        (b'"key":', b'"more":1,"key":'),
        (b'"algorithm":"ed25519",', b""),
    ],
    ids=["blank", "twice", "more", "less"],
)
def test_a_checkpoint_is_one_byte_by_byte(old: bytes, new: bytes) -> None:
    assert verdict([*EXPORT[:-1], EXPORT[-1].replace(old, new)])


def test_a_block_that_is_earlier_than_the_one_before_is_found() -> None:
    first, second = chain_of(1, 1)
    times = {"seal_time": first.seal_time}
    numbers = {"block_id": 2, "first_entry": 2, "entry_count": 1}
    digest = block_digest(first.digest, second.content_digest, **numbers, **times)
    early = dataclasses.replace(second, digest=digest, **times)
    assert "block 2" in verdict(exported([first, early], KEY, signs=(2,)))
    assert check_block(first.head, early)[1].kind is ProblemKind.CHAIN_BROKEN


@pytest.mark.parametrize("place", range(len(EXPORT)))
def test_every_removed_line_is_found(place: int) -> None:
    rest = EXPORT[:place] + EXPORT[place + 1 :]
    # A checkpoint in the middle is a further proof, not a part of the chain.
    assert bool(verdict(rest)) == (place != CHECKPOINT_2)


def test_a_removed_row_is_named() -> None:
    assert "entry 2 is missing" in verdict(EXPORT[:2] + EXPORT[3:])
    # With the number mended, too, the block tells.
    mended = [*EXPORT[:2], EXPORT[3].replace(b'"entry":3', b'"entry":2'), *EXPORT[4:]]
    assert "before 2 is missing" in verdict(mended)
    mended[2] = mended[2].replace(b'"after":"9.2"', b'"after":"9.1"')
    assert "block 1 (entries 1–2) changed" in verdict(mended)


def test_an_inserted_row_is_found() -> None:
    assert "entry 1 is one too many" in verdict([*EXPORT[:2], EXPORT[1], *EXPORT[2:]])
    forged = [
        EXPORT[3]
        .replace(b'"entry":3', b'"entry":4')
        .replace(b"9.3", b"9.4")
        .replace(b"9.2", b"9.3")
    ]
    assert "block 1 (entries 1–4) changed" in verdict(EXPORT[:4] + forged + EXPORT[4:])


def test_a_swapped_order_is_found() -> None:
    assert verdict([EXPORT[0], EXPORT[2], EXPORT[1], *EXPORT[3:]])
    blocks = [EXPORT[0], *EXPORT[5:9], *EXPORT[1:5], *EXPORT[9:]]
    assert verdict(blocks)


def test_a_block_that_was_written_anew_is_found() -> None:
    """Whoever owns the database can make digests that fit, but not the signature over them."""
    forger = new_key()
    changed = [write_line(one) for one in entries(3)]
    changed[1] = changed[1].replace(b'"total_fen": 200', b'"total_fen": 999')
    forged = next_block(BLOCKS[0].head, changed, now=NOW)
    assert forged.digest != BLOCKS[1].digest
    again = chain_of(3, 3)
    assert "bad signature" in verdict(exported(again, forger, signs=(2,)))


def test_a_bad_signature_is_found() -> None:
    line = json.loads(EXPORT[-1])
    bad = bytearray.fromhex(line["signature"])
    bad[5] ^= 1
    line["signature"] = bad.hex()
    forged = json.dumps(line, separators=(",", ":")).encode() + b"\n"
    assert "checkpoint 3: bad signature" in verdict([*EXPORT[:-1], forged])


def test_a_key_that_is_not_trusted_is_named() -> None:
    other = exported(BLOCKS, new_key("other"), signs=(3,))
    assert "--key has no other" in verdict(other)


def test_a_cut_end_is_found() -> None:
    for end in range(len(EXPORT)):
        # Cut after the checkpoint on block 2, what is left is whole: only a noted one tells.
        assert bool(verdict(EXPORT[:end])) == (end != CHECKPOINT_2 + 1)
    noted = [json.loads(checkpoint_line(signed(BLOCKS[2].head, KEY)))]
    assert verdict(EXPORT, noted=noted) == ""
    assert "cut off" in verdict(EXPORT[: CHECKPOINT_2 + 1], noted=noted)


def test_a_chain_that_was_replaced_as_a_whole_is_found_by_what_was_noted() -> None:
    noted = [json.loads(checkpoint_line(signed(BLOCKS[1].head, KEY)))]
    other = chain_of(3, 3, 3)
    assert verdict(exported(other, KEY, signs=(3,))) == ""
    assert "block 2 is not the one noted" in verdict(exported(other, KEY, signs=(3,)), noted=noted)


def test_an_export_goes_on_after_a_checkpoint() -> None:
    after = signed(BLOCKS[0].head, KEY)
    part = exported(BLOCKS[1:], KEY, signs=(3,), after=after)
    noted = [json.loads(checkpoint_line(after))]
    chain = Chain(KEYS, noted)
    chain.read(part)
    assert (chain.begin, chain.before, chain.block, chain.entries) == (1, 3, 3, 9)
    # Not after another one: the digest of the first block follows from it.
    wrong = signed(chain_of(4)[0].head, KEY)
    assert "not the one noted" in verdict(
        exported(BLOCKS[1:], KEY, signs=(3,), after=wrong), noted=noted
    )
    others = [json.loads(checkpoint_line(wrong))]
    assert "entry 4" in verdict(exported(BLOCKS[1:], KEY, signs=(3,), after=wrong), noted=others)
    forged = signed(BLOCKS[0].head, new_key())
    assert "bad signature" in verdict(
        exported(BLOCKS[1:], KEY, signs=(3,), after=forged), noted=noted
    )


def test_a_beginning_that_was_cut_off_is_found() -> None:
    """It takes no key: any checkpoint of the export can be made its header."""
    after = signed(BLOCKS[1].head, KEY)
    part = exported(BLOCKS[2:], KEY, signs=(3,), after=after)
    assert "blocks 1–2 are missing" in verdict(part)
    early = [json.loads(checkpoint_line(signed(BLOCKS[0].head, KEY)))]
    assert "blocks 1–2 are missing" in verdict(part, noted=early)
    late = [json.loads(checkpoint_line(signed(BLOCKS[2].head, KEY)))]
    assert "blocks 1–2 are missing" in verdict(part, noted=late)
    assert verdict(part, noted=[*late, *early, json.loads(checkpoint_line(after))]) == ""


def test_two_that_were_noted_and_disagree_are_told() -> None:
    mine, yours = (
        json.loads(checkpoint_line(signed(blocks[1].head, KEY)))
        for blocks in (BLOCKS, chain_of(3, 3))
    )
    assert verdict(EXPORT, noted=[mine, mine]) == ""
    with pytest.raises(Wrong, match="disagree on 2"):
        Chain(KEYS, [mine, yours])


def test_entries_behind_the_last_checkpoint_are_not_taken() -> None:
    assert "from block 3 on" in verdict(exported(BLOCKS, KEY, signs=(2,)))


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b"\n"],
        [b"[]\n"],
        [b"\xff\xfe\n"],
        [b'{"yijie-audit":2,"after":null}\n'],
        [EXPORT[0], b'{"entry":' + b"[" * 100_000 + b"\n"],
    ],
    ids=["nothing", "empty line", "no object", "no text", "another version", "brackets"],
)
def test_what_is_no_export_is_refused(lines: list[bytes]) -> None:
    assert verdict(lines)


def test_it_runs_by_itself(tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(b"".join(EXPORT))
    encoded = base64.b64encode(KEY.public).decode()
    (tmp_path / "keys").write_text(f"# trusted\nhub:ed25519:{encoded}\n", encoding="ascii")
    (tmp_path / "noted").write_bytes(checkpoint_line(signed(BLOCKS[1].head, KEY)))
    script = tmp_path / "verifier.py"
    script.write_bytes(SCRIPT.read_bytes())

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", str(script), *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    good = run("export", "--key", "keys", "--noted", "noted")
    assert (good.returncode, "3 blocks, 9 entries" in good.stdout) == (0, True)
    # An old export that is shown as new says by itself how old it is.
    assert "up to block 3, signed 2026-11-22T08:00:00.000000Z by hub" in good.stdout
    (tmp_path / "export").write_bytes(b"".join(EXPORT[:-1]))
    assert run("export", "--key", "keys").returncode == 1
    assert run("nothing", "--key", "keys").returncode == 2


def test_it_needs_nothing_of_ours_and_is_short() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).partition(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported - sys.stdlib_module_names == {"cryptography"}
    assert len(text.splitlines()) <= 210
