"""The terms of deductions, appeals and inquiries: terms/dispute.yaml."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.clearing.terms_folder import TERMS_FOLDER
from services.kit.money import FEN_PER_YUAN
from services.kit.terms_files import entry_on, load_terms, read_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from services.kit.terms_files import Entry, History

_BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "inquiry_threshold_yuan": (0, 10**9),
    "inquiry_answer_days": (1, 366),
    "appeal_working_days": (1, 250),
}
"""Every term, with the least and the most it can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeTerms:
    """The terms of one day."""

    inquiry_threshold_fen: int
    """Only a bill whose total is above it may be inquired into."""
    inquiry_answer_days: int
    """Days after the day of asking in which an answer is in time."""
    appeal_working_days: int
    """Working days after the day of recording in which an appeal is taken."""


class DisputeTermsBook:
    """The terms of every day."""

    __slots__ = ("_histories",)

    def __init__(self, histories: Mapping[str, History[int]]) -> None:
        """Holds the entries of each term, by day."""
        self._histories = histories

    def entry(self, name: str, on: date) -> Entry[int]:
        """Returns what a term rests on."""
        return entry_on(self._histories[name], on)

    def of(self, on: date) -> DisputeTerms:
        """Returns the terms of a day."""
        return DisputeTerms(
            inquiry_threshold_fen=self.entry("inquiry_threshold_yuan", on).value * FEN_PER_YUAN,
            inquiry_answer_days=self.entry("inquiry_answer_days", on).value,
            appeal_working_days=self.entry("appeal_working_days", on).value,
        )


def load_dispute_terms(folder: Path = TERMS_FOLDER) -> DisputeTermsBook:
    """Returns the terms of a folder.

    Raises:
        TermsRefused: naming the first thing that is wrong, with its line.
    """
    readers = {
        name: functools.partial(read_whole, least=least, most=most)
        for name, (least, most) in _BOUNDS.items()
    }
    return DisputeTermsBook(load_terms("dispute", readers, folder))
