"""Whether a card will work out of province, as far as identity can tell (出省检查). Pure.

Facts with reasons, in the order in which to act: who cannot be read needs another card first. Who
must act is decided by those who ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from services.identity.domain import decide
from services.identity.domain.model import Evidence
from services.kit import codes
from services.kit.errors import DomainError

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from services.identity.domain.model import Card, Person
    from services.identity.domain.tokens import TokenUse

NUMBER_FORMAT: Final = "number_format"
ISSUING_REGION: Final = "issuing_region"
CARD_STATE: Final = "card_state"
SCHEME: Final = "scheme"

_SHAPES: Final = {
    codes.CREDENTIAL_CARD: codes.is_card_number,
    codes.CREDENTIAL_E_CREDENTIAL: codes.is_credential_token,
}
_UNKNOWN: Final = "CREDENTIAL_UNKNOWN"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class PortabilityQuestion:
    """What the patient would show, and who would pay."""

    credential_type: str
    """`codes.CREDENTIAL_…`."""
    number: str
    insured_region: str
    scheme: str
    """Empty: any."""
    on: date
    """Civil date of travel."""


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """What is held of a credential; None: nothing, or not of its kind."""

    person: Person | None = None
    card: Card | None = None
    token_use: TokenUse | None = None


class Check(NamedTuple):
    """One check with its outcome."""

    code: str
    reason: str
    """Reason of an error, without prefix; empty: it holds."""


class PortabilityStanding(NamedTuple):
    """What identity can tell of one credential."""

    person_id: UUID | None
    checks: tuple[Check, ...]

    @property
    def reason(self) -> str:
        """Reason of the first check that fails; empty: all hold."""
        return next((check.reason for check in self.checks if check.reason), "")


def format_reason(question: PortabilityQuestion, *, today: date) -> str:
    """Returns why nobody can be found by a number, before anybody was looked for; empty: may be."""
    if question.credential_type == codes.CREDENTIAL_ID_NUMBER:
        return "" if codes.is_id_number(question.number, today=today) else "ID_NUMBER_INVALID"
    return "" if _SHAPES[question.credential_type](question.number) else "FIELD_INVALID"


def standing(
    question: PortabilityQuestion, held: Held, *, now: datetime, today: date
) -> PortabilityStanding:
    """Returns what can be told of one credential.

    Args:
        question: what would be shown, and who would pay.
        held: what is held of it; nothing where its number cannot be read.
        now: instant, UTC, at which a token must be accepted.
        today: civil date that no birth date may lie after.
    """
    return PortabilityStanding(
        held.person.person_id if held.person else None,
        (
            Check(NUMBER_FORMAT, _number_format(question, held, today)),
            Check(ISSUING_REGION, _issuing_region(question, held)),
            Check(CARD_STATE, _card_state(held, now)),
            Check(SCHEME, _scheme(question, held)),
        ),
    )


def _number_format(question: PortabilityQuestion, held: Held, today: date) -> str:
    reason = format_reason(question, today=today)
    # A reader out of province finds the card's home by its recognition code (卡识别码).
    if not reason and held.card and not codes.is_card_serial(held.card.recognition_code):
        return "FIELD_INVALID"
    return reason


def _issuing_region(question: PortabilityQuestion, held: Held) -> str:
    if question.credential_type != codes.CREDENTIAL_CARD:
        return ""
    if held.card is None:
        return _UNKNOWN
    areas = [held.card.issuing_region]
    if codes.is_card_serial(held.card.recognition_code):
        areas.append(held.card.recognition_code[:6])
    return "" if all(codes.is_known_area(area) for area in areas) else "REGION_UNKNOWN"


def _card_state(held: Held, now: datetime) -> str:
    if held.person is None:
        return _UNKNOWN
    evidence = Evidence(
        person=held.person,
        card_state=held.card.state if held.card else None,
        token_use=held.token_use,
    )
    try:
        decide.check_usable(evidence, use_id=None, institution_code="", now=now)
    except DomainError as error:
        return error.reason
    if held.token_use is not None and held.token_use.use_id is not None:
        return "CREDENTIAL_USED"
    return ""


def _scheme(question: PortabilityQuestion, held: Held) -> str:
    if not codes.is_known_area(question.insured_region):
        return "REGION_UNKNOWN"
    if held.person is None:
        return _UNKNOWN
    in_force = decide.insurances_in_force(
        held.person.insurances,
        question.on,
        insured_region=question.insured_region,
        scheme=question.scheme,
    )
    return "" if in_force else "INSURANCE_NOT_IN_FORCE"
