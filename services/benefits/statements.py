"""All SQL of benefits. Locks are taken in one order: accumulators by year, then accounts by person.

A condition on rows is not seen by a statement that waited for a lock: the rows that it locked are
those of now, everything else is as it was when the statement began.
"""
# ruff: noqa: S608 - what is put into a statement are names of columns, from SUM_NAMES.

from __future__ import annotations

from typing import Final

from services.benefits.domain.model import SUM_NAMES

_SUMS: Final = ", ".join(SUM_NAMES)


def _changed(sums: str, sign: str, delta: str) -> str:
    """Returns the SET list that adds an array, in the order of SUM_NAMES, to a row's sums.

    What was booked before a sum existed has a shorter array: it added nothing to that sum.
    """
    return ", ".join(
        f"{name} = {sums}{name} {sign} coalesce({delta}[{index}], 0)"
        for index, name in enumerate(SUM_NAMES, start=1)
    )


# An earlier year of a bill over a year's end, locked before the last one. Not locked: as below.
LOCK_YEAR: Final = f"""/* benefits.lock_year */
WITH found AS (
    SELECT person_id, {_SUMS}
      FROM accumulators
     WHERE person_id = $1 AND scheme_code = $2 AND benefit_year = $3
       FOR UPDATE
), made AS (
    INSERT INTO accumulators (person_id, scheme_code, benefit_year)
    SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT FROM found)
    ON CONFLICT DO NOTHING RETURNING person_id
)
SELECT f.person_id IS NOT NULL AS is_used, {_SUMS},
       coalesce(f.person_id, m.person_id) IS NOT NULL AS is_locked
  FROM (VALUES (1)) AS one
  LEFT JOIN found f ON true
  LEFT JOIN made m ON true"""

_ENTITLEMENTS: Final = """(
       SELECT array_agg(content) FROM entitlement WHERE person_id = $1) AS entitlements"""

# What is held of the settlement, and the person's rows locked; a missing row is made. Each CTE
# reads from the one before, so that the accumulators are locked first and the accounts only by who
# holds them: the person's own and, on the day $5, those of relatives, in the order of persons, so
# that two relatives who pay from each other's account do not wait for each other. No `owner` or no
# account: another transaction made the row while we looked; it has ended by now, nothing of it is
# locked here, and the statement is run again. A person with relatives has an account already.
LOCK_PERSON: Final = f"""/* benefits.lock_person */
WITH found AS (
    SELECT person_id, {_SUMS}
      FROM accumulators
     WHERE person_id = $1 AND scheme_code = $2 AND benefit_year = $3
       FOR UPDATE
), made AS (
    INSERT INTO accumulators (person_id, scheme_code, benefit_year)
    SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT FROM found)
    ON CONFLICT DO NOTHING RETURNING person_id
), owner AS (
    SELECT person_id FROM found UNION ALL SELECT person_id FROM made
), purse AS (
    SELECT k.person_id, k.begin_date, c.balance_fen
      FROM (SELECT person_id, NULL::date AS begin_date FROM owner
             UNION ALL
            SELECT f.owner_person_id, f.begin_date
              FROM owner o JOIN family_account f ON f.member_person_id = o.person_id
             WHERE f.begin_date <= $5 AND (f.end_date IS NULL OR f.end_date >= $5)
             ORDER BY person_id) AS k
     CROSS JOIN LATERAL (
           SELECT balance_fen FROM account WHERE person_id = k.person_id
              FOR UPDATE) AS c
), opened AS (
    INSERT INTO account (person_id)
    SELECT person_id FROM owner
     WHERE NOT EXISTS (SELECT FROM purse p WHERE p.person_id = owner.person_id)
    ON CONFLICT DO NOTHING RETURNING balance_fen
)
SELECT s.state, s.account_balance_fen, j.request_hash, j.answer, j.sealed,
       f.person_id IS NOT NULL AS is_used, {_SUMS},
       coalesce(p.balance_fen, o.balance_fen) AS balance_fen,
       {_ENTITLEMENTS},
       (SELECT array_agg(ROW(r.person_id, r.balance_fen) ORDER BY r.begin_date, r.person_id)
          FROM purse r WHERE r.begin_date IS NOT NULL) AS relatives
  FROM (VALUES (1)) AS one
  LEFT JOIN found f ON true
  LEFT JOIN purse p ON p.begin_date IS NULL
  LEFT JOIN opened o ON true
  LEFT JOIN LATERAL (
       SELECT state, account_balance_fen FROM adjudication_state
        WHERE settlement_id = $4 ORDER BY version DESC LIMIT 1) AS s ON true
  LEFT JOIN adjudication j ON j.settlement_id = $4"""

