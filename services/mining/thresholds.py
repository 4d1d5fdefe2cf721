"""From what on something is out of the ordinary: whole numbers and exact fractions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What the rules compare with. Where nothing is cited, the figure is a sample (示例).

    Those of rules with the reach PEERS are the parameters of the rules in force, see `of`.
    """

    split_days_max: int = 15
    """Days between discharge and readmission that look like one stay cut in two; products of the
    field use 10, 14, 15 and 30."""
    visits_a_day_min: int = 4
    """Outpatient visits of one person; the field's usual figures, as the two below."""
    visits_a_month_min: int = 20
    visits_a_year_min: int = 100
    phone_persons_min: int = 3
    """People who left one telephone: two, a couple, are nothing."""
    phone_window_days: int = 366
    """The people left it within so many days of each other."""
    phone_persons_any: int = 500
    """A telephone of so many people is nobody's, whatever the days."""
    phone_top_percent: int = 5
    """Of the telephones, only those with the highest sums."""
    crowd_persons_min: int = 5
    """People at one institution within an hour."""
    crowd_visits_min: int = 3
    """Days on which they came together,"""
    crowd_window_days: int = 30
    """within so many days."""
    crowd_persons_max: int = 200
    """In an hour of more people nobody is in anybody's company."""
    institutions_min: int = 5
    """Institutions below which there are no peers to compare prices with."""
    price_bills_min: int = 5
    """Lines of the peers below which there is nothing to compare with."""
    price_ratio_min: Fraction = field(default=Fraction(3, 2))
    """What a price must be of its peers' median at least."""
    price_spread_min: Fraction = field(default=Fraction(5))
    """How many median absolute deviations it must be above the median."""
    cost_bills_min: int = 20
    """Stays below which there are no peers to compare costs with."""
    cost_ratio_min: Fraction = field(default=Fraction(2))
    cost_spread_min: Fraction = field(default=Fraction(6))
    frequency_bills_min: int = 10
    """Outpatient visits of one person in a month, below which nothing is compared."""
    frequency_ratio_min: Fraction = field(default=Fraction(5))
    """What they must be of the median of the people of the insured province at least."""

    @classmethod
    def of(cls, parameters: Mapping[str, Mapping[str, str]]) -> Thresholds:
        """Returns what the parameters of rules in force say, by kind of rule; others stay.

        Raises:
            ValueError: a parameter is no number.
        """
        given: dict[str, Any] = {}
        for kind, named in parameters.items():
            for name, text in named.items():
                threshold = _NAMES.get((kind, name))
                if threshold is not None:
                    number = Fraction(text)
                    given[threshold] = number if name == "ratio_min" else int(number)
        return cls(**given)


_NAMES: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("shared_phone", "persons_min"): "phone_persons_min",
        ("shared_phone", "window_days"): "phone_window_days",
        ("clustered_visits", "persons_min"): "crowd_persons_min",
        ("clustered_visits", "visits_min"): "crowd_visits_min",
        ("clustered_visits", "window_days"): "crowd_window_days",
        ("price_outlier", "bills_min"): "price_bills_min",
        ("price_outlier", "ratio_min"): "price_ratio_min",
        ("cost_outlier", "bills_min"): "cost_bills_min",
        ("cost_outlier", "ratio_min"): "cost_ratio_min",
        ("frequency_outlier", "bills_min"): "frequency_bills_min",
        ("frequency_outlier", "ratio_min"): "frequency_ratio_min",
    }
)
"""Kind of rule and parameter → threshold."""
