-- What the settlements of a visit cover; see docs/adr/0011-visits.md. Written in the statement of the intent that
-- raises the visit's revision, and never again: whether it stands is what the journal says of settlement_id.

CREATE TABLE visit_settlement (
    visit_id            uuid     NOT NULL,
    -- 1, 2, … in the order in which they were made.
    ordinal             integer  NOT NULL CHECK (ordinal > 0),
    settlement_id       uuid     NOT NULL UNIQUE,
    scope               text     NOT NULL CHECK (scope IN ('FINAL', 'INTERIM', 'BATCH')),
    -- '' is a batch too: the lines without batch number. '' with the other scopes.
    charge_batch_number text     NOT NULL DEFAULT '' CHECK (charge_batch_number = '' OR scope = 'BATCH'),
    -- Last day that an INTERIM one covers; none with the other scopes.
    until_date          date     CHECK ((scope = 'INTERIM') = (until_date IS NOT NULL)),
    -- The visit's revision that it was computed from: it covers no line that came later.
    revision            bigint   NOT NULL,
    PRIMARY KEY (visit_id, ordinal)
);

CREATE TRIGGER visit_settlement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON visit_settlement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
