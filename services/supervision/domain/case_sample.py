"""A seeded sample of cases (随机抽查): whoever has the seed, its key and the cases draws the same.

The key is given to the sample when it is drawn: whoever chooses the seed does not know it yet, so
no seed can be tried out beforehand until the draw pleases.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

_PER_MILLE = 1000


def draw(seed: str, sample_id: UUID, case_ids: Sequence[UUID], count: int) -> list[UUID]:
    """Returns `count` of the cases, or all, in the order of the draw.

    The order is that of SHA-256 over "<seed>/<sample id>/<case id>": it depends neither on the
    order in which the cases are given nor on any generator of numbers.
    """

    def place(case_id: UUID) -> tuple[bytes, bytes]:
        return hashlib.sha256(f"{seed}/{sample_id}/{case_id}".encode()).digest(), case_id.bytes

    return sorted(case_ids, key=place)[:count]


def digest_of(case_ids: Sequence[UUID]) -> bytes:
    """Returns the SHA-256 of a population: of its ids, sorted, one a line."""
    return hashlib.sha256("".join(f"{one}\n" for one in sorted(case_ids)).encode()).digest()


def size_of(population: int, *, per_mille: int, least: int) -> int:
    """Returns how many are drawn of a population: a share, rounded up, at least `least`."""
    return min(population, max(least, -(-population * per_mille // _PER_MILLE)))


def is_rejected(*, reviewed: int, rejected: int, per_mille_max: int) -> bool:
    """Tells whether too many of those looked at were wrong, or nobody looked at any."""
    return reviewed == 0 or rejected * _PER_MILLE > reviewed * per_mille_max
