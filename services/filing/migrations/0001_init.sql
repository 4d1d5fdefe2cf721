-- Filings for care outside the insured province (备案). Append-only: a filing is never changed, its
-- cancellation is a row of its own. A person is known here by the opaque key that identity gives.

CREATE TABLE request (
    request_id   uuid        PRIMARY KEY,
    method       text        NOT NULL,
    request_hash bytea       NOT NULL,
    response     bytea       NOT NULL,
    create_time  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE request IS 'First answer to each request id, given again to a repeat.';

CREATE TABLE filing (
    filing_id           uuid        PRIMARY KEY,
    person_id           uuid        NOT NULL,
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]{5}$'),
    target_region_code  text        NOT NULL CHECK (target_region_code ~ '^[1-6][0-9]{5}$'),
    -- 11 retired and settled, 12 long-term resident, 13 posted worker, 21 referral, 23 temporary;
    -- 22, the emergency, is deemed filed and never stands here (Art. 8).
    type_code           text        NOT NULL CHECK (type_code IN ('11', '12', '13', '21', '23')),
    begin_date          date        NOT NULL,
    end_date            date        CHECK (end_date >= begin_date),
    evidence            text        NOT NULL
        CHECK (evidence IN ('NONE', 'DOCUMENT', 'COMMITMENT', 'REFERRAL_PROOF')),
    create_time         timestamptz NOT NULL,
    CHECK (left(insured_region_code, 2) <> left(target_region_code, 2)),
    CHECK (type_code LIKE '1%' OR end_date IS NOT NULL)
);
-- Newest first within a person: filing_id is a UUID version 7.
CREATE INDEX filing_by_person ON filing (person_id, filing_id DESC);
COMMENT ON COLUMN filing.end_date IS 'Last day; null: open-ended, for long-term filings (Art. 10).';

CREATE TABLE filing_state_change (
    filing_id   uuid        NOT NULL REFERENCES filing,
    state       text        NOT NULL CHECK (state = 'CANCELLED'),
    change_time timestamptz NOT NULL,
    PRIMARY KEY (filing_id, state)
);
COMMENT ON TABLE filing_state_change IS 'A filing is live from its submission; here is what follows.';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER filing_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON filing
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER filing_state_change_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON filing_state_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
