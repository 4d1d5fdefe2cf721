"""What is asked every few seconds must not read the ledger, whose rows are hundreds of millions.

Method: a ledger with many settlements, some reversals and many deductions, written without its
checks, and the plans that the database makes.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import asyncpg
import pytest

from services.clearing.disputes import store
from services.kit.db import Database

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)

_FILL = """
SET session_replication_role = replica;
SET search_path = clearing;
INSERT INTO position (insured_region_code, care_region_code, month, scheme_code)
SELECT '110000', '130000', '2025-' || lpad(m::text, 2, '0'), '310' FROM generate_series(1, 12) m;
INSERT INTO booking (source_id, kind, step, position_id, event_time, block_id)
SELECT md5(g::text)::uuid, k.kind, 'DIRECT', p.position_id, now(), g / 10
  FROM generate_series(1, 60000) g
  JOIN (SELECT position_id, row_number() OVER () AS n FROM position) p ON p.n = g % 12 + 1
  JOIN (VALUES ('SETTLED', 1), ('REVERSED', 20)) k (kind, every) ON g % k.every = 0;
INSERT INTO deduction (deduction_id, decision_id, settlement_id, insured_region_code,
                       care_region_code, scheme_code, is_by_fund, state, appeal_last_date, month,
                       source_id, record_time)
SELECT gen_random_uuid(), gen_random_uuid(), md5(g::text)::uuid, '110000', '130000', '310', false,
       CASE WHEN g % 20 = 5 THEN 'PENDING' ELSE 'UPHELD' END, '2026-12-01', '2025-05',
       gen_random_uuid(), now()
  FROM generate_series(1, 60000) g WHERE g % 5 = 0 AND g % 20 <> 0;
INSERT INTO deduction_fund SELECT deduction_id, '310100', 1 FROM deduction;
ANALYZE;
"""
_LAST_LOOKED = 5_990
"""A hundred settlements before the end of the ledger."""


@pytest.fixture
async def ledger(dsn: str, database: Database) -> Any:
    del database
    connection = await asyncpg.connect(dsn)
    await connection.execute(_FILL)
    yield connection
    # What was written is no ledger: it is gone before anybody looks whether it adds up.
    await connection.execute("TRUNCATE position, booking, deduction CASCADE; RESET ALL")
    await connection.close()


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        (store._IS_DUE, (_LAST_LOOKED, date(2026, 1, 1))),
        (store._FIND_REVERSED, (_LAST_LOOKED,)),
        (store._MARK, (_LAST_LOOKED,)),
        (store._FIND_DUE, (date(2026, 1, 1), 200)),
    ],
    ids=["is_due", "find_reversed", "mark", "find_due"],
)
async def test_a_round_of_the_loop_reads_what_is_new(
    ledger: Any, query: str, arguments: tuple[object, ...]
) -> None:
    plan = "\n".join(row[0] for row in await ledger.fetch(f"EXPLAIN {query}", *arguments))
    for table in ("booking", "deduction"):
        assert f"Seq Scan on {table} " not in plan, plan
