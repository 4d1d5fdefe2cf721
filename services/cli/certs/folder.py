"""The folder of certificates: the authority's keys, and a folder for each certificate.

    authority/current.{key,crt}   signs
    authority/next.{key,crt}      while it is announced: trusted already, signs nothing yet
    authority/before.crt          while certificates of it may be in use: trusted still
    issued.jsonl                  every certificate that was issued, one a line
    NAME/{tls.crt,tls.key,ca.crt} laid out like a kubernetes.io/tls secret

An authority is exchanged in three steps, each safe while everybody works: it is announced (all
bundles hold both), certificates are issued anew by it, the one before is dropped from the bundles.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography import x509

from services.cli.certs.authority import (
    Asked,
    Authority,
    asked_of,
    certificate_pem,
    issue,
    key_of,
    key_pem,
    new_authority,
    new_key,
    read_authority,
)
from services.kit.clock import Clock, SystemClock
from services.kit.tls import AUTHORITIES_FILE, CERTIFICATE_FILE, KEY_FILE

AUTHORITY_DAYS: Final = 3650
LEAF_DAYS: Final = 90

_AUTHORITY: Final = "authority"
_ISSUED: Final = "issued.jsonl"
_CURRENT: Final = "current"
_NEXT: Final = "next"
_BEFORE: Final = "before.crt"


class CertsError(Exception):
    """What was asked of the folder cannot be done; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate that was issued, the last of its name."""

    name: str
    role: str
    region_code: str
    serial: str
    """Hexadecimal."""
    authority: str
    """Serial of the authority's certificate, hexadecimal."""
    expires: datetime
    """UTC."""
    is_requested: bool
    """Its key lies elsewhere: it was issued to a request."""
    is_given_up: bool = False
    """Its authority was dropped without it."""