# $22 and $23: what relatives' accounts pay, inside $11. All that `paid` changes is locked.
BOOK: Final = f"""/* benefits.book */
WITH used AS (
    UPDATE accumulators
       SET {_changed("", "+", "($13::bigint[])")}
     WHERE person_id = $3 AND scheme_code = $4 AND benefit_year = $5
), family AS (
    SELECT person_id, fen FROM unnest($22::uuid[], $23::bigint[]) AS f (person_id, fen)
), paid AS (
    UPDATE account a SET balance_fen = a.balance_fen - p.fen
      FROM (SELECT $3::uuid AS person_id,
                   $11::bigint - (SELECT coalesce(sum(fen), 0) FROM family)::bigint AS fen
             UNION ALL
            SELECT person_id, fen FROM family) AS p
     WHERE a.person_id = p.person_id AND p.fen > 0
), stated AS (
    INSERT INTO adjudication_state (settlement_id, version, state, account_balance_fen)
    VALUES ($1, 1, 'COMMITTED', $15)
), shared AS (
    INSERT INTO adjudication_family_pay (settlement_id, owner_person_id, account_pay_fen)
    SELECT $1, person_id, fen FROM family
)
INSERT INTO adjudication (settlement_id, request_hash, person_id, scheme_code, benefit_year,
                          insured_region_code, care_region_code, policy_version, total_fen,
                          fund_total_fen, account_pay_fen, cash_pay_fen, delta, answer,
                          stay_id, stays_before, end_date, setting, institution_code,
                          disease_index, sealed, tally_date, is_manual)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $16, $17, $18, $19, $20,
        $21, true, $24, $25)"""

BOOK_YEAR: Final = f"""/* benefits.book_year */
WITH used AS (
    UPDATE accumulators
       SET {_changed("", "+", "($5::bigint[])")}
     WHERE person_id = $3 AND scheme_code = $4 AND benefit_year = $2
)
INSERT INTO adjudication_year (settlement_id, benefit_year, person_id, scheme_code, delta,
                               tally_date)
VALUES ($1, $2, $3, $4, $5, $6)"""

FIND: Final = """/* benefits.find_adjudication */
SELECT s.state, s.account_balance_fen, j.request_hash, j.answer, j.sealed
  FROM adjudication_state s
  LEFT JOIN adjudication j ON j.settlement_id = s.settlement_id
 WHERE s.settlement_id = $1
 ORDER BY s.version DESC LIMIT 1"""

FIND_STANDING: Final = f"""/* benefits.find_standing */
SELECT y.benefit_year, a.person_id IS NOT NULL AS is_used, {_SUMS}, c.balance_fen,
       {_ENTITLEMENTS},
       (SELECT array_agg(ROW(f.owner_person_id, r.balance_fen)
                         ORDER BY f.begin_date, f.owner_person_id)
          FROM family_account f JOIN account r ON r.person_id = f.owner_person_id
         WHERE f.member_person_id = $1
           AND f.begin_date <= $4 AND (f.end_date IS NULL OR f.end_date >= $4)) AS relatives
  FROM unnest($3::smallint[]) AS y (benefit_year)
  LEFT JOIN accumulators a
    ON a.person_id = $1 AND a.scheme_code = $2 AND a.benefit_year = y.benefit_year
  LEFT JOIN account c ON c.person_id = $1"""

