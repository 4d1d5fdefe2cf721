"""What of a filing is sealed, and what a stolen database does not tell."""

from datetime import date
from uuid import UUID

import pytest

from services.filing.domain.model import Details, EvidenceDocument, EvidenceKind
from services.filing.vault import Part, Vault, together
from services.kit.crypto import FieldCipher, KeyRing, UnreadableField
from yijie.filing.v1 import filing_service_pb2 as pb

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
KEY, OTHER = UUID(int=1), UUID(int=2)
DETAILS = Details(
    diagnosis="I63.900",
    documents=(
        EvidenceDocument(EvidenceKind.REFERRAL_PROOF, "R-1", date(2026, 1, 2)),
        EvidenceDocument(EvidenceKind.RESIDENCE_PROOF, "R-2"),
    ),
    note="材料不符",
)


def vault(ring=None):
    ring = ring or KeyRing({1: OLD}, 1)
    return Vault(FieldCipher(ring), ring)


def test_details_come_back_as_sealed():
    record = vault().seal(DETAILS, KEY, Part.APPLICATION)
    assert vault().open(record, KEY, Part.APPLICATION) == DETAILS
    for text in ("I63", "R-1", "材料"):
        assert text.encode() not in record


def test_a_record_is_bound_to_its_filing_and_part():
    record = vault().seal(DETAILS, KEY, Part.APPLICATION)
    for place in ((OTHER, Part.APPLICATION), (KEY, Part.SUPPLEMENT)):
        with pytest.raises(UnreadableField):
            vault().open(record, *place)


def test_details_are_never_shown_by_accident():
    assert "I63" not in repr(DETAILS)


def test_the_parts_of_a_filing_together():
    later = Details(documents=(EvidenceDocument(EvidenceKind.WORK_CONTRACT, "R-3"),))
    found = together(
        {Part.REVOKED: Details(note="不实"), Part.SUPPLEMENT: later, Part.APPLICATION: DETAILS}
    )
    assert [one.document_id for one in found.documents] == ["R-1", "R-2", "R-3"]
    assert (found.diagnosis, found.note) == ("I63.900", "不实")
    assert together({}) == Details()


def test_a_request_hash_is_keyed_and_outlives_a_rotation():
    request = pb.SubmitFilingRequest(request_id=str(KEY), filing={"diagnosis_code": "I63.900"})
    first = vault().request_hash(request)
    assert vault(KeyRing({1: OLD, 2: NEW}, 2)).request_hash(request) == first
    assert vault(KeyRing({2: NEW}, 2)).request_hash(request) != first
    request.filing.diagnosis_code = "I64.x00"
    assert vault().request_hash(request) != first
