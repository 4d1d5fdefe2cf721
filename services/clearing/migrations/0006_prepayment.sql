-- Prepayment: quotas and how they came about, top-ups, what an exhausted one does, and how its use
-- stands. What is held is not here: the ledger has it (PREPAYMENT_PAYMENT).

-- --- quotas -------------------------------------------------------------------------------------

CREATE TABLE quota_proposal (
    proposal_id uuid        PRIMARY KEY,
    kind        text        NOT NULL CHECK (kind IN ('ANNUAL', 'FIRST')),
    year        integer     NOT NULL CHECK (year BETWEEN 2017 AND 2099),
    state       text        NOT NULL CHECK (state IN ('PROPOSED', 'CONFIRMED', 'REJECTED')),
    line_count  integer     NOT NULL CHECK (line_count > 0),
    maker_id    text        NOT NULL CHECK (maker_id <> ''),
    checker_id  text        NOT NULL DEFAULT '',
    note        text        NOT NULL DEFAULT '',
    create_time timestamptz NOT NULL,
    decide_time timestamptz,
    CHECK ((state = 'PROPOSED') = (decide_time IS NULL)),
    CHECK ((state = 'PROPOSED') = (checker_id = '')),
    CHECK (lower(checker_id) <> lower(maker_id))
);
-- Two proposals at once would change one quota twice.
CREATE UNIQUE INDEX quota_proposal_awaits_alone ON quota_proposal ((true)) WHERE state = 'PROPOSED';

CREATE TABLE quota_proposal_change (
    proposal_id uuid        NOT NULL REFERENCES quota_proposal,
    state       text        NOT NULL,
    change_time timestamptz NOT NULL,
    officer_id  text        NOT NULL,
    PRIMARY KEY (proposal_id, state)
);

CREATE TABLE quota_line (
    proposal_id         uuid     NOT NULL REFERENCES quota_proposal,
    insured_region_code text     NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]0000$'),
    care_region_code    text     NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]0000$'),
    scheme_code         text     NOT NULL CHECK (scheme_code ~ '^3[0-9]{2}$'),
    month_fen           bigint[],
    in_force_fen        bigint   NOT NULL CHECK (in_force_fen >= 0),
    quota_fen           bigint   NOT NULL CHECK (quota_fen >= 0),
    PRIMARY KEY (proposal_id, insured_region_code, care_region_code, scheme_code),
    CHECK (insured_region_code <> care_region_code)
);
COMMENT ON COLUMN quota_line.month_fen IS
    'What was settled in each month counted, oldest first; null: reported, not computed.';

CREATE TABLE quota_change (
    change_id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]0000$'),
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]0000$'),
    scheme_code         text        NOT NULL CHECK (scheme_code ~ '^3[0-9]{2}$'),
    kind                text        NOT NULL CHECK (kind IN ('ANNUAL', 'FIRST', 'TOP_UP', 'CANCELLED')),
    year                integer     NOT NULL,
    origin_id           uuid        NOT NULL,
    change_fen          bigint      NOT NULL,
    quota_fen           bigint      NOT NULL CHECK (quota_fen >= 0),
    change_time         timestamptz NOT NULL,
    CHECK (insured_region_code <> care_region_code),
    -- What a proposal or a top-up changes, and what takes it back: once each.
    UNIQUE (origin_id, insured_region_code, care_region_code, scheme_code, kind)
);
CREATE INDEX quota_change_by_pair
    ON quota_change (insured_region_code, care_region_code, scheme_code, change_id DESC);
COMMENT ON TABLE quota_change IS 'The quota of a pair and scheme is what its last row says.';
COMMENT ON COLUMN quota_change.origin_id IS 'The proposal or the top-up.';

CREATE TABLE prepayment_notice (
    notice_id           uuid    PRIMARY KEY,
    origin_id           uuid    NOT NULL,
    insured_region_code text    NOT NULL,
    care_region_code    text    NOT NULL,
    is_open             boolean NOT NULL DEFAULT true,
    UNIQUE (origin_id, insured_region_code, care_region_code)
);
CREATE INDEX prepayment_notice_open ON prepayment_notice (notice_id) WHERE is_open;
COMMENT ON COLUMN prepayment_notice.is_open IS 'It is neither paid nor rejected, as far as was looked.';

