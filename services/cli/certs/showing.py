"""`yijie certs list`: authorities and certificates, and when they end."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from cryptography import x509
from rich.table import Table

from services.cli.certs.folder import Folder
from services.cli.screen import console
from services.kit.clock import SystemClock

_SERIAL_DIGITS: Final = 16


def show(folder: Folder, *, within_days: int, as_json: bool) -> bool:
    """Prints what there is; tells whether something expires within so many days.

    Raises:
        CertsError: there is no authority.
    """
    now = SystemClock().now()
    near = now + timedelta(days=within_days)
    authorities = _authorities(folder)
    issued = folder.issued()
    is_near = any(one["expires"] < near for one in authorities) or any(
        one.expires < near for one in issued
    )
    certificates: list[dict[str, Any]] = [
        {
            "name": one.name,
            "role": one.role,
            "region_code": one.region_code,
            "serial": one.serial,
            "authority": one.authority,
            "expires": one.expires,
            "days_left": (one.expires - now).days,
            "is_requested": one.is_requested,
        }
        for one in issued
    ]
    if as_json:
        document = {
            "authorities": authorities,
            "certificates": certificates,
            "next_step": folder.next_step,
            "expires_soon": is_near,
        }
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        return is_near
    _print(folder, authorities, certificates, near)
    return is_near


def _authorities(folder: Folder) -> list[dict[str, Any]]:
    signs = folder.current().serial
    found = []
    for certificate in x509.load_pem_x509_certificates(folder.bundle()):
        serial = f"{certificate.serial_number:x}"
        state = "current"
        if serial != signs:
            state = "next" if folder.next_step == "renew" else "before"
        found.append({"serial": serial, "state": state, "expires": certificate.not_valid_after_utc})
    return found


_STATES: Final = {"current": "签发 signs", "next": "已公布 announced", "before": "待撤出 before"}


def _print(
    folder: Folder,
    authorities: list[dict[str, Any]],
    certificates: list[dict[str, Any]],
    near: datetime,
) -> None:
    out = console()
    above = Table(box=None, header_style="dim")
    for name in ("机构 authority", "状态 state", "到期 expires"):
        above.add_column(name, no_wrap=True)
    for one in authorities:
        expires = f"{one['expires']:%Y-%m-%d}{' !' if one['expires'] < near else ''}"
        above.add_row(one["serial"][:_SERIAL_DIGITS], _STATES[one["state"]], expires)
    out.print(above)
    table = Table(box=None, header_style="dim")
    for name in ("证书 certificate", "角色 role", "地区 region", "机构 authority"):
        table.add_column(name, no_wrap=True)
    table.add_column("到期 expires", no_wrap=True)
    table.add_column("余天 days left", justify="right")
    for one in certificates:
        table.add_row(
            one["name"],
            one["role"],
            one["region_code"],
            one["authority"][:_SERIAL_DIGITS],
            f"{one['expires']:%Y-%m-%d %H:%M}{' !' if one['expires'] < near else ''}",
            str(one["days_left"]),
        )
    out.print(table)
    if folder.next_step:
        out.print(f"换发未完 · a rotation is under way; next: yijie certs {folder.next_step}")
    soon = [one["name"] for one in certificates if one["expires"] < near]
    if soon:
        out.print(
            f"! 将到期 · expire soon: {', '.join(soon)}; issue them anew: yijie certs renew"
            f" {' '.join(soon)}",
            soft_wrap=True,
        )
