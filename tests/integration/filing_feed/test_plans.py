"""Goal: what is asked often is found by index, whatever the planner knows of the parameters."""

import asyncpg
import pytest

from services.filing import feed_store, store, warning_store

pytestmark = pytest.mark.postgres

PERSON = "'00000000-0000-0000-0000-000000000001'"
NOBODY = "'00000000-0000-0000-0000-000000000000'"
# Statement, its arguments as SQL, and the indexes that a plan of it goes by.
ASKED = {
    "match": (store.FILINGS_OF_PERSON, [PERSON], ["filing_by_person"]),
    "list": (store.LIST_FILINGS, [PERSON, "NULL", "''", "100"], ["filing_by_person"]),
    "batch": (store.FILINGS_OF_PERSONS, [f"ARRAY[{PERSON}]::uuid[]"], ["filing_by_person"]),
    "get": (store.GET_FILINGS, [f"ARRAY[{PERSON}]::uuid[]"], ["filing_pkey"]),
    "bars": (store.GET_BARS, [f"ARRAY[{PERSON}]::uuid[]"], ["commitment_bar_by_person"]),
    "stays": (
        warning_store.STAYS_OF_PERSONS,
        [f"ARRAY[{PERSON}]::uuid[]"],
        ["admission_by_person"],
    ),
    "due": (warning_store.STAYS_DUE, ["'2026-03-01'", "200"], ["admission_due"]),
    "warnings": (
        warning_store.LIST_WARNINGS,
        ["'640000'", "true", "true", "'2026-01-01'", NOBODY, "101"],
        ["admission_warned"],
    ),
    "acknowledgement": (
        feed_store.EVENTS_OF_CARE_PROVINCE,
        ["ARRAY[7]::bigint[]", "'640000'"],
        ["filing_event_by_sequence"],
    ),
}


@pytest.fixture
async def filled(dsn):
    """A connection to many filings and stays, of which few are in hospital."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "filing"})
    try:
        await connection.execute(
            "INSERT INTO filing (filing_id, person_id, insured_region_code, target_region_code,"
            " type_code, begin_date, evidence, create_time)"
            " SELECT md5(g::text)::uuid, md5(g::text)::uuid, '650100', '640100', '11',"
            " '2026-01-01', 'DOCUMENT', now() FROM generate_series(1, 20000) AS g"
        )
        await connection.execute(
            "INSERT INTO filing_state_change (filing_id, state, change_time)"
            " SELECT filing_id, 'CANCELLED', now() FROM filing"
        )
        await connection.execute(
            "INSERT INTO filing_supplement SELECT filing_id, '', now() FROM filing"
        )
        await connection.execute(
            "INSERT INTO commitment_bar SELECT filing_id, person_id, '2028-01-01', now()"
            " FROM filing"
        )
        await connection.execute(
            "INSERT INTO filing_event (event_time, filing_id, state, channel, submission_date,"
            " care_province, insured_province)"
            " SELECT now(), filing_id, 'LIVE', 'WINDOW', '2026-01-01', '640000', '650000'"
            " FROM filing"
        )
        await connection.execute(
            "INSERT INTO admission (visit_id, person_id, insured_region_code, care_region_code,"
            " stay, state, revision, warning_state, warned_date, care_province, insured_province)"
            " SELECT md5(g::text)::uuid, md5(g::text)::uuid, '650100', '640104', '', 'SETTLED', 1,"
            " CASE WHEN g % 200 = 0 THEN 'OPEN' END,"
            " CASE WHEN g % 200 = 0 THEN '2026-03-01'::date END, '640000', '650000'"
            " FROM generate_series(1, 20000) AS g"
        )
        await connection.execute("ANALYZE")
        # As a pool comes to plan what it sends again and again.
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        yield connection
    finally:
        await connection.close()


@pytest.mark.parametrize("name", list(ASKED))
async def test_it_is_found_by_index(filled, name):
    statement, arguments, indexes = ASKED[name]
    prepared = await filled.prepare(statement)
    types = [parameter.name for parameter in prepared.get_parameters()]
    await filled.execute(f"PREPARE asked ({', '.join(types)}) AS {statement}")
    rows = await filled.fetch(f"EXPLAIN EXECUTE asked ({', '.join(arguments)})")
    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan" not in plan
    for index in indexes:
        assert f"using {index} " in plan or f"on {index} " in plan, plan
