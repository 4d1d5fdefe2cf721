"""Goal: `yijie estimate`, `gap` and `eligible` ask what was typed and show what is answered.

Method: the commands as they run, against a settlement service that stands in a mesh's file.
"""

from __future__ import annotations

import orjson
import pytest

from services.cli.advice.eligible import eligible
from services.cli.advice.estimate import estimate
from services.cli.advice.gap import compare, summarize
from services.cli.mesh import ENDPOINTS
from services.kit.errors import Absent, InvalidArgument
from tests.integration.settlement.advice import advising_served, eligible_request, estimate_request
from tests.integration.settlement.world import ident
from yijie.settlement.v1 import advice_service_pb2 as pb

pytestmark = pytest.mark.postgres

SERVICES = (
    "identity", "filing", "catalogue", "benefits", "settlement", "clearing", "supervision",
)  # fmt: skip


@pytest.fixture
async def callees():
    async with advising_served() as opened:
        yield opened


@pytest.fixture
def mesh(world, tmp_path):
    """A data directory in which every service is the one under test."""
    port = int(world.address.rpartition(":")[2])
    document = {name: {"port": port, "metrics_port": 0} for name in SERVICES}
    (tmp_path / ENDPOINTS).write_bytes(orjson.dumps(document))
    return tmp_path


def said_json(capsysbinary):
    return orjson.loads(capsysbinary.readouterr().out)


async def test_estimate(mesh, capsysbinary):
    assert await estimate(mesh, estimate_request(), as_json=True) == 0
    document = said_json(capsysbinary)
    assert [one["benefit_level"] for one in document["estimates"]] == [
        f"BENEFIT_LEVEL_{name}"
        for name in ("LONG_TERM", "REFERRAL", "EMERGENCY", "TEMPORARY", "UNFILED")
    ]
    assert document["estimates"][0]["adjudication"]["patient_total"]["fen"] == "40500"
    assert await estimate(mesh, estimate_request(), as_json=False) == 0
    assert "405.00" in capsysbinary.readouterr().out.decode()
    with pytest.raises(InvalidArgument, match="division"):
        await estimate(mesh, estimate_request(care_region_code="190000"), as_json=False)


async def test_gap(world, mesh, capsysbinary):
    settlement_id = (await world.settle()).settlement.settlement_id
    assert await compare(settlement_id, mesh, as_json=True) == 0
    assert said_json(capsysbinary)["patient_gap"]["fen"] == "-5636"
    assert await compare(settlement_id, mesh, as_json=False) == 0
    assert "-56.36" in capsysbinary.readouterr().out.decode()
    with pytest.raises(Absent):
        await compare(ident(), mesh, as_json=False)


async def test_gap_statistics(world, mesh, capsysbinary):
    await world.settle()
    request = pb.SummarizeCatalogueGapsRequest(insured_region_code="650000")
    assert await summarize(mesh, request, as_json=True) == 0
    (pair,) = said_json(capsysbinary)["pairs"]
    assert (pair["settlement_count"], pair["better_count"]) == (1, 1)
    assert await summarize(mesh, request, as_json=False) == 0
    assert "新疆" in capsysbinary.readouterr().out.decode()


async def test_eligible(callees, mesh, capsysbinary):
    assert await eligible(mesh, eligible_request(), as_json=True) == 1
    document = said_json(capsysbinary)
    assert document["eligible"] is False
    assert document["checks"][3]["responsible"] == "RESPONSIBLE_PARTY_CARE_AGENCY"
    callees.identity.opened.add("14")
    assert await eligible(mesh, eligible_request(), as_json=False) == 0
    assert "nothing stands in the way" in capsysbinary.readouterr().out.decode()
