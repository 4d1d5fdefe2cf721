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

_ROUNDS: Final = (1, 1, 2, 3)
"""How often in a row: what was computed anew is computed anew again."""
_FILED_ANEW: Final = 0.85
_TWICE: Final = 0.3
_SAME_REQUEST: Final = 0.5
_TOO_EARLY: Final = 0.25
"""Who asks before filing otherwise too, which mostly changes nothing."""


class Refiler:
    """Changes what is filed of persons, and calls RecomputeSettlement."""

    def __init__(self, caller: Caller, settlement: Any, levels: dict[str, int]) -> None:
        """`settlement` is the stub of SettlementService, `levels` what filing answers."""
        self._caller = caller
        self._settlement = settlement
        self._levels = levels

    async def recompute(self, action: Action, person_id: str, settlement_id: str) -> str | None:
        """Returns the settlement that came in the place of one; None: none, or it is not known."""
        random = Random(action.draw)  # noqa: S311 - a plan, not a secret
        standing = settlement_id
        for _ in range(random.choice(_ROUNDS)):
            found = await self._round(random, action, person_id, standing)
            standing = found or standing
        return None if standing == settlement_id else standing

    async def _round(
        self, random: Random, action: Action, person_id: str, settlement_id: str
    ) -> str | None:
        early = self._request(random, settlement_id) if random.random() < _TOO_EARLY else None
        if early is not None:
            await self._ask(action, early)
        if random.random() < _FILED_ANEW:
            level = self._levels.get(person_id, LEVELS[0])
            self._levels[person_id] = random.choice([one for one in LEVELS if one != level])
        requests = [self._request(random, settlement_id)]
        if random.random() < _TWICE:
            is_same = random.random() < _SAME_REQUEST
            requests.append(requests[0] if is_same else self._request(random, settlement_id))
        told = await asyncio.gather(*(self._ask(action, one) for one in requests))
        if early is not None:
            # Whatever has become of the settlement since, it is told what it was told.
            told.append(await self._ask(action, early))
        return next((found for found in told if found and found != settlement_id), None)

    @staticmethod
    def _request(random: Random, settlement_id: str) -> pb.RecomputeSettlementRequest:
        return pb.RecomputeSettlementRequest(request_id=ident(random), settlement_id=settlement_id)

    async def _ask(self, action: Action, request: Any) -> str | None:
        asked = history.Recompute(
            request_id=request.request_id, settlement_id=request.settlement_id
        )
        _, response = await self._caller.insist(
            action, asked, self._settlement.RecomputeSettlement, request
        )
        return None if response is None else response.settlement.settlement_id
