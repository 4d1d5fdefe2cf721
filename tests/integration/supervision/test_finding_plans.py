"""Goal: a province that has few findings does not look through those of all others."""

from __future__ import annotations

import re

import asyncpg
import pytest

from services.kit.db import Database
from services.supervision.store import FindingFilter, listing
from tests.integration.supervision.harness import store_of

pytestmark = pytest.mark.postgres

ROWS = 20_000
FILL = f"""
INSERT INTO finding (finding_id, settlement_id, rule_code, result_class, amount_fen,
                     ruleset_version, detail, moment, care_region_code, insured_region_code,
                     institution_code)
SELECT gen_random_uuid(), gen_random_uuid(), 'RULE_' || n % 60, 'VIOLATION', 100, 'x', '\\x00',
       'AUDIT', CASE WHEN n % 4000 IN (1, 2) THEN '540102' ELSE '110105' END,
       CASE WHEN n % 4000 IN (2, 3) THEN '540100' ELSE '131100' END, 'H11010500001'
  FROM generate_series(1, {ROWS}) AS n"""  # noqa: S608 - a number of ours
REMOVED = re.compile(r"Rows Removed by Filter: (\d+)")


async def test_a_province_reads_its_own_findings(dsn: str) -> None:
    held = await asyncpg.connect(dsn)
    try:
        await held.execute("SET search_path TO supervision")
        await held.execute(FILL)
        await held.execute("ANALYZE finding")
        wanted = FindingFilter(province_code="540000", only_standing=True, before_number=ROWS)
        statement, arguments = listing(wanted, limit=51)
        found = await held.fetch(statement, *arguments)
        plan = "\n".join(
            row[0] for row in await held.fetch(f"EXPLAIN (ANALYZE) {statement}", *arguments)
        )
        assert len(found) == len({row["finding_id"] for row in found}) == 3 * ROWS // 4000
        numbers = [row["finding_number"] for row in found]
        assert numbers == sorted(numbers, reverse=True)
        assert "finding_by_care_province" in plan
        assert "finding_by_insured_province" in plan
        assert sum(map(int, REMOVED.findall(plan))) < 100, plan
    finally:
        await held.close()


async def test_every_filter_is_a_statement(database: Database) -> None:
    for province in ("", "540000"):
        wanted = FindingFilter(
            province_code=province,
            care_region_prefix="5401",
            rule_code="RULE_1",
            institution_code="H11010500001",
            only_standing=True,
            before_number=9,
        )
        assert await store_of(database).list_findings(wanted, limit=5) == []
