-- What is disputed: deductions with their appeals, and inquiries into costly stays. Their money is in
-- the ledger alone, under the source ids kept here.

ALTER TABLE hub_record ADD COLUMN medical_type_code text
    CHECK (medical_type_code ~ '^[0-9]{2,6}$');
COMMENT ON COLUMN hub_record.medical_type_code IS
    'National med_type or a local child; null: kept before it was, and the feed has not said it again.';

-- Who was taken back, for the list of negative records.
CREATE INDEX booking_reversed ON booking (source_id) WHERE kind = 'REVERSED';
CREATE INDEX booking_reversed_by_position ON booking (position_id) WHERE kind = 'REVERSED';
-- And who was since a block: looked for every few seconds, beside a ledger of hundreds of millions.
CREATE INDEX booking_reversed_by_block ON booking (block_id) WHERE kind = 'REVERSED';

CREATE TABLE inquiry (
    inquiry_id          uuid        PRIMARY KEY,
    settlement_id       uuid        NOT NULL REFERENCES hub_record,
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]0000$'),
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]0000$'),
    institution_code    text        NOT NULL,
    total_fen           bigint      NOT NULL CHECK (total_fen > 0),
    state               text        NOT NULL
        CHECK (state IN ('OPEN', 'CONFIRMED', 'IRREGULAR', 'LAPSED')),
    question            text        NOT NULL CHECK (question <> ''),
    opener_id           text        NOT NULL,
    open_time           timestamptz NOT NULL,
    answer_last_date    date        NOT NULL,
    answer              text        NOT NULL DEFAULT '',
    maker_id            text        NOT NULL DEFAULT '',
    checker_id          text        NOT NULL DEFAULT '',
    close_time          timestamptz,
    is_late             boolean     NOT NULL DEFAULT false,
    CHECK ((state = 'OPEN') = (close_time IS NULL)),
    CHECK ((state IN ('CONFIRMED', 'IRREGULAR')) = (answer <> '')),
    CHECK ((answer = '') = (maker_id = '') AND (answer = '') = (checker_id = '')),
    CHECK (answer = '' OR maker_id <> checker_id)
);
CREATE UNIQUE INDEX inquiry_open_once ON inquiry (settlement_id) WHERE state = 'OPEN';
CREATE INDEX inquiry_by_settlement ON inquiry (settlement_id);
CREATE INDEX inquiry_by_insured ON inquiry (insured_region_code, inquiry_id);
CREATE INDEX inquiry_by_care ON inquiry (care_region_code, inquiry_id);
CREATE INDEX inquiry_by_state ON inquiry (state, inquiry_id);

CREATE FUNCTION keep_inquiry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.state <> 'OPEN'
       OR (OLD.inquiry_id, OLD.settlement_id, OLD.insured_region_code, OLD.care_region_code,
           OLD.institution_code, OLD.total_fen, OLD.question, OLD.opener_id, OLD.open_time,
           OLD.answer_last_date)
          IS DISTINCT FROM
          (NEW.inquiry_id, NEW.settlement_id, NEW.insured_region_code, NEW.care_region_code,
           NEW.institution_code, NEW.total_fen, NEW.question, NEW.opener_id, NEW.open_time,
           NEW.answer_last_date) THEN
        RAISE EXCEPTION 'an inquiry is answered once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER inquiry_is_kept
    BEFORE UPDATE OR DELETE ON inquiry
    FOR EACH ROW EXECUTE FUNCTION keep_inquiry();
CREATE TRIGGER inquiry_is_not_emptied
    BEFORE TRUNCATE ON inquiry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE deduction (
    deduction_id        uuid        PRIMARY KEY,
    decision_id         uuid        NOT NULL UNIQUE,
    inquiry_id          uuid        UNIQUE REFERENCES inquiry,
    settlement_id       uuid        NOT NULL,
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]0000$'),
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]0000$'),
    scheme_code         text        NOT NULL CHECK (scheme_code ~ '^3[0-9]{2}$'),
    is_by_fund          boolean     NOT NULL,
    state               text        NOT NULL CHECK (state IN
        ('PENDING', 'APPEALED', 'UPHELD', 'WITHDRAWN', 'LAPSED', 'RETURNED')),
    appeal_last_date    date        NOT NULL,
    month               text        NOT NULL CHECK (month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
    source_id           uuid        NOT NULL UNIQUE,
    return_month        text        NOT NULL DEFAULT ''
        CHECK (return_month ~ '^(20[0-9]{2}-(0[1-9]|1[0-2]))?$'),
    return_source_id    uuid        UNIQUE,
    record_time         timestamptz NOT NULL,
    CHECK (inquiry_id IS NULL OR inquiry_id = decision_id),
    CHECK ((state = 'RETURNED') = (return_source_id IS NOT NULL)),
    CHECK ((return_source_id IS NULL) = (return_month = ''))
);
COMMENT ON COLUMN deduction.decision_id IS
    'Final decision that it carries out, or the inquiry that was answered IRREGULAR: carried out once.';
COMMENT ON COLUMN deduction.is_by_fund IS
    'The decision named the funds; otherwise its amount was split: what a repeat is compared by.';
