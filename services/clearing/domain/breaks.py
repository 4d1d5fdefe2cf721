"""Breaks (差错): on what the ledger and the journal do not agree about a day.

Both are the hub's own: the journal says what happened, the ledger what was booked of it. Sums come
first; where they, or the fingerprints of what they are sums of, are equal, the books are. Between
provinces where they are not, each settlement is looked at, once for settling and once for taking
back. A day is that of what happened, so that what is booked into a later month is no break.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Final
from uuid import UUID

from services.clearing.domain.break_states import BreakState


class BreakKind(Enum):
    """What differs."""

    MISSING_IN_LEDGER = "MISSING_IN_LEDGER"
    MISSING_IN_JOURNAL = "MISSING_IN_JOURNAL"
    BOOKED_TWICE = "BOOKED_TWICE"
    BOOKED_ELSEWHERE = "BOOKED_ELSEWHERE"
    DATED_ELSEWHERE = "DATED_ELSEWHERE"
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    PARTIES_DIFFER = "PARTIES_DIFFER"
    """An open difference of reconciliation, which blocks a month like a break."""


class BreakCause(Enum):
    """Why, as far as can be told; the texts are in services.clearing.domain.break_explanations."""

    EVENT_LOST = "EVENT_LOST"
    BOOKING_LOST = "BOOKING_LOST"
    NEVER_SETTLED = "NEVER_SETTLED"
    JOURNAL_LOST = "JOURNAL_LOST"
    COPIED = "COPIED"
    MULTIPLIED = "MULTIPLIED"
    SPLIT_CHANGED = "SPLIT_CHANGED"
    AMOUNT_CHANGED = "AMOUNT_CHANGED"
    PLACE_CHANGED = "PLACE_CHANGED"
    TIME_CHANGED = "TIME_CHANGED"
    DISPUTED = "DISPUTED"


class BreakOwner(Enum):
    """Whose turn it is."""

    HUB = "HUB"
    INSTITUTION = "INSTITUTION"
    CARE_PROVINCE = "CARE_PROVINCE"
    INSURED_PROVINCE = "INSURED_PROVINCE"


class BreakSource(Enum):
    """Between whom a break lies."""

    LEDGER = "LEDGER"
    RECONCILIATION = "RECONCILIATION"


class DayState(Enum):
    """What comparing a day gave."""

    EVEN = "EVEN"
    DIFFERENT = "DIFFERENT"
    PARTIAL = "PARTIAL"
    """There are more breaks than are kept, or sums differ that no settlement explains."""


AGES: Final = (timedelta(days=1), timedelta(days=3), timedelta(days=7))
"""Ends of the buckets of ageing (账龄): up to one day, three, seven, and more."""


@dataclass(frozen=True, slots=True, order=True)
class BookPlace:
    """Between whom something happened."""

    insured_region_code: str
    """Province, xx0000."""
    care_region_code: str
    """Province, xx0000."""
    scheme_code: str


@dataclass(frozen=True, slots=True, order=True)
class BookGroup:
    """What one row of a day's sums is about."""

    place: BookPlace
    event_kind: str
    """SETTLED or REVERSED."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSums:
    """A row of a day's sums; of what was taken back, amounts are positive, too."""

    count: int
    fund_fen: int
    account_fen: int
    fingerprint: int
    """As yijie.settlement.v1.JournalTotals says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRecord:
    """What one of both books has of one thing that happened to one settlement."""

    settlement_id: UUID
    event_kind: str
    """SETTLED or REVERSED."""
    place: BookPlace
    fund_fen: int
    account_fen: int
    event_time: datetime
    day: date
    """Civil date, Asia/Shanghai, of event_time."""

    @property
    def key(self) -> BookKey:
        """Names what happened to what."""
        return self.settlement_id, self.event_kind


BookKey = tuple[UUID, str]
"""Settlement id and SETTLED or REVERSED."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakDraft:
    """A break as a comparison found it."""

    journal: BookRecord | None
    ledger: BookRecord | None
    kind: BreakKind
    cause: BreakCause
    twin_settlement_id: UUID | None = None

    @property
    def shown(self) -> BookRecord:
        """Returns what the journal has, or else the ledger: by which it is placed and dated."""
        shown = self.journal or self.ledger
        if shown is None:
            msg = "a break of nothing"
            raise ValueError(msg)
        return shown

    @property
    def owner(self) -> BreakOwner:
        """Returns whose turn it is: both books are the hub's."""
        return BreakOwner.HUB

    @property
    def fingerprint(self) -> bytes:
        """Returns what is the same as long as the same is found."""
        # Without the cause: the other follower of the feed may only be late.
        parts = (self.kind.value, str(self.twin_settlement_id))
        sides = (_shown(self.journal), _shown(self.ledger))
        return hashlib.sha256(repr((parts, sides)).encode()).digest()


