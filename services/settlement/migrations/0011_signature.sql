-- What was signed, by whom: requests that settle or undo, and what they were answered. See docs/signatures.md.
--
-- A request is written in the transaction of what it leads to, an answer before it is sent. Partitioned as the journal
-- is: record_id is a UUID version 7, of a settlement, a visit or a reimbursement.
CREATE TABLE message_signature (
    -- What it is about; all zeros: a reversal that found nothing.
    record_id    uuid        NOT NULL,
    request_id   uuid        NOT NULL,
    direction    text        NOT NULL CHECK (direction IN ('REQUEST', 'ANSWER')),
    -- Full name, "/yijie.settlement.v1.SettlementService/Settle".
    method       text        NOT NULL,
    -- Whose key it was when it was verified or made.
    region_code  text        NOT NULL CHECK (region_code ~ '^[0-9]{6}$'),
    role         text        NOT NULL,
    algorithm    text        NOT NULL,
    key_id       text        NOT NULL,
    -- When its signer says that it was signed, milliseconds since 1970.
    signed_ms    bigint      NOT NULL,
    -- Digest of the request that an answer answers.
    answers      bytea       CHECK (length(answers) = 32),
    signature    bytea       NOT NULL,
    -- The canonical form that is signed; compressed and encrypted.
    message      bytea       NOT NULL,
    -- When it was verified, or made, by the hub's clock.
    receive_time timestamptz NOT NULL,
    -- Written in the transaction of what it led to. Not so: a repeat that was signed anew, or an answer.
    is_cause     boolean     NOT NULL,
    CHECK ((direction = 'ANSWER') = (answers IS NOT NULL)),
    CHECK (NOT is_cause OR direction = 'REQUEST'),
    -- By the signature itself: two answers of one millisecond are two.
    PRIMARY KEY (record_id, request_id, direction, signature)
) PARTITION BY RANGE (record_id);
CREATE TABLE message_signature_default PARTITION OF message_signature DEFAULT;

CREATE TRIGGER message_signature_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON message_signature
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER message_signature_row_append_only BEFORE UPDATE OR DELETE ON message_signature
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER message_signature_default_no_truncate BEFORE TRUNCATE ON message_signature_default
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- As in 0001_init.sql, with the signatures' partitions.
CREATE OR REPLACE FUNCTION ensure_month(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := to_char(month, 'YYYYMM');
    lower uuid := first_id_at(date_trunc('month', month::timestamp));
    upper uuid := first_id_at(date_trunc('month', month::timestamp) + interval '1 month');
    parent text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['settlement', 'settlement_state_change', 'message_signature'] LOOP
        IF to_regclass(format('%I', parent || '_' || name)) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                           parent || '_' || name, parent, lower, upper);
            EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I'
                           ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
                           parent || '_' || name);
        END IF;
    END LOOP;
END $$;

SELECT ensure_month((date_trunc('month', now() AT TIME ZONE interval '8 hours') + n * interval '1 month')::date)
FROM generate_series(0, 2) AS n;
-- Months that the journal has already: what was settled then is reversed now, and goes out of use with its month.
SELECT ensure_month(to_date(right(p.relname::text, 6), 'YYYYMM'))
  FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
 WHERE i.inhparent = 'settlement'::regclass AND p.relname ~ '_[0-9]{6}$';
