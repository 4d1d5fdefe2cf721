"""From findings of single legs to one difference per settlement that names who lacks it and why."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from services.clearing.domain.difference_states import DifferenceState
from services.clearing.domain.reconciliation import (
    Cause,
    Finding,
    Held,
    Kind,
    Party,
    Place,
)


class LegStatus(Enum):
    """Whether a party has a settlement."""

    HELD = "HELD"
    MISSING = "MISSING"
    NOT_COMPARED = "NOT_COMPARED"


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceLeg:
    """What one party has of a settlement."""

    party: Party
    party_code: str
    """Empty: unknown, or the hub."""
    status: LegStatus
    held: Held | None
    """Only where they have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A difference as the legs show it now, before it is compared with what is stored."""

    key: str
    settlement_id: UUID | None
    request_id: UUID | None
    place: Place
    kind: Kind
    cause: Cause
    twin_settlement_id: UUID | None
    legs: tuple[DifferenceLeg, ...]
    """Hub, institution, care province, insured province."""
    fingerprint: bytes
    """Equal for drafts that rest on the same findings: 32 bytes. What agreeing legs add is not in
    it, so that a leg that comes later and agrees makes no new difference."""


_OTHERS = (Party.INSTITUTION, Party.CARE_PROVINCE, Party.INSURED_PROVINCE)
_KINDS = list(Kind)
_CAUSES = list(Cause)


def merge(findings: Sequence[Finding], compared: Collection[tuple[Party, str]]) -> Draft:
    """Returns the difference of one settlement on which at least one leg does not agree.

    `findings` have one key. `compared` are the legs that were compared one by one for the day: one
    of them without a finding agrees with the hub.
    """
    # The gravest decides: missing here, missing there, reversed, amounts.
    ordered = sorted(
        findings, key=lambda one: (_KINDS.index(one.kind), _CAUSES.index(one.cause), one.party_code)
    )
    first = ordered[0]
    place = first.place
    for one in ordered[1:]:
        place = place.filled_from(one.place)
    hub = next((one.hub for one in ordered if one.hub is not None), None)
    by_party = {one.party: one for one in reversed(ordered)}
    legs = [_leg(Party.HUB, "", hub)]
    for party in _OTHERS:
        finding = by_party.get(party)
        code = finding.party_code if finding else place.code_of(party)
        if finding is not None:
            legs.append(_leg(party, code, finding.leg))
        elif (party, code) in compared:
            legs.append(_leg(party, code, hub))
        else:
            legs.append(
                DifferenceLeg(
                    party=party, party_code=code, status=LegStatus.NOT_COMPARED, held=None
                )
            )
    return Draft(
        key=first.key,
        settlement_id=next((o.settlement_id for o in ordered if o.settlement_id), None),
        request_id=next((o.request_id for o in ordered if o.request_id), None),
        place=place,
        kind=first.kind,
        cause=first.cause,
        twin_settlement_id=next(
            (o.twin_settlement_id for o in ordered if o.twin_settlement_id), None
        ),
        legs=tuple(legs),
        fingerprint=_fingerprint(ordered),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The newest difference that is stored of a settlement."""

    difference_id: UUID
    state: DifferenceState
    fingerprint: bytes


class Step(Enum):
    """What storing a draft means."""

    NOTHING = "NOTHING"
    REFRESH = "REFRESH"
    """Write its legs anew: another one has been compared since."""
    CLOSE = "CLOSE"
    """It resolved itself."""
    ADD = "ADD"
    REPLACE = "REPLACE"


def step(stored: Stored | None, draft: Draft | None, *, came_back: bool = False) -> Step:
    """Returns what to do about a settlement: what is stored of it, and what the legs show now.

    What somebody has resolved stays so while the legs show the same; `came_back`: they agreed in
    between, so that it has happened again.
    """
    is_open = stored is not None and stored.state is DifferenceState.OPEN
    if draft is None:
        return Step.CLOSE if is_open else Step.NOTHING
    same = stored is not None and stored.fingerprint == draft.fingerprint
    if is_open:
        return Step.REFRESH if same else Step.REPLACE
    if same and not came_back and stored is not None and stored.state is DifferenceState.RESOLVED:
        return Step.NOTHING
    return Step.ADD


def _leg(party: Party, code: str, held: Held | None) -> DifferenceLeg:
    return DifferenceLeg(
        party=party,
        party_code=code,
        status=LegStatus.MISSING if held is None else LegStatus.HELD,
        held=held,
    )


def _fingerprint(findings: Sequence[Finding]) -> bytes:
    parts = [
        (
            one.kind.value,
            one.cause.value,
            one.party.value,
            one.party_code,
            _shown(one.hub),
            _shown(one.leg),
            str(one.twin_settlement_id),
        )
        for one in findings
    ]
    return hashlib.sha256(repr(parts).encode()).digest()


def _shown(held: Held | None) -> tuple[str, ...]:
    if held is None:
        return ()
    if held.amounts is None:
        return (held.status.value,)
    amounts = held.amounts
    return (
        held.status.value,
        str(amounts.total_fen),
        str(amounts.fund_fen),
        str(amounts.account_fen),
        str(amounts.cash_fen),
    )
