"""StatisticsService: proto ⇄ domain and nothing else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from services.kit import codes, paging
from services.kit.caller import require_region
from services.kit.clock import civil_date, civil_month
from services.kit.dates import MONTH
from services.kit.errors import Absent
from services.kit.idempotency import first_answer, once
from services.kit.notes import read_note, read_two_people
from services.supervision import metrics
from services.supervision.domain.direct_rate import CareSetting, Level, ranked, sum_up
from services.supervision.statistics import (
    bulletin_store,
    facts_store,
    making,
    messages,
    rate_store,
    upload_store,
    uploading,
)
from services.supervision.statistics.rate_tables import reasons_of
from yijie.supervision.v1 import statistics_service_pb2 as pb
from yijie.supervision.v1 import statistics_service_pb2_grpc

if TYPE_CHECKING:
    from services.kit.db import Connection
    from services.supervision.statistics.bulletin_store import Bulletin
    from services.supervision.statistics.making import Sources

FULL_NAME: Final = "yijie.supervision.v1.StatisticsService"
PART_BYTES: Final = 2 * 1024 * 1024
"""Of a file in one answer: well below what a caller receives."""
_OFFSET_MAX: Final = 1 << 30


class StatisticsServicer(statistics_service_pb2_grpc.StatisticsServiceServicer):
    """Answers the calls of StatisticsService."""

    def __init__(self, sources: Sources) -> None:
        """Holds what all calls share."""
        self._sources = sources
        self._database = sources.database
        self._clock = sources.clock

    async def UploadSelfPaidCases(self, request: Any, context: Any) -> Any:
        """Takes self-paid cases."""
        province = request.care_region_code
        require_region(context, province, field="care_region_code")
        answer_type = pb.UploadSelfPaidCasesResponse
        if (answer := await first_answer(self._database, request, answer_type)) is not None:
            return answer
        now = self._clock.now()
        today = civil_date(now)
        entries = messages.read_entries(
            request.cases,
            "cases",
            lambda message, path: messages.read_self_paid(
                message, path, province=province, today=today
            ),
        )
        judged = await uploading.judge(entries, self._sources.identity, self._sources.filing)

        async def work(connection: Connection) -> Any:
            outcomes = await uploading.take_cases(connection, judged, now, dry_run=request.dry_run)
            return messages.write_self_paid_results(request.cases, outcomes)

        answer = await once(self._database, request, answer_type, work)
        _count("self_paid", answer)
        return answer

    async def UploadLocalCosts(self, request: Any, context: Any) -> Any:
        """Takes costs of locals."""
        province = request.care_region_code
        require_region(context, province, field="care_region_code")
        now = self._clock.now()
        month = civil_month(now)
        entries = messages.read_entries(
            request.costs,
            "costs",
            lambda message, path: messages.read_local_cost(
                message, path, province=province, month=month
            ),
        )

        async def work(connection: Connection) -> Any:
            outcomes = await uploading.take_costs(connection, entries, now, dry_run=request.dry_run)
            return messages.write_cost_results(request.costs, outcomes)

        answer = await once(self._database, request, pb.UploadLocalCostsResponse, work)
        _count("local_cost", answer)
        return answer

    async def ListDirectRates(self, request: Any, context: Any) -> Any:
        """Lists rates as they are now."""
        region = request.region_code
        require_region(context, region, field="region_code")
        level, setting = messages.read_level(request.level), messages.read_setting(request.setting)
        found = await rate_store.tallies(
            self._database,
            request.month,
            request.month,
            by_institution=level is Level.INSTITUTION,
            inpatient_only=setting is CareSetting.INPATIENT,
        )
        is_insured = level is Level.INSURED_PROVINCE
        kept = {
            place: one
            for place, one in found.items()
            if not region
            or region
            == (
                place.insured_region_code
                if is_insured
                else codes.province_of(place.care_region_code)
            )
        }
        rows = sorted(ranked(sum_up(kept, level, setting=setting)), key=lambda row: row[1])
        after = paging.read_key(request, str)
        rest = [row for row in rows if after is None or row[1] > after]
        size = paging.page_size(request)
        more = len(rest) > size
        return pb.ListDirectRatesResponse(
            rates=[messages.write_rate(request.month, level, setting, row) for row in rest[:size]],
            next_page_token=paging.write_token(request, (rest[size - 1][1],)) if more else "",
        )

    async def ListSuspects(self, request: Any, context: Any) -> Any:
        """Lists institutions that were tested."""
        region = request.care_region_code
        require_region(context, region, field="care_region_code")
        month = request.month
        tallies = await rate_store.tallies(
            self._database, month, month, by_institution=True, inpatient_only=True
        )
        found = await asyncio.to_thread(making.find_suspects, tallies)
        wanted = [
            one
            for one in found
            if (one.is_flagged or not request.flagged_only)
            and (not region or codes.province_of(one.attempts.care_region_code) == region)
        ]
        start = paging.read_key(request, paging.row_number) or 0
        size = paging.page_size(request)
        page = wanted[start : start + size]
        refusals = await facts_store.refusals(self._database, month)
        self_paid = await upload_store.self_paid_of_month(self._database, month)
        more = len(wanted) > start + size
        return pb.ListSuspectsResponse(
            suspects=[
                messages.write_suspect(
                    one, reasons_of(refusals, self_paid, one.attempts.institution_code)
                )
                for one in page
            ],
            next_page_token=paging.write_token(request, (str(start + size),)) if more else "",
        )

    async def MakeBulletin(self, request: Any, context: Any) -> Any:
        """Makes and freezes a bulletin, or answers the one that is there."""
        require_region(context, "", field="month")
        maker_id, checker_id = read_two_people(request.maker_id, request.checker_id)
        note = read_note(request.note, optional=True)
        answer_type = pb.MakeBulletinResponse
        if (answer := await first_answer(self._database, request, answer_type)) is not None:
            return answer
        now = self._clock.now()
        making.require_over(request.month, now)
        present = await bulletin_store.find(self._database, request.month, 0)
        if present is not None and not note:
            return pb.MakeBulletinResponse(bulletin=await self._write(present))
        made = await making.draft(
            self._sources,
            month=request.month,
            edition=present.edition + 1 if present else 1,
            note=note if present else "",
            now=now,
        )

        async def work(connection: Connection) -> Any:
            bulletin, files = await making.freeze(
                connection, made, maker_id=maker_id, checker_id=checker_id, now=now
            )
            return pb.MakeBulletinResponse(bulletin=messages.write_bulletin(bulletin, files))

        answer = await once(self._database, request, answer_type, work)
        metrics.BULLETINS.inc()
        return answer

    async def GetBulletin(self, request: Any, context: Any) -> Any:
        """Answers a bulletin: it is public to all provinces."""
        bulletin = await self._find(request)
        return pb.GetBulletinResponse(bulletin=await self._write(bulletin))

    async def ListBulletins(self, request: Any, context: Any) -> Any:
        """Lists bulletins: they are public to all provinces."""
        after = paging.read_key(request, _read_key) or ("", 0)
        size = paging.page_size(request)
        found = await bulletin_store.list_bulletins(self._database, after, limit=size + 1)
        last = found[size - 1] if len(found) > size else None
        return pb.ListBulletinsResponse(
            bulletins=[messages.write_bulletin(one) for one in found[:size]],
            next_page_token=(
                paging.write_token(request, (last.month, str(last.edition))) if last else ""
            ),
        )

    async def DownloadBulletin(self, request: Any, context: Any) -> Any:
        """Answers a part of a file as it was frozen."""
        bulletin = await self._find(request)
        # No file reaches it: a larger offset would not fit the database's number.
        offset = min(request.offset, _OFFSET_MAX)
        found = await bulletin_store.part_of(
            self._database, bulletin, request.file_name, offset=offset, limit=PART_BYTES
        )
        if found is None:
            raise _absent("file_name")
        file, content = found
        end = offset + len(content)
        return pb.DownloadBulletinResponse(
            file=messages.write_file(file),
            content=content,
            next_offset=end if end < file.size_bytes else 0,
        )

    async def _find(self, request: Any) -> Bulletin:
        found = await bulletin_store.find(self._database, request.month, request.edition)
        if found is None:
            raise _absent("month")
        return found

    async def _write(self, bulletin: Bulletin) -> Any:
        files = await bulletin_store.files_of(self._database, bulletin)
        return messages.write_bulletin(bulletin, files)


def _absent(field: str) -> Absent:
    return Absent(
        "RESOURCE_NOT_FOUND", "no such bulletin", field=field, metadata={"resource": "bulletin"}
    )


def _read_key(month: str, edition: str) -> tuple[str, int]:
    # Raises ValueError for what no bulletin can have as its key: a token may be made up.
    number = paging.row_number(edition)
    if not MONTH.fullmatch(month) or number >= 1 << 31:
        msg = "not a bulletin's key"
        raise ValueError(msg)
    return month, number


def _count(kind: str, answer: Any) -> None:
    refused = sum(one.WhichOneof("outcome") == "error" for one in answer.results)
    metrics.UPLOADED_ROWS.labels(kind, "refused").inc(refused)
    metrics.UPLOADED_ROWS.labels(kind, "taken").inc(len(answer.results) - refused)
