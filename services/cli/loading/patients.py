"""Rows name people by id number, contracts by key: whose number is known to identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.cli.loading.calls import patiently, shedding
from services.cli.loading.kinds import Entry
from services.cli.loading.refusals import Refusal, refusals_of
from services.cli.province import Province
from services.kit.status import from_status
from yijie.identity.v1 import access_pb2, identity_service_pb2

LOAD_S: Final = 60.0
"""Longest wait for a batch."""


async def known_persons(
    province: Province,
    entries: Sequence[Entry],
    fields: Mapping[str, str],
    purpose: access_pb2.AccessPurpose,
) -> tuple[list[Entry], list[Refusal]]:
    """Parts entries into those whose person is known, now with the key, and refusals.

    The id number is the entry's `extras`; `fields` names the column of each field of the contract.
    """

    async def ask(kept: Sequence[int], part: str) -> Any:  # noqa: ARG001 - no id to part
        request = identity_service_pb2.LookUpPersonsRequest(
            cert_numbers=[entries[index].extras for index in kept], purpose=purpose
        )
        method = province.identity.LookUpPersons
        return await patiently(lambda: province.call(method, request, within_s=LOAD_S))

    kept, answer, errors = await shedding(len(entries), "cert_numbers", ask)
    known, refusals = [], []
    for index, error in errors.items():
        refusals += refusals_of(entries[index].lines, error, fields)
    for index, result in zip(kept, answer.results if answer else (), strict=False):
        entry = entries[index]
        if result.WhichOneof("outcome") == "error":
            found = from_status(result.error)
            refusals += refusals_of(entry.lines, found, fields, message=result.error.message)
        else:
            entry.message.person_id = result.key
            known.append(entry)
    return known, refusals
