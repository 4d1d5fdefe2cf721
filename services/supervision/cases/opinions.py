"""The opinion (审核意见书): what it says, and that it can be printed.

What it says is fixed when it is issued, as JSON with a digest; it is printed from that whenever it
is asked for. Nothing of it names the patient: the settlement's key does, to the institution.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

from services.kit.calendar import add_working_days
from services.kit.clock import civil_date
from services.kit.codes import PROVINCES
from services.supervision.cases.model import Case, Opinion
from services.supervision.domain.model import ResultClass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from services.supervision.domain.recording import RecordedFinding

CLASSES_ZH: Final = {
    ResultClass.VIOLATION: "违规",
    ResultClass.SUSPICIOUS: "可疑",
    ResultClass.TO_VERIFY: "待核实",
}


def issue(
    case: Case,
    findings: Sequence[RecordedFinding],
    at_fault_fen: Mapping[UUID, int],
    *,
    number: str,
    working_days: int,
    now: datetime,
) -> Opinion:
    """Returns the opinion about the confirmed findings of a case.

    Args:
        case: the case.
        findings: its findings, whole.
        at_fault_fen: of those that are confirmed, how much is at fault.
        number: the opinion's.
        working_days: after today, in which an answer is taken.
        now: when it is issued.
    """
    deadline = add_working_days(civil_date(now), working_days)
    content = json.dumps(
        {
            "number": number,
            "settlement_id": str(case.settlement_id),
            "care_province": PROVINCES.get(case.care_province_code, case.care_province_code),
            "insured_province": PROVINCES.get(
                case.insured_province_code, case.insured_province_code
            ),
            "institution_code": case.institution_code,
            "issue_date": civil_date(now).isoformat(),
            "answer_last_date": deadline.day.isoformat(),
            "working_days": working_days,
            "findings": [
                {
                    "rule_code": one.finding.rule_code,
                    "result_class": CLASSES_ZH[one.finding.result_class],
                    "message": one.finding.message_zh,
                    "line_ids": list(one.finding.line_ids),
                    "at_fault_fen": at_fault_fen[one.finding_id],
                }
                for one in findings
                if one.finding_id in at_fault_fen
            ],
        },
        ensure_ascii=False,
        sort_keys=True,
    ).encode()
    return Opinion(
        case_id=case.case_id,
        number=number,
        issue_time=now,
        answer_last_date=deadline.day,
        is_provisional=deadline.provisional,
        digest=hashlib.sha256(content).digest(),
        content=content,
    )


def render(opinion: Opinion) -> bytes:
    """Returns an opinion as PDF; the same opinion gives the same bytes.

    Takes some hundredths of a second of processor: call it in a thread where calls are served.
    """
    # What draws pages is loaded by who asks for one: it would be a tenth of a service's start.
    from services.supervision.cases import opinion_pdf  # noqa: PLC0415

    return opinion_pdf.write(opinion)
