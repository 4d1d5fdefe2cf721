"""Keys of benefits' tables, for tests."""

from __future__ import annotations

import base64
from typing import Final

from services.benefits.vault import Vault
from services.kit.crypto import BlindIndex, FieldCipher, KeyRing

_DATA_KEY: Final = bytes(range(32))
_INDEX_KEY: Final = bytes(range(32, 64))

KEYS: Final = {
    "YIJIE_DATA_KEY": base64.b64encode(_DATA_KEY).decode(),
    "YIJIE_INDEX_KEY": base64.b64encode(_INDEX_KEY).decode(),
}
"""Environment of a process with these keys."""
VAULT: Final = Vault(FieldCipher(KeyRing({1: _DATA_KEY}, 1)), BlindIndex(_INDEX_KEY))
