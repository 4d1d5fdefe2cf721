"""Personal data at rest: encrypted fields, and keyed blind indexes to find them by.

A record is stored as AES-256-GCM or SM4-GCM ciphertext (GB/T 32907, RFC 8998), by the key that it
was written with; the values it is looked up by (id number, card number, credential token) are
stored only as HMAC-SHA256 under another key. Whoever holds the database but
not the keys can neither read a person nor test a guess: the space of id numbers is small enough to
be enumerated, so a plain hash would be no protection.

Keys come from files that `config` reads; the text of a key never appears in an error or a repr.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEY_BYTES: Final = 32
"""Of an AES-256 key, and of the blind indexes'."""
SM4_KEY_BYTES: Final = 16
"""Of an SM4 key: the length tells the algorithm."""
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_KEY_ID_MAX: Final = 255
_KEY_ID: Final = re.compile(r"[0-9]{1,3}")
_SM4: Final = "sm4:"
_FROM_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


class BadKey(ValueError):
    """A key or key file cannot be used; the text says why and never holds key material."""


class UnreadableField(Exception):
    """A stored field cannot be decrypted: unknown key id, wrong context, or altered bytes.

    It means a wrong key file or a damaged database, never a caller's mistake, so it is no
    DomainError: the caller sees "internal error" and nothing else.
    """


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """Keys by key id (1..255), and the id that new fields are written with."""

    keys: Mapping[int, bytes]
    active: int

    def __post_init__(self) -> None:
        """Refuses rings that could not be written with or hold keys of the wrong size."""
        if self.active not in self.keys:
            msg = f"active key id {self.active} has no key"
            raise BadKey(msg)
        for key_id, key in self.keys.items():
            if not 1 <= key_id <= _KEY_ID_MAX:
                msg = f"key id {key_id} is not in 1..{_KEY_ID_MAX}"
                raise BadKey(msg)
            if len(key) not in {KEY_BYTES, SM4_KEY_BYTES}:
                msg = f"key {key_id} has {len(key)} bytes, not {KEY_BYTES} (AES) or 16 (SM4)"
                raise BadKey(msg)
        if len(set(self.keys.values())) != len(self.keys):
            msg = "two key ids share one key: the older one could never be retired"
            raise BadKey(msg)
        object.__setattr__(self, "keys", MappingProxyType(dict(self.keys)))


def parse_key(data: bytes) -> bytes:
    """Returns the 32 bytes of a key file: raw, or base64 text as in `parse_key_text`.

    Raises:
        BadKey: neither 32 raw bytes nor base64 of 32 bytes.
    """
    return data if len(data) == KEY_BYTES else _decode_key(data)


def parse_key_text(text: str) -> bytes:
    """Returns the 32 bytes of a key written in base64, standard or URL-safe.

    Text is never taken as the raw key: 32 typed characters hold far less than 256 bits.

    Raises:
        BadKey: not base64 of 32 bytes.
    """
    return _decode_key(text.encode())


def parse_keyring(data: bytes) -> KeyRing:
    """Returns the keys of a file: one key as in `parse_key`, or text as in `parse_keyring_text`.

    Raises:
        BadKey: a line is malformed, an id repeats, or the ring is unusable.
    """
    if len(data) == KEY_BYTES:
        return KeyRing({1: data}, 1)
    # Other bytes than ASCII cannot be base64; what replaces them cannot either.
    return parse_keyring_text(data.decode("ascii", "replace"))


def parse_keyring_text(text: str) -> KeyRing:
    """Returns the keys of a text: one key in base64, with id 1, or lines `<key id>:<base64>`.

    A line `<key id>:sm4:<base64 of 16 bytes>` is an SM4 key, all others are AES-256 keys of 32. The
    first line is the active key, the others only read. Blank lines and `#` comments are
    skipped.

    Raises:
        BadKey: a line is malformed, an id repeats, or the ring is unusable.
    """
    if ":" not in text:
        return KeyRing({1: parse_key_text(text)}, 1)
    keys: dict[int, bytes] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        key_id, separator, key = entry.partition(":")
        if not separator or not _KEY_ID.fullmatch(key_id):
            msg = f"line {number} of the keys is not <key id>:<base64>"
            raise BadKey(msg)
        if int(key_id) in keys:
            msg = f"line {number} of the keys repeats key id {int(key_id)}"
            raise BadKey(msg)
        keys[int(key_id)] = _parse_ring_key(key)
    if not keys:
        raise BadKey("there is no key")
    return KeyRing(keys, next(iter(keys)))


def _parse_ring_key(text: str) -> bytes:
    if text.startswith(_SM4):
        return _decode_key(text.removeprefix(_SM4).encode(), SM4_KEY_BYTES)
    return parse_key_text(text)


def write_keyring(ring: KeyRing) -> str:
    """Returns the text of a ring as `parse_keyring_text` reads it, the active key first."""
    order = [ring.active, *(key_id for key_id in sorted(ring.keys) if key_id != ring.active)]
    lines = []
    for key_id in order:
        key = ring.keys[key_id]
        kind = _SM4 if len(key) == SM4_KEY_BYTES else ""
        lines.append(f"{key_id}:{kind}{base64.b64encode(key).decode()}\n")
    return "".join(lines)


