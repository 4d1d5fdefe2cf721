"""Reads a CSV file of any size in constant memory, line by line, as bytes.

A record is a line: fields may be quoted, but hold no line break, so that one broken quote costs one
line and not the rest of the file. Plain or gzip, told by content. What cannot be read stops at the
last whole line, and says where.
"""

from __future__ import annotations

import csv
import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self

from services.cli.loading.refusals import Refusal

UTF8: Final = "utf-8"
ENCODINGS: Final = (UTF8, "gb18030", "gbk")
LINE_BYTES_MAX: Final = 64 * 1024
"""No record of ours comes near it; longer ones are refused without being held."""
CHUNK_BYTES: Final = 256 * 1024
_PIECE_BYTES: Final = 16 * 1024
_GZIP: Final = b"\x1f\x8b"
_BOM: Final = b"\xef\xbb\xbf"
_GZIP_WBITS: Final = 31
_SUSPICIOUS_BYTES: Final = 12
# All but the tab and the line's own ending; what NUL does to a database is worse than a refusal.
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_FOREIGN: Final = {
    b"PK\x03\x04": "an Excel workbook or zip archive: save the sheet as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save the sheet as CSV UTF-8",
    b"\xff\xfe": "UTF-16: save it as CSV UTF-8",
    b"\xfe\xff": "UTF-16: save it as CSV UTF-8",
    b"%PDF": "a PDF: export the table as CSV UTF-8",
}


class UnreadableError(Exception):
    """Nothing of a file can be read; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a file may have."""

    name: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file, its fields stripped, in the order of the columns asked for."""

    line: int
    values: Sequence[str]
    size: int
    """Bytes of the line."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a file could not be read on."""

    after_line: int
    """Last whole line; everything up to it was read."""
    zh: str
    en: str


