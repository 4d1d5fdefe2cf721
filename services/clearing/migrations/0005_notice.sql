-- Notices and payment: who transfers how much to whom, and what the banks show of it. Two people
-- for every notice and for every line that has no place. No personal data.

CREATE TABLE notice_number (
    kind        text    NOT NULL,
    year        integer NOT NULL,
    last_number integer NOT NULL CHECK (last_number > 0),
    PRIMARY KEY (kind, year)
);
COMMENT ON TABLE notice_number IS
    'Counted in the transaction that issues: one that is undone takes its numbers back, so there is no gap.';

CREATE TABLE notice (
    notice_id            uuid        PRIMARY KEY,
    number               text        UNIQUE CHECK (number ~ '^(QS|YF|TZ)20[0-9]{8}$'),
    kind                 text        NOT NULL
        CHECK (kind IN ('CLEARING', 'PREPAYMENT_ADJUSTMENT', 'EMERGENCY_TOP_UP')),
    source_id            uuid        NOT NULL,
    month                text        NOT NULL CHECK (month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
    insured_region_code  text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]0000$'),
    care_region_code     text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]0000$'),
    payer_region_code    text        NOT NULL,
    receiver_region_code text        NOT NULL,
    amount_fen           bigint      NOT NULL CHECK (amount_fen >= 0),
    fee_fen              bigint      NOT NULL DEFAULT 0 CHECK (fee_fen >= 0),
    state                text        NOT NULL
        CHECK (state IN ('DRAFT', 'ISSUED', 'PART_PAID', 'PAID', 'REJECTED')),
    maker_id             text        NOT NULL,
    checker_id           text        NOT NULL DEFAULT '',
    draft_time           timestamptz NOT NULL,
    issue_date           date,
    CHECK (insured_region_code <> care_region_code),
    CHECK ((payer_region_code, receiver_region_code)
           IN ((insured_region_code, care_region_code), (care_region_code, insured_region_code))),
    CHECK ((state IN ('DRAFT', 'REJECTED')) = (number IS NULL)),
    CHECK ((number IS NULL) = (issue_date IS NULL)),
    CHECK ((state = 'DRAFT') = (checker_id = '')),
    CHECK (lower(maker_id) <> lower(checker_id))
);
COMMENT ON COLUMN notice.source_id IS 'What it is for: a pair''s month, a quota, a top-up.';
COMMENT ON COLUMN notice.fee_fen IS 'What banks took for transferring it; it pays nothing of it.';
CREATE UNIQUE INDEX notice_stands ON notice (kind, source_id) WHERE state <> 'REJECTED';
CREATE INDEX notice_by_month ON notice (month, kind, insured_region_code, care_region_code);
CREATE INDEX notice_by_payer ON notice (payer_region_code, notice_id);
CREATE INDEX notice_by_receiver ON notice (receiver_region_code, notice_id);
CREATE INDEX notice_by_state ON notice (state, notice_id);

CREATE FUNCTION keep_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.state = 'REJECTED'
       OR (OLD.number IS NOT NULL AND (OLD.number, OLD.issue_date, OLD.checker_id)
           IS DISTINCT FROM (NEW.number, NEW.issue_date, NEW.checker_id))
       OR (OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN
           (('DRAFT', 'ISSUED'), ('DRAFT', 'REJECTED'), ('DRAFT', 'PAID'), ('ISSUED', 'PART_PAID'),
            ('ISSUED', 'PAID'), ('PART_PAID', 'PAID')))
       OR (OLD.notice_id, OLD.kind, OLD.source_id, OLD.month, OLD.insured_region_code,
           OLD.care_region_code, OLD.payer_region_code, OLD.receiver_region_code, OLD.amount_fen,
           OLD.maker_id, OLD.draft_time)
          IS DISTINCT FROM
          (NEW.notice_id, NEW.kind, NEW.source_id, NEW.month, NEW.insured_region_code,
           NEW.care_region_code, NEW.payer_region_code, NEW.receiver_region_code, NEW.amount_fen,
           NEW.maker_id, NEW.draft_time) THEN
        RAISE EXCEPTION 'a notice stays as it was drawn up' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER notice_is_kept
    BEFORE UPDATE OR DELETE ON notice
    FOR EACH ROW EXECUTE FUNCTION keep_notice();
