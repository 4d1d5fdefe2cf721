"""Whose fault it is that a round trip failed, or took longer than its second (faults.yaml)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.kit.strict_yaml import read_tree

HUB: Final = "hub"
INSURED_REGION: Final = "insured_region"
CARE_REGION: Final = "care_region"
INSTITUTION: Final = "institution"
PARTIES: Final = (INSTITUTION, CARE_REGION, HUB, INSURED_REGION)
"""Who can be at fault, in the order of the round trip."""

SILENCE: Final = frozenset(
    {
        "INSURED_REGION_UNAVAILABLE",
        "OUTCOME_PENDING",
        "CALLEE_UNAVAILABLE",
        "SCREENING_UNAVAILABLE",
    }
)
"""Reasons that may say no more than that somebody did not answer in the time that was left."""
OUT_OF_TIME: Final = "DEADLINE_TOO_SHORT"

SECOND_S: Final = 1.0
"""What a settlement may take (design, Numbers)."""
HUB_SHARE_S: Final = 0.25
"""How much of it is the hub's own; the rest is the insured region's and the network's."""
PATIENCE_S: Final = 0.9
"""A caller that gave this long waited its second: some of it went by on the way here."""

_SECTIONS: Final = {"failed", "refused", "elsewhere"}


class FaultsInvalid(ValueError):
    """faults.yaml does not say of each reason exactly once what it means."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What each reason says of a round trip."""

    failed: Mapping[str, str]
    """Reason → party at fault."""
    refused: frozenset[str]
    """Reasons that are decisions."""
    elsewhere: frozenset[str]
    """Reasons that no round trip is answered with."""

    def party_of(self, reason: str, service: str) -> str | None:
        """Returns the party whose fault an answer is; None: the answer is a decision.

        `service` is who said it: what fails inside the insured region's own system is that
        region's. A reason that is not known here is the hub's until somebody decides.
        """
        if reason in self.refused:
            return None
        party = self.failed.get(reason, HUB)
        return INSURED_REGION if party == HUB and service == "benefits" else party


def slow_party(total_s: float, region_s: float) -> str:
    """Returns who used up the time: the insured region, where the hub kept to its own share.

    `region_s` is the part of `total_s` that was spent waiting for the insured region.
    """
    return INSURED_REGION if total_s - region_s <= HUB_SHARE_S else HUB


@functools.cache
def faults() -> Faults:
    """Returns the shipped table. Raises FaultsInvalid, Unclear."""
    return parse_faults((Path(__file__).parent / "faults.yaml").read_text(encoding="utf-8"))


def parse_faults(text: str) -> Faults:
    """Reads a table. Raises FaultsInvalid where a reason stands twice or a section is unknown."""
    tree = read_tree(text)
    if not isinstance(tree, dict) or set(tree) != _SECTIONS or not isinstance(tree["failed"], dict):
        msg = f"faults: write the sections {sorted(_SECTIONS)}, failed by party"
        raise FaultsInvalid(msg)
    if set(tree["failed"]) != set(PARTIES):
        msg = f"faults: failed has the parties {sorted(PARTIES)}, each once"
        raise FaultsInvalid(msg)
    failed = [(str(reason), party) for party, found in tree["failed"].items() for reason in found]
    refused, elsewhere = map(str, tree["refused"]), map(str, tree["elsewhere"])
    parsed = Faults(dict(failed), frozenset(refused), frozenset(elsewhere))
    every = [*(reason for reason, _ in failed), *parsed.refused, *parsed.elsewhere]
    twice = sorted({reason for reason in every if every.count(reason) > 1})
    if twice:
        msg = f"faults: {', '.join(twice)} stand more than once; leave each in one place"
        raise FaultsInvalid(msg)
    return parsed
