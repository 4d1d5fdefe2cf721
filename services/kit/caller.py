"""Who calls: region and role, as the client certificate's URI SAN names them.

`spiffe://yijie/region/640000/role/agency` is the agency (经办机构) of a province. The hub's own
services have the role `hub` and may ask for everything.

A connection without TLS has no caller to tell: whoever listens without it has decided to trust
whoever can reach the port, as on the loopback of `yijie up`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from services.kit.errors import NotAllowed

AGENCY: Final = "agency"
HUB: Final = "hub"

_URI_SAN: Final = "peer_spiffe_id"
_SECURITY: Final = "transport_security_type"
_SPIFFE: Final = re.compile(r"spiffe://yijie/region/(?P<region>[0-9]{6})/role/(?P<role>[a-z-]+)")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a certificate names; both empty: TLS without a certificate of ours."""

    region_code: str
    role: str


def caller_of(context: Any) -> Caller | None:
    """Returns the caller of a gRPC call, or None on a connection without TLS."""
    properties: dict[str, list[bytes]] = context.auth_context()
    if properties.get(_SECURITY, [b"insecure"])[0] == b"insecure":
        return None
    names = properties.get(_URI_SAN, [])
    named = _SPIFFE.fullmatch(names[0].decode("utf-8", "replace")) if len(names) == 1 else None
    return Caller(named["region"], named["role"]) if named else Caller("", "")


def require_region(context: Any, region_code: str, *, field: str) -> None:
    """Lets a province's agency ask for what concerns its province, and for nothing else.

    `region_code` is what the call asks for, empty: everything; `field` is where it says so.

    Raises:
        NotAllowed: CALLER_NOT_ALLOWED.
    """
    caller = caller_of(context)
    if caller is None or caller.role == HUB:
        return
    if caller.role != AGENCY or not region_code or caller.region_code != region_code:
        raise NotAllowed(
            "CALLER_NOT_ALLOWED",
            "the certificate does not stand for the region asked for",
            field=field,
            metadata={"regionCode": region_code} if region_code else {},
        )
