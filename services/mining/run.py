"""Runs rules of mining over an export."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field

from services.mining.engines import Engine
from services.mining.rules import RULES
from services.mining.tables import TABLES, MinedFinding
from services.mining.thresholds import Thresholds

_DEFAULT = Thresholds()


class UnknownRule(Exception):
    """A rule that mining does not have."""


@dataclass(slots=True)
class Mined:
    """What a run found."""

    findings: dict[str, list[MinedFinding]] = field(default_factory=dict)
    """By rule, in their own order."""
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each rule took, findings fetched."""

    @property
    def digest(self) -> str:
        """SHA-256 of all findings: the same on every engine that computes alike."""
        return digest_of(one for code in sorted(self.findings) for one in self.findings[code])


def mine(
    engine: Engine,
    *,
    rule_codes: Sequence[str] = (),
    limits: Thresholds = _DEFAULT,
) -> Mined:
    """Computes rules over an export; none named: all.

    Raises:
        UnknownRule: a rule that there is not.
    """
    mined = Mined()
    for code in rule_codes or RULES:
        if code not in RULES:
            raise UnknownRule(code)
        begun = time.monotonic()
        mined.findings[code] = sorted(engine.findings(RULES[code](TABLES, limits)))
        mined.seconds[code] = time.monotonic() - begun
    return mined


def digest_of(findings: Iterable[MinedFinding]) -> str:
    """Returns the SHA-256 of findings in their order."""
    digest = hashlib.sha256()
    for one in findings:
        digest.update("\t".join(str(part) for part in astuple(one)).encode())
        digest.update(b"\n")
    return digest.hexdigest()


def by_bill(mined: Mapping[str, Sequence[MinedFinding]]) -> Iterator[tuple[str, MinedFinding]]:
    """Yields the bills at fault with what was found."""
    for findings in mined.values():
        yield from ((one.bill_key, one) for one in findings)
