-- What was not settled and why: every Settle and SettleVisit that was answered with an error; a feed, as kit.outbox
-- describes it. And how long a settlement took, and what settlement knows of the rules that block.

CREATE TABLE refusal (
    transaction_id      xid8        NOT NULL DEFAULT pg_current_xact_id(),
    sequence            bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    -- When it was answered.
    event_time          timestamptz NOT NULL,
    refusal_id          uuid        NOT NULL UNIQUE,
    call                text        NOT NULL CHECK (call IN ('SETTLE', 'SETTLE_VISIT')),
    reason              text        NOT NULL CHECK (reason ~ '^[A-Z0-9_]{1,60}$'),
    service             text        NOT NULL,
    party               text        NOT NULL CHECK (party IN ('REQUEST', 'HUB', 'INSURED_REGION', 'SYSTEM')),
    retryable           boolean     NOT NULL,
    -- What of the request could be read, and is what its field should hold: never anything else, because people
    -- type numbers into the wrong field.
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^([1-6][0-9]{5})?$'),
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^([1-6][0-9]{5})?$'),
    institution_code    text        NOT NULL CHECK (institution_code ~ '^([HP][0-9]{11})?$'),
    medical_type_code   text        NOT NULL CHECK (medical_type_code ~ '^([1-9][0-9]{1,5})?$'),
    scheme_code         text        NOT NULL CHECK (scheme_code ~ '^(3[0-9]{2})?$'),
    emergency           boolean     NOT NULL,
    begin_date          date,
    end_date            date,
    total_fen           bigint      CHECK (total_fen >= 0),
    -- As identity names the person; says nothing by itself.
    person_id           uuid,
    visit_id            uuid,
    settlement_id       uuid,
    request_id          uuid,
    trace_id            text        NOT NULL,
    duration_ms         bigint      NOT NULL CHECK (duration_ms >= 0),
    rule_codes          text[]      NOT NULL,
    care_province       text        NOT NULL,
    insured_province    text        NOT NULL,
    PRIMARY KEY (transaction_id, sequence) INCLUDE (care_province, insured_province)
);
CREATE INDEX refusal_by_institution ON refusal (institution_code, refusal_id);
CREATE INDEX refusal_by_request ON refusal (request_id);
CREATE TRIGGER refusal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON refusal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE settlement_state_change
    -- SETTLED only: the round trip and the insured region's part of it; NULL: a later call or recovery settled it.
    ADD COLUMN round_trip_ms integer CHECK (round_trip_ms >= 0),
    ADD COLUMN region_ms     integer CHECK (region_ms >= 0);

-- The rules that block, as supervision said last: what lets no bill settle unscreened does so also after settlement
-- was started anew while supervision is away. The newest row counts.
CREATE TABLE screening_policy (
    policy_id   bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    version     text        NOT NULL,
    -- yijie.supervision.v1.GetScreeningPolicyResponse.
    policy      bytea       NOT NULL,
    create_time timestamptz NOT NULL
);
CREATE TRIGGER screening_policy_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON screening_policy
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
