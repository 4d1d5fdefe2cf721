"""What a care province says of an event is sealed, and bound to that event."""

from __future__ import annotations

import pytest

from services.filing.vault import Vault
from services.kit.crypto import FieldCipher, KeyRing, UnreadableField

RING = KeyRing({1: bytes(range(32))}, 1)
WORDS = "经办人称该户籍材料系伪造"


@pytest.fixture
def vault():
    return Vault(FieldCipher(RING), RING)


def test_words_come_back_for_their_event_alone(vault):
    sealed = vault.seal_words(WORDS, 7)
    assert WORDS.encode() not in sealed
    assert vault.open_words(sealed, 7) == WORDS
    with pytest.raises(UnreadableField):
        vault.open_words(sealed, 8)


def test_who_says_nothing_leaves_nothing(vault):
    assert vault.seal_words("", 7) == b""
    assert vault.open_words(b"", 7) == ""
