"""Who calls: region and role, as the client certificate's URI SAN names them.

`spiffe://yijie/region/640000/role/agency` is the agency (经办机构) of a province. What a role may
ask for is data: services/<service>/authorisation.yaml, see docs/authorisation.md. Which region a
caller may ask about is told here, the same for all roles: the hub's own of every region, a
province's of its province.

A connection without TLS has no caller to tell: whoever listens without it has decided to trust
whoever can reach the port, as on the loopback of `yijie up`.
"""

from __future__ import annotations

import functools
import re
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from services.kit.codes import PROVINCES
from services.kit.errors import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

HUB: Final = "hub"
AGENCY: Final = "agency"
BENEFITS: Final = "benefits"
OFFICER: Final = "officer"
AUDITOR: Final = "auditor"
OPERATOR: Final = "operator"

HUB_REGION: Final = "000000"
"""Stands in a certificate where no province does: the hub, which is of all of them."""

ROLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        HUB: "a service of the hub",
        AGENCY: "the agency (经办机构) of a province, for its institutions and its insured",
        BENEFITS: "the benefits service of an insured province",
        OFFICER: "clearing, supervision, policy and rules: who decides",
        AUDITOR: "proves that nothing was altered; sees nobody's data",
        OPERATOR: "loads registries and catalogues, runs the machines",
    }
)
"""Role in a certificate → who has it."""
SERVING: Final = frozenset({HUB, BENEFITS})
"""Roles that answer calls; any other's certificate is one of a caller alone."""
_OF_THE_HUB: Final = frozenset({HUB, OFFICER, AUDITOR, OPERATOR})
_OF_A_PROVINCE: Final = frozenset({AGENCY, BENEFITS, OFFICER, AUDITOR, OPERATOR})

_known: ContextVar[tuple[object, Caller | None] | None] = ContextVar("yijie_caller", default=None)
_URI_SAN: Final = "peer_spiffe_id"
_SECURITY: Final = "transport_security_type"
_PLAIN: Final = [b"insecure"]
_SPIFFE: Final = re.compile(r"spiffe://yijie/region/(?P<region>[0-9]{6})/role/(?P<role>[a-z-]+)")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a certificate names; both empty: nobody whom we know."""

    region_code: str
    role: str

    @property
    def is_hub(self) -> bool:
        """Tells whether the caller is of the hub, and with that of no one province."""
        return self.region_code == HUB_REGION


NOBODY: Final = Caller("", "")
"""The caller of a TLS connection whose certificate is none of ours."""


def caller_of(context: Any) -> Caller | None:
    """Returns the caller of a gRPC call, or None on a connection without TLS."""
    # gRPC reads the whole certificate each time; interceptors and servicers ask in turn.
    known = _known.get()
    if known is None or known[0] is not context:
        known = (context, _ask(context))
        _known.set(known)
    return known[1]


def named_by(uri: str) -> Caller:
    """Returns whom a URI SAN names; NOBODY: none of ours."""
    return _read(uri.encode())


def uri_of(region_code: str, role: str) -> str:
    """Returns the URI SAN that names a caller.

    Raises:
        ValueError: there is no such role, or none of that region.
    """
    if not _exists(region_code, role):
        msg = f"{role} of {region_code} is nobody: see docs/authorisation.md for roles and regions"
        raise ValueError(msg)
    return f"spiffe://yijie/region/{region_code}/role/{role}"


def province_of_caller(context: Any) -> str | None:
    """Returns the province that a caller is limited to; empty: nobody, so to none at all.

    None: the caller is of the hub, or on a connection without TLS, and limited to no province.
    """
    caller = caller_of(context)
    return None if caller is None or caller.is_hub else caller.region_code


def require_region(context: Any, region_code: str, *, field: str) -> None:
    """Lets a province's callers ask for what concerns their province, and for nothing else.

    `region_code` is what the call asks for, empty: everything; `field` is where it says so.

    Raises:
        NotAllowed: CALLER_NOT_ALLOWED.
    """
    require_party(context, (region_code,), field=field)


def require_party(context: Any, region_codes: Collection[str], *, field: str) -> None:
    """Lets a province's callers ask for what names their province among others.

    `region_codes` are the provinces of a record or a question; `field` says where they come from.

    Raises:
        NotAllowed: CALLER_NOT_ALLOWED.
    """
    province = province_of_caller(context)
    if province is None or (province and province in region_codes):
        return
    named = next(iter(region_codes), "") if len(region_codes) == 1 else ""
    raise NotAllowed(
        "CALLER_NOT_ALLOWED",
        "the certificate does not stand for the region asked for",
        field=field,
        metadata={"regionCode": named} if named else {},
    )


def _ask(context: Any) -> Caller | None:
    properties: dict[str, list[bytes]] = context.auth_context()
    if properties.get(_SECURITY, _PLAIN) == _PLAIN:
        return None
    names = properties.get(_URI_SAN, ())
    return _read(names[0]) if len(names) == 1 else NOBODY


@functools.lru_cache(maxsize=1024)
def _read(uri: bytes) -> Caller:
    # Asked for every call, of the few certificates that there are.
    named = _SPIFFE.fullmatch(uri.decode("utf-8", "replace"))
    if named is None or not _exists(named["region"], named["role"]):
        return NOBODY
    return Caller(named["region"], named["role"])


def _exists(region_code: str, role: str) -> bool:
    if region_code == HUB_REGION:
        return role in _OF_THE_HUB
    return role in _OF_A_PROVINCE and region_code in PROVINCES
