-- Cases: what people decide about findings, in three stages, and what follows: opinions, answers, documents,
-- deductions for clearing, credit points and their consequences. What was said or decided is append-only; a case
-- and a deduction move on only by the ways written down here.

CREATE TABLE case_mark (
    only_row          bool   PRIMARY KEY DEFAULT true CHECK (only_row),
    finding_number    bigint NOT NULL,
    withdrawal_number bigint NOT NULL
);
COMMENT ON TABLE case_mark IS 'How far findings and withdrawals were taken into cases.';
INSERT INTO case_mark (finding_number, withdrawal_number) VALUES (0, 0);

CREATE TABLE case_file (
    case_id             uuid        PRIMARY KEY,
    settlement_id       uuid        NOT NULL,
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]{5}$'),
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]{5}$'),
    institution_code    text        NOT NULL CHECK (institution_code ~ '^[HP][0-9]{11}$'),
    state               text        NOT NULL CHECK (state IN (
        'FIRST_REVIEW', 'SECOND_REVIEW', 'OPINION_SENT', 'ANSWERED', 'ANSWER_OVERDUE', 'FINAL_REVIEW',
        'DEDUCTING', 'DEDUCTED', 'APPEALED', 'UPHELD', 'WITHDRAWN', 'CONFIRMED', 'DISMISSED', 'LAPSED', 'REFUSED')),
    result_class        text        NOT NULL CHECK (result_class IN ('VIOLATION', 'SUSPICIOUS', 'TO_VERIFY')),
    is_plain            boolean     NOT NULL,
    rule_codes          text[]      NOT NULL CHECK (cardinality(rule_codes) > 0),
    amount_fen          bigint      NOT NULL CHECK (amount_fen >= 0),
    open_time           timestamptz NOT NULL,
    change_time         timestamptz NOT NULL
);
COMMENT ON TABLE case_file IS 'A case (案件): all findings on one settlement that came while nobody had decided.';
COMMENT ON COLUMN case_file.result_class IS 'Gravest of its findings.';
COMMENT ON COLUMN case_file.is_plain IS 'All of its findings are violations: it may be confirmed with others.';
COMMENT ON COLUMN case_file.amount_fen IS 'Largest amount of a finding.';
CREATE UNIQUE INDEX case_file_open_once ON case_file (settlement_id) WHERE state = 'FIRST_REVIEW';
CREATE INDEX case_file_by_settlement ON case_file (settlement_id);
CREATE INDEX case_file_by_care ON case_file (left(care_region_code, 2), case_id);
CREATE INDEX case_file_by_insured ON case_file (left(insured_region_code, 2), case_id);
CREATE INDEX case_file_by_state ON case_file (state, case_id);
CREATE INDEX case_file_by_open_time ON case_file (open_time);
CREATE INDEX case_file_by_institution ON case_file (institution_code, case_id);
CREATE INDEX case_file_by_rule ON case_file USING gin (rule_codes);

-- The only ways are those of domain/case_states.py.
CREATE FUNCTION keep_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE'
       OR (OLD.case_id, OLD.settlement_id, OLD.care_region_code, OLD.insured_region_code, OLD.institution_code,
           OLD.open_time)
          IS DISTINCT FROM
          (NEW.case_id, NEW.settlement_id, NEW.care_region_code, NEW.insured_region_code, NEW.institution_code,
           NEW.open_time)
       OR (OLD.state <> 'FIRST_REVIEW'
           AND (OLD.result_class, OLD.is_plain, OLD.rule_codes, OLD.amount_fen)
               IS DISTINCT FROM (NEW.result_class, NEW.is_plain, NEW.rule_codes, NEW.amount_fen))
       OR (OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (
           ('FIRST_REVIEW', 'SECOND_REVIEW'), ('FIRST_REVIEW', 'DISMISSED'), ('FIRST_REVIEW', 'LAPSED'),
           ('SECOND_REVIEW', 'OPINION_SENT'), ('SECOND_REVIEW', 'DISMISSED'), ('SECOND_REVIEW', 'LAPSED'),
           ('OPINION_SENT', 'ANSWERED'), ('OPINION_SENT', 'ANSWER_OVERDUE'), ('OPINION_SENT', 'LAPSED'),
           ('ANSWERED', 'FINAL_REVIEW'), ('ANSWERED', 'DISMISSED'), ('ANSWERED', 'LAPSED'),
           ('ANSWER_OVERDUE', 'FINAL_REVIEW'), ('ANSWER_OVERDUE', 'DISMISSED'), ('ANSWER_OVERDUE', 'LAPSED'),
           ('FINAL_REVIEW', 'DEDUCTING'), ('FINAL_REVIEW', 'CONFIRMED'), ('FINAL_REVIEW', 'DISMISSED'),
           ('FINAL_REVIEW', 'LAPSED'),
           ('DEDUCTING', 'DEDUCTED'), ('DEDUCTING', 'REFUSED'), ('DEDUCTING', 'LAPSED'),
           ('DEDUCTED', 'APPEALED'), ('DEDUCTED', 'UPHELD'), ('DEDUCTED', 'LAPSED'),
           ('APPEALED', 'UPHELD'), ('APPEALED', 'WITHDRAWN'), ('APPEALED', 'LAPSED'),
           ('UPHELD', 'LAPSED'), ('CONFIRMED', 'LAPSED'))) THEN
        RAISE EXCEPTION 'a case does not go that way' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_is_kept
    BEFORE UPDATE OR DELETE ON case_file
    FOR EACH ROW EXECUTE FUNCTION keep_case();
