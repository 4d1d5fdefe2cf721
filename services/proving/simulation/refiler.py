"""Who files otherwise after a settlement, and has it computed anew."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any, Final

from services.proving import history
from services.proving.simulation.caller import Caller
from services.proving.simulation.neighbours import LEVELS
from services.proving.simulation.plan import Action, ident
from yijie.settlement.v1 import settlement_service_pb2 as pb

_FILED_ANEW: Final = 0.85
_TWICE: Final = 0.3
_SAME_REQUEST: Final = 0.5


class Refiler:
    """Changes what is filed of persons, and calls RecomputeSettlement."""

    def __init__(self, caller: Caller, settlement: Any, levels: dict[str, int]) -> None:
        """`settlement` is the stub of SettlementService, `levels` what filing answers."""
        self._caller = caller
        self._settlement = settlement
        self._levels = levels

    async def recompute(self, action: Action, person_id: str, settlement_id: str) -> str | None:
        """Returns the settlement that stands in the place of one; None: it is not known."""
        random = Random(action.draw)  # noqa: S311 - a plan, not a secret
        if random.random() < _FILED_ANEW:
            self._levels[person_id] = random.choice(LEVELS)
        request = pb.RecomputeSettlementRequest(
            request_id=ident(random), settlement_id=settlement_id
        )
        requests = [request]
        if random.random() < _TWICE:
            other = ident(random)
            is_same = random.random() < _SAME_REQUEST
            requests.append(
                pb.RecomputeSettlementRequest(
                    request_id=request.request_id if is_same else other,
                    settlement_id=settlement_id,
                )
            )
        told = await asyncio.gather(*(self._ask(action, one) for one in requests))
        return next((found for found in told if found), None)

    async def _ask(self, action: Action, request: Any) -> str | None:
        asked = history.Recompute(
            request_id=request.request_id, settlement_id=request.settlement_id
        )
        _, response = await self._caller.insist(
            action, asked, self._settlement.RecomputeSettlement, request
        )
        return None if response is None else response.settlement.settlement_id
