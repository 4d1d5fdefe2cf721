# ruff: noqa: S608 - statements are put together from constants.
"""The statements on the journal, as store.py and recomputation_store.py use them.

Whoever changes one changes its twin in services/proving/simulation/tables/journal.py.
"""

from __future__ import annotations

from typing import Final

SETTLEMENT_ROWS: Final = """intent AS (
    INSERT INTO settlement (settlement_id, request_id, care_region_code, insured_region_code,
        institution_code, person_id, scheme_code, total_fen, trace_id, create_time,
        commit_request, detail)
    SELECT settlement_id, $2, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 FROM fresh
), pending AS (
    INSERT INTO settlement_state_change (settlement_id, version, state, change_time, request_id,
        trace_id)
    SELECT settlement_id, 1, 'PENDING', $11, $2, $10 FROM fresh
)"""
"""A settlement and its PENDING, from $1 to $14 of `Store.intent_values`."""

INTENT_ROWS: Final = f"""{SETTLEMENT_ROWS}, open AS (
    INSERT INTO open_intent (settlement_id, kind, request_id, create_time, insured_province)
    SELECT settlement_id, 'SETTLE', $2, $11, $14 FROM fresh
)
SELECT settlement_id FROM fresh"""

# Without ON CONFLICT: where the invoice is claimed already nothing may be written.
CLAIM_INVOICE: Final = """claimed AS (
    INSERT INTO invoice (invoice_key, channel, holder_id, claim_time)
    SELECT {key}::bytea, 'DIRECT', settlement_id, $11 FROM fresh WHERE {key}::bytea IS NOT NULL
)"""
"""The invoice of a settlement in `fresh`; its fingerprint, or null, is the parameter {key}."""

# Of whoever lost it to a successor, or never had it, nothing is freed.
FREE_INVOICE: Final = """freed AS (
    DELETE FROM invoice USING won
    WHERE invoice_key = {key} AND holder_id = won.settlement_id
)"""

INSERT_INTENT: Final = f"""/* settlement.insert_intent */
WITH fresh AS (
    INSERT INTO request (request_id, method, request_hash, settlement_id, create_time)
    VALUES ($2, 'Settle', $3, $1, $11) ON CONFLICT (request_id) DO NOTHING RETURNING settlement_id
), {CLAIM_INVOICE.format(key="$15")}, {INTENT_ROWS}"""

# Whatever it was computed from still stands, or nothing is written: the visit's revision decides.
# Without ON CONFLICT: where the request id is taken the visit must not change either.
INSERT_VISIT_INTENT: Final = f"""/* settlement.insert_visit_intent */
WITH visit_now AS (
    UPDATE visit SET revision = revision + 1, update_time = $11
    WHERE visit_id = $15 AND revision = $16 RETURNING visit_id
), fresh AS (
    INSERT INTO request (request_id, method, request_hash, settlement_id, create_time)
    SELECT $2, 'Settle', $3, $1, $11 FROM visit_now RETURNING settlement_id
), covered AS (
    INSERT INTO visit_settlement (visit_id, ordinal, settlement_id, scope, charge_batch_number,
        until_date, revision)
    SELECT $15, (SELECT count(*) + 1 FROM visit_settlement WHERE visit_id = $15), settlement_id,
        $17, $18, $19, $16
    FROM fresh
), {CLAIM_INVOICE.format(key="$20")}, {INTENT_ROWS}"""

# What of a stay's end others are told, with what they were told of it last.
TELL_STAY: Final = """told AS (
    INSERT INTO admission_event (visit_id, event_time, state, revision, admission)
    SELECT v.visit_id, $2, {state}, v.revision, last.admission
    FROM won JOIN visit_settlement x ON x.settlement_id = won.settlement_id AND x.scope = 'FINAL'
    JOIN visit v ON v.visit_id = x.visit_id
    CROSS JOIN LATERAL (
        SELECT admission FROM admission_event e WHERE e.visit_id = v.visit_id
        ORDER BY transaction_id DESC, sequence DESC LIMIT 1) last
)"""

SETTLED_ROWS: Final = """WITH won AS (
    INSERT INTO settlement_state_change (settlement_id, version, state, change_time, request_id,
        trace_id, adjudication, total_fen, fund_fen, account_fen, cash_fen, sealed,
        round_trip_ms, region_ms)
    VALUES ($1, 2, 'SETTLED', $2, $3, $4, $5, $6, $7, $8, $9, true, $13, $14)
    ON CONFLICT (settlement_id, version) DO NOTHING RETURNING settlement_id
), event AS (
    INSERT INTO outbox (settlement_id, kind, event_time, settlement, care_province,
        insured_province)
    SELECT settlement_id, 'SETTLED', $2, $10, $11, $12 FROM won
), done AS (
    DELETE FROM open_intent WHERE settlement_id = $1 AND kind = 'SETTLE'
)"""

INSERT_SETTLED: Final = f"""/* settlement.insert_settled */
{SETTLED_ROWS}
SELECT settlement_id FROM won"""