CREATE TRIGGER case_is_not_emptied
    BEFORE TRUNCATE ON case_file
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE case_finding (
    finding_id   uuid PRIMARY KEY REFERENCES finding (finding_id),
    case_id      uuid NOT NULL REFERENCES case_file
);
COMMENT ON TABLE case_finding IS 'Every finding on a direct settlement is in one case.';
CREATE INDEX case_finding_by_case ON case_finding (case_id);

CREATE TABLE case_sample (
    sample_id         uuid        PRIMARY KEY,
    region_code       text        NOT NULL CHECK (region_code ~ '^[1-6][0-9]0000$'),
    rule_code         text        NOT NULL,
    seed              text        NOT NULL CHECK (seed <> ''),
    draw_time         timestamptz NOT NULL,
    population        integer     NOT NULL CHECK (population > 0),
    population_digest bytea       NOT NULL CHECK (length(population_digest) = 32),
    officer_id        text        NOT NULL
);
CREATE TABLE case_sample_member (
    case_id    uuid    PRIMARY KEY REFERENCES case_file,
    sample_id  uuid    NOT NULL REFERENCES case_sample,
    draw_order integer CHECK (draw_order > 0),
    UNIQUE (sample_id, draw_order)
);
COMMENT ON TABLE case_sample_member IS
    'Population of a sample; nobody is in two: a rejected sample must not be drawn again until it pleases.';
COMMENT ON COLUMN case_sample_member.draw_order IS 'Null: not drawn.';
CREATE INDEX case_sample_member_by_sample ON case_sample_member (sample_id);

CREATE TABLE case_change (
    change_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id     uuid        NOT NULL REFERENCES case_file,
    state       text        NOT NULL,
    change_time timestamptz NOT NULL,
    step        text        NOT NULL DEFAULT '' CHECK (step IN ('', 'FIRST', 'SECOND', 'ANSWER', 'FINAL')),
    officer_id  text        NOT NULL DEFAULT '',
    note        text        NOT NULL DEFAULT '',
    sample_id   uuid        REFERENCES case_sample,
    CHECK ((step = '') = (officer_id = '')),
    CHECK (sample_id IS NULL OR step = 'FIRST')
);
CREATE INDEX case_change_by_case ON case_change (case_id, change_id);
CREATE UNIQUE INDEX case_change_step_once ON case_change (case_id, step) WHERE step <> '';
CREATE INDEX case_change_by_sample ON case_change (sample_id) WHERE sample_id IS NOT NULL;

CREATE TABLE case_verdict (
    finding_id   uuid    NOT NULL REFERENCES case_finding,
    step         text    NOT NULL CHECK (step IN ('FIRST', 'SECOND', 'ANSWER', 'FINAL')),
    is_confirmed boolean NOT NULL,
    at_fault_fen bigint  CHECK (at_fault_fen > 0),
    PRIMARY KEY (finding_id, step),
    CHECK (is_confirmed OR at_fault_fen IS NULL)
);
COMMENT ON COLUMN case_verdict.at_fault_fen IS 'Null: all of the finding, or nothing where it is dismissed.';

CREATE TABLE opinion_counter (
    region_code text    NOT NULL CHECK (region_code ~ '^[1-6][0-9]0000$'),
    year        integer NOT NULL,
    last_number integer NOT NULL CHECK (last_number > 0),
    PRIMARY KEY (region_code, year)
);
CREATE TABLE opinion (
    case_id          uuid        PRIMARY KEY REFERENCES case_file,
    number           text        NOT NULL UNIQUE,
    issue_time       timestamptz NOT NULL,
    answer_last_date date        NOT NULL,
    is_provisional   boolean     NOT NULL,
    digest           bytea       NOT NULL CHECK (length(digest) = 32),
    content          bytea       NOT NULL
);
COMMENT ON TABLE opinion IS 'What institutions were told (审核意见书).';
COMMENT ON COLUMN opinion.content IS 'Encrypted: what it says, from which it is printed. Bound to case_id.';
CREATE INDEX opinion_by_last_date ON opinion (answer_last_date);

