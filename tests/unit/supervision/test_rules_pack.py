"""A pack as one file: the same bytes for the same rules, and nothing hostile gets through."""

from __future__ import annotations

import gzip
import io
import random
import shutil
import tarfile
from typing import TYPE_CHECKING

import pytest

from services.supervision.rules_loader import RULES_DIR, load, read_directory
from services.supervision.rules_manifest import RuleDataRefused
from services.supervision.rules_pack import PACK_BYTES_MAX, contents_of, pack, unpack

if TYPE_CHECKING:
    from pathlib import Path

RULE = (RULES_DIR / "diagnosis_missing.yaml").read_bytes()


def archive(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as made:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.type, member.size = kind, len(content)
            member.linkname = "elsewhere" if kind == tarfile.SYMTYPE else ""
            made.addfile(member, io.BytesIO(content))
    return plain.getvalue()


def packed(*members: tuple[str, bytes]) -> bytes:
    return gzip.compress(archive(*members))


def refusal(content: bytes) -> RuleDataRefused:
    with pytest.raises(RuleDataRefused) as caught:
        unpack(content)
    return caught.value


def test_a_pack_is_the_rules_of_its_folder(tmp_path: Path) -> None:
    content = pack(RULES_DIR)
    assert len(content) < PACK_BYTES_MAX / 4
    assert contents_of(content) == read_directory(RULES_DIR)
    rules = unpack(content)
    assert rules.digest == load(RULES_DIR).digest
    copy = tmp_path / "copy"
    shutil.copytree(RULES_DIR, copy)
    assert pack(copy) == content
    (copy / "README.md").write_text("for people", encoding="utf-8")
    assert pack(copy) == content


def test_the_digest_changes_with_any_byte_and_any_name(tmp_path: Path) -> None:
    one = unpack(packed(("diagnosis_missing.yaml", RULE)))
    other = unpack(packed(("diagnosis_missing.yaml", RULE + b"\n")))
    assert len({one.digest, other.digest, load(RULES_DIR).digest}) == 3
    (tmp_path / "diagnosis_missing.yaml").write_bytes(RULE)
    assert load(tmp_path).digest == one.digest


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "RULE_PACK_MALFORMED"),
        (b"not gzip", "RULE_PACK_MALFORMED"),
        (gzip.compress(b"not an archive" * 100), "RULE_PACK_MALFORMED"),
        (packed(("diagnosis_missing.yaml", RULE))[:-9], "RULE_PACK_MALFORMED"),
        (packed(("diagnosis_missing.yaml", RULE)) + b"more", "RULE_PACK_MALFORMED"),
        (packed(("../diagnosis_missing.yaml", RULE)), "RULE_PACK_MALFORMED"),
        (packed(("/etc/diagnosis_missing.yaml", RULE)), "RULE_PACK_MALFORMED"),
        (packed(("sub/diagnosis_missing.yaml", RULE)), "RULE_PACK_MALFORMED"),
        (packed(("run.sh", b"true")), "RULE_PACK_MALFORMED"),
        (packed(("A.yaml", RULE)), "RULE_PACK_MALFORMED"),
        (
            gzip.compress(archive(("diagnosis_missing.yaml", b""), kind=tarfile.SYMTYPE)),
            "RULE_PACK_MALFORMED",
        ),
        (
            gzip.compress(archive(("diagnosis_missing.yaml", b""), kind=tarfile.DIRTYPE)),
            "RULE_PACK_MALFORMED",
        ),
        (
            packed(("diagnosis_missing.yaml", RULE), ("diagnosis_missing.yaml", RULE)),
            "RULE_PACK_REPEATED",
        ),
        (packed(*((f"a{n}.csv", b"") for n in range(401))), "RULE_PACK_TOO_LARGE"),
        (b"\0" * (PACK_BYTES_MAX + 1), "RULE_PACK_TOO_LARGE"),
        (packed(("diagnosis_missing.yaml", b"#" * (2**18 + 1))), "RULE_PACK_TOO_LARGE"),
        (packed(("table.csv", b"a\n")), "RULE_PACK_FIELD_UNKNOWN"),
        (
            packed(("diagnosis_missing.yaml", RULE), ("table.csv", b"a\n")),
            "RULE_PACK_TABLE_MISMATCH",
        ),
    ],
)
def test_what_is_no_pack_is_refused(content: bytes, reason: str) -> None:
    assert refusal(content).reason == reason


