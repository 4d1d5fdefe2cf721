-- Answers of insured regions that break the identities: refused, kept as evidence, never booked.

CREATE TABLE quarantine (
    quarantine_id       bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    -- More than one row where a region answered wrongly again before the outcome was written.
    settlement_id       uuid        NOT NULL,
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]{5}$'),
    -- The identities that it breaks, by name; no amounts.
    reasons             text[]      NOT NULL CHECK (cardinality(reasons) > 0),
    -- yijie.benefits.v1.Adjudication as answered; encrypted.
    answer              bytea       NOT NULL,
    trace_id            text        NOT NULL,
    create_time         timestamptz NOT NULL
);
CREATE INDEX quarantine_by_settlement ON quarantine (settlement_id);
CREATE INDEX quarantine_by_region ON quarantine (insured_region_code, create_time);

CREATE TRIGGER quarantine_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON quarantine
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
