-- Parts of one stay, bookings over a year's end, and the list for reconciliation. What was booked before
-- has none of the new columns: it is no part of a stay, and its one year is that of the row.

ALTER TABLE adjudication
    -- The stay (就诊) that it is a part of; null: a whole by itself.
    ADD COLUMN stay_id      uuid,
    -- Stays counted in the benefit year before this one, as of the first part of the stay.
    ADD COLUMN stays_before bigint,
    -- Discharge, or the last day of the part.
    ADD COLUMN end_date     date,
    ADD CONSTRAINT stay CHECK (stay_id IS NULL OR (stays_before >= 0 AND end_date IS NOT NULL));
CREATE INDEX adjudication_by_stay ON adjudication (stay_id) WHERE stay_id IS NOT NULL;

CREATE TABLE adjudication_year (
    settlement_id uuid     NOT NULL REFERENCES adjudication,
    benefit_year  smallint NOT NULL,
    person_id     uuid     NOT NULL,
    scheme_code   text     NOT NULL,
    -- What the settlement added to that year, in the order of the accumulators' columns.
    delta         bigint[] NOT NULL CHECK (cardinality(delta) = 11),
    PRIMARY KEY (settlement_id, benefit_year),
    FOREIGN KEY (person_id, scheme_code, benefit_year) REFERENCES accumulators
);
COMMENT ON TABLE adjudication_year IS
    'Years before adjudication.benefit_year that bear a part of a bill over a year''s end (跨年度住院); never changed.';

CREATE TRIGGER adjudication_year_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON adjudication_year
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE INDEX adjudication_state_cancelled ON adjudication_state (create_time) WHERE state = 'CANCELLED';
