"""Loads reference and demo data through the contracts, as agencies would; never by SQL.

All of it may be repeated: request ids are made from the content, so that a second load is answered
from the first, and a catalogue version that is published already is not sent again.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from google.rpc import status_pb2

from services.catalogue.sample import regions, sample_items
from services.classification.model import CatalogueItem
from services.cli import cases
from services.cli.province import Province, Stub
from services.kit import codes
from services.kit.errors import Absent, DomainError, RuleForbids, Unavailable
from services.kit.status import from_status
from services.kit.wire import write_date, write_decimal, write_money, write_optional_date
from yijie.benefits.v1 import benefits_service_pb2
from yijie.catalogue.v1 import catalogue_pb2, catalogue_service_pb2
from yijie.common.v1 import bill_pb2
from yijie.filing.v1 import filing_service_pb2
from yijie.identity.v1 import identity_service_pb2

_NAMESPACE: Final = UUID("0f6f2b1e-6f0e-5d0a-9b53-6d6c1f0e7a11")
_BATCH_ITEMS: Final = 5000
_LOAD_S: Final = 60.0
_READY_S_MAX: Final = 60.0
_POLL_S: Final = 0.1
# What settlement may still answer while it comes up; anything else is final.
_NOT_YET: Final = frozenset(
    {"CATALOGUE_NOT_PUBLISHED", "CALLEE_UNAVAILABLE", "INSURED_REGION_UNAVAILABLE"}
)
_CLASSES: Final = {
    "A": bill_pb2.CATALOGUE_CLASS_A,
    "B": bill_pb2.CATALOGUE_CLASS_B,
    "C": bill_pb2.CATALOGUE_CLASS_C,
}
_OVER_CEILING: Final = {
    "self_pay": catalogue_pb2.OVER_CEILING_SELF_PAY,
    "reject": catalogue_pb2.OVER_CEILING_REJECT,
}


class LoadError(Exception):
    """The mesh refused what ships with Yijie."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What has been loaded."""

    person_ids: Mapping[str, str]
    """Identity's keys by the demo's."""
    catalogue_versions: Mapping[str, str]
    """Version by province, as settlement names it: "<region>@<version>"."""
    item_count: int
    """Catalogue entries of all versions."""


async def load(province: Province) -> Loaded:
    """Loads catalogues, persons, cards, accounts, institutions and filings.

    Raises:
        LoadError: an entry was refused.
        DomainError: a call was refused.
    """
    person_ids = await _load_people(province)
    await _load_institutions(province)
    await _load_filings(province, person_ids)
    # While one region's batch is being taken in, the next region's is being made.
    try:
        async with asyncio.TaskGroup() as tasks:
            imports = [tasks.create_task(_import_catalogue(province, name)) for name in regions()]
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    imported = [task.result() for task in imports]
    return Loaded(
        person_ids=person_ids,
        catalogue_versions={version.split("@")[0]: version for version, _ in imported},
        item_count=sum(count for _, count in imported),
    )


async def wait_until_settling(province: Province, loaded: Loaded) -> None:
    """Waits until settlement works with the catalogues loaded, by asking for quotes.

    Raises:
        LoadError: it still does not, or answers by another version.
        DomainError: it refuses for a reason that waiting does not mend.
    """
    end = time.monotonic() + _READY_S_MAX
    for key in cases.ORDER:
        case = cases.case(key)
        wanted = loaded.catalogue_versions[codes.province_of(case.bill.care_region_code)]
        patient = await province.register(case)
        while await _quoted_by(province, case, patient) != wanted:
            if time.monotonic() > end:
                msg = f"settlement does not work with catalogue {wanted}"
                raise LoadError(msg)
            await asyncio.sleep(_POLL_S)


def request_id_of(request: Any) -> UUID:
    """Returns the id of a request that is to be the same for the same content."""
    content = request.SerializeToString(deterministic=True)
    name = f"{request.DESCRIPTOR.full_name}:{hashlib.sha256(content).hexdigest()}"
    return uuid5(_NAMESPACE, name)


async def _quoted_by(province: Province, case: cases.DemoCase, patient: Any) -> str:
    try:
        quote = await province.presettle(case, patient)
    except (RuleForbids, Unavailable) as error:
        if error.reason in _NOT_YET:
            return ""
        raise
    return str(quote.catalogue_version)


async def _import_catalogue(province: Province, region: str) -> tuple[str, int]:
    items = [_item(item) for item in sample_items(region)]
    content = hashlib.sha256()
    for item in items:
        content.update(item.SerializeToString(deterministic=True))
    version = f"sample-{content.hexdigest()[:12]}"
    if not await _is_published(province, region, version):
        for start in range(0, len(items), _BATCH_ITEMS):
            request = catalogue_service_pb2.ImportCatalogueRequest(
                region_code=region,
                version=version,
                items=items[start : start + _BATCH_ITEMS],
                publish=start + _BATCH_ITEMS >= len(items),
            )
            request.request_id = str(request_id_of(request))
            answer = await province.call(
                province.catalogue.ImportCatalogue, request, within_s=_LOAD_S
            )
            for refused in answer.refused_items:
                raise _refused(f"catalogue {region}", start + refused.index, refused.error)
    return f"{region}@{version}", len(items)


