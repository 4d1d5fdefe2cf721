"""Goal: answers of the registries can be read in both languages, pages are put together, and the
exit code says whether there was what was asked for."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import orjson
import pytest
from google.type.date_pb2 import Date
from typer.testing import CliRunner

from services.cli.commands import app
from services.cli.mesh import ENDPOINTS
from services.cli.registry import catalogue, filings, institutions
from services.cli.topology import SERVICES
from services.kit.wire import write_money
from yijie.catalogue.v1 import (
    catalogue_service_pb2,
    catalogue_service_pb2_grpc,
    mapping_service_pb2,
    mapping_service_pb2_grpc,
)
from yijie.filing.v1 import filing_pb2, filing_service_pb2, filing_service_pb2_grpc
from yijie.identity.v1 import (
    institution_pb2,
    institution_service_pb2,
    institution_service_pb2_grpc,
)

DAY = Date(year=2026, month=7, day=1)


class Directory(institution_service_pb2_grpc.InstitutionServiceServicer):
    """Has seven institutions, three to a page."""

    async def SearchInstitutions(self, request, context):
        first = int(request.page_token or 0)
        answer = institution_service_pb2.SearchInstitutionsResponse()
        if request.region_code == "650000":
            return answer
        for number in range(first, min(first + 3, 7)):
            answer.institutions.add(
                institution_code=f"H6401049{number:04d}",
                name=f"示例医院{number}",
                region_code="640104",
                hospital_level_code="02",
                openings=[
                    institution_pb2.Opening(medical_type_code="21", begin_date=DAY),
                    institution_pb2.Opening(
                        medical_type_code="14", disease_code="M03900", begin_date=DAY
                    ),
                ],
                suspensions=[institution_pb2.Suspension(begin_date=DAY, reason="整改（示例）")],
            )
        answer.next_page_token = str(first + 3) if first + 3 < 7 else ""
        return answer


class Filings(filing_service_pb2_grpc.FilingServiceServicer):
    async def WhatIfFiling(self, request, context):
        assert request.service_date == DAY
        answer = filing_service_pb2.WhatIfFilingResponse(
            benefit_level=filing_service_pb2.BENEFIT_LEVEL_UNFILED,
            explanation_zh="未备案（第七条）。",
            explanation_en="Not filed (Art. 7).",
            two_way_benefit=filing_service_pb2.TWO_WAY_BENEFIT_AFTER_DOCUMENTS,
        )
        answer.effects.add(
            filing=filing_pb2.Filing(
                type=filing_pb2.FILING_TYPE_REFERRAL,
                target_region_code="310000",
                state=filing_pb2.FILING_STATE_LIVE,
                begin_date=DAY,
            ),
            explanation_zh="备案地不符。",
            explanation_en="Another place.",
        )
        answer.options.add(
            type=filing_pb2.FILING_TYPE_TEMPORARY,
            benefit_level=filing_service_pb2.BENEFIT_LEVEL_TEMPORARY,
            explanation_zh="可备案。",
            explanation_en="May be filed.",
        )
        if request.emergency:
            answer.benefit_level = filing_service_pb2.BENEFIT_LEVEL_EMERGENCY
        return answer


class Catalogue(catalogue_service_pb2_grpc.CatalogueServiceServicer):
    async def ListVersions(self, request, context):
        answer = catalogue_service_pb2.ListVersionsResponse()
        if request.region_code == "640000":
            version = answer.versions.add(
                version="v2", item_count=200_000, base_version="v1", effective_date=DAY
            )
            version.publish_time.seconds = 1_790_000_000
        return answer

    async def CompareVersions(self, request, context):
        answer = catalogue_service_pb2.CompareVersionsResponse()
        answer.summary.same_count = 12_345
        if request.other_version == request.version and request.version:
            return answer
        answer.summary.conflict_count = 1
        difference = answer.differences.add(
            item_code="XA02",
            kind=catalogue_service_pb2.DIFFERENCE_KIND_CONFLICT,
            changed_fields=["catalogue_class"],
        )
        difference.items.add(name="某药")
        return answer

    async def RepublishVersion(self, request, context):
        answer = catalogue_service_pb2.RepublishVersionResponse()
        answer.version.version = request.version
        answer.version.item_count = 9
        return answer


class Mapping(mapping_service_pb2_grpc.MappingServiceServicer):
    async def GetCoverage(self, request, context):
        answer = mapping_service_pb2.GetCoverageResponse(mapping_version="a/b")
        for coverage, kind in ((answer.total, ""), (answer.by_list_type.add(), "101")):
            coverage.list_type_code = kind
            coverage.item_count, coverage.resolved_count = 4, 3
            coverage.amount.CopyFrom(write_money(100_000))
            coverage.resolved_amount.CopyFrom(write_money(90_000))
        return answer

    async def ListUnmappedItems(self, request, context):
        answer = mapping_service_pb2.ListUnmappedItemsResponse()
        if request.institution_code.endswith("1"):
            item = answer.items.add(state=mapping_service_pb2.RESOLVE_STATE_NO_REGION_CODE)
            item.entry.source_code, item.entry.source_name = "Y1", "某项目"
            item.entry.period_amount.fen = 1_234_500
        return answer

    async def SuggestCodes(self, request, context):
        answer = mapping_service_pb2.SuggestCodesResponse()
        if request.source_code == "Y1":
            answer.suggestions.add(target_code="R1", name="某项目", score=97)
        return answer


@contextlib.asynccontextmanager
async def serving(data_dir: Path) -> AsyncIterator[None]:
    server = grpc.aio.server()
    institution_service_pb2_grpc.add_InstitutionServiceServicer_to_server(Directory(), server)
    filing_service_pb2_grpc.add_FilingServiceServicer_to_server(Filings(), server)
    catalogue_service_pb2_grpc.add_CatalogueServiceServicer_to_server(Catalogue(), server)
    mapping_service_pb2_grpc.add_MappingServiceServicer_to_server(Mapping(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    document = {name: {"port": port, "metrics_port": 1} for name in SERVICES}
    (data_dir / ENDPOINTS).write_bytes(orjson.dumps(document))
    yield
    await server.stop(grace=None)


@pytest.fixture
async def hub(tmp_path):
    async with serving(tmp_path):
        yield tmp_path


@pytest.mark.parametrize(("limit", "count", "more"), [(2, 2, True), (5, 5, True), (50, 7, False)])
async def test_pages_of_the_directory_are_put_together(hub, capsys, limit, count, more):
    request = institution_service_pb2.SearchInstitutionsRequest()
    assert await institutions.search(hub, request, limit=limit, as_json=False) == 0
    out = capsys.readouterr().out
    assert f"{count} 家 institutions" in out
    assert ("--limit" in out) is more
    for text in ("兴庆区 640104", "三级甲等 02", "普通住院 2026-07-01", "高血压", "整改"):
        assert text in out


async def test_nobody_is_found(hub, capsys):
    request = institution_service_pb2.SearchInstitutionsRequest(region_code="650000")
    assert await institutions.search(hub, request, limit=5, as_json=True) == 1
    assert orjson.loads(capsys.readouterr().out)["institutions"] == []


async def test_what_filings_mean(hub, capsys):
    request = filing_service_pb2.WhatIfFilingRequest(
        insured_region_code="640100", care_region_code="110000", service_date=DAY
    )
    assert await filings.what_if(hub, request, as_json=False) == 1
    out = capsys.readouterr().out
    for text in (
        "2026-07-01 · 未备案 unfiled",
        "Not filed (Art. 7).",
        "异地转诊 referral",
        "上海市 310000",
        "备案地不符。 · Another place.",
        "补齐证明材料",
        "可办理 could be filed: 其他临时外出 temporary → 临时外出 temporary",
    ):
        assert text in out
    request.emergency = True
    assert await filings.what_if(hub, request, as_json=True) == 0
    document = orjson.loads(capsys.readouterr().out)
    assert document["benefit_level"] == "BENEFIT_LEVEL_EMERGENCY"


async def test_versions(hub, capsys):
    assert await catalogue.versions(hub, "640000", limit=5, as_json=False) == 0
    out = capsys.readouterr().out
    for text in ("v2", "v1", "2026-07-01", "200,000", "2026-09-2"):
        assert text in out
    assert await catalogue.versions(hub, "650000", limit=5, as_json=True) == 1


async def test_differences(hub, capsys):
    request = catalogue_service_pb2.CompareVersionsRequest(
        region_code="640000", other_region_code="110000"
    )
    assert await catalogue.compare(hub, request, limit=5, as_json=False) == 1
    out = capsys.readouterr().out
    for text in ("一致 same 12,345", "XA02", "某药", "不一致 differs", "catalogue_class"):
        assert text in out
    request.version = request.other_version = "v1"
    assert await catalogue.compare(hub, request, limit=5, as_json=False) == 0


async def test_back_to_an_earlier_version(hub, capsys):
    assert await catalogue.republish(hub, "640000", "v1", "v3", as_json=False) == 0
    assert "640000@v3" in capsys.readouterr().out


async def test_coverage_unmapped_and_suggestions(hub, capsys):
    one = "H64010490001"
    request = mapping_service_pb2.GetCoverageRequest(institution_code=one)
    assert await catalogue.coverage(hub, request, as_json=False) == 0
    out = capsys.readouterr().out
    for text in ("a/b", "西药", "75", "1,000.00", "90"):
        assert text in out
    request = mapping_service_pb2.ListUnmappedItemsRequest(institution_code=one)
    assert await catalogue.unmapped(hub, request, limit=5, as_json=False) == 1
    assert "12,345.00" in capsys.readouterr().out
    request.institution_code = "H64010490002"
    assert await catalogue.unmapped(hub, request, limit=5, as_json=False) == 0
    request = mapping_service_pb2.SuggestCodesRequest(institution_code=one, source_code="Y1")
    assert await catalogue.suggest(hub, request, as_json=False) == 0
    assert "97" in capsys.readouterr().out
    request.source_code = "Y2"
    assert await catalogue.suggest(hub, request, as_json=False) == 1


PERSON = "0190a5c0-0000-7000-8000-000000000001"
QUESTIONS = [
    ["institutions", "search", "--business", "21"],
    ["filings", "what-if", PERSON, "--insured", "640100", "--care", "110000"],
    ["catalogue", "versions", "640000"],
    ["catalogue", "diff", "640000", "v1"],
    ["catalogue", "compare", "640000", "110000"],
    ["catalogue", "republish", "640000", "v1", "v2"],
    ["catalogue", "coverage", "H64010490001"],
    ["catalogue", "unmapped", "H64010490001"],
    ["catalogue", "suggest", "H64010490001", "Y1"],
]


@pytest.mark.parametrize("arguments", QUESTIONS, ids=lambda arguments: " ".join(arguments[:2]))
def test_without_a_mesh_a_line_says_so(arguments, tmp_path):
    ran = CliRunner().invoke(app, [*arguments, "--data-dir", str(tmp_path)])
    assert ran.exit_code == 1
    assert "no mesh runs" in ran.output


def test_a_date_that_is_none(tmp_path):
    for arguments in (QUESTIONS[0], QUESTIONS[1], QUESTIONS[4], QUESTIONS[6]):
        ran = CliRunner().invoke(app, [*arguments, "--date", "tomorrow"])
        assert ran.exit_code == 2
        assert "YYYY-MM-DD" in ran.output
