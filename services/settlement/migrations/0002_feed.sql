-- The feed by province, and open intents by the province that they wait for.
--
-- The provinces of an event are no personal data, so they stand in clear beside the sealed settlement: a reader
-- of one province's events looks at nothing else of the others'.

ALTER TABLE outbox ADD COLUMN care_province text, ADD COLUMN insured_province text;

ALTER TABLE outbox DISABLE TRIGGER outbox_append_only;
UPDATE outbox SET care_province = left(s.care_region_code, 2) || '0000',
    insured_province = left(s.insured_region_code, 2) || '0000'
FROM settlement s WHERE s.settlement_id = outbox.settlement_id;
ALTER TABLE outbox ENABLE TRIGGER outbox_append_only;

ALTER TABLE outbox
    ALTER COLUMN care_province SET NOT NULL,
    ALTER COLUMN insured_province SET NOT NULL,
    ADD CHECK (care_province ~ '^[1-6][0-9]0000$'),
    ADD CHECK (insured_province ~ '^[1-6][0-9]0000$');

-- All that a filter looks at is in the index, so that what a reader skips costs it no look at the table; one
-- index for every filter, because each further one is paid for by every settlement.
ALTER TABLE outbox DROP CONSTRAINT outbox_pkey,
    ADD PRIMARY KEY (transaction_id, sequence) INCLUDE (kind, care_province, insured_province);

-- A replica of the version before does not name the provinces; it may run while this one comes.
CREATE FUNCTION fill_provinces() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT left(s.care_region_code, 2) || '0000', left(s.insured_region_code, 2) || '0000'
    INTO NEW.care_province, NEW.insured_province
    FROM settlement s WHERE s.settlement_id = NEW.settlement_id;
    RETURN NEW;
END $$;
CREATE TRIGGER outbox_provinces BEFORE INSERT ON outbox
    FOR EACH ROW WHEN (NEW.care_province IS NULL) EXECUTE FUNCTION fill_provinces();

-- Whom the work waits for. Empty: written by a replica of the version before; such rows are one more group.
ALTER TABLE open_intent ADD COLUMN insured_province text NOT NULL DEFAULT '';
UPDATE open_intent SET insured_province = left(s.insured_region_code, 2) || '0000'
FROM settlement s WHERE s.settlement_id = open_intent.settlement_id;
