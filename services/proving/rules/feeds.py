"""Rules about the feed: it is the journal, in order, once, for every consumer alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from services.kit import codes
from services.proving.history import Event, EventKind, Feed, State
from services.proving.rules.evidence import Evidence, differences, named


def is_the_journal(evidence: Evidence) -> Iterator[str]:
    """Yields what the feed lacks of the journal, has too much of, or tells otherwise."""
    if not evidence.final.feeds:
        yield "no feed was read"
        return
    told = Counter(
        (event.kind, event.settlement.settlement_id) for event in evidence.final.feeds[0].events
    )
    should: Counter[tuple[EventKind, str]] = Counter()
    for settlement in evidence.listed.values():
        if settlement.state in {State.SETTLED, State.REVERSED}:
            should[EventKind.SETTLED, settlement.settlement_id] = 1
        if settlement.state is State.REVERSED:
            should[EventKind.REVERSED, settlement.settlement_id] = 1
    for (kind, settlement_id), count in (should - told).items():
        yield f"the feed lacks {count} × {kind.value} of settlement {settlement_id}"
    for (kind, settlement_id), count in (told - should).items():
        yield f"the feed has {count} × {kind.value} of settlement {settlement_id} too many"
    for event in evidence.final.feeds[0].events:
        kept = evidence.listed.get(event.settlement.settlement_id)
        if kept is not None and (which := differences(event.settlement, kept)):
            yield f"{named(kept)}: the feed tells another {which}"
        if event.settlement.state.value != event.kind.value:
            yield f"{named(event.settlement)}: {event.kind.value} shows {event.settlement.state}"


def each_once(evidence: Evidence) -> Iterator[str]:
    """Yields events that a consumer was given twice, or a reversal before its settlement."""
    for feed in evidence.final.feeds:
        seen: set[tuple[EventKind, str]] = set()
        for event in feed.events:
            settlement_id = event.settlement.settlement_id
            key = (event.kind, settlement_id)
            if key in seen:
                yield f"{feed.name}: {event.kind.value} of settlement {settlement_id} comes twice"
            seen.add(key)
            if (
                event.kind is EventKind.REVERSED
                and EventKind.SETTLED in feed.kinds
                and (EventKind.SETTLED, settlement_id) not in seen
            ):
                yield f"{feed.name}: settlement {settlement_id} is reversed before it is settled"


def converges(evidence: Evidence) -> Iterator[str]:
    """Yields consumers that were not given, in the same order, what concerns them."""
    if not evidence.final.feeds:
        return
    whole = evidence.final.feeds[0]
    for feed in evidence.final.feeds[1:]:
        should = [_key(event) for event in whole.events if _concerns(event, feed)]
        has = [_key(event) for event in feed.events]
        if has != should:
            missing = Counter(should) - Counter(has)
            more = Counter(has) - Counter(should)
            what = "another order" if not missing and not more else ""
            what = what or f"{missing.total()} missing, {more.total()} too many"
            examples = [settlement_id for _, settlement_id in [*missing, *more]][:3]
            yield f"{feed.name}: {what} {examples}".rstrip(" []")


def in_order(evidence: Evidence) -> Iterator[str]:
    """Yields events that stand after one whose call began only when theirs had been answered."""
    if not evidence.final.feeds:
        return
    began, answered = _windows(evidence)
    earliest, who = None, ""
    for event in reversed(evidence.final.feeds[0].events):
        key = _key(event)
        if earliest is not None and key in began and earliest < began[key]:
            yield f"the feed has {key[0].value} of settlement {key[1]} before {who}"
        if key in answered and (earliest is None or answered[key] < earliest):
            earliest, who = answered[key], f"{key[0].value} of settlement {key[1]}"


def _windows(
    evidence: Evidence,
) -> tuple[dict[tuple[EventKind, str], int], dict[tuple[EventKind, str], int]]:
    """Returns for each event a tick before which, and one after which, it did not happen."""
    began: dict[tuple[EventKind, str], int] = {}
    answered: dict[tuple[EventKind, str], int] = {}
    for settlement in evidence.listed.values():
        attempts = evidence.settles.get(settlement.request_id)
        if attempts:
            began[EventKind.SETTLED, settlement.settlement_id] = attempts[0].sent
        undone = evidence.undoings(settlement.settlement_id)
        if undone:
            began[EventKind.REVERSED, settlement.settlement_id] = min(one.sent for one in undone)
    for operation, shown in evidence.answers():
        kinds = []
        if shown.state in {State.SETTLED, State.REVERSED}:
            kinds.append(EventKind.SETTLED)
        if shown.state is State.REVERSED:
            kinds.append(EventKind.REVERSED)
        for kind in kinds:
            key = (kind, shown.settlement_id)
            answered[key] = min(operation.ended, answered.get(key, operation.ended))
    return began, answered


def _key(event: Event) -> tuple[EventKind, str]:
    return event.kind, event.settlement.settlement_id


def _concerns(event: Event, feed: Feed) -> bool:
    if event.kind not in feed.kinds:
        return False
    if not feed.province_code:
        return True
    care = codes.province_of(event.settlement.care_region_code) == feed.province_code
    insured = codes.province_of(event.settlement.insured_region_code) == feed.province_code
    return (feed.as_care and care) or (feed.as_insured and insured)
