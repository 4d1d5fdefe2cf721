"""Certificates for tests, by the authority that ships: good ones, and each kind of bad one."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.cli.certs.authority import Asked
from services.cli.certs.folder import Folder
from services.kit.caller import AGENCY, BENEFITS, HUB, HUB_REGION, Caller
from services.kit.tls import TlsConfig
from tests.support.clock import FakeClock

LOCAL = {"dns": ("localhost",), "ips": ("127.0.0.1",)}
SERVICE = Asked(name="settlement", caller=Caller(HUB_REGION, HUB), days=90, **LOCAL)
XINJIANG = Asked(name="benefits-650000", caller=Caller("650000", BENEFITS), days=90, **LOCAL)
CALLER = Asked(name="agency-640000", caller=Caller("640000", AGENCY), days=90)


def folder_of(path: Path, *asked: Asked) -> Folder:
    """An authority, and certificates of it."""
    folder = Folder(path)
    folder.init()
    for one in asked:
        folder.issue(one)
    return folder


def issue_expired(path: Path, asked: Asked) -> TlsConfig:
    """A certificate of an authority that is valid, and that ended ten days ago."""
    clock = FakeClock(datetime.now(UTC) - timedelta(days=asked.days + 10))
    folder = Folder(path, clock)
    if not folder.exists:
        folder.init()
    return TlsConfig.of_folder(folder.issue(asked))


def copy_over(source: Path, target: Path) -> None:
    """Puts the files of one certificate in the place of another's."""
    for file in source.iterdir():
        shutil.copyfile(file, target / file.name)
