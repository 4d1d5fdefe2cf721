-- Settlements that were refused, as settlement's feed tells them, and the tickets between provinces that they
-- and people open.

CREATE TABLE refusal (
    refusal_id          uuid        PRIMARY KEY,
    reason              text        NOT NULL CHECK (reason ~ '^[A-Z][A-Z0-9_]{0,59}$'),
    party               text        NOT NULL CHECK (party IN
        ('CARE_PROVINCE', 'INSURED_PROVINCE', 'INSTITUTION', 'HUB', 'PATIENT')),
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^([1-6][0-9]0000)?$'),
    care_area_code      text        NOT NULL CHECK (care_area_code ~ '^([1-6][0-9]{5})?$'),
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^([1-6][0-9]0000)?$'),
    insured_area_code   text        NOT NULL CHECK (insured_area_code ~ '^([1-6][0-9]{5})?$'),
    institution_code    text        NOT NULL CHECK (institution_code ~ '^([HP][0-9]{11})?$'),
    medical_type_code   text        NOT NULL CHECK (medical_type_code ~ '^([1-9][0-9]{1,5})?$'),
    scheme_code         text        NOT NULL CHECK (scheme_code ~ '^(3[0-9]{2})?$'),
    total_fen           bigint      NOT NULL CHECK (total_fen >= 0),
    duration_ms         bigint      NOT NULL CHECK (duration_ms >= 0),
    trace_id            text        NOT NULL CHECK (trace_id ~ '^([0-9a-f]{32})?$'),
    request_id          uuid,
    event_time          timestamptz NOT NULL,
    create_time         timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE refusal IS 'Each Settle and SettleVisit that was answered with an error (未能结算记录).';
COMMENT ON COLUMN refusal.party IS 'Whose its cause is, by terms/ticket.yaml when it was recorded.';
COMMENT ON COLUMN refusal.care_region_code IS 'Province, xx0000; empty, as all codes here: not known.';
COMMENT ON COLUMN refusal.total_fen IS 'Total of the bill as sent; 0: not known.';
COMMENT ON COLUMN refusal.request_id IS 'Repeats of one request have it in common.';
CREATE INDEX refusal_by_time ON refusal (event_time, refusal_id);
CREATE INDEX refusal_by_institution ON refusal (institution_code, event_time);
CREATE TRIGGER refusal_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON refusal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE ticket (
    ticket_id               uuid        PRIMARY KEY,
    kind                    text        NOT NULL CHECK (kind IN ('CANNOT_SETTLE', 'VERIFY_BILL', 'SYSTEM_FAULT')),
    state                   text        NOT NULL CHECK (state IN ('OPEN', 'ANSWERED', 'CLOSED')),
    party                   text        NOT NULL CHECK (party IN
        ('CARE_PROVINCE', 'INSURED_PROVINCE', 'INSTITUTION', 'HUB')),
    responsible_region_code text        NOT NULL CHECK (responsible_region_code ~ '^([1-6][0-9]0000)?$'),
    institution_code        text        NOT NULL CHECK (institution_code ~ '^([HP][0-9]{11})?$'),
    opener_region_code      text        NOT NULL CHECK (opener_region_code ~ '^([1-6][0-9]0000)?$'),
    is_automatic            boolean     NOT NULL,
    -- What later refusals are matched by; empty: somebody opened it.
    cause                   text        NOT NULL,
    reason                  text        NOT NULL,
    care_region_code        text        NOT NULL CHECK (care_region_code ~ '^([1-6][0-9]0000)?$'),
    insured_region_code     text        NOT NULL CHECK (insured_region_code ~ '^([1-6][0-9]0000)?$'),
    settlement_id           uuid,
    question                text        NOT NULL,
    answer                  text        NOT NULL DEFAULT '',
    refusal_count           bigint      NOT NULL CHECK (refusal_count >= 0),
    refused_fen             bigint      NOT NULL CHECK (refused_fen >= 0),
    last_refusal_time       timestamptz,
    level                   integer     NOT NULL CHECK (level BETWEEN 0 AND 3),
    base_level              integer     NOT NULL CHECK (base_level BETWEEN 0 AND 3),
    open_time               timestamptz NOT NULL,
    first_due_time          timestamptz NOT NULL,
    due_time                timestamptz NOT NULL,
    first_answer_time       timestamptz,
    answer_time             timestamptz,
    reopen_count            integer     NOT NULL CHECK (reopen_count >= 0),
    close_time              timestamptz,
    opener_id               text        NOT NULL,
    CHECK ((party = 'HUB') = (responsible_region_code = '')),
    CHECK (party <> 'INSTITUTION' OR institution_code <> ''),
    CHECK (is_automatic = (cause <> '') AND is_automatic = (reason <> '')),
    CHECK (is_automatic = (opener_id = '') AND (NOT is_automatic OR opener_region_code = '')),
    CHECK (is_automatic OR question <> ''),
    CHECK (is_automatic = (refusal_count > 0)),
    CHECK ((state = 'CLOSED') = (close_time IS NOT NULL)),
    CHECK (state <> 'ANSWERED' OR answer <> ''),
    CHECK ((answer = '') = (answer_time IS NULL) AND (answer = '') = (first_answer_time IS NULL)),
    CHECK (level >= base_level AND due_time >= first_due_time)
);
COMMENT ON TABLE ticket IS 'Matters between provinces that somebody has to answer in time (协同工单).';
COMMENT ON COLUMN ticket.responsible_region_code IS
    'Province that answers: of the party, of an institution its care province; empty: the hub.';
COMMENT ON COLUMN ticket.care_region_code IS 'With insured_region_code the pair concerned; empty: many are.';
COMMENT ON COLUMN ticket.first_due_time IS 'Until when the first answer was in time: what statistics go by.';
COMMENT ON COLUMN ticket.base_level IS 'Level of escalation when the present clock began.';
CREATE UNIQUE INDEX ticket_live_once ON ticket (cause) WHERE is_automatic AND state <> 'CLOSED';
CREATE INDEX ticket_by_responsible ON ticket (responsible_region_code, ticket_id);
CREATE INDEX ticket_by_opener ON ticket (opener_region_code, ticket_id);
CREATE INDEX ticket_by_care ON ticket (care_region_code, ticket_id);
CREATE INDEX ticket_by_insured ON ticket (insured_region_code, ticket_id);
CREATE INDEX ticket_open ON ticket (due_time, ticket_id) WHERE state = 'OPEN';
CREATE INDEX ticket_answered ON ticket (answer_time, ticket_id) WHERE state = 'ANSWERED' AND is_automatic;
CREATE INDEX ticket_not_closed ON ticket (responsible_region_code, ticket_id) WHERE state <> 'CLOSED';
CREATE INDEX ticket_by_open_time ON ticket (open_time, ticket_id);

CREATE TABLE ticket_change (
    change_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id   uuid        NOT NULL REFERENCES ticket,
    state       text        NOT NULL CHECK (state IN ('OPEN', 'ANSWERED', 'CLOSED')),
    level       integer     NOT NULL CHECK (level BETWEEN 0 AND 3),
    change_time timestamptz NOT NULL,
    region_code text        NOT NULL,
    maker_id    text        NOT NULL,
    note        text        NOT NULL
);
COMMENT ON COLUMN ticket_change.maker_id IS 'Empty: it came by itself.';
CREATE INDEX ticket_change_by_ticket ON ticket_change (ticket_id, change_id);
CREATE TRIGGER ticket_change_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON ticket_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE ticket_refusal (
    refusal_id uuid PRIMARY KEY REFERENCES refusal,
    ticket_id  uuid NOT NULL REFERENCES ticket
);
COMMENT ON TABLE ticket_refusal IS 'Which refusals a ticket is about: each of one ticket.';
CREATE INDEX ticket_refusal_by_ticket ON ticket_refusal (ticket_id, refusal_id);
CREATE TRIGGER ticket_refusal_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON ticket_refusal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The only ways are those of domain/ticket_states.py; what it is about does not change.
CREATE FUNCTION keep_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.state = 'CLOSED'
       OR (OLD.ticket_id, OLD.kind, OLD.party, OLD.responsible_region_code, OLD.institution_code,
           OLD.opener_region_code, OLD.is_automatic, OLD.cause, OLD.reason, OLD.care_region_code,
           OLD.insured_region_code, OLD.settlement_id, OLD.question, OLD.open_time,
           OLD.first_due_time, OLD.opener_id)
          IS DISTINCT FROM
          (NEW.ticket_id, NEW.kind, NEW.party, NEW.responsible_region_code, NEW.institution_code,
           NEW.opener_region_code, NEW.is_automatic, NEW.cause, NEW.reason, NEW.care_region_code,
           NEW.insured_region_code, NEW.settlement_id, NEW.question, NEW.open_time,
           NEW.first_due_time, NEW.opener_id)
       OR (OLD.first_answer_time IS NOT NULL AND NEW.first_answer_time IS DISTINCT FROM OLD.first_answer_time)
       OR NEW.level < OLD.level OR NEW.refusal_count < OLD.refusal_count
       OR NEW.refused_fen < OLD.refused_fen OR NEW.reopen_count < OLD.reopen_count THEN
        RAISE EXCEPTION 'a ticket does not go that way' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ticket_is_kept
    BEFORE UPDATE OR DELETE ON ticket
    FOR EACH ROW EXECUTE FUNCTION keep_ticket();
CREATE TRIGGER ticket_is_not_emptied
    BEFORE TRUNCATE ON ticket
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

INSERT INTO feed_cursor (feed, cursor) VALUES ('refusals', '');
