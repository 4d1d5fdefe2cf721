-- Only what a version before 0004 records needs completing: all others say themselves where and when they were made,
-- and pay nothing for asking.

DROP TRIGGER finding_is_complete ON finding;
CREATE TRIGGER finding_is_complete
    BEFORE INSERT ON finding
    FOR EACH ROW WHEN (NEW.moment IS NULL) EXECUTE FUNCTION complete_finding();