def test_a_bomb_is_not_blown_up() -> None:
    bomb = gzip.compress(b"\0" * 2**26)
    assert len(bomb) < 2**17
    assert refusal(bomb).reason == "RULE_PACK_TOO_LARGE"


def header(*, kind: bytes, size: bytes, sparse: int | None = None) -> bytes:
    """A header with whatever it may say; `sparse`: a file of so many bytes that has none."""
    made = bytearray(tarfile.TarInfo("diagnosis_missing.yaml").tobuf(tarfile.GNU_FORMAT))
    made[124:136], made[156:157] = size, kind
    if sparse is not None:
        made[386:410], made[483:495] = b"00000000000\0" * 2, b"%011o\0" % sparse
    made[148:156] = b" " * 8
    made[148:156] = b"%06o\0 " % sum(made)
    return bytes(made)


EMPTY = b"%011o\0" % 0


def below_zero(size: int) -> bytes:
    return b"\xff" + size.to_bytes(11, "big", signed=True)


@pytest.mark.parametrize(
    "plain",
    [
        pytest.param(header(kind=b"S", size=EMPTY, sparse=2**32), id="sparse"),
        pytest.param(header(kind=b"x", size=EMPTY) * 5_000, id="headers without end"),
        pytest.param(header(kind=b"L", size=EMPTY) * 5_000, id="long names without end"),
        pytest.param(header(kind=b"x", size=below_zero(-512)), id="header below zero"),
        pytest.param(header(kind=b"0", size=below_zero(-512)), id="file back to itself"),
        pytest.param(header(kind=b"0", size=below_zero(-9999)), id="file before the beginning"),
        pytest.param(header(kind=b"0", size=b"%011o\0" % 2**32), id="file beyond the end"),
        pytest.param(header(kind=b"0", size=EMPTY)[:300], id="cut header"),
    ],
)
def test_what_an_archive_can_do_beside_plain_files_is_refused(plain: bytes) -> None:
    assert refusal(gzip.compress(plain + b"\0" * 1024)).reason == "RULE_PACK_MALFORMED"


def test_a_sparse_file_of_another_kind_is_not_blown_up() -> None:
    member = tarfile.TarInfo("diagnosis_missing.yaml")
    member.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": str(2**40)}
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archived:
        archived.addfile(member)
    assert refusal(gzip.compress(made.getvalue())).reason == "RULE_PACK_MALFORMED"


def test_an_example_does_not_become_gigabytes_of_bills() -> None:
    lines = '[{item: "001102000010000", date: "2026-03-09"}]'
    for entries, problem in ((1, ""), (2, "more than 120 bills")):
        history = f"    history: [{', '.join([f'{{times: 120, lines: {lines}}}'] * entries)}]"
        text = (
            RULE + f"  - name: n\n    finds: []\n    bill: {{lines: {lines}}}\n{history}\n".encode()
        )
        content = packed(("diagnosis_missing.yaml", text))
        if problem:
            assert problem in refusal(content).problem
        else:
            unpack(content)


def test_a_folder_that_packs_to_too_much_is_refused(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(PACK_BYTES_MAX + 2**16)  # noqa: S311 - no secret
    (tmp_path / "noise.csv").write_bytes(noise)
    with pytest.raises(RuleDataRefused) as caught:
        pack(tmp_path)
    assert caught.value.reason == "RULE_PACK_TOO_LARGE"
