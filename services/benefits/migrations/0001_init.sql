-- What the insured region books of a settlement: the answer it gave, the year's accumulators and the
-- personal account. Money is fen. Answers and states are append-only; sums and balances are kept beside
-- them, in the same transaction.

CREATE TABLE account (
    person_id   uuid        PRIMARY KEY,
    balance_fen bigint      NOT NULL DEFAULT 0 CHECK (balance_fen >= 0),
    create_time timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);
COMMENT ON TABLE account IS 'Personal accounts (个人账户); a person without one has a row of zero.';

CREATE TABLE accumulators (
    person_id              uuid     NOT NULL,
    scheme_code            text     NOT NULL CHECK (scheme_code ~ '^3[0-9]{2}$'),
    benefit_year           smallint NOT NULL CHECK (benefit_year BETWEEN 2000 AND 2100),
    inpatient_in_scope     bigint   NOT NULL DEFAULT 0 CHECK (inpatient_in_scope >= 0),
    inpatient_deductible   bigint   NOT NULL DEFAULT 0 CHECK (inpatient_deductible >= 0),
    inpatient_count        bigint   NOT NULL DEFAULT 0 CHECK (inpatient_count >= 0),
    outpatient_in_scope    bigint   NOT NULL DEFAULT 0 CHECK (outpatient_in_scope >= 0),
    outpatient_deductible  bigint   NOT NULL DEFAULT 0 CHECK (outpatient_deductible >= 0),
    outpatient_fund        bigint   NOT NULL DEFAULT 0 CHECK (outpatient_fund >= 0),
    fund_pooled            bigint   NOT NULL DEFAULT 0 CHECK (fund_pooled >= 0),
    fund_large_amount      bigint   NOT NULL DEFAULT 0 CHECK (fund_large_amount >= 0),
    fund_critical_illness  bigint   NOT NULL DEFAULT 0 CHECK (fund_critical_illness >= 0),
    critical_illness_base  bigint   NOT NULL DEFAULT 0 CHECK (critical_illness_base >= 0),
    account_pay            bigint   NOT NULL DEFAULT 0 CHECK (account_pay >= 0),
    PRIMARY KEY (person_id, scheme_code, benefit_year)
) WITH (fillfactor = 80);
COMMENT ON TABLE accumulators IS
    'Year-to-date sums (年度累计); the lock on the row is what serialises the settlements of a person.';

CREATE TABLE adjudication (
    settlement_id          uuid        PRIMARY KEY,
    request_hash           bytea       NOT NULL CHECK (length(request_hash) = 32),
    person_id              uuid        NOT NULL,
    scheme_code            text        NOT NULL,
    benefit_year           smallint    NOT NULL,
    insured_region_code    text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]{5}$'),
    care_region_code       text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]{5}$'),
    policy_version         text        NOT NULL CHECK (policy_version <> ''),
    total_fen              bigint      NOT NULL CHECK (total_fen > 0),
    fund_total_fen         bigint      NOT NULL CHECK (fund_total_fen >= 0),
    account_pay_fen        bigint      NOT NULL CHECK (account_pay_fen >= 0),
    cash_pay_fen           bigint      NOT NULL CHECK (cash_pay_fen >= 0),
    -- What this settlement added to the accumulators, in the order of their columns.
    delta                  bigint[]    NOT NULL CHECK (cardinality(delta) = 11),
    -- yijie.benefits.v1.Adjudication with its steps, deflated: given again for a repeat, byte by byte.
    answer                 bytea       NOT NULL,
    create_time            timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT identity_i6 CHECK (total_fen = fund_total_fen + account_pay_fen + cash_pay_fen),
    FOREIGN KEY (person_id, scheme_code, benefit_year) REFERENCES accumulators
);
ALTER TABLE adjudication ALTER COLUMN answer SET STORAGE EXTERNAL;
CREATE INDEX adjudication_by_person ON adjudication (person_id, scheme_code, benefit_year);
COMMENT ON TABLE adjudication IS 'What was answered and booked; never changed.';

CREATE TABLE adjudication_state (
    settlement_id       uuid        NOT NULL,
    version             smallint    NOT NULL CHECK (version IN (1, 2)),
    state               text        NOT NULL CHECK (state IN ('COMMITTED', 'CANCELLED')),
    account_balance_fen bigint      NOT NULL CHECK (account_balance_fen >= 0),
    create_time         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (settlement_id, version),
    CONSTRAINT path CHECK (version = 1 OR state = 'CANCELLED')
);
COMMENT ON TABLE adjudication_state IS
    'COMMITTED, then perhaps CANCELLED; CANCELLED as the first state is a tombstone: a late Commit is refused.';

CREATE TABLE request (
    request_id   uuid        PRIMARY KEY,
    method       text        NOT NULL,
    request_hash bytea       NOT NULL,
    response     bytea       NOT NULL,
    create_time  timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER adjudication_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON adjudication
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER adjudication_state_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON adjudication_state
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