CREATE TRIGGER notice_is_not_emptied
    BEFORE TRUNCATE ON notice
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE notice_line (
    notice_id      uuid   NOT NULL REFERENCES notice,
    scheme_code    text   NOT NULL CHECK (scheme_code ~ '^3[0-9]{2}$'),
    fund_type_code text   NOT NULL CHECK (fund_type_code ~ '^[0-9]{6}$'),
    amount_fen     bigint NOT NULL CHECK (amount_fen <> 0),
    paid_fen       bigint NOT NULL DEFAULT 0,
    pending_fen    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (notice_id, scheme_code, fund_type_code),
    -- Whatever happens at once, no line is ever paid more than it says.
    CHECK (CASE WHEN amount_fen > 0
                THEN paid_fen >= 0 AND pending_fen >= 0 AND paid_fen + pending_fen <= amount_fen
                ELSE paid_fen <= 0 AND pending_fen <= 0 AND paid_fen + pending_fen >= amount_fen
           END)
);
COMMENT ON COLUMN notice_line.amount_fen IS
    'More than zero: the insured province pays. Less than zero: the care province does.';
COMMENT ON COLUMN notice_line.pending_fen IS 'Waits for a second officer.';

CREATE FUNCTION keep_notice_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE'
       OR (OLD.notice_id, OLD.scheme_code, OLD.fund_type_code, OLD.amount_fen)
          IS DISTINCT FROM
          (NEW.notice_id, NEW.scheme_code, NEW.fund_type_code, NEW.amount_fen) THEN
        RAISE EXCEPTION 'a notice stays as it was drawn up' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER notice_line_is_kept
    BEFORE UPDATE OR DELETE ON notice_line
    FOR EACH ROW EXECUTE FUNCTION keep_notice_line();
CREATE TRIGGER notice_line_is_not_emptied
    BEFORE TRUNCATE ON notice_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE notice_change (
    change_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notice_id   uuid        NOT NULL REFERENCES notice,
    state       text        NOT NULL,
    operator_id text        NOT NULL,
    note        text        NOT NULL DEFAULT '',
    change_time timestamptz NOT NULL
);
COMMENT ON COLUMN notice_change.operator_id IS 'Who made or checked; empty: a bank line did it.';
CREATE INDEX notice_change_by_notice ON notice_change (notice_id, change_id);
CREATE TRIGGER notice_change_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON notice_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE notice_step (
    notice_id   uuid        NOT NULL REFERENCES notice,
    step        text        NOT NULL
        CHECK (step IN ('SUBMITTED', 'TRANSFERRED', 'RETURNED', 'CONFIRMED', 'RECEIVED')),
    region_code text        NOT NULL,
    done_date   date        NOT NULL,
    operator_id text        NOT NULL,
    note        text        NOT NULL DEFAULT '',
    record_time timestamptz NOT NULL,
    PRIMARY KEY (notice_id, step)
);
COMMENT ON COLUMN notice_step.operator_id IS
    'Who recorded it; empty: a bank line shows that it was done by then.';
