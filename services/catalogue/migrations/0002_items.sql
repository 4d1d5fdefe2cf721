-- What else decides on an item, the two lists without a format of their own, and versions made by changes.
-- Rows of before say nothing of the new columns: they read as items without any of it.

ALTER TABLE item DROP CONSTRAINT item_list_type_code_check;
-- NOT VALID: it allows more than the one before, so the rows that are there need no look.
ALTER TABLE item ADD CONSTRAINT item_list_type_code_check
    CHECK (list_type_code IN ('101', '102', '103', '104', '105', '201', '301')) NOT VALID;
ALTER TABLE item
    ADD COLUMN prior_self_pays jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(prior_self_pays) = 'array'),
    ADD COLUMN price_ceilings  jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(price_ceilings) = 'array'),
    ADD COLUMN restriction     jsonb CHECK (jsonb_typeof(restriction) = 'object'),
    ADD COLUMN use_limits      jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(use_limits) = 'array'),
    ADD COLUMN specification   text  NOT NULL DEFAULT '',
    ADD COLUMN unit            text  NOT NULL DEFAULT '',
    ADD CONSTRAINT item_shares_of_class_b
        CHECK (catalogue_class = 'B' OR prior_self_pays = '[]') NOT VALID;
COMMENT ON COLUMN item.prior_self_pays IS '[{"person_type_code", "ratio"}], ratios as text.';
COMMENT ON COLUMN item.price_ceilings IS '[{"price_level_code", "price_ceiling"}], yuan per unit as text.';
COMMENT ON COLUMN item.restriction IS '限定支付: the stated parts only; NULL: none.';
COMMENT ON COLUMN item.use_limits IS '[{"quantity", "period"}], quantities as text.';

ALTER TABLE version
    ADD COLUMN base_version_id bigint REFERENCES version,
    ADD COLUMN effective_date  date,
    ADD CONSTRAINT version_changes_a_base CHECK (effective_date IS NULL OR base_version_id IS NOT NULL);
COMMENT ON COLUMN version.base_version_id IS 'The version that this one changes or repeats; NULL: stated whole.';
COMMENT ON COLUMN version.effective_date IS
    'First fee date that differs from the base; NULL: stated whole, or a repetition.';

-- What a version made by changes takes out of its base; with its items, all that there is of it until it is
-- published and the rest of the base is copied.
CREATE TABLE withdrawal (
    version_id bigint NOT NULL REFERENCES version,
    item_code  text   COLLATE "C" NOT NULL CHECK (item_code ~ '^[0-9A-Z-]{6,50}$'),
    PRIMARY KEY (version_id, item_code)
);
CREATE TRIGGER withdrawal_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON withdrawal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER published_version_takes_no_withdrawal
    AFTER INSERT ON withdrawal
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_item_of_published_version();

CREATE VIEW published_version AS
SELECT v.version_id, v.region_code, v.version, v.item_count, v.publication_sequence,
       coalesce(b.version, '') AS base_version, v.effective_date, v.publish_time
  FROM version v LEFT JOIN version b ON b.version_id = v.base_version_id
 WHERE v.publication_sequence IS NOT NULL;

-- What comparisons compare: equal texts are equal terms.
CREATE VIEW item_terms AS
SELECT version_id, item_code, begin_date, end_date, list_type_code,
       ROW(list_type_code, charge_category_code, catalogue_class, trim_scale(prior_self_pay_ratio),
           trim_scale(price_ceiling),
           CASE WHEN price_ceiling IS NOT NULL OR price_ceilings <> '[]' THEN over_ceiling END,
           prior_self_pays, price_ceilings, restriction, use_limits, unit)::text AS terms,
       ROW(name, specification, sample)::text AS labels
  FROM item;
COMMENT ON COLUMN item_terms.terms IS 'What decides on a fee line.';
COMMENT ON COLUMN item_terms.labels IS 'What describes the item.';