-- --- top-ups ------------------------------------------------------------------------------------

CREATE TABLE top_up (
    top_up_id           uuid        PRIMARY KEY,
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]0000$'),
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]0000$'),
    month               text        NOT NULL CHECK (month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
    state               text        NOT NULL
        CHECK (state IN ('REQUESTED', 'APPROVED', 'REFUSED', 'PAID', 'CANCELLED')),
    amount_fen          bigint      NOT NULL CHECK (amount_fen > 0),
    proposed_fen        bigint      NOT NULL,
    used_fen            bigint      NOT NULL,
    holding_fen         bigint      NOT NULL CHECK (holding_fen > 0),
    deadline_date       date        NOT NULL,
    late                boolean     NOT NULL,
    late_note           text        NOT NULL DEFAULT '',
    late_officer_id     text        NOT NULL DEFAULT '',
    maker_id            text        NOT NULL CHECK (maker_id <> ''),
    checker_id          text        NOT NULL DEFAULT '',
    note                text        NOT NULL DEFAULT '',
    create_time         timestamptz NOT NULL,
    decide_time         timestamptz,
    CHECK (insured_region_code <> care_region_code),
    CHECK (amount_fen <= proposed_fen),
    CHECK (late = (late_officer_id <> '') AND late = (late_note <> '')),
    CHECK ((state = 'REQUESTED') = (decide_time IS NULL)),
    CHECK ((state = 'REQUESTED') = (checker_id = '')),
    CHECK (lower(checker_id) <> lower(maker_id))
);
CREATE UNIQUE INDEX top_up_once_a_month ON top_up (insured_region_code, care_region_code, month)
    WHERE state IN ('REQUESTED', 'APPROVED', 'PAID');
-- What is on its way would be asked for twice.
CREATE UNIQUE INDEX top_up_one_at_a_time ON top_up (insured_region_code, care_region_code)
    WHERE state IN ('REQUESTED', 'APPROVED');
CREATE INDEX top_up_in_order ON top_up (top_up_id, state);

CREATE TABLE top_up_line (
    top_up_id   uuid   NOT NULL REFERENCES top_up,
    scheme_code text   NOT NULL CHECK (scheme_code ~ '^3[0-9]{2}$'),
    amount_fen  bigint NOT NULL CHECK (amount_fen > 0),
    PRIMARY KEY (top_up_id, scheme_code)
);

CREATE TABLE top_up_change (
    top_up_id   uuid        NOT NULL REFERENCES top_up,
    state       text        NOT NULL,
    change_time timestamptz NOT NULL,
    officer_id  text        NOT NULL,
    PRIMARY KEY (top_up_id, state)
);
COMMENT ON COLUMN top_up_change.officer_id IS 'Empty: it moved by itself, with its notice.';

-- --- what an exhausted prepayment does ------------------------------------------------------------

CREATE TABLE exhausted_policy (
    policy_id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]0000$'),
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]0000$'),
    action              text        NOT NULL CHECK (action IN ('OBSERVE', 'WARN', 'BLOCK')),
    without_holding     boolean     NOT NULL,
    begin_date          date        NOT NULL,
    note                text        NOT NULL CHECK (note <> ''),
    maker_id            text        NOT NULL CHECK (maker_id <> ''),
    checker_id          text        NOT NULL CHECK (checker_id <> ''),
    create_time         timestamptz NOT NULL,
    CHECK (insured_region_code <> care_region_code),
    CHECK (lower(checker_id) <> lower(maker_id))
);
COMMENT ON TABLE exhausted_policy IS 'Of a pair the latest begin that is not in the future holds.';

-- --- use ----------------------------------------------------------------------------------------

