"""Goal: rounds come one after the other, survive a bad one, and end with their block."""

import asyncio
import io
import json

from services.kit import log
from services.kit.rounds import ROUND_FAILURES, repeating
from tests.support.eventually import eventually


async def test_a_bad_round_is_counted_and_the_next_one_comes():
    lines, done = io.BytesIO(), []
    log.configure("kit", "info", lines)

    async def once():
        done.append(len(done))
        if len(done) == 1:
            raise ValueError("张三 110101199003077578")

    async def three():
        assert len(done) >= 3

    before = ROUND_FAILURES.labels("test")._value.get()
    async with repeating("test", once, 0.001):
        assert done == []  # not before one interval
        await eventually(three)
    count = len(done)
    await asyncio.sleep(0.01)
    assert len(done) == count
    assert ROUND_FAILURES.labels("test")._value.get() == before + 1
    (line,) = [json.loads(one) for one in lines.getvalue().splitlines()]
    assert (line["event"], line["round"], line["exception"]) == (
        "round failed",
        "test",
        "ValueError",
    )
    assert "1101" not in lines.getvalue().decode()


async def test_a_round_in_hand_is_cancelled():
    begun, ended = asyncio.Event(), []

    async def once():
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async with repeating("test", once, 0.001):
        await begun.wait()
    assert ended == ["cancelled"]
