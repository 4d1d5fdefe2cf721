"""Goal: a province deals with its own notices and accounts only; the hub with all of them.

Method: calls of an agency over TLS; what is let through finds no database and fails otherwise.
"""

from __future__ import annotations

import pytest

from services.clearing.notices.servicer import NoticeServicer
from services.kit.errors import NotAllowed
from tests.support.clock import FakeClock
from yijie.clearing.v1 import notice_service_pb2 as pb2

NINGXIA, BEIJING = "640000", "110000"


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
CALLS = [*HUB_ONLY.items(), *OF_ANOTHER.items()]


async def call(name: str, fields: dict[str, str], caller: Caller) -> None:
    servicer = NoticeServicer(None, FakeClock())  # type: ignore[arg-type]
    await getattr(servicer, name)(getattr(pb2, f"{name}Request")(**fields), caller)


@pytest.mark.parametrize(("name", "fields"), CALLS)
async def test_an_agency_may_not(name: str, fields: dict[str, str]) -> None:
    with pytest.raises(NotAllowed) as caught:
        await call(name, fields, Caller(NINGXIA, "agency"))
    assert caught.value.reason == "CALLER_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("name", "fields", "caller"),
    [
        ("ListNotices", {"payer_region_code": NINGXIA}, Caller(NINGXIA, "agency")),
        ("ListNotices", {"receiver_region_code": NINGXIA}, Caller(NINGXIA, "agency")),
        (
            "ListNotices",
            {"payer_region_code": BEIJING, "receiver_region_code": NINGXIA},
            Caller(NINGXIA, "agency"),
        ),
        ("DownloadPaymentFile", {"region_code": NINGXIA}, Caller(NINGXIA, "agency")),
        ("ListBankLines", {"region_code": NINGXIA}, Caller(NINGXIA, "agency")),
        ("ListBankLines", {}, Caller("000000", "hub")),
        ("ListNotices", {}, Caller("000000", "hub")),
    ],
)
async def test_who_is_a_party_may(name: str, fields: dict[str, str], caller: Caller) -> None:
    # There is no database behind it: what gets that far was let through.
    with pytest.raises(AttributeError):
        await call(name, fields, caller)
