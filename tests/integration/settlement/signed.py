"""Reads what was signed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.kit.crypto import FieldCipher, parse_keyring_text
from services.kit.signing.message import Signed
from services.settlement import signature_store
from tests.integration.settlement.world import KEY, World


async def kept(world: World, record_id: str | None = None) -> list[tuple[Any, Signed]]:
    """Reads what was signed, of a record or of all, and decrypts it."""
    rows = await world.sql("SELECT * FROM message_signature ORDER BY receive_time, direction DESC")
    cipher = FieldCipher(parse_keyring_text(KEY))
    return [
        (row, signature_store.signed_of(cipher, row))
        for row in rows
        if record_id is None or row["record_id"] == UUID(record_id)
    ]
