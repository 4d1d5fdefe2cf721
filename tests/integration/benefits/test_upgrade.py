"""What earlier releases booked, after the migrations of this one."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import asyncpg
import pytest

from services.benefits.domain.booking import Claimant, State, StayKey
from services.benefits.domain.model import Accumulators, Setting
from services.benefits.store import Store
from services.kit.db import DatabaseConfig, open_database
from services.kit.migrations import migrations_of
from tests.support.sealed import VAULT

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


# Of a stay over a year's end, split by days, as the release with 0002 booked it.
SPLIT = """
INSERT INTO account (person_id, balance_fen) VALUES ('0190aaaa-0000-7000-8000-000000000001', 60);
INSERT INTO accumulators (person_id, scheme_code, benefit_year, inpatient_in_scope,
                          inpatient_deductible, inpatient_count, fund_pooled, account_pay)
VALUES ('0190aaaa-0000-7000-8000-000000000001', '310', 2025, 70, 60, 1, 5, 0),
       ('0190aaaa-0000-7000-8000-000000000001', '310', 2026, 30, 30, 0, 5, 40);
INSERT INTO adjudication (settlement_id, request_hash, person_id, scheme_code, benefit_year,
                          insured_region_code, care_region_code, policy_version, total_fen,
                          fund_total_fen, account_pay_fen, cash_pay_fen, delta, answer,
                          stay_id, stays_before, end_date)
VALUES ('0190bbbb-0000-7000-8000-000000000001', decode(repeat('00', 32), 'hex'),
        '0190aaaa-0000-7000-8000-000000000001', '310', 2026, '650100', '640104', 'v',
        100, 10, 40, 50, ARRAY[30, 30, 0, 0, 0, 0, 5, 0, 0, 0, 40],
        decode('7801030000000001', 'hex'), '0190bbbb-0000-7000-8000-000000000001', 0,
        '2026-01-03');
INSERT INTO adjudication_year (settlement_id, benefit_year, person_id, scheme_code, delta)
VALUES ('0190bbbb-0000-7000-8000-000000000001', 2025, '0190aaaa-0000-7000-8000-000000000001',
        '310', ARRAY[70, 60, 1, 0, 0, 0, 5, 0, 0, 0, 0]);
INSERT INTO adjudication_state (settlement_id, version, state, account_balance_fen)
VALUES ('0190bbbb-0000-7000-8000-000000000001', 1, 'COMMITTED', 60);
"""
NEXT = UUID("0190bbbb-0000-7000-8000-000000000002")


async def upgraded(dsn: str, since: int, booked: str) -> None:
    """Leaves a schema as the migrations up to `since`, a booking and all later migrations do."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "DROP SCHEMA benefits CASCADE; CREATE SCHEMA benefits; SET search_path TO benefits"
        )
        for migration in migrations_of("benefits"):
            await connection.execute(migration.sql)
            if migration.version == since:
                await connection.execute(booked)
    finally:
        await connection.close()


async def test_a_booking_of_the_release_before_is_no_part_and_is_taken_back_exactly(dsn):
    await upgraded(dsn, 1, BOOKED)
    async with open_database(DatabaseConfig(dsn=dsn), "benefits") as database:
        store = Store(database, VAULT)
        held = await store.find(SETTLEMENT)
        assert held is not None
        assert held.state is State.COMMITTED
        # Neither encrypted nor keyed: a repeat is told from another request all the same.
        assert held.answer == b""
        assert held.request_hash == VAULT.keyed_request(bytes(32))
        same = Claimant(PERSON, "310", (2026,))
        again = await store.run("test.lock_person", lambda t: t.lock_person(same, SETTLEMENT))
        assert again[0] == held
        claimant = Claimant(PERSON, "310", (2026,), StayKey(SETTLEMENT, "650100"))
        assert (await store.find_standing(claimant)).parts == ()
        assert await store.run("test.restore", lambda t: t.restore(SETTLEMENT)) == 100
        standing = await store.find_standing(claimant)
        assert standing.years == {2026: Accumulators()}
        assert standing.account_balance == 100


async def test_a_booking_of_eleven_sums_counts_and_is_taken_back_exactly(dsn):
    await upgraded(dsn, 2, SPLIT)
    async with open_database(DatabaseConfig(dsn=dsn), "benefits") as database:
        store = Store(database, VAULT)
        claimant = Claimant(
            PERSON,
            "310",
            (2025, 2026),
            StayKey(SETTLEMENT, "650100"),
            reads_tallies=True,
            relatives_on=date(2026, 3, 31),
        )
        standing = await store.find_standing(claimant)
        assert [part.in_scope for part in standing.parts] == [100]
        assert standing.years[2025] == Accumulators(
            inpatient_in_scope=70, inpatient_deductible=60, inpatient_count=1, fund_pooled=5
        )
        tallies = standing.circumstances.tallies
        assert [
            (one.benefit_year, one.month, one.setting, one.same_stay, one.total, one.in_scope)
            for one in tallies
        ] == [
            (2025, 12, Setting.INPATIENT, True, 0, 70),
            (2026, 1, Setting.INPATIENT, True, 100, 30),
        ]
        assert [(one.deductible, one.fund, one.institution_code) for one in tallies] == [
            (60, 5, ""),
            (30, 5, ""),
        ]
        before = await store.find_standing_before(claimant, NEXT)
        assert before.years == standing.years
        assert before.account_balance == 60
        before = await store.find_standing_before(claimant, SETTLEMENT)
        assert before.years == {2025: Accumulators(), 2026: Accumulators()}
        assert before.account_balance == 100
        assert before.circumstances.tallies == ()
        await store.run("test.lock", lambda t: t.lock_booked(SETTLEMENT))
        assert await store.run("test.restore", lambda t: t.restore(SETTLEMENT)) == 100
        standing = await store.find_standing(claimant)
        assert standing.years == {2025: Accumulators(), 2026: Accumulators()}
        assert (standing.account_balance, standing.parts) == (100, ())
        assert standing.circumstances.tallies == ()
