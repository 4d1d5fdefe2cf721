-- Settlements computed anew by a filing made, changed or revoked since; see docs/adr/0018-recomputation.md. And what
-- becomes of inpatient stays, for those who warn of missing filings.

-- Rows of before have one of the two methods that were allowed, so nothing needs to be looked through.
ALTER TABLE request DROP CONSTRAINT request_method_check,
    ADD CONSTRAINT request_method_check CHECK (method IN ('Settle', 'Reverse', 'Recompute')) NOT VALID;

-- That a settlement is to be replaced, and by which filing. A request that changed nothing has no row here.
CREATE TABLE recomputation (
    -- The one that is replaced, once.
    settlement_id uuid        PRIMARY KEY,
    request_id    uuid        NOT NULL UNIQUE,
    -- yijie.filing.v1.MatchFilingResponse of the new level; encrypted.
    filing        bytea       NOT NULL,
    create_time   timestamptz NOT NULL
);

-- The settlements put in its place: the first has the new level; one after another that failed has the old level.
CREATE TABLE recomputation_attempt (
    recomputes_id uuid     NOT NULL REFERENCES recomputation (settlement_id),
    attempt       smallint NOT NULL CHECK (attempt > 0),
    settlement_id uuid     NOT NULL UNIQUE,
    PRIMARY KEY (recomputes_id, attempt)
);

CREATE TRIGGER recomputation_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON recomputation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER recomputation_attempt_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON recomputation_attempt
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What is to be replaced is never reversed without a settlement in its place: also not by a replica of the version
-- before, whose recovery would take it for a plain reversal.
CREATE FUNCTION require_successor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM recomputation WHERE settlement_id = NEW.settlement_id)
        AND NOT EXISTS (SELECT FROM recomputation_attempt WHERE recomputes_id = NEW.settlement_id) THEN
        RAISE EXCEPTION 'the settlement is to be replaced, not only reversed';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER reversed_has_successor AFTER INSERT ON settlement_state_change
    FOR EACH ROW WHEN (NEW.state = 'REVERSED') EXECUTE FUNCTION require_successor();

-- Nor does what replaces one fail without the next in its place: that version would give it up like any other.
CREATE FUNCTION require_next_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM recomputation_attempt a WHERE a.settlement_id = NEW.settlement_id
        AND NOT EXISTS (SELECT FROM recomputation_attempt following
            WHERE following.recomputes_id = a.recomputes_id AND following.attempt = a.attempt + 1)) THEN
        RAISE EXCEPTION 'what replaces a settlement does not fail without another in its place';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER failed_has_successor AFTER INSERT ON settlement_state_change
    FOR EACH ROW WHEN (NEW.state = 'FAILED') EXECUTE FUNCTION require_next_attempt();

-- Under what a token is used for the visit; none: under the visit's own id.
ALTER TABLE visit ADD COLUMN use_id uuid;

-- The feed of stays, ordered and read as the outbox. Stays from before come into it with their next change.
CREATE TABLE admission_event (
    transaction_id xid8        NOT NULL DEFAULT pg_current_xact_id(),
    sequence       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    visit_id       uuid        NOT NULL,
    revision       bigint      NOT NULL,
    state          text        NOT NULL CHECK (state IN ('REGISTERED', 'DISCHARGED', 'SETTLED', 'CANCELLED')),
    event_time     timestamptz NOT NULL,
    -- yijie.settlement.v1.Admission without state and revision; encrypted.
    admission      bytea       NOT NULL,
    PRIMARY KEY (transaction_id, sequence)
);
-- What is settled, or taken back, is told with what was told last.
CREATE INDEX admission_event_by_visit ON admission_event (visit_id, transaction_id, sequence);

CREATE TRIGGER admission_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON admission_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
