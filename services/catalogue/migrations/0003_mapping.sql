-- How codes of institutions and regions map to national ones, in versions like those of catalogues: filled in
-- batches, published whole, never changed after.

CREATE TABLE mapping_version (
    version_id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_code           text        NOT NULL CHECK (owner_code ~ '^([1-6][0-9]0000|[HP][0-9]{11})$'),
    version              text        NOT NULL CHECK (version ~ '^[0-9A-Za-z._-]{1,40}$'),
    mode                 text        NOT NULL CHECK (mode IN ('region', 'three_stage', 'full_replacement')),
    entry_count          integer     NOT NULL DEFAULT 0 CHECK (entry_count >= 0),
    base_version_id      bigint      REFERENCES mapping_version,
    officer_id           text        NOT NULL DEFAULT '',
    publication_sequence bigint      UNIQUE CHECK (publication_sequence > 0),
    create_time          timestamptz NOT NULL DEFAULT now(),
    publish_time         timestamptz,
    UNIQUE (owner_code, version),
    CHECK ((publication_sequence IS NULL) = (publish_time IS NULL)),
    CHECK (publication_sequence IS NULL OR entry_count > 0),
    CHECK ((mode = 'region') = (owner_code ~ '^[1-6]'))
);
CREATE INDEX mapping_version_by_publication ON mapping_version (owner_code, publication_sequence DESC);
COMMENT ON COLUMN mapping_version.owner_code IS 'A province, xx0000, or an institution.';
COMMENT ON COLUMN mapping_version.officer_id IS 'Who uploaded the first batch, or confirmed; empty: not stated.';

CREATE TABLE mapping_entry (
    version_id        bigint  NOT NULL REFERENCES mapping_version,
    source_code       text    COLLATE "C" NOT NULL CHECK (source_code ~ '^[0-9A-Za-z._/-]{1,50}$'),
    begin_date        date    NOT NULL,
    end_date          date    CHECK (end_date >= begin_date),
    source_name       text    NOT NULL CHECK (source_name <> ''),
    target_code       text    COLLATE "C" NOT NULL CHECK (target_code ~ '^([0-9A-Za-z._/-]{1,50})?$'),
    list_type_code    text    NOT NULL CHECK (list_type_code IN ('101', '102', '103', '104', '105', '201', '301')),
    specification     text    NOT NULL,
    unit_price        numeric CHECK (unit_price >= 0 AND scale(unit_price) <= 6),
    period_amount_fen bigint  CHECK (period_amount_fen >= 0),
    PRIMARY KEY (version_id, source_code, begin_date)
);
COMMENT ON COLUMN mapping_entry.target_code IS 'Region or national code; empty: not mapped yet.';
COMMENT ON COLUMN mapping_entry.period_amount_fen IS 'Charged in the last twelve months; NULL: not stated.';

CREATE FUNCTION refuse_entry_of_published_mapping() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1
          FROM (SELECT DISTINCT version_id FROM added) a
          JOIN mapping_version v USING (version_id)
         WHERE v.publication_sequence IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'a published mapping is immutable' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER mapping_entry_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON mapping_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER mapping_version_is_never_deleted
    BEFORE DELETE OR TRUNCATE ON mapping_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER published_mapping_takes_no_entry
    AFTER INSERT ON mapping_entry
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_entry_of_published_mapping();
CREATE TRIGGER published_mapping_is_immutable
    BEFORE UPDATE ON mapping_version
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_published_version();

CREATE VIEW published_mapping AS
SELECT v.version_id, v.owner_code, v.version, v.mode, v.entry_count, v.publication_sequence,
       coalesce(b.version, '') AS base_version
  FROM mapping_version v LEFT JOIN mapping_version b ON b.version_id = v.base_version_id
 WHERE v.publication_sequence IS NOT NULL;

-- How the entries of a mapping resolve on a day. No region's mapping (NULL): targets are national codes; one that
-- is not there (0): nothing resolves through it. Written so that PostgreSQL inlines it, and so that each step is one
-- look at an index: of a version just published the planner knows no numbers, and its joins would be of luck.
CREATE FUNCTION resolve_mapping(
    mapping_id bigint, region_mapping_id bigint, catalogue_id bigint, day date
) RETURNS TABLE (
    source_code text, source_name text, target_code text, list_type_code text, begin_date date,
    end_date date, specification text, unit_price numeric, period_amount_fen bigint,
    region_list_type_code text, item_code text, item_list_type_code text, ceiling numeric, state text
) LANGUAGE sql STABLE AS $$
    SELECT e.source_code, e.source_name, e.target_code, e.list_type_code, e.begin_date, e.end_date,
           e.specification, e.unit_price, e.period_amount_fen, r.list_type_code, n.item_code,
           i.list_type_code,
           greatest(i.price_ceiling, (SELECT max((c ->> 'price_ceiling')::numeric)
                                        FROM jsonb_array_elements(i.price_ceilings) c)),
           CASE WHEN e.target_code = '' THEN 'no_region_code'
                WHEN n.item_code = '' THEN 'no_national_code'
                WHEN i.list_type_code IS NULL THEN 'not_listed'
                ELSE 'resolved' END
      FROM mapping_entry e
      LEFT JOIN LATERAL (
           -- Periods of a code do not overlap: the last that has begun is the only one that may hold.
           SELECT x.target_code, x.list_type_code, x.end_date
             FROM mapping_entry x
            WHERE x.version_id = region_mapping_id AND x.source_code = e.target_code
              AND x.begin_date <= day
            ORDER BY x.begin_date DESC LIMIT 1
      ) r ON day <= coalesce(r.end_date, 'infinity')
     CROSS JOIN LATERAL (
           SELECT CASE WHEN region_mapping_id IS NULL THEN e.target_code
                       ELSE coalesce(r.target_code, '') END
      ) n (item_code)
      LEFT JOIN LATERAL (
           SELECT x.list_type_code, x.price_ceiling, x.price_ceilings, x.end_date
             FROM item x
            WHERE x.version_id = catalogue_id AND x.item_code = n.item_code AND x.begin_date <= day
            ORDER BY x.begin_date DESC LIMIT 1
      ) i ON day <= coalesce(i.end_date, 'infinity')
     WHERE e.version_id = mapping_id
       AND day BETWEEN e.begin_date AND coalesce(e.end_date, 'infinity')
$$;
