-- Reconciliation: the hub's own view of each settlement, what other parties state or hold, what does
-- not agree, and what was done about it. No personal data: keys, codes, dates and amounts.

CREATE TABLE hub_record (
    settlement_id       uuid        PRIMARY KEY,
    request_id          uuid,
    institution_code    text        NOT NULL,
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]0000$'),
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]0000$'),
    scheme_code         text        NOT NULL CHECK (scheme_code ~ '^3[0-9]{2}$'),
    total_fen           bigint      NOT NULL,
    fund_fen            bigint      NOT NULL,
    account_fen         bigint      NOT NULL,
    cash_fen            bigint      NOT NULL,
    bill_digest         bytea       NOT NULL,
    business_date       date        NOT NULL,
    settle_time         timestamptz NOT NULL,
    reverse_time        timestamptz,
    reverse_date        date,
    CHECK ((reverse_time IS NULL) = (reverse_date IS NULL))
);
COMMENT ON TABLE hub_record IS
    'The hub''s view, from the settlement feed by a cursor of its own: what was settled before this table is read again.';
COMMENT ON COLUMN hub_record.business_date IS 'Civil date, Asia/Shanghai, of the settlement id.';
COMMENT ON COLUMN hub_record.bill_digest IS
    'Equal for settlements of the same bill, which is how a double submit shows; a digest of keys and amounts.';