def differing(
    journal: Mapping[BookGroup, BookSums], ledger: Mapping[BookGroup, BookSums]
) -> list[tuple[str, str]]:
    """Returns the pairs of provinces, insured and care, whose sums or fingerprints differ."""
    groups = [key for key in journal.keys() | ledger.keys() if journal.get(key) != ledger.get(key)]
    return sorted({(one.place.insured_region_code, one.place.care_region_code) for one in groups})


def net_fen(sums: Mapping[BookGroup, BookSums]) -> int:
    """Returns funds and accounts of a day: settled less reversed."""
    return sum(
        (one.fund_fen + one.account_fen) * (1 if group.event_kind == "SETTLED" else -1)
        for group, one in sums.items()
    )


def one_sided(
    journal: Iterable[BookRecord], ledger: Iterable[BookRecord]
) -> tuple[set[UUID], set[UUID]]:
    """Returns settlements of which only the journal, and only the ledger, has something.

    The other book may have it elsewhere or on another date, which is to be asked before `compare`.
    """
    of_journal, of_ledger = {one.key for one in journal}, {one.key for one in ledger}
    return (
        {settlement_id for settlement_id, _ in of_journal - of_ledger},
        {settlement_id for settlement_id, _ in of_ledger - of_journal},
    )


def compare(
    journal: Mapping[BookKey, BookRecord],
    ledger: Mapping[BookKey, BookRecord],
    keys: Collection[BookKey],
    *,
    fed: Collection[BookKey],
) -> list[BreakDraft]:
    """Returns the breaks among some keys, in their order.

    Both books have all that they have of the keys, from whichever place and date. `fed` is what of
    them the other follower of the feed has, which tells a feed that did not give something from a
    ledger that lost it.
    """
    copies = _first_of_each(
        ledger[key] for key in sorted(keys, key=_order) if key in journal if key in ledger
    )
    found = []
    for key in sorted(keys, key=_order):
        draft = _compared(journal.get(key), ledger.get(key), was_fed=key in fed, copies=copies)
        if draft is not None:
            found.append(draft)
    return found


def _compared(
    journal: BookRecord | None,
    ledger: BookRecord | None,
    *,
    was_fed: bool,
    copies: Mapping[tuple[object, ...], UUID],
) -> BreakDraft | None:
    if journal is None and ledger is None:
        return None
    twin = None
    if ledger is None:
        kind = BreakKind.MISSING_IN_LEDGER
        cause = BreakCause.BOOKING_LOST if was_fed else BreakCause.EVENT_LOST
    elif journal is None:
        kind, cause = BreakKind.MISSING_IN_JOURNAL, BreakCause.NEVER_SETTLED
        twin = copies.get(_content(ledger))
        if was_fed:
            cause, twin = BreakCause.JOURNAL_LOST, None
        elif twin is not None:
            kind, cause = BreakKind.BOOKED_TWICE, BreakCause.COPIED
    else:
        difference = _difference(journal, ledger)
        if difference is None:
            return None
        kind, cause = difference
    return BreakDraft(
        journal=journal, ledger=ledger, kind=kind, cause=cause, twin_settlement_id=twin
    )


