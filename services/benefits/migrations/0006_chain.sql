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

CREATE FUNCTION note_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_event (kind, record_id)
    SELECT 'POLICY_PUBLISHED', a.sequence::text FROM added a ORDER BY a.sequence;
    RETURN NULL;
END $$;
CREATE TRIGGER policy_publication_is_noted
    AFTER INSERT ON policy_publication REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION note_policy();
INSERT INTO audit_event (event_time, kind, record_id)
SELECT publish_time, 'POLICY_PUBLISHED', sequence::text FROM policy_publication ORDER BY sequence;

-- What an entitlement says is sealed anew with every new key, so that it cannot be digested: that it was set or taken
-- away, and whose it is, is noted. Sealing anew says of itself that nothing was set.
CREATE FUNCTION note_entitlement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('yijie.resealing', true), '') <> 'on' THEN
        INSERT INTO audit_event (kind, content)
        SELECT TG_ARGV[0], json_build_object('person', audit_digest(uuid_send(t.person_id)),
                                             'entitlement', encode(t.entitlement_index, 'hex'))::text
          FROM touched t ORDER BY t.person_id, t.entitlement_index;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entitlement_insert_is_noted
    AFTER INSERT ON entitlement REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION note_entitlement('ENTITLEMENT_SET');
CREATE TRIGGER entitlement_update_is_noted
    AFTER UPDATE ON entitlement REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION note_entitlement('ENTITLEMENT_SET');
CREATE TRIGGER entitlement_delete_is_noted
    AFTER DELETE ON entitlement REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION note_entitlement('ENTITLEMENT_TAKEN');

CREATE FUNCTION audit_events(from_transaction_id xid8, from_sequence bigint, row_limit integer)
RETURNS TABLE (transaction_id xid8, sequence bigint, event_time timestamptz, kind text, record_id text, content text)
LANGUAGE sql STABLE AS $$
    SELECT e.transaction_id, e.sequence, e.event_time, e.kind, e.record_id,
           coalesce(CASE e.kind
           WHEN 'POLICY_PUBLISHED' THEN (
               SELECT json_build_object('region', p.region_code, 'version', p.version, 'shipped', p.shipped,
                                        'time', audit_time(p.publish_time),
                                        'files', audit_digest(v.files))::text
                 FROM policy_publication p JOIN policy_version v USING (region_code, version)
                WHERE p.sequence = e.record_id::bigint)
           ELSE e.content END, '{}')
      FROM audit_event e
     WHERE (e.transaction_id, e.sequence) >= (from_transaction_id, from_sequence)
       AND e.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
     ORDER BY e.transaction_id, e.sequence
     LIMIT row_limit
$$;
