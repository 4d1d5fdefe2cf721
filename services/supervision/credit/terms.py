"""The terms of credit points and of the on-site list, from terms/credit.yaml."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from services.kit.money import FEN_PER_YUAN
from services.kit.terms_files import Wrong, entry_on, load_terms, read_fields, read_whole
from services.supervision.domain.credit import ConsequenceKind, CreditTerms, Subject, Threshold
from services.supervision.domain.model import ResultClass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.kit.strict_yaml import Tree
    from services.kit.terms_files import Entry, History

TERMS_FOLDER: Final = Path(__file__).parent.parent / "terms"
_TENTHS_MAX: Final = 1000
_RULE_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
_OF: Final = {
    Subject.INSTITUTION: {
        ConsequenceKind.TALK,
        ConsequenceKind.SUSPEND_BUSINESS,
        ConsequenceKind.SUSPEND_INSTITUTION,
    },
    Subject.DOCTOR: {ConsequenceKind.SUSPEND_DOCTOR},
    Subject.PERSON: {ConsequenceKind.WATCH_PERSON},
}
_WITHOUT_TIME: Final = frozenset({ConsequenceKind.TALK})
_FORMULA_TERMS: Final = (
    "class_tenths",
    "amount_steps",
    "share_per_mille",
    "person_rules",
    "validity_days",
    "thresholds",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSiteTerms:
    """Which stays are worth a visit."""

    long_stay_days: int
    times_tenths: int
    """Of the peers' median, in tenths."""
    peers_least: int


class CreditTermsBook:
    """The terms of every day."""

    __slots__ = ("_histories",)

    def __init__(self, histories: Mapping[str, History[Any]]) -> None:
        """Holds the entries of each term, by day."""
        self._histories = histories

    def of(self, on: date) -> CreditTerms:
        """Returns the formula of a day."""
        steps = self._entry("amount_steps", on).value
        return CreditTerms(
            class_tenths=self._entry("class_tenths", on).value,
            amount_step_fen=steps["step_yuan"] * FEN_PER_YUAN,
            step_tenths=steps["step_tenths"],
            steps_max=steps["steps_max"],
            share_per_mille=self._entry("share_per_mille", on).value,
            person_rules=self._entry("person_rules", on).value,
            validity_days=self._entry("validity_days", on).value,
            thresholds=self._entry("thresholds", on).value,
            sample=any(self._entry(name, on).sample for name in _FORMULA_TERMS),
        )

    def on_site(self, on: date) -> OnSiteTerms:
        """Returns the terms of the on-site list of a day."""
        high = self._entry("high_cost", on).value
        return OnSiteTerms(
            long_stay_days=self._entry("long_stay_days", on).value,
            times_tenths=high["times_tenths"],
            peers_least=high["peers_least"],
        )

    def _entry(self, name: str, on: date) -> Entry[Any]:
        return entry_on(self._histories[name], on)


def load_credit_terms(folder: Path = TERMS_FOLDER) -> CreditTermsBook:
    """Returns the terms of a folder.

    Raises:
        TermsRefused: naming the first thing that is wrong, with its line.
    """
    return CreditTermsBook(
        load_terms(
            "credit",
            {
                "class_tenths": _read_classes,
                "amount_steps": functools.partial(
                    _read_numbers,
                    bounds={
                        "step_yuan": (1, 10**7),
                        "step_tenths": (0, _TENTHS_MAX),
                        "steps_max": (0, _TENTHS_MAX),
                    },
                ),
                "share_per_mille": _read_shares,
                "person_rules": _read_rules,
                "validity_days": functools.partial(read_whole, least=1, most=3660),
                "thresholds": _read_thresholds,
                "long_stay_days": functools.partial(read_whole, least=1, most=3660),
                "high_cost": functools.partial(
                    _read_numbers,
                    bounds={"times_tenths": (10, 10_000), "peers_least": (2, 10_000)},
                ),
            },
            folder,
        )
    )


def _read_numbers(tree: Tree, bounds: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    fields = read_fields(tree, frozenset(bounds))
    return {
        name: read_whole(fields[name], least=least, most=most)
        for name, (least, most) in bounds.items()
    }


def _read_classes(tree: Tree) -> dict[ResultClass, int]:
    numbers = _read_numbers(tree, {one.value: (1, _TENTHS_MAX) for one in ResultClass})
    return {one: numbers[one.value] for one in ResultClass}


def _read_shares(tree: Tree) -> dict[Subject, int]:
    numbers = _read_numbers(tree, {one.value: (0, 1000) for one in Subject})
    return {one: numbers[one.value] for one in Subject}


def _read_rules(tree: Tree) -> frozenset[str]:
    if not isinstance(tree, list) or not all(
        isinstance(one, str) and _RULE_CODE.fullmatch(one) for one in tree
    ):
        msg = "write a list of rule codes"
        raise Wrong(msg)
    return frozenset(str(one) for one in tree)


def _read_thresholds(tree: Tree) -> tuple[Threshold, ...]:
    if not isinstance(tree, list) or not tree:
        msg = "write a list of thresholds"
        raise Wrong(msg)
    found: list[Threshold] = []
    for item in tree:
        fields = read_fields(item, frozenset({"subject", "points", "kind", "days"}))
        try:
            subject, kind = Subject(fields["subject"]), ConsequenceKind(fields["kind"])
        except ValueError:
            msg = "write a subject and a kind of consequence that there is"
            raise Wrong(msg) from None
        days = read_whole(fields["days"], least=0, most=3660)
        if kind not in _OF[subject] or (kind in _WITHOUT_TIME) != (days == 0):
            msg = "write a kind of that subject, with days unless it is TALK"
            raise Wrong(msg)
        points = read_whole(fields["points"], least=1, most=1000)
        found.append(Threshold(subject=subject, points=points, kind=kind, days=days))
    if len({(one.subject, one.kind) for one in found}) < len(found):
        msg = "write each kind once"
        raise Wrong(msg)
    return tuple(found)
