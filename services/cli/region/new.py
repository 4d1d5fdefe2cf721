"""`yijie region new`: the values of a province's release."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Final

from services.cli.region.files import HUB_SERVICES, codes_in
from services.cli.topology import areas_of
from services.kit import codes

EXAMPLE_BLOCK: Final = "198.51.100.0/28"
"""Of the addresses kept for documents (RFC 5737): nobody has them, so nobody gets in."""
EXAMPLE_DOMAIN: Final = "yijie.example"

_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")

_TEXT: Final = """\
# {name} {code}: its own benefits service, which the hub calls; begun by `yijie region new {code}`.
#
#   helm install yijie-{code} charts/yijie -n yijie-{code} -f charts/yijie/regions/{code}.yaml
mode: region

global:
  region: {{code: "{code}"}}

benefits:
  callers:
    hub:
      from:                      # the hub's ways out, and nobody else
{peers}
  exposure: {{enabled: true}}
  tls:
    dnsNames: [{host}]
  settings:
    YIJIE_POLICY_REGIONS: "{areas}"

# The hub's.
{others}
"""


class NewRegionError(Exception):
    """The file is not written; the text says why."""


def new(code: str, folder: Path, *, hub: list[str], host: str) -> Path:
    """Writes the region file of a province and returns it.

    `hub` are the address blocks from which the hub calls, `host` is the name by which it finds the
    province; without them the file has examples, which `yijie region check` names.

    Raises:
        NewRegionError: no such province, a bad block or name, or there is a file already.
    """
    _require_province(code)
    for block in hub:
        _require_block(block)
    if host and _HOST.fullmatch(host) is None:
        msg = f"--host {host} is no DNS name; write one like benefits.{code}.{EXAMPLE_DOMAIN}"
        raise NewRegionError(msg)
    if not folder.is_dir():
        msg = f"there is no folder {folder}; name that of the region files with --regions"
        raise NewRegionError(msg)
    file = folder / f"{code}.yaml"
    if file.exists():
        msg = f"{file} is there already; nothing was written"
        raise NewRegionError(msg)
    for other, taken in codes_in(folder).items():
        if taken == code:
            msg = f"{other} has the code {code} already; nothing was written"
            raise NewRegionError(msg)
    try:
        file.write_text(text(code, hub=hub, host=host), encoding="utf-8")
    except OSError as error:
        msg = f"{file} cannot be written: {error.strerror}"
        raise NewRegionError(msg) from error
    return file


def text(code: str, *, hub: list[str], host: str) -> str:
    """Returns the region file of a province."""
    return _TEXT.format(
        code=code,
        name=codes.area_name(code),
        peers="\n".join(
            f"        - ipBlock: {{cidr: {block}}}" for block in hub or [EXAMPLE_BLOCK]
        ),
        host=host or f"benefits.{code}.{EXAMPLE_DOMAIN}",
        areas=",".join(areas_of(code)),
        others="\n".join(f"{service}: {{enabled: false}}" for service in HUB_SERVICES),
    )


def _require_province(code: str) -> None:
    if code in codes.PROVINCES:
        return
    if codes.is_known_area(code):
        province = codes.province_of(code)
        msg = (
            f"{code} lies in {codes.area_name(province)} {province}; "
            "a release is a whole province's: make that one"
        )
    else:
        msg = f"there is no province {code}; there are: {', '.join(codes.PROVINCES)}"
    raise NewRegionError(msg)


def _require_block(block: str) -> None:
    try:
        network = ipaddress.ip_network(block)
    except ValueError:
        network = None
    if network is None or network.prefixlen == 0:
        msg = f"--hub {block} is no address block; write one like {EXAMPLE_BLOCK}"
        raise NewRegionError(msg)
