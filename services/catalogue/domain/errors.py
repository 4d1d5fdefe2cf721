"""Errors of the catalogue service."""

from __future__ import annotations

from services.kit.errors import InvalidArgument, RuleForbids


class NotPublished(RuleForbids):
    """No such version of the region's catalogue is published."""

    def __init__(self, region_code: str) -> None:
        """Names the region."""
        super().__init__(
            "CATALOGUE_NOT_PUBLISHED",
            "no such catalogue version is published",
            metadata={"regionCode": region_code},
        )


class AlreadyPublished(RuleForbids):
    """The version is published and takes nothing more."""

    def __init__(self) -> None:
        """Says so."""
        super().__init__(
            "CATALOGUE_VERSION_PUBLISHED",
            "a published version is immutable; import a new one",
            field="version",
        )


class RegionUnknown(InvalidArgument):
    """The code names none of the 32 participants."""

    def __init__(self) -> None:
        """Names the field."""
        super().__init__("REGION_UNKNOWN", "not one of the 32 participants", field="region_code")