CREATE INDEX hub_record_by_request ON hub_record (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX hub_record_by_institution ON hub_record (business_date, institution_code);
CREATE INDEX hub_record_by_care ON hub_record (business_date, care_region_code);
CREATE INDEX hub_record_by_insured ON hub_record (business_date, insured_region_code);
CREATE INDEX hub_record_by_reversal ON hub_record (reverse_date) WHERE reverse_date IS NOT NULL;

INSERT INTO feed_cursor (feed, cursor) VALUES ('reconciliation', '');

CREATE TABLE feed_mark (
    feed          text        PRIMARY KEY REFERENCES feed_cursor,
    complete_time timestamptz NOT NULL
);
COMMENT ON TABLE feed_mark IS
    'Up to when a feed is known to be read: the last event applied, or when it said that nothing is left.';

CREATE TABLE statement (
    statement_id  uuid        PRIMARY KEY,
    party         text        NOT NULL CHECK (party IN ('INSTITUTION', 'CARE_PROVINCE')),
    party_code    text        NOT NULL,
    business_date date        NOT NULL,
    revision      integer     NOT NULL CHECK (revision > 0),
    until_time    timestamptz NOT NULL,
    state         text        NOT NULL CHECK (state IN ('EVEN', 'DIFFERENT', 'COMPARED', 'REPLACED')),
    record_count  bigint      NOT NULL DEFAULT 0 CHECK (record_count >= 0),
    open_time     timestamptz NOT NULL,
    UNIQUE (party, party_code, business_date, revision)
);
CREATE UNIQUE INDEX statement_in_force ON statement (party, party_code, business_date)
    WHERE state <> 'REPLACED';

CREATE TABLE statement_total (
    statement_id         uuid   NOT NULL REFERENCES statement,
    insured_region_code  text   NOT NULL,
    scheme_code          text   NOT NULL,
    settled_count        bigint NOT NULL,
    settled_total_fen    bigint NOT NULL,
    settled_fund_fen     bigint NOT NULL,
    settled_account_fen  bigint NOT NULL,
    settled_cash_fen     bigint NOT NULL,
    reversed_count       bigint NOT NULL,
    reversed_total_fen   bigint NOT NULL,
    reversed_fund_fen    bigint NOT NULL,
    reversed_account_fen bigint NOT NULL,
    reversed_cash_fen    bigint NOT NULL,
    PRIMARY KEY (statement_id, insured_region_code, scheme_code)
);

CREATE TABLE statement_record (
    statement_id        uuid   NOT NULL REFERENCES statement,
    settlement_id       uuid,
    request_id          uuid,
    institution_code    text   NOT NULL,
    insured_region_code text   NOT NULL,
    scheme_code         text   NOT NULL,
    status              text   NOT NULL CHECK (status IN ('STANDING', 'REVERSED')),
    total_fen           bigint NOT NULL,
    fund_fen            bigint NOT NULL,
    account_fen         bigint NOT NULL,
    cash_fen            bigint NOT NULL,
    CHECK (settlement_id IS NOT NULL OR request_id IS NOT NULL)
);
CREATE UNIQUE INDEX statement_record_by_settlement ON statement_record (statement_id, settlement_id)
    WHERE settlement_id IS NOT NULL;
CREATE UNIQUE INDEX statement_record_by_request ON statement_record (statement_id, request_id)
    WHERE request_id IS NOT NULL;

CREATE TABLE comparison (
    party            text        NOT NULL CHECK (party IN ('INSTITUTION', 'CARE_PROVINCE', 'INSURED_PROVINCE')),
    party_code       text        NOT NULL,
    business_date    date        NOT NULL,
    statement_id     uuid        REFERENCES statement,
    state            text        CHECK (state IN ('EVEN', 'DIFFERENT', 'COMPARED')),
    hub_count        bigint      NOT NULL DEFAULT 0,
    party_count      bigint      NOT NULL DEFAULT 0,
    difference_count bigint      NOT NULL DEFAULT 0,
    compare_time     timestamptz,
    due_time         timestamptz,
    claim_time       timestamptz,
    seeded           boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (business_date, party, party_code)
);
COMMENT ON TABLE comparison IS
    'One row per leg and day: its newest result, and when it is to be compared again.';
COMMENT ON COLUMN comparison.due_time IS 'When the loop is to compare it; null: there is no need.';
COMMENT ON COLUMN comparison.seeded IS
    'It was due by itself once: asking for a day before its end must not spare the look after it.';
COMMENT ON COLUMN comparison.claim_time IS
    'Since when somebody compares it; a claim that is old is of a process that died.';
CREATE INDEX comparison_due ON comparison (due_time) WHERE due_time IS NOT NULL;

CREATE TABLE finding (
    business_date       date   NOT NULL,
    party               text   NOT NULL,
    party_code          text   NOT NULL,
    key                 text   NOT NULL,
    settlement_id       uuid,
    request_id          uuid,
    kind                text   NOT NULL,
    cause               text   NOT NULL,
    institution_code    text   NOT NULL,
    care_region_code    text   NOT NULL,
    insured_region_code text   NOT NULL,
    scheme_code         text   NOT NULL,
    twin_settlement_id  uuid,
    hub_status          text,
    hub_total_fen       bigint,
    hub_fund_fen        bigint,
    hub_account_fen     bigint,
    hub_cash_fen        bigint,
    leg_status          text,
    leg_total_fen       bigint,
    leg_fund_fen        bigint,
    leg_account_fen     bigint,
    leg_cash_fen        bigint,
    PRIMARY KEY (business_date, party, party_code, key)
);
COMMENT ON TABLE finding IS
    'On what one leg did not agree when it was last compared; taken anew each time. Differences keep the history.';
CREATE INDEX finding_by_key ON finding (business_date, key);
CREATE INDEX finding_by_settlement ON finding (settlement_id) WHERE settlement_id IS NOT NULL;
CREATE INDEX finding_by_request ON finding (request_id) WHERE request_id IS NOT NULL;

CREATE TABLE difference (
    difference_id       uuid        PRIMARY KEY,
    business_date       date        NOT NULL,
    key                 text        NOT NULL,
    settlement_id       uuid,
    request_id          uuid,
    institution_code    text        NOT NULL,
    care_region_code    text        NOT NULL,
    insured_region_code text        NOT NULL,
    scheme_code         text        NOT NULL,
    kind                text        NOT NULL,
    cause               text        NOT NULL,
    twin_settlement_id  uuid,
    fingerprint         bytea       NOT NULL,
    find_time           timestamptz NOT NULL,
    state               text        NOT NULL
        CHECK (state IN ('OPEN', 'RESOLVED', 'RESOLVED_BY_ITSELF', 'REPLACED')),
    close_time          timestamptz,
    note                text        NOT NULL DEFAULT '',
    operator_code       text        NOT NULL DEFAULT '',
    CHECK ((state = 'OPEN') = (close_time IS NULL)),
    CHECK ((state = 'RESOLVED') = (note <> '' AND operator_code <> ''))
);
CREATE UNIQUE INDEX difference_open ON difference (business_date, key) WHERE state = 'OPEN';
CREATE INDEX difference_by_key ON difference (business_date, key, difference_id);
CREATE INDEX difference_by_institution ON difference (institution_code, difference_id);
CREATE INDEX difference_by_care ON difference (care_region_code, difference_id);
CREATE INDEX difference_by_insured ON difference (insured_region_code, difference_id);
CREATE INDEX difference_by_settlement ON difference (settlement_id) WHERE settlement_id IS NOT NULL;
CREATE INDEX difference_by_state ON difference (state, difference_id);

-- What was found is not changed and nothing is taken back: only an open one is closed, once.
CREATE FUNCTION keep_difference() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.state <> 'OPEN'
       OR (OLD.difference_id, OLD.business_date, OLD.key, OLD.kind, OLD.cause, OLD.fingerprint,
           OLD.find_time)
          IS DISTINCT FROM
          (NEW.difference_id, NEW.business_date, NEW.key, NEW.kind, NEW.cause, NEW.fingerprint,
           NEW.find_time) THEN
        RAISE EXCEPTION 'a difference is history' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER difference_is_kept
    BEFORE UPDATE OR DELETE ON difference
    FOR EACH ROW EXECUTE FUNCTION keep_difference();
CREATE TRIGGER difference_is_not_emptied
    BEFORE TRUNCATE ON difference
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE difference_leg (
    difference_id uuid   NOT NULL REFERENCES difference,
    party         text   NOT NULL,
    party_code    text   NOT NULL,
    leg_status    text   NOT NULL CHECK (leg_status IN ('HELD', 'MISSING', 'NOT_COMPARED')),
    status        text,
    total_fen     bigint,
    fund_fen      bigint,
    account_fen   bigint,
    cash_fen      bigint,
    PRIMARY KEY (difference_id, party),
    CHECK ((leg_status = 'HELD') = (status IS NOT NULL))
);

CREATE TABLE request (
    request_id   uuid        PRIMARY KEY,
    method       text        NOT NULL,
    request_hash bytea       NOT NULL,
    response     bytea       NOT NULL,
    create_time  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE request IS 'First answers, given again to repeated requests; see services.kit.idempotency.';
