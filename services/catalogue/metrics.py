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
