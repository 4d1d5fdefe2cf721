"""Who calls the hub: asks again as long as nothing is known, and takes everything down."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import grpc

from services.kit.status import from_rpc_error, reason_of
from services.proving import history
from services.proving.history import Refused, Reply, Unknown
from services.proving.reading import read_failure, read_settlement, read_visit
from services.proving.recorder import Recorder
from services.proving.simulation.machine import Process
from services.proving.simulation.network import Network
from services.proving.simulation.plan import Action

_PAUSE_S: Final = (0.1, 6.0)


class Caller:
    """Sends requests of one hospital process."""

    def __init__(self, network: Network, process: Process) -> None:
        self.recorder = Recorder()
        self._network = network
        self._process = process
        self._log = network.log
        self._random = network.faults.random

    async def insist(
        self, action: Action, asked: history.Request, method: Any, request: Any
    ) -> tuple[Reply, Any]:
        """Asks, with the same ids, as long as nobody knows what came of it.

        Returns what that tells, and the response message if there is one.
        """
        told: tuple[Reply, Any] = (Unknown(""), None)
        for attempt in range(action.attempts_max):
            if attempt:
                await asyncio.sleep(self._random.uniform(*_PAUSE_S))
            told = await self.ask(action, asked, method, request)
            if not isinstance(told[0], Unknown):
                break
        return told

    async def ask(
        self, action: Action, asked: history.Request, method: Any, request: Any
    ) -> tuple[Reply, Any]:
        """Asks once."""
        number = self.recorder.send(asked)
        self._note("action {}: #{} {}", action.number, number, action.kind.value)
        reply: Reply
        response = None
        try:
            response = await method(request, timeout=action.timeout_s)
        except grpc.aio.AioRpcError as error:
            told = from_rpc_error(error)
            changed = told.metadata.get("changed", "") if told else ""
            reply = read_failure(error.code().name, reason_of(error), changed=changed)
            self._note("action {}: #{} {}", action.number, number, reply)
        else:
            reply = _read(response)
            self._note("action {}: #{} {}", action.number, number, _shown(reply))
        self.recorder.receive(number, reply)
        if isinstance(reply, Refused) and self._network.was_repeated(request.SerializeToString()):
            # A refusal is not kept: a copy that comes later may find that it is allowed by then.
            self.recorder.send(asked)
        return reply, response

    def _note(self, text: str, *parts: Any) -> None:
        self._log.note(self._process.name, text, *parts)


def _read(response: Any) -> Reply:
    fields = response.DESCRIPTOR.fields_by_name
    if "settlement" in fields:
        replayed = getattr(response, "replayed", False)
        return history.Answered(read_settlement(response.settlement), replayed)
    if "visit" in fields:
        return history.VisitAnswered(read_visit(response.visit))
    return history.VisitAnswered(
        None, line_count=response.line_count, line_total=response.line_total.fen
    )


def _shown(reply: Reply) -> str:
    match reply:
        case history.Answered(settlement):
            return f"{settlement.state.value} {settlement.settlement_id}"
        case history.VisitAnswered(visit) if visit is not None:
            return f"{visit.state.value} {visit.visit_id} of {visit.line_count} lines"
    return str(reply)
