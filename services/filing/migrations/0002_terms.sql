-- Filings by the insured regions' terms: channels, approval, several states, papers behind a
-- commitment. What was filed before came by the window, was live at once and is not locked.
--
-- Each state is entered at most once (services/filing/domain/states.py), so (filing_id, state) stays
-- the key of a change; `sequence` orders them where the clock does not.

ALTER TABLE filing
    ADD COLUMN channel text NOT NULL DEFAULT 'WINDOW' CHECK (channel IN
        ('WINDOW', 'APP', 'ONLINE', 'INSTITUTION', 'KIOSK', 'PROVINCE_BATCH')),
    ADD COLUMN approval text NOT NULL DEFAULT 'RULE'
        CHECK (approval IN ('RULE', 'OFFICER', 'PROVINCE_SYSTEM')),
    ADD COLUMN maker_id text NOT NULL DEFAULT '',
    ADD COLUMN referring_institution_code text NOT NULL DEFAULT '',
    ADD COLUMN previous_filing_id uuid REFERENCES filing,
    ADD COLUMN changes_filing_id uuid REFERENCES filing,
    ADD COLUMN locked_until_date date,
    ADD COLUMN sample_terms boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN filing.approval IS 'RULE: live from its submission; else pending until decided.';
COMMENT ON COLUMN filing.locked_until_date IS 'First day on which it may be changed; null: any.';
COMMENT ON COLUMN filing.sample_terms IS 'A term of the insured region that was used is a sample.';

ALTER TABLE filing_state_change
    DROP CONSTRAINT filing_state_change_state_check,
    ADD CONSTRAINT filing_state_change_state_check
        CHECK (state IN ('LIVE', 'REFUSED', 'CANCELLED', 'CHANGED', 'REVOKED')),
    ADD COLUMN sequence smallint NOT NULL DEFAULT 1 CHECK (sequence BETWEEN 1 AND 9),
    ADD COLUMN effective_date date,
    ADD COLUMN reason_code text NOT NULL DEFAULT 'CANCELLED_BY_PERSON',
    ADD COLUMN maker_id text NOT NULL DEFAULT '',
    ADD COLUMN checker_id text NOT NULL DEFAULT '',
    ADD COLUMN changed_to_filing_id uuid REFERENCES filing,
    ADD CONSTRAINT filing_state_change_changed_to
        CHECK ((state = 'CHANGED') = (changed_to_filing_id IS NOT NULL));
COMMENT ON COLUMN filing_state_change.effective_date IS
    'First day on which it counts no more; null with CANCELLED: the civil date of change_time.';
COMMENT ON COLUMN filing_state_change.maker_id IS 'Officer who found a commitment false.';
COMMENT ON COLUMN filing_state_change.checker_id IS 'Who decided last.';

CREATE TABLE filing_supplement (
    filing_id     uuid        PRIMARY KEY REFERENCES filing,
    maker_id      text        NOT NULL,
    change_time   timestamptz NOT NULL
);
COMMENT ON TABLE filing_supplement IS 'Papers came after a commitment: documented from that day on.';

CREATE TABLE commitment_bar (
    filing_id   uuid        PRIMARY KEY REFERENCES filing,
    person_id   uuid        NOT NULL,
    until_date  date        NOT NULL,
    change_time timestamptz NOT NULL
);
CREATE INDEX commitment_bar_by_person ON commitment_bar (person_id);
COMMENT ON COLUMN commitment_bar.until_date IS 'First day on which a commitment is accepted again.';

-- Apart from the filings, so that a match reads none of it. The only table here that is written
-- anew: with another key, never with other content.
CREATE TABLE filing_record (
    filing_id uuid  NOT NULL REFERENCES filing,
    part      text  NOT NULL CHECK (part IN ('APPLICATION', 'SUPPLEMENT', 'REFUSED', 'REVOKED')),
    record    bytea NOT NULL,
    PRIMARY KEY (filing_id, part)
);
COMMENT ON COLUMN filing_record.record IS
    'Sealed: disease and papers of the application, papers that came later, the officer''s words.';

CREATE TRIGGER filing_supplement_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON filing_supplement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER commitment_bar_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON commitment_bar
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