_STANDS: Final = """NOT EXISTS (SELECT FROM adjudication_state s
                    WHERE s.settlement_id = j.settlement_id AND s.state = 'CANCELLED')"""

# Elements 1 to 3 of a delta: in scope, deductible, count of stays. A statement of its own, after
# the lock.
FIND_PARTS: Final = f"""/* benefits.find_parts */
SELECT j.end_date, j.stays_before,
       j.delta[1] + coalesce(sum(y.delta[1]), 0)::bigint AS in_scope,
       j.delta[2] + coalesce(sum(y.delta[2]), 0)::bigint AS deductible,
       j.delta[3] + coalesce(sum(y.delta[3]), 0)::bigint AS stays_counted
  FROM adjudication j
  LEFT JOIN adjudication_year y ON y.settlement_id = j.settlement_id
 WHERE j.stay_id = $1 AND j.person_id = $2 AND j.scheme_code = $3
   AND j.insured_region_code = $4 AND j.settlement_id IS DISTINCT FROM $5
   AND {_STANDS}
 GROUP BY j.settlement_id
 ORDER BY j.settlement_id"""


def _of_setting(*, inpatient: int, outpatient: int, chronic: int) -> str:
    """Returns the sum of the element of a delta that the setting of its bill adds to."""
    return (
        f"sum(CASE j.setting WHEN 'inpatient' THEN b.delta[{inpatient}]"
        f" WHEN 'chronic' THEN b.delta[{chronic}] ELSE b.delta[{outpatient}] END)::bigint"
    )


# What was booked before settings were is told by its delta: a stay has in-scope cost or is counted;
# before there were last days, by the day of its booking. The cost is that of the whole bill, in its
# last year. A statement of its own, after the lock.
FIND_TALLIES: Final = f"""/* benefits.find_tallies */
WITH booked AS (
    SELECT settlement_id, benefit_year, total_fen, delta,
           coalesce(tally_date, end_date, (create_time AT TIME ZONE 'Asia/Shanghai')::date)
             AS tally_date
      FROM adjudication
     WHERE person_id = $1 AND scheme_code = $2
       AND (benefit_year = ANY($3::smallint[]) OR stay_id = $4)
     UNION ALL
    SELECT settlement_id, benefit_year, 0, delta,
           coalesce(tally_date, make_date(benefit_year, 12, 31))
      FROM adjudication_year
     WHERE person_id = $1 AND scheme_code = $2
       AND (benefit_year = ANY($3::smallint[])
            OR settlement_id IN (SELECT settlement_id FROM adjudication WHERE stay_id = $4))
)
SELECT b.benefit_year, extract(month FROM b.tally_date)::int AS month,
       j.setting, j.institution_code, j.disease_index, j.same_stay, count(*) AS count,
       sum(b.total_fen)::bigint AS total,
       {_of_setting(inpatient=1, outpatient=4, chronic=12)} AS in_scope,
       {_of_setting(inpatient=2, outpatient=5, chronic=13)} AS deductible,
       {_of_setting(inpatient=7, outpatient=6, chronic=14)} AS fund
  FROM booked b
  JOIN (SELECT settlement_id,
               coalesce(setting, CASE WHEN delta[1] > 0 OR delta[3] > 0 THEN 'inpatient'
                                      ELSE 'outpatient' END) AS setting,
               coalesce(institution_code, '') AS institution_code,
               coalesce(disease_index, '') AS disease_index,
               coalesce(stay_id = $4 AND insured_region_code = $5, false) AS same_stay
          FROM adjudication) AS j ON j.settlement_id = b.settlement_id
 WHERE j.settlement_id IS DISTINCT FROM $6 AND ($7::uuid IS NULL OR j.settlement_id < $7)
   AND {_STANDS}
 GROUP BY 1, 2, 3, 4, 5, 6
 ORDER BY 1, 2, 3, 4, 5, 6"""

