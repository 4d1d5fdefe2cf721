"""What an earlier release booked, after the migrations of this one."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import pytest

from services.benefits.domain.booking import Claimant, State, StayKey
from services.benefits.domain.model import Accumulators
from services.benefits.store import Store
from services.kit.db import DatabaseConfig, open_database
from services.kit.migrations import migrations_of

pytestmark = pytest.mark.postgres

PERSON = UUID("0190aaaa-0000-7000-8000-000000000001")
SETTLEMENT = UUID("0190bbbb-0000-7000-8000-000000000001")
BOOKED = """
INSERT INTO account (person_id, balance_fen) VALUES ('0190aaaa-0000-7000-8000-000000000001', 60);
INSERT INTO accumulators (person_id, scheme_code, benefit_year, inpatient_in_scope,
                          inpatient_deductible, inpatient_count, account_pay)
VALUES ('0190aaaa-0000-7000-8000-000000000001', '310', 2026, 100, 90, 1, 40);
INSERT INTO adjudication (settlement_id, request_hash, person_id, scheme_code, benefit_year,
                          insured_region_code, care_region_code, policy_version, total_fen,
                          fund_total_fen, account_pay_fen, cash_pay_fen, delta, answer)
VALUES ('0190bbbb-0000-7000-8000-000000000001', decode(repeat('00', 32), 'hex'),
        '0190aaaa-0000-7000-8000-000000000001', '310', 2026, '650100', '640104', 'v',
        100, 10, 40, 50, ARRAY[100, 90, 1, 0, 0, 0, 0, 0, 0, 0, 40],
        decode('7801030000000001', 'hex'));
INSERT INTO adjudication_state (settlement_id, version, state, account_balance_fen)
VALUES ('0190bbbb-0000-7000-8000-000000000001', 1, 'COMMITTED', 60);
"""


async def test_a_booking_of_the_release_before_is_no_part_and_is_taken_back_exactly(dsn):
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "DROP SCHEMA benefits CASCADE; CREATE SCHEMA benefits; SET search_path TO benefits"
        )
        first, *later = migrations_of("benefits")
        await connection.execute(first.sql)
        await connection.execute(BOOKED)
        for migration in later:
            await connection.execute(migration.sql)
    finally:
        await connection.close()
    async with open_database(DatabaseConfig(dsn=dsn), "benefits") as database:
        store = Store(database)
        held = await store.find(SETTLEMENT)
        assert held is not None
        assert held.state is State.COMMITTED
        claimant = Claimant(PERSON, "310", (2026,), StayKey(SETTLEMENT, "650100"))
        assert (await store.find_standing(claimant)).parts == ()
        assert await store.run("test.restore", lambda t: t.restore(SETTLEMENT)) == 100
        standing = await store.find_standing(claimant)
        assert standing.years == {2026: Accumulators()}
        assert standing.account_balance == 100
