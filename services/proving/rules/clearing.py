"""Rules about the ledger: it balances, and it is what the journal says."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from services.kit import codes
from services.kit.clock import civil_month
from services.proving.history import Entry, Pair, Position, Settlement
from services.proving.rules.evidence import Evidence, named

_ACCOUNT: Final = "310200"
_OTHER: Final = "910100"
_NATIONAL: Final = frozenset(
    {
        "310100",
        _ACCOUNT,
        "320100",
        "330100",
        "350100",
        "370100",
        "390100",
        "610100",
        _OTHER,
    }
)
"""Fund types that are cleared under their own code."""
_LARGE: Final = frozenset({"390200", "99999737"})
"""Those that are cleared as 330100."""


def _settled(evidence: Evidence) -> Iterator[Entry]:
    # What people decided is in the ledger, too, and the journal knows nothing of it.
    return (entry for entry in evidence.final.entries if entry.settlement_id)


def balances(evidence: Evidence) -> Iterator[str]:
    """Yields transfers that are not two sides which cancel out."""
    transfers: dict[str, list[Entry]] = defaultdict(list)
    for entry in _settled(evidence):
        transfers[entry.transfer_id].append(entry)
    for transfer_id, entries in transfers.items():
        sides = sorted(entry.receivable for entry in entries)
        alike = {(entry.pair, entry.fund_type_code, entry.settlement_id) for entry in entries}
        if sides != [False, True] or sum(entry.amount for entry in entries) != 0 or len(alike) != 1:
            yield f"transfer {transfer_id} does not balance"


def entries(evidence: Evidence) -> Iterator[str]:
    """Yields settlements whose entries are not what they paid, or not taken back."""
    posted: dict[str, list[Entry]] = defaultdict(list)
    for entry in _settled(evidence):
        if entry.receivable:
            posted[entry.settlement_id].append(entry)
    for settlement in evidence.listed.values():
        should: Counter[tuple[Pair, str, bool]] = Counter()
        for when, sign in _moments(settlement):
            for fund, amount in _paid(settlement).items():
                should[_pair(settlement, when), fund, sign < 0] += sign * amount
        has: Counter[tuple[Pair, str, bool]] = Counter()
        for entry in posted[settlement.settlement_id]:
            has[entry.pair, entry.fund_type_code, bool(entry.reverses_transfer_id)] += entry.amount
        if {key: fen for key, fen in should.items() if fen} != dict(has):
            yield f"{named(settlement)}: the ledger has {_shown(has)}, should be {_shown(should)}"
        yield from _pointers(settlement, posted[settlement.settlement_id])
    for settlement_id in posted.keys() - evidence.listed.keys():
        yield f"the ledger has settlement {settlement_id}, which the journal has not"


def _pointers(settlement: Settlement, posted: list[Entry]) -> Iterator[str]:
    originals = {entry.transfer_id: entry for entry in posted if not entry.reverses_transfer_id}
    taken = Counter(entry.reverses_transfer_id for entry in posted if entry.reverses_transfer_id)
    for entry in posted:
        if entry.reverses_transfer_id:
            original = originals.get(entry.reverses_transfer_id)
            if original is None or original.amount != -entry.amount:
                yield f"{named(settlement)}: a transfer takes back what is not its opposite"
    if any(times > 1 for times in taken.values()):
        yield f"{named(settlement)}: a transfer is taken back twice"


def reconciled(evidence: Evidence) -> Iterator[str]:
    """Yields provinces with which reconciliation does not agree, or does not see all."""
    there = Counter(
        codes.province_of(settlement.insured_region_code)
        for settlement in evidence.listed.values()
        if settlement.settle_time is not None
    )
    compared: Counter[str] = Counter()
    for leg in evidence.final.comparisons:
        compared[leg.province_code] += leg.hub_count
        # A province may have more: what it had booked and was told to give up.
        if leg.difference_count or leg.party_count < leg.hub_count:
            yield (
                f"province {leg.province_code}: {leg.difference_count} differences,"
                f" {leg.hub_count} in the hub, {leg.party_count} there"
            )
    if evidence.final.comparisons:
        for province in there.keys() | compared.keys():
            if there[province] != compared[province]:
                yield f"province {province}: {compared[province]} of {there[province]} compared"


@dataclass(slots=True)
class _Sums:
    """What a pair should owe."""

    journal: Counter[str] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)
    settled: int = 0
    reversed: int = 0


def positions(evidence: Evidence) -> Iterator[str]:
    """Yields pairs whose position is not the sum of their settlements and of their entries."""
    should: dict[Pair, _Sums] = defaultdict(_Sums)
    for settlement in evidence.listed.values():
        for when, sign in _moments(settlement):
            sums = should[_pair(settlement, when)]
            sums.settled += sign > 0
            sums.reversed += sign < 0
            for fund, amount in _paid(settlement).items():
                sums.journal[fund] += sign * amount
    for entry in _settled(evidence):
        if entry.receivable:
            should[entry.pair].entries[entry.fund_type_code] += entry.amount
    shown = {position.pair: position for position in evidence.final.positions}
    if len(shown) != len(evidence.final.positions):
        yield "a pair has two positions"
    for pair in should.keys() | shown.keys():
        if pair in shown:
            yield from _position(shown[pair], should[pair])
        else:
            yield f"{pair} has no position"


def _position(position: Position, should: _Sums) -> Iterator[str]:
    pair, funds = position.pair, _nonzero(position.funds)
    for what, sums in (("journal", should.journal), ("entries", should.entries)):
        if funds != _nonzero(sums):
            yield f"{pair}: owed {funds}, by the {what} {_nonzero(sums)}"
    if position.owed != sum(funds.values()):
        yield f"{pair}: the sum is {position.owed}, the funds are {sum(funds.values())}"
    counts = (position.settlement_count, position.reversal_count)
    if counts != (should.settled, should.reversed):
        yield f"{pair}: counts {counts}, should be {(should.settled, should.reversed)}"


def _moments(settlement: Settlement) -> Iterator[tuple[datetime, int]]:
    if settlement.settle_time is not None:
        yield settlement.settle_time, 1
    if settlement.reverse_time is not None:
        yield settlement.reverse_time, -1


def _pair(settlement: Settlement, when: datetime) -> Pair:
    return Pair(
        insured_region_code=codes.province_of(settlement.insured_region_code),
        care_region_code=codes.province_of(settlement.care_region_code),
        month=civil_month(when),
        scheme_code=settlement.scheme_code,
    )


def _paid(settlement: Settlement) -> Counter[str]:
    funds: Counter[str] = Counter()
    if settlement.adjudication is not None:
        for payment in settlement.adjudication.fund_payments:
            code = "330100" if payment.fund_type_code in _LARGE else payment.fund_type_code
            funds[code if code in _NATIONAL else _OTHER] += payment.amount
        funds[_ACCOUNT] += settlement.adjudication.account_pay
    return funds


def _nonzero(funds: Mapping[str, int]) -> dict[str, int]:
    return {code: fen for code, fen in sorted(funds.items()) if fen}


def _shown(sums: Counter[tuple[Pair, str, bool]]) -> dict[str, int]:
    return {
        f"{pair.month} {fund}{' back' if back else ''}": fen
        for (pair, fund, back), fen in sums.items()
        if fen
    }