COMMENT ON COLUMN deduction.month IS
    'Clearing month in which it is pending or posted; a later one where that was tabled meanwhile.';
COMMENT ON COLUMN deduction.source_id IS 'Its booking in the ledger, of kind DEDUCTION.';
COMMENT ON COLUMN deduction.return_source_id IS
    'The booking of opposite sign, once its settlement was reversed.';
CREATE INDEX deduction_standing ON deduction (settlement_id)
    WHERE state IN ('PENDING', 'APPEALED', 'UPHELD');
CREATE INDEX deduction_by_settlement ON deduction (settlement_id);
CREATE INDEX deduction_due ON deduction (appeal_last_date, deduction_id) WHERE state = 'PENDING';
CREATE INDEX deduction_by_insured ON deduction (insured_region_code, deduction_id);
CREATE INDEX deduction_by_care ON deduction (care_region_code, deduction_id);
CREATE INDEX deduction_by_state ON deduction (state, deduction_id);
CREATE INDEX deduction_by_month ON deduction (month, deduction_id);
CREATE INDEX deduction_by_return_month ON deduction (return_month, deduction_id)
    WHERE return_month <> '';

CREATE TABLE deduction_fund (
    deduction_id   uuid   NOT NULL REFERENCES deduction,
    fund_type_code text   NOT NULL CHECK (fund_type_code ~ '^[0-9]{6}$'),
    amount_fen     bigint NOT NULL CHECK (amount_fen > 0),
    PRIMARY KEY (deduction_id, fund_type_code)
);

CREATE TABLE deduction_change (
    change_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    deduction_id uuid        NOT NULL REFERENCES deduction,
    state        text        NOT NULL,
    change_time  timestamptz NOT NULL,
    region_code  text        NOT NULL DEFAULT '',
    maker_id     text        NOT NULL DEFAULT '',
    checker_id   text        NOT NULL DEFAULT '',
    note         text        NOT NULL DEFAULT '',
    UNIQUE (deduction_id, state),
    CHECK (maker_id = '' OR maker_id <> checker_id)
);
COMMENT ON COLUMN deduction_change.maker_id IS 'Empty: the hub by itself.';

-- The only ways are those of domain/deduction_states.py, and what was decided does not change.
CREATE FUNCTION keep_deduction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE'
       OR (OLD.state, NEW.state) NOT IN (
           ('PENDING', 'APPEALED'), ('PENDING', 'UPHELD'), ('PENDING', 'LAPSED'),
           ('APPEALED', 'UPHELD'), ('APPEALED', 'WITHDRAWN'), ('APPEALED', 'LAPSED'),
           ('UPHELD', 'RETURNED'))
       OR (OLD.deduction_id, OLD.decision_id, OLD.inquiry_id, OLD.settlement_id,
           OLD.insured_region_code, OLD.care_region_code, OLD.scheme_code, OLD.is_by_fund,
           OLD.appeal_last_date, OLD.record_time)
          IS DISTINCT FROM
          (NEW.deduction_id, NEW.decision_id, NEW.inquiry_id, NEW.settlement_id,
           NEW.insured_region_code, NEW.care_region_code, NEW.scheme_code, NEW.is_by_fund,
           NEW.appeal_last_date, NEW.record_time)
       OR (NEW.state <> 'UPHELD'
           AND (OLD.month, OLD.source_id) IS DISTINCT FROM (NEW.month, NEW.source_id)) THEN
        RAISE EXCEPTION 'a deduction does not go that way' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER deduction_is_kept
    BEFORE UPDATE OR DELETE ON deduction
    FOR EACH ROW EXECUTE FUNCTION keep_deduction();
CREATE TRIGGER deduction_is_not_emptied
    BEFORE TRUNCATE ON deduction
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER deduction_fund_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON deduction_fund
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER deduction_change_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON deduction_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- No fund gives back more than it paid, whoever writes. Recording is serialised by the ledger's lock.
CREATE FUNCTION require_held_deduction() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    settled uuid := (SELECT d.settlement_id FROM deduction d
                      WHERE d.deduction_id = NEW.deduction_id);
BEGIN
    IF (SELECT sum(f.amount_fen)
          FROM deduction d JOIN deduction_fund f ON f.deduction_id = d.deduction_id
         WHERE d.settlement_id = settled AND d.state IN ('PENDING', 'APPEALED', 'UPHELD')
           AND f.fund_type_code = NEW.fund_type_code)
       > coalesce((SELECT sum(t.amount_fen) FROM transfer t
                    WHERE t.source_id = settled AND t.kind = 'SETTLED'
                      AND t.fund_type_code = NEW.fund_type_code), 0) THEN
        RAISE EXCEPTION 'more is deducted from settlement % than it holds', settled
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER deduction_is_held
    AFTER INSERT ON deduction_fund
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION require_held_deduction();

CREATE TABLE dispute_mark (
    only_row bool   PRIMARY KEY DEFAULT true CHECK (only_row),
    block_id bigint NOT NULL
);
COMMENT ON TABLE dispute_mark IS
    'Last block of the ledger in which reversals of deducted settlements were looked for.';
INSERT INTO dispute_mark (block_id) VALUES (0);
