"""Rules about what is computed anew: where a settlement stood, one comes to stand; never two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from services.proving.history import Answered, Operation, Recompute, Settlement, State
from services.proving.rules.evidence import Evidence, named

CAME_ABOUT: Final = frozenset({State.SETTLED, State.REVERSED})
_SAME: Final = (
    "person_id",
    "scheme_code",
    "care_region_code",
    "insured_region_code",
    "institution_code",
    "medical_type_code",
    "end_date",
    "amounts",
    "visit_id",
    "scope",
    "charge_batch_number",
)
"""What of a settlement is that of the one it replaces."""


def replaced(evidence: Evidence) -> dict[str, list[Settlement]]:
    """Returns what was put in the place of each settlement, by the id of that."""
    found: dict[str, list[Settlement]] = defaultdict(list)
    for settlement in evidence.listed.values():
        if settlement.recomputes_settlement_id:
            found[settlement.recomputes_settlement_id].append(settlement)
    return dict(found)


def has_one_in_its_place(evidence: Evidence) -> Iterator[str]:
    """Yields settlements that were taken back to be replaced, and by none, by two or wrongly."""
    successors = replaced(evidence)
    for settlement_id, found in successors.items():
        origin = evidence.listed.get(settlement_id)
        if origin is None or origin.state is not State.REVERSED:
            yield f"settlement {settlement_id} is replaced and was not taken back"
            continue
        if not evidence.recomputations.get(settlement_id):
            yield f"{named(origin)} is replaced though nobody asked"
        yield from _alike(origin, found)
        if sum(one.state in CAME_ABOUT for one in found) != 1:
            states = sorted(one.state.value for one in found)
            yield f"{named(origin)} is replaced by {states}"
    for settlement in evidence.listed.values():
        key = settlement.settlement_id
        asked = evidence.reversals.get(key)
        if settlement.state is State.REVERSED and not asked and key not in successors:
            yield f"{named(settlement)} was taken back to be replaced, and nothing replaces it"


def _alike(origin: Settlement, found: Sequence[Settlement]) -> Iterator[str]:
    for one in found:
        differing = [name for name in _SAME if getattr(one, name) != getattr(origin, name)]
        if differing:
            yield f"{named(one)} replaces another one with other {', '.join(differing)}"


def costs_what_stood(evidence: Evidence) -> Iterator[str]:
    """Yields settlements that brought an old level back and cost something else than what stood.

    Of persons with nothing else whose sums or account it could rest on: what was tried in between
    at the new level is gone before.
    """
    related = {one for link in evidence.history.families for one in link}
    roots: dict[str, set[str]] = defaultdict(set)
    for one in evidence.listed.values():
        roots[one.person_id].add(_root(evidence, one))
    for settlement_id, found in replaced(evidence).items():
        origin = evidence.listed.get(settlement_id)
        is_back = any(one.state is State.FAILED for one in found)
        if origin is None or not is_back or origin.person_id in related:
            continue
        if len(roots[origin.person_id]) > 1:
            continue
        for one in found:
            if one.state in CAME_ABOUT and one.adjudication != origin.adjudication:
                yield f"{named(one)} brings {named(origin)} back at another cost"


def _root(evidence: Evidence, settlement: Settlement) -> str:
    """Returns the settlement with which a row of replacements began."""
    while (before := evidence.listed.get(settlement.recomputes_settlement_id)) is not None:
        settlement = before
    return settlement.settlement_id


def recomputed_as_told(evidence: Evidence) -> Iterator[str]:
    """Yields acknowledged recomputations that are not there, or told two different things."""
    told: dict[str, str] = {}
    for operation in _acknowledged(evidence):
        request, reply = operation.request, operation.reply
        if not isinstance(request, Recompute) or not isinstance(reply, Answered):
            continue
        shown, where = reply.settlement, f"#{operation.number}"
        is_same = shown.settlement_id == request.settlement_id
        if not is_same and shown.recomputes_settlement_id != request.settlement_id:
            yield f"{where} {named(shown)} does not replace what was asked for"
        yield from _kept(where, shown, evidence.listed)
        if told.setdefault(request.request_id, shown.settlement_id) != shown.settlement_id:
            yield f"{where} request {request.request_id} was told two settlements"


def _acknowledged(evidence: Evidence) -> Iterator[Operation]:
    for attempts in evidence.recomputations.values():
        yield from (one for one in attempts if isinstance(one.reply, Answered))


def _kept(where: str, shown: Settlement, listed: Mapping[str, Settlement]) -> Iterator[str]:
    kept = listed.get(shown.settlement_id)
    if kept is None:
        yield f"{where} {named(shown)} was acknowledged and is gone"
    elif kept.state not in CAME_ABOUT:
        yield f"{where} {named(shown)} was acknowledged and is {kept.state.value}"