CREATE TABLE usage_state (
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^([1-6][0-9]0000)?$'),
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]0000$'),
    month               text        NOT NULL CHECK (month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
    state               text        NOT NULL
        CHECK (state IN ('UNFUNDED', 'NORMAL', 'YELLOW', 'RED', 'EXHAUSTED')),
    used_fen            bigint      NOT NULL,
    holding_fen         bigint      NOT NULL,
    change_time         timestamptz NOT NULL,
    PRIMARY KEY (insured_region_code, care_region_code)
);
CREATE INDEX usage_state_limited ON usage_state (state, insured_region_code, care_region_code)
    WHERE state IN ('UNFUNDED', 'EXHAUSTED');
COMMENT ON TABLE usage_state IS
    'How the use of what is held stands, with the sums at its last change; no row: nothing was ever held.';
COMMENT ON COLUMN usage_state.insured_region_code IS 'Empty: all that the care province holds.';

-- What is held of all months is added up every few seconds.
CREATE INDEX account_of_prepayment ON account (position_id)
    WHERE purpose = 'PREPAYMENT_PAYMENT' AND side = 'RECEIVABLE' AND phase = 'POSTED';

-- The provinces stand in the primary key's index, so that what a filter skips costs no look at the table.
-- sequence is the event's id.
CREATE TABLE prepayment_event (
    transaction_id      xid8        NOT NULL DEFAULT pg_current_xact_id(),
    sequence            bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    event_time          timestamptz NOT NULL,
    insured_region_code text        NOT NULL,
    care_region_code    text        NOT NULL,
    month               text        NOT NULL,
    previous_state      text        NOT NULL,
    state               text        NOT NULL,
    used_fen            bigint      NOT NULL,
    holding_fen         bigint      NOT NULL,
    PRIMARY KEY (transaction_id, sequence) INCLUDE (insured_region_code, care_region_code),
    CHECK (state <> previous_state)
);
CREATE UNIQUE INDEX prepayment_event_by_sequence ON prepayment_event (sequence);
COMMENT ON TABLE prepayment_event IS
    'Outbox: every change of a usage''s state, in the transaction of the change.';

CREATE TABLE pair_day (
    insured_region_code text   NOT NULL,
    care_region_code    text   NOT NULL,
    day                 date   NOT NULL,
    fund_fen            bigint NOT NULL,
    account_fen         bigint NOT NULL,
    PRIMARY KEY (insured_region_code, care_region_code, day)
);
COMMENT ON TABLE pair_day IS
    'What was settled less what was taken back by civil day, Asia/Shanghai: the ledger added up.';
COMMENT ON COLUMN pair_day.account_fen IS 'From personal accounts; fund_fen is all the rest.';

CREATE TABLE prepayment_watch (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    block_id bigint  NOT NULL
);
COMMENT ON TABLE prepayment_watch IS
    'Up to which block of the ledger pair_day is added up. Whoever changes quotas, or looks at usage, locks this row first.';
INSERT INTO prepayment_watch (block_id) VALUES (0);

-- --- what is only ever added ----------------------------------------------------------------------

CREATE FUNCTION keep_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- What a state may change to; the columns of identity never change.
    ways CONSTANT jsonb := '{"PROPOSED": ["CONFIRMED", "REJECTED"],
                             "REQUESTED": ["APPROVED", "REFUSED"],
                             "APPROVED": ["PAID", "CANCELLED"]}';
    mutable CONSTANT text[] := ARRAY['state', 'checker_id', 'note', 'decide_time'];
BEGIN
    IF TG_OP <> 'UPDATE' OR NOT coalesce(ways -> OLD.state ? NEW.state, false)
       OR to_jsonb(OLD) - mutable <> to_jsonb(NEW) - mutable THEN
        RAISE EXCEPTION 'a decision of % is not undone', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER quota_proposal_is_kept BEFORE UPDATE OR DELETE ON quota_proposal
    FOR EACH ROW EXECUTE FUNCTION keep_decision();
CREATE TRIGGER top_up_is_kept BEFORE UPDATE OR DELETE ON top_up
    FOR EACH ROW EXECUTE FUNCTION keep_decision();
CREATE TRIGGER quota_proposal_change_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON quota_proposal_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER quota_line_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON quota_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER quota_change_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON quota_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER top_up_line_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON top_up_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER top_up_change_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON top_up_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER exhausted_policy_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON exhausted_policy
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER prepayment_event_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON prepayment_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