# The sums that the bookings before one add up to, without what was taken back since.
FIND_SUMS_BEFORE: Final = f"""/* benefits.find_sums_before */
SELECT y.benefit_year, true AS is_used, u.*
  FROM unnest($3::smallint[]) AS y (benefit_year)
 CROSS JOIN LATERAL (
       SELECT {
    ", ".join(
        f"coalesce(sum(j.delta[{index}]), 0)::bigint AS {name}"
        for index, name in enumerate(SUM_NAMES, start=1)
    )
}
         FROM (SELECT settlement_id, delta FROM adjudication
                WHERE person_id = $1 AND scheme_code = $2 AND benefit_year = y.benefit_year
                UNION ALL
               SELECT settlement_id, delta FROM adjudication_year
                WHERE person_id = $1 AND scheme_code = $2 AND benefit_year = y.benefit_year) AS j
        WHERE j.settlement_id < $4 AND {_STANDS}) AS u"""

# What each account has paid from a settlement on, for its holder and for relatives.
FIND_PAID_SINCE: Final = f"""/* benefits.find_paid_since */
SELECT a.person_id,
       ((SELECT coalesce(sum(j.account_pay_fen), 0) FROM adjudication j
          WHERE j.person_id = a.person_id AND j.settlement_id >= $2 AND {_STANDS})
      - (SELECT coalesce(sum(f.account_pay_fen), 0)
           FROM adjudication j
           JOIN adjudication_family_pay f ON f.settlement_id = j.settlement_id
          WHERE j.person_id = a.person_id AND j.settlement_id >= $2 AND {_STANDS})
      + (SELECT coalesce(sum(j.account_pay_fen), 0) FROM adjudication_family_pay j
          WHERE j.owner_person_id = a.person_id AND j.settlement_id >= $2 AND {_STANDS})
       )::bigint AS fen
  FROM unnest($1::uuid[]) AS a (person_id)"""

LEAVE_TOMBSTONE: Final = """/* benefits.leave_tombstone */
INSERT INTO adjudication_state (settlement_id, version, state, account_balance_fen)
VALUES ($1, 1, 'CANCELLED', 0)"""

# The rows that a booking changed, in the order of LOCK_PERSON. Years and persons are read in order
# beneath the locks, so that they are locked in it.
LOCK_BOOKED: Final = """/* benefits.lock_booked */
WITH booked AS (
    SELECT person_id, scheme_code, benefit_year FROM adjudication WHERE settlement_id = $1
     UNION ALL
    SELECT person_id, scheme_code, benefit_year FROM adjudication_year WHERE settlement_id = $1
     ORDER BY benefit_year
), used AS (
    SELECT a.person_id
      FROM booked b
     CROSS JOIN LATERAL (
           SELECT person_id FROM accumulators
            WHERE person_id = b.person_id AND scheme_code = b.scheme_code
              AND benefit_year = b.benefit_year
              FOR UPDATE) AS a
), payer AS (
    SELECT person_id FROM used
     UNION
    SELECT f.owner_person_id
      FROM adjudication_family_pay f
     WHERE f.settlement_id = $1 AND EXISTS (SELECT FROM used)
     ORDER BY person_id
)
SELECT c.person_id
  FROM payer p
 CROSS JOIN LATERAL (
       SELECT person_id FROM account WHERE person_id = p.person_id
          FOR UPDATE) AS c"""

# All rows that it changes are locked.
RESTORE: Final = f"""/* benefits.restore */
WITH booked AS (
    SELECT person_id, scheme_code, benefit_year, account_pay_fen, delta
      FROM adjudication WHERE settlement_id = $1
     UNION ALL
    SELECT person_id, scheme_code, benefit_year, 0, delta
      FROM adjudication_year WHERE settlement_id = $1
), used AS (
    UPDATE accumulators a
       SET {_changed("a.", "-", "b.delta")}
      FROM booked b
     WHERE a.person_id = b.person_id AND a.scheme_code = b.scheme_code
       AND a.benefit_year = b.benefit_year
    RETURNING b.person_id, b.account_pay_fen
), family AS (
    SELECT owner_person_id AS person_id, account_pay_fen AS fen
      FROM adjudication_family_pay WHERE settlement_id = $1
), owed AS (
    SELECT person_id, true AS is_own,
           (sum(account_pay_fen) - (SELECT coalesce(sum(fen), 0) FROM family))::bigint AS fen
      FROM used GROUP BY person_id
     UNION ALL
    SELECT person_id, false, fen FROM family
), repaid AS (
    UPDATE account c SET balance_fen = c.balance_fen + o.fen
      FROM owed o WHERE c.person_id = o.person_id
    RETURNING c.balance_fen, o.is_own
)
INSERT INTO adjudication_state (settlement_id, version, state, account_balance_fen)
SELECT $1, 2, 'CANCELLED', balance_fen FROM repaid WHERE is_own
RETURNING account_balance_fen"""

