"""Sets what persons are entitled to, and whose accounts they may use: batches judged one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from google.rpc import status_pb2

from services.benefits.domain.booking import FamilyLink
from services.benefits.domain.model import AidIdentity, Entitlement, EntitlementKind
from services.kit import wire
from services.kit.diseases import is_known_disease
from services.kit.errors import DomainError, InvalidArgument, RuleForbids
from services.kit.status import to_status
from yijie.benefits.v1 import benefits_service_pb2, entitlement_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from services.benefits.ports import AnyStore, AnyTransaction

KINDS: Final = {
    entitlement_pb2.ENTITLEMENT_KIND_CHRONIC_DISEASE: EntitlementKind.CHRONIC_DISEASE,
    entitlement_pb2.ENTITLEMENT_KIND_MEDICAL_AID: EntitlementKind.MEDICAL_AID,
    entitlement_pb2.ENTITLEMENT_KIND_CIVIL_SERVANT: EntitlementKind.CIVIL_SERVANT,
    entitlement_pb2.ENTITLEMENT_KIND_ENTERPRISE_SUPPLEMENT: EntitlementKind.ENTERPRISE_SUPPLEMENT,
    entitlement_pb2.ENTITLEMENT_KIND_DISABLED_VETERAN: EntitlementKind.DISABLED_VETERAN,
}
_NUMBERS: Final = {kind: number for number, kind in KINDS.items()}
_IDENTITIES: Final = frozenset(one.value for one in AidIdentity if one is not AidIdentity.NONE)


async def upsert(store: AnyStore, request: Any) -> Any:
    """Sets the entitlements that can be set; answers one status per entry, in order.

    Raises:
        AlreadyExists: REQUEST_ID_REUSED.
    """
    told: dict[tuple[object, ...], tuple[UUID, Entitlement]] = {}

    def take(message: Any, path: str) -> None:
        person_id, one = wire.read_uuid(message.person_id), _read(message, path)
        key = (person_id, one.kind, one.code, one.begin_date)
        if key in told:
            raise wire.invalid(path, "stands twice in the request")
        told[key] = (person_id, one)

    results = _judge(request.entitlements, "entitlements", take)

    async def work(transaction: AnyTransaction) -> Any:
        await transaction.set_entitlements(list(told.values()))
        return benefits_service_pb2.UpsertEntitlementsResponse(results=results)

    # From a plain hash of one entry its disease or identity could be guessed.
    response_type = benefits_service_pb2.UpsertEntitlementsResponse
    return await store.once(request, response_type, work, keyed=True)


async def upsert_family(store: AnyStore, request: Any) -> Any:
    """Sets the family accounts that can be set; answers one status per entry, in order.

    Raises:
        AlreadyExists: REQUEST_ID_REUSED.
    """
    told: dict[tuple[UUID, UUID], FamilyLink] = {}

    def take(message: Any, path: str) -> None:
        link = _read_link(message, path)
        key = (link.owner_person_id, link.member_person_id)
        if key in told:
            raise wire.invalid(path, "stands twice in the request")
        told[key] = link

    results = _judge(request.family_accounts, "family_accounts", take)

    async def work(transaction: AnyTransaction) -> Any:
        await transaction.set_family(list(told.values()))
        return benefits_service_pb2.UpsertFamilyAccountsResponse(results=results)

    return await store.once(request, benefits_service_pb2.UpsertFamilyAccountsResponse, work)


def write(person_id: str, one: Entitlement) -> Any:
    """Returns the Entitlement message."""
    return entitlement_pb2.Entitlement(
        person_id=person_id,
        kind=_NUMBERS[one.kind],
        code=one.code,
        begin_date=wire.write_date(one.begin_date),
        end_date=wire.write_optional_date(one.end_date),
    )


def _judge(
    messages: Iterable[Any], name: str, take: Callable[[Any, str], None]
) -> list[status_pb2.Status]:
    """Returns a status per entry: OK for what was taken."""
    results = []
    for index, message in enumerate(messages):
        try:
            take(message, f"{name}[{index}]")
        except DomainError as error:
            results.append(to_status(error, "benefits"))
        else:
            results.append(status_pb2.Status())
    return results


def _read(message: Any, path: str) -> Entitlement:
    kind, code = KINDS[message.kind], message.code
    if kind is EntitlementKind.CHRONIC_DISEASE:
        if not is_known_disease(code):
            # The code is not told: it is a diagnosis.
            raise InvalidArgument(
                "DISEASE_CODE_UNKNOWN",
                f"{path}.code is no chronic or special disease",
                field=f"{path}.code",
            )
    elif kind is EntitlementKind.MEDICAL_AID:
        if code not in _IDENTITIES:
            raise wire.invalid(f"{path}.code", "not an identity for medical aid")
    elif code:
        raise wire.invalid(f"{path}.code", "must be empty for this kind")
    begin_date, end_date = _read_dates(message, path)
    return Entitlement(kind, code, begin_date, end_date)


def _read_link(message: Any, path: str) -> FamilyLink:
    owner, member = map(wire.read_uuid, (message.owner_person_id, message.member_person_id))
    if owner == member:
        raise RuleForbids(
            "FAMILY_ACCOUNT_INVALID", "an account is not shared by its owner with itself"
        )
    begin_date, end_date = _read_dates(message, path)
    return FamilyLink(owner, member, begin_date, end_date)


def _read_dates(message: Any, path: str) -> tuple[date, date | None]:
    begin_date = wire.read_date(message.begin_date, f"{path}.begin_date")
    end_date = wire.read_optional_date(message.end_date, f"{path}.end_date")
    if end_date is not None and end_date < begin_date:
        raise wire.invalid(f"{path}.end_date", "before the first day")
    return begin_date, end_date
