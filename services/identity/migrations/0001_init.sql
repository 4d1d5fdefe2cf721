-- Insured persons, their cards and tokens, and the designated institutions.
-- What names or describes a person stands only inside `record` (AES-256-GCM); it is found only by
-- `*_index` (HMAC-SHA256). Institutions are a public directory and stand in clear.

CREATE TABLE request (
    request_id   uuid        PRIMARY KEY,
    method       text        NOT NULL,
    request_hash bytea       NOT NULL,
    response     bytea       NOT NULL,
    create_time  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE request IS 'First answer to each request id, given again to a repeat.';

CREATE TABLE index_key (
    only_one    boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    fingerprint bytea   NOT NULL CHECK (octet_length(fingerprint) = 32)
);
COMMENT ON TABLE index_key IS
    'Which key the blind indexes were made with: under another one nobody would be found.';

CREATE TABLE person (
    person_id   uuid        PRIMARY KEY,
    cert_index  bytea       NOT NULL UNIQUE CHECK (octet_length(cert_index) = 32),
    record      bytea       NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL
);
COMMENT ON COLUMN person.person_id IS 'The only name of a person outside identity.';
COMMENT ON COLUMN person.record IS
    'Encrypted: id number, name, sex, birth date, insurance relations. Bound to person_id.';

CREATE TABLE card (
    card_index          bytea       PRIMARY KEY CHECK (octet_length(card_index) = 32),
    person_id           uuid        NOT NULL REFERENCES person,
    issuing_region_code text        NOT NULL CHECK (issuing_region_code ~ '^[1-6][0-9]{5}$'),
    state               text        NOT NULL CHECK (state IN ('ACTIVE', 'LOST', 'CANCELLED')),
    record              bytea       NOT NULL,
    create_time         timestamptz NOT NULL,
    update_time         timestamptz NOT NULL
);
CREATE INDEX card_by_person ON card (person_id);
COMMENT ON COLUMN card.record IS 'Encrypted: card number. Bound to card_index.';

CREATE TABLE card_state_change (
    change_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    card_index  bytea       NOT NULL REFERENCES card,
    state       text        NOT NULL CHECK (state IN ('ACTIVE', 'LOST', 'CANCELLED')),
    change_time timestamptz NOT NULL
);
CREATE INDEX card_state_change_by_card ON card_state_change (card_index, change_id);
COMMENT ON TABLE card_state_change IS 'When a card took which state; append-only.';

CREATE TABLE credential_token (
    token_index bytea       PRIMARY KEY CHECK (octet_length(token_index) = 32),
    person_id   uuid        NOT NULL REFERENCES person,
    issue_time  timestamptz NOT NULL,
    expire_time timestamptz NOT NULL CHECK (expire_time > issue_time)
);
CREATE INDEX credential_token_by_expiry ON credential_token (expire_time);
COMMENT ON TABLE credential_token IS
    'Tokens of the 医保电子凭证; kept for a day after they expire, to tell "expired" from "unknown".';

CREATE TABLE institution (
    institution_code      text        PRIMARY KEY CHECK (institution_code ~ '^[HP][0-9]{11}$'),
    name                  text        NOT NULL CHECK (name <> ''),
    region_code           text        NOT NULL CHECK (region_code ~ '^[1-6][0-9]{5}$'),
    level_code            text        NOT NULL CHECK (level_code ~ '^(0[1-9]|1[01])$'),
    price_level_code      text        NOT NULL CHECK (price_level_code ~ '^(0[1-9]|1[01])$'),
    deductible_level_code text        NOT NULL CHECK (deductible_level_code ~ '^(0[1-9]|1[01])$'),
    create_time           timestamptz NOT NULL,
    update_time           timestamptz NOT NULL
);
-- text_pattern_ops: a region is listed by prefix (64 a province, 6401 a prefecture).
CREATE INDEX institution_by_region ON institution (region_code text_pattern_ops, institution_code);

CREATE TABLE institution_opening (
    institution_code  text     NOT NULL REFERENCES institution ON DELETE CASCADE,
    position          smallint NOT NULL CHECK (position >= 0),
    medical_type_code text     NOT NULL CHECK (medical_type_code ~ '^[1-9][0-9]$'),
    begin_date        date     NOT NULL,
    end_date          date     CHECK (end_date >= begin_date),
    PRIMARY KEY (institution_code, position)
);
COMMENT ON COLUMN institution_opening.end_date IS 'Last day; null: open-ended.';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER card_state_change_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON card_state_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
