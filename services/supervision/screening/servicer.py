"""ReminderService: proto ⇄ domain and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.kit import codes
from services.kit.caller import require_region
from services.supervision.screening import messages
from yijie.supervision.v1 import reminder_service_pb2, reminder_service_pb2_grpc

if TYPE_CHECKING:
    from services.supervision.screening.usecases import Screening

FULL_NAME: Final = "yijie.supervision.v1.ReminderService"


class ReminderServicer(reminder_service_pb2_grpc.ReminderServiceServicer):
    """Answers the calls of ReminderService."""

    def __init__(self, screening: Screening) -> None:
        """Holds what all calls share."""
        self._screening = screening

    async def RemindOrder(self, request: Any, context: Any) -> Any:
        """Judges a draft order: an agency asks for the institutions of its province."""
        area = codes.institution_area(request.institution_code)
        require_region(context, codes.province_of(area), field="institution_code")
        reminded = await self._screening.remind(messages.read_order(request))
        return reminder_service_pb2.RemindOrderResponse(
            reminders=[messages.write_reminder(one) for one in reminded.reminders],
            ruleset_version=reminded.ruleset_version,
            record_read=reminded.record_read,
        )
