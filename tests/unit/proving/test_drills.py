"""Goal: a drill that went wrong says so, and what it measures is what it names.

Method: verdicts, the judgement of a round and the name server, by hand.
"""

from __future__ import annotations

import asyncio
import io
import socket
import struct

import pytest
from rich.console import Console
from typer.testing import CliRunner

from services.cli.commands import app
from services.cli.progress import Progress
from services.proving import drills
from services.proving.drills import overload, resolver
from services.proving.drills.load import Call, Traffic
from services.proving.drills.verdict import (
    Check,
    Verdict,
    at_least,
    at_most,
    document,
    exactly,
    print_verdict,
)

GOOD, BAD = exactly("失败 failed", 0, 0), exactly("失败 failed", 2, 0)
MESSAGE = struct.Struct("!6H")


@pytest.mark.parametrize(
    ("checks", "code", "line"),
    [
        ([GOOD], 0, "✓ 演练通过 · drill restart: all 1 checks hold"),
        ([GOOD, BAD], 1, "✗ 演练未通过 · drill restart failed: 失败 failed"),
        # What checked nothing has shown nothing.
        ([], 1, "✗ 演练未通过 · drill restart failed: no check"),
    ],
)
def test_the_last_line_is_the_verdict(checks, code, line):
    verdict = Verdict(drill="restart", checks=checks, figures={"p99 ms": 12.5}, notes=["[x] × 2"])
    out = io.StringIO()
    print_verdict(verdict, Console(file=out, width=150, markup=False))
    assert out.getvalue().splitlines()[-1] == line
    assert "[x] × 2" in out.getvalue()
    assert verdict.exit_code == code
    assert document(verdict)["ok"] is (code == 0)


def test_limits_are_shown_as_they_are_meant():
    assert at_most("RTO", 12.345, 30.0, "s") == Check("RTO", "12.3 s", "≤ 30 s", ok=True)
    assert not at_most("RTO", 30.1, 30.0).ok
    assert at_least("goodput", 0.95, 0.9) == Check("goodput", "0.95", "≥ 0.9", ok=True)
    assert not at_least("goodput", 0.89, 0.9).ok
    assert at_least("rows", 12345.6, 1).found == "12,346"


def test_every_drill_can_be_found():
    for name in drills.DRILLS:
        assert callable(drills.find(name))


def test_an_unknown_drill_is_a_wrong_call():
    result = CliRunner().invoke(app, ["drill", "earthquake"])
    assert result.exit_code == 2
    assert "there are: restart, rotation, failover, overload, restore" in result.output


@pytest.mark.parametrize("is_ok", [True, False])
def test_the_command_ends_as_the_verdict_says(monkeypatch, is_ok):
    async def run(*, short: bool, data_dir: object, progress: Progress) -> Verdict:
        assert (short, data_dir, isinstance(progress, Progress)) == (True, None, True)
        return Verdict(drill="restart", checks=[GOOD if is_ok else BAD])

    monkeypatch.setattr(drills, "find", lambda _: run)
    result = CliRunner().invoke(app, ["drill", "restart", "--short", "--json"])
    assert result.exit_code == (0 if is_ok else 1)
    assert f'"ok": {str(is_ok).lower()}' in result.output


def call(due: float, took: float, reason: str = "") -> Call:
    return Call(due, due + took, reason, b"" if reason else b"answer")


def test_a_round_of_overload_is_what_its_calls_say():
    over = Traffic(
        [
            call(0.0, 0.2),
            call(0.5, 0.4),
            # Answered, and too late for the window.
            call(0.6, 1.2),
            call(0.7, 1.0, "DEADLINE_EXCEEDED"),
            call(0.8, 0.05, "OVERLOADED"),
            call(0.9, 0.01, "CANCELLED"),
            # After the end: not of the overload.
            call(2.5, 0.1),
        ]
    )
    calm = Traffic([call(2.1, 0.1), call(3.5, 0.1, "OVERLOADED"), call(4.0, 0.1)])
    found = overload.measured(2.0, 2.0, over, calm, ended=2.0, correction=1.1)
    assert (found.good, found.offered) == (1.0, 3.0)
    assert found.ratio == pytest.approx(0.55)
    assert found.late == 0.5
    assert found.refused_ms == pytest.approx(10.0)
    assert found.recovery_s == 1.5


def test_an_overload_in_which_all_is_refused_is_late_in_everything():
    over = Traffic([call(0.0, 0.1, "OVERLOADED")])
    found = overload.measured(2.0, 1.0, over, Traffic(), ended=1.0, correction=1.0)
    assert (found.ratio, found.late) == (0.0, 1.0)


def question(name: str, kind: int = 1) -> bytes:
    labels = b"".join(bytes([len(one)]) + one.encode() for one in name.split("."))
    return MESSAGE.pack(7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)


def test_a_name_has_the_addresses_it_has_now():
    addresses = {"a.yijie.test": ["127.0.0.2", "127.0.0.3"]}
    reply = resolver.answer(question("A.yijie.test"), addresses)
    number, flags, _, answers, *_ = MESSAGE.unpack_from(reply)
    assert (number, flags & 0xF, answers) == (7, 0, 2)
    assert reply.endswith(socket.inet_aton("127.0.0.3"))
    addresses["a.yijie.test"].pop()
    assert MESSAGE.unpack_from(resolver.answer(question("a.yijie.test"), addresses))[3] == 1


def test_no_address_of_a_kind_is_an_answer_and_an_unknown_name_another():
    addresses = {"a.yijie.test": ["127.0.0.2"]}
    ipv6 = MESSAGE.unpack_from(resolver.answer(question("a.yijie.test", 28), addresses))
    unknown = MESSAGE.unpack_from(resolver.answer(question("b.yijie.test"), addresses))
    assert (ipv6[1] & 0xF, ipv6[3]) == (0, 0)
    assert (unknown[1] & 0xF, unknown[3]) == (3, 0)


@pytest.mark.parametrize("data", [b"", b"\0" * 11, question("a.b")[:-3], b"\0" * 12 + b"\x05ab"])
def test_what_is_no_question_is_left_alone(data):
    assert resolver.answer(data, {}) == b""


async def test_the_name_server_answers_on_the_wire():
    loop = asyncio.get_running_loop()
    async with resolver.resolving({"a.yijie.test": ["127.0.0.2"]}) as address:
        host, _, port = address.rpartition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.setblocking(False)
            await loop.sock_connect(asking, (host, int(port)))
            await loop.sock_sendall(asking, question("a.yijie.test"))
            reply = await asyncio.wait_for(loop.sock_recv(asking, 512), 10)
    assert reply.endswith(socket.inet_aton("127.0.0.2"))
