"""Backups of the database: base copies, its log, and a restore to a point in time."""
