"""Finds the names most like one: what an unmapped item may be.

Names are compared as people write them: width, case, spaces and brackets do not count. A
specification counts for a fifth where both sides state one, with masses and volumes in one unit:
0.25g is 250mg.
"""

from __future__ import annotations

import heapq
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from rapidfuzz import fuzz, process

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NOISE: Final = re.compile(r"[\s()\[\]{}<>《》【】〔〕、，,。.;；:：·\-_/\\'\"]+")
_TIMES: Final = re.compile(r"[×x*✕]")
_MEASURE: Final = re.compile(r"(\d+(?:\.\d+)?)(kg|mg|ug|μg|µg|mcg|g|ml|ul|μl|l)(?![a-z])")
_MICRO: Final = {
    "kg": (Decimal(1_000_000_000), "ug"),
    "g": (Decimal(1_000_000), "ug"),
    "mg": (Decimal(1000), "ug"),
    "ug": (Decimal(1), "ug"),
    "μg": (Decimal(1), "ug"),
    "µg": (Decimal(1), "ug"),
    "mcg": (Decimal(1), "ug"),
    "l": (Decimal(1_000_000), "ul"),
    "ml": (Decimal(1000), "ul"),
    "ul": (Decimal(1), "ul"),
    "μl": (Decimal(1), "ul"),
}
_SLICE: Final = 5000
"""Names per call of the matcher, which holds the interpreter: other calls go on in between."""
_NAMES_MAX: Final = 100
"""Different names whose entries are looked at more closely."""
_LIKENESS_MIN: Final = 30.0
"""A name less like it than this is no suggestion."""
_CONTAINED_CHARS_MIN: Final = 4
_CONTAINED_MIN: Final = 85.0
_CONTAINED_SHARE: Final = 0.85
"""A name that holds another one whole is less like it than one that equals it."""
_SPECIFICATION_SHARE: Final = 20
_HUNDRED: Final = 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """A code that something may map to."""

    code: str
    name: str
    specification: str
    """Empty: not stated."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A candidate and how like it is."""

    candidate: Candidate
    score: int
    """0 to 100."""


class Index:
    """The candidates of one version and kind of list, by their names. Immutable once built."""

    __slots__ = ("_by_name", "_names")

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        """Indexes the candidates; a few seconds for hundreds of thousands."""
        by_name: dict[str, list[Candidate]] = {}
        for candidate in candidates:
            by_name.setdefault(plain_name(candidate.name), []).append(candidate)
        self._by_name = by_name
        self._names = list(by_name)

    def suggest(self, *, name: str, specification: str, count: int) -> list[Suggestion]:
        """Returns the candidates most like a name and specification, best first, then by code."""
        wanted, wanted_specification = plain_name(name), plain_specification(specification)
        closest = heapq.nlargest(_NAMES_MAX, self._scores(wanted))
        scored = (
            Suggestion(candidate, _score(likeness, candidate, wanted_specification))
            for likeness, known in closest
            for candidate in self._by_name[known]
        )
        return heapq.nsmallest(
            count, scored, key=lambda found: (-found.score, found.candidate.code)
        )

    def _scores(self, wanted: str) -> Iterator[tuple[float, str]]:
        for start in range(0, len(self._names), _SLICE):
            names = self._names[start : start + _SLICE]
            best = {
                known: likeness
                for known, likeness, _place in process.extract(
                    wanted, names, scorer=fuzz.ratio, score_cutoff=_LIKENESS_MIN, limit=_NAMES_MAX
                )
            }
            for known, likeness in _contained(wanted, names):
                best[known] = max(best.get(known, 0.0), likeness)
            for known, likeness in best.items():
                yield likeness, known


def _contained(wanted: str, names: list[str]) -> Iterator[tuple[str, float]]:
    """Yields names that hold the wanted one, or are held by it, nearly whole.

    Hospitals shorten names; of two or three characters, though, anything holds them.
    """
    if len(wanted) < _CONTAINED_CHARS_MIN:
        return
    for known, likeness, _place in process.extract(
        wanted, names, scorer=fuzz.partial_ratio, score_cutoff=_CONTAINED_MIN, limit=_NAMES_MAX
    ):
        if len(known) >= _CONTAINED_CHARS_MIN:
            yield known, likeness * _CONTAINED_SHARE


def plain_name(name: str) -> str:
    """Returns a name without what does not distinguish: width, case, spaces, brackets, stops."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", name).casefold())


def plain_specification(specification: str) -> str:
    """Returns a specification with one sign for times and one unit for masses and for volumes."""
    text = unicodedata.normalize("NFKC", specification).casefold().replace(" ", "")
    return _TIMES.sub("*", _MEASURE.sub(_in_micro, text))


def _in_micro(found: re.Match[str]) -> str:
    factor, unit = _MICRO[found[2]]
    text = f"{(Decimal(found[1]) * factor).normalize():f}"
    return f"{text}{unit}"


def _score(likeness: float, candidate: Candidate, wanted_specification: str) -> int:
    known = plain_specification(candidate.specification)
    if not known or not wanted_specification:
        return round(likeness)
    of_specification = fuzz.ratio(known, wanted_specification)
    return round(
        (likeness * (_HUNDRED - _SPECIFICATION_SHARE) + of_specification * _SPECIFICATION_SHARE)
        / _HUNDRED
    )
