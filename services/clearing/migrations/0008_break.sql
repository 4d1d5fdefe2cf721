-- Breaks (差错): on what ledger and journal do not agree, day by day, and what was done about it.

CREATE TABLE ledger_day (
    journal_date  date        PRIMARY KEY,
    state         text        CHECK (state IN ('EVEN', 'DIFFERENT', 'PARTIAL')),
    journal_count bigint      NOT NULL DEFAULT 0,
    journal_fen   bigint      NOT NULL DEFAULT 0,
    ledger_count  bigint      NOT NULL DEFAULT 0,
    ledger_fen    bigint      NOT NULL DEFAULT 0,
    break_count   integer     NOT NULL DEFAULT 0,
    begin_time    timestamptz,
    compare_time  timestamptz,
    due_time      timestamptz,
    claim_time    timestamptz,
    late_count    bigint      NOT NULL DEFAULT 0,
    CHECK ((state IS NULL) = (compare_time IS NULL) AND (state IS NULL) = (begin_time IS NULL))
);
COMMENT ON TABLE ledger_day IS
    'One row per civil day, Asia/Shanghai: its newest comparison with the journal, and when it is due again.';
COMMENT ON COLUMN ledger_day.state IS 'Null: it is not compared yet.';
COMMENT ON COLUMN ledger_day.begin_time IS
    'When the comparison that is stored was begun: one begun earlier does not take its place.';
COMMENT ON COLUMN ledger_day.claim_time IS
    'Since when somebody compares it; a claim that is old is of a process that died.';
COMMENT ON COLUMN ledger_day.late_count IS
    'How often something of this day was booked after it was over: what was compared before is compared again.';
CREATE INDEX ledger_day_due ON ledger_day (due_time) WHERE due_time IS NOT NULL;

