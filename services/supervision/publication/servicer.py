"""RuleService: proto ⇄ domain and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.kit import paging, wire
from services.kit.caller import require_region
from services.kit.clock import civil_date, civil_midnight
from services.kit.idempotency import first_answer, once
from services.kit.notes import read_two_people
from services.kit.wire import invalid
from services.supervision.days import end_of, read_day, read_optional_day
from services.supervision.domain.publication import PackState, iso, read_iso, state_of
from services.supervision.publication import messages, store, usecases
from services.supervision.publication.packs import read_pack
from services.supervision.publication.usecases import Brought
from yijie.supervision.v1 import rule_service_pb2 as service_pb2
from yijie.supervision.v1 import rule_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from services.kit.clock import Clock
    from services.kit.db import Connection, Database
    from services.supervision.domain.publication import Publication
    from services.supervision.domain.rule_rates import RuleRate
    from services.supervision.domain.ruleset import RuleSet
    from services.supervision.publication.current import Current
    from services.supervision.publication.dry_run import DryRuns

    Rates = Callable[[datetime | None, datetime | None], Awaitable[Sequence[RuleRate]]]

FULL_NAME: Final = "yijie.supervision.v1.RuleService"
_DRY_RUN_BILLS: Final = 100_000
_DRY_RUN_BILLS_MAX: Final = 1_000_000


class RuleServicer(rule_service_pb2_grpc.RuleServiceServicer):
    """Answers the calls of RuleService."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        current: Current,
        dry_runs: DryRuns,
        rates: Rates,
    ) -> None:
        """Holds what all calls share.

        Args:
            database: keeps packs and publications.
            clock: tells the time.
            current: the rules that run, and who may sign others.
            dry_runs: tries packs.
            rates: what reviews decided, of cases opened in [since, until), by rule.
        """
        self._database = database
        self._clock = clock
        self._current = current
        self._dry_runs = dry_runs
        self._rates = rates
        self._reading = asyncio.Lock()
        self._read: RuleSet | None = None
        """The rules of the past that somebody asked for last."""

    async def PublishRulePack(self, request: Any, context: Any) -> Any:
        """Publishes a pack; it runs in this process from its instant on before it answers."""
        require_region(context, "", field="pack")
        answer = await first_answer(self._database, request, service_pb2.PublishRulePackResponse)
        if answer is None:
            read_two_people(request.maker_id, request.checker_id)
            self._current.keys.require_known(request.key_id)
            pack = await read_pack(request.pack)
            brought = Brought(content=request.pack, signed=messages.read_signed(request, pack))
            # Before a rule of it is read.
            self._current.keys.verify(brought.signed)
            await pack.rules()
            now = self._clock.now()

            async def work(connection: Connection) -> Any:
                made = await usecases.publish(connection, brought, self._current.keys, now=now)
                # Nothing that runs is newer, or it would have been refused.
                state = PackState.UPCOMING if made.valid_from_time > now else PackState.RUNNING
                return service_pb2.PublishRulePackResponse(
                    pack=messages.write_publication(made, state)
                )

            answer = await once(self._database, request, service_pb2.PublishRulePackResponse, work)
        # A repeat too: the first answer may have been lost before this process had caught up.
        await self._current.look()
        return answer

    async def WithdrawRulePack(self, request: Any, context: Any) -> Any:
        """Withdraws a publication before its instant."""
        require_region(context, "", field="publication_id")
        maker_id, checker_id = read_two_people(request.maker_id, request.checker_id)
        now = self._clock.now()

        async def work(connection: Connection) -> Any:
            found = await usecases.withdraw(
                connection,
                wire.read_uuid(request.publication_id),
                maker_id=maker_id,
                checker_id=checker_id,
                now=now,
            )
            return service_pb2.WithdrawRulePackResponse(pack=self._write(found))

        answer = await once(self._database, request, service_pb2.WithdrawRulePackResponse, work)
        await self._current.look()
        return answer

    async def ListRulePacks(self, request: Any, context: Any) -> Any:
        """Lists publications, the latest instant first, and the pack of the release last."""
        size = paging.page_size(request)
        found = await store.list_publications(
            self._database, before=paging.read_key(request, _read_place), limit=size + 1
        )
        packs = [self._write(one) for one in found[:size]]
        token = ""
        if len(found) > size:
            last = found[size - 1]
            token = paging.write_token(
                request, (iso(last.valid_from_time), str(last.publication_id))
            )
        else:
            packs.append(
                messages.write_shipped(
                    self._current.shipped, is_running=self._current.running is None
                )
            )
        return service_pb2.ListRulePacksResponse(
            packs=packs,
            next_page_token=token,
            running_version=self._current.ruleset().version,
        )

    async def ListRules(self, request: Any, context: Any) -> Any:
        """Lists the rules of a version by code."""
        ruleset = await self._rules_of(request.version)
        after = paging.read_key(request, str) or ""
        size = paging.page_size(request)
        found = [one for one in ruleset.rules if one.code > after]
        return service_pb2.ListRulesResponse(
            rules=[messages.write_rule(one) for one in found[:size]],
            next_page_token=(
                paging.write_token(request, (found[size - 1].code,)) if len(found) > size else ""
            ),
            version=ruleset.version,
        )

    async def DryRunRulePack(self, request: Any, context: Any) -> AsyncIterator[Any]:
        """Tells what a pack would have found, again and again until all bills are judged."""
        require_region(context, "", field="pack")
        since, until = self._read_days(request)
        with self._dry_runs.alone() as turn:
            tried = await self._read_tried(request)
            running = self._current.ruleset()
            async with contextlib.aclosing(
                self._dry_runs.run(
                    tried,
                    running,
                    since=since,
                    until=until,
                    bills_max=min(request.bills_max or _DRY_RUN_BILLS, _DRY_RUN_BILLS_MAX),
                )
            ) as run:
                async for progress in run:
                    with turn.waiting():
                        yield messages.write_progress(progress, tried, running)

    async def GetRuleRates(self, request: Any, context: Any) -> Any:
        """Answers the false-positive rate of each rule."""
        require_region(context, "", field="open_date_min")
        first = read_optional_day(request.open_date_min, "open_date_min")
        last = read_optional_day(request.open_date_max, "open_date_max")
        if first is not None and last is not None and last < first:
            raise invalid("open_date_max", "is before the first day")
        found = await self._rates(
            None if first is None else civil_midnight(first),
            None if last is None else end_of(last),
        )
        return service_pb2.GetRuleRatesResponse(
            rates=[messages.write_rate(one) for one in sorted(found, key=lambda one: one.rule_code)]
        )

    async def _read_tried(self, request: Any) -> RuleSet:
        if bool(request.pack) == bool(request.version):
            raise invalid("pack", "give either a pack or a version")
        if request.pack:
            return await (await read_pack(request.pack)).rules()
        return await self._rules_of(request.version)

    async def _rules_of(self, version: str) -> RuleSet:
        known = usecases.known_rules(self._current, version)
        if known is not None:
            return known
        # Anybody may ask, page by page: a pack of the past is read once and not for every page.
        async with self._reading:
            if self._read is None or version not in {self._read.version, self._read.digest}:
                self._read = await usecases.past_rules(self._database, version)
            return self._read

    def _read_days(self, request: Any) -> tuple[datetime, datetime]:
        first = read_day(request.settle_date_min, "settle_date_min")
        last = read_optional_day(request.settle_date_max, "settle_date_max")
        last = last or civil_date(self._clock.now())
        if last < first:
            raise invalid("settle_date_max", "is before the first day")
        return civil_midnight(first), end_of(last)

    def _write(self, one: Publication) -> Any:
        state = state_of(
            one,
            running=self._current.running,
            refused=self._current.refused,
            now=self._clock.now(),
        )
        return messages.write_publication(one, state)


def _read_place(instant: str, key: str) -> tuple[datetime, UUID]:
    return read_iso(instant), UUID(key)
