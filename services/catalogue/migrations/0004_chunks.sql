-- Published versions in the form in which processes that settle load them: made once, streamed as they are.

CREATE TABLE snapshot_chunk (
    version_id bigint  NOT NULL REFERENCES version,
    ordinal    integer NOT NULL CHECK (ordinal >= 0),
    content    bytea   NOT NULL,
    PRIMARY KEY (version_id, ordinal)
);
COMMENT ON COLUMN snapshot_chunk.content IS
    'DownloadSnapshotResponse without its version; all of a version are written in one transaction.';
-- Read whole and often, never in part: compression would cost more than it saves.
ALTER TABLE snapshot_chunk ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TRIGGER snapshot_chunk_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON snapshot_chunk
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
