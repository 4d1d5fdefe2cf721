-- The audit after settlement: every settled and every reimbursed bill whole, so that rules over a person's
-- history and over provinces can be judged; findings say at which moment they were made, and are withdrawn, not
-- removed, when what they rest on is taken back.

ALTER TABLE finding DISABLE TRIGGER finding_is_append_only;

CREATE TABLE audited_bill (
    bill_key            uuid        PRIMARY KEY,
    channel             text        NOT NULL CHECK (channel IN ('DIRECT', 'MANUAL')),
    person_id           uuid        NOT NULL,
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]{5}$'),
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]{5}$'),
    institution_code    text        NOT NULL CHECK (institution_code ~ '^[HP][0-9]{11}$'),
    medical_type_code   text        NOT NULL CHECK (medical_type_code ~ '^[1-9][0-9]{1,5}$'),
    scheme_code         text        NOT NULL CHECK (scheme_code ~ '^3[0-9]{2}$'),
    begin_date          date        NOT NULL,
    end_date            date        NOT NULL CHECK (end_date >= begin_date),
    settle_time         timestamptz NOT NULL,
    total_fen           bigint      NOT NULL CHECK (total_fen >= 0),
    in_scope_fen        bigint      NOT NULL CHECK (in_scope_fen >= 0),
    fund_fen            bigint      NOT NULL CHECK (fund_fen >= 0),
    round_trip_ms       integer     CHECK (round_trip_ms > 0),
    region_ms           integer     CHECK (region_ms > 0),
    visit_id            uuid,
    invoice_key         bytea       CHECK (length(invoice_key) = 32),
    phone_key           bytea       CHECK (length(phone_key) = 32),
    is_screened         boolean     NOT NULL,
    ruleset_version     text        NOT NULL CHECK (ruleset_version <> ''),
    detail              bytea       NOT NULL,
    create_time         timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE audited_bill IS
    'One row per settled or reimbursed bill: that every bill was audited is shown, not assumed.';
COMMENT ON COLUMN audited_bill.bill_key IS 'The settlement; with MANUAL the reimbursement.';
COMMENT ON COLUMN audited_bill.settle_time IS
    'When it was settled, or the reimbursement adjudicated: with bill_key the order in which bills count as earlier and later.';
COMMENT ON COLUMN audited_bill.round_trip_ms IS 'Of the call that settled it; NULL: not known.';
COMMENT ON COLUMN audited_bill.invoice_key IS 'Keyed blind index of the invoice number, as settlement made it; NULL: none.';
COMMENT ON COLUMN audited_bill.phone_key IS 'Keyed blind index of the telephone; its text never comes here. NULL: none.';
COMMENT ON COLUMN audited_bill.is_screened IS 'Whether the round trip screened it.';
COMMENT ON COLUMN audited_bill.ruleset_version IS 'The rules that the audit judged it by.';
COMMENT ON COLUMN audited_bill.detail IS
    'Encrypted yijie.supervision.v1.BillDetail: lines, diagnoses, operations, sex, date of birth. Bound to bill_key.';
-- What is encrypted cannot be compressed: nobody shall try.
ALTER TABLE audited_bill ALTER COLUMN detail SET STORAGE EXTERNAL;
CREATE INDEX audited_bill_by_person ON audited_bill (person_id, end_date);
CREATE INDEX audited_bill_by_time ON audited_bill (settle_time, bill_key) INCLUDE (channel, fund_fen);

CREATE TRIGGER audited_bill_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audited_bill
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A finding says itself where and when it was made: bills are known by audited_bill from now on, and `screening`
-- keeps what was recorded before. settlement_id is the key of the bill, of whichever channel.
ALTER TABLE finding DROP CONSTRAINT finding_settlement_id_fkey;
ALTER TABLE finding ADD COLUMN moment text;
ALTER TABLE finding ADD COLUMN severity text NOT NULL DEFAULT 'MEDIUM' CHECK (severity IN ('LOW', 'MEDIUM', 'HIGH'));
ALTER TABLE finding ADD COLUMN effect text NOT NULL DEFAULT 'MARK' CHECK (effect IN ('MARK', 'BLOCK'));
ALTER TABLE finding ADD COLUMN care_region_code text;
ALTER TABLE finding ADD COLUMN insured_region_code text;
ALTER TABLE finding ADD COLUMN institution_code text;
ALTER TABLE finding ADD COLUMN create_time timestamptz NOT NULL DEFAULT now();
ALTER TABLE finding ADD COLUMN run_id uuid;
UPDATE finding f
   SET moment = s.moment, care_region_code = s.care_region_code, insured_region_code = s.insured_region_code,
       institution_code = s.institution_code, create_time = s.create_time
  FROM screening s
 WHERE s.settlement_id = f.settlement_id;

