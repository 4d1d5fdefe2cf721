"""InvariantService: proto ⇄ domain and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.clearing.invariants import messages, store, usecases
from services.kit.caller import require_region
from yijie.clearing.v1 import invariant_service_pb2_grpc

if TYPE_CHECKING:
    from services.kit.db import Database

FULL_NAME: Final = "yijie.clearing.v1.InvariantService"


class InvariantServicer(invariant_service_pb2_grpc.InvariantServiceServicer):
    """Answers the call of InvariantService: the hub's officers alone, by their certificate."""

    def __init__(self, database: Database) -> None:
        """Holds what all calls share."""
        self._database = database

    async def CheckInvariants(self, request: Any, context: Any) -> Any:
        """Checks now; what the nightly check knows of the chain is taken from it."""
        require_region(context, "", field="first_month")
        last = None if request.whole_chain else await store.last_check(self._database)
        found = await usecases.check(
            self._database,
            first_month=request.first_month,
            after_block=last.until_block_id if last else 0,
            after_digest=last.until_digest if last else None,
        )
        return messages.write_check(found)
