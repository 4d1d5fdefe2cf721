-- The clearing ledger: what insured provinces owe care provinces, booked from the settlement feed.
-- Bookings, transfers and entries are append-only; positions and account balances are their sums,
-- kept so that a month of sixty million entries need not be added up to be read.

CREATE TABLE feed_cursor (
    feed        text        PRIMARY KEY CHECK (feed <> ''),
    cursor      text        NOT NULL,
    update_time timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE feed_cursor IS
    'How far each feed has been booked; moved only from the cursor that the batch was read after.';

CREATE TABLE position (
    position_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    insured_region_code text   NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]0000$'),
    care_region_code    text   NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]0000$'),
    month               text   NOT NULL CHECK (month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
    scheme_code         text   NOT NULL CHECK (scheme_code ~ '^3[0-9]{2}$'),
    settlement_count    bigint NOT NULL DEFAULT 0 CHECK (settlement_count >= 0),
    reversal_count      bigint NOT NULL DEFAULT 0 CHECK (reversal_count >= 0),
    UNIQUE (insured_region_code, care_region_code, month, scheme_code),
    CHECK (insured_region_code <> care_region_code)
);
CREATE INDEX position_by_month ON position (month);
COMMENT ON COLUMN position.month IS 'Civil month, Asia/Shanghai, in which the hub settled or reversed.';

CREATE TABLE account (
    account_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position_id    bigint NOT NULL REFERENCES position,
    fund_type_code text   NOT NULL CHECK (fund_type_code ~ '^[0-9]{6}$'),
    side           text   NOT NULL CHECK (side IN ('PAYABLE', 'RECEIVABLE')),
    balance_fen    bigint NOT NULL DEFAULT 0,
    UNIQUE (position_id, fund_type_code, side)
);
COMMENT ON COLUMN account.balance_fen IS
    'Sum of its entries: of a PAYABLE minus what is owed, of a RECEIVABLE what is owed.';

CREATE TABLE booking (
    settlement_id uuid        NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('SETTLED', 'REVERSED')),
    position_id   bigint      NOT NULL REFERENCES position,
    event_time    timestamptz NOT NULL,
    create_time   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (settlement_id, kind)
);
COMMENT ON TABLE booking IS 'One row per event booked: what makes a repeated event a replay.';

CREATE TABLE transfer (
    transfer_id          uuid   PRIMARY KEY,
    settlement_id        uuid   NOT NULL,
    kind                 text   NOT NULL,
    fund_type_code       text   NOT NULL CHECK (fund_type_code ~ '^[0-9]{6}$'),
    amount_fen           bigint NOT NULL,
    reverses_transfer_id uuid   UNIQUE REFERENCES transfer,
    UNIQUE (settlement_id, kind, fund_type_code),
    FOREIGN KEY (settlement_id, kind) REFERENCES booking,
    -- A settlement makes the insured province owe more, a reversal takes one transfer back.
    CHECK (CASE kind
               WHEN 'SETTLED' THEN amount_fen > 0 AND reverses_transfer_id IS NULL
               ELSE amount_fen < 0 AND reverses_transfer_id IS NOT NULL
           END)
);

CREATE TABLE entry (
    entry_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transfer_id uuid        NOT NULL REFERENCES transfer,
    side        text        NOT NULL CHECK (side IN ('PAYABLE', 'RECEIVABLE')),
    account_id  bigint      NOT NULL REFERENCES account,
    amount_fen  bigint      NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    -- At most one entry a side: with the trigger below, exactly two that sum to zero, for ever.
    UNIQUE (transfer_id, side)
);
CREATE INDEX entry_by_account ON entry (account_id, entry_id);

CREATE FUNCTION require_balanced_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sides integer;
    total numeric;
    receivable bigint;
BEGIN
    SELECT count(*), sum(e.amount_fen), max(e.amount_fen) FILTER (WHERE e.side = 'RECEIVABLE')
      INTO sides, total, receivable
      FROM entry e
     WHERE e.transfer_id = NEW.transfer_id;
    IF sides IS DISTINCT FROM 2 OR total IS DISTINCT FROM 0
       OR receivable IS DISTINCT FROM NEW.amount_fen THEN
        RAISE EXCEPTION 'transfer % is not balanced', NEW.transfer_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- Deferred to the commit, because a transfer stands before its entries do.
CREATE CONSTRAINT TRIGGER transfer_is_balanced
    AFTER INSERT ON transfer
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION require_balanced_transfer();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER booking_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON booking
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfer_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

INSERT INTO feed_cursor (feed, cursor) VALUES ('settlement', '');
