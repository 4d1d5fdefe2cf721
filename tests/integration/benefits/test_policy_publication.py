"""A policy is published: in force in every replica without a restart, and kept for ever."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import prometheus_client
import pytest

from services.benefits.app import running
from services.benefits.config import Config
from services.benefits.domain.errors import PolicyRefused
from services.benefits.policies import read_files, read_pack
from services.benefits.policy_servicer import FULL_NAME
from services.kit.channel import open_channel
from services.kit.config import load
from services.kit.db import DatabaseConfig, open_database
from tests.integration.benefits.conftest import make_stay
from tests.support.eventually import eventually
from tests.support.rpc import TIMEOUT_S, refused
from tests.support.sealed import KEYS
from yijie.benefits.v1 import benefits_service_pb2 as pb
from yijie.benefits.v1 import benefits_service_pb2_grpc as pb_grpc
from yijie.benefits.v1 import policy_service_pb2 as policy_pb
from yijie.benefits.v1 import policy_service_pb2_grpc as policy_grpc

pytestmark = pytest.mark.postgres

REGION = "640100"
ELSEWHERE = "640200"
BASE = dict(read_files(Path(__file__).parents[2] / "policy" / "refusals" / "base"))
EMPLOYEE = "employee/inpatient.yaml"
STAY = {"begin": (2026, 5, 1), "end": (2026, 5, 10), "in_scope": 200000}


def pack(region: str = REGION, *, deductible: str = "900.00") -> dict[str, bytes]:
    """The base pack of a region, with a deductible of its own."""
    changes = {
        "index.yaml": (REGION.encode(), region.encode()),
        EMPLOYEE: (b'"3": 900.00', f'"3": {deductible}'.encode()),
    }
    return {
        name: content.replace(*changes[name]) if name in changes else content
        for name, content in BASE.items()
    }


def version_of(files: dict[str, bytes], region: str = REGION) -> str:
    return read_pack(region, files).version


SHIPPED = version_of(pack())


@dataclass
class Replica:
    """One process of the service, as a caller sees it."""

    benefits: Any
    policy: Any

    async def publish(
        self,
        files: dict[str, bytes],
        *,
        region: str = REGION,
        request_id: str = "",
        dry_run: bool = False,
    ) -> Any:
        request = policy_pb.PublishPolicyRequest(
            request_id=request_id or str(uuid4()),
            region_code=region,
            files=[
                policy_pb.PolicyFile(name=name, content=content) for name, content in files.items()
            ],
            dry_run=dry_run,
        )
        return (await self.policy.PublishPolicy(request, timeout=TIMEOUT_S)).version

    async def get(self, version: str) -> Any:
        request = policy_pb.GetPolicyRequest(policy_version=version)
        return await self.policy.GetPolicy(request, timeout=TIMEOUT_S)

    async def list(self, region: str = "", *, size: int = 0, token: str = "") -> Any:
        request = policy_pb.ListPoliciesRequest(
            region_code=region, page_size=size, page_token=token
        )
        return await self.policy.ListPolicies(request, timeout=TIMEOUT_S)

    async def quote(self, region: str = REGION) -> tuple[str, int]:
        """Version and deductible that a stay would have now."""
        case = make_stay(**STAY, insured_region_code=region, care_region_code="110105")
        request = pb.AdjudicateRequest(case=case)
        adjudication = (await self.benefits.Adjudicate(request, timeout=TIMEOUT_S)).adjudication
        return adjudication.policy_version, adjudication.deductible.fen

    async def settle(self) -> tuple[str, str]:
        """Settlement id of a stay that is booked now, and the version it says."""
        case = make_stay(**STAY, insured_region_code=REGION, care_region_code="110105")
        request = pb.CommitRequest(settlement_id=str(uuid4()), case=case)
        answer = await self.benefits.Commit(request, timeout=TIMEOUT_S)
        return request.settlement_id, answer.adjudication.policy_version

    async def settled_by(self, settlement_id: str) -> str:
        request = pb.GetAdjudicationRequest(settlement_id=settlement_id)
        answer = await self.benefits.GetAdjudication(request, timeout=TIMEOUT_S)
        version: str = answer.adjudication.policy_version
        return version


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the release brings: the base pack of one region."""
    write(tmp_path, pack())
    return tmp_path


def write(folder: Path, files: dict[str, bytes], region: str = REGION) -> None:
    for name, content in files.items():
        file = folder / region / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


