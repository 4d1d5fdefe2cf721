"""The rules of payment in force: terms/payment.yaml."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from services.clearing.domain import notice_steps
from services.clearing.domain.notice_steps import Limits
from services.clearing.terms_folder import TERMS_FOLDER
from services.kit.calendar import Deadline, add_working_days
from services.kit.strict_yaml import Tree
from services.kit.terms_files import History, Wrong, entry_on, load_terms, read_whole

_DAYS_MAX: Final = 60


def _days(tree: Tree) -> int:
    return read_whole(tree, least=1, most=_DAYS_MAX)


def _rule(word: str) -> Callable[[Tree], int]:
    # A rule that the code carries out; the file says where it comes from.
    def read(tree: Tree) -> int:
        if tree != word:
            msg = f"write {word}, the only rule that is carried out here"
            raise Wrong(msg)
        return 0

    return read


_READERS: Final[Mapping[str, Callable[[Tree], int]]] = {
    "submit_working_days": _days,
    "transfer_working_days": _days,
    "return_working_days": _days,
    "interest_owner": _rule("care_province"),
    "bank_fee": _rule("not_from_the_fund"),
}


@functools.cache
def payment_terms() -> Mapping[str, History[int]]:
    """Returns the rules as shipped.

    Raises:
        TermsRefused: they are not.
    """
    return load_terms("payment", _READERS, TERMS_FOLDER)


def limits_at(issue_date: date) -> Limits:
    """Returns what holds for a notice that is issued on a day."""
    terms = payment_terms()
    return Limits(
        submit_days=entry_on(terms["submit_working_days"], issue_date).value,
        transfer_days=entry_on(terms["transfer_working_days"], issue_date).value,
        return_days=entry_on(terms["return_working_days"], issue_date).value,
    )


@functools.lru_cache(maxsize=4096)
def due(issue_date: date) -> Deadline:
    """Returns the day by which the money of a notice has to be there."""
    return notice_steps.due(issue_date, limits_at(issue_date), add_working_days)
