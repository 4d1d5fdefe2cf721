"""Records: sealed for their row, readable after a key rotation, telling nothing in the open."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from services.identity.config import Config
from services.identity.domain.card_states import CardState
from services.identity.domain.model import Card, Insurance, InsuranceStatus, Person
from services.identity.vault import Vault
from services.kit import codes
from services.kit.config import ConfigError, load, shown
from services.kit.crypto import BlindIndex, FieldCipher, KeyRing, UnreadableField

KEY_1, KEY_2, INDEX = bytes(range(32)), bytes(range(1, 33)), bytes(range(2, 34))
HOLDER = UUID("0193b000-0000-7000-8000-000000000001")
OTHER = UUID("0193b000-0000-7000-8000-000000000002")
PERSON = Person(
    person_id=HOLDER,
    cert_number="650101195001010020",
    name="𰻝·示例",  # a character outside the basic plane
    sex="2",
    birth_date=date(1950, 1, 1),
    insurances=(
        Insurance("650100", "310", "12", InsuranceStatus.NORMAL, date(2001, 1, 1), None),
        Insurance(
            "131100", "390", "1501", InsuranceStatus.ENDED, date(1999, 1, 1), date(2000, 12, 31)
        ),
    ),
)
CARD = Card("A12345678", HOLDER, "650100", CardState.LOST)


def vault(active=1):
    return Vault(FieldCipher(KeyRing({1: KEY_1, 2: KEY_2}, active)), BlindIndex(INDEX))


def test_a_person_comes_back_whole():
    record = vault().seal_person(PERSON, HOLDER)
    assert vault(2).open_person(HOLDER, record) == PERSON
    assert "示例".encode() not in record
    assert PERSON.cert_number.encode() not in record


def test_a_card_comes_back_whole():
    code = "650100" + "0123456789ABCDEF" + "0" * 10
    index = vault().card_index(CARD.card_number)
    for card, recognition_code in ((CARD, ""), (replace(CARD, recognition_code=code), code)):
        record = vault().seal_card(card, index)
        assert vault().open_card(index, record) == (CARD.card_number, recognition_code)
        assert CARD.card_number.encode() not in record
        assert code.encode() not in record


def test_a_record_opens_in_its_own_row_only():
    record = vault().seal_person(PERSON, HOLDER)
    with pytest.raises(UnreadableField):
        vault().open_person(OTHER, record)
    another = vault().card_index("B12345678")
    with pytest.raises(UnreadableField):
        vault().open_card(another, vault().seal_card(CARD, vault().card_index(CARD.card_number)))


def test_one_text_has_another_index_as_another_kind():
    text = "A12345678"
    kinds = {vault().cert_index(text), vault().card_index(text), vault().token_index(text)}
    assert len(kinds) == 3


def test_the_same_person_never_has_the_same_record():
    assert vault().seal_person(PERSON, HOLDER) != vault().seal_person(PERSON, HOLDER)
    assert vault().open_person(OTHER, vault().seal_person(PERSON, OTHER)) == replace(
        PERSON, person_id=OTHER
    )


EXPIRY = datetime(2026, 11, 21, 2, 5, tzinfo=UTC)


def test_a_token_bears_our_signature():
    token = vault().new_token(EXPIRY)
    assert codes.is_credential_token(token)
    assert vault().is_our_token(token)
    assert vault().new_token(EXPIRY) != token
    other = Vault(FieldCipher(KeyRing({1: KEY_1}, 1)), BlindIndex(bytes(32)))
    assert not other.is_our_token(token)


def test_a_forged_token_is_known_without_a_look():
    token = vault().new_token(EXPIRY)
    for position in range(codes.TOKEN_LENGTH):
        for digit in codes.TOKEN_ALPHABET:
            forged = token[:position] + digit + token[position + 1 :]
            assert vault().is_our_token(forged) is (forged == token)
    for forged in ("0" * 28, "z" * 28, "x" * 28):
        assert not vault().is_our_token(forged)


ENVIRON = {
    "YIJIE_DSN": "postgresql://yijie@db/yijie",
    "YIJIE_DATA_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "YIJIE_INDEX_KEY": "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=",
}


def test_keys_come_from_the_environment_or_files_and_are_never_shown(tmp_path):
    config = load(Config, ENVIRON)
    assert config.data_key.keys == {1: KEY_1}
    assert len(config.index_key) == 32
    printed = f"{shown(config)}{config}"
    assert "AAECAw" not in printed
    assert repr(config.index_key) not in printed
    assert ENVIRON["YIJIE_DSN"] not in printed
    assert shown(config)["index_key"] == shown(config)["data_key"] == "***"
    file = tmp_path / "keys"
    file.write_text(
        "2:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n1:" + ENVIRON["YIJIE_DATA_KEY"]
    )
    environ = {key: value for key, value in ENVIRON.items() if key != "YIJIE_DATA_KEY"}
    config = load(Config, {**environ, "YIJIE_DATA_KEY_FILE": str(file)})
    assert config.data_key.active == 2
    assert config.data_key.keys == {1: KEY_1, 2: KEY_2}


def test_bad_keys_are_reported_together_and_not_repeated():
    with pytest.raises(ConfigError) as caught:
        load(Config, {"YIJIE_DSN": "x", "YIJIE_DATA_KEY": "secret", "YIJIE_INDEX_KEY": "hush"})
    assert len(caught.value.problems) == 2
    assert "secret" not in str(caught.value).replace("YIJIE_", "")
    assert "hush" not in str(caught.value)
