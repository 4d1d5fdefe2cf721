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

CREATE FUNCTION note_publication() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_event (kind, record_id) VALUES (TG_ARGV[0], NEW.version_id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER version_publication_is_noted
    AFTER UPDATE OF publication_sequence ON version
    FOR EACH ROW WHEN (NEW.publication_sequence IS NOT NULL)
    EXECUTE FUNCTION note_publication('CATALOGUE_PUBLISHED');
CREATE TRIGGER mapping_publication_is_noted
    AFTER UPDATE OF publication_sequence ON mapping_version
    FOR EACH ROW WHEN (NEW.publication_sequence IS NOT NULL)
    EXECUTE FUNCTION note_publication('MAPPING_PUBLISHED');
CREATE TRIGGER mapping_published_at_once_is_noted
    AFTER INSERT ON mapping_version
    FOR EACH ROW WHEN (NEW.publication_sequence IS NOT NULL)
    EXECUTE FUNCTION note_publication('MAPPING_PUBLISHED');
INSERT INTO audit_event (event_time, kind, record_id)
SELECT publish_time, 'CATALOGUE_PUBLISHED', version_id::text FROM version
 WHERE publication_sequence IS NOT NULL ORDER BY publication_sequence;
INSERT INTO audit_event (event_time, kind, record_id)
SELECT publish_time, 'MAPPING_PUBLISHED', version_id::text FROM mapping_version
 WHERE publication_sequence IS NOT NULL ORDER BY publication_sequence;

CREATE FUNCTION audit_events(from_transaction_id xid8, from_sequence bigint, row_limit integer)
RETURNS TABLE (transaction_id xid8, sequence bigint, event_time timestamptz, kind text, record_id text, content text)
LANGUAGE sql STABLE AS $$
    SELECT e.transaction_id, e.sequence, e.event_time, e.kind, e.record_id,
           coalesce(CASE e.kind
           WHEN 'CATALOGUE_PUBLISHED' THEN (
               SELECT json_build_object('region', v.region_code, 'version', v.version, 'items', v.item_count,
                                        'publication', v.publication_sequence,
                                        'time', audit_time(v.publish_time))::text
                 FROM version v WHERE v.version_id = e.record_id::bigint)
           WHEN 'MAPPING_PUBLISHED' THEN (
               SELECT json_build_object('owner', v.owner_code, 'version', v.version, 'mode', v.mode,
                                        'entries', v.entry_count, 'officer', v.officer_id,
                                        'publication', v.publication_sequence,
                                        'time', audit_time(v.publish_time))::text
                 FROM mapping_version v WHERE v.version_id = e.record_id::bigint)
           ELSE e.content END, '{}')
      FROM audit_event e
     WHERE (e.transaction_id, e.sequence) >= (from_transaction_id, from_sequence)
       AND e.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
     ORDER BY e.transaction_id, e.sequence
     LIMIT row_limit
$$;
