-- What audit rules found on settled bills, recorded from the settlement feed. Append-only: a reversal
-- adds a mark and changes nothing.

CREATE TABLE feed_cursor (
    feed        text        PRIMARY KEY CHECK (feed <> ''),
    cursor      text        NOT NULL,
    update_time timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE feed_cursor IS
    'How far each feed has been recorded; moved only from the cursor that the batch was read after.';

CREATE TABLE screening (
    settlement_id       uuid        PRIMARY KEY,
    moment              text        NOT NULL CHECK (moment IN ('ROUND_TRIP', 'AFTERWARDS')),
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]{5}$'),
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]{5}$'),
    institution_code    text        NOT NULL CHECK (institution_code ~ '^[HP][0-9]{11}$'),
    finding_count       integer     NOT NULL CHECK (finding_count >= 0),
    event_time          timestamptz NOT NULL,
    create_time         timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE screening IS
    'One row per settled bill: that every bill was screened is shown, not assumed.';

CREATE TABLE finding (
    -- Order of recording, for paging; the key that others see is finding_id.
    finding_number  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    finding_id      uuid   NOT NULL UNIQUE,
    settlement_id   uuid   NOT NULL REFERENCES screening,
    rule_code       text   NOT NULL CHECK (rule_code ~ '^[A-Z][A-Z0-9_]{0,39}$'),
    result_class    text   NOT NULL CHECK (result_class IN ('VIOLATION', 'SUSPICIOUS', 'TO_VERIFY')),
    amount_fen      bigint NOT NULL CHECK (amount_fen >= 0),
    ruleset_version text   NOT NULL,
    detail          bytea  NOT NULL
);
COMMENT ON COLUMN finding.detail IS
    'Encrypted yijie.supervision.v1.Finding with what names lines and items. Bound to finding_id.';
CREATE INDEX finding_by_settlement ON finding (settlement_id);
CREATE INDEX finding_by_rule ON finding (rule_code, finding_number);

CREATE TABLE reversal (
    settlement_id uuid        PRIMARY KEY REFERENCES screening,
    event_time    timestamptz NOT NULL,
    create_time   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE reversal IS 'Marks the findings of a settlement that was taken back.';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER screening_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON screening
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER finding_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON finding
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reversal_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON reversal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

INSERT INTO feed_cursor (feed, cursor) VALUES ('settlement', '');
