"""A rule pack as one file: what is signed, published and kept."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from typing import TYPE_CHECKING, Final

from services.supervision.rules_loader import (
    BYTES_MAX,
    FILE_NAME,
    FILES_MAX,
    build,
    read_directory,
)
from services.supervision.rules_manifest import MALFORMED, REPEATED, TOO_LARGE, RuleDataRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from services.supervision.domain.ruleset import RuleSet

PACK_BYTES_MAX: Final = 3 * 2**20
"""A pack travels in one message."""
_FILE: Final = "pack"
_MODE: Final = 0o644
_PLAIN: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)
# An archive holds a header and padding for each file beside the content.
_ARCHIVE_BYTES_MAX: Final = BYTES_MAX + FILES_MAX * 2**10 + 2**14


def pack(directory: Path) -> bytes:
    """Returns the rules and tables of a folder as one archive: the same bytes for the same files.

    Raises:
        RuleDataRefused: the folder holds what no pack has, or too much.
    """
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(read_directory(directory).items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), _MODE
            archive.addfile(member, io.BytesIO(content))
    # Neither a name nor a time goes into the header, so that the bytes depend on the files only.
    packed = gzip.compress(plain.getvalue(), compresslevel=9, mtime=0)
    if len(packed) > PACK_BYTES_MAX:
        _refuse(f"more than {PACK_BYTES_MAX} bytes", TOO_LARGE)
    return packed


def unpack(packed: bytes) -> RuleSet:
    """Returns the rule set of an archive that `pack` made.

    Raises:
        RuleDataRefused: it is none, it is too large, or what it holds is refused.
    """
    return build(contents_of(packed))


def contents_of(packed: bytes) -> dict[str, bytes]:
    """Returns the files of an archive by name; nothing is written anywhere.

    Raises:
        RuleDataRefused: it is no archive of a pack, or too large.
    """
    if len(packed) > PACK_BYTES_MAX:
        _refuse(f"more than {PACK_BYTES_MAX} bytes", TOO_LARGE)
    contents: dict[str, bytes] = {}
    for name, content in _files(_inflated(packed)):
        if len(contents) >= FILES_MAX:
            _refuse(f"more than {FILES_MAX} files", TOO_LARGE)
        if name in contents:
            _refuse(f"holds {name} twice", REPEATED)
        contents[name] = content
    return contents


def _files(plain: bytes) -> Iterator[tuple[str, bytes]]:
    """Returns the files of an archive, header by header.

    Reading it as any archive would let a sparse file of a few bytes become terabytes, and chains of
    extended headers, or a size below zero, an endless loop: a pack has plain files and no more.
    """
    place = 0
    while (header := plain[place : place + tarfile.BLOCKSIZE]).strip(b"\0"):
        try:
            member = tarfile.TarInfo.frombuf(header, "ascii", "surrogateescape")
        except tarfile.TarError as error:
            raise RuleDataRefused(
                file=_FILE, line=1, problem="is no archive", reason=MALFORMED
            ) from error
        if member.type not in _PLAIN or not FILE_NAME.fullmatch(member.name):
            _refuse("holds something else than name.yaml and name.csv", MALFORMED)
        begin = place + tarfile.BLOCKSIZE
        end = begin + member.size
        if not begin <= end <= len(plain):
            _refuse("holds less than it says", MALFORMED)
        yield member.name, plain[begin:end]
        place = end + -member.size % tarfile.BLOCKSIZE


def _inflated(packed: bytes) -> bytes:
    """Returns the archive, never more of it than a pack may have: a bomb is not blown up."""
    inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        plain = inflater.decompress(packed, _ARCHIVE_BYTES_MAX)
    except zlib.error as error:
        raise RuleDataRefused(
            file=_FILE, line=1, problem="is not compressed by gzip", reason=MALFORMED
        ) from error
    if inflater.unconsumed_tail:
        _refuse("is too large", TOO_LARGE)
    if not inflater.eof or inflater.unused_data:
        _refuse("is cut off, or has something behind its end", MALFORMED)
    return plain


def _refuse(problem: str, reason: str) -> None:
    raise RuleDataRefused(file=_FILE, line=1, problem=problem, reason=reason)
