-- What the invariants are checked by, and how the checks came out.
--
-- A day of the hub's leg is found by when it was settled; rows come in that order but for a few, so a block range
-- index finds it and costs a settlement nothing.
CREATE INDEX hub_record_by_settle_time ON hub_record
    USING brin (settle_time) WITH (pages_per_range = 32, autosummarize = on);
-- A few among tens of millions.
CREATE INDEX transfer_of_deduction ON transfer (position_id) WHERE kind = 'DEDUCTION';

CREATE TABLE invariant_check (
    check_date     date        PRIMARY KEY,
    first_month    text        NOT NULL,
    until_block_id bigint      NOT NULL CHECK (until_block_id >= 0),
    until_digest   bytea       NOT NULL CHECK (length(until_digest) = 32),
    check_time     timestamptz NOT NULL
);
COMMENT ON TABLE invariant_check IS
    'The nightly checks, by civil date, Asia/Shanghai: one a night, whichever replica makes it.';
COMMENT ON COLUMN invariant_check.until_block_id IS
    'Up to here the chain was found intact; the next check goes on from here.';
COMMENT ON COLUMN invariant_check.until_digest IS
    'Of that block: it shows a chain that was replaced as a whole.';
CREATE TABLE invariant_result (
    check_date          date   NOT NULL REFERENCES invariant_check,
    invariant           text   NOT NULL,
    checked_count       bigint NOT NULL CHECK (checked_count >= 0),
    contradiction_count bigint NOT NULL CHECK (contradiction_count >= 0),
    PRIMARY KEY (check_date, invariant)
);
CREATE TRIGGER invariant_check_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON invariant_check
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER invariant_result_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON invariant_result
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