# A tombstone has no adjudication, and so no region.
LIST: Final = """/* benefits.list */
SELECT s.settlement_id, coalesce(c.state, s.state) AS state, j.insured_region_code,
       j.care_region_code, j.scheme_code, j.total_fen, j.fund_total_fen, j.account_pay_fen,
       j.cash_pay_fen, j.is_manual, s.state = 'COMMITTED' AS is_booked, s.create_time AS first_time,
       c.create_time AS second_time
  FROM (SELECT settlement_id FROM adjudication_state
         WHERE version = 1 AND settlement_id >= $1 AND settlement_id < $2
           AND ($3::uuid IS NULL OR settlement_id > $3)
         UNION
        SELECT settlement_id FROM adjudication_state
         WHERE state = 'CANCELLED' AND create_time >= $4 AND create_time < $5
           AND ($3::uuid IS NULL OR settlement_id > $3)) AS day
  JOIN adjudication_state s ON s.settlement_id = day.settlement_id AND s.version = 1
  LEFT JOIN adjudication_state c ON c.settlement_id = day.settlement_id AND c.version = 2
  LEFT JOIN adjudication j ON j.settlement_id = day.settlement_id
 WHERE $6 = '' OR starts_with(j.insured_region_code, $6)
 ORDER BY s.settlement_id LIMIT $7"""

# Sorted, so that two requests lock accounts in one order.
SET_ACCOUNTS: Final = """/* benefits.set_accounts */
INSERT INTO account (person_id, balance_fen)
SELECT person_id, balance_fen
  FROM unnest($1::uuid[], $2::bigint[]) AS a (person_id, balance_fen)
 ORDER BY person_id
ON CONFLICT (person_id) DO UPDATE SET balance_fen = excluded.balance_fen"""

# Sorted, as above.
SET_ENTITLEMENTS: Final = """/* benefits.set_entitlements */
INSERT INTO entitlement (person_id, entitlement_index, content)
SELECT person_id, entitlement_index, content
  FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS e (person_id, entitlement_index, content)
 ORDER BY person_id, entitlement_index
ON CONFLICT (person_id, entitlement_index) DO UPDATE SET content = excluded.content"""

LIST_ENTITLEMENTS: Final = """/* benefits.list_entitlements */
SELECT content FROM entitlement WHERE person_id = $1"""

# Everybody named gets an account, so that no settlement with relatives has to make one while it
# holds others. A statement of its own, before the links: what it makes is made in order.
OPEN_ACCOUNTS: Final = """/* benefits.open_accounts */
INSERT INTO account (person_id)
SELECT DISTINCT person_id FROM unnest($1::uuid[]) AS a (person_id) ORDER BY person_id
ON CONFLICT (person_id) DO NOTHING"""

SET_FAMILY: Final = """/* benefits.set_family */
INSERT INTO family_account (member_person_id, owner_person_id, begin_date, end_date)
SELECT member, owner, begin_date, end_date
  FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::date[])
    AS f (member, owner, begin_date, end_date)
 ORDER BY member, owner
ON CONFLICT (member_person_id, owner_person_id)
   DO UPDATE SET begin_date = excluded.begin_date, end_date = excluded.end_date"""

REMEMBER_INDEX_KEY: Final = """/* benefits.remember_index_key */
INSERT INTO index_key (fingerprint) VALUES ($1)
ON CONFLICT (only_one) DO UPDATE SET only_one = true
RETURNING fingerprint"""
