"""Instruments of the catalogue service; listed in telemetry.yaml."""

from __future__ import annotations

import prometheus_client

ITEMS_IMPORTED = prometheus_client.Counter(
    "yijie_catalogue_items_imported",
    "Entries of import batches, by outcome (accepted, refused).",
    ["outcome"],
)
SNAPSHOT_ITEMS = prometheus_client.Gauge(
    "yijie_catalogue_snapshot_items",
    "Items of the newest version of a care region that this process holds.",
    ["care_region"],
)
MAPPING_ENTRIES_IMPORTED = prometheus_client.Counter(
    "yijie_catalogue_mapping_entries_imported",
    "Entries of mapping batches, by outcome (accepted, refused).",
    ["outcome"],
)
CODES_RESOLVED = prometheus_client.Counter(
    "yijie_catalogue_codes_resolved",
    "Codes of institutions that were asked for, by how far they resolve.",
    ["state"],
)
SUGGESTION_DURATION = prometheus_client.Histogram(
    "yijie_catalogue_suggestion_duration_seconds",
    "Search for the names most like that of an unmapped item.",
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3),
)
