-- Who looked up whom, and why; and what of it looks wrong. Persons by their opaque key only: no name, no
-- number, no institution's patient record.

CREATE TABLE access (
    -- Reading in the order of the transaction id, below the oldest one running, misses nothing.
    transaction_id     xid8        NOT NULL DEFAULT pg_current_xact_id(),
    access_id          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    access_time        timestamptz NOT NULL,
    method             text        NOT NULL CHECK (method <> ''),
    caller_region_code text        NOT NULL,
    caller_role        text        NOT NULL,
    purpose            smallint    NOT NULL CHECK (purpose >= 0),
    person_id          uuid,
    institution_code   text,
    outcome            text        NOT NULL CHECK (outcome ~ '^[A-Z_]+$'),
    trace_id           uuid,
    PRIMARY KEY (transaction_id, access_id)
);
COMMENT ON TABLE access IS 'Every look-up of a person; append-only.';
COMMENT ON COLUMN access.person_id IS 'Null: nobody was found.';
COMMENT ON COLUMN access.purpose IS 'Number of yijie.identity.v1.AccessPurpose.';
COMMENT ON COLUMN access.outcome IS 'OK or the reason of refusal; access_outcome has the last word.';
CREATE INDEX access_by_person ON access (person_id, access_id) WHERE person_id IS NOT NULL;
CREATE INDEX access_by_institution ON access (institution_code, access_id)
    WHERE institution_code IS NOT NULL;
CREATE INDEX access_by_caller ON access (caller_region_code, access_id)
    WHERE caller_region_code <> '';
-- Rows lie in the order of time: a few pages tell where a month begins, for audits and for archiving.
CREATE INDEX access_by_time ON access USING brin (access_time);

CREATE TABLE access_outcome (
    access_id bigint PRIMARY KEY,
    outcome   text   NOT NULL CHECK (outcome ~ '^[A-Z_]+$')
);
COMMENT ON TABLE access_outcome IS
    'Outcomes that only the opened record could tell, decided after the statement that looked; append-only.';

CREATE TRIGGER access_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON access
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_outcome_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON access_outcome
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE signal (
    transaction_id    xid8        NOT NULL DEFAULT pg_current_xact_id(),
    sequence          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    signal_id         uuid        NOT NULL UNIQUE,
    kind              text        NOT NULL CHECK (kind IN ('DISTANT_PLACES', 'MANY_INSTITUTIONS',
                                                           'LOST_CARD_SHOWN', 'TOKEN_REPLAYED')),
    person_id         uuid        NOT NULL,
    occasion          text        NOT NULL CHECK (occasion <> ''),
    institution_codes text[]      NOT NULL,
    first_time        timestamptz NOT NULL,
    last_time         timestamptz NOT NULL CHECK (last_time >= first_time),
    distance_km       integer     NOT NULL CHECK (distance_km >= 0),
    use_count         integer     NOT NULL CHECK (use_count > 0),
    event_time        timestamptz NOT NULL,
    PRIMARY KEY (transaction_id, sequence),
    CONSTRAINT signal_once UNIQUE (person_id, kind, occasion)
);
COMMENT ON TABLE signal IS
    'What looks wrong with the use of credentials, in the order of the feed; append-only.';
COMMENT ON COLUMN signal.occasion IS
    'What makes it the same signal: a day, or the two accesses. A signal is raised once.';

CREATE TRIGGER signal_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON signal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE signal_cursor (
    only_one       boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    transaction_id xid8    NOT NULL,
    access_id      bigint  NOT NULL
);
COMMENT ON TABLE signal_cursor IS 'The access that was looked at last for signals.';
INSERT INTO signal_cursor (transaction_id, access_id) VALUES ('0', 0);
