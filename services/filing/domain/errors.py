"""Why filing refuses. Every text is fixed: none can hold what the request holds.

The Chinese text of each reason is in services.kit.reasons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.kit.errors import Absent, InvalidArgument, RuleForbids

if TYPE_CHECKING:
    from datetime import date


class FieldInvalid(InvalidArgument):
    """A field is well-formed on the wire but means nothing, or contradicts another."""

    def __init__(self, field: str, what: str) -> None:
        """Names the field and, in fixed words, what is wrong with it."""
        super().__init__("FIELD_INVALID", what, field=field)


class RegionUnknown(InvalidArgument):
    """A region code is not a division that takes part."""

    def __init__(self, field: str) -> None:
        """Names the field."""
        super().__init__("REGION_UNKNOWN", "not a known GB/T 2260 division", field=field)


class NotCrossProvince(RuleForbids):
    """Care and insurance lie in one province: its own rules apply, not these (Art. 2)."""

    def __init__(self, field: str) -> None:
        """Names the field of the place of care."""
        super().__init__(
            "NOT_CROSS_PROVINCE",
            "care and insured region lie in the same province",
            field=field,
        )


class EvidenceMissing(RuleForbids):
    """The type needs evidence that was not shown (Art. 8)."""

    def __init__(self, field: str) -> None:
        """Names the field."""
        super().__init__(
            "FILING_EVIDENCE_MISSING",
            "this type of filing needs other evidence (Art. 8)",
            field=field,
        )


class FilingUnknown(Absent):
    """No filing has this id."""

    def __init__(self) -> None:
        """Names the resource."""
        super().__init__(
            "RESOURCE_NOT_FOUND",
            "no such filing",
            field="filing_id",
            metadata={"resource": "filing"},
        )


class PersonUnknown(Absent):
    """Nobody has this person id."""

    def __init__(self, field: str) -> None:
        """Names the field."""
        super().__init__(
            "RESOURCE_NOT_FOUND", "no such person", field=field, metadata={"resource": "person"}
        )


class InsuranceNotInForce(RuleForbids):
    """The insurance in that region is suspended, has ended or has not begun."""

    def __init__(self, field: str) -> None:
        """Names the field."""
        super().__init__(
            "INSURANCE_NOT_IN_FORCE",
            "the insurance in this region is not in force on the days of the filing",
            field=field,
        )


class FilingOfAnotherProvince(RuleForbids):
    """The person is insured elsewhere, or the caller is the agency of another province."""

    def __init__(self, field: str) -> None:
        """Names the field."""
        super().__init__(
            "FILING_OF_ANOTHER_PROVINCE",
            "only the region where the person is insured keeps their filings (Art. 7)",
            field=field,
        )


class CallerOfAnotherProvince(FilingOfAnotherProvince):
    """The caller is the agency of another province than where the person is insured."""

    denies_caller = True


class FilingTooLate(RuleForbids):
    """The filing begins further back than the insured region allows."""

    def __init__(self, field: str, earliest: date) -> None:
        """Gives the first day on which a filing made today may begin."""
        super().__init__(
            "FILING_TOO_LATE",
            "begins further back than the insured region allows",
            field=field,
            metadata={"earliestDate": earliest.isoformat()},
        )


class CommitmentBarred(RuleForbids):
    """A commitment of the person was found false; papers are needed."""

    def __init__(self, field: str, until: date) -> None:
        """Gives the first day on which a commitment is accepted again."""
        super().__init__(
            "COMMITMENT_BARRED",
            "an earlier commitment was false: papers are needed (Art. 8)",
            field=field,
            metadata={"untilDate": until.isoformat()},
        )


class SameOfficer(RuleForbids):
    """Who entered something decides on it."""

    def __init__(self, field: str) -> None:
        """Names the field of who decides."""
        super().__init__("SAME_OFFICER", "another officer has to decide", field=field)


class FilingStateForbids(RuleForbids):
    """The filing is not in a state that allows this."""

    def __init__(self, state: str, *, approval: str = "") -> None:
        """Gives the state, and what a pending filing waits for where that matters."""
        super().__init__(
            "FILING_STATE_FORBIDS",
            "the filing is not in a state that allows this",
            field="filing_id",
            metadata={"state": state} | ({"approval": approval} if approval else {}),
        )


class FilingNotLive(RuleForbids):
    """The filing is already cancelled or has ended."""

    def __init__(self) -> None:
        """Says so."""
        super().__init__(
            "FILING_NOT_LIVE",
            "the filing is cancelled or has ended",
            field="filing_id",
        )


class FilingLocked(RuleForbids):
    """The insured region forbids a change so soon (Art. 10)."""

    def __init__(self, until: date) -> None:
        """Gives the first day on which a change is allowed."""
        super().__init__(
            "FILING_LOCKED",
            "the insured region does not allow a change yet (Art. 10)",
            field="filing_id",
            metadata={"lockedUntilDate": until.isoformat()},
        )
