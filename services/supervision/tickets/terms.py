"""The terms of tickets: terms/ticket.yaml."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from services.kit.terms_files import Wrong, entry_on, load_terms, read_whole
from services.supervision.domain.ticket import Clockwork, Party, Responsibility, TicketKind
from yijie.common.v1 import error_reason_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.kit.strict_yaml import Tree
    from services.kit.terms_files import Entry, History

TERMS_FOLDER: Final = Path(__file__).parents[1] / "terms"
"""The terms that are shipped."""
OTHER: Final = "OTHER"
"""Stands in the table of causes for every reason that it does not name."""

_HOURS: Final = ("answer_hours", "escalation_hours", "quiet_hours", "stale_hours")
_HOURS_MAX: Final = 24 * 366
_NONE: Final = "NONE"
_PREFIX: Final = "ERROR_REASON_"

Causes = dict[str, Responsibility]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketTerms:
    """The terms of one day."""

    clockwork: Clockwork
    causes: Mapping[str, Responsibility]
    """By reason."""
    other: Responsibility
    """Of reasons that are not named."""


class TicketTermsBook:
    """The terms of every day."""

    __slots__ = ("_histories",)

    def __init__(self, histories: Mapping[str, History[int | Causes]]) -> None:
        """Holds the entries of each term, by day."""
        self._histories = histories

    def entry(self, name: str, on: date) -> Entry[int | Causes]:
        """Returns what a term rests on."""
        return entry_on(self._histories[name], on)

    def of(self, on: date) -> TicketTerms:
        """Returns the terms of a day."""
        causes = self.entry("causes", on).value
        assert isinstance(causes, dict)  # noqa: S101 - its reader gives nothing else
        return TicketTerms(
            clockwork=Clockwork(
                answer=self._span("answer_hours", on),
                escalation=self._span("escalation_hours", on),
                quiet=self._span("quiet_hours", on),
                stale=self._span("stale_hours", on),
            ),
            causes=MappingProxyType({name: one for name, one in causes.items() if name != OTHER}),
            other=causes[OTHER],
        )

    def _span(self, name: str, on: date) -> timedelta:
        value = self.entry(name, on).value
        assert isinstance(value, int)  # noqa: S101 - its reader gives nothing else
        return timedelta(hours=value)


def load_ticket_terms(folder: Path = TERMS_FOLDER) -> TicketTermsBook:
    """Returns the terms of a folder.

    Raises:
        TermsRefused: naming the first thing that is wrong, with its line.
    """
    hours = functools.partial(read_whole, least=1, most=_HOURS_MAX)
    return TicketTermsBook(
        load_terms("ticket", {**dict.fromkeys(_HOURS, hours), "causes": _read_causes}, folder)
    )


def _read_causes(tree: Tree) -> Causes:
    if not isinstance(tree, dict) or OTHER not in tree:
        msg = f"write a mapping of reasons with {OTHER} for all that it does not name"
        raise Wrong(msg)
    found: Causes = {}
    for reason, row in tree.items():
        if reason != OTHER and f"{_PREFIX}{reason}" not in error_reason_pb2.ErrorReason.keys():  # noqa: SIM118 - a wrapper, no dict
            msg = f"{reason} is no ErrorReason; write one without its prefix"
            raise Wrong(msg)
        found[reason] = _read_row(reason, row)
    return found


def _read_row(reason: str, row: Tree) -> Responsibility:
    kinds = {_NONE, *(one.value for one in TicketKind)}
    parties = {one.value for one in Party}
    if isinstance(row, list) and len(row) == 2:  # noqa: PLR2004 - party and kind
        party, kind = row
        if party in parties and kind in kinds:
            if Party(party) is Party.PATIENT and kind != _NONE:
                msg = f"{reason}: a patient is given no ticket; write NONE"
                raise Wrong(msg)
            return Responsibility(Party(party), None if kind == _NONE else TicketKind(kind))
    msg = f"{reason}: write [party, kind] of {sorted(parties)} and {sorted(kinds)}"
    raise Wrong(msg)
