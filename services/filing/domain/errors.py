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
