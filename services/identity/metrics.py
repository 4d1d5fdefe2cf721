"""Every instrument of identity; telemetry.yaml lists them."""

from __future__ import annotations

from typing import Final

import prometheus_client

VERIFICATIONS: Final = prometheus_client.Counter(
    "yijie_identity_verifications",
    "Credentials shown, by kind (mdtrt_cert_type) and outcome: PROVEN or the reason of refusal.",
    ["credential_type_code", "outcome"],
)
REGISTERED: Final = prometheus_client.Counter(
    "yijie_identity_registered",
    "Entries of upserts, by what they register and outcome: ACCEPTED or the reason of refusal.",
    ["resource", "outcome"],
)
