"""Goal: breaks and invariants are the hub's alone, whichever call asks.

Method: calls over TLS; what is let through finds no database and fails otherwise.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from services.clearing.breaks.servicer import BreakServicer
from services.clearing.invariants.servicer import InvariantServicer
from services.kit.errors import NotAllowed
from yijie.clearing.v1 import break_service_pb2, invariant_service_pb2

SERVICERS: dict[str, tuple[Any, Any]] = {
    "BreakService": (break_service_pb2, lambda: BreakServicer(SimpleNamespace(database=None))),  # type: ignore[arg-type]
    "InvariantService": (invariant_service_pb2, lambda: InvariantServicer(None)),  # type: ignore[arg-type]
}
CALLS = [
    (service, method.name)
    for service, (pb2, _) in SERVICERS.items()
    for method in pb2.DESCRIPTOR.services_by_name[service].methods
]


class Caller:
    """A call over TLS."""

    def __init__(self, region: str, role: str) -> None:
        self._name = f"spiffe://yijie/region/{region}/role/{role}".encode()

    def auth_context(self) -> dict[str, list[bytes]]:
        return {"transport_security_type": [b"ssl"], "peer_spiffe_id": [self._name]}


async def call(service: str, name: str, caller: Caller) -> None:
    pb2, make = SERVICERS[service]
    await getattr(make(), name)(getattr(pb2, f"{name}Request")(), caller)


@pytest.mark.parametrize("role", ["agency", "hospital"])
@pytest.mark.parametrize(("service", "name"), CALLS)
async def test_a_province_may_not(service: str, name: str, role: str) -> None:
    with pytest.raises(NotAllowed) as caught:
        await call(service, name, Caller("640000", role))
    assert caught.value.reason == "CALLER_NOT_ALLOWED"


@pytest.mark.parametrize(("service", "name"), CALLS)
async def test_the_hub_may(service: str, name: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever an empty request meets next
        await call(service, name, Caller("000000", "hub"))
    assert not isinstance(caught.value, NotAllowed)