CREATE TRIGGER notice_step_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON notice_step
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE bank_statement (
    statement_id    uuid        PRIMARY KEY,
    digest          bytea       NOT NULL CHECK (length(digest) = 32),
    region_code     text        NOT NULL,
    operator_id     text        NOT NULL,
    line_count      integer     NOT NULL CHECK (line_count > 0),
    duplicate_count integer     NOT NULL CHECK (duplicate_count BETWEEN 0 AND line_count),
    upload_time     timestamptz NOT NULL
);
COMMENT ON COLUMN bank_statement.digest IS 'SHA-256 of the file.';
COMMENT ON COLUMN bank_statement.region_code IS 'Whose account it is of; empty: of several.';
CREATE TRIGGER bank_statement_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_statement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE bank_line (
    line_id              uuid    PRIMARY KEY,
    statement_id         uuid    NOT NULL REFERENCES bank_statement,
    line_number          integer NOT NULL CHECK (line_number > 1),
    bank_reference       text    NOT NULL CHECK (bank_reference <> ''),
    value_date           date    NOT NULL,
    payer_region_code    text    NOT NULL,
    receiver_region_code text    NOT NULL,
    amount_fen           bigint  NOT NULL CHECK (amount_fen > 0),
    business_type        text    NOT NULL
        CHECK (business_type IN ('CLEARING', 'PREPAYMENT', 'INTEREST', 'BANK_FEE')),
    notice_number        text    NOT NULL,
    outcome              text    NOT NULL,
    late                 boolean NOT NULL,
    notice_id            uuid    REFERENCES notice,
    applied_fen          bigint  NOT NULL CHECK (applied_fen >= 0),
    suspended_fen        bigint  NOT NULL CHECK (suspended_fen >= 0),
    allocated_fen        bigint  NOT NULL DEFAULT 0 CHECK (allocated_fen >= 0),
    returned_fen         bigint  NOT NULL DEFAULT 0 CHECK (returned_fen >= 0),
    state                text    NOT NULL
        CHECK (state IN ('MATCHED', 'RECORDED', 'SUSPENDED', 'PROPOSED', 'RESOLVED')),
    -- Not a fen of a transfer is without a place; interest and fees pay nothing.
    CHECK (CASE WHEN state = 'RECORDED'
                THEN applied_fen + suspended_fen + allocated_fen + returned_fen = 0
                ELSE applied_fen + suspended_fen + allocated_fen + returned_fen = amount_fen
           END),
    CHECK ((state IN ('SUSPENDED', 'PROPOSED')) = (suspended_fen > 0)),
    CHECK ((applied_fen > 0) <= (notice_id IS NOT NULL))
);
COMMENT ON COLUMN bank_line.bank_reference IS
    'Of the payment system: the same in the statements of both sides.';
COMMENT ON COLUMN bank_line.notice_number IS 'As stated, where it has the shape of one.';
COMMENT ON COLUMN bank_line.applied_fen IS 'Paid the notice that the line names.';
-- The same transfer is never posted twice, whoever uploads it again and however often.
CREATE UNIQUE INDEX bank_line_once ON bank_line
    (bank_reference, (CASE payer_region_code WHEN '' THEN receiver_region_code ELSE payer_region_code END));
CREATE INDEX bank_line_by_notice ON bank_line (notice_id) WHERE notice_id IS NOT NULL;
CREATE INDEX bank_line_by_state ON bank_line (state, line_id);
CREATE INDEX bank_line_by_statement ON bank_line (statement_id, line_number);

CREATE FUNCTION keep_bank_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE'
       OR (OLD.line_id, OLD.statement_id, OLD.line_number, OLD.bank_reference, OLD.value_date,
           OLD.payer_region_code, OLD.receiver_region_code, OLD.amount_fen, OLD.business_type,
           OLD.notice_number, OLD.outcome, OLD.late, OLD.notice_id, OLD.applied_fen)
          IS DISTINCT FROM
          (NEW.line_id, NEW.statement_id, NEW.line_number, NEW.bank_reference, NEW.value_date,
           NEW.payer_region_code, NEW.receiver_region_code, NEW.amount_fen, NEW.business_type,
           NEW.notice_number, NEW.outcome, NEW.late, NEW.notice_id, NEW.applied_fen)
       OR (OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN
           (('SUSPENDED', 'PROPOSED'), ('PROPOSED', 'SUSPENDED'), ('PROPOSED', 'RESOLVED')))
       OR NEW.allocated_fen < OLD.allocated_fen OR NEW.returned_fen < OLD.returned_fen THEN
        RAISE EXCEPTION 'a bank line stays as the bank stated it'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bank_line_is_kept
    BEFORE UPDATE OR DELETE ON bank_line
    FOR EACH ROW EXECUTE FUNCTION keep_bank_line();