class Folder:
    """The certificates of an operator, or of a local mesh."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self.path = path
        self._clock = clock or SystemClock()

    @property
    def exists(self) -> bool:
        """Tells whether there is an authority."""
        return (self._authority / f"{_CURRENT}.key").exists()

    @property
    def next_step(self) -> str:
        """Returns the command that a rotation goes on with; empty: there is none under way."""
        if (self._authority / f"{_NEXT}.key").exists():
            return "renew"
        return "drop-ca" if (self._authority / _BEFORE).exists() else ""

    def init(self, *, days: int = AUTHORITY_DAYS) -> Authority:
        """Makes the authority. Raises CertsError: there is one."""
        if self.exists:
            msg = f"{self.path} has an authority; exchange it: yijie certs rotate-ca"
            raise CertsError(msg)
        authority = new_authority(self._clock.now(), days=days)
        self._authority.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._keep(_CURRENT, authority)
        return authority

    def issue(self, asked: Asked) -> Path:
        """Issues a certificate with a new key; returns its folder.

        Raises:
            CertsError: there is one of this name, or no authority.
            RequestRefused: it may not say that.
        """
        at = self._place(asked.name)
        if (at / CERTIFICATE_FILE).exists():
            msg = f"{asked.name} exists; issue it anew: yijie certs renew {asked.name}"
            raise CertsError(msg)
        self._issue(asked, at)
        return at

    def sign(self, asked: Asked, request: bytes) -> Path:
        """Issues a certificate to a request, whose key stays where it is; returns its folder.

        Raises:
            CertsError: there is no authority.
            RequestRefused: the request is none, or it may not say that.
        """
        authority = self.current()
        certificate = issue(authority, key_of(request), asked, self._clock.now())
        at = self._place(asked.name)
        at.mkdir(exist_ok=True, mode=0o700)
        write_file(at / AUTHORITIES_FILE, self.bundle(), mode=0o644)
        write_file(at / CERTIFICATE_FILE, certificate_pem(certificate), mode=0o644)
        self._record(authority, certificate, asked, is_requested=True)
        return at

    def renew(self, names: Sequence[str] = ()) -> list[str]:
        """Issues certificates anew, each with a new key; of no name: all. Returns their names.

        All: an announced authority signs from now on. Some: whoever signs goes on, for what must be
        issued anew while an authority is announced is needed by those who do not know it yet. Those
        issued to requests are left out of all.

        Raises:
            CertsError: there is no authority, no such name, or its key lies elsewhere.
        """
        if self.next_step != "renew":
            self.current()
        chosen = list(names) or [one.name for one in self.issued() if not one.is_requested]
        for name in chosen:
            if not (self.path / name / KEY_FILE).exists():
                msg = f"{name}: no key of it lies here; have it requested: yijie certs issue --csr"
                raise CertsError(msg)
        if not names:
            self._promote()
        for name in chosen:
            at = self.path / name
            asked = asked_of(x509.load_pem_x509_certificate((at / CERTIFICATE_FILE).read_bytes()))
            self._issue(asked, at)
        return chosen

    def rotate(self, *, days: int = AUTHORITY_DAYS) -> Authority:
        """Announces a new authority: everybody's bundle trusts it, nobody's certificate is of it.

        Raises:
            CertsError: a rotation is under way.
        """
        self.current()
        if self.next_step:
            msg = f"a rotation is under way; its next step: yijie certs {self.next_step}"
            raise CertsError(msg)
        authority = new_authority(self._clock.now(), days=days)
        self._keep(_NEXT, authority)
        self._spread()
        return authority

    def drop(self, *, without: Sequence[str] = ()) -> list[str]:
        """Takes the authority before out of all bundles; returns whom that shuts out.

        Certificates named in `without` are given up: stolen, or of somebody who has left. They work
        no more, and are neither listed nor issued anew from now on.

        Raises:
            CertsError: there is none, or certificates of it are in use, or one that is to be given
                up is of today's authority.
        """
        if self.next_step != "drop-ca":
            after = f"; next: yijie certs {self.next_step}" if self.next_step else ""
            msg = f"there is no authority to drop{after}"
            raise CertsError(msg)
        serial, now = self.current().serial, self._clock.now()
        issued = {one.name: one for one in self.issued()}
        for name in without:
            if name not in issued or issued[name].authority == serial:
                msg = f"{name}: no certificate of the authority before has this name"
                raise CertsError(msg)
        old = [one for one in issued.values() if one.authority != serial and one.expires > now]
        left = [one.name for one in old if one.name not in without]
        if left:
            msg = (
                f"of the authority before are still: {', '.join(left)};"
                " issue them anew first (yijie certs renew, or issue --csr), or give them up"
                f" (--without {left[0]})"
            )
            raise CertsError(msg)
        for name in without:
            self._append(dataclasses.replace(issued[name], is_given_up=True))
        (self._authority / _BEFORE).unlink()
        self._spread()
        return sorted(without)

    def issued(self) -> list[Issued]:
        """Returns the last certificate of each name, by name, but for those given up."""
        last = {one.name: one for one in self._lines()}
        return [last[name] for name in sorted(last) if not last[name].is_given_up]

    def current(self) -> Authority:
        """Returns the authority that signs. Raises CertsError: there is none."""
        return self._read(_CURRENT)

    def bundle(self) -> bytes:
        """Returns all authorities that are trusted, in PEM."""
        found = [self._authority / f"{name}.crt" for name in (_CURRENT, _NEXT)]
        found.append(self._authority / _BEFORE)
        return b"".join(path.read_bytes() for path in found if path.exists())

    @property
    def _authority(self) -> Path:
        return self.path / _AUTHORITY

    def _place(self, name: str) -> Path:
        if not name.replace("-", "").replace("_", "").isalnum() or name == _AUTHORITY:
            msg = f"{name!r} is no name of a certificate: letters, digits, - and _"
            raise CertsError(msg)
        return self.path / name

    def _issue(self, asked: Asked, at: Path) -> None:
        authority, key = self.current(), new_key()
        certificate = issue(authority, key.public_key(), asked, self._clock.now())
        at.mkdir(exist_ok=True, mode=0o700)
        write_file(at / AUTHORITIES_FILE, self.bundle(), mode=0o644)
        write_file(at / KEY_FILE, key_pem(key), mode=0o600)
        write_file(at / CERTIFICATE_FILE, certificate_pem(certificate), mode=0o644)
        self._record(authority, certificate, asked, is_requested=False)

    def _promote(self) -> None:
        """Makes an announced authority the one that signs."""
        if self.next_step != "renew":
            return
        announced = self._read(_NEXT)
        before = (self._authority / f"{_CURRENT}.crt").read_bytes()
        if before != certificate_pem(announced.certificate):
            # Else this step was begun before and cut off.
            write_file(self._authority / _BEFORE, before, mode=0o644)
        self._keep(_CURRENT, announced)
        for suffix in ("key", "crt"):
            (self._authority / f"{_NEXT}.{suffix}").unlink()

    def _spread(self) -> None:
        bundle = self.bundle()
        for one in self.issued():
            at = self.path / one.name
            if at.is_dir():
                write_file(at / AUTHORITIES_FILE, bundle, mode=0o644)

    def _keep(self, name: str, authority: Authority) -> None:
        pem = certificate_pem(authority.certificate)
        # There is no other copy: the machine may be switched off right after. The key comes last,
        # by which everybody tells whether there is an authority.
        write_file(self._authority / f"{name}.crt", pem, mode=0o644, sync=True)
        write_file(self._authority / f"{name}.key", key_pem(authority.key), mode=0o600, sync=True)

    def _read(self, name: str) -> Authority:
        at = self._authority
        try:
            key, certificate = ((at / f"{name}.{suffix}").read_bytes() for suffix in ("key", "crt"))
            return read_authority(key, certificate)
        except (OSError, ValueError):
            msg = f"{self.path} has no authority that can be read; make one: yijie certs init"
            raise CertsError(msg) from None

    def _record(
        self,
        authority: Authority,
        certificate: x509.Certificate,
        asked: Asked,
        *,
        is_requested: bool,
    ) -> None:
        self._append(
            Issued(
                name=asked.name,
                role=asked.caller.role,
                region_code=asked.caller.region_code,
                serial=f"{certificate.serial_number:x}",
                authority=authority.serial,
                expires=certificate.not_valid_after_utc,
                is_requested=is_requested,
            )
        )

    def _append(self, issued: Issued) -> None:
        line = {**dataclasses.asdict(issued), "expires": issued.expires.isoformat()}
        with (self.path / _ISSUED).open("ab") as file:
            file.write(orjson.dumps(line) + b"\n")

    def _lines(self) -> Iterator[Issued]:
        path = self.path / _ISSUED
        for line in path.read_bytes().splitlines() if path.exists() else ():
            fields: dict[str, Any] = orjson.loads(line)
            expires = datetime.fromisoformat(fields.pop("expires"))
            yield Issued(expires=expires, **fields)


def write_file(path: Path, content: bytes, *, mode: int, sync: bool = False) -> None:
    """Writes a file as a whole: who follows it never sees a half. With `sync` the disk has it."""
    whole = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        if sync:
            file.flush()
            os.fsync(file.fileno())
    whole.replace(path)
