"""The terms of cases, from terms/case.yaml."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.kit.terms_files import entry_on, load_terms, read_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.kit.terms_files import History

TERMS_FOLDER: Final = Path(__file__).parent.parent / "terms"
_BOUNDS: Final = {
    "answer_working_days": (1, 250),
    "sample_per_mille": (1, 1000),
    "sample_least": (1, 500),
    "sample_rejected_per_mille": (0, 1000),
}
"""Every term, with the least and the most it can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTerms:
    """The terms of one day."""

    answer_working_days: int
    """Working days after the day of the opinion in which an answer is taken."""
    sample_per_mille: int
    sample_least: int
    sample_rejected_per_mille: int
    """With more of the drawn dismissed, nothing is confirmed unseen."""


class CaseTermsBook:
    """The terms of every day."""

    __slots__ = ("_histories",)

    def __init__(self, histories: Mapping[str, History[int]]) -> None:
        """Holds the entries of each term, by day."""
        self._histories = histories

    def of(self, on: date) -> CaseTerms:
        """Returns the terms of a day."""
        return CaseTerms(**{name: entry_on(self._histories[name], on).value for name in _BOUNDS})


def load_case_terms(folder: Path = TERMS_FOLDER) -> CaseTermsBook:
    """Returns the terms of a folder.

    Raises:
        TermsRefused: naming the first thing that is wrong, with its line.
    """
    readers = {
        name: functools.partial(read_whole, least=least, most=most)
        for name, (least, most) in _BOUNDS.items()
    }
    return CaseTermsBook(load_terms("case", readers, folder))
