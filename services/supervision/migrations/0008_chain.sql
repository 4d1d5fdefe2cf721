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

CREATE FUNCTION note_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_event (kind, record_id) VALUES (TG_ARGV[0], NEW.publication_id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER rule_publication_is_noted
    AFTER INSERT ON rule_publication FOR EACH ROW EXECUTE FUNCTION note_rules('RULES_PUBLISHED');
CREATE TRIGGER rule_withdrawal_is_noted
    AFTER INSERT ON rule_withdrawal FOR EACH ROW EXECUTE FUNCTION note_rules('RULES_WITHDRAWN');
CREATE FUNCTION note_case_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_event (kind, record_id)
    SELECT 'CASE_CHANGED', a.change_id::text FROM added a ORDER BY a.change_id;
    RETURN NULL;
END $$;
CREATE TRIGGER case_change_is_noted
    AFTER INSERT ON case_change REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION note_case_changes();
INSERT INTO audit_event (event_time, kind, record_id)
SELECT publish_time, 'RULES_PUBLISHED', publication_id::text FROM rule_publication ORDER BY publish_time, publication_id;
INSERT INTO audit_event (event_time, kind, record_id)
SELECT withdraw_time, 'RULES_WITHDRAWN', publication_id::text FROM rule_withdrawal ORDER BY withdraw_time, publication_id;
INSERT INTO audit_event (event_time, kind, record_id)
SELECT change_time, 'CASE_CHANGED', change_id::text FROM case_change ORDER BY change_id;

CREATE FUNCTION audit_events(from_transaction_id xid8, from_sequence bigint, row_limit integer)
RETURNS TABLE (transaction_id xid8, sequence bigint, event_time timestamptz, kind text, record_id text, content text)
LANGUAGE sql STABLE AS $$
    SELECT e.transaction_id, e.sequence, e.event_time, e.kind, e.record_id,
           coalesce(CASE e.kind
           WHEN 'RULES_PUBLISHED' THEN (
               SELECT json_build_object('pack', p.digest, 'valid_from', audit_time(p.valid_from_time),
                                        'key', p.key_id, 'signature', encode(p.signature, 'hex'),
                                        'maker', p.maker_id, 'checker', p.checker_id,
                                        'time', audit_time(p.publish_time), 'content', audit_digest(r.content))::text
                 FROM rule_publication p JOIN rule_pack r USING (digest)
                WHERE p.publication_id = e.record_id::uuid)
           WHEN 'RULES_WITHDRAWN' THEN (
               SELECT json_build_object('maker', w.maker_id, 'checker', w.checker_id,
                                        'time', audit_time(w.withdraw_time))::text
                 FROM rule_withdrawal w WHERE w.publication_id = e.record_id::uuid)
           WHEN 'CASE_CHANGED' THEN (
               SELECT json_build_object('case', c.case_id, 'state', c.state, 'step', c.step, 'officer', c.officer_id,
                                        'time', audit_time(c.change_time), 'note', audit_digest(convert_to(c.note, 'UTF8')),
                                        'verdicts', d.verdicts, 'verdicts_digest', d.digest)::text
                 FROM case_change c, LATERAL (
                          SELECT count(*) AS verdicts, audit_digest(convert_to(coalesce(string_agg(
                                     concat_ws(' ', v.finding_id, v.is_confirmed, v.at_fault_fen),
                                     ',' ORDER BY v.finding_id), ''), 'UTF8')) AS digest
                            FROM case_finding f JOIN case_verdict v USING (finding_id)
                           WHERE f.case_id = c.case_id AND v.step = c.step) d
                WHERE c.change_id = e.record_id::bigint)
           ELSE e.content END, '{}')
      FROM audit_event e
     WHERE (e.transaction_id, e.sequence) >= (from_transaction_id, from_sequence)
       AND e.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
     ORDER BY e.transaction_id, e.sequence
     LIMIT row_limit
$$;

-- The chain. A block holds the entries of all services that were read in one round, packed; it follows the one before.

CREATE TABLE chain_block (
    block_id        bigint      PRIMARY KEY CHECK (block_id > 0),
    seal_time       timestamptz NOT NULL,
    first_entry     bigint      NOT NULL CHECK (first_entry > 0),
    entry_count     integer     NOT NULL CHECK (entry_count > 0),
    entries         bytea       NOT NULL,
    previous_digest bytea       NOT NULL CHECK (length(previous_digest) = 32),
    content_digest  bytea       NOT NULL CHECK (length(content_digest) = 32),
    digest          bytea       NOT NULL CHECK (length(digest) = 32)
);
ALTER TABLE chain_block ALTER COLUMN entries SET STORAGE EXTERNAL;
COMMENT ON TABLE chain_block IS 'The audit chain (审计链): sealed runs of entries, gap-free.';
COMMENT ON COLUMN chain_block.entries IS 'JSON objects, one a line, deflated; docs/audit.md.';

CREATE TABLE chain_source (
    source      text        PRIMARY KEY CHECK (source ~ '^[a-z]+(-[0-9]{6})?[.][a-z]+$'),
    position    text        NOT NULL,
    update_time timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE chain_source IS 'How far each source is sealed; moves only with the block that seals it.';

CREATE TABLE chain_checkpoint (
    block_id    bigint      NOT NULL REFERENCES chain_block,
    key_id      text        NOT NULL CHECK (key_id ~ '^[0-9a-z][0-9a-z._-]{0,63}$'),
    algorithm   text        NOT NULL,
    entry_count bigint      NOT NULL CHECK (entry_count > 0),
    digest      bytea       NOT NULL CHECK (length(digest) = 32),
    sign_time   timestamptz NOT NULL,
    signature   bytea       NOT NULL,
    PRIMARY KEY (block_id, key_id)
);
COMMENT ON TABLE chain_checkpoint IS 'Signed statements (检查点) of what the chain was up to a block.';

-- A block follows the one before, in number, time, entries and digest.
CREATE FUNCTION require_next_chain_block() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head record;
BEGIN
    SELECT b.block_id, b.seal_time, b.digest, b.first_entry + b.entry_count AS next_entry INTO head
      FROM chain_block b ORDER BY b.block_id DESC LIMIT 1;
    IF NEW.block_id <> coalesce(head.block_id, 0) + 1
       OR NEW.seal_time <= head.seal_time
       OR NEW.first_entry <> coalesce(head.next_entry, 1)
       OR NEW.previous_digest <> coalesce(head.digest, decode(repeat('00', 32), 'hex')) THEN
        RAISE EXCEPTION 'block % does not follow the chain', NEW.block_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER chain_block_follows
    BEFORE INSERT ON chain_block FOR EACH ROW EXECUTE FUNCTION require_next_chain_block();
CREATE TRIGGER chain_block_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON chain_block
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER chain_checkpoint_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON chain_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER chain_source_is_never_deleted
    BEFORE DELETE OR TRUNCATE ON chain_source
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
