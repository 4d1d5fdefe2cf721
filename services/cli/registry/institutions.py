"""`yijie institutions search`: the public directory of who may settle where, and what."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rich.console import Console

from services.cli.advice.questions import table
from services.cli.registry.asking import iso, rows, span, write_json
from services.cli.screen import console
from services.kit import codes, diseases
from yijie.identity.v1 import institution_pb2
from yijie.identity.v1 import institution_service_pb2 as pb

_OPENINGS_SHOWN: Final = 6


async def search(
    data_dir: Path, request: pb.SearchInstitutionsRequest, *, limit: int, as_json: bool
) -> int:
    """Prints institutions; returns 0 if there is one and 1 if there is none.

    Raises:
        MeshError: no mesh runs there.
        DomainError: the hub refused, e.g. a disease that does not exist.
    """
    answer, has_more = await rows(
        data_dir, "institutions", "SearchInstitutions", request, field="institutions", limit=limit
    )
    if as_json:
        write_json(answer)
    else:
        print_institutions(console(), answer, has_more=has_more)
    return 0 if answer.institutions else 1


def print_institutions(
    out: Console, answer: pb.SearchInstitutionsResponse, *, has_more: bool
) -> None:
    """Prints the directory."""
    found = table(("机构 institution", "名称 name", "区划 region", "等级 level", "开通 open"), ())
    found.columns[-1].no_wrap = False
    for one in answer.institutions:
        level = codes.INSTITUTION_LEVELS.get(one.hospital_level_code, "")
        found.add_row(
            one.institution_code,
            one.name,
            f"{codes.area_name(one.region_code)} {one.region_code}",
            f"{level} {one.hospital_level_code}",
            _openings(one),
        )
        for suspension in one.suspensions:
            what = codes.MEDICAL_TYPES.get(suspension.medical_type_code, "全部业务 all")
            period = span(suspension.begin_date, suspension.end_date)
            found.add_row("", f"⚠ 暂停 suspended {what} {period}", "", "", suspension.reason)
    out.print(found)
    more = "，还有更多，请用 --limit · more: --limit" if has_more else ""
    out.print(f"{len(answer.institutions)} 家 institutions{more}", style="bold")


def _openings(one: institution_pb2.Institution) -> str:
    names = []
    for opening in one.openings:
        name = codes.MEDICAL_TYPES.get(opening.medical_type_code, "")
        if opening.disease_code:
            name += f"·{diseases.DISEASES.get(opening.disease_code, opening.disease_code)}"
        names.append(f"{name} {iso(opening.begin_date)}")
    shown = names[:_OPENINGS_SHOWN]
    rest = len(names) - len(shown)
    return "；".join(shown) + (f" … 共 {len(names)} 项" if rest > 0 else "")