@contextlib.asynccontextmanager
async def replica(dsn: str, folder: Path, **environment: str) -> Any:
    config = load(
        Config,
        {
            **KEYS,
            "YIJIE_DSN": dsn,
            "YIJIE_DRAIN_GRACE_S": "1",
            "YIJIE_POLICY_FOLDER": str(folder),
            "YIJIE_POLICY_POLL_S": "0.05",
            **environment,
        },
    )
    async with running(config) as server, open_channel(server.address) as channel:
        yield Replica(pb_grpc.BenefitsServiceStub(channel), policy_grpc.PolicyServiceStub(channel))


def shown_versions() -> list[str]:
    """What the metrics say serves the region."""
    (metric,) = [
        metric
        for metric in prometheus_client.REGISTRY.collect()
        if metric.name == "yijie_benefits_policy_info"
    ]
    return [s.labels["version"] for s in metric.samples if s.labels["region"] == REGION]


async def test_a_publication_is_in_force_in_every_replica_without_a_restart(dsn, folder):
    files = pack(deductible="800.00")
    async with replica(dsn, folder) as here, replica(dsn, folder) as there:
        assert await here.quote() == await there.quote() == (SHIPPED, 90000)
        published = await here.publish(files)
        assert published.policy_version == version_of(files) != SHIPPED
        assert (published.region_code, published.in_force, published.shipped) == (
            REGION,
            True,
            False,
        )
        assert published.HasField("publish_time")
        # At once where it was published, soon elsewhere.
        assert await here.quote() == (version_of(files), 80000)

        async def arrived() -> bool:
            return await there.quote() == (version_of(files), 80000)

        await eventually(arrived)
        assert shown_versions() == [version_of(files)]


async def test_a_settlement_says_for_ever_by_which_version(dsn, folder):
    files = pack(deductible="800.00")
    async with replica(dsn, folder) as here:
        before, version = await here.settle()
        assert version == SHIPPED
        await here.publish(files)
        after, version = await here.settle()
        assert version == version_of(files)
        assert await here.settled_by(before) == SHIPPED
        assert await here.settled_by(after) == version_of(files)
        for settlement_id, text in ((before, pack()), (after, files)):
            found = await here.get(await here.settled_by(settlement_id))
            assert {file.name: file.content for file in found.files} == text
        assert not (await here.get(SHIPPED)).version.in_force
        assert (await here.get(SHIPPED)).version.shipped
        assert (await here.get(SHIPPED)).version.HasField("publish_time")
        assert (await here.get(REGION)).version.policy_version == version_of(files)


async def test_a_refused_pack_leaves_the_running_policy(dsn, folder):
    files = pack(deductible="900")
    async with replica(dsn, folder) as here:
        refusal = await refused(here.publish(files))
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "POLICY_REFUSED")
        assert refusal.zh == "待遇政策文件未通过校验，现行政策不变"
        assert refusal.metadata == {
            "file": "640100/employee/inpatient.yaml",
            "line": "21",
            "path": "parameters.deductible.amount.history.2020-01-01.value.3",
            "problem": "900 is not an amount",
            "right": "write yuan with two decimals, e.g. 900.00",
        }
        assert await here.quote() == (SHIPPED, 90000)
        assert [v.policy_version for v in (await here.list()).versions] == [SHIPPED]


async def test_a_refusal_stays_small_whatever_the_pack_quotes(dsn, folder):
    files = {**pack(), EMPLOYEE: BASE[EMPLOYEE] + b"k" * 200_000 + b": 1\n"}
    async with replica(dsn, folder) as here:
        refusal = await refused(here.publish(files))
        assert refusal.reason == "POLICY_REFUSED"
        assert refusal.size < 4096


async def test_a_pack_of_another_region_is_refused(dsn, folder):
    async with replica(dsn, folder) as here:
        refusal = await refused(here.publish(pack(), region=ELSEWHERE))
        assert refusal.metadata["path"] == "area"
        refusal = await refused(here.publish(pack("640900"), region="640900"))
        assert refusal.metadata["problem"] == "640900 is no region"


async def test_a_dry_run_changes_nothing(dsn, folder):
    files = pack(deductible="800.00")
    async with replica(dsn, folder) as here:
        checked = await here.publish(files, dry_run=True)
        assert checked.policy_version == version_of(files)
        assert not checked.in_force
        assert not checked.HasField("publish_time")
        assert await here.quote() == (SHIPPED, 90000)
        refusal = await refused(here.get(version_of(files)))
        assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
        refusal = await refused(here.publish(pack(deductible="9"), dry_run=True))
        assert refusal.reason == "POLICY_REFUSED"


