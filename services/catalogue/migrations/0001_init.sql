-- Catalogues of the care regions in versions. A version is filled in batches, then published whole; from
-- then on neither it nor its items change. Items are only ever inserted.

CREATE TABLE request (
    request_id   uuid        PRIMARY KEY,
    method       text        NOT NULL,
    request_hash bytea       NOT NULL,
    response     bytea       NOT NULL,
    create_time  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE request IS 'The first answer to each request id, stored with its effect.';

CREATE TABLE version (
    version_id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    region_code          text        NOT NULL CHECK (region_code ~ '^[1-6][0-9]0000$'),
    version              text        NOT NULL CHECK (version ~ '^[0-9A-Za-z._-]{1,40}$'),
    item_count           integer     NOT NULL DEFAULT 0 CHECK (item_count >= 0),
    publication_sequence bigint      UNIQUE CHECK (publication_sequence > 0),
    create_time          timestamptz NOT NULL DEFAULT now(),
    publish_time         timestamptz,
    UNIQUE (region_code, version),
    CHECK ((publication_sequence IS NULL) = (publish_time IS NULL)),
    CHECK (publication_sequence IS NULL OR item_count > 0)
);
CREATE INDEX version_by_publication ON version (region_code, publication_sequence DESC);
COMMENT ON COLUMN version.publication_sequence IS
    'Order of publication over all regions without a gap; NULL: not published, invisible to readers.';

CREATE TABLE item (
    version_id           bigint  NOT NULL REFERENCES version,
    item_code            text    COLLATE "C" NOT NULL CHECK (item_code ~ '^[0-9A-Z-]{6,50}$'),
    begin_date           date    NOT NULL,
    end_date             date    CHECK (end_date >= begin_date),
    name                 text    NOT NULL CHECK (name <> ''),
    list_type_code       text    NOT NULL CHECK (list_type_code IN ('101', '102', '103', '201', '301')),
    charge_category_code text    NOT NULL CHECK (charge_category_code ~ '^(0[1-9]|1[0-4])$'),
    catalogue_class      text    NOT NULL CHECK (catalogue_class IN ('A', 'B', 'C')),
    prior_self_pay_ratio numeric NOT NULL
        CHECK (prior_self_pay_ratio BETWEEN 0 AND 1 AND scale(prior_self_pay_ratio) <= 4),
    price_ceiling        numeric CHECK (price_ceiling >= 0 AND scale(price_ceiling) <= 6),
    over_ceiling         text    NOT NULL CHECK (over_ceiling IN ('self_pay', 'reject')),
    sample               boolean NOT NULL,
    PRIMARY KEY (version_id, item_code, begin_date),
    CHECK (catalogue_class = 'B' OR prior_self_pay_ratio = 0)
);
COMMENT ON COLUMN item.price_ceiling IS 'Yuan per unit; NULL: none.';
COMMENT ON COLUMN item.end_date IS 'Last day of validity, that day included; NULL: open.';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION refuse_item_of_published_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1
          FROM (SELECT DISTINCT version_id FROM added) a
          JOIN version v USING (version_id)
         WHERE v.publication_sequence IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'a published version is immutable' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION refuse_change_of_published_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.publication_sequence IS NOT NULL THEN
        RAISE EXCEPTION 'a published version is immutable' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER item_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON item
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER version_is_never_deleted
    BEFORE DELETE OR TRUNCATE ON version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Once per statement, over all its rows: a bulk load of thousands of items pays for one look.
CREATE TRIGGER published_version_takes_no_item
    AFTER INSERT ON item
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_item_of_published_version();
CREATE TRIGGER published_version_is_immutable
    BEFORE UPDATE ON version
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_published_version();
