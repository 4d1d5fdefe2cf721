-- The journal of settlements: append-only, partitioned by month.
--
-- settlement_id is a UUID version 7, so a range of ids is a range of time: the tables are partitioned by the
-- id itself, every look-up by id goes to one partition, and the primary key needs no second column.

CREATE TABLE settlement (
    settlement_id       uuid        NOT NULL,
    request_id          uuid        NOT NULL,
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]{5}$'),
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]{5}$'),
    institution_code    text        NOT NULL CHECK (institution_code ~ '^[HP][0-9]{11}$'),
    person_id           uuid        NOT NULL,
    scheme_code         text        NOT NULL CHECK (scheme_code ~ '^3[0-9]{2}$'),
    total_fen           bigint      NOT NULL CHECK (total_fen >= 0),
    trace_id            text        NOT NULL,
    create_time         timestamptz NOT NULL,
    -- What the insured region is asked to book: yijie.benefits.v1.CommitRequest. No name, no number.
    commit_request      bytea       NOT NULL,
    -- yijie.settlement.v1.Settlement in the full view with bill, lines and diagnoses; encrypted.
    detail              bytea       NOT NULL,
    PRIMARY KEY (settlement_id)
) PARTITION BY RANGE (settlement_id);
CREATE INDEX settlement_by_care ON settlement (care_region_code, settlement_id);
CREATE INDEX settlement_by_insured ON settlement (insured_region_code, settlement_id);
CREATE TABLE settlement_default PARTITION OF settlement DEFAULT;

-- Version 1 is PENDING, 2 SETTLED or FAILED, 3 REVERSED: the primary key lets exactly one of two racing
-- writers decide.
CREATE TABLE settlement_state_change (
    settlement_id uuid        NOT NULL,
    version       smallint    NOT NULL,
    state         text        NOT NULL,
    reason        text        NOT NULL DEFAULT '',
    change_time   timestamptz NOT NULL,
    request_id    uuid        NOT NULL,
    trace_id      text        NOT NULL,
    -- FAILED only: google.rpc.Status, given again to every repeat of the request.
    failure       bytea,
    -- SETTLED only: yijie.benefits.v1.Adjudication with its steps.
    adjudication  bytea,
    total_fen     bigint,
    fund_fen      bigint      CHECK (fund_fen >= 0),
    account_fen   bigint      CHECK (account_fen >= 0),
    cash_fen      bigint      CHECK (cash_fen >= 0),
    PRIMARY KEY (settlement_id, version),
    CHECK ((version, state) IN ((1, 'PENDING'), (2, 'SETTLED'), (2, 'FAILED'), (3, 'REVERSED'))),
    CHECK ((state = 'FAILED') = (reason <> '')),
    CHECK (state <> 'SETTLED' OR (
        adjudication IS NOT NULL AND total_fen IS NOT NULL
        AND fund_fen + account_fen + cash_fen = total_fen))
) PARTITION BY RANGE (settlement_id);
CREATE TABLE settlement_state_change_default PARTITION OF settlement_state_change DEFAULT;

-- Every mutating request ever taken: the caller's id, what it stood for, and what it led to.
CREATE TABLE request (
    request_id    uuid        PRIMARY KEY,
    method        text        NOT NULL CHECK (method IN ('Settle', 'Reverse')),
    request_hash  bytea       NOT NULL CHECK (length(request_hash) = 32),
    settlement_id uuid        NOT NULL,
    create_time   timestamptz NOT NULL
);

-- Work that a crash must not lose; a row is deleted in the transaction that finishes the work.
CREATE TABLE open_intent (
    settlement_id uuid        NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('SETTLE', 'CANCEL', 'REVERSE')),
    request_id    uuid        NOT NULL,
    create_time   timestamptz NOT NULL,
    claim_time    timestamptz,
    PRIMARY KEY (settlement_id, kind)
);

-- The feed. Sequence order is not commit order, so readers order by transaction and stop before the oldest
-- transaction still running; see store.py and docs/adr/0006-feed.md.
CREATE TABLE outbox (
    transaction_id xid8   NOT NULL DEFAULT pg_current_xact_id(),
    sequence       bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    settlement_id  uuid   NOT NULL,
    kind           text   NOT NULL CHECK (kind IN ('SETTLED', 'REVERSED')),
    event_time     timestamptz NOT NULL,
    -- yijie.settlement.v1.Settlement in the basic view; encrypted.
    settlement     bytea  NOT NULL,
    PRIMARY KEY (transaction_id, sequence)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: % on % refused', TG_OP, TG_TABLE_NAME;
END $$;
-- Statement triggers of a partitioned table do not fire for a statement on a partition, so there are row
-- triggers too, which every partition inherits; TRUNCATE knows none, so each partition gets its own.
CREATE TRIGGER settlement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER state_change_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement_state_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER settlement_row_append_only BEFORE UPDATE OR DELETE ON settlement
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER state_change_row_append_only BEFORE UPDATE OR DELETE ON settlement_state_change
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER settlement_default_no_truncate BEFORE TRUNCATE ON settlement_default
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER state_change_default_no_truncate BEFORE TRUNCATE ON settlement_state_change_default
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER request_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON request
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER outbox_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON outbox
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Makes the partitions of one month, "YYYY-MM" in Asia/Shanghai; does nothing if they are there. A month's
-- partitions must be made before its first row falls into the default one.
CREATE FUNCTION ensure_month(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := to_char(month, 'YYYYMM');
    lower uuid := first_id_at(date_trunc('month', month::timestamp));
    upper uuid := first_id_at(date_trunc('month', month::timestamp) + interval '1 month');
    parent text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['settlement', 'settlement_state_change'] LOOP
        IF to_regclass(format('%I', parent || '_' || name)) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                           parent || '_' || name, parent, lower, upper);
            EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I'
                           ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
                           parent || '_' || name);
        END IF;
    END LOOP;
END $$;

-- The smallest UUID version 7 at the start of a civil instant in Asia/Shanghai; twin of kit.ids.first_id_at.
-- The zone is an interval because in a zone's text, '+08', the sign is POSIX's: west of Greenwich.
CREATE FUNCTION first_id_at(civil timestamp) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM civil AT TIME ZONE interval '8 hours') * 1000)::bigint), 12, '0')
            || repeat('0', 20))::uuid
$$;

SELECT ensure_month((date_trunc('month', now() AT TIME ZONE interval '8 hours') + n * interval '1 month')::date)
FROM generate_series(0, 2) AS n;
