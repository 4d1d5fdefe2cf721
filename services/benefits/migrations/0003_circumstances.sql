-- What counts of a person beside sums and account: further funds, entitlements, accounts of relatives, and
-- where and for what a bill was. What was booked before has none of it, and eleven sums in its delta.
-- What tells a diagnosis or poverty stands only in ciphertext (AES-256-GCM) and is found only by `*_index`
-- (HMAC-SHA256, of one person each).

CREATE TABLE index_key (
    only_one    boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    fingerprint bytea   NOT NULL CHECK (octet_length(fingerprint) = 32)
);
COMMENT ON TABLE index_key IS
    'Which key the indexes were made with: under another one what a person has used would not be found.';

ALTER TABLE accumulators
    ADD COLUMN chronic_in_scope           bigint NOT NULL DEFAULT 0 CHECK (chronic_in_scope >= 0),
    ADD COLUMN chronic_deductible         bigint NOT NULL DEFAULT 0 CHECK (chronic_deductible >= 0),
    ADD COLUMN chronic_fund               bigint NOT NULL DEFAULT 0 CHECK (chronic_fund >= 0),
    ADD COLUMN large_amount_base          bigint NOT NULL DEFAULT 0 CHECK (large_amount_base >= 0),
    ADD COLUMN fund_civil_servant         bigint NOT NULL DEFAULT 0 CHECK (fund_civil_servant >= 0),
    ADD COLUMN fund_enterprise_supplement bigint NOT NULL DEFAULT 0 CHECK (fund_enterprise_supplement >= 0),
    ADD COLUMN fund_disabled_veteran      bigint NOT NULL DEFAULT 0 CHECK (fund_disabled_veteran >= 0),
    ADD COLUMN medical_aid_base           bigint NOT NULL DEFAULT 0 CHECK (medical_aid_base >= 0),
    ADD COLUMN fund_medical_aid           bigint NOT NULL DEFAULT 0 CHECK (fund_medical_aid >= 0),
    ADD COLUMN fund_other                 bigint NOT NULL DEFAULT 0 CHECK (fund_other >= 0);

ALTER TABLE adjudication
    DROP CONSTRAINT adjudication_delta_check,
    ADD CONSTRAINT adjudication_delta_check CHECK (cardinality(delta) IN (11, 21)),
    ADD COLUMN setting          text CHECK (setting IN ('outpatient', 'inpatient', 'chronic', 'pharmacy')),
    -- Whose month and quarter count it, a day of benefit_year; null: end_date, or the day of booking.
    ADD COLUMN tally_date       date,
    -- Null or empty: not known.
    ADD COLUMN institution_code text,
    -- Of person and disease as the policy names it; null: none.
    ADD COLUMN disease_index    bytea CHECK (octet_length(disease_index) = 32),
    -- True: answer is deflated and then encrypted, and request_hash is keyed.
    ADD COLUMN sealed           boolean NOT NULL DEFAULT false;

ALTER TABLE adjudication_year
    DROP CONSTRAINT adjudication_year_delta_check,
    ADD CONSTRAINT adjudication_year_delta_check CHECK (cardinality(delta) IN (11, 21)),
    -- Last day of that benefit year; null: 31 December.
    ADD COLUMN tally_date date;
CREATE INDEX adjudication_year_by_person ON adjudication_year (person_id, scheme_code, benefit_year);

CREATE TABLE entitlement (
    person_id         uuid        NOT NULL,
    -- Of person, kind, code and first day.
    entitlement_index bytea       NOT NULL CHECK (octet_length(entitlement_index) = 32),
    content           bytea       NOT NULL,
    create_time       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person_id, entitlement_index)
);
COMMENT ON TABLE entitlement IS
    'What a person is entitled to beyond the scheme (慢特病资格, 救助对象, 补助), as the region last said.';
COMMENT ON COLUMN entitlement.content IS
    'Encrypted: kind, disease or identity, first and last day. Bound to person_id; of one length for all.';

CREATE TABLE family_account (
    member_person_id uuid        NOT NULL,
    owner_person_id  uuid        NOT NULL,
    begin_date       date        NOT NULL,
    end_date         date        CHECK (end_date >= begin_date),
    create_time      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (member_person_id, owner_person_id),
    CONSTRAINT two_persons CHECK (owner_person_id <> member_person_id)
);
COMMENT ON TABLE family_account IS
    'Whose account a relative may use (家庭共济); owner and member both have a row in account.';

CREATE TABLE adjudication_family_pay (
    settlement_id   uuid   NOT NULL REFERENCES adjudication,
    owner_person_id uuid   NOT NULL REFERENCES account,
    -- Inside adjudication.account_pay_fen.
    account_pay_fen bigint NOT NULL CHECK (account_pay_fen > 0),
    PRIMARY KEY (settlement_id, owner_person_id)
);
CREATE INDEX adjudication_family_pay_by_owner ON adjudication_family_pay (owner_person_id);
COMMENT ON TABLE adjudication_family_pay IS 'What a settlement took from accounts of relatives; never changed.';

CREATE TRIGGER adjudication_family_pay_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON adjudication_family_pay
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
