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

-- Who looked whom up. The outcome is the one that the look-up was logged with.
CREATE FUNCTION audit_access(from_transaction_id xid8, from_sequence bigint, row_limit integer)
RETURNS TABLE (transaction_id xid8, sequence bigint, event_time timestamptz, kind text, record_id text, content text)
LANGUAGE sql STABLE AS $$
    SELECT a.transaction_id, a.access_id, a.access_time, 'ACCESS', a.access_id::text,
           json_build_object('method', a.method, 'region', a.caller_region_code, 'role', a.caller_role,
                             'purpose', a.purpose, 'person', audit_digest(uuid_send(a.person_id)),
                             'institution', a.institution_code, 'outcome', a.outcome,
                             'trace', a.trace_id)::text
      FROM access a
     WHERE (a.transaction_id, a.access_id) >= (from_transaction_id, from_sequence)
       AND a.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
     ORDER BY a.transaction_id, a.access_id
     LIMIT row_limit
$$;
