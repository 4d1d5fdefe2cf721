"""Which settlements a summary of catalogue gaps looks at."""

from __future__ import annotations

from uuid import UUID

from services.kit.db import Database

# Ids alone: a settlement with its bill is read when its turn comes, and not if there is no time.
_FIND_NEWEST = """/* settlement.find_newest */
SELECT s.settlement_id FROM settlement s
WHERE ($1 = '' OR starts_with(s.care_region_code, $1))
  AND ($2 = '' OR starts_with(s.insured_region_code, $2))
  AND EXISTS (SELECT 1 FROM settlement_state_change outcome
              WHERE outcome.settlement_id = s.settlement_id AND outcome.version = 2
                AND outcome.state = 'SETTLED')
  AND NOT EXISTS (SELECT 1 FROM settlement_state_change reversed
                  WHERE reversed.settlement_id = s.settlement_id AND reversed.version = 3)
ORDER BY s.settlement_id DESC LIMIT $3"""


class AdviceStore:
    """Reads the journal for advice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, *, care_prefix: str, insured_prefix: str, limit: int) -> list[UUID]:
        """Returns the ids of settlements that stand, newest first; "" means any region."""
        rows = await self._database.fetch(_FIND_NEWEST, care_prefix, insured_prefix, limit)
        return [row["settlement_id"] for row in rows]
