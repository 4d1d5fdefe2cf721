"""What a pair must hold so that a month is red with no more than a given probability.

    1. Each past month is raised to the next time that it comes round: by the year's growth once
       for every year between, so that the seasons stay. Growth is the last twelve months over the
       twelve before; with less than two years it is one, and the answer says so.
    2. The months so raised are the next year's as history tells. Of n months in order the k-th
       with k = ⌈(1 − p)(n + 1)⌉ is exceeded with a probability of p at most. Where k > n the
       history is too short for p: the largest month is taken, and the answer says how many months
       it takes.
    3. The month is red from `red` of the holding on: the holding is the least that keeps that
       month below.

No shape of distribution is assumed, and nothing here is random.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

METHOD_ZH: Final = (
    "各历史月清算额按年增长率推到下一个同月，取经验分位数（第⌈(1−p)(n+1)⌉位），"
    "持有额为使该月使用率低于红色预警线的最小额"
)
METHOD_EN: Final = (
    "past months raised by yearly growth to the next same month; empirical quantile, the"
    " ⌈(1-p)(n+1)⌉-th of n; the least holding that keeps it below the red line"
)
_YEAR: Final = 12
GROWTH_MIN: Final = Fraction(1, 2)
GROWTH_MAX: Final = Fraction(2)
"""Growth beyond these is a break in the history (a scheme opened, a province joined), no growth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What to hold."""

    holding_fen: int
    month_fen: int
    """The month that it is made for."""
    growth: Fraction
    """A year over the year before."""
    growth_known: bool
    month_count: int
    month_count_needed: int
    """Months of history that the probability takes."""

    @property
    def sufficient(self) -> bool:
        """Whether the history is long enough for the probability asked for."""
        return self.month_count >= self.month_count_needed


def size(
    month_fen: Sequence[int], *, red: Fraction, probability: Fraction, months_max: int
) -> Size | None:
    """Returns what to hold for past months, oldest first and without a gap; None: there are none.

    Args:
        month_fen: what each whole month came to, the newest last.
        red: the rate of use from which a month is red.
        probability: of a red month, above zero and below one.
        months_max: months looked back at.
    """
    months = [max(0, fen) for fen in month_fen[-months_max:]]
    if not months:
        return None
    growth, known = _growth(months)
    raised = sorted(
        fen * growth ** _years_between(age) for age, fen in enumerate(reversed(months), start=1)
    )
    count = len(raised)
    rank = _ceil((1 - probability) * (count + 1))
    chosen = raised[min(rank, count) - 1]
    month = _ceil(chosen)
    # The rate is below red only if the holding exceeds month / red.
    return Size(
        holding_fen=month * red.denominator // red.numerator + 1 if month else 0,
        month_fen=month,
        growth=growth,
        growth_known=known,
        month_count=count,
        month_count_needed=_ceil(1 / probability) - 1,
    )


def _years_between(age: int) -> int:
    """Returns the years from a month so many months ago to its next coming round."""
    return -(-age // _YEAR)


def _growth(months: Sequence[int]) -> tuple[Fraction, bool]:
    if len(months) < 2 * _YEAR:
        return Fraction(1), False
    before = sum(months[-2 * _YEAR : -_YEAR])
    if not before:
        return Fraction(1), False
    return max(GROWTH_MIN, min(GROWTH_MAX, Fraction(sum(months[-_YEAR:]), before))), True


def _ceil(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)
