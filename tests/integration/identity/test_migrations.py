"""The released schema with rows in it, brought forward: nothing is lost, everything is read."""

import asyncpg
import pytest

from services.identity import institution_store
from services.kit.migrations import migrations_of

pytestmark = pytest.mark.postgres

RELEASED = 2
"""Version of the schema before cards had a life, and institutions an agreement."""
ROWS = """
INSERT INTO person SELECT gen_random_uuid(), sha256(n::text::bytea), '', now(), now()
  FROM generate_series(1, 3) AS n;
-- Two active cards that were registered by one batch, so at one time; and a lost one.
INSERT INTO card
SELECT sha256((p.person_id::text || n)::bytea), p.person_id, '650100',
       CASE n WHEN 3 THEN 'LOST' ELSE 'ACTIVE' END, n::text::bytea, '2020-01-01', '2020-01-01'
  FROM person AS p, generate_series(1, 3) AS n;
INSERT INTO card_state_change (card_index, state, change_time)
SELECT card_index, state, '2020-01-01' FROM card;
INSERT INTO credential_token SELECT sha256('t'), person_id, now(), now() + interval '5 min'
  FROM person LIMIT 1;
INSERT INTO institution VALUES
    ('H64010400001', '示例医院', '640104', '02', '02', '02', now(), now()),
    ('P64010400002', '药', '640104', '11', '11', '11', now(), now());
INSERT INTO institution_opening VALUES ('H64010400001', 0, '21', '2017-01-01', NULL, ''),
    ('H64010400001', 1, '14', '2017-01-01', NULL, 'M07800');
INSERT INTO request VALUES (gen_random_uuid(), 'UpsertCardsRequest', '', '');
"""


async def test_what_was_released_comes_forward_with_its_rows(dsn):
    released, following = migrations_of("identity")[:RELEASED], migrations_of("identity")[RELEASED:]
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("CREATE SCHEMA old; SET search_path TO old")
        for migration in released:
            await connection.execute(migration.sql)
        await connection.execute(ROWS)
        for migration in following:
            # As `yijie migrate` does: each in a transaction of its own.
            async with connection.transaction():
                await connection.execute(migration.sql)
        states = await connection.fetch(
            "SELECT person_id, array_agg(state ORDER BY state) AS held FROM card GROUP BY 1"
        )
        assert [entry["held"] for entry in states] == [["ACTIVE", "LOST", "REPLACED"]] * 3
        histories = await connection.fetch(
            """SELECT c.state, array_agg(h.state ORDER BY h.change_id) AS states,
                      array_agg(h.change ORDER BY h.change_id) AS changes
                 FROM card AS c JOIN card_state_change AS h USING (card_index)
                GROUP BY card_index"""
        )
        for entry in histories:
            assert entry["states"][-1] == entry["state"]
            expected = ["REGISTER", "REPLACE"] if entry["state"] == "REPLACED" else ["REGISTER"]
            assert entry["changes"] == expected
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("UPDATE card SET state = 'ACTIVE' WHERE state = 'LOST'")
        (token,) = await connection.fetch("SELECT use_id, look_number FROM credential_token")
        assert tuple(token) == (None, 0)
        hospital = await institution_store.get_institution(connection, "H64010400001")
        assert (hospital.begin_date, hospital.end_date, hospital.suspensions) == (None, None, ())
        assert [one.disease for one in hospital.openings] == ["", "M07800"]
        # While pods are replaced one by one, the release before writes to the schema of this one.
        await connection.execute(
            """INSERT INTO card (card_index, person_id, issuing_region_code, state, record,
                                 create_time, update_time)
               SELECT sha256('of the release before'), person_id, '650100', 'LOST', '', now(),
                      now() FROM person LIMIT 1;
               INSERT INTO card_state_change (card_index, state, change_time)
               VALUES (sha256('of the release before'), 'LOST', now());
               INSERT INTO credential_token (token_index, person_id, issue_time, expire_time)
               SELECT sha256('u'), person_id, now(), now() + interval '5 min' FROM person LIMIT 1;
               INSERT INTO institution (institution_code, name, region_code, level_code,
                                        price_level_code, deductible_level_code, create_time,
                                        update_time)
               VALUES ('H64010400003', '又一', '640104', '02', '02', '02', now(), now())"""
        )
        by_name = await connection.fetch(
            "SELECT name FROM institution WHERE bigrams(name) @> bigrams('示例')"
        )
        assert [entry["name"] for entry in by_name] == ["示例医院"]
    finally:
        await connection.close()
