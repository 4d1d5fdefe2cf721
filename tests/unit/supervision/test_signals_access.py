"""Who may list signals: they name persons and where they went."""

from __future__ import annotations

from typing import Any

import pytest

from services.kit.errors import NotAllowed
from services.supervision.servicer import SupervisionServicer
from yijie.supervision.v1 import supervision_service_pb2 as pb


class Caller:
    """A call of the agency of 宁夏 over TLS."""

    def auth_context(self) -> dict[str, list[bytes]]:
        return {
            "transport_security_type": [b"ssl"],
            "peer_spiffe_id": [b"spiffe://yijie/region/640000/role/agency"],
        }


class Signals:
    """Keeps what was asked for."""

    def __init__(self) -> None:
        self.provinces: list[str] = []

    async def list_signals(self, wanted: Any, *, limit: int) -> list[Any]:
        self.provinces.append(wanted.province)
        return []


async def test_an_agency_lists_signals_of_its_province_only() -> None:
    signals: Any = Signals()
    nothing: Any = None
    servicer = SupervisionServicer(nothing, signals, nothing, nothing, nothing)
    await servicer.ListSignals(pb.ListSignalsRequest(province_code="640000"), Caller())
    for province in ("", "650000"):
        with pytest.raises(NotAllowed) as caught:
            await servicer.ListSignals(pb.ListSignalsRequest(province_code=province), Caller())
        assert caught.value.reason == "CALLER_NOT_ALLOWED"
    assert signals.provinces == ["640000"]
