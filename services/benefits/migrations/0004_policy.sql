-- Policies that were ever in force here: their texts, and when which came into force.

CREATE TABLE policy_version (
    -- As on every settlement: 640100@2026.11-3fa9c1d2e4b5.
    version     text        PRIMARY KEY CHECK (version ~ '^[1-6][0-9]{5}@[0-9]{4}[.][0-9.]+-[0-9a-f]{12}$'),
    region_code text        NOT NULL CHECK (region_code = left(version, 6)),
    -- JSON of text by file name, deflated.
    files       bytea       NOT NULL,
    -- Came with a release; else with a publication.
    shipped     boolean     NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    UNIQUE (region_code, version)
);
ALTER TABLE policy_version ALTER COLUMN files SET STORAGE EXTERNAL;
COMMENT ON TABLE policy_version IS 'Texts of policies (待遇政策), so that every settlement can be explained; never changed.';

CREATE TABLE policy_publication (
    -- Ascends in the order of commits: one transaction at a time writes here.
    sequence     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    region_code  text        NOT NULL,
    version      text        NOT NULL,
    -- In force by a release, which a later release replaces; else until the next publication.
    shipped      boolean     NOT NULL,
    publish_time timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (region_code, version) REFERENCES policy_version (region_code, version)
);
CREATE INDEX policy_publication_by_region ON policy_publication (region_code, sequence);
CREATE INDEX policy_publication_by_version ON policy_publication (version, sequence);
COMMENT ON TABLE policy_publication IS 'Which policy came into force when; the last of a region holds; never changed.';

CREATE TRIGGER policy_version_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER policy_publication_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_publication
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