CREATE TABLE break (
    break_id            uuid        PRIMARY KEY,
    journal_date        date        NOT NULL,
    month               text        NOT NULL CHECK (month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
    settlement_id       uuid        NOT NULL,
    event_kind          text        NOT NULL CHECK (event_kind IN ('SETTLED', 'REVERSED')),
    insured_region_code text        NOT NULL,
    care_region_code    text        NOT NULL,
    scheme_code         text        NOT NULL,
    kind                text        NOT NULL,
    cause               text        NOT NULL,
    owner               text        NOT NULL,
    twin_settlement_id  uuid,
    journal_insured     text,
    journal_care        text,
    journal_scheme      text,
    journal_fund_fen    bigint,
    journal_account_fen bigint,
    journal_time        timestamptz,
    ledger_insured      text,
    ledger_care         text,
    ledger_scheme       text,
    ledger_fund_fen     bigint,
    ledger_account_fen  bigint,
    ledger_time         timestamptz,
    fingerprint         bytea       NOT NULL,
    find_time           timestamptz NOT NULL,
    state               text        NOT NULL CHECK (state IN
        ('OPEN', 'CARRIED', 'RESOLVED', 'RESOLVED_BY_ITSELF', 'REPLACED')),
    close_time          timestamptz,
    CHECK ((state IN ('OPEN', 'CARRIED')) = (close_time IS NULL)),
    CHECK (num_nulls(journal_insured, journal_care, journal_scheme, journal_fund_fen,
                     journal_account_fen, journal_time) IN (0, 6)),
    CHECK (num_nulls(ledger_insured, ledger_care, ledger_scheme, ledger_fund_fen,
                     ledger_account_fen, ledger_time) IN (0, 6)),
    CHECK (journal_time IS NOT NULL OR ledger_time IS NOT NULL)
);
COMMENT ON COLUMN break.month IS
    'From which month on it keeps tables from being made: that of journal_date, or the one that it was carried into.';
CREATE UNIQUE INDEX break_open ON break (settlement_id, event_kind) WHERE close_time IS NULL;
CREATE INDEX break_blocking ON break (month) WHERE close_time IS NULL;
CREATE INDEX break_by_day ON break (journal_date, break_id);
CREATE INDEX break_by_settlement ON break (settlement_id, event_kind, break_id);
CREATE INDEX break_by_state ON break (state, break_id);

-- What was found is not changed; it is carried on, and closed once.
CREATE FUNCTION keep_break() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.close_time IS NOT NULL OR NEW.month < OLD.month
       OR NEW.state = 'OPEN' AND OLD.state <> 'OPEN'
       OR to_jsonb(NEW) - ARRAY['state', 'month', 'close_time']
          IS DISTINCT FROM to_jsonb(OLD) - ARRAY['state', 'month', 'close_time'] THEN
        RAISE EXCEPTION 'a break is history' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER break_is_kept
    BEFORE UPDATE OR DELETE ON break
    FOR EACH ROW EXECUTE FUNCTION keep_break();
CREATE TRIGGER break_is_not_emptied
    BEFORE TRUNCATE ON break
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE break_change (
    change_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    break_id    uuid        NOT NULL REFERENCES break,
    state       text        NOT NULL,
    change_time timestamptz NOT NULL,
    month       text        NOT NULL DEFAULT '',
    note        text        NOT NULL DEFAULT '',
    maker_id    text        NOT NULL DEFAULT '',
    checker_id  text        NOT NULL DEFAULT '',
    CHECK ((state = 'CARRIED') = (month <> '')),
    CHECK ((state IN ('CARRIED', 'RESOLVED')) = (note <> '' AND maker_id <> '')),
    CHECK ((maker_id = '') = (checker_id = '') AND (maker_id = '' OR maker_id <> checker_id))
);
CREATE INDEX break_change_by_break ON break_change (break_id, change_id);
CREATE TRIGGER break_change_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON break_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Differences of reconciliation, and days that are not compared, carried on by two people; those rows
-- stay as they are.
CREATE TABLE carry (
    carry_id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    difference_id uuid        REFERENCES difference,
    journal_date  date,
    month         text        NOT NULL CHECK (month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
    note          text        NOT NULL CHECK (note <> ''),
    maker_id      text        NOT NULL CHECK (maker_id <> ''),
    checker_id    text        NOT NULL CHECK (checker_id <> maker_id),
    create_time   timestamptz NOT NULL,
    CHECK (num_nonnulls(difference_id, journal_date) = 1)
);
COMMENT ON COLUMN carry.month IS 'The month that it is carried into, which it keeps from its tables.';
CREATE INDEX carry_by_difference ON carry (difference_id, month) WHERE difference_id IS NOT NULL;
CREATE INDEX carry_by_day ON carry (journal_date, month) WHERE journal_date IS NOT NULL;
CREATE TRIGGER carry_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON carry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A day's bookings by when they happened, whichever month they are booked into.
CREATE INDEX booking_by_event ON booking (event_time) WHERE kind IN ('SETTLED', 'REVERSED');

-- Open ones are counted with every look of the loop.
CREATE INDEX difference_unclosed ON difference (business_date) WHERE close_time IS NULL;

-- Whose turn a difference is: what the hub has not decided is the hub's, all else is of the first party
-- that has it otherwise than the hub.
CREATE FUNCTION difference_owner(id uuid, cause text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN cause = 'PENDING_HERE' THEN 'HUB' ELSE coalesce((
        SELECT l.party
          FROM difference_leg l
          JOIN difference_leg h ON h.difference_id = l.difference_id AND h.party = 'HUB'
         WHERE l.difference_id = id AND l.party <> 'HUB' AND l.leg_status <> 'NOT_COMPARED'
           AND (l.leg_status, l.status, l.total_fen, l.fund_fen, l.account_fen, l.cash_fen)
               IS DISTINCT FROM
               (h.leg_status, h.status, h.total_fen, h.fund_fen, h.account_fen, h.cash_fen)
         ORDER BY array_position(ARRAY['INSTITUTION', 'CARE_PROVINCE', 'INSURED_PROVINCE'], l.party)
         LIMIT 1), 'INSTITUTION') END
$$;

-- All that may keep a month from its tables, but for days: breaks, and differences of reconciliation.
CREATE VIEW break_item AS
SELECT b.break_id, 'LEDGER' AS source, b.journal_date, b.month, b.settlement_id, b.event_kind,
       b.insured_region_code, b.care_region_code, b.scheme_code, b.kind, b.cause, b.owner,
       b.twin_settlement_id, b.journal_insured, b.journal_care, b.journal_scheme,
       b.journal_fund_fen, b.journal_account_fen, b.journal_time,
       b.ledger_insured, b.ledger_care, b.ledger_scheme, b.ledger_fund_fen, b.ledger_account_fen,
       b.ledger_time, b.find_time, b.state, b.close_time
  FROM break b
UNION ALL
SELECT d.difference_id, 'RECONCILIATION', d.business_date,
       coalesce(c.month, to_char(d.business_date, 'YYYY-MM')), d.settlement_id, '',
       d.insured_region_code, d.care_region_code, d.scheme_code, 'PARTIES_DIFFER', 'DISPUTED',
       difference_owner(d.difference_id, d.cause), d.twin_settlement_id, NULL, NULL, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, d.find_time,
       CASE WHEN d.state = 'OPEN' AND c.month IS NOT NULL THEN 'CARRIED' ELSE d.state END,
       d.close_time
  FROM difference d
  LEFT JOIN LATERAL (SELECT max(c.month) AS month FROM carry c
                      WHERE c.difference_id = d.difference_id) c ON true;