def _difference(journal: BookRecord, ledger: BookRecord) -> tuple[BreakKind, BreakCause] | None:
    # The gravest comes first: what is there more than once has other amounts, too.
    if _is_multiple(journal, ledger):
        return BreakKind.BOOKED_TWICE, BreakCause.MULTIPLIED
    if ledger.place != journal.place:
        return BreakKind.BOOKED_ELSEWHERE, BreakCause.PLACE_CHANGED
    amounts = (journal.fund_fen, journal.account_fen)
    if (ledger.fund_fen, ledger.account_fen) != amounts:
        same_sum = ledger.fund_fen + ledger.account_fen == sum(amounts)
        cause = BreakCause.SPLIT_CHANGED if same_sum else BreakCause.AMOUNT_CHANGED
        return BreakKind.AMOUNT_DIFFERS, cause
    if ledger.day != journal.day:
        return BreakKind.DATED_ELSEWHERE, BreakCause.TIME_CHANGED
    return None


def _is_multiple(journal: BookRecord, ledger: BookRecord) -> bool:
    total = journal.fund_fen + journal.account_fen
    if total == 0:
        return False
    times, rest = divmod(ledger.fund_fen + ledger.account_fen, total)
    return (
        rest == 0
        and times > 1
        and (ledger.fund_fen, ledger.account_fen)
        == (times * journal.fund_fen, times * journal.account_fen)
    )


def _first_of_each(records: Iterable[BookRecord]) -> dict[tuple[object, ...], UUID]:
    found: dict[tuple[object, ...], UUID] = {}
    for one in records:
        found.setdefault(_content(one), one.settlement_id)
    return found


def _content(record: BookRecord) -> tuple[object, ...]:
    # To the microsecond: two settlements of one instant, pair and amounts are one and its copy.
    return (
        record.event_kind,
        record.place,
        record.fund_fen,
        record.account_fen,
        record.event_time,
    )


def _order(key: BookKey) -> tuple[UUID, str]:
    return key


def _shown(record: BookRecord | None) -> tuple[str, ...]:
    if record is None:
        return ()
    place = record.place
    return (
        place.insured_region_code,
        place.care_region_code,
        place.scheme_code,
        str(record.fund_fen),
        str(record.account_fen),
        record.day.isoformat(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBreak:
    """The newest break that is stored of a key."""

    break_id: UUID
    state: BreakState
    fingerprint: bytes

    @property
    def is_open(self) -> bool:
        """Tells whether it is not closed: open, or carried."""
        return self.state in {BreakState.OPEN, BreakState.CARRIED}


class BreakStep(Enum):
    """What a comparison means for what is stored of a key."""

    NOTHING = "NOTHING"
    CLOSE = "CLOSE"
    """It resolved itself."""
    ADD = "ADD"
    REPLACE = "REPLACE"


def step(stored: StoredBreak | None, draft: BreakDraft | None) -> BreakStep:
    """Returns what to do about a key: what is stored of it, and what a comparison found.

    What people have resolved stays so while the same is found.
    """
    if draft is None:
        return BreakStep.CLOSE if stored is not None and stored.is_open else BreakStep.NOTHING
    if stored is None:
        return BreakStep.ADD
    same = stored.fingerprint == draft.fingerprint
    if stored.is_open:
        return BreakStep.NOTHING if same else BreakStep.REPLACE
    if same and stored.state is BreakState.RESOLVED:
        return BreakStep.NOTHING
    return BreakStep.ADD


def following(month: str) -> str:
    """Returns the month after one, both "YYYY-MM"."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def merged(records: Sequence[BookRecord]) -> dict[BookKey, BookRecord]:
    """Returns records by their keys.

    Raises:
        ValueError: two have one key.
    """
    found = {one.key: one for one in records}
    if len(found) != len(records):
        msg = "a book lists something twice"
        raise ValueError(msg)
    return found
