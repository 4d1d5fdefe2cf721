-- What provinces are told of filings, what they say back, which stays wait for a filing, and which attempts
-- to file failed. All but the stays is append-only.

-- The provinces stand in the primary key's index, so that what a filter skips costs no look at the table. The
-- message holds neither diagnosis nor papers; null: the filing was made before there was a feed, and is given as
-- it stands. sequence is the event's id.
CREATE TABLE filing_event (
    transaction_id   xid8        NOT NULL DEFAULT pg_current_xact_id(),
    sequence         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    event_time       timestamptz NOT NULL,
    filing_id        uuid        NOT NULL REFERENCES filing,
    state            text        NOT NULL
        CHECK (state IN ('PENDING', 'LIVE', 'REFUSED', 'CANCELLED', 'CHANGED', 'REVOKED')),
    channel          text        NOT NULL,
    submission_date  date        NOT NULL,
    filing           bytea,
    care_province    text        NOT NULL CHECK (care_province ~ '^[1-6][0-9]0000$'),
    insured_province text        NOT NULL CHECK (insured_province ~ '^[1-6][0-9]0000$'),
    PRIMARY KEY (transaction_id, sequence) INCLUDE (care_province, insured_province)
);
CREATE UNIQUE INDEX filing_event_by_sequence ON filing_event (sequence);
CREATE INDEX filing_event_by_submission ON filing_event (submission_date);
COMMENT ON TABLE filing_event IS 'Outbox: every change of a filing, in the transaction of the change.';

-- In the order in which they happened: the cancellations after all submissions.
INSERT INTO filing_event (event_time, filing_id, state, channel, submission_date, care_province, insured_province)
SELECT create_time, filing_id, 'LIVE', 'WINDOW', (create_time AT TIME ZONE 'Asia/Shanghai')::date,
       left(target_region_code, 2) || '0000', left(insured_region_code, 2) || '0000'
  FROM filing ORDER BY filing_id;
INSERT INTO filing_event (event_time, filing_id, state, channel, submission_date, care_province, insured_province)
SELECT c.change_time, f.filing_id, 'CANCELLED', 'WINDOW', (f.create_time AT TIME ZONE 'Asia/Shanghai')::date,
       left(f.target_region_code, 2) || '0000', left(f.insured_region_code, 2) || '0000'
  FROM filing f JOIN filing_state_change c ON c.filing_id = f.filing_id AND c.state = 'CANCELLED'
 ORDER BY c.change_time;

CREATE TABLE filing_delivery (
    event_id      bigint      PRIMARY KEY,
    delivery_time timestamptz NOT NULL
);
COMMENT ON TABLE filing_delivery IS 'Events that were given to their care province, and when first.';

CREATE TABLE filing_acknowledgement (
    event_id         bigint      NOT NULL,
    sequence         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    refused          boolean     NOT NULL,
    reason           bytea       NOT NULL,
    acknowledge_time timestamptz NOT NULL,
    PRIMARY KEY (event_id, sequence)
);
COMMENT ON TABLE filing_acknowledgement IS 'What a care province says of an event; the last saying counts.';
COMMENT ON COLUMN filing_acknowledgement.reason IS 'Sealed: the province''s own words. Empty: none.';

-- An attempt that was refused leaves no filing: it is only counted. No person.
CREATE TABLE refused_submission (
    sequence         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    submission_date  date   NOT NULL,
    channel          text   NOT NULL,
    insured_province text   NOT NULL CHECK (insured_province ~ '^[1-6][0-9]0000$'),
    care_province    text   NOT NULL,
    reason           text   NOT NULL
);
CREATE INDEX refused_submission_by_date ON refused_submission (submission_date);

-- The newest version of each inpatient stay that settlement tells, and what was said of it last. Where and
-- when somebody lies in hospital is sealed, as settlement has it.
CREATE TABLE admission (
    visit_id            uuid   PRIMARY KEY,
    person_id           uuid   NOT NULL,
    insured_region_code text   NOT NULL,
    care_region_code    text   NOT NULL,
    stay                bytea  NOT NULL,
    state               text   NOT NULL
        CHECK (state IN ('REGISTERED', 'DISCHARGED', 'SETTLED', 'CANCELLED')),
    revision            bigint NOT NULL,
    warning_state       text
        CHECK (warning_state IN ('OPEN', 'RESOLVED', 'DISCHARGED', 'WITHDRAWN', 'SETTLED')),
    warning_reason      text,
    warned_date         date,
    due_date            date,
    care_province       text   NOT NULL,
    insured_province    text   NOT NULL,
    CHECK ((warned_date IS NOT NULL) = coalesce(warning_state IN ('OPEN', 'DISCHARGED'), false))
);
CREATE INDEX admission_by_person ON admission (person_id);
CREATE INDEX admission_warned ON admission (warned_date, visit_id)
    WHERE warning_state IN ('OPEN', 'DISCHARGED');
CREATE INDEX admission_due ON admission (due_date) WHERE due_date IS NOT NULL;
COMMENT ON COLUMN admission.stay IS 'Sealed: institution, days of admission and discharge, emergency.';
COMMENT ON COLUMN admission.warned_date IS 'Day of admission while a warning stands, which lists go by; else null.';
COMMENT ON COLUMN admission.due_date IS 'Day on which a filing begins that ends the warning; null: none.';

CREATE TABLE warning_event (
    transaction_id   xid8        NOT NULL DEFAULT pg_current_xact_id(),
    sequence         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    event_time       timestamptz NOT NULL,
    visit_id         uuid        NOT NULL,
    warning          bytea       NOT NULL,
    care_province    text        NOT NULL CHECK (care_province ~ '^[1-6][0-9]0000$'),
    insured_province text        NOT NULL CHECK (insured_province ~ '^[1-6][0-9]0000$'),
    PRIMARY KEY (transaction_id, sequence) INCLUDE (care_province, insured_province)
);
COMMENT ON TABLE warning_event IS 'Outbox: every change of a warning, in the transaction that made it.';
COMMENT ON COLUMN warning_event.warning IS 'Sealed: yijie.filing.v1.AdmissionWarning.';

CREATE TABLE feed_cursor (
    feed        text        PRIMARY KEY,
    cursor      text        NOT NULL,
    update_time timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE feed_cursor IS 'How far we have followed the feeds of others; see services.kit.feed.';
INSERT INTO feed_cursor (feed, cursor) VALUES ('admission', '');

CREATE TRIGGER filing_event_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON filing_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER filing_delivery_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON filing_delivery
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER filing_acknowledgement_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON filing_acknowledgement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refused_submission_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON refused_submission
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER warning_event_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON warning_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
