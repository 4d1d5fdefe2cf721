"""Goal: a province deals with its own notices and accounts only; the hub with all of them.

Method: calls of an agency over TLS; what is let through finds no database and fails otherwise.
"""

from __future__ import annotations

import pytest

from services.clearing.domain.notice import Notice
from services.clearing.domain.notice_states import NoticeState
from services.clearing.notices import usecases
from services.clearing.notices.servicer import NoticeServicer
from services.kit.errors import Absent, NotAllowed
from tests.support.clock import FakeClock
from tests.unit.clearing.test_notices import notice_of
from yijie.clearing.v1 import notice_service_pb2 as pb2

NINGXIA, BEIJING = "640000", "110000"
KEY = "00000000-0000-7000-8000-000000000001"


class Caller:
    """A call over TLS."""

    def __init__(self, region: str, role: str) -> None:
        self._name = f"spiffe://yijie/region/{region}/role/{role}".encode()

    def auth_context(self) -> dict[str, list[bytes]]:
        return {"transport_security_type": [b"ssl"], "peer_spiffe_id": [self._name]}


HUB_ONLY = {
    "DraftNotices": {},
    "DecideNotices": {},
    "ResolveBankLine": {},
    "DecideBankLine": {},
    "UploadBankStatement": {},
    "ListBankLines": {},
    "ListNotices": {},
}
OF_ANOTHER = {
    "RecordNoticeStep": {"region_code": BEIJING},
    "DownloadPaymentFile": {"region_code": BEIJING},
    "UploadBankStatement": {"region_code": BEIJING},
    "ListBankLines": {"region_code": BEIJING},
    "ListNotices": {"payer_region_code": BEIJING},
}
# Its own, but not issued.
DRAFTS = [
    ("ListNotices", {"payer_region_code": NINGXIA, "state": f"NOTICE_STATE_{state}"})
    for state in ("DRAFT", "REJECTED")
]
CALLS = [*HUB_ONLY.items(), *OF_ANOTHER.items(), *DRAFTS]


async def call(name: str, fields: dict[str, str], caller: Caller) -> None:
    servicer = NoticeServicer(None, FakeClock())  # type: ignore[arg-type]
    await getattr(servicer, name)(getattr(pb2, f"{name}Request")(**fields), caller)


@pytest.mark.parametrize(("name", "fields"), CALLS)
async def test_an_agency_may_not(name: str, fields: dict[str, str]) -> None:
    with pytest.raises(NotAllowed) as caught:
        await call(name, fields, Caller(NINGXIA, "agency"))
    assert caught.value.reason == "CALLER_NOT_ALLOWED"


@pytest.mark.parametrize("name", ["SummarizePayments", *HUB_ONLY])
async def test_an_institution_may_nothing(name: str) -> None:
    with pytest.raises(NotAllowed):
        await call(name, {}, Caller(NINGXIA, "institution"))


@pytest.mark.parametrize(
    ("name", "fields", "caller"),
    [
        ("ListNotices", {"payer_region_code": NINGXIA}, Caller(NINGXIA, "agency")),
        (
            "ListNotices",
            {"payer_region_code": NINGXIA, "state": "NOTICE_STATE_PAID"},
            Caller(NINGXIA, "agency"),
        ),
        ("ListNotices", {"state": "NOTICE_STATE_DRAFT"}, Caller("000000", "hub")),
        ("ListNotices", {"receiver_region_code": NINGXIA}, Caller(NINGXIA, "agency")),
        (
            "ListNotices",
            {"payer_region_code": BEIJING, "receiver_region_code": NINGXIA},
            Caller(NINGXIA, "agency"),
        ),
        ("DownloadPaymentFile", {"region_code": NINGXIA}, Caller(NINGXIA, "agency")),
        ("ListBankLines", {"region_code": NINGXIA}, Caller(NINGXIA, "agency")),
        ("ListBankLines", {}, Caller("000000", "hub")),
        ("SummarizePayments", {"month": "2026-03"}, Caller(NINGXIA, "agency")),
        ("SummarizePayments", {"month": "2026-03"}, Caller("000000", "hub")),
        ("ListNotices", {}, Caller("000000", "hub")),
    ],
)
async def test_who_is_a_party_may(name: str, fields: dict[str, str], caller: Caller) -> None:
    # There is no database behind it: what gets that far was let through.
    with pytest.raises(AttributeError):
        await call(name, fields, caller)


@pytest.mark.parametrize("state", NoticeState)
async def test_a_province_sees_its_notice_once_it_is_issued(
    state: NoticeState, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def get(*_: object, **__: object) -> Notice:
        return notice_of(5, state=state)

    monkeypatch.setattr(usecases, "get_notice", get)
    fields = {"notice_id": KEY}
    with pytest.raises(NotAllowed):
        await call("GetNotice", fields, Caller("310000", "agency"))
    hidden = state in {NoticeState.DRAFT, NoticeState.REJECTED}
    with pytest.raises(Absent if hidden else AttributeError):
        await call("GetNotice", fields, Caller(NINGXIA, "agency"))
    with pytest.raises(AttributeError):
        await call("GetNotice", fields, Caller("000000", "hub"))