async def test_a_restart_keeps_what_was_published(dsn, folder):
    files = pack(deductible="800.00")
    async with replica(dsn, folder) as here:
        await here.publish(files)
    # A release with another pack does not replace it, but is kept.
    shipped_later = pack(deductible="700.00")
    write(folder, shipped_later)
    async with replica(dsn, folder) as here:
        assert await here.quote() == (version_of(files), 80000)
        assert [v.policy_version for v in (await here.list()).versions] == [
            version_of(files),
            SHIPPED,
        ]
        later = (await here.get(version_of(shipped_later))).version
        assert later.shipped
        assert not later.in_force
        assert not later.HasField("publish_time")
        # Until its text is published.
        await here.publish(shipped_later)
        assert await here.quote() == (version_of(shipped_later), 70000)


async def test_a_release_replaces_what_a_release_brought(dsn, folder):
    async with replica(dsn, folder):
        pass
    later = pack(deductible="700.00")
    write(folder, later)
    async with replica(dsn, folder) as here:
        assert await here.quote() == (version_of(later), 70000)
    async with replica(dsn, folder) as here:
        rows = (await here.list()).versions
        assert [(v.policy_version, v.in_force, v.shipped) for v in rows] == [
            (version_of(later), True, True),
            (SHIPPED, False, True),
        ]


async def test_of_two_publications_at_once_one_holds_everywhere(dsn, folder):
    packs = [pack(deductible=f"{yuan}.00") for yuan in (500, 600)]
    async with replica(dsn, folder) as here, replica(dsn, folder) as there:
        await asyncio.gather(here.publish(packs[0]), there.publish(packs[1]))
        rows = (await here.list(REGION)).versions
        assert {row.policy_version for row in rows[:2]} == {version_of(files) for files in packs}
        assert [row.in_force for row in rows] == [True, False, False]

        async def agreed() -> bool:
            last = rows[0].policy_version
            return (await here.quote())[0] == (await there.quote())[0] == last

        await eventually(agreed)


async def test_the_same_request_is_answered_once(dsn, folder):
    files, request_id = pack(deductible="800.00"), str(uuid4())
    async with replica(dsn, folder) as here, replica(dsn, folder) as there:
        first = await here.publish(files, request_id=request_id)
        await here.publish(pack(deductible="700.00"))
        assert await there.publish(files, request_id=request_id) == first
        assert await here.quote() == (version_of(pack(deductible="700.00")), 70000)
        refusal = await refused(here.publish(pack(), request_id=request_id))
        assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")


async def test_the_text_in_force_published_again_is_no_news(dsn, folder):
    files = pack(deductible="800.00")
    async with replica(dsn, folder) as here:
        first = await here.publish(files)
        assert await here.publish(files) == first
        # What only the release brought is news: it holds through the next release then.
        await here.publish(pack())
        assert [v.policy_version for v in (await here.list()).versions] == [
            SHIPPED,
            version_of(files),
            SHIPPED,
        ]


async def test_a_region_without_shipped_pack_can_be_published(dsn, folder):
    files = pack(ELSEWHERE)
    async with replica(dsn, folder) as here, replica(dsn, folder) as there:
        refusal = await refused(here.quote(ELSEWHERE))
        assert (refusal.reason, refusal.metadata["missing"]) == ("POLICY_NOT_COVERED", "region")
        await here.publish(files, region=ELSEWHERE)
        version = version_of(files, ELSEWHERE)
        assert await here.quote(ELSEWHERE) == (version, 90000)
        assert await here.quote() == (SHIPPED, 90000)

        async def arrived() -> bool:
            with contextlib.suppress(grpc.aio.AioRpcError):
                return await there.quote(ELSEWHERE) == (version, 90000)
            return False

        await eventually(arrived)
    only = {"YIJIE_POLICY_REGIONS": ELSEWHERE}
    async with replica(dsn, folder, **only) as here:
        assert await here.quote(ELSEWHERE) == (version, 90000)


