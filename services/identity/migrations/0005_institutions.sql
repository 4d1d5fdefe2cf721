-- Institutions with their agreement, their suspensions and what a directory is searched by. What was registered
-- before has an agreement without end and no suspension.

ALTER TABLE institution
    ADD COLUMN begin_date             date,
    ADD COLUMN end_date               date,
    ADD COLUMN address                text NOT NULL DEFAULT '',
    ADD COLUMN national_platform_code text NOT NULL DEFAULT ''
        CHECK (national_platform_code ~ '^[0-9A-Za-z_-]{0,40}$'),
    ADD CONSTRAINT agreement CHECK (end_date >= begin_date);
COMMENT ON COLUMN institution.begin_date IS 'First day of the agreement (协议); null: since ever.';
COMMENT ON COLUMN institution.end_date IS 'Last day of the agreement; null: open-ended.';
COMMENT ON COLUMN institution.national_platform_code IS '国家异地平台机构编号; empty: none.';

-- The pairs of neighbouring characters of a name: a name that holds a text holds its pairs, and those can be
-- indexed. Chinese names have no words to index, and extensions for such searches are not everywhere.
CREATE FUNCTION bigrams(name text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ARRAY(SELECT DISTINCT substr(lower(name), n, 2)
               FROM generate_series(1, length(name) - 1) AS n);
CREATE INDEX institution_by_name ON institution USING gin (bigrams(name));

-- A search for a rare business goes in by the business.
CREATE INDEX institution_opening_by_business
    ON institution_opening (medical_type_code, disease_code, institution_code);

CREATE TABLE institution_suspension (
    suspension_id     uuid        PRIMARY KEY,
    institution_code  text        NOT NULL REFERENCES institution,
    medical_type_code text        NOT NULL CHECK (medical_type_code ~ '^([1-9][0-9])?$'),
    begin_date        date        NOT NULL,
    end_date          date,
    reason            text        NOT NULL CHECK (reason <> ''),
    create_time       timestamptz NOT NULL,
    update_time       timestamptz NOT NULL
);
CREATE INDEX institution_suspension_by_institution
    ON institution_suspension (institution_code, begin_date);
COMMENT ON COLUMN institution_suspension.medical_type_code IS 'The one business; empty: all.';
COMMENT ON COLUMN institution_suspension.end_date IS
    'Last day; null: until it is lifted; before begin_date: it never counted.';

CREATE TABLE institution_suspension_change (
    change_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    suspension_id uuid        NOT NULL REFERENCES institution_suspension,
    end_date      date,
    change_time   timestamptz NOT NULL
);
CREATE INDEX institution_suspension_change_by_suspension
    ON institution_suspension_change (suspension_id, change_id);
COMMENT ON TABLE institution_suspension_change IS
    'Which last day a suspension had from when on; append-only.';

CREATE TRIGGER institution_suspension_change_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON institution_suspension_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
