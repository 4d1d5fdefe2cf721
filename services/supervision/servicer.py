"""SupervisionService: proto ⇄ domain and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.kit import paging, wire
from services.kit.caller import require_region
from services.kit.clock import civil_date
from services.supervision import messages, signal_messages, usecases
from services.supervision.screening import messages as screening_messages
from services.supervision.screening.policy import policy_of
from services.supervision.store import FindingFilter, Store
from yijie.supervision.v1 import supervision_service_pb2, supervision_service_pb2_grpc

if TYPE_CHECKING:
    from services.kit.clock import Clock
    from services.supervision.ruleset_source import RuleSetSource
    from services.supervision.screening.usecases import Screening
    from services.supervision.signal_store import SignalStore

FULL_NAME: Final = "yijie.supervision.v1.SupervisionService"


class SupervisionServicer(supervision_service_pb2_grpc.SupervisionServiceServicer):
    """Answers the calls of SupervisionService."""

    def __init__(
        self,
        store: Store,
        signals: SignalStore,
        rules: RuleSetSource,
        screening: Screening,
        clock: Clock,
    ) -> None:
        """Holds what all calls share."""
        self._store = store
        self._signals = signals
        self._rules = rules
        self._screening = screening
        self._clock = clock

    async def ScreenBill(self, request: Any, context: Any) -> Any:
        """Screens one bill with what is on record of the person."""
        screened = await self._screening.screen(screening_messages.read_request(request))
        return supervision_service_pb2.ScreenBillResponse(
            findings=[messages.write_finding(one) for one in screened.findings],
            ruleset_version=screened.ruleset_version,
            unjudged_rule_codes=screened.unjudged,
        )

    async def GetScreeningPolicy(self, request: Any, context: Any) -> Any:
        """Answers which rules block: to the hub's own services."""
        require_region(context, "", field="known_version")
        version, rules = policy_of(self._rules.ruleset(), civil_date(self._clock.now()))
        unchanged = version == request.known_version
        return supervision_service_pb2.GetScreeningPolicyResponse(
            version=version,
            unchanged=unchanged,
            rules=[] if unchanged else [screening_messages.write_rule(rule) for rule in rules],
        )

    async def ListFindings(self, request: Any, context: Any) -> Any:
        """Lists recorded findings, newest first."""
        require_region(context, request.region_code, field="region_code")
        wanted = FindingFilter(
            settlement_id=wire.read_uuid(request.settlement_id) if request.settlement_id else None,
            care_region_prefix=_region_prefix(request.care_region_code),
            province_code=request.region_code,
            rule_code=request.rule_code,
            result_class=messages.class_of(request.result_class),
            severity=messages.severity_of(request.severity),
            institution_code=request.institution_code,
            since_time=(
                wire.read_time(request.since_time) if request.HasField("since_time") else None
            ),
            only_standing=request.only_standing,
            before_number=paging.read_key(request, paging.row_number),
        )
        found, more = await usecases.list_findings(
            self._store, wanted, size=paging.page_size(request)
        )
        last_key = (str(found[-1].finding_number),) if more else ()
        return supervision_service_pb2.ListFindingsResponse(
            findings=[messages.write_recorded(one) for one in found],
            next_page_token=paging.write_token(request, last_key) if more else "",
        )

    async def ListSignals(self, request: Any, context: Any) -> Any:
        """Lists recorded signals, newest first: an agency sees those of its province."""
        require_region(context, request.province_code, field="province_code")
        found, more = await usecases.list_signals(
            self._signals, signal_messages.read_filter(request), size=paging.page_size(request)
        )
        last_key = (str(found[-1].signal_number),) if more else ()
        return supervision_service_pb2.ListSignalsResponse(
            signals=[signal_messages.write_recorded(one) for one in found],
            next_page_token=paging.write_token(request, last_key) if more else "",
        )


def _region_prefix(code: str) -> str:
    # A province (xx0000) and a city (xxxx00) stand for all areas in them.
    if code.endswith("0000"):
        return code[:2]
    return code[:4] if code.endswith("00") else code
