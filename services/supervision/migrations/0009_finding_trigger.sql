-- Only what a version before 0004 records needs completing: all others say themselves where and when they were made,
-- and pay nothing for asking.

-- Replaced and not dropped: who reads findings meanwhile is not waited for.
CREATE OR REPLACE TRIGGER finding_is_complete
    BEFORE INSERT ON finding
    FOR EACH ROW WHEN (NEW.moment IS NULL) EXECUTE FUNCTION complete_finding();
