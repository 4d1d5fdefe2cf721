"""ReconciliationService: proto ⇄ domain and nothing else."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.clearing import comparison_store, difference_store, resolving, statement_store
from services.clearing import reconciliation_messages as messages
from services.clearing.comparison_store import LegDay, Result
from services.clearing.daily import Daily, report
from services.clearing.difference_store import DifferenceFilter
from services.clearing.domain.difference_states import DifferenceState
from services.clearing.domain.reconciliation import Party
from services.clearing.reconciling import Compared, Reconciler, day_end
from services.clearing.statements import Opening, Statements
from services.kit import paging, wire
from services.kit.authorisation import province_named
from services.kit.caller import province_of_caller, require_party, require_region
from services.kit.clock import civil_date, civil_midnight
from services.kit.db import Connection
from services.kit.errors import InvalidArgument
from services.kit.idempotency import once
from services.kit.wire import invalid
from yijie.clearing.v1 import reconciliation_pb2 as pb2
from yijie.clearing.v1 import reconciliation_service_pb2 as service_pb2
from yijie.clearing.v1 import reconciliation_service_pb2_grpc

_FIRST_DAY: Final = date(2000, 1, 1)
"""Nothing was settled between provinces before; ids cannot say when, long before."""
FULL_NAME: Final = "yijie.clearing.v1.ReconciliationService"


class ReconciliationServicer(reconciliation_service_pb2_grpc.ReconciliationServiceServicer):
    """Answers the calls of ReconciliationService."""

    def __init__(self, reconciler: Reconciler, daily: Daily) -> None:
        """Holds what all calls share."""
        self._reconciler = reconciler
        self._database = reconciler.database
        self._statements = Statements(reconciler)
        self._daily = daily

    async def OpenStatement(self, request: Any, context: Any) -> Any:
        """Takes totals and answers whether they are the hub's."""
        opening = self._read_opening(request)

        async def work(connection: Connection) -> Any:
            opened = await self._statements.open(opening, connection)
            return service_pb2.OpenStatementResponse(
                statement_id=str(opened.statement.statement_id),
                revision=opened.statement.revision,
                state=messages.write_statement_state(opened.statement.state),
                differences=[messages.write_totals_difference(one) for one in opened.differences],
                hub_time=wire.write_time(opened.hub_time),
            )

        return await once(self._database, request, service_pb2.OpenStatementResponse, work)

    async def AddStatementDetails(self, request: Any, context: Any) -> Any:
        """Takes details."""
        records = [
            messages.read_record(one, f"records[{index}]")
            for index, one in enumerate(request.records)
        ]
        statement_id = wire.read_uuid(request.statement_id)
        await self._require_own(context, statement_id)

        async def work(connection: Connection) -> Any:
            count = await self._statements.add(statement_id, records, connection)
            return service_pb2.AddStatementDetailsResponse(record_count=count)

        return await once(self._database, request, service_pb2.AddStatementDetailsResponse, work)

    async def CloseStatement(self, request: Any, context: Any) -> Any:
        """Compares the details."""
        statement_id = wire.read_uuid(request.statement_id)
        await self._require_own(context, statement_id)
        answer = await resolving.replayed(
            self._database, request, service_pb2.CloseStatementResponse
        )
        if answer is not None:
            return answer
        # Before the transaction: settlement is asked what the rows do not say.
        compared = await self._statements.examine(statement_id)
        results: list[Result] = []

        async def work(connection: Connection) -> Any:
            result = await self._statements.close(statement_id, compared, connection)
            results[:] = [result]
            return service_pb2.CloseStatementResponse(result=messages.write_result(result))

        answer = await once(self._database, request, service_pb2.CloseStatementResponse, work)
        for result in results:
            report(result)
        return answer

    async def Reconcile(self, request: Any, context: Any) -> Any:
        """Compares an insured province now."""
        region = messages.read_province(request.insured_region_code, "insured_region_code")
        day = self._read_past(request.business_date, "business_date")
        results: list[Result] = []

        async def store(compared: Compared) -> Any:
            async def work(connection: Connection) -> Any:
                result = await self._reconciler.store_in(compared, connection)
                results[:] = [result]
                return service_pb2.ReconcileResponse(result=messages.write_result(result))

            return await once(self._database, request, service_pb2.ReconcileResponse, work)

        answer = await resolving.replayed(self._database, request, service_pb2.ReconcileResponse)
        if answer is None:
            answer = await self._daily.on_demand(region, day, store)
        for result in results:
            report(result)
        return answer

    async def ListLegResults(self, request: Any, context: Any) -> Any:
        """Lists results by date, party and code."""
        size = paging.page_size(request)
        found = await comparison_store.list_results(
            self._database,
            business_date=wire.read_optional_date(request.business_date, "business_date"),
            party_code=request.party_code,
            after=paging.read_key(request, _read_leg_day),
            limit=size + 1,
        )
        token = ""
        if len(found) > size:
            last = found[size - 1].leg
            key = (last.business_date.isoformat(), last.party_name, last.party_code)
            token = paging.write_token(request, key)
        return service_pb2.ListLegResultsResponse(
            results=[messages.write_result(one) for one in found[:size]], next_page_token=token
        )

    async def ListDifferences(self, request: Any, context: Any) -> Any:
        """Lists differences in the order in which they were found."""
        state = None
        if request.state:
            name = pb2.DifferenceState.Name(request.state)
            state = DifferenceState(name.removeprefix("DIFFERENCE_STATE_"))
        wanted = DifferenceFilter(
            business_date=wire.read_optional_date(request.business_date, "business_date"),
            region_code=request.region_code,
            institution_code=request.institution_code,
            state=state,
            settlement_id=wire.read_uuid(request.settlement_id) if request.settlement_id else None,
            after=paging.read_key(request, UUID),
        )
        size = paging.page_size(request)
        found = await difference_store.list_differences(self._database, wanted, limit=size + 1)
        token = ""
        if len(found) > size:
            token = paging.write_token(request, (str(found[size - 1].difference_id),))
        return service_pb2.ListDifferencesResponse(
            differences=[messages.write_difference(one) for one in found[:size]],
            next_page_token=token,
        )

    async def GetDifference(self, request: Any, context: Any) -> Any:
        """Answers one difference."""
        found = await resolving.get_difference(
            self._database, wire.read_uuid(request.difference_id)
        )
        return service_pb2.GetDifferenceResponse(difference=messages.write_difference(found))

    async def ResolveDifference(self, request: Any, context: Any) -> Any:
        """Marks a difference resolved."""
        resolution = resolving.read_resolution(
            wire.read_uuid(request.difference_id), request.note, request.operator_code
        )
        now = self._reconciler.now()
        if province_of_caller(context) is not None:
            found = await resolving.get_difference(self._database, resolution.difference_id)
            parties = {found.place.care_region_code, found.place.insured_region_code}
            require_party(context, parties, field="difference_id")

        async def work(connection: Connection) -> Any:
            found = await resolving.resolve(connection, resolution, now)
            return service_pb2.ResolveDifferenceResponse(
                difference=messages.write_difference(found)
            )

        return await once(self._database, request, service_pb2.ResolveDifferenceResponse, work)

    async def _require_own(self, context: Any, statement_id: UUID) -> None:
        # Whose a statement is never changes; what is not there is answered as that.
        if province_of_caller(context) is None:
            return
        found = await statement_store.find(self._database, statement_id)
        if found is not None:
            require_region(context, province_named(found.party_code), field="statement_id")

    def _read_opening(self, request: Any) -> Opening:
        party = messages.read_party(request.party)
        if (party is Party.CARE_PROVINCE) != request.party_code.isdigit():
            raise invalid("party_code", "is not a code of this party")
        if party is Party.CARE_PROVINCE:
            messages.read_province(request.party_code, "party_code")
        day = self._read_past(request.business_date, "business_date")
        until = day_end(day)
        if request.HasField("until_time"):
            until = self._read_until(wire.read_time(request.until_time), day)
        return Opening(
            party=party,
            party_code=request.party_code,
            business_date=day,
            until=until,
            totals=messages.read_totals(request.totals),
        )

    def _read_until(self, until: datetime, day: date) -> datetime:
        if not civil_midnight(day) < until <= day_end(day):
            raise invalid("until_time", "is not on the business date")
        if until > self._reconciler.now():
            raise InvalidArgument("DATE_IN_FUTURE", "until_time is not over", field="until_time")
        return until

    def _read_past(self, message: Any, field: str) -> date:
        day = wire.read_date(message, field)
        if day > civil_date(self._reconciler.now()):
            raise InvalidArgument("DATE_IN_FUTURE", f"{field} is in the future", field=field)
        if day < _FIRST_DAY:
            raise invalid(field, f"is before {_FIRST_DAY}")
        return day


def _read_leg_day(day: str, party: str, code: str) -> LegDay:
    return LegDay(date.fromisoformat(day), Party(party).value, code)
