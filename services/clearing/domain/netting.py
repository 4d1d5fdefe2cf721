"""What netting (轧差) would save: a simulation. Clearing is gross, and nothing here moves money."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.clearing.domain.tables import TableLine

DISCLAIMER_ZH: Final = (
    "本结果仅为轧差模拟，不产生通知书，不改变账本；清算按应付、应收全额办理，双边不轧差。"
)
DISCLAIMER_EN: Final = (
    "A simulation of netting: no notice follows from it and the ledger is not touched. Clearing is "
    "gross, each pair in full and in both directions."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetPosition:
    """What a province would pay or be paid if all were set off."""

    region_code: str
    payable_fen: int
    receivable_fen: int

    @property
    def net_fen(self) -> int:
        """Receivable less payable: less than zero, it would pay."""
        return self.receivable_fen - self.payable_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Netting:
    """What moves as months are cleared, and what would move otherwise."""

    positions: tuple[NetPosition, ...]
    """By region code; their nets sum to zero."""
    gross_fen: int
    """Each pair in full, in both directions."""
    bilateral_fen: int
    """Each two provinces set off what they owe each other."""
    multilateral_fen: int
    """Each province pays, or is paid, its net alone."""

    @property
    def saved_fen(self) -> int:
        """Liquidity that multilateral netting would save."""
        return self.gross_fen - self.multilateral_fen


def net(lines: Iterable[TableLine]) -> Netting:
    """Returns what netting the lines of a month would save."""
    owed: dict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        owed[line.insured_region_code, line.care_region_code] += line.payable_fen
    payable: dict[str, int] = defaultdict(int)
    receivable: dict[str, int] = defaultdict(int)
    between: dict[tuple[str, str], int] = defaultdict(int)
    for (insured, care), fen in owed.items():
        payable[insured] += fen
        receivable[care] += fen
        if insured < care:
            between[insured, care] += fen
        else:
            between[care, insured] -= fen
    positions = tuple(
        NetPosition(region_code=code, payable_fen=payable[code], receivable_fen=receivable[code])
        for code in sorted(payable.keys() | receivable.keys())
    )
    return Netting(
        positions=positions,
        gross_fen=sum(map(abs, owed.values())),
        bilateral_fen=sum(map(abs, between.values())),
        multilateral_fen=sum(max(0, one.net_fen) for one in positions),
    )