INSERT_SETTLED_STAY: Final = f"""/* settlement.insert_settled_stay */
{SETTLED_ROWS}, {TELL_STAY.format(state="'SETTLED'")}
SELECT settlement_id FROM won"""

# With $6 = 'CANCEL' the insured region must still be told; otherwise it already knows.
INSERT_FAILED: Final = f"""/* settlement.insert_failed */
WITH won AS (
    INSERT INTO settlement_state_change (settlement_id, version, state, reason, change_time,
        request_id, trace_id, failure, sealed)
    VALUES ($1, 2, 'FAILED', $5, $2, $3, $4, $7, true)
    ON CONFLICT (settlement_id, version) DO NOTHING RETURNING settlement_id
), cancel AS (
    INSERT INTO open_intent (settlement_id, kind, request_id, create_time, insured_province)
    SELECT settlement_id, 'CANCEL', $3, $2, $8 FROM won WHERE $6 = 'CANCEL'
), done AS (
    DELETE FROM open_intent WHERE settlement_id = $1 AND kind = 'SETTLE'
), {FREE_INVOICE.format(key="$9")}
SELECT settlement_id FROM won"""

# All or nothing: without ON CONFLICT a request id that is taken leaves no intent behind. $6 and $7
# are the visit and its revision; NULL: it has none.
OPEN_REVERSAL: Final = """WITH visit_now AS (
    UPDATE visit SET revision = revision + 1, update_time = $4
    WHERE visit_id = $6 AND revision = $7 RETURNING visit_id
), open AS (
    INSERT INTO open_intent (settlement_id, kind, request_id, create_time, insured_province)
    SELECT $3, 'REVERSE', $1, $4, $5
    WHERE EXISTS (SELECT 1 FROM settlement_state_change
                  WHERE settlement_id = $3 AND version = 2 AND state = 'SETTLED')
      AND NOT EXISTS (SELECT 1 FROM settlement_state_change
                      WHERE settlement_id = $3 AND version = 3)
      AND ($6::uuid IS NULL OR EXISTS (SELECT 1 FROM visit_now))
    ON CONFLICT (settlement_id, kind) DO NOTHING RETURNING settlement_id
), fresh AS (
    INSERT INTO request (request_id, method, request_hash, settlement_id, create_time)
    SELECT $1, {method}, $2, settlement_id, $4 FROM open
)"""

INSERT_REVERSAL: Final = f"""/* settlement.insert_reversal */
{OPEN_REVERSAL.format(method="'Reverse'")}
SELECT settlement_id FROM open"""

IS_REVERSING: Final = """/* settlement.is_reversing */
SELECT 1 FROM open_intent WHERE settlement_id = $1 AND kind = 'REVERSE'"""

TAKE_REQUEST: Final = """/* settlement.take_request */
WITH fresh AS (
    INSERT INTO request (request_id, method, request_hash, settlement_id, create_time)
    VALUES ($1, $5, $2, $3, $4) ON CONFLICT (request_id) DO NOTHING RETURNING request_id
)
SELECT request_id FROM fresh"""

INSERT_REVERSED: Final = f"""/* settlement.insert_reversed */
WITH won AS (
    INSERT INTO settlement_state_change (settlement_id, version, state, change_time, request_id,
        trace_id)
    VALUES ($1, 3, 'REVERSED', $2, $3, $4)
    ON CONFLICT (settlement_id, version) DO NOTHING RETURNING settlement_id
), event AS (
    INSERT INTO outbox (settlement_id, kind, event_time, settlement, care_province,
        insured_province)
    SELECT settlement_id, 'REVERSED', $2, $5, $6, $7 FROM won
), done AS (
    DELETE FROM open_intent WHERE settlement_id = $1 AND kind = 'REVERSE'
), {FREE_INVOICE.format(key="$8")}, {TELL_STAY.format(state="v.state")}
SELECT settlement_id FROM won"""

FIND_REQUEST: Final = """/* settlement.find_request */
SELECT method, request_hash, settlement_id FROM request WHERE request_id = $1"""

COLUMNS: Final = """
    s.settlement_id, s.request_id, s.care_region_code, s.insured_region_code, s.total_fen,
    s.trace_id, s.create_time, s.commit_request, s.detail,
    outcome.state AS outcome, outcome.reason, outcome.failure,
    outcome.change_time AS outcome_time,
    outcome.adjudication, outcome.sealed, outcome.round_trip_ms, outcome.region_ms,
    reversed.change_time AS reverse_time
FROM settlement s
LEFT JOIN settlement_state_change outcome
    ON outcome.settlement_id = s.settlement_id AND outcome.version = 2
LEFT JOIN settlement_state_change reversed
    ON reversed.settlement_id = s.settlement_id AND reversed.version = 3"""

FIND: Final = f"/* settlement.find */ SELECT {COLUMNS} WHERE s.settlement_id = $1"

