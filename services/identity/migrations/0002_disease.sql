-- Openings by chronic disease (门诊慢特病). What was registered before is open for every disease.

ALTER TABLE institution_opening
    ADD COLUMN disease_code text NOT NULL DEFAULT ''
        CHECK (disease_code ~ '^(M[0-9]{5}|[A-Z]{4}[0-9]{3})?$'),
    ADD CONSTRAINT disease CHECK (disease_code = '' OR medical_type_code = '14');
COMMENT ON COLUMN institution_opening.disease_code IS
    'The one disease opened, with its sub-types (dise_codg); only with medical type 14. Empty: every one.';
