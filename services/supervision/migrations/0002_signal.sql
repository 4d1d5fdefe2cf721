-- What looked wrong with the use of credentials, recorded from identity's feed of signals. Append-only. Persons
-- stand by their opaque key only.

CREATE TABLE signal (
    -- Order of recording, for paging; the key that others see is signal_id.
    signal_number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    signal_id         uuid        NOT NULL UNIQUE,
    kind              text        NOT NULL CHECK (kind ~ '^[A-Z][A-Z0-9_]{0,39}$'),
    person_id         uuid        NOT NULL,
    institution_codes text[]      NOT NULL,
    province_codes    text[]      NOT NULL,
    first_time        timestamptz NOT NULL,
    last_time         timestamptz NOT NULL,
    distance_km       integer     NOT NULL CHECK (distance_km >= 0),
    use_count         integer     NOT NULL CHECK (use_count > 0),
    event_time        timestamptz NOT NULL,
    create_time       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN signal.province_codes IS 'The provinces of the institutions, xx0000, each once.';
CREATE INDEX signal_by_kind ON signal (kind, signal_number);
CREATE INDEX signal_by_person ON signal (person_id, signal_number);
CREATE INDEX signal_by_province ON signal USING gin (province_codes);

CREATE TRIGGER signal_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON signal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

INSERT INTO feed_cursor (feed, cursor) VALUES ('signals', '');
