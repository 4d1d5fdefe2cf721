"""`yijie region check`: all region files, each by itself and against each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from services.cli.policy.output import area, table, write_json
from services.cli.region.files import Problem, Region, files_in, read_region
from services.cli.region.new import EXAMPLE_BLOCK, EXAMPLE_DOMAIN
from services.kit.strict_yaml import find_line


class NoRegionsError(Exception):
    """There is nothing to check; the text says where was looked."""


def check(folder: Path, *, strict: bool, as_json: bool) -> int:
    """Checks the region files of a folder; returns the exit code.

    Raises:
        NoRegionsError: the folder has none, or does not lie in the chart.
    """
    if not (folder.parent / "values.schema.json").is_file():
        msg = f"{folder} does not lie in charts/yijie; name that folder with --regions"
        raise NoRegionsError(msg)
    files = files_in(folder)
    if not files:
        msg = f"{folder} has no region file; `yijie region new CODE` writes one"
        raise NoRegionsError(msg)
    regions: list[Region] = []
    problems: list[Problem] = []
    for file in files:
        region, found = read_region(file)
        problems += found
        regions += [region] if region else []
    problems += _shared(regions)
    cautions = list(_examples(regions))
    if as_json:
        write_json(_document(regions, problems, cautions))
    else:
        _print(Console(), regions, problems, cautions)
    return 1 if problems or (strict and cautions) else 0


def _shared(regions: Sequence[Region]) -> Iterator[Problem]:
    """Two files for one province, or one name for two: bills would go to whoever came last."""
    by_code, by_host = defaultdict(list), defaultdict(list)
    for region in regions:
        if region.code:
            by_code[region.code].append(region)
        for host in region.hosts:
            by_host[host].append(region)
    for what, place, found in (
        ("code", "global.region.code", by_code),
        ("name", "benefits.tls.dnsNames", by_host),
    ):
        for value, sharers in found.items():
            for later in sharers[1:]:
                line = find_line(later.file.read_text(encoding="utf-8"), place)
                problem = f"{sharers[0].file.name} has the {what} {value} too"
                yield Problem(later.file, line, place, problem, "keep one")


def _examples(regions: Sequence[Region]) -> Iterator[str]:
    for region in regions:
        left = [host for host in region.hosts if host.endswith(f".{EXAMPLE_DOMAIN}")]
        left += [block for block in region.blocks if block == EXAMPLE_BLOCK]
        if left:
            yield f"{region.file}: still an example: {', '.join(left)}"


def _document(
    regions: Sequence[Region], problems: Sequence[Problem], cautions: Sequence[str]
) -> dict[str, Any]:
    return {
        "regions": [
            {
                "file": str(region.file),
                "code": region.code,
                "hosts": list(region.hosts),
                "hubBlocks": list(region.blocks),
                "areas": list(region.areas),
            }
            for region in regions
        ],
        "problems": [
            {
                "file": str(problem.file),
                "line": problem.line,
                "place": problem.place,
                "problem": problem.problem,
                "right": problem.right,
            }
            for problem in problems
        ],
        "cautions": list(cautions),
    }


def _print(
    out: Console, regions: Sequence[Region], problems: Sequence[Problem], cautions: Sequence[str]
) -> None:
    headings = ("地区 region", "名称 found as", "枢纽地址 hub calls from", "统筹区 areas")
    rows = table(*headings, fold=headings[1:])
    for region in regions:
        columns = (region.hosts, region.blocks, region.areas)
        rows.add_row(area(region.code), *(" ".join(column) for column in columns))
    out.print(rows)
    for caution in cautions:
        out.print(f"  ⚠ {caution}", style="yellow", markup=False, soft_wrap=True)
    for problem in problems:
        out.print(f"✗ {problem}", style="bold red", markup=False, soft_wrap=True)
    if not problems:
        out.print(f"✓ {len(regions)} 个地区文件可用 region files can be installed", style="green")
