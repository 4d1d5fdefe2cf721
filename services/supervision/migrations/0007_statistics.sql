-- Statistics: cases that patients paid whole, what locals cost, and bulletins, which are frozen. Append-only: a
-- correction is a further version beside the first, and the newest counts.

-- Rates are asked by kind of care and day of discharge: stays are a twentieth of all bills.
CREATE INDEX audited_bill_by_discharge ON audited_bill (left(medical_type_code, 2), end_date);

CREATE TABLE self_paid_case (
    case_id             uuid        NOT NULL,
    version             integer     NOT NULL CHECK (version > 0),
    is_withdrawn        boolean     NOT NULL,
    person_id           uuid        NOT NULL,
    institution_code    text        NOT NULL CHECK (institution_code ~ '^[HP][0-9]{11}$'),
    care_region_code    text        NOT NULL CHECK (care_region_code ~ '^[1-6][0-9]{5}$'),
    insured_region_code text        NOT NULL CHECK (insured_region_code ~ '^[1-6][0-9]{5}$'),
    medical_type_code   text        NOT NULL CHECK (medical_type_code ~ '^[1-9][0-9]{1,5}$'),
    begin_date          date        NOT NULL,
    end_date            date        NOT NULL CHECK (end_date >= begin_date),
    total_fen           bigint      NOT NULL CHECK (total_fen > 0),
    reason              text        NOT NULL CHECK (reason IN ('NOT_STATED', 'NOT_OPENED', 'SYSTEM_FAULT',
                                    'CREDENTIAL_NOT_READ', 'NOT_FILED', 'PATIENT_CHOSE', 'THIRD_PARTY_LIABLE', 'OTHER')),
    is_emergency        boolean     NOT NULL,
    eligibility         text        NOT NULL CHECK (eligibility IN ('ELIGIBLE', 'NOT_INSURED', 'NOT_FILED', 'NOT_COVERED')),
    content_hash        bytea       NOT NULL CHECK (length(content_hash) = 32),
    create_time         timestamptz NOT NULL,
    PRIMARY KEY (case_id, version),
    CHECK (left(care_region_code, 2) <> left(insured_region_code, 2))
);
COMMENT ON TABLE self_paid_case IS
    'Cases that patients paid whole (national 4201 to 4205), as institutions upload them: the newest version of each counts, unless it is withdrawn.';
COMMENT ON COLUMN self_paid_case.case_id IS 'Made of the institution and its number of the visit, which is not kept.';
COMMENT ON COLUMN self_paid_case.eligibility IS 'As identity and filing answered when it was uploaded.';
CREATE INDEX self_paid_case_by_discharge ON self_paid_case (end_date);
CREATE INDEX self_paid_case_by_person ON self_paid_case (person_id, institution_code);

CREATE TABLE local_cost (
    institution_code   text        NOT NULL CHECK (institution_code ~ '^[HP][0-9]{11}$'),
    month              text        NOT NULL CHECK (month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
    setting            text        NOT NULL CHECK (setting IN ('INPATIENT', 'OUTPATIENT', 'PHARMACY')),
    disease_group_code text        NOT NULL CHECK (disease_group_code ~ '^([A-Z][0-9]{2})?$'),
    version            integer     NOT NULL CHECK (version > 0),
    is_withdrawn       boolean     NOT NULL,
    case_count         bigint      NOT NULL CHECK (case_count > 0),
    total_fen          bigint      NOT NULL CHECK (total_fen > 0),
    create_time        timestamptz NOT NULL,
    PRIMARY KEY (month, institution_code, setting, disease_group_code, version)
);
COMMENT ON TABLE local_cost IS
    'What locals cost at an institution in a month: the newest version of each row counts, unless it is withdrawn.';
COMMENT ON COLUMN local_cost.disease_group_code IS 'Category of the main diagnosis (ICD-10); empty: all together.';

CREATE TABLE bulletin (
    month       text        NOT NULL CHECK (month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
    edition     integer     NOT NULL CHECK (edition > 0),
    freeze_time timestamptz NOT NULL,
    digest      text        NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    maker_id    text        NOT NULL,
    checker_id  text        NOT NULL,
    note        text        NOT NULL,
    PRIMARY KEY (month, edition),
    CHECK ((edition = 1) = (note = '')),
    CHECK (lower(maker_id) <> lower(checker_id))
);
COMMENT ON COLUMN bulletin.digest IS 'SHA-256 of figures.json.';

CREATE TABLE bulletin_file (
    month       text    NOT NULL,
    edition     integer NOT NULL,
    file_name   text    NOT NULL CHECK (file_name ~ '^[0-9A-Za-z._-]{1,80}$'),
    media_type  text    NOT NULL,
    sha256      text    NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    content     bytea   NOT NULL,
    PRIMARY KEY (month, edition, file_name),
    FOREIGN KEY (month, edition) REFERENCES bulletin
);
COMMENT ON TABLE bulletin_file IS 'Files of a bulletin as they were frozen: read again, not made again.';

CREATE TRIGGER self_paid_case_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON self_paid_case
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER local_cost_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON local_cost
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bulletin_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON bulletin
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bulletin_file_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON bulletin_file
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
