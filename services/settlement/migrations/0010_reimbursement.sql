-- Claims for bills that were paid in cash (零星报销), and the invoices of bills; see docs/adr/0032-reimbursement.md.

-- Every invoice that is claimed in the country, by either channel. Taken by the writer of an intent, handed on to
-- what replaces a settlement, deleted where nothing is booked any more: no history, which the journals have.
CREATE TABLE invoice (
    -- Keyed fingerprint of the number.
    invoice_key bytea       PRIMARY KEY CHECK (length(invoice_key) = 32),
    channel     text        NOT NULL CHECK (channel IN ('DIRECT', 'MANUAL')),
    -- The settlement or the reimbursement; not indexed, so that handing it on touches no index.
    holder_id   uuid        NOT NULL,
    claim_time  timestamptz NOT NULL
) WITH (fillfactor = 90);

CREATE TABLE reimbursement (
    -- UUID version 7: a range of ids is a range of time.
    reimbursement_id    uuid        PRIMARY KEY,
    request_id          uuid        NOT NULL,
    -- Version 1 is SUBMITTED; each change raises it.
    version             smallint    NOT NULL CHECK (version > 0),
    state               text        NOT NULL CHECK (state IN
        ('SUBMITTED', 'ADJUDICATED', 'APPROVED', 'PAID', 'REJECTED', 'CANCELLED', 'FAILED')),
    -- False once it is refused or withdrawn and the insured region has taken back what it may have booked.
    holds_invoice       boolean     NOT NULL DEFAULT true,
    invoice_key         bytea       NOT NULL CHECK (length(invoice_key) = 32),
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]{5}$'),
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]{5}$'),
    insured_province    text        NOT NULL CHECK (insured_province ~ '^[1-6][0-9]0000$'),
    institution_code    text        NOT NULL CHECK (institution_code ~ '^[HP][0-9]{11}$'),
    person_id           uuid        NOT NULL,
    total_fen           bigint      NOT NULL CHECK (total_fen > 0),
    trace_id            text        NOT NULL,
    create_time         timestamptz NOT NULL,
    -- yijie.benefits.v1.CommitRequest; encrypted.
    commit_request      bytea       NOT NULL,
    -- yijie.settlement.v1.Reimbursement in the full view as it was submitted; encrypted.
    detail              bytea       NOT NULL,
    CHECK (holds_invoice OR state IN ('REJECTED', 'CANCELLED', 'FAILED'))
);
CREATE INDEX reimbursement_by_province ON reimbursement (insured_province, reimbursement_id);
-- What waits for somebody, however much was paid.
CREATE INDEX reimbursement_by_state ON reimbursement (insured_province, state, reimbursement_id);
CREATE INDEX reimbursement_by_person ON reimbursement (person_id, institution_code);

CREATE TABLE reimbursement_change (
    reimbursement_id  uuid        NOT NULL REFERENCES reimbursement,
    version           smallint    NOT NULL,
    state             text        NOT NULL,
    change_time       timestamptz NOT NULL,
    -- Who did it and who checked it; empty: the engine, or nobody had to.
    maker_id          text        NOT NULL DEFAULT '',
    checker_id        text        NOT NULL DEFAULT '',
    note              text        NOT NULL DEFAULT '',
    payment_reference text        NOT NULL DEFAULT '',
    -- FAILED only.
    reason            text        NOT NULL DEFAULT '',
    -- google.rpc.Status, given again to every repeat of the request; encrypted.
    failure           bytea,
    -- ADJUDICATED only: yijie.benefits.v1.Adjudication with its steps; encrypted.
    adjudication      bytea,
    fund_fen          bigint      CHECK (fund_fen >= 0),
    PRIMARY KEY (reimbursement_id, version),
    CHECK ((state = 'FAILED') = (reason <> '') AND (state = 'FAILED') = (failure IS NOT NULL)),
    CHECK ((state = 'ADJUDICATED') = (adjudication IS NOT NULL)),
    CHECK ((state = 'ADJUDICATED') = (fund_fen IS NOT NULL)),
    CHECK (maker_id = '' OR maker_id <> checker_id)
);

-- Every mutating request ever taken; a repeat is answered with what stands.
CREATE TABLE reimbursement_request (
    request_id       uuid        PRIMARY KEY,
    method           text        NOT NULL,
    request_hash     bytea       NOT NULL CHECK (length(request_hash) = 32),
    reimbursement_id uuid        NOT NULL REFERENCES reimbursement,
    create_time      timestamptz NOT NULL
);

-- Work that a crash must not lose: to book, or to take back. Deleted in the transaction that finishes it.
CREATE TABLE reimbursement_work (
    reimbursement_id uuid        NOT NULL REFERENCES reimbursement,
    kind             text        NOT NULL CHECK (kind IN ('BOOK', 'UNBOOK')),
    insured_province text        NOT NULL,
    create_time      timestamptz NOT NULL,
    claim_time       timestamptz,
    PRIMARY KEY (reimbursement_id, kind)
);

-- The feed: what becomes of claims from ADJUDICATED on; services.kit.outbox reads it.
CREATE TABLE reimbursement_event (
    transaction_id   xid8        NOT NULL DEFAULT pg_current_xact_id(),
    sequence         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    event_time       timestamptz NOT NULL,
    reimbursement_id uuid        NOT NULL,
    insured_province text        NOT NULL,
    -- yijie.settlement.v1.Reimbursement; encrypted.
    reimbursement    bytea       NOT NULL,
    PRIMARY KEY (transaction_id, sequence) INCLUDE (insured_province)
);

-- What was submitted is kept; only the state moves on, and the invoice goes once.
CREATE FUNCTION keep_reimbursement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE'
       OR (OLD.reimbursement_id, OLD.request_id, OLD.invoice_key, OLD.care_region_code, OLD.insured_region_code,
           OLD.insured_province, OLD.institution_code, OLD.person_id, OLD.total_fen, OLD.trace_id, OLD.create_time)
          IS DISTINCT FROM
          (NEW.reimbursement_id, NEW.request_id, NEW.invoice_key, NEW.care_region_code, NEW.insured_region_code,
           NEW.insured_province, NEW.institution_code, NEW.person_id, NEW.total_fen, NEW.trace_id, NEW.create_time)
       OR NEW.version NOT IN (OLD.version, OLD.version + 1)
       OR (NEW.version = OLD.version) <> (NEW.state = OLD.state)
       OR (NEW.holds_invoice AND NOT OLD.holds_invoice) THEN
        RAISE EXCEPTION 'a reimbursement is kept as it was submitted: % refused', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reimbursement_is_kept BEFORE UPDATE OR DELETE ON reimbursement
    FOR EACH ROW EXECUTE FUNCTION keep_reimbursement();
CREATE TRIGGER reimbursement_is_not_emptied BEFORE TRUNCATE ON reimbursement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reimbursement_change_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reimbursement_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reimbursement_request_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reimbursement_request
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reimbursement_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reimbursement_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
