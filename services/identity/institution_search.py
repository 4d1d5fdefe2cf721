"""The search of the public directory: a statement of the conditions that a search has, and no more.

Only what is asked for stands in the statement, so that the planner sees which index serves it:
regions by prefix, names by pairs of characters, businesses by code, else the codes in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from services.identity.domain.institutions import HOSPITAL, PHARMACY
from services.identity.institution_store import COLUMNS, JOINS, read_institution
from services.kit import diseases

if TYPE_CHECKING:
    from datetime import date

    from services.identity.domain.model import Institution
    from services.identity.reader import Reader

# The page is cut before openings and suspensions are joined to it.
_SEARCH: Final = """/* identity.search_institutions */
SELECT {columns}
  FROM (SELECT f.institution_code, f.name, f.region_code, f.level_code, f.price_level_code,
               f.deductible_level_code, f.begin_date, f.end_date, f.address,
               f.national_platform_code
          FROM institution AS f
         WHERE {conditions}
         ORDER BY f.institution_code LIMIT {count}) AS i {joins}
 ORDER BY i.institution_code"""

_OPEN: Final = """EXISTS (
    SELECT FROM institution_opening AS o
     WHERE o.institution_code = f.institution_code AND {ranges}{conditions})"""

_IN_FORCE: Final = """
       AND o.begin_date <= {on} AND (o.end_date IS NULL OR o.end_date >= {on})
       AND NOT EXISTS (
           SELECT FROM institution_suspension AS s
            WHERE s.institution_code = o.institution_code
              AND s.medical_type_code IN ('', o.medical_type_code)
              AND s.begin_date <= {on} AND (s.end_date IS NULL OR s.end_date >= {on}))"""

_DESIGNATED: Final = """(f.begin_date IS NULL OR f.begin_date <= {on})
   AND (f.end_date IS NULL OR f.end_date >= {on})"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is searched for; empty: not asked for."""

    region: str = ""
    """Six digits of a province, prefecture or county."""
    level: str = ""
    """Level of hospital."""
    medical_type: str = ""
    """Business that it may settle, two digits."""
    disease: str = ""
    """Chronic disease that it may settle; only with medical type 14."""
    type_code: str = ""
    """`1` hospitals, `2` pharmacies."""
    name: str = ""
    """Text inside the name, in either case of letters."""
    on: date | None = None
    """Civil date on which it may settle; None: today."""
    include_closed: bool = False
    """Also those that may not settle on the date."""


async def search_institutions(
    reader: Reader, search: Search, *, on: date, after: str, count: int
) -> list[Institution]:
    """Returns institutions by code, from the one after `after` (empty: the first), `count` at most.

    `on` is the civil date for `search.on`.
    """
    query, arguments = statement(search, on=on, after=after, count=count)
    return [read_institution(row) for row in await reader.fetch(query, *arguments)]


class _Arguments(list[Any]):
    """The arguments of a statement in the making."""

    def number(self, argument: Any) -> str:
        """Returns the parameter that stands for an argument."""
        if argument not in self:
            self.append(argument)
        return f"${self.index(argument) + 1}"


def statement(search: Search, *, on: date, after: str, count: int) -> tuple[str, list[Any]]:
    """Returns the statement of a search and its arguments."""
    arguments = _Arguments()
    ranges = _ranges(search, after, arguments)
    conditions = [ranges.format("f.institution_code"), *_conditions(search, arguments)]
    business = _business(search, arguments)
    if not search.include_closed:
        day = f"{arguments.number(on)}::date"
        conditions.append(_DESIGNATED.format(on=day))
        business += _IN_FORCE.format(on=day)
    if business:
        # The ranges once more: a plan that joins by code would walk all openings up to them.
        conditions.append(
            _OPEN.format(ranges=ranges.format("o.institution_code"), conditions=business)
        )
    query = _SEARCH.format(
        columns=COLUMNS,
        conditions="\n   AND ".join(conditions),
        count=f"{arguments.number(count)}::int",
        joins=JOINS,
    )
    return query, list(arguments)


def _ranges(search: Search, after: str, arguments: _Arguments) -> str:
    """Returns the ranges of codes that a search is within, with `{0}` for the code.

    A code is a letter and a region, and lies in the province of its institution's region.
    """
    ranges = []
    if search.region or search.type_code:
        between = []
        for letter in {"": "HP", PHARMACY: "P", HOSPITAL: "H"}[search.type_code]:
            # What comes after all that begin so, in every collation: H65 after H64…, I after H….
            low, beyond = letter, chr(ord(letter) + 1)
            if search.region:
                province = search.region[:2]
                low, beyond = f"{letter}{province}", f"{letter}{int(province) + 1}"
            first, last = arguments.number(low), arguments.number(beyond)
            between.append(f"({{0}} >= {first} AND {{0}} < {last})")
        ranges.append(f"({' OR '.join(between)})")
    if after:
        ranges.append(f"{{0}} > {arguments.number(after)}")
    return " AND ".join(ranges) or "true"


def _conditions(search: Search, arguments: _Arguments) -> list[str]:
    """Returns what is asked of the institution itself."""
    conditions = []
    if search.region:
        low = region_prefix(search.region)
        # Not LIKE: its pattern is unknown to a plan that is kept, and no index would serve it.
        first, beyond = arguments.number(low), arguments.number(f"{low}:")
        conditions.append(f"f.region_code ~>=~ {first} AND f.region_code ~<~ {beyond}")
    if search.level:
        conditions.append(f"f.level_code = {arguments.number(search.level)}")
    if search.name:
        text = arguments.number(search.name)
        conditions.append(f"strpos(lower(f.name), lower({text})) > 0")
        if len(search.name) > 1:
            conditions.append(f"bigrams(f.name) @> bigrams({text})")
    return conditions


def _business(search: Search, arguments: _Arguments) -> str:
    """Returns what is asked of one opening."""
    business = ""
    if search.medical_type:
        business += f"\n       AND o.medical_type_code = {arguments.number(search.medical_type)}"
    if search.disease:
        covering = ["", *diseases.rolled_up(search.disease)]
        business += f"\n       AND o.disease_code = ANY({arguments.number(covering)}::text[])"
    return business


def region_prefix(region: str) -> str:
    """Returns the digits that areas of a region begin with: 640000 → 64; 640100 → 6401."""
    if region.endswith("0000"):
        return region[:2]
    return region[:4] if region.endswith("00") else region