async def _is_published(province: Province, region: str, version: str) -> bool:
    request = catalogue_service_pb2.GetSnapshotRequest(
        region_code=region, version=version, page_size=1
    )
    try:
        await province.call(province.catalogue.GetSnapshot, request, within_s=_LOAD_S)
    except (Absent, RuleForbids) as error:
        if error.reason == "CATALOGUE_NOT_PUBLISHED":
            return False
        raise
    return True


async def _load_people(province: Province) -> dict[str, str]:
    people = cases.people()
    persons = identity_service_pb2.UpsertPersonsRequest(
        persons=[person.message for person in people.values()]
    )
    persons.request_id = str(request_id_of(persons))
    answer = await province.call(province.identity.UpsertPersons, persons)
    ids = dict(zip(people, _keys("person", answer.results), strict=True))

    cards = identity_service_pb2.UpsertCardsRequest()
    for key, person in people.items():
        cards.cards.add().CopyFrom(person.card)
        cards.cards[-1].person_id = ids[key]
    cards.request_id = str(request_id_of(cards))
    answer = await province.call(province.identity.UpsertCards, cards)
    _keys("card", answer.results)

    # A person's account is with the insured region.
    offices: dict[int, tuple[Stub, benefits_service_pb2.UpsertAccountsRequest]] = {}
    for key, person in people.items():
        office = province.benefits_of(person.message.insurances[-1].insured_region_code)
        _, accounts = offices.setdefault(
            id(office), (office, benefits_service_pb2.UpsertAccountsRequest())
        )
        accounts.accounts.add(person_id=ids[key], balance=write_money(person.opening_balance_fen))
    for office, accounts in offices.values():
        accounts.request_id = str(request_id_of(accounts))
        answer = await province.call(office.UpsertAccounts, accounts)
        for index, status in enumerate(answer.results):
            if status.code:
                raise _refused("account", index, status)
    await _load_entitlements(province, ids)
    return ids


async def _load_entitlements(province: Province, ids: Mapping[str, str]) -> None:
    for key, person in cases.people().items():
        if not person.entitlements:
            continue
        request = benefits_service_pb2.UpsertEntitlementsRequest(entitlements=person.entitlements)
        for entitlement in request.entitlements:
            entitlement.person_id = ids[key]
        request.request_id = str(request_id_of(request))
        office = province.benefits_of(person.message.insurances[-1].insured_region_code)
        answer = await province.call(office.UpsertEntitlements, request)
        for index, status in enumerate(answer.results):
            if status.code:
                raise _refused("entitlement", index, status)


async def _load_institutions(province: Province) -> None:
    request = identity_service_pb2.UpsertInstitutionsRequest(
        institutions=list(cases.institutions().values())
    )
    request.request_id = str(request_id_of(request))
    answer = await province.call(province.identity.UpsertInstitutions, request)
    _keys("institution", answer.results)


async def _load_filings(province: Province, person_ids: Mapping[str, str]) -> None:
    for filing in cases.filings():
        request = filing_service_pb2.SubmitFilingRequest(filing=filing.message)
        request.filing.person_id = person_ids[filing.person]
        request.request_id = str(request_id_of(request))
        await province.call(province.filing.SubmitFiling, request)


def _keys(what: str, results: Sequence[identity_service_pb2.UpsertResult]) -> list[str]:
    for index, result in enumerate(results):
        if result.WhichOneof("outcome") == "error":
            raise _refused(what, index, result.error)
    return [result.key for result in results]


def _refused(what: str, index: int, status: status_pb2.Status) -> LoadError:
    error: DomainError | None = from_status(status)
    reason = error.reason if error else "no reason"
    return LoadError(f"{what} {index}: {reason}: {status.message}")


def _item(item: CatalogueItem) -> catalogue_pb2.CatalogueItem:
    message = catalogue_pb2.CatalogueItem(
        item_code=item.item_code,
        name=item.name,
        list_type_code=item.list_type_code,
        charge_category_code=item.charge_category_code,
        catalogue_class=_CLASSES[item.catalogue_class],
        begin_date=write_date(item.begin_date),
        end_date=write_optional_date(item.end_date),
        sample=item.sample,
    )
    if item.prior_self_pay_ratio:
        message.prior_self_pay_ratio.CopyFrom(write_decimal(item.prior_self_pay_ratio))
    if item.price_ceiling is not None:
        message.price_ceiling.CopyFrom(write_decimal(item.price_ceiling))
        message.over_ceiling = _OVER_CEILING[item.over_ceiling]
    return message
