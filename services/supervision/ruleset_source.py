"""Where the rule set in force comes from; whoever judges asks each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from services.supervision.domain.ruleset import RuleSet


class RuleSetSource(Protocol):
    """Has the rule set in force."""

    def ruleset(self) -> RuleSet:
        """Returns the rule set in force now; it may be another one at the next call."""
        ...


class Shipped:
    """The rules that are shipped, for as long as the process runs."""

    def __init__(self, ruleset: RuleSet) -> None:
        """Holds the rule set."""
        self._ruleset = ruleset

    def ruleset(self) -> RuleSet:
        """Returns it."""
        return self._ruleset
