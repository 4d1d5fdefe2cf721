"""A served BenefitsService on a database of its own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO
from uuid import UUID, uuid4

import pytest

from services.benefits.domain.model import SUM_NAMES
from services.benefits.domain.snapshot import Policy
from services.benefits.servicer import FULL_NAME, BenefitsServicer
from services.benefits.store import Store
from services.kit.db import Database, DatabaseConfig, open_database
from tests.policy.bills import policy
from tests.support.rpc import TIMEOUT_S, served
from tests.support.sealed import VAULT
from yijie.benefits.v1 import benefits_service_pb2 as pb
from yijie.benefits.v1 import benefits_service_pb2_grpc as pb_grpc
from yijie.benefits.v1 import entitlement_pb2
from yijie.common.v1.money_pb2 import Money
from yijie.filing.v1 import filing_service_pb2

PERSON = "0190aaaa-0000-7000-8000-000000000001"
OTHER = "0190aaaa-0000-7000-8000-000000000002"


@dataclass
class Benefits:
    """The service as a caller sees it, and its database as a test does."""

    stub: Any
    database: Database

    async def adjudicate(self, case: Any, *, with_trace: bool = False) -> Any:
        request = pb.AdjudicateRequest(case=case, with_trace=with_trace)
        return (await self.stub.Adjudicate(request, timeout=TIMEOUT_S)).adjudication

    async def commit(self, case: Any, settlement_id: UUID, expected: Any = None) -> Any:
        request = pb.CommitRequest(settlement_id=str(settlement_id), case=case, expected=expected)
        return await self.stub.Commit(request, timeout=TIMEOUT_S)

    async def cancel(self, settlement_id: UUID) -> Any:
        request = pb.CancelRequest(settlement_id=str(settlement_id))
        return await self.stub.Cancel(request, timeout=TIMEOUT_S)

    async def get(self, settlement_id: UUID) -> Any:
        request = pb.GetAdjudicationRequest(settlement_id=str(settlement_id))
        return await self.stub.GetAdjudication(request, timeout=TIMEOUT_S)

    async def used(
        self, person_id: str = PERSON, scheme: str = "310", year: int = 2026
    ) -> tuple[dict[str, int], int]:
        """Sums that are not zero, and the account."""
        request = pb.GetAccumulatorsRequest(
            person_id=person_id, scheme_code=scheme, benefit_year=year
        )
        response = await self.stub.GetAccumulators(request, timeout=TIMEOUT_S)
        told = response.accumulators
        sums = {
            name: told.inpatient_count if name == "inpatient_count" else getattr(told, name).fen
            for name in SUM_NAMES
        }
        return {name: fen for name, fen in sums.items() if fen}, response.account_balance.fen

    async def open_account(self, fen: int, person_id: str = PERSON) -> None:
        request = pb.UpsertAccountsRequest(
            request_id=str(uuid4()), accounts=[account(person_id, fen)]
        )
        await self.stub.UpsertAccounts(request, timeout=TIMEOUT_S)

    async def entitle(
        self,
        kind: int,
        code: str = "",
        *,
        person_id: str = PERSON,
        begin: tuple[int, int, int] = (2026, 1, 1),
        end: tuple[int, int, int] | None = None,
    ) -> None:
        one = entitlement_pb2.Entitlement(person_id=person_id, kind=kind, code=code)
        set_day(one.begin_date, begin)
        if end is not None:
            set_day(one.end_date, end)
        request = pb.UpsertEntitlementsRequest(request_id=str(uuid4()), entitlements=[one])
        response = await self.stub.UpsertEntitlements(request, timeout=TIMEOUT_S)
        assert [status.code for status in response.results] == [0]

    async def share(
        self,
        *links: tuple[str, str],
        begin: tuple[int, int, int] = (2026, 1, 1),
        end: tuple[int, int, int] | None = None,
    ) -> None:
        """Lets members use accounts: pairs of owner and member."""
        request = pb.UpsertFamilyAccountsRequest(request_id=str(uuid4()))
        for owner, member in links:
            one = request.family_accounts.add(owner_person_id=owner, member_person_id=member)
            set_day(one.begin_date, begin)
            if end is not None:
                set_day(one.end_date, end)
        response = await self.stub.UpsertFamilyAccounts(request, timeout=TIMEOUT_S)
        assert [status.code for status in response.results] == [0] * len(links)


@pytest.fixture
def dsn(rinsed_dsn: str) -> str:
    return rinsed_dsn


def set_day(message: Any, day: tuple[int, int, int]) -> None:
    message.year, message.month, message.day = day


@pytest.fixture
async def benefits(dsn: str) -> AsyncIterator[Benefits]:
    async with serving(dsn, policy()) as service:
        yield service


@contextlib.asynccontextmanager
async def serving(
    dsn: str, rules: Policy, log_to: BinaryIO | None = None
) -> AsyncIterator[Benefits]:
    """Serves a policy, and looks at the end whether the database is coherent."""
    async with open_database(DatabaseConfig(dsn=dsn), "benefits") as database:
        register = partial(
            pb_grpc.add_BenefitsServiceServicer_to_server,
            BenefitsServicer(Store(database, VAULT), rules),
        )
        async with served("benefits", FULL_NAME, register, log_to) as channel:
            yield Benefits(pb_grpc.BenefitsServiceStub(channel), database)
        await assert_coherent(database)


async def assert_coherent(database: Database) -> None:
    """Sums are those of the bookings that were not taken back; every state path is legal."""
    row = await database.fetchrow(
        f"""/* test.coherent */
        WITH booked AS (
            SELECT settlement_id, person_id, scheme_code, benefit_year, delta FROM adjudication
             UNION ALL
            SELECT settlement_id, person_id, scheme_code, benefit_year, delta
              FROM adjudication_year
        ), live AS (
            SELECT j.* FROM booked j WHERE NOT EXISTS (
                SELECT FROM adjudication_state s
                 WHERE s.settlement_id = j.settlement_id AND s.state = 'CANCELLED')
        )
        SELECT
          (SELECT count(*) FROM accumulators a WHERE
             ARRAY[{", ".join(SUM_NAMES)}]
             IS DISTINCT FROM
             ARRAY(SELECT coalesce(sum(delta[i]), 0)::bigint
                     FROM generate_series(1, {len(SUM_NAMES)}) AS i LEFT JOIN live l
                       ON l.person_id = a.person_id AND l.scheme_code = a.scheme_code
                      AND l.benefit_year = a.benefit_year
                    GROUP BY i ORDER BY i)) AS wrong_sums,
          (SELECT count(*) FROM adjudication j WHERE NOT EXISTS (
              SELECT FROM adjudication_state s WHERE s.settlement_id = j.settlement_id
                 AND s.version = 1 AND s.state = 'COMMITTED')) AS without_state,
          (SELECT count(*) FROM adjudication_state s WHERE s.version = 2 AND NOT EXISTS (
              SELECT FROM adjudication j WHERE j.settlement_id = s.settlement_id))
            AS without_answer,
          (SELECT count(*) FROM adjudication j WHERE account_pay_fen < (
              SELECT coalesce(sum(f.account_pay_fen), 0) FROM adjudication_family_pay f
               WHERE f.settlement_id = j.settlement_id)) AS too_much_shared
        """  # noqa: S608 - names of columns
    )
    assert row is not None
    assert set(row.values()) == {0}, dict(row)


def account(person_id: str, fen: int) -> pb.Account:
    return pb.Account(person_id=person_id, balance=Money(fen=fen))


def make_case(**changes: Any) -> Any:
    """A Hengshui employee's outpatient bill in Beijing: E1 of the field's worked examples."""
    from yijie.benefits.v1.adjudication_pb2 import Case

    case = Case(
        person_id=PERSON,
        insured_region_code="131100",
        scheme_code="310",
        person_type_code="1101",
        care_region_code="110105",
        institution_code="H11010500001",
        deductible_level_code="02",
        medical_type_code="11",
        benefit_level=filing_service_pb2.BENEFIT_LEVEL_LONG_TERM,
        use_account=True,
    )
    for day in (case.begin_date, case.end_date):
        day.year, day.month, day.day = 2026, 3, 31
    split(case, in_scope=429, prior=23)
    for name, value in changes.items():
        setattr(case, name, value)
    return case


def split(case: Any, *, in_scope: int, prior: int = 0, over: int = 0, full: int = 0) -> Any:
    case.amounts.in_scope.fen = in_scope
    case.amounts.prior_self_pay.fen = prior
    case.amounts.over_limit.fen = over
    case.amounts.full_self_pay.fen = full
    case.amounts.total.fen = in_scope + prior + over + full
    return case


def make_stay(
    stay_id: UUID | str = "",
    *,
    begin: tuple[int, int, int],
    end: tuple[int, int, int],
    in_scope: int,
    **changes: Any,
) -> Any:
    """A stay of an Ürümqi employee in Ningxia, tertiary: deductible 900, then 85 %, no cap."""
    case = make_case(
        insured_region_code="650100",
        care_region_code="640104",
        medical_type_code="21",
        use_account=False,
        stay_id=str(stay_id),
    )
    case.begin_date.year, case.begin_date.month, case.begin_date.day = begin
    case.end_date.year, case.end_date.month, case.end_date.day = end
    for name, value in changes.items():
        setattr(case, name, value)
    return split(case, in_scope=in_scope)


@pytest.fixture
def e1() -> Any:
    return make_case()
