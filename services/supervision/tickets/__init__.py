"""Refusals, and the tickets that they and provinces open."""