LIST: Final = f"""/* settlement.list */ SELECT {COLUMNS}
WHERE ($1::uuid IS NULL OR s.settlement_id < $1)
  AND ($2 = '' OR starts_with(s.care_region_code, $2))
  AND ($3 = '' OR starts_with(s.insured_region_code, $3))
  AND ($4::uuid IS NULL OR s.settlement_id >= $4)
  AND ($5::uuid IS NULL OR s.settlement_id < $5)
  AND ($6 = '' OR coalesce(reversed.state, outcome.state, 'PENDING') = $6)
ORDER BY s.settlement_id DESC LIMIT $7"""

# Of both channels; a reversal that is only under way has not happened.
FIND_TAKEN_BACK: Final = """/* settlement.find_taken_back */
SELECT settlement_id AS bill_key FROM settlement_state_change
WHERE settlement_id = ANY($1) AND version = 3
UNION ALL
SELECT reimbursement_id FROM reimbursement
WHERE reimbursement_id = ANY($1) AND state IN ('REJECTED', 'CANCELLED', 'FAILED')"""

# --- computed anew: docs/adr/0018-recomputation.md -----------------------------------------------

FIND_RECOMPUTATION: Final = """/* settlement.find_recomputation */
SELECT request_id, filing,
    array(SELECT a.settlement_id FROM recomputation_attempt a
          WHERE a.recomputes_id = r.settlement_id ORDER BY a.attempt) AS attempts
FROM recomputation r WHERE settlement_id = $1"""

# As a reversal is begun, with what is to come after it.
INSERT_RECOMPUTATION: Final = f"""/* settlement.insert_recomputation */
{OPEN_REVERSAL.format(method="'Recompute'")}, planned AS (
    INSERT INTO recomputation (settlement_id, request_id, filing, create_time)
    SELECT settlement_id, $1, $8, $4 FROM open
)
SELECT settlement_id FROM open"""

# A settlement in the place of $16, which covers the same lines of a visit; due at $18. It has the
# same invoice, whose fingerprint, or null, comes in the parameter {{key}}.
_SUCCESSOR_ROWS: Final = f"""handed AS (
    UPDATE invoice SET holder_id = $1 FROM won WHERE invoice_key = {{key}} AND holder_id = $16
), fresh AS (
    INSERT INTO request (request_id, method, request_hash, settlement_id, create_time)
    SELECT $2, 'Settle', $3, $1, $11 FROM won RETURNING settlement_id
), attempt AS (
    INSERT INTO recomputation_attempt (recomputes_id, attempt, settlement_id)
    SELECT $15, $17, settlement_id FROM fresh
), covered AS (
    INSERT INTO visit_settlement (visit_id, ordinal, settlement_id, scope, charge_batch_number,
        until_date, revision)
    SELECT x.visit_id,
        (SELECT count(*) + 1 FROM visit_settlement own WHERE own.visit_id = x.visit_id),
        fresh.settlement_id, x.scope, x.charge_batch_number, x.until_date, x.revision
    FROM fresh JOIN visit_settlement x ON x.settlement_id = $16
), {SETTLEMENT_ROWS}, open AS (
    INSERT INTO open_intent (settlement_id, kind, request_id, create_time, insured_province)
    SELECT settlement_id, 'SETTLE', $2, $18, $14 FROM fresh
)
SELECT settlement_id FROM won"""

# REVERSED and what comes in its place at once: the journal never shows the one without the other.
INSERT_RECOMPUTED: Final = f"""/* settlement.insert_recomputed */
WITH won AS (
    INSERT INTO settlement_state_change (settlement_id, version, state, change_time, request_id,
        trace_id)
    VALUES ($16, 3, 'REVERSED', $11, $19, $10)
    ON CONFLICT (settlement_id, version) DO NOTHING RETURNING settlement_id
), event AS (
    INSERT INTO outbox (settlement_id, kind, event_time, settlement, care_province,
        insured_province)
    SELECT settlement_id, 'REVERSED', $11, $20, $21, $14 FROM won
), done AS (
    DELETE FROM open_intent WHERE settlement_id = $16 AND kind = 'REVERSE'
), {_SUCCESSOR_ROWS.format(key="$22")}"""

# FAILED and another one in its place at once.
INSERT_FAILED_ANEW: Final = f"""/* settlement.insert_failed_anew */
WITH won AS (
    INSERT INTO settlement_state_change (settlement_id, version, state, reason, change_time,
        request_id, trace_id, failure, sealed)
    VALUES ($16, 2, 'FAILED', $20, $11, $19, $10, $22, true)
    ON CONFLICT (settlement_id, version) DO NOTHING RETURNING settlement_id
), cancel AS (
    INSERT INTO open_intent (settlement_id, kind, request_id, create_time, insured_province)
    SELECT settlement_id, 'CANCEL', $19, $11, $14 FROM won WHERE $21 = 'CANCEL'
), done AS (
    DELETE FROM open_intent WHERE settlement_id = $16 AND kind = 'SETTLE'
), {_SUCCESSOR_ROWS.format(key="$23")}"""
