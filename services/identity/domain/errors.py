"""Why identity refuses. Every text is fixed: none can hold what the request holds.

The Chinese text of each reason is in services.kit.reasons.
"""

from __future__ import annotations

from services.kit.errors import (
    Absent,
    AlreadyExists,
    FieldViolation,
    InvalidArgument,
    RuleForbids,
)


class FieldInvalid(InvalidArgument):
    """A field is well-formed on the wire but means nothing, or contradicts another."""

    def __init__(self, field: str, what: str) -> None:
        """Names the field and, in fixed words, what is wrong with it."""
        super().__init__("FIELD_INVALID", what, field=field)


class IdNumberInvalid(InvalidArgument):
    """The id number fails GB 11643."""

    def __init__(self, field: str) -> None:
        """Names the field."""
        super().__init__(
            "ID_NUMBER_INVALID",
            "not a valid identity number (GB 11643)",
            field=field,
        )


class RegionUnknown(InvalidArgument):
    """A region code is not a division that takes part."""

    def __init__(self, field: str) -> None:
        """Names the field."""
        super().__init__("REGION_UNKNOWN", "not a known GB/T 2260 division", field=field)


class PersonMismatch(RuleForbids):
    """The credential, the record and the caller's claim are not of one person."""

    def __init__(self, *fields: str) -> None:
        """Names every field that differs, never the values."""
        super().__init__(
            "PERSON_MISMATCH",
            "the credential and the record disagree",
            violations=tuple(
                FieldViolation(field, "differs from the credential's holder") for field in fields
            ),
        )


class PersonUnknown(Absent):
    """No person has this id."""

    def __init__(self, field: str) -> None:
        """Names the field."""
        super().__init__(
            "RESOURCE_NOT_FOUND",
            "no such person",
            field=field,
            metadata={"resource": "person"},
        )


class CredentialUnknown(Absent):
    """No person, card or token answers to this credential."""

    def __init__(self, field: str = "credential.number") -> None:
        """Names the field."""
        super().__init__("CREDENTIAL_UNKNOWN", "no person answers to this credential", field=field)


class CredentialExpired(RuleForbids):
    """The e-credential token has expired."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__(
            "CREDENTIAL_EXPIRED",
            "the e-credential token has expired; show a fresh one",
            field="credential.number",
        )


class CardLost(RuleForbids):
    """The card is reported lost."""

    def __init__(self, field: str = "credential.number") -> None:
        """Says so."""
        super().__init__("CARD_LOST", "the card is reported lost", field=field)


class CardCancelled(RuleForbids):
    """The card is cancelled, for good."""

    def __init__(self, field: str = "credential.number") -> None:
        """Says so."""
        super().__init__("CARD_CANCELLED", "the card is cancelled", field=field)


class CardNotActive(RuleForbids):
    """The card was not activated yet, or another one has taken its place."""

    def __init__(self, state: str) -> None:
        """Gives back the state of the card."""
        super().__init__(
            "CARD_NOT_ACTIVE",
            "the card is not active",
            field="credential.number",
            metadata={"state": state},
        )


class CredentialUsed(RuleForbids):
    """The e-credential token was used before, for something else or elsewhere."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__(
            "CREDENTIAL_USED",
            "the e-credential token was used before; show a fresh one",
            field="credential.number",
        )


class CardUnknown(Absent):
    """There is no such card."""

    def __init__(self, field: str) -> None:
        """Names the field."""
        super().__init__("CREDENTIAL_UNKNOWN", "there is no such card", field=field)


class CardStateForbids(RuleForbids):
    """The card is not in a state that allows this."""

    def __init__(self, state: str, field: str) -> None:
        """Gives back the state of the card."""
        super().__init__(
            "CARD_STATE_FORBIDS",
            "the card is in a state that does not allow this",
            field=field,
            metadata={"state": state},
        )


class CardAlreadyActive(RuleForbids):
    """The person has another active card of this kind."""

    def __init__(self, field: str) -> None:
        """Names the field."""
        super().__init__("CARD_ALREADY_ACTIVE", "another card of this kind is active", field=field)


class CardNumberTaken(AlreadyExists):
    """Another card has this number."""

    def __init__(self, field: str) -> None:
        """Names the field."""
        super().__init__("CARD_NUMBER_TAKEN", "another card has this number", field=field)


class InsuranceNotInForce(RuleForbids):
    """No insurance pays on that date for the region and scheme asked for."""

    def __init__(self, *, insured_region: str, scheme: str) -> None:
        """Gives back which relation was asked for; neither names a person."""
        asked = {"insuredRegionCode": insured_region, "schemeCode": scheme}
        super().__init__(
            "INSURANCE_NOT_IN_FORCE",
            "no insurance in force on this date",
            field="business_date",
            metadata={key: value for key, value in asked.items() if value},
        )


class InstitutionUnknown(Absent):
    """The institution code is not registered."""

    def __init__(self) -> None:
        """Says so."""
        super().__init__(
            "INSTITUTION_UNKNOWN",
            "the institution is not registered",
            field="institution_code",
        )


class InstitutionNotDesignated(RuleForbids):
    """The institution has no agreement with the care agency on that date."""

    def __init__(self) -> None:
        """Says so."""
        super().__init__(
            "INSTITUTION_NOT_DESIGNATED",
            "no agreement is in force on this date",
            field="institution_code",
        )


class InstitutionSuspended(RuleForbids):
    """The institution, or this business of it, is suspended on that date."""

    def __init__(self, medical_type: str) -> None:
        """Gives back the one business suspended, two digits; empty: all."""
        super().__init__(
            "INSTITUTION_SUSPENDED",
            "suspended from direct settlement on this date",
            field="institution_code",
            metadata={"medicalTypeCode": medical_type} if medical_type else {},
        )


class SuspensionUnknown(Absent):
    """No suspension has this id."""

    def __init__(self) -> None:
        """Names the field."""
        super().__init__(
            "RESOURCE_NOT_FOUND",
            "no such suspension",
            field="suspension_id",
            metadata={"resource": "suspension"},
        )


class InstitutionNotOpen(RuleForbids):
    """The institution is not opened for this medical type on that date."""

    def __init__(self, medical_type: str) -> None:
        """Gives back the medical type, two digits."""
        super().__init__(
            "INSTITUTION_NOT_OPEN",
            "not opened for this medical type on this date",
            field="medical_type_code",
            metadata={"medicalTypeCode": medical_type},
        )


class DiseaseUnknown(InvalidArgument):
    """No chronic or special disease has this code."""

    def __init__(self, field: str) -> None:
        """Names the field."""
        super().__init__(
            "DISEASE_CODE_UNKNOWN", "no chronic or special disease has this code", field=field
        )


class DiseaseNotOpen(RuleForbids):
    """The institution is opened for chronic diseases on that date, but not for this one."""

    def __init__(self) -> None:
        """Says so; never which disease, for it is the patient's."""
        super().__init__(
            "DISEASE_NOT_OPEN",
            "not opened for this chronic disease on this date",
            field="disease_code",
        )
