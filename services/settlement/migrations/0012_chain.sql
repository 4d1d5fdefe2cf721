-- What the audit chain seals of this service (docs/audit.md): each source is a function that writes rows anew from
-- the tables, in an order to which rows are only ever added. It gives the row at the position that it is asked to
-- begin with, too, so that its absence shows. Nothing of a person stands there but as a digest.

-- Events that have no table of their own, and the order of those that have one but no order.
CREATE TABLE audit_event (
    transaction_id xid8        NOT NULL DEFAULT pg_current_xact_id(),
    sequence       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    event_time     timestamptz NOT NULL DEFAULT now(),
    kind           text        NOT NULL CHECK (kind ~ '^[A-Z_]{1,40}$'),
    record_id      text        NOT NULL DEFAULT '' CHECK (length(record_id) <= 100),
    content        text        NOT NULL DEFAULT '{}' CHECK (length(content) <= 4000),
    PRIMARY KEY (transaction_id, sequence)
);
COMMENT ON TABLE audit_event IS 'Events for the audit chain, in the order of their transactions; append-only.';
COMMENT ON COLUMN audit_event.content IS 'JSON; not used where the table of the event says what happened.';
CREATE TRIGGER audit_event_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION audit_time(instant timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(instant AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
CREATE FUNCTION audit_digest(content bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(sha256(content), 'hex')
$$;

CREATE FUNCTION audit_events(from_transaction_id xid8, from_sequence bigint, row_limit integer)
RETURNS TABLE (transaction_id xid8, sequence bigint, event_time timestamptz, kind text, record_id text, content text)
LANGUAGE sql STABLE AS $$
    SELECT e.transaction_id, e.sequence, e.event_time, e.kind, e.record_id,
           e.content
      FROM audit_event e
     WHERE (e.transaction_id, e.sequence) >= (from_transaction_id, from_sequence)
       AND e.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
     ORDER BY e.transaction_id, e.sequence
     LIMIT row_limit
$$;

-- Settlements below it are of months whose partitions were detached.
CREATE FUNCTION first_attached_id() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT first_id_at(to_date(right(min(p.relname::text), 6), 'YYYYMM')::timestamp)
      FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
     WHERE i.inhparent = 'settlement'::regclass AND p.relname ~ '_[0-9]{6}$'
$$;

-- What was settled and what was taken back, in the order of the feed. Sealed columns of the journal are never sealed
-- anew, so that their digests stay. Of detached months only the event is here: that is said. The signature is the one
-- that was written with the intent: a repeat that is signed anew later, by whatever clock, is not it.
CREATE FUNCTION audit_journal(from_transaction_id xid8, from_sequence bigint, row_limit integer)
RETURNS TABLE (transaction_id xid8, sequence bigint, event_time timestamptz, kind text, record_id text, content text)
LANGUAGE sql STABLE AS $$
    SELECT o.transaction_id, o.sequence, o.event_time, o.kind, o.settlement_id::text,
           CASE WHEN s.settlement_id IS NULL AND o.settlement_id < first_attached_id()
                THEN '{"detached" : true}' ELSE
           json_build_object('care', s.care_region_code, 'insured', s.insured_region_code,
                             'institution', s.institution_code, 'scheme', s.scheme_code,
                             'person', audit_digest(uuid_send(s.person_id)), 'total_fen', s.total_fen,
                             'fund_fen', c.fund_fen, 'account_fen', c.account_fen, 'cash_fen', c.cash_fen,
                             'request', c.request_id, 'trace', c.trace_id, 'time', audit_time(c.change_time),
                             'bill', audit_digest(s.detail), 'commit', audit_digest(s.commit_request),
                             'adjudication', audit_digest(c.adjudication),
                             'event', audit_digest(o.settlement), 'signature', (
               SELECT audit_digest(m.signature) FROM message_signature m
                WHERE m.record_id = o.settlement_id AND m.request_id = c.request_id AND m.is_cause
                ORDER BY m.receive_time, m.signed_ms LIMIT 1))::text END
      FROM outbox o
      LEFT JOIN settlement s ON s.settlement_id = o.settlement_id
      LEFT JOIN settlement_state_change c
        ON c.settlement_id = o.settlement_id AND c.version = CASE o.kind WHEN 'SETTLED' THEN 2 ELSE 3 END
     WHERE (o.transaction_id, o.sequence) >= (from_transaction_id, from_sequence)
       AND o.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
     ORDER BY o.transaction_id, o.sequence
     LIMIT row_limit
$$;

-- What became of claims for bills that were paid in cash. Their own sealed columns are sealed anew with new keys.
CREATE FUNCTION audit_reimbursements(from_transaction_id xid8, from_sequence bigint, row_limit integer)
RETURNS TABLE (transaction_id xid8, sequence bigint, event_time timestamptz, kind text, record_id text, content text)
LANGUAGE sql STABLE AS $$
    SELECT o.transaction_id, o.sequence, o.event_time, 'REIMBURSEMENT', o.reimbursement_id::text,
           json_build_object('care', r.care_region_code, 'insured', r.insured_region_code,
                             'institution', r.institution_code,
                             'person', audit_digest(uuid_send(r.person_id)), 'total_fen', r.total_fen,
                             'event', audit_digest(o.reimbursement))::text
      FROM reimbursement_event o
      LEFT JOIN reimbursement r ON r.reimbursement_id = o.reimbursement_id
     WHERE (o.transaction_id, o.sequence) >= (from_transaction_id, from_sequence)
       AND o.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
     ORDER BY o.transaction_id, o.sequence
     LIMIT row_limit
$$;