CREATE TABLE opinion_answer (
    case_id     uuid        PRIMARY KEY REFERENCES opinion,
    position    text        NOT NULL CHECK (position IN ('AGREED', 'DISPUTED')),
    text        text        NOT NULL DEFAULT '',
    officer_id  text        NOT NULL,
    answer_time timestamptz NOT NULL
);

CREATE TABLE case_document (
    document_id   uuid        PRIMARY KEY,
    case_id       uuid        NOT NULL REFERENCES opinion,
    document_type text        NOT NULL CHECK (document_type IN ('PDF', 'PNG', 'JPEG')),
    size_bytes    integer     NOT NULL CHECK (size_bytes BETWEEN 1 AND 10485760),
    digest        bytea       NOT NULL CHECK (length(digest) = 32),
    title         text        NOT NULL DEFAULT '',
    content       bytea       NOT NULL,
    create_time   timestamptz NOT NULL
);
ALTER TABLE case_document ALTER COLUMN content SET STORAGE EXTERNAL;
COMMENT ON COLUMN case_document.content IS 'Encrypted bytes. Bound to document_id.';
CREATE INDEX case_document_by_case ON case_document (case_id, document_id);

CREATE TABLE case_deduction (
    decision_id         uuid        PRIMARY KEY,
    case_id             uuid        NOT NULL UNIQUE REFERENCES case_file,
    settlement_id       uuid        NOT NULL,
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]0000$'),
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]0000$'),
    maker_id            text        NOT NULL,
    checker_id          text        NOT NULL,
    lines               bytea       NOT NULL,
    state               text        NOT NULL CHECK (state IN ('NONE', 'PENDING', 'RECORDED', 'REFUSED')),
    round               integer     NOT NULL DEFAULT 1 CHECK (round > 0),
    deduction_id        uuid        UNIQUE,
    refusal             text        NOT NULL DEFAULT '',
    appeal_last_date    date,
    next_time           timestamptz NOT NULL,
    CHECK (lower(maker_id) <> lower(checker_id)),
    CHECK ((state = 'RECORDED') = (deduction_id IS NOT NULL)),
    CHECK ((state = 'REFUSED') = (refusal <> ''))
);
COMMENT ON TABLE case_deduction IS
    'Final decisions: what is to be deducted, told to clearing until it has taken or refused it.';
COMMENT ON COLUMN case_deduction.lines IS
    'Encrypted: shares of the lines at fault by this decision alone. Bound to decision_id.';
COMMENT ON COLUMN case_deduction.state IS 'NONE: the funds paid nothing for the lines at fault.';
COMMENT ON COLUMN case_deduction.round IS
    'Which amounts count; a further round lowers them to what clearing holds, or says what it recorded.';
COMMENT ON COLUMN case_deduction.next_time IS
    'Clearing is neither told nor asked of it before; infinity: never again, what it says is final.';
CREATE INDEX case_deduction_due ON case_deduction (state, next_time, decision_id);
CREATE INDEX case_deduction_by_settlement ON case_deduction (settlement_id);

CREATE TABLE case_deduction_fund (
    decision_id    uuid    NOT NULL REFERENCES case_deduction,
    round          integer NOT NULL CHECK (round > 0),
    fund_type_code text    NOT NULL CHECK (fund_type_code ~ '^[0-9]{6}$'),
    amount_fen     bigint  NOT NULL CHECK (amount_fen > 0),
    PRIMARY KEY (decision_id, round, fund_type_code)
);

CREATE FUNCTION keep_case_deduction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE'
       OR (OLD.decision_id, OLD.case_id, OLD.settlement_id, OLD.insured_region_code, OLD.care_region_code,
           OLD.maker_id, OLD.checker_id, OLD.lines)
          IS DISTINCT FROM
          (NEW.decision_id, NEW.case_id, NEW.settlement_id, NEW.insured_region_code, NEW.care_region_code,
           NEW.maker_id, NEW.checker_id, NEW.lines)
       OR NEW.round < OLD.round
       OR (OLD.state <> 'PENDING'
           AND (OLD.state, OLD.round, OLD.deduction_id, OLD.refusal)
               IS DISTINCT FROM (NEW.state, NEW.round, NEW.deduction_id, NEW.refusal)) THEN
        RAISE EXCEPTION 'a decision is carried out once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_deduction_is_kept
    BEFORE UPDATE OR DELETE ON case_deduction
    FOR EACH ROW EXECUTE FUNCTION keep_case_deduction();