CREATE TRIGGER bank_line_is_not_emptied
    BEFORE TRUNCATE ON bank_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE bank_line_change (
    change_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    line_id       uuid        NOT NULL REFERENCES bank_line,
    state         text        NOT NULL,
    resolution_id uuid,
    operator_id   text        NOT NULL,
    change_time   timestamptz NOT NULL
);
CREATE INDEX bank_line_change_by_line ON bank_line_change (line_id, change_id);
CREATE TRIGGER bank_line_change_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_line_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE bank_resolution (
    resolution_id uuid        PRIMARY KEY,
    ordinal       bigint      GENERATED ALWAYS AS IDENTITY,
    line_id       uuid        NOT NULL REFERENCES bank_line,
    decision      text        NOT NULL CHECK (decision IN ('ALLOCATED', 'RETURNED')),
    notice_id     uuid        REFERENCES notice,
    amount_fen    bigint      NOT NULL CHECK (amount_fen > 0),
    status        text        NOT NULL CHECK (status IN ('PENDING', 'POSTED', 'VOIDED')),
    note          text        NOT NULL CHECK (note <> ''),
    maker_id      text        NOT NULL,
    checker_id    text        NOT NULL DEFAULT '',
    propose_time  timestamptz NOT NULL,
    decide_time   timestamptz,
    CHECK ((decision = 'ALLOCATED') = (notice_id IS NOT NULL)),
    CHECK ((status = 'PENDING') = (checker_id = '') AND (status = 'PENDING') = (decide_time IS NULL)),
    CHECK (lower(maker_id) <> lower(checker_id))
);
COMMENT ON TABLE bank_resolution IS
    'Where an officer says that what is suspended belongs; another one posts or voids it.';
CREATE UNIQUE INDEX bank_resolution_pending ON bank_resolution (line_id) WHERE status = 'PENDING';
CREATE INDEX bank_resolution_by_line ON bank_resolution (line_id, ordinal);
CREATE INDEX bank_resolution_by_notice ON bank_resolution (notice_id) WHERE notice_id IS NOT NULL;

CREATE FUNCTION keep_bank_resolution() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.status <> 'PENDING'
       OR (OLD.resolution_id, OLD.line_id, OLD.decision, OLD.notice_id, OLD.amount_fen, OLD.note,
           OLD.maker_id, OLD.propose_time)
          IS DISTINCT FROM
          (NEW.resolution_id, NEW.line_id, NEW.decision, NEW.notice_id, NEW.amount_fen, NEW.note,
           NEW.maker_id, NEW.propose_time) THEN
        RAISE EXCEPTION 'a resolution is decided once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bank_resolution_is_kept
    BEFORE UPDATE OR DELETE ON bank_resolution
    FOR EACH ROW EXECUTE FUNCTION keep_bank_resolution();
CREATE TRIGGER bank_resolution_is_not_emptied
    BEFORE TRUNCATE ON bank_resolution
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE bank_resolution_part (
    resolution_id  uuid   NOT NULL REFERENCES bank_resolution,
    scheme_code    text   NOT NULL,
    fund_type_code text   NOT NULL,
    amount_fen     bigint NOT NULL CHECK (amount_fen <> 0),
    PRIMARY KEY (resolution_id, scheme_code, fund_type_code)
);
COMMENT ON TABLE bank_resolution_part IS 'What a resolution pays of which line of its notice.';
CREATE TRIGGER bank_resolution_part_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_resolution_part
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
