"""Opens personal accounts: a batch whose entries are judged one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from google.rpc import status_pb2

from services.kit import wire
from services.kit.errors import InvalidArgument
from services.kit.status import to_status
from yijie.benefits.v1 import benefits_service_pb2

if TYPE_CHECKING:
    from services.benefits.ports import AnyStore, AnyTransaction


async def upsert(store: AnyStore, request: Any) -> Any:
    """Sets the balances that can be set; answers one status per entry, in order.

    Raises:
        AlreadyExists: REQUEST_ID_REUSED.
    """
    balances: dict[UUID, int] = {}
    results = []
    for index, account in enumerate(request.accounts):
        try:
            person_id, fen = _read(account, f"accounts[{index}]")
            if person_id in balances:
                raise wire.invalid(f"accounts[{index}].person_id", "stands twice in the request")
        except InvalidArgument as error:
            results.append(to_status(error, "benefits"))
        else:
            balances[person_id] = fen
            results.append(status_pb2.Status())

    async def work(transaction: AnyTransaction) -> Any:
        await transaction.set_accounts(list(balances.items()))
        return benefits_service_pb2.UpsertAccountsResponse(results=results)

    return await store.once(request, benefits_service_pb2.UpsertAccountsResponse, work)


def _read(account: Any, path: str) -> tuple[UUID, int]:
    return wire.read_uuid(account.person_id), wire.read_fen(account.balance, f"{path}.balance")
