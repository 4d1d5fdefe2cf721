"""`yijie catalogue`: versions of catalogues, what differs between them, and how codes map."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from rich.console import Console

from services.cli.advice.questions import table
from services.cli.registry.asking import ask, iso, rows, write_json
from services.cli.screen import console
from services.kit.clock import SHANGHAI
from services.kit.money import format_yuan
from yijie.catalogue.v1 import catalogue_service_pb2 as pb
from yijie.catalogue.v1 import mapping_service_pb2 as mapping_pb

_KINDS: Final = {
    pb.DIFFERENCE_KIND_ONLY_HERE: "仅前者 only in the one",
    pb.DIFFERENCE_KIND_ONLY_THERE: "仅后者 only in the other",
    pb.DIFFERENCE_KIND_CONFLICT: "不一致 differs",
}
_RESOLVED: Final = {
    mapping_pb.RESOLVE_STATE_NOT_LISTED: "国家码不在目录 not listed",
    mapping_pb.RESOLVE_STATE_NO_REGION_CODE: "机构未对照 no region code",
    mapping_pb.RESOLVE_STATE_NO_NATIONAL_CODE: "地区未对照 no national code",
    mapping_pb.RESOLVE_STATE_UNKNOWN: "未上报 unknown",
}
_LIST_TYPES: Final = {
    "": "合计 all",
    "101": "西药 western drugs",
    "102": "中成药 patent drugs",
    "103": "中药饮片 herbs",
    "201": "服务项目 services",
    "301": "耗材 consumables",
}


async def versions(data_dir: Path, region: str, *, limit: int, as_json: bool) -> int:
    """Prints the published versions of a region; returns 0 if there is one.

    Raises:
        MeshError, DomainError: no mesh runs there, or it refused.
    """
    request = pb.ListVersionsRequest(region_code=region)
    answer, has_more = await rows(
        data_dir, "catalogue", "ListVersions", request, field="versions", limit=limit
    )
    if as_json:
        write_json(answer)
        return 0 if answer.versions else 1
    found = table(("版本 version", "发布 published", "基于 base", "生效 from"), ("条数 entries",))
    for one in answer.versions:
        found.add_row(
            one.version,
            _local(one.publish_time) if one.HasField("publish_time") else "",
            one.base_version,
            iso(one.effective_date),
            f"{one.item_count:,}",
        )
    out = console()
    out.print(found)
    _more(out, has_more=has_more)
    return 0 if answer.versions else 1


async def compare(
    data_dir: Path, request: pb.CompareVersionsRequest, *, limit: int, as_json: bool
) -> int:
    """Prints what differs between two versions or regions; returns 0 if nothing does.

    Raises:
        MeshError, DomainError: no mesh runs there, or it refused.
    """
    answer, has_more = await rows(
        data_dir, "catalogue", "CompareVersions", request, field="differences", limit=limit
    )
    if as_json:
        write_json(answer)
    else:
        print_differences(console(), answer, has_more=has_more)
    return 1 if answer.differences else 0


def print_differences(out: Console, answer: pb.CompareVersionsResponse, *, has_more: bool) -> None:
    """Prints counts, and the items that differ with the fields that do."""
    summary = answer.summary
    out.print(
        f"仅前者 only in the one {summary.only_here_count:,} · 仅后者 only in the other"
        f" {summary.only_there_count:,} · 不一致 differ {summary.conflict_count:,} · 一致 same"
        f" {summary.same_count:,}",
        style="bold",
    )
    found = table(("项目 item", "名称 name", "差异 difference", "字段 fields"), ())
    for one in answer.differences:
        item = (one.items or one.other_items)[0]
        found.add_row(
            one.item_code, item.name, _KINDS.get(one.kind, ""), ", ".join(one.changed_fields)
        )
    if answer.differences:
        out.print(found)
    _more(out, has_more=has_more)


async def republish(
    data_dir: Path, region: str, from_version: str, version: str, *, as_json: bool
) -> int:
    """Publishes an earlier version again under a new label; returns 0.

    Raises:
        MeshError, DomainError: no mesh runs there, or it refused.
    """
    request = pb.RepublishVersionRequest(
        request_id=str(uuid4()), region_code=region, from_version=from_version, version=version
    )
    answer = await ask(data_dir, "catalogue", "RepublishVersion", request)
    if as_json:
        write_json(answer)
    else:
        console().print(
            f"✓ 已发布 {region}@{answer.version.version}，内容同 {from_version} · published, as"
            f" {from_version}: {answer.version.item_count:,} entries",
            style="bold green",
        )
    return 0


async def coverage(data_dir: Path, request: Any, *, as_json: bool) -> int:
    """Prints how much of an institution's items resolves, by count and money; returns 0.

    Raises:
        MeshError, DomainError: no mesh runs there, or it refused.
    """
    answer = await ask(data_dir, "mapping", "GetCoverage", request)
    if as_json:
        write_json(answer)
        return 0
    found = table(
        ("目录 list",),
        ("项目 items", "已对照 mapped", "%", "金额 yuan", "已对照 mapped", "%"),
    )
    for one in (answer.total, *answer.by_list_type):
        found.add_row(
            _LIST_TYPES.get(one.list_type_code, one.list_type_code),
            f"{one.item_count:,}",
            f"{one.resolved_count:,}",
            _percent(one.resolved_count, one.item_count),
            format_yuan(one.amount.fen),
            format_yuan(one.resolved_amount.fen),
            _percent(one.resolved_amount.fen, one.amount.fen),
        )
    out = console()
    out.print(f"{request.institution_code} · {answer.mapping_version}", style="bold")
    out.print(found)
    return 0


async def unmapped(data_dir: Path, request: Any, *, limit: int, as_json: bool) -> int:
    """Prints items that do not resolve, most money first; returns 0 if there is none.

    Raises:
        MeshError, DomainError: no mesh runs there, or it refused.
    """
    answer, has_more = await rows(
        data_dir, "mapping", "ListUnmappedItems", request, field="items", limit=limit
    )
    if as_json:
        write_json(answer)
        return 1 if answer.items else 0
    found = table(
        ("编码 code", "名称 name", "规格 specification", "原因 why"), ("年金额 yuan a year",)
    )
    for one in answer.items:
        entry = one.entry
        found.add_row(
            entry.source_code,
            entry.source_name,
            entry.specification,
            _RESOLVED.get(one.state, ""),
            format_yuan(entry.period_amount.fen),
        )
    out = console()
    if answer.items:
        out.print(found)
    else:
        out.print("全部已对照 everything is mapped", style="bold green")
    _more(out, has_more=has_more)
    return 1 if answer.items else 0


async def suggest(data_dir: Path, request: Any, *, as_json: bool) -> int:
    """Prints codes that an item may map to, best first; returns 0 if there is one.

    Raises:
        MeshError, DomainError: no mesh runs there, or it refused.
    """
    answer = await ask(data_dir, "mapping", "SuggestCodes", request)
    if as_json:
        write_json(answer)
        return 0 if answer.suggestions else 1
    found = table(("目标编码 target", "名称 name", "规格 specification"), ("相似度 likeness",))
    for one in answer.suggestions:
        found.add_row(one.target_code, one.name, one.specification, str(one.score))
    out = console()
    out.print(found)
    out.print("由经办人员确认后才生效 · an officer confirms", style="dim")
    return 0 if answer.suggestions else 1


def _local(time: Any) -> str:
    return f"{time.ToDatetime(tzinfo=SHANGHAI):%Y-%m-%d %H:%M}"


def _percent(part: int, whole: int) -> str:
    return f"{part * 100 // whole}" if whole else "–"


def _more(out: Console, *, has_more: bool) -> None:
    if has_more:
        out.print("  还有更多 · there are more: --limit", style="dim")
