-- Visits and their fee lines; see docs/adr/0011-visits.md.
--
-- Every change of a visit is one statement that raises its revision from the one that was read; all else that the
-- statement writes comes from that row. What is sensitive is encrypted: the record with its diagnoses, sex and birth
-- date, and the lines, because names of drugs tell diagnoses. An upload is encrypted as one field.

CREATE TABLE visit (
    visit_id            uuid        PRIMARY KEY,
    revision            bigint      NOT NULL CHECK (revision > 0),
    -- SETTLED is not written down: it is DISCHARGED with a final settlement that stands.
    state               text        NOT NULL CHECK (state IN ('REGISTERED', 'DISCHARGED', 'CANCELLED')),
    institution_code    text        NOT NULL CHECK (institution_code ~ '^[HP][0-9]{11}$'),
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]{5}$'),
    hospital_level_code text        NOT NULL,
    person_id           uuid        NOT NULL,
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]{5}$'),
    -- The medical type is settled as a stay.
    is_stay             boolean     NOT NULL,
    -- Of the lines that stand.
    line_count          integer     NOT NULL DEFAULT 0 CHECK (line_count >= 0),
    line_total_fen      bigint      NOT NULL DEFAULT 0 CHECK (line_total_fen >= 0),
    first_fee_date      date,
    last_fee_date       date,
    -- yijie.settlement.v1.Patient with sex and birth date alone; encrypted.
    patient             bytea       NOT NULL,
    -- yijie.settlement.v1.VisitRecord; encrypted.
    record              bytea       NOT NULL,
    -- yijie.settlement.v1.DischargeRecord; encrypted.
    discharge           bytea,
    create_time         timestamptz NOT NULL,
    update_time         timestamptz NOT NULL,
    CHECK ((state = 'DISCHARGED') = (discharge IS NOT NULL)),
    CHECK (state <> 'DISCHARGED' OR is_stay),
    CHECK (state <> 'CANCELLED' OR line_count = 0),
    CHECK ((line_count = 0) = (first_fee_date IS NULL) AND (line_count = 0) = (last_fee_date IS NULL)),
    CHECK (line_count > 0 OR line_total_fen = 0)
);
-- One open stay per person in the whole country.
CREATE UNIQUE INDEX visit_one_open_stay ON visit (person_id) WHERE is_stay AND state = 'REGISTERED';
CREATE INDEX visit_by_institution ON visit (institution_code, visit_id);

-- What one call of UploadFees brought, under the revision that it made.
CREATE TABLE visit_upload (
    visit_id    uuid        NOT NULL,
    revision    bigint      NOT NULL,
    create_time timestamptz NOT NULL,
    -- yijie.settlement.v1.UploadFeesRequest with the lines alone, compressed; encrypted.
    lines       bytea       NOT NULL,
    PRIMARY KEY (visit_id, revision)
);

CREATE TABLE visit_line (
    visit_id        uuid     NOT NULL,
    -- Its upload, and the place in it from 0.
    revision        bigint   NOT NULL,
    position        smallint NOT NULL CHECK (position >= 0),
    line_id         text     NOT NULL,
    fee_date        date     NOT NULL,
    -- By which interim settlements cover it: the fee date, of a refund that of its original.
    cover_date      date     NOT NULL,
    amount_fen      bigint   NOT NULL,
    -- The revision that took it back; none: it stands.
    cancel_revision bigint   CHECK (cancel_revision > revision),
    PRIMARY KEY (visit_id, revision, position)
);
-- A line id is unique among the lines that stand.
CREATE UNIQUE INDEX visit_line_one_id ON visit_line (visit_id, line_id) WHERE cancel_revision IS NULL;

-- Every mutating request of VisitService that was done, with its answer, to be given again.
CREATE TABLE visit_request (
    request_id   uuid        PRIMARY KEY,
    method       text        NOT NULL,
    request_hash bytea       NOT NULL CHECK (length(request_hash) = 32),
    visit_id     uuid        NOT NULL,
    -- The response of the method, compressed; encrypted.
    response     bytea       NOT NULL,
    create_time  timestamptz NOT NULL
);

CREATE TRIGGER visit_upload_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON visit_upload
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER visit_request_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON visit_request
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
