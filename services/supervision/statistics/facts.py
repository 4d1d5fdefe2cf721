"""All that a bulletin is made of, as it was found when it was frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from services.supervision.cases.store import CaseStanding
    from services.supervision.domain.cost_index import Cost, CostKey
    from services.supervision.domain.direct_rate import Place, Tally
    from services.supervision.domain.refusal_detector import Suspect
    from services.supervision.statistics.clients import FilingCount, PairGap
    from services.supervision.statistics.facts_store import (
        FindingCount,
        RefusalCount,
        ResponseTime,
    )
    from services.supervision.statistics.upload_store import SelfPaidCount
    from services.supervision.tickets.store import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was found."""

    month: str
    edition: int
    freeze_time: datetime
    note: str
    tallies: Mapping[Place, Tally]
    """Of the month and the eleven before it, without institutions."""
    institutions: Mapping[Place, Tally]
    """Of the month, with institutions."""
    suspects: Sequence[Suspect]
    refusals: Sequence[RefusalCount]
    self_paid: Sequence[SelfPaidCount]
    filings: Sequence[FilingCount] | None
    """None: filing did not answer."""
    gaps: Sequence[PairGap] | None
    """None: settlement did not answer."""
    care_times: Sequence[ResponseTime]
    insured_times: Sequence[ResponseTime]
    visitors: Mapping[CostKey, Cost]
    locals_: Mapping[CostKey, Cost]
    tickets: Sequence[Summary]
    findings: Sequence[FindingCount]
    cases: Sequence[CaseStanding]
    """Of cases opened in the month."""
    rule_names: Mapping[str, str] = field(default_factory=dict)
    """Chinese, by code, of the rules in force."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Of institutions, as far as identity told."""