def _decode_key(text: bytes, size: int = KEY_BYTES) -> bytes:
    standard = text.strip().translate(_FROM_URL_SAFE)
    try:
        key = base64.b64decode(standard + b"=" * (-len(standard) % 4), validate=True)
    except ValueError:
        key = b""
    if len(key) != size:
        msg = f"a key is {size} raw bytes in a file, or base64 of {size} bytes"
        raise BadKey(msg)
    return key


class _Sm4Gcm:
    """SM4 in Galois/counter mode, with the interface of `AESGCM`."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """Returns ciphertext and tag."""
        encryptor = Cipher(self._key, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """Returns the plaintext; raises InvalidTag."""
        sealed, tag = data[:-_TAG_BYTES], data[-_TAG_BYTES:]
        decryptor = Cipher(self._key, modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        return decryptor.update(sealed) + decryptor.finalize()


class FieldCipher:
    """Encrypts and decrypts single fields with the active key of a ring.

    Stored form: key id (1 byte), nonce (12), ciphertext, tag (16). The key id and the caller's
    context are authenticated, so a field copied to another column or row does not decrypt there.
    Nonces are random: retire a key well before 2^32 fields were written with it (NIST SP 800-38D).
    The ring may be replaced while the service runs (services.kit.keys).
    """

    __slots__ = ("_held", "_random", "_refresh")

    def __init__(
        self,
        ring: KeyRing,
        *,
        random: Callable[[int], bytes] = os.urandom,
        refresh: Callable[[], KeyRing | None] | None = None,
    ) -> None:
        """Prepares one cipher per key.

        Args:
            ring: the keys.
            random: replaced only by tests.
            refresh: asked for a newer ring when a field names a key that is not held: another
                process may have learned of it before us. None: there is none newer.
        """
        self._random = random
        self._refresh = refresh
        self.use(ring)

    def use(self, ring: KeyRing) -> None:
        """Works with another ring from now on."""
        ciphers = {
            key_id: AESGCM(key) if len(key) == KEY_BYTES else _Sm4Gcm(key)
            for key_id, key in ring.keys.items()
        }
        # One attribute: a thread that encrypts sees both of one ring.
        self._held = (ring.active, ciphers)

    @property
    def active_key_id(self) -> int:
        """The key id that new fields are written with."""
        return self._held[0]

    def encrypt(self, plaintext: bytes, *, context: bytes) -> bytes:
        """Returns the stored form of a field.

        Args:
            plaintext: the field.
            context: what the field is and whose, e.g. `b"identity.person:" + person_id`.
        """
        active, ciphers = self._held
        head = bytes((active,))
        nonce = self._random(_NONCE_BYTES)
        sealed = ciphers[active].encrypt(nonce, plaintext, head + context)
        return head + nonce + sealed

    def decrypt(self, stored: bytes, *, context: bytes) -> bytes:
        """Returns the field that `encrypt` was given with the same context.

        Raises:
            UnreadableField: the key is not in the ring, the context differs, or bytes were changed.
        """
        if len(stored) < 1 + _NONCE_BYTES + _TAG_BYTES:
            raise UnreadableField("the stored field is too short")
        cipher = self._held[1].get(stored[0]) or self._newer(stored[0])
        if cipher is None:
            msg = f"no key with id {stored[0]}"
            raise UnreadableField(msg)
        nonce = stored[1 : 1 + _NONCE_BYTES]
        try:
            return cipher.decrypt(nonce, stored[1 + _NONCE_BYTES :], stored[:1] + context)
        except InvalidTag:
            raise UnreadableField("the stored field does not authenticate") from None

    def _newer(self, key_id: int) -> AESGCM | _Sm4Gcm | None:
        ring = self._refresh() if self._refresh else None
        if ring is not None:
            self.use(ring)
        return self._held[1].get(key_id)

    def needs_rewrite(self, stored: bytes) -> bool:
        """Tells whether a field was written with another key than the active one."""
        return stored[:1] != bytes((self.active_key_id,))


class BlindIndex:
    """Turns a value that must be searchable into a 32-byte keyed fingerprint.

    The same value under another kind has another fingerprint, so an id number used as a card number
    is not recognisable as such. The key cannot be rotated without re-reading every record; it is
    kept apart from the cipher's keys.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        """Takes a 32-byte key, see `parse_key`."""
        if len(key) != KEY_BYTES:
            msg = f"the blind index key has {len(key)} bytes, not {KEY_BYTES}"
            raise BadKey(msg)
        self._key = key

    def index(self, kind: str, value: str) -> bytes:
        """Returns the fingerprint of a value in its canonical spelling.

        Args:
            kind: what the value is (`"cert"`, `"card"`, `"token"`); up to 255 bytes.
            value: the value; validate its form first, for two spellings have two fingerprints.
        """
        return self.digest(kind, value.encode())

    def digest(self, kind: str, data: bytes) -> bytes:
        """Returns the fingerprint of bytes, e.g. of a request that holds personal data."""
        label = kind.encode()
        # The length in front keeps ("ab", "c") and ("a", "bc") apart.
        return hmac.digest(self._key, bytes((len(label),)) + label + data, "sha256")
