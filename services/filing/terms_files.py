"""Reads the terms of the insured regions: strict YAML, then the pure loader."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.filing.domain.terms import NATIONAL, TermsBook
from services.filing.domain.terms_loader import TermsRefused, parse_terms
from services.kit.strict_yaml import Unclear, find_line, read_tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.filing.domain.terms import History

TERMS_FOLDER: Final = Path(__file__).parent / "terms"
_BYTES_MAX: Final = 256 * 1024


def load_terms(folder: Path = TERMS_FOLDER) -> TermsBook:
    """Returns the terms of a folder: `national.yaml`, and a file per region that has its own.

    Raises:
        TermsRefused: the first thing wrong in any file, with line and what would be right.
    """
    areas: dict[str, Mapping[str, History]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix != ".yaml":
            raise TermsRefused(
                file=path.name,
                path="",
                problem="is not read under this name",
                right=f"name it {path.stem}.yaml, or move it away",
            )
        area, histories = read_file(path.name, path.read_bytes())
        areas[area] = histories
    if NATIONAL not in areas:
        raise TermsRefused(
            file=f"{NATIONAL}.yaml",
            path="",
            problem="is missing",
            right="add it: it holds where a region sets nothing",
        )
    return TermsBook(areas)


def read_file(name: str, content: bytes) -> tuple[str, Mapping[str, History]]:
    """Returns the area of a file and its histories by term.

    Raises:
        TermsRefused: naming the first thing that is wrong.
    """
    if len(content) > _BYTES_MAX:
        raise TermsRefused(file=name, path="", problem="is too large", right="256 KiB is the limit")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TermsRefused(
            file=name,
            path="",
            problem="is not UTF-8",
            right="save it as UTF-8",
            line=content.count(b"\n", 0, error.start) + 1,
        ) from error
    try:
        return parse_terms(name, read_tree(text))
    except Unclear as unclear:
        raise TermsRefused(
            file=name, path="", problem=unclear.problem, right=unclear.right, line=unclear.line
        ) from unclear
    except TermsRefused as refused:
        # Only a refusal needs the line, so only then is the file composed with its marks.
        raise refused.on_line(find_line(text, refused.path)) from None