-- While pods of the version before still record, what they leave out is taken from their `screening`.
CREATE FUNCTION complete_finding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.moment IS NULL THEN
        SELECT s.moment, s.care_region_code, s.insured_region_code, s.institution_code
          INTO NEW.moment, NEW.care_region_code, NEW.insured_region_code, NEW.institution_code
          FROM screening s WHERE s.settlement_id = NEW.settlement_id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER finding_is_complete BEFORE INSERT ON finding FOR EACH ROW EXECUTE FUNCTION complete_finding();

ALTER TABLE finding ALTER COLUMN moment SET NOT NULL;
ALTER TABLE finding ALTER COLUMN care_region_code SET NOT NULL;
ALTER TABLE finding ALTER COLUMN insured_region_code SET NOT NULL;
ALTER TABLE finding ALTER COLUMN institution_code SET NOT NULL;
ALTER TABLE finding ADD CHECK (moment IN ('ROUND_TRIP', 'AFTERWARDS', 'AUDIT', 'MINING'));
ALTER TABLE finding ADD CHECK ((moment = 'MINING') = (run_id IS NOT NULL));
COMMENT ON COLUMN finding.settlement_id IS 'Key of the bill: a settlement, or a reimbursement.';
COMMENT ON COLUMN finding.moment IS
    'ROUND_TRIP: travelled with the settlement; AFTERWARDS: a rule of the round trip, judged later because nobody answered; AUDIT: found by the audit; MINING: by a run over many people.';
COMMENT ON COLUMN finding.severity IS 'Of the rule then; of what was recorded before rules had one: MEDIUM.';
CREATE INDEX finding_by_care_province ON finding (left(care_region_code, 2), finding_number);
CREATE INDEX finding_by_insured_province ON finding (left(insured_region_code, 2), finding_number);
CREATE INDEX finding_by_time ON finding USING brin (create_time);
CREATE INDEX finding_by_institution ON finding (institution_code, finding_number);
CREATE INDEX finding_by_run ON finding (run_id) WHERE run_id IS NOT NULL;

CREATE TABLE finding_withdrawal (
    finding_id  uuid        PRIMARY KEY REFERENCES finding (finding_id),
    reason      text        NOT NULL CHECK (reason IN ('REVERSED', 'OTHER_REVERSED', 'SUPERSEDED')),
    event_time  timestamptz NOT NULL,
    -- Order of recording, for those who follow.
    withdrawal_number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    create_time timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE finding_withdrawal IS 'A finding with a row here does not stand. Never removed.';
COMMENT ON COLUMN finding_withdrawal.reason IS
    'REVERSED: its bill was taken back; OTHER_REVERSED: another bill that it rests on; SUPERSEDED: a bill came that lies before its bill, and with it the rule finds something else there.';
CREATE TRIGGER finding_withdrawal_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON finding_withdrawal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE reversal DROP CONSTRAINT reversal_settlement_id_fkey;
CREATE INDEX reversal_by_time ON reversal (event_time);
COMMENT ON COLUMN reversal.settlement_id IS 'Key of the bill: a settlement, or a reimbursement.';
INSERT INTO finding_withdrawal (finding_id, reason, event_time)
SELECT f.finding_id, 'REVERSED', r.event_time
  FROM finding f JOIN reversal r ON r.settlement_id = f.settlement_id
 ORDER BY f.finding_number;

ALTER TABLE finding ENABLE TRIGGER finding_is_append_only;

-- What a run of mining brought back.
CREATE TABLE mining_run (
    run_id          uuid        PRIMARY KEY,
    ruleset_version text        NOT NULL CHECK (ruleset_version <> ''),
    since_time      timestamptz NOT NULL,
    until_time      timestamptz NOT NULL CHECK (until_time > since_time),
    create_time     timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER mining_run_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON mining_run
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE mined_finding_bill (
    other_bill_key uuid NOT NULL,
    finding_id     uuid NOT NULL REFERENCES finding (finding_id),
    PRIMARY KEY (other_bill_key, finding_id)
);
COMMENT ON TABLE mined_finding_bill IS
    'Bills, of other persons mostly, that a mined finding rests on: it falls with any of them.';
CREATE TRIGGER mined_finding_bill_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON mined_finding_bill
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The key by which exported bills name persons: made once, sealed, never given to anybody.
CREATE TABLE export_key (
    is_only     boolean     PRIMARY KEY DEFAULT true CHECK (is_only),
    key         bytea       NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now()
);

-- A cursor of its own, from the beginning: bills that were recorded before this table get their row, too.
INSERT INTO feed_cursor (feed, cursor) VALUES ('audit', ''), ('reimbursements', '');
