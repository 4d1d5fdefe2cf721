"""Errors of the catalogue service."""

from __future__ import annotations

from services.kit.errors import Absent, InvalidArgument, RuleForbids


class NotPublished(RuleForbids):
    """No such version of the region's catalogue is published."""

    def __init__(self, region_code: str, field: str = "") -> None:
        """Names the region, and the field that names the version."""
        super().__init__(
            "CATALOGUE_NOT_PUBLISHED",
            "no such catalogue version is published",
            field=field,
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


class MappingPublished(RuleForbids):
    """The mapping version is published and takes nothing more."""

    def __init__(self) -> None:
        """Says so."""
        super().__init__(
            "MAPPING_VERSION_PUBLISHED",
            "a published mapping is immutable; give another version",
            field="version",
        )


class MappingAbsent(Absent):
    """No such version of a mapping is published."""

    def __init__(self, field: str = "") -> None:
        """Names the field that asks for it."""
        super().__init__(
            "RESOURCE_NOT_FOUND",
            "no such mapping is published",
            zh="该目录对照尚未发布",
            field=field,
            metadata={"resource": "mapping"},
        )


class SourceAbsent(Absent):
    """The institution's mapping has no such code."""

    def __init__(self, field: str) -> None:
        """Names the field that asks for it."""
        super().__init__(
            "RESOURCE_NOT_FOUND",
            "the mapping has no such code",
            zh="该机构的目录对照中没有此编码",
            field=field,
            metadata={"resource": "mapping entry"},
        )


class RegionUnknown(InvalidArgument):
    """The code names none of the 32 participants."""

    def __init__(self, field: str = "region_code") -> None:
        """Names the field."""
        super().__init__("REGION_UNKNOWN", "not one of the 32 participants", field=field)


def field_invalid(field: str, description: str) -> InvalidArgument:
    """Returns the error for one field at fault."""
    return InvalidArgument("FIELD_INVALID", f"{field}: {description}", field=field)
