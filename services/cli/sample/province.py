"""A synthetic province (示例) as the files of docs/loading.md.

Everything is made up. Id numbers have valid check digits but sequence numbers from 900, which are
not given to people; institution numbers begin at 90001; catalogue entries are marked as samples.
The same sizes, seed, region and day give the same bytes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from services.cli.progress import Progress
from services.cli.sample import catalogue, institutions, people
from services.cli.sample.areas import counties_of
from services.kit import codes

FILES: Final = ("persons.csv", "institutions.csv", "catalogue.csv", "filings.csv")
"""Written always; besides a mapping of the region and of some hospitals, and README.txt."""


class UnknownProvinceError(Exception):
    """There is no such province, or it has no room for so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much there is of what."""

    persons: int
    items: int
    institutions: int


def write(
    folder: Path,
    sizes: Sizes,
    *,
    seed: int,
    region: str,
    day: date,
    progress: Progress | None = None,
) -> None:
    """Writes the files of a province.

    Args:
        folder: made if need be; files of these names are replaced.
        sizes: how much.
        seed: of all that is drawn.
        region: the province, xx0000.
        day: first day of the filings.
        progress: where steps are announced; None: standard error.

    Raises:
        UnknownProvinceError: no such province, or more people than it has id numbers for.
        OSError: the folder cannot be written to.
    """
    if region not in codes.PROVINCES:
        raise UnknownProvinceError(f"--region {region} is no province, xx0000")
    counties = counties_of(region)
    most = people.most_of(counties)
    if sizes.persons > most:
        raise UnknownProvinceError(f"{region} has id numbers for {most:,} synthetic people")
    progress = progress or Progress()
    folder.mkdir(parents=True, exist_ok=True)
    # No secret is drawn: the same files each time are the point.
    drawn = random.Random(f"{seed}:{region}")  # noqa: S311
    with progress.step("医药机构", f"{sizes.institutions:,} institutions"):
        hospitals = institutions.write(
            folder / "institutions.csv", counties, sizes.institutions, drawn
        )
    with progress.step("参保人和备案", f"{sizes.persons:,} people and their filings"):
        people.write(
            folder / "persons.csv",
            folder / "filings.csv",
            people.Plan(region=region, counties=counties, count=sizes.persons, seed=seed, day=day),
            hospitals,
            drawn,
        )
    with progress.step("医保目录和对照", f"{sizes.items:,} entries and mappings"):
        mappings = catalogue.write(folder, region, sizes.items, hospitals, drawn)
    (folder / "README.txt").write_text(_readme(region, mappings), encoding="utf-8")


def _readme(region: str, mappings: list[str]) -> str:
    lines = [
        "示例数据：人员、证件、卡、机构、目录均为虚构，不得用于生产。",
        "Synthetic data: nobody and nothing in it exists.",
        "",
        f"yijie load institutions institutions.csv --region {region}",
        f"yijie load catalogue catalogue.csv --region {region}",
        f"yijie load persons persons.csv --region {region}",
        f"yijie load filings filings.csv --region {region}",
        *(f"yijie load mapping {arguments}" for arguments in mappings),
    ]
    return "\n".join(lines) + "\n"
