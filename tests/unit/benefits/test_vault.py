"""Goal: what is stored of illness and poverty is read with the keys alone, and found by them."""

from __future__ import annotations

import zlib
from datetime import date
from uuid import UUID

import pytest

from services.benefits.domain.model import Entitlement, EntitlementKind
from services.benefits.vault import Vault
from services.kit.crypto import BlindIndex, FieldCipher, KeyRing, UnreadableField
from services.kit.diseases import DISEASES
from tests.support.sealed import VAULT

ONE, OTHER = (UUID(int=(0x0190_AAAA_0000_7000_8000 << 48) + number) for number in range(2))
DAY = date(2026, 1, 1)
ANSWER = b"employee/chronic/disease_limit.amount[M07800]" * 20
ENTITLEMENTS = (
    Entitlement(EntitlementKind.CHRONIC_DISEASE, "M07803", DAY, None),
    Entitlement(EntitlementKind.CHRONIC_DISEASE, "L" * 40, DAY, date(2026, 12, 31)),
    Entitlement(EntitlementKind.ENTERPRISE_SUPPLEMENT, "", DAY, None),
    Entitlement(EntitlementKind.MEDICAL_AID, "extreme_poverty", DAY, None),
    Entitlement(EntitlementKind.MEDICAL_AID, "extreme_poverty", date(2026, 2, 1), None),
)


def vault(*keys: int, index: int = 9) -> Vault:
    """A vault of keys that are told by numbers, the first of them active."""
    ring = KeyRing({number: bytes([number] * 32) for number in keys}, keys[0])
    return Vault(FieldCipher(ring), BlindIndex(bytes([index] * 32)))


def test_an_answer_is_of_its_settlement_alone():
    stored = VAULT.seal_answer(ONE, ANSWER)
    assert len(stored) < len(ANSWER) / 2  # deflated before it is encrypted
    assert VAULT.open_answer(ONE, stored, sealed=True) == ANSWER
    with pytest.raises(UnreadableField):
        VAULT.open_answer(OTHER, stored, sealed=True)
    with pytest.raises(UnreadableField):
        vault(7).open_answer(ONE, stored, sealed=True)


def test_an_answer_of_the_version_before_is_only_deflated():
    assert VAULT.open_answer(ONE, zlib.compress(ANSWER), sealed=False) == ANSWER


def test_what_an_older_key_wrote_is_still_read():
    stored = vault(1).seal_answer(ONE, ANSWER)
    sealed = vault(1).seal_entitlement(ONE, ENTITLEMENTS[0])
    assert vault(2, 1).open_answer(ONE, stored, sealed=True) == ANSWER
    assert vault(2, 1).open_entitlements(ONE, [sealed]) == (ENTITLEMENTS[0],)
    with pytest.raises(UnreadableField):
        vault(2).open_answer(ONE, stored, sealed=True)


def test_entitlements_come_back_in_order_and_are_of_one_person():
    stored = [VAULT.seal_entitlement(ONE, one) for one in reversed(ENTITLEMENTS)]
    assert VAULT.open_entitlements(ONE, stored) == tuple(
        sorted(ENTITLEMENTS, key=lambda one: (one.kind.value, one.code, one.begin_date))
    )
    assert VAULT.open_entitlements(ONE, []) == ()
    with pytest.raises(UnreadableField):
        VAULT.open_entitlements(OTHER, stored)


def test_the_length_of_an_entitlement_tells_nothing():
    assert len({len(VAULT.seal_entitlement(ONE, one)) for one in ENTITLEMENTS}) == 1


def test_indexes_are_of_one_person_and_one_key():
    keys = {VAULT.entitlement_index(person, one) for person in (ONE, OTHER) for one in ENTITLEMENTS}
    assert len(keys) == 2 * len(ENTITLEMENTS)
    ended = Entitlement(EntitlementKind.CHRONIC_DISEASE, "M07803", DAY, date(2026, 6, 30))
    assert VAULT.entitlement_index(ONE, ended) == VAULT.entitlement_index(ONE, ENTITLEMENTS[0])
    found = {
        made.disease_index(person, code)
        for made in (vault(1), vault(1, index=8))
        for person in (ONE, OTHER)
        for code in ("M07800", "M07803")
    }
    assert len(found) == 8
    assert vault(1).disease_index(ONE, "M07800") == vault(2).disease_index(ONE, "M07800")
    assert VAULT.disease_index(ONE, "") is None
    assert vault(1).index_key_fingerprint() != vault(1, index=8).index_key_fingerprint()


def test_a_disease_is_told_by_its_index():
    codes = [*DISEASES, "LOCAL1", "LOCAL2"]
    indexes = {VAULT.disease_index(ONE, code) or b"": code for code in codes}
    found = VAULT.diseases_of(ONE, [b"", *indexes], ["LOCAL1"])
    assert found[b""] == ""
    unlisted = VAULT.disease_index(ONE, "LOCAL2") or b""
    # In no list any more: it has a name of its own, and no other's.
    assert found == {b"": "", **indexes, unlisted: unlisted.hex()}
    assert VAULT.diseases_of(ONE, [], ["LOCAL1"]) == {b"": ""}
