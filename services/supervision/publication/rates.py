"""What reviews decided about the findings of each rule, out of the cases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from services.supervision.cases import store as case_store
from services.supervision.domain.rule_rates import RuleRate

if TYPE_CHECKING:
    from services.kit.db import Database

_EVER: Final = (datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


async def rule_rates(
    database: Database, since: datetime | None, until: datetime | None
) -> list[RuleRate]:
    """Returns the rates of cases opened in [since, until); None: no bound."""
    found = await case_store.outcomes(database, since=since or _EVER[0], until=until or _EVER[1])
    return [
        RuleRate(
            rule_code=one.rule_code,
            confirmed=one.confirmed,
            rejected=one.rejected,
            open=one.open,
            confirmed_fen=one.confirmed_fen,
            rejected_fen=one.rejected_fen,
        )
        for one in found
    ]
