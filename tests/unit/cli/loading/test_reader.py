"""Goal: whatever a file is, its good lines are read, its bad ones are named, and memory is bounded.

Method: files with one thing wrong each, read as a load reads them.
"""

from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.loading import reader
from services.cli.loading.reader import Column, Source, UnreadableError, digest_of

COLUMNS = (Column("code", required=True), Column("name", required=True), Column("note"))
HEADER = b"code,name,note\n"


def read(path, content: bytes, *, encoding: str = "utf-8"):
    """Returns rows, refusals and where the file broke."""
    path.write_bytes(content)
    refusals = []
    with Source(path, COLUMNS, encoding=encoding) as source:
        rows = [(row.line, *row.values) for row in source.rows(refusals.append)]
    return rows, [(one.line, one.reason) for one in refusals], source.broken


@pytest.fixture
def file(tmp_path):
    return tmp_path / "file.csv"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_lines_are_read_with_any_ending_and_mark(file, mark, end, last):
    lines = [b"code,name,note", "1,张三,甲".encode(), b"", b'2," a ""b"", c ",']
    content = mark + end.join(lines) + (end if last else b"")
    assert read(file, content) == ([(2, "1", "张三", "甲"), (4, "2", 'a "b", c', "")], [], None)


def test_columns_may_stand_in_any_order_and_be_left_out(file):
    assert read(file, b"name,code\nx,1\n")[0] == [(2, "1", "x", "")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2,张三,".encode("gb18030"), "NOT_UTF8"),
        (b"2,x", "COLUMN_COUNT"),
        (b"2,x,,", "COLUMN_COUNT"),
        (b'2,"x,', "QUOTE_OPEN"),
        (b'2,"x"y,', "QUOTE_OPEN"),
        (b"2,x\x00,", "CONTROL_CHARACTER"),
        (b"2,x\x7f,", "CONTROL_CHARACTER"),
        (b"2," + b"x" * reader.LINE_BYTES_MAX + b",", "LINE_TOO_LONG"),
        (b"2," + b"x" * (3 * reader.CHUNK_BYTES) + b",", "LINE_TOO_LONG"),
    ],
)
def test_a_bad_line_costs_that_line_alone(file, line, reason):
    rows, refusals, broken = read(file, HEADER + b"1,a,\n" + line + b"\n3,c,\n")
    assert (rows, refusals, broken) == (
        [(2, "1", "a", ""), (4, "3", "c", "")],
        [(3, reason)],
        None,
    )


def test_gbk_is_read_when_it_is_said_to_be(file):
    content = HEADER + "1,张三丰李四光王五,\n".encode("gb18030")
    assert read(file, content)[1] == [(2, "NOT_UTF8")]
    assert read(file, content, encoding="gb18030")[0] == [(2, "1", "张三丰李四光王五", "")]
    packed = gzip.compress(content)
    assert read(file, packed, encoding="gb18030")[0] == [(2, "1", "张三丰李四光王五", "")]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_utf8_is_not_read_as_gbk(file, pack):
    content = HEADER + "1,张三丰李四光王五,\n".encode() * 9
    with pytest.raises(UnreadableError, match="leave --encoding out"):
        read(file, pack(content), encoding="gb18030")
    with pytest.raises(UnreadableError, match="leave --encoding out"):
        read(file, pack(b"\xef\xbb\xbf" + HEADER), encoding="gb18030")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"code,name,nix\n", "remove or rename the columns nix"),
        (b"code\n", "add the columns name"),
        (b"code,name,name\n", "name these columns once: name"),
        (b"code;name;note\n", "separate the columns by commas"),
        ("110101199001011234,张三,\n".encode(), "(other text)"),
        ("编码,名称\n".encode("gb18030"), "no utf-8"),
        (b"PK\x03\x04....", "Excel"),
        (b"\xff\xfec\x00", "UTF-16"),
        (b"\x1f\x8b", "cut off"),
        (b"\x1f\x8bnonsense", "corrupt"),
        (b"x" * 300_000, "first line is longer"),
    ],
)
def test_a_file_that_is_none_of_ours_says_what_to_do(file, content, said):
    with pytest.raises(UnreadableError) as caught:
        read(file, content)
    assert said in str(caught.value)
    assert "19900101" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    for path in (tmp_path / "nix.csv", tmp_path):
        with pytest.raises(UnreadableError):
            Source(path, COLUMNS)
        with pytest.raises(UnreadableError):
            digest_of(path, lambda _: None)


