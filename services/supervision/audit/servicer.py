"""AuditService: proto ⇄ domain and nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from services.kit import paging, wire
from services.kit.caller import require_region
from services.kit.errors import Absent, DomainError
from services.kit.idempotency import once
from services.kit.status import to_status
from services.supervision.audit import messages
from services.supervision.audit.coverage import Journal, coverage
from services.supervision.audit.export import Exporter
from services.supervision.audit.gate import Gate
from services.supervision.audit.mining import Mined, Mining, Result, Run
from services.supervision.audit.records import Records
from services.supervision.audit.store import AuditStore
from services.supervision.messages import write_recorded
from services.supervision.store import Store
from yijie.supervision.v1 import audit_service_pb2 as pb
from yijie.supervision.v1 import audit_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.kit.crypto import FieldCipher
    from services.kit.db import Connection, Database
    from services.supervision.domain.recording import RecordedFinding
    from services.supervision.ruleset_source import RuleSetSource

FULL_NAME: Final = "yijie.supervision.v1.AuditService"
_SERVICE: Final = "supervision"
_DAYS_MAX: Final = 31
_FIRST_DAY: Final = date(2000, 1, 1)


class AuditServicer(audit_service_pb2_grpc.AuditServiceServicer):
    """Answers the calls of AuditService."""

    def __init__(
        self,
        database: Database,
        cipher: FieldCipher,
        rules: RuleSetSource,
        journal: Journal,
        gate: Gate | None = None,
    ) -> None:
        """Holds what all calls share; `gate`: who goes before an export, None: nobody."""
        self._database = database
        self._rules = rules
        self._journal = journal
        self._bills = AuditStore(database, cipher)
        self._findings = Store(database, cipher)
        self._exporter = Exporter(database, cipher, self._bills, gate or Gate())
        self._mining = Mining(Records(database, cipher), self._bills, self._findings)

    async def GetFinding(self, request: Any, context: Any) -> Any:
        """Answers one finding with its lines."""
        require_region(context, request.region_code, field="region_code")
        found = await self._findings.finding(wire.read_uuid(request.finding_id))
        if found is None or not _concerns(found, request.region_code):
            raise Absent("RESOURCE_NOT_FOUND", "no such finding", field="finding_id")
        bill = await self._bills.bill(found.settlement_id)
        if bill is None:
            # Recorded by a version before; its bill comes with the feed.
            raise Absent("RESOURCE_NOT_FOUND", "its bill was not audited yet", field="finding_id")
        return pb.GetFindingResponse(finding=messages.write_detail(found, bill))

    async def ListBillFindings(self, request: Any, context: Any) -> Any:
        """Lists all findings on one bill, in the order of recording."""
        require_region(context, request.region_code, field="region_code")
        key = wire.read_uuid(request.bill_key)
        after = paging.read_key(request, paging.row_number) or 0
        size = paging.page_size(request)
        found = [
            one
            for one in (await self._findings.findings_of([key])).get(key, [])
            if one.finding_number > after and _concerns(one, request.region_code)
        ]
        last_key = (str(found[size - 1].finding_number),) if len(found) > size else ()
        return pb.ListBillFindingsResponse(
            findings=[write_recorded(one) for one in found[:size]],
            next_page_token=paging.write_token(request, last_key) if last_key else "",
        )

    async def SummarizeAudit(self, request: Any, context: Any) -> Any:
        """Compares day by day what was settled with what was audited."""
        require_region(context, "", field="begin_date")
        days = _read_days(request)
        found, last = await coverage(self._database, self._journal, days)
        return pb.SummarizeAuditResponse(
            days=[messages.write_day(one) for one in found],
            complete=all(one.is_complete for one in found),
            last_settle_time=None if last is None else wire.write_time(last),
            manual_count=sum(one.manual_count for one in found),
        )

    async def ExportBills(
        self, request: Any, context: Any
    ) -> AsyncIterator[pb.ExportBillsResponse]:
        """Streams the standing bills of a month, for mining."""
        require_region(context, "", field="month")
        after = wire.read_uuid(request.after_bill_key) if request.after_bill_key else None
        async for batch in self._exporter.export(
            request.month, care_prefix=request.care_region_code[:2], after=after
        ):
            yield batch

    async def RecordMinedFindings(self, request: Any, context: Any) -> Any:
        """Records what a run of mining found."""
        require_region(context, "", field="findings")
        run = _read_run(request)
        mined = [_read_mined(one) for one in request.findings]
        ruleset = self._rules.ruleset()

        async def work(connection: Connection) -> Any:
            results = await self._mining.record(connection, run, mined, ruleset)
            return pb.RecordMinedFindingsResponse(results=[_write_result(one) for one in results])

        return await once(self._database, request, pb.RecordMinedFindingsResponse, work)


def _concerns(found: RecordedFinding, province_code: str) -> bool:
    return not province_code or province_code[:2] in (
        found.care_region_code[:2],
        found.insured_region_code[:2],
    )


def _read_days(request: Any) -> list[date]:
    begin = wire.read_date(request.begin_date, "begin_date")
    end = wire.read_date(request.end_date, "end_date")
    if begin < _FIRST_DAY:
        raise wire.invalid("begin_date", f"must not be before {_FIRST_DAY}")
    count = (end - begin).days + 1
    if not 1 <= count <= _DAYS_MAX:
        raise wire.invalid("end_date", f"must be from begin_date to {_DAYS_MAX} days in all")
    return [begin + timedelta(days=number) for number in range(count)]


def _read_run(request: Any) -> Run:
    since, until = wire.read_time(request.since_time), wire.read_time(request.until_time)
    if until <= since:
        raise wire.invalid("until_time", "must be after since_time")
    return Run(
        run_id=wire.read_uuid(request.run_id),
        ruleset_version=request.ruleset_version,
        since_time=since,
        until_time=until,
    )


def _read_mined(message: Any) -> Mined:
    others = tuple(wire.read_uuid(one) for one in message.other_bill_keys)
    return Mined(
        bill_key=wire.read_uuid(message.bill_key),
        rule_code=message.rule_code,
        line_ids=tuple(message.line_ids),
        other_bill_keys=others,
        message_zh=message.message_zh,
        message_en=message.message_en,
    )


def _write_result(result: Result) -> pb.MinedFindingResult:
    if isinstance(result, DomainError):
        return pb.MinedFindingResult(error=to_status(result, _SERVICE))
    return pb.MinedFindingResult(finding_id=str(result.finding_id), recorded_before=result.is_old)
