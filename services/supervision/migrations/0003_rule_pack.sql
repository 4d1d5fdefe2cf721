-- Rule packs that were published: their content, from when they run, and who answers for it.

CREATE TABLE request (
    request_id   uuid        PRIMARY KEY,
    method       text        NOT NULL,
    request_hash bytea       NOT NULL,
    response     bytea       NOT NULL,
    create_time  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE request IS 'First answers of all mutations of supervision; see services.kit.idempotency.';

CREATE TABLE rule_pack (
    digest      text        PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
    version     text        NOT NULL CHECK (version ~ '^[0-9a-f]{16,64}$'),
    content     bytea       NOT NULL CHECK (length(content) BETWEEN 1 AND 3145728),
    create_time timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE rule_pack ALTER COLUMN content SET STORAGE EXTERNAL;
COMMENT ON TABLE rule_pack IS
    'All rules (规则包) of a version, packed: what was found by it can be explained for ever.';
COMMENT ON COLUMN rule_pack.digest IS 'SHA-256 of its files: what is signed.';
COMMENT ON COLUMN rule_pack.version IS 'As findings carry it: the beginning of the digest.';
CREATE INDEX rule_pack_by_version ON rule_pack (version);

CREATE TABLE rule_publication (
    publication_id  uuid        PRIMARY KEY,
    digest          text        NOT NULL REFERENCES rule_pack,
    valid_from_time timestamptz NOT NULL,
    key_id          text        NOT NULL CHECK (key_id ~ '^[0-9a-z][0-9a-z._-]{0,39}$'),
    signature       bytea       NOT NULL CHECK (length(signature) = 64),
    maker_id        text        NOT NULL,
    checker_id      text        NOT NULL,
    publish_time    timestamptz NOT NULL,
    CHECK (lower(maker_id) <> lower(checker_id))
);
CREATE INDEX rule_publication_by_time ON rule_publication (valid_from_time, publication_id);
COMMENT ON COLUMN rule_publication.valid_from_time IS
    'The rules run from then on, until the next one that was not withdrawn.';
COMMENT ON COLUMN rule_publication.signature IS
    'Ed25519 over digest, instant and both people: verified when it came and whenever it is taken up.';

CREATE TABLE rule_withdrawal (
    publication_id uuid        PRIMARY KEY REFERENCES rule_publication,
    maker_id       text        NOT NULL,
    checker_id     text        NOT NULL,
    withdraw_time  timestamptz NOT NULL,
    CHECK (lower(maker_id) <> lower(checker_id))
);
COMMENT ON TABLE rule_withdrawal IS 'Publications that were taken back before their instant.';

CREATE TRIGGER rule_pack_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_pack
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rule_publication_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_publication
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rule_withdrawal_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_withdrawal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
