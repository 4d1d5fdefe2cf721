"""SupervisionService: proto ⇄ domain and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.kit import paging, wire
from services.kit.caller import require_region
from services.supervision import messages, signal_messages, usecases
from services.supervision.store import FindingFilter, Store
from yijie.supervision.v1 import supervision_service_pb2, supervision_service_pb2_grpc

if TYPE_CHECKING:
    from services.supervision.domain.screen import RuleSet
    from services.supervision.signal_store import SignalStore

FULL_NAME: Final = "yijie.supervision.v1.SupervisionService"


class SupervisionServicer(supervision_service_pb2_grpc.SupervisionServiceServicer):
    """Answers the calls of SupervisionService."""

    def __init__(self, store: Store, signals: SignalStore, ruleset: RuleSet) -> None:
        """Holds what all calls share."""
        self._store = store
        self._signals = signals
        self._ruleset = ruleset

    async def ScreenBill(self, request: Any, context: Any) -> Any:
        """Screens one bill; no I/O."""
        findings = usecases.screen_bill(messages.read_request(request), self._ruleset)
        return supervision_service_pb2.ScreenBillResponse(
            findings=[messages.write_finding(one) for one in findings],
            ruleset_version=self._ruleset.version,
        )

    async def ListFindings(self, request: Any, context: Any) -> Any:
        """Lists recorded findings, newest first."""
        wanted = FindingFilter(
            settlement_id=wire.read_uuid(request.settlement_id) if request.settlement_id else None,
            care_region_prefix=_region_prefix(request.care_region_code),
            rule_code=request.rule_code,
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