async def test_a_release_serves_its_regions_only(dsn, folder):
    only = {"YIJIE_POLICY_REGIONS": REGION}
    async with replica(dsn, folder) as everywhere, replica(dsn, folder, **only) as here:
        refusal = await refused(here.publish(pack(ELSEWHERE), region=ELSEWHERE))
        assert refusal.metadata["problem"] == "is not a region of this service"
        published = await everywhere.publish(pack(ELSEWHERE), region=ELSEWHERE)
        await everywhere.publish(pack(deductible="800.00"))

        async def arrived() -> bool:
            return (await here.quote())[1] == 80000

        await eventually(arrived)
        refusal = await refused(here.quote(ELSEWHERE))
        assert refusal.reason == "POLICY_NOT_COVERED"
        # The text is in the common database all the same.
        assert (await here.get(published.policy_version)).version == published


async def test_a_region_without_any_pack_is_not_served(dsn, folder):
    with pytest.raises(PolicyRefused, match=r"640200: .*has no pack"):
        async with replica(dsn, folder, YIJIE_POLICY_REGIONS=f"{REGION},{ELSEWHERE}"):
            pytest.fail("served")


async def test_pages_are_newest_first(dsn, folder):
    packs = [pack(deductible=f"{yuan}.00") for yuan in (500, 600, 700)]
    async with replica(dsn, folder) as here:
        for files in packs:
            await here.publish(files)
        await here.publish(pack(ELSEWHERE), region=ELSEWHERE)
        found, token = [], ""
        while True:
            page = await here.list(REGION, size=3, token=token)
            found += [version.policy_version for version in page.versions]
            token = page.next_page_token
            if not token:
                break
        assert found == [*[version_of(files) for files in packs[::-1]], SHIPPED]
        refusal = await refused(here.list(ELSEWHERE, token="nonsense"))
        assert refusal.reason == "PAGE_TOKEN_INVALID"


async def test_worked_examples_are_not_published(dsn, folder):
    files = {**pack(deductible="800.00"), "examples.yaml": b"- name: nothing\n"}
    async with replica(dsn, folder) as here:
        version = (await here.publish(files)).policy_version
        assert version == version_of(pack(deductible="800.00"))
        names = [file.name for file in (await here.get(version)).files]
        assert names == sorted(BASE)


async def test_a_file_that_is_sent_twice_is_refused(dsn, folder):
    async with replica(dsn, folder) as here:
        file = policy_pb.PolicyFile(name="index.yaml", content=b"a: 1\n")
        request = policy_pb.PublishPolicyRequest(
            request_id=str(uuid4()), region_code=REGION, files=[file, file]
        )
        refusal = await refused(here.policy.PublishPolicy(request, timeout=TIMEOUT_S))
        assert (refusal.reason, refusal.metadata["problem"]) == ("POLICY_REFUSED", "stands twice")


async def test_a_text_that_this_release_cannot_read_changes_nothing(dsn, folder):
    """A newer release published what this one does not know."""
    unknown = pack(deductible="unlimited")
    version = f"{REGION}@2027.01-0123456789ab"
    async with replica(dsn, folder) as here:
        async with open_database(DatabaseConfig(dsn=dsn), "benefits") as database:
            from services.benefits import policy_store

            async def publish(connection: Any) -> None:
                await policy_store.add_versions(connection, {version: unknown}, shipped=False)
                await policy_store.publish(connection, version)

            await database.run("publish", publish)
        good = pack(ELSEWHERE)
        await here.publish(good, region=ELSEWHERE)
        assert await here.quote() == (SHIPPED, 90000)
        assert await here.quote(ELSEWHERE) == (version_of(good, ELSEWHERE), 90000)
    # And at a start it is said, rather than passed over.
    with pytest.raises(PolicyRefused, match="`unlimited` is no amount here"):
        async with replica(dsn, folder):
            pytest.fail("served")


async def test_what_was_in_force_cannot_be_changed(dsn, folder):
    async with replica(dsn, folder):
        pass
    async with open_database(DatabaseConfig(dsn=dsn), "benefits") as database:
        for statement in (
            "/* test.change */ UPDATE policy_version SET shipped = false",
            "/* test.change */ DELETE FROM policy_publication",
        ):
            with pytest.raises(Exception, match="append-only"):
                await database.execute(statement)


async def test_the_service_says_that_it_serves(dsn, folder):
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    config = load(Config, {**KEYS, "YIJIE_DSN": dsn, "YIJIE_POLICY_FOLDER": str(folder)})
    async with running(config) as server, open_channel(server.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        answer = await health.Check(health_pb2.HealthCheckRequest(service=FULL_NAME), timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
