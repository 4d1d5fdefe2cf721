"""Packs from outside: what they hold is known, and their signature checked, before it is read."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.supervision.domain.examples import failures
from services.supervision.rules_loader import build, digest_of
from services.supervision.rules_manifest import EXAMPLE_FAILS, MALFORMED, RuleDataRefused
from services.supervision.rules_pack import contents_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.supervision.domain.ruleset import RuleSet

_VERSION_LENGTH: Final = 16
_UNTHOUGHT_OF: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Pack:
    """The files of a pack."""

    contents: Mapping[str, bytes]
    digest: str
    """SHA-256 of the files, 64 hex digits."""

    @property
    def version(self) -> str:
        """What findings carry: the beginning of the digest."""
        return self.digest[:_VERSION_LENGTH]

    async def rules(self) -> RuleSet:
        """Returns the rules, which find what their worked examples say.

        Raises:
            RuleDataRefused: RULE_PACK_…, with file, line and field.
        """
        # In a thread: calls go on while thousands of rows are read.
        return await asyncio.to_thread(_build, self.contents)


async def read_pack(content: bytes) -> Pack:
    """Returns the files of a pack; none of them is read yet.

    Raises:
        RuleDataRefused: RULE_PACK_TOO_LARGE, RULE_PACK_MALFORMED, RULE_PACK_REPEATED.
    """
    contents = await asyncio.to_thread(contents_of, content)
    return Pack(contents, digest_of(contents))


def _build(contents: Mapping[str, bytes]) -> RuleSet:
    try:
        ruleset = build(contents)
        failed = failures(ruleset)
    except RuleDataRefused:
        raise
    except _UNTHOUGHT_OF as error:
        # A number or date that no reader thought of: the pack is refused like any other, and does
        # not stop a process that finds it in its table from starting.
        problem = f"cannot be read: {type(error).__name__}"
        raise RuleDataRefused(file="pack", line=1, problem=problem, reason=MALFORMED) from error
    for outcome in failed:
        raise RuleDataRefused(
            file=f"{outcome.rule.code.lower()}.yaml",
            line=1,
            problem=f"the example {outcome.example.name} does not come out as written",
            reason=EXAMPLE_FAILS,
            field="examples",
        )
    return ruleset