# --- gzip ---------------------------------------------------------------------------------------

MANY = HEADER + b"".join(b"%d,name%d,note\n" % (n, n * 7919 % 10007) for n in range(30_000))


def test_gzip_is_told_by_content_and_may_have_members_and_padding(file):
    packed = gzip.compress(MANY[:100_000]) + gzip.compress(MANY[100_000:]) + b"\0" * 512
    rows, refusals, broken = read(file, packed)
    assert (len(rows), refusals, broken) == (30_000, [], None)


@pytest.mark.parametrize("part", [0.3, 0.9, 0.9999])
def test_a_gzip_that_is_cut_off_gives_its_whole_lines(file, part):
    packed = gzip.compress(MANY)
    rows, refusals, broken = read(file, packed[: int(len(packed) * part)])
    assert refusals == []
    assert broken is not None
    assert "cut off" in broken.en
    assert broken.after_line == len(rows) + 1
    assert [row[1:] for row in rows] == [
        (str(n), f"name{n * 7919 % 10007}", "note") for n in range(len(rows))
    ]


def test_a_gzip_that_is_corrupt_stops_there(file):
    packed = bytearray(gzip.compress(MANY))
    packed[len(packed) // 2] ^= 0xFF
    rows, _, broken = read(file, bytes(packed))
    assert broken is not None
    assert 0 < len(rows) < 30_001
    # Only the check sum at the end is wrong: all but the last piece was read by then.
    packed = bytearray(gzip.compress(MANY))
    packed[-6] ^= 0xFF
    rows, _, broken = read(file, bytes(packed))
    assert 25_000 < len(rows) <= 30_000
    assert broken.after_line == len(rows) + 1
    assert "corrupt" in broken.en


def test_garbage_behind_a_gzip_is_reported(file):
    rows, _, broken = read(file, gzip.compress(MANY) + b"garbage")
    assert len(rows) == 30_000
    assert broken.after_line == 30_001


@pytest.mark.parametrize("pack", [bytes, zlib.compress])
def test_memory_does_not_grow_with_the_file(tmp_path, pack):
    """A file of 30 MB, and a gzip that unpacks to it from a hundredth."""
    path = tmp_path / "big.csv"
    line = b"1," + b"x" * 1000 + b",\n"
    opened = gzip.open if pack is zlib.compress else open
    with opened(path, "wb") as file:
        file.write(HEADER)
        for _ in range(30):
            file.write(line * 1000)
    tracemalloc.start()
    try:
        with Source(path, COLUMNS) as source:
            count = sum(1 for _ in source.rows(pytest.fail))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 30_000
    assert peak < 4 * 1024 * 1024


@given(
    lines=st.lists(st.binary(max_size=60).filter(lambda b: b"\n" not in b), max_size=30),
    chunk=st.integers(1, 40),
)
def test_every_line_is_a_row_or_refused_whatever_the_chunks(tmp_path_factory, lines, chunk):
    path = tmp_path_factory.mktemp("reader") / "file.csv"
    path.write_bytes(HEADER + b"\n".join(lines))
    before, reader.CHUNK_BYTES = reader.CHUNK_BYTES, chunk
    try:
        refusals = []
        with Source(path, COLUMNS) as source:
            rows = list(source.rows(refusals.append))
    finally:
        reader.CHUNK_BYTES = before
    seen = sorted([row.line for row in rows] + [one.line for one in refusals])
    wanted = [n for n, line in enumerate(lines, 2) if line.rstrip(b"\r").strip()]
    assert seen == wanted


def test_bytes_read_are_those_of_the_file(tmp_path):
    path = tmp_path / "file.csv.gz"
    drawn = random.Random(1)  # noqa: S311
    body = b"".join(b"%d,x,\n" % drawn.getrandbits(200) for _ in range(20_000))
    path.write_bytes(gzip.compress(HEADER + body))
    with Source(path, COLUMNS) as source:
        assert sum(1 for _ in source.rows(pytest.fail)) == 20_000
        assert source.bytes_read == path.stat().st_size