def digest_of(path: Path, advance: Callable[[int], None]) -> str:
    """Returns the SHA-256 of a file; `advance` is told of bytes read.

    Raises:
        UnreadableError: the file cannot be opened or read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
                advance(len(chunk))
    except OSError as error:
        raise UnreadableError(f"{path}: {error.strerror}") from error
    return digest.hexdigest()


def size_of(path: Path) -> int:
    """Returns the bytes of a file.

    Raises:
        UnreadableError: it is not there.
    """
    try:
        return path.stat().st_size
    except OSError as error:
        raise UnreadableError(f"{path}: {error.strerror}") from error


class Source:
    """An open file of rows. Use as a context manager."""

    def __init__(self, path: Path, columns: Sequence[Column], *, encoding: str = UTF8) -> None:
        """Opens the file and reads its header.

        Raises:
            UnreadableError: it cannot be opened, is no CSV, or its columns are wrong.
        """
        self.path = path
        self.bytes_read = 0
        """Of the file as it lies there, compressed or not."""
        self.broken: Broken | None = None
        self._encoding = encoding
        self._columns = columns
        self._line = 0
        try:
            self._file: IO[bytes] = path.open("rb")
        except OSError as error:
            raise UnreadableError(f"{path}: {error.strerror}") from error
        try:
            self._lines = self._whole_lines(self._chunks())
            self._order = self._read_header()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def rows(self, refuse: Callable[[Refusal], None]) -> Iterator[Row]:
        """Yields the lines that are rows; `refuse` is told of those that are none."""
        order, plain = self._order, self._order == list(range(len(self._columns)))
        wanted = self._header_length
        for line, raw in self._lines:
            if raw is None:
                problem = f"longer than {LINE_BYTES_MAX} bytes"
                refuse(Refusal(line, "", "LINE_TOO_LONG", problem))
                continue
            content = raw.rstrip(b"\r")
            if not content.strip():
                continue
            fields = self._fields(line, content)
            if isinstance(fields, Refusal):
                refuse(fields)
                continue
            if len(fields) != wanted:
                problem = f"{len(fields)} columns instead of {wanted}"
                refuse(Refusal(line, "", "COLUMN_COUNT", problem))
                continue
            values = [value.strip() for value in fields]
            if not plain:
                values = [values[place] if place >= 0 else "" for place in order]
            yield Row(line, values, len(raw))

    # --- bytes --------------------------------------------------------------------------------

    def _chunks(self) -> Iterator[bytes]:
        first = self._read()
        if first.startswith(_GZIP):
            yield from self._unzipped(first)
            return
        while first:
            yield first
            first = self._read()

    def _read(self) -> bytes:
        try:
            chunk = self._file.read(CHUNK_BYTES)
        except OSError as error:
            if self._line == 0:
                raise UnreadableError(f"{self.path}: {error.strerror}") from error
            self._break("文件读取出错", f"the file cannot be read on: {error.strerror}")
            return b""
        self.bytes_read += len(chunk)
        return chunk

    def _unzipped(self, data: bytes) -> Iterator[bytes]:
        decoder = zlib.decompressobj(_GZIP_WBITS)
        while data:
            # Small pieces: what a corrupt one gave before the fault is lost with it.
            for start in range(0, len(data), _PIECE_BYTES):
                piece = data[start : start + _PIECE_BYTES]
                while piece:
                    if decoder.eof:
                        # Another member follows, or the padding of a tape.
                        piece = piece.lstrip(b"\0")
                        if not piece:
                            break
                        decoder = zlib.decompressobj(_GZIP_WBITS)
                    try:
                        # Bounded: a few kilobytes may unpack to gigabytes.
                        yield decoder.decompress(piece, CHUNK_BYTES)
                        while not decoder.unconsumed_tail and not decoder.eof:
                            plain = decoder.decompress(b"", CHUNK_BYTES)
                            if not plain:
                                break
                            yield plain
                    except zlib.error:
                        self._break("gzip 数据损坏", "the gzip data is corrupt")
                        return
                    piece = decoder.unconsumed_tail or decoder.unused_data
            data = self._read()
        if not decoder.eof and self.broken is None:
            self._break("gzip 文件不完整（被截断）", "the gzip file is cut off")

    def _break(self, zh: str, en: str) -> None:
        self.broken = Broken(self._line, zh, en)

    def _whole_lines(self, chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes | None]]:
        """Yields (number, content); None instead of the content of a line that is too long."""
        rest, too_long = b"", False
        for chunk in chunks:
            lines = (rest + chunk).split(b"\n")
            rest = lines.pop()
            for content in lines:
                self._line += 1
                yield (
                    self._line,
                    None if too_long or len(content) > LINE_BYTES_MAX else content,
                )
                too_long = False
            if len(rest) > LINE_BYTES_MAX:
                rest, too_long = b"", True
        if self.broken is not None:
            # What is left may be half a line, with half a number in it.
            self.broken = Broken(self._line, self.broken.zh, self.broken.en)
        elif rest or too_long:
            self._line += 1
            yield self._line, None if too_long else rest

    # --- text ---------------------------------------------------------------------------------

    def _fields(self, line: int, content: bytes) -> list[str] | Refusal:
        if _CONTROL.search(content):
            return Refusal(line, "", "CONTROL_CHARACTER", "an invisible control character")
        try:
            text = content.decode(self._encoding)
        except UnicodeDecodeError as error:
            is_utf8 = self._encoding == UTF8
            return Refusal(
                line,
                "",
                "NOT_UTF8" if is_utf8 else "BAD_ENCODING",
                f"byte {error.start + 1} of the line is no {self._encoding}",
            )
        if '"' not in text:
            return text.split(",")
        try:
            return next(csv.reader([text], strict=True))
        except csv.Error:
            return Refusal(line, "", "QUOTE_OPEN", "quotes do not match")

    def _read_header(self) -> list[int]:
        """Returns where each column stands in a line; -1: the file does not have it."""
        for mark, what in _FOREIGN.items():
            if self._peek(len(mark)) == mark:
                raise UnreadableError(f"{self.path} is {what}")
        line, content = next(self._lines, (0, b""))
        if self.broken is not None and not line:
            raise UnreadableError(
                f"{self.path}: {self.broken.zh}，一行也读不出，请重新传输 · {self.broken.en} before"
                " its first line: get the file again"
            )
        if not line:
            raise UnreadableError(f"{self.path} is empty: the first line names the columns")
        if content is None:
            raise UnreadableError(
                f"{self.path}: the first line is longer than {LINE_BYTES_MAX} bytes: it names the"
                " columns, and lines end with a line feed"
            )
        if content.startswith(_BOM):
            if self._encoding != UTF8:
                raise UnreadableError(f"{self.path} is marked as UTF-8: leave --encoding out")
            content = content[len(_BOM) :]
        fields = self._fields(line, content.rstrip(b"\r"))
        if isinstance(fields, Refusal):
            raise UnreadableError(
                f"{self.path}: the first line names the columns: {fields.problem}"
            )
        if self._encoding != UTF8:
            self._require_not_utf8()
        names = [name.strip() for name in fields]
        self._header_length = len(names)
        self._require_columns(names)
        return [names.index(c.name) if c.name in names else -1 for c in self._columns]

    def _peek(self, count: int) -> bytes:
        place = self._file.tell()
        try:
            return self._file.read(count)
        finally:
            self._file.seek(place)

    def _require_not_utf8(self) -> None:
        """UTF-8 read as GB18030 gives other characters, and most lines would go in."""
        with self.path.open("rb") as file:
            sample = file.read(CHUNK_BYTES)
        if sample.startswith(_GZIP):
            try:
                sample = zlib.decompressobj(_GZIP_WBITS).decompress(sample, CHUNK_BYTES)
            except zlib.error:
                return
        sample = sample.rpartition(b"\n")[0]
        if sum(byte > 0x7F for byte in sample) < _SUSPICIOUS_BYTES:  # noqa: PLR2004 - ASCII ends
            return
        try:
            sample.decode(UTF8)
        except UnicodeDecodeError:
            return
        raise UnreadableError(f"{self.path} is UTF-8: leave --encoding out")

    def _require_columns(self, names: Sequence[str]) -> None:
        known = [column.name for column in self._columns]
        problems = []
        if missing := [c.name for c in self._columns if c.required and c.name not in names]:
            problems.append(f"add the columns {', '.join(missing)}")
        if unknown := [name or "(no name)" for name in names if name not in known]:
            problems.append(f"remove or rename the columns {_shown(unknown)}")
        if twice := sorted({name for name in names if name and names.count(name) > 1}):
            problems.append(f"name these columns once: {_shown(twice)}")
        if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
            problems.insert(0, "separate the columns by commas")
        if problems:
            raise UnreadableError(
                f"{self.path}: 表头不符，未载入任何行 · the first line does not name the right"
                f" columns, nothing was loaded: {'; '.join(problems)}. Known columns:"
                f" {', '.join(known)}"
            )


def _shown(names: Sequence[str]) -> str:
    """Names of columns come from the file: a data line in their place is not printed whole."""
    few = [name if re.fullmatch(r"[a-z_]{1,40}", name) else "(other text)" for name in names[:8]]
    return ", ".join(few) + (" …" if len(names) > len(few) else "")
