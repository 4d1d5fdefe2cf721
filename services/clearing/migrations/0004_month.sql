-- Clearing months: where each stands, who confirmed and signed, and its tables, which are frozen
-- once they are made. Months only go forward; a month is never reopened.

CREATE TABLE clearing_month (
    month       text        PRIMARY KEY CHECK (month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
    state       text        NOT NULL CHECK (state IN
        ('OPEN', 'RECONCILED', 'TABLED', 'SIGNED', 'NOTIFIED', 'PAID', 'CLOSED')),
    update_time timestamptz NOT NULL
);
COMMENT ON TABLE clearing_month IS
    'One row per month from its cut on; its row lock decides between acts on the same month.';

CREATE TABLE month_change (
    month       text        NOT NULL REFERENCES clearing_month,
    state       text        NOT NULL,
    change_time timestamptz NOT NULL,
    maker_id    text        NOT NULL DEFAULT '',
    checker_id  text        NOT NULL DEFAULT '',
    PRIMARY KEY (month, state),
    CHECK ((maker_id = '') = (checker_id = '')),
    CHECK (maker_id = '' OR maker_id <> checker_id)
);
COMMENT ON COLUMN month_change.maker_id IS 'Empty where the month moved by itself, from facts.';

CREATE FUNCTION keep_month() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    states CONSTANT text[] :=
        ARRAY['OPEN', 'RECONCILED', 'TABLED', 'SIGNED', 'NOTIFIED', 'PAID', 'CLOSED'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'OPEN' THEN
            RAISE EXCEPTION 'a month begins OPEN' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP <> 'UPDATE' OR NEW.month <> OLD.month
       OR array_position(states, NEW.state) <> array_position(states, OLD.state) + 1 THEN
        RAISE EXCEPTION 'month % only goes forward, one state at a time', OLD.month
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER month_only_goes_forward
    BEFORE INSERT OR UPDATE OR DELETE ON clearing_month
    FOR EACH ROW EXECUTE FUNCTION keep_month();
CREATE TRIGGER month_is_not_emptied
    BEFORE TRUNCATE ON clearing_month
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER month_change_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON month_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE month_confirmation (
    month            text        NOT NULL REFERENCES clearing_month,
    care_region_code text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]0000$'),
    maker_id         text        NOT NULL,
    checker_id       text        NOT NULL,
    confirm_time     timestamptz NOT NULL,
    PRIMARY KEY (month, care_region_code),
    CHECK (maker_id <> checker_id)
);
CREATE TRIGGER month_confirmation_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON month_confirmation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE table_line (
    month               text   NOT NULL REFERENCES clearing_month,
    insured_region_code text   NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]0000$'),
    care_region_code    text   NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]0000$'),
    scheme_code         text   NOT NULL CHECK (scheme_code ~ '^3[0-9]{2}$'),
    fund_type_code      text   NOT NULL CHECK (fund_type_code ~ '^[0-9]{6}$'),
    cost_fen            bigint NOT NULL,
    adjustment_fen      bigint NOT NULL,
    deduction_fen       bigint NOT NULL,
    payable_fen         bigint NOT NULL,
    settlement_count    bigint NOT NULL CHECK (settlement_count >= 0),
    reversal_count      bigint NOT NULL CHECK (reversal_count >= 0),
    late_fen            bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (month, insured_region_code, care_region_code, scheme_code, fund_type_code),
    CHECK (insured_region_code <> care_region_code),
    CHECK (payable_fen = cost_fen + adjustment_fen + deduction_fen)
);
CREATE INDEX table_line_by_care ON table_line (month, care_region_code);
COMMENT ON TABLE table_line IS
    'What is payable of a month by pair, scheme and fund type (清算表); frozen when its tables are made.';
COMMENT ON COLUMN table_line.settlement_count IS
    'Of pair and scheme, on the first of its lines alone, so that lines add up.';

COMMENT ON COLUMN table_line.late_fen IS
    'Of cost and adjustment: what happened in an earlier month and came after its cut.';

CREATE TABLE month_table (
    month                 text        PRIMARY KEY REFERENCES clearing_month,
    line_count            bigint      NOT NULL CHECK (line_count >= 0),
    payable_fen           bigint      NOT NULL,
    late_settlement_count bigint      NOT NULL CHECK (late_settlement_count >= 0),
    late_reversal_count   bigint      NOT NULL CHECK (late_reversal_count >= 0),
    digest                bytea       NOT NULL CHECK (octet_length(digest) = 32),
    table_time            timestamptz NOT NULL,
    maker_id              text        NOT NULL,
    checker_id            text        NOT NULL,
    CHECK (maker_id <> checker_id)
);
COMMENT ON COLUMN month_table.digest IS 'SHA-256 over the lines in their order; see domain/tables.py.';
CREATE TRIGGER month_table_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON month_table
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION keep_tables() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM month_table t JOIN new_line n ON n.month = t.month) THEN
        RAISE EXCEPTION 'the tables of the month are made' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER table_line_is_made_once
    AFTER INSERT ON table_line REFERENCING NEW TABLE AS new_line
    FOR EACH STATEMENT EXECUTE FUNCTION keep_tables();
CREATE TRIGGER table_line_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON table_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE table_signature (
    signature_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    month               text        NOT NULL REFERENCES month_table,
    insured_region_code text        NOT NULL,
    care_region_code    text        NOT NULL,
    region_code         text        NOT NULL,
    decision            text        NOT NULL CHECK (decision IN ('SIGNED', 'OBJECTED')),
    note                text        NOT NULL,
    maker_id            text        NOT NULL,
    checker_id          text        NOT NULL,
    sign_time           timestamptz NOT NULL,
    CHECK (region_code IN (insured_region_code, care_region_code)),
    CHECK (maker_id <> checker_id),
    CHECK (decision = 'SIGNED' OR note <> '')
);
-- A side signs a pair once and for all; before that it may object as often as it likes.
CREATE UNIQUE INDEX table_signature_is_given_once
    ON table_signature (month, insured_region_code, care_region_code, region_code)
    WHERE decision = 'SIGNED';
CREATE INDEX table_signature_by_pair
    ON table_signature (month, insured_region_code, care_region_code, region_code, signature_id);
CREATE TRIGGER table_signature_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON table_signature
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE clearing_year (
    year       integer     PRIMARY KEY CHECK (year BETWEEN 2000 AND 2099),
    close_time timestamptz NOT NULL,
    maker_id   text        NOT NULL,
    checker_id text        NOT NULL,
    CHECK (maker_id <> checker_id)
);
CREATE TRIGGER clearing_year_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON clearing_year
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE late_booking (
    month     text NOT NULL,
    source_id uuid NOT NULL,
    kind      text NOT NULL,
    PRIMARY KEY (month, source_id, kind)
);
COMMENT ON TABLE late_booking IS
    'Bookings of the feed in a month that began after they happened: their own was cut. A few, kept so that tables can show them without reading a month.';
CREATE TRIGGER late_booking_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON late_booking
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION note_late_bookings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Midnight in China is eight hours before that of UTC.
    INSERT INTO late_booking (month, source_id, kind)
    SELECT p.month, n.source_id, n.kind
      FROM added n JOIN position p ON p.position_id = n.position_id
     WHERE n.event_time < (p.month || '-01')::timestamp AT TIME ZONE 'UTC' - interval '8 hours';
    RETURN NULL;
END $$;
CREATE TRIGGER booking_is_noted_when_late
    AFTER INSERT ON booking REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION note_late_bookings();