CREATE TRIGGER case_deduction_is_not_emptied
    BEFORE TRUNCATE ON case_deduction
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Credit points (积分): in tenths, by events that are countered and never removed.
CREATE TABLE credit_event (
    event_id       uuid        PRIMARY KEY,
    subject        text        NOT NULL CHECK (subject IN ('INSTITUTION', 'DOCTOR', 'PERSON')),
    subject_id     text        NOT NULL CHECK (subject_id <> ''),
    case_id        uuid        NOT NULL REFERENCES case_file,
    rule_code      text        NOT NULL,
    region_code    text        NOT NULL CHECK (region_code ~ '^[1-6][0-9]0000$'),
    medical_type_code text     NOT NULL,
    points_tenths  integer     NOT NULL CHECK (points_tenths <> 0),
    event_date     date        NOT NULL,
    explanation_zh text        NOT NULL CHECK (explanation_zh <> ''),
    create_time    timestamptz NOT NULL
);
COMMENT ON COLUMN credit_event.points_tenths IS 'Less than zero: counters the event of the same case, from its own day on.';
COMMENT ON COLUMN credit_event.region_code IS 'Province that decides on what the points lead to.';
CREATE UNIQUE INDEX credit_event_once ON credit_event (case_id, subject, (points_tenths > 0));
CREATE INDEX credit_event_by_subject ON credit_event (subject, subject_id, event_date);

CREATE TABLE consequence (
    consequence_id    uuid        PRIMARY KEY,
    subject           text        NOT NULL CHECK (subject IN ('INSTITUTION', 'DOCTOR', 'PERSON')),
    subject_id        text        NOT NULL,
    region_code       text        NOT NULL CHECK (region_code ~ '^[1-6][0-9]0000$'),
    kind              text        NOT NULL CHECK (kind IN
        ('TALK', 'SUSPEND_BUSINESS', 'SUSPEND_INSTITUTION', 'SUSPEND_DOCTOR', 'WATCH_PERSON')),
    medical_type_code text        NOT NULL DEFAULT '',
    days              integer     NOT NULL CHECK (days >= 0),
    points_hundredths integer     NOT NULL CHECK (points_hundredths > 0),
    state             text        NOT NULL CHECK (state IN
        ('PROPOSED', 'APPROVED', 'APPLIED', 'REJECTED', 'WITHDRAWN')),
    propose_time      timestamptz NOT NULL,
    decide_time       timestamptz,
    maker_id          text        NOT NULL DEFAULT '',
    checker_id        text        NOT NULL DEFAULT '',
    note              text        NOT NULL DEFAULT '',
    begin_date        date,
    end_date          date        CHECK (end_date >= begin_date),
    suspension_id     text        NOT NULL DEFAULT '',
    CHECK ((maker_id = '') = (state IN ('PROPOSED', 'WITHDRAWN'))),
    CHECK (maker_id = '' OR lower(maker_id) <> lower(checker_id)),
    CHECK ((state IN ('APPROVED', 'APPLIED')) = (begin_date IS NOT NULL))
);
CREATE UNIQUE INDEX consequence_proposed_once ON consequence (subject, subject_id, kind) WHERE state = 'PROPOSED';
CREATE INDEX consequence_by_subject ON consequence (subject, subject_id);
CREATE INDEX consequence_by_state ON consequence (state, consequence_id);
CREATE INDEX consequence_by_region ON consequence (region_code, consequence_id);

CREATE FUNCTION keep_consequence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE'
       OR (OLD.state, NEW.state) NOT IN (
           ('PROPOSED', 'APPROVED'), ('PROPOSED', 'APPLIED'), ('PROPOSED', 'REJECTED'), ('PROPOSED', 'WITHDRAWN'),
           ('APPROVED', 'APPLIED'))
       OR (OLD.consequence_id, OLD.subject, OLD.subject_id, OLD.region_code, OLD.kind, OLD.medical_type_code,
           OLD.days, OLD.points_hundredths, OLD.propose_time)
          IS DISTINCT FROM
          (NEW.consequence_id, NEW.subject, NEW.subject_id, NEW.region_code, NEW.kind, NEW.medical_type_code,
           NEW.days, NEW.points_hundredths, NEW.propose_time) THEN
        RAISE EXCEPTION 'a consequence does not go that way' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER consequence_is_kept
    BEFORE UPDATE OR DELETE ON consequence
    FOR EACH ROW EXECUTE FUNCTION keep_consequence();
CREATE TRIGGER consequence_is_not_emptied
    BEFORE TRUNCATE ON consequence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE one text;
BEGIN
    FOREACH one IN ARRAY ARRAY['case_finding', 'case_sample', 'case_sample_member', 'case_change', 'case_verdict',
        'opinion', 'opinion_answer', 'case_document', 'case_deduction_fund', 'credit_event']
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', one || '_is_append_only', one);
    END LOOP;
END $$;

-- Stays by province and last day, for the list of visits on site.
CREATE INDEX audited_bill_by_care_end ON audited_bill (left(care_region_code, 2), end_date);
