"""Goal: an opinion can be printed, however much there is to say."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from services.supervision.cases.model import Opinion
from services.supervision.cases.opinions import render


def opinion(count: int, message: str, line_ids: list[str]) -> Opinion:
    finding = {
        "rule_code": "R" * 40,
        "result_class": "违规",
        "message": message,
        "line_ids": line_ids,
        "at_fault_fen": 123_456_789,
    }
    content = json.dumps(
        {
            "number": "YJ110000-2026-000001",
            "settlement_id": str(UUID(int=1)),
            "care_province": "北京市",
            "insured_province": "河北省",
            "institution_code": "H11010500001",
            "issue_date": "2026-03-16",
            "answer_last_date": "2026-03-30",
            "working_days": 10,
            "findings": [finding] * count,
        }
    ).encode()
    return Opinion(
        case_id=UUID(int=2),
        number="YJ110000-2026-000001",
        issue_time=datetime(2026, 3, 16, tzinfo=UTC),
        answer_last_date=date(2026, 3, 30),
        is_provisional=False,
        digest=hashlib.sha256(content).digest(),
        content=content,
    )


@pytest.mark.parametrize(
    ("count", "message", "line_ids"),
    [
        (1, "同一日重复收取“普通门诊诊察费”", ["1"]),
        (40, "同一日重复收取", ["1", "2"]),
        (1, "长" * 3_000, ["9" * 40] * 20),
        (1, "x" * 3_000, []),
        (1, "<b>&</font>", ["a_b"]),
    ],
)
def test_it_prints_and_prints_the_same_again(count, message, line_ids):
    made = opinion(count, message, line_ids)
    printed = render(made)
    assert printed.startswith(b"%PDF-")
    assert render(made) == printed
