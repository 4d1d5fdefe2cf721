"""Goal: institutions are heard in time, documents are what they say, samples stand for the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest

from services.kit import wire
from services.kit.db import Database
from services.supervision.domain.case_sample import draw
from tests.integration.supervision.cases_world import (
    ANSWER,
    CARE,
    FINAL,
    FIRST,
    MARCH,
    PDF,
    SECOND,
    TIMEOUT_S,
    World,
    cases_world,
    doubt,
    pb2,
    service_pb2,
)
from tests.support.rpc import read_refusal, read_status, refused
from yijie.common.v1 import money_pb2
from yijie.supervision.v1 import finding_pb2

pytestmark = pytest.mark.postgres


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with cases_world(database) as made:
        yield made


async def upload_refused(world: World, case: Any, content: bytes = PDF, **changes: Any) -> Any:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await world.upload(case, content, **changes)
    return read_refusal(caught.value)


# --- the institution ----------------------------------------------------------------------------


async def test_an_opinion_is_numbered_dated_and_printed(world: World) -> None:
    for number in (1, 2):
        await world.settle(number)
        await world.reach(number, ANSWER)
    first, second = await world.case_of(1), await world.case_of(2)
    assert first.opinion.number == "YJ110000-2026-000001"
    assert second.opinion.number == "YJ110000-2026-000002"
    # Ten working days after Monday the 16th.
    assert wire.read_date(first.opinion.answer_last_date, "").isoformat() == "2026-03-30"
    request = service_pb2.GetOpinionRequest(case_id=first.case_id)
    found = await world.cases.GetOpinion(request, timeout=TIMEOUT_S)
    assert found.pdf.startswith(b"%PDF-")
    assert found.opinion == first.opinion
    again = await world.cases.GetOpinion(request, timeout=TIMEOUT_S)
    assert again.pdf == found.pdf
    raw = await world.database.fetch("/* test.opinions */ SELECT content FROM opinion")
    assert all("诊察费".encode() not in row["content"] for row in raw)


async def test_an_opinion_that_was_not_issued_is_not_there(world: World) -> None:
    await world.settle(1)
    case = await world.case_of(1)
    call = world.cases.GetOpinion(
        service_pb2.GetOpinionRequest(case_id=case.case_id), timeout=TIMEOUT_S
    )
    assert (await refused(call)).code == "NOT_FOUND"


async def test_feedback_is_taken_on_the_last_day_and_refused_after_it(world: World) -> None:
    for number in (1, 2):
        await world.settle(number)
        await world.decide(await world.case_of(number), FIRST)
        await world.decide(await world.case_of(number), SECOND)
    world.clock.instant = MARCH.replace(day=30, hour=15, minute=59)
    await world.loop.once()
    await world.answer(await world.case_of(1))
    world.clock.advance(minutes=1)
    late = await world.case_of(2)
    refusal = await refused(world.answer(late))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "FEEDBACK_TOO_LATE")
    assert refusal.metadata["lastDate"] == "2026-03-30"
    await world.loop.once()
    assert await world.state(2) == "ANSWER_OVERDUE"
    assert (await refused(world.answer(late))).reason == "FEEDBACK_TOO_LATE"
    assert (await upload_refused(world, late)).reason == "FEEDBACK_TOO_LATE"
    # Silence is weighed as an answer is.
    await world.decide(await world.case_of(2), ANSWER)
    assert await world.state(2) == "FINAL_REVIEW"


async def test_an_answer_is_given_once_by_the_institution(world: World) -> None:
    await world.settle(1)
    case = await world.case_of(1)
    assert (await refused(world.answer(case))).reason == "CASE_STATE_FORBIDS"
    await world.decide(case, FIRST)
    await world.decide(await world.case_of(1), SECOND)
    other = world.answer(case, institution_code="H11010500002")
    assert (await refused(other)).reason == "FIELD_INVALID"
    number = world.answer(case, text="联系电话 13800138000")
    assert (await refused(number)).reason == "FIELD_INVALID"
    await world.answer(case)
    assert (await refused(world.answer(case))).reason == "CASE_STATE_FORBIDS"


# --- documents ----------------------------------------------------------------------------------


async def test_documents_are_kept_sealed_and_given_back(world: World) -> None:
    await world.settle(1)
    await world.decide(await world.case_of(1), FIRST)
    await world.decide(await world.case_of(1), SECOND)
    case = await world.case_of(1)
    content = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10_000
    request_id = str(uuid4())
    may_come, kept = await world.upload(case, content, request_id=request_id)
    assert not may_come.HasField("document")
    assert kept.document.type == pb2.DOCUMENT_TYPE_PNG
    assert kept.document.size_bytes == len(content)
    assert (await world.upload(case, content, request_id=request_id))[1] == kept
    other = await upload_refused(world, case, content[:-1] + b"x", request_id=request_id)
    assert other.reason == "REQUEST_ID_REUSED"
    assert (await world.case_of(1)).documents == [kept.document]
    request = service_pb2.DownloadDocumentRequest(document_id=kept.document.document_id)
    parts = [one async for one in world.cases.DownloadDocument(request, timeout=TIMEOUT_S)]
    assert b"".join(one.chunk for one in parts) == content
    (row,) = await world.database.fetch("/* test.documents */ SELECT content FROM case_document")
    assert content[100:200] not in row["content"]


async def test_bad_documents_are_refused_and_nothing_is_kept(world: World) -> None:
    await world.settle(1)
    await world.decide(await world.case_of(1), FIRST)
    await world.decide(await world.case_of(1), SECOND)
    case = await world.case_of(1)
    huge = await upload_refused(world, case, b"", size=1 << 30)
    assert (huge.code, huge.reason) == ("INVALID_ARGUMENT", "DOCUMENT_TOO_LARGE")
    assert huge.metadata["bytes"] == "1073741824"
    assert (await upload_refused(world, case, b"MZ" + PDF)).reason == "DOCUMENT_TYPE_REFUSED"
    short = await upload_refused(world, case, PDF, size=len(PDF) + 1)
    assert short.reason == "DOCUMENT_INCOMPLETE"
    long = await upload_refused(world, case, PDF, size=len(PDF) - 1)
    assert long.reason == "DOCUMENT_INCOMPLETE"
    assert (await upload_refused(world, case, b"", size=0)).reason == "FIELD_INVALID"
    other = await upload_refused(world, case, region_code="640000")
    assert other.reason == "CASE_OF_ANOTHER_PROVINCE"
    for _ in range(20):
        await world.upload(case)
    assert (await upload_refused(world, case)).reason == "TOO_MANY_DOCUMENTS"
    assert len((await world.case_of(1)).documents) == 20


# --- samples and batches ------------------------------------------------------------------------


async def draw_sample(world: World, **changes: Any) -> Any:
    values = {
        "request_id": str(uuid4()),
        "region_code": CARE,
        "rule_code": "ITEM_DUPLICATE",
        "seed": "2026-03",
        "officer_id": "wang.1",
    }
    request = service_pb2.DrawSampleRequest(**{**values, **changes})
    return (await world.cases.DrawSample(request, timeout=TIMEOUT_S)).sample


def confirm_sample(world: World, sample: Any, **changes: Any) -> Any:
    values = {
        "request_id": str(uuid4()),
        "sample_id": sample.sample_id,
        "region_code": CARE,
        "officer_id": "wang.1",
    }
    request = service_pb2.ConfirmSampleRequest(**{**values, **changes})
    return world.cases.ConfirmSample(request, timeout=TIMEOUT_S)


async def test_a_sample_is_drawn_again_from_its_seed_and_confirms_the_rest(world: World) -> None:
    suspicious = finding_pb2.RESULT_CLASS_SUSPICIOUS
    for number in range(1, 13):
        await world.settle(number, take=False)
    await world.settle(13, doubt(found=suspicious), take=False)
    await world.settle(14, doubt("OTHER"), take=False)
    await world.loop.take_findings()
    sample = await draw_sample(world)
    population = [
        UUID(one.case_id)
        for one in await world.list()
        if list(one.rule_codes) == ["ITEM_DUPLICATE"]
        and one.result_class == finding_pb2.RESULT_CLASS_VIOLATION
    ]
    assert (sample.population, len(population)) == (12, 12)
    key = UUID(sample.sample_id)
    assert [UUID(one) for one in sample.case_ids] == draw("2026-03", key, population, 5)
    assert len(await world.list(drawn_only=True)) == 5
    refusal = await refused(confirm_sample(world, sample))
    assert (refusal.reason, refusal.metadata["open"]) == ("SAMPLE_OPEN", "5")
    for one in sample.case_ids:
        await world.decide(await world.get(one), FIRST)
    answer = await confirm_sample(world, sample)
    assert answer.confirmed == 7
    assert (await confirm_sample(world, sample)).confirmed == 0
    second = await world.list(state=pb2.CASE_STATE_SECOND_REVIEW)
    assert len(second) == 12
    unseen = next(one for one in second if one.case_id not in set(sample.case_ids))
    (_, change) = (await world.get(unseen.case_id)).changes
    assert (change.sample_id, change.officer_id) == (sample.sample_id, "wang.1")
    with pytest.raises(AssertionError):
        await refused(confirm_sample(world, sample))
    again = world.cases.DrawSample(
        service_pb2.DrawSampleRequest(
            request_id=str(uuid4()),
            region_code=CARE,
            rule_code="ITEM_DUPLICATE",
            seed="x",
            officer_id="wang.1",
        ),
        timeout=TIMEOUT_S,
    )
    assert (await refused(again)).reason == "SAMPLE_EMPTY"


async def test_a_sample_of_which_too_much_is_dismissed_confirms_nothing(world: World) -> None:
    for number in range(1, 9):
        await world.settle(number, take=False)
    await world.loop.take_findings()
    # No officer draws fewer than the terms ask for.
    sample = await draw_sample(world, count=1)
    assert len(sample.case_ids) == 5
    for place, one in enumerate(sample.case_ids):
        await world.decide(await world.get(one), FIRST, confirmed=place > 0)
    refusal = await refused(confirm_sample(world, sample))
    assert (refusal.reason, refusal.metadata["rejected"]) == ("SAMPLE_REJECTED", "1")
    # Nor is it drawn until it pleases.
    call = draw_sample(world, seed="another")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    assert read_refusal(caught.value).reason == "SAMPLE_EMPTY"
    assert len(await world.list(state=pb2.CASE_STATE_FIRST_REVIEW)) == 3


async def test_a_drawn_case_that_is_cut_or_half_dismissed_speaks_against_the_rest(
    world: World,
) -> None:
    for number in range(1, 8):
        await world.settle(number, doubt(), doubt(fen=20_000), take=False)
    await world.loop.take_findings()
    sample = await draw_sample(world)
    for place, one in enumerate(sample.case_ids):
        case = await world.get(one)
        verdicts = [
            service_pb2.AskedVerdict(
                finding_id=found.finding_id,
                confirmed=place != 0 or index == 0,
                at_fault=money_pb2.Money(fen=1) if place == 1 else None,
            )
            for index, found in enumerate(case.findings)
        ]
        await world.decide(case, FIRST, verdicts=verdicts)
    refusal = await refused(confirm_sample(world, sample))
    assert (refusal.reason, refusal.metadata["rejected"]) == ("SAMPLE_REJECTED", "2")


async def test_a_sample_that_lapsed_unseen_confirms_nothing(world: World) -> None:
    for number in range(1, 8):
        await world.settle(number, take=False)
    await world.loop.take_findings()
    sample = await draw_sample(world)
    drawn = {
        UUID(one.settlement_id).int
        for one in await world.list()
        if one.case_id in set(sample.case_ids)
    }
    for number in drawn:
        await world.reverse(number, take=False)
    await world.loop.take_findings()
    assert (await refused(confirm_sample(world, sample))).reason == "SAMPLE_REJECTED"


async def test_plain_violations_are_confirmed_together_each_by_itself(world: World) -> None:
    await world.settle(1)
    await world.settle(2, doubt(found=finding_pb2.RESULT_CLASS_TO_VERIFY))
    await world.settle(3)
    for number in (1, 2):
        await world.reach(number, SECOND)
    ids = [(await world.case_of(number)).case_id for number in (1, 2, 3)] + [str(uuid4())]
    request = service_pb2.ConfirmCasesRequest(
        request_id=str(uuid4()), case_ids=ids, region_code=CARE, step=SECOND, officer_id="li.2"
    )
    answer = await world.cases.ConfirmCases(request, timeout=TIMEOUT_S)
    assert answer.results[0].case.state == pb2.CASE_STATE_OPINION_SENT
    reasons = [read_status(one.error).reason for one in answer.results[1:]]
    assert reasons == ["CASE_NOT_PLAIN", "CASE_STATE_FORBIDS", "RESOURCE_NOT_FOUND"]
    assert await world.cases.ConfirmCases(request, timeout=TIMEOUT_S) == answer
    await world.answer(await world.case_of(1), position=pb2.POSITION_AGREED, text="")
    await world.decide(await world.case_of(1), ANSWER)
    request = service_pb2.ConfirmCasesRequest(
        request_id=str(uuid4()), case_ids=ids[:1], region_code=CARE, step=FINAL, officer_id="z.3"
    )
    (result,) = (await world.cases.ConfirmCases(request, timeout=TIMEOUT_S)).results
    assert result.case.deduction.amount.fen == 6_000
    bad = service_pb2.ConfirmCasesRequest(
        request_id=str(uuid4()), case_ids=ids[:1], region_code=CARE, step=FIRST, officer_id="z.3"
    )
    assert (await refused(world.cases.ConfirmCases(bad, timeout=TIMEOUT_S))).reason == (
        "FIELD_INVALID"
    )
