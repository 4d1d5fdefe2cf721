"""Small policies of Ürümqi and bills by them, for what a policy may count."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from tests.integration.benefits.conftest import Benefits, make_case, serving, set_day, split
from tests.support.packs import By, pack_tree, policy_of
from yijie.benefits.v1 import entitlement_pb2

THIRD = "0190aaaa-0000-7000-8000-000000000003"
CHRONIC = entitlement_pb2.ENTITLEMENT_KIND_CHRONIC_DISEASE
AID = entitlement_pb2.ENTITLEMENT_KIND_MEDICAL_AID
CIVIL_SERVANT = entitlement_pb2.ENTITLEMENT_KIND_CIVIL_SERVANT
ELSEWHERE = "H64010400002"
FLAT = "[{above: 0.00, ratio: 0.50}]"
STEPS = "deductible, segments"
ALL_PARTS = "[in_scope, prior_self_pay, over_limit, full_self_pay]"
FAMILY = {"account.pays": ALL_PARTS, "account.family_pays": ALL_PARTS, "segments.scale": FLAT}


@asynccontextmanager
async def by(dsn: str, *trees: Any) -> AsyncIterator[Benefits]:
    async with serving(dsn, policy_of(*trees)) as service:
        yield service


def bill(
    in_scope: int, medical_type: str = "11", day: tuple[int, int, int] = (2026, 3, 31), **more: Any
) -> Any:
    """A bill of an employee of Ürümqi at home, half of which the fund pays after the deductible."""
    case = make_case(
        insured_region_code="650100",
        care_region_code="650102",
        medical_type_code=medical_type,
        use_account=False,
        **more,
    )
    set_day(case.begin_date, day)
    set_day(case.end_date, day)
    return split(case, in_scope=in_scope)


async def deductibles(service: Benefits, cases: Iterable[Any]) -> list[int]:
    return [(await service.commit(one, uuid4())).adjudication.deductible.fen for one in cases]


CHRONIC_STEPS = f"{STEPS}, disease_limit"


def chronic(**changes: Any) -> dict[str, bytes]:
    return pack_tree(
        {
            "segments.scale": FLAT,
            "deductible.amount": "0.00",
            "disease_limit.amount": By("disease", "{M03900: 300.00, any: 100.00}"),
            **changes,
        },
        setting="chronic",
        steps=CHRONIC_STEPS,
    )
