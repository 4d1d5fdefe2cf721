"""`yijie audit verify`: the ledger's chain, recomputed page by page, and the audit chain."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from google.protobuf.json_format import MessageToDict
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from services.cli.audit_chain.exporting import read_checkpoint
from services.cli.audit_chain.verifying import print_chain
from services.cli.audit_chain.verifying import verify_chain as verify_audit_chain
from services.cli.connecting import open_endpoint
from services.cli.mesh import MeshError, read_endpoints
from services.cli.screen import console
from services.cli.topology import Endpoint
from services.kit.channel import Callee
from yijie.clearing.v1 import clearing_service_pb2, clearing_service_pb2_grpc, ledger_pb2

_PAGE_S: Final = 60.0
_PROBLEMS: Final = {
    ledger_pb2.LEDGER_PROBLEM_KIND_BLOCK_MISSING: "区块缺失 the block is missing",
    ledger_pb2.LEDGER_PROBLEM_KIND_CHAIN_BROKEN: "链接断裂 it does not follow the block before",
    ledger_pb2.LEDGER_PROBLEM_KIND_CONTENT_CHANGED: (
        "内容被改 rows of it were changed, added or removed"
    ),
    ledger_pb2.LEDGER_PROBLEM_KIND_BALANCE_CHANGED: (
        "余额被改 a kept balance is not the sum of its entries"
    ),
    ledger_pb2.LEDGER_PROBLEM_KIND_OTHER_CHAIN: "摘要不符 it is not the one whose digest was noted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be verified."""

    after: int = 0
    """Block of the ledger that was verified before; 0: none."""
    digest: str = ""
    """Its digest then; empty: not known."""
    noted: Path | None = None
    """File of a checkpoint of the audit chain that was noted before."""
    ledger_only: bool = False
    """Leaves the audit chain out."""


async def verify_all(data_dir: Path, wanted: Wanted, *, as_json: bool) -> int:
    """Verifies ledger and audit chain to their ends; prints the last good blocks or the first bad.

    Returns 0 when all is as it was written and 1 when something is not.

    Raises:
        MeshError: no mesh runs in the data directory.
        ExportError: the checkpoint cannot be read.
        DomainError: a service refused.
    """
    checkpoint = None if wanted.noted is None else read_checkpoint(wanted.noted)
    endpoints = require_endpoints(data_dir)
    started = time.perf_counter()
    async with open_endpoint(endpoints["clearing"]) as channel:
        answer = await verify_chain(channel, after=wanted.after, digest=wanted.digest)
    elapsed_s = time.perf_counter() - started
    chain = None
    if not wanted.ledger_only:
        async with open_endpoint(endpoints["supervision"]) as channel:
            chain = await verify_audit_chain(channel, noted=checkpoint)
    is_good = not answer.HasField("problem") and (chain is None or chain.is_good)
    if as_json:
        document = _document(answer)
        if chain is not None:
            document["audit_chain"] = _document(chain.answer) | chain.counts
        document["is_good"] = is_good
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print(console(), answer, elapsed_s)
        if chain is not None:
            print_chain(console(), chain)
    return 0 if is_good else 1


def require_endpoints(data_dir: Path) -> Mapping[str, Endpoint]:
    """Returns the endpoints of the mesh that runs in a data directory.

    Raises:
        MeshError: none does.
    """
    endpoints = read_endpoints(data_dir)
    if not endpoints:
        msg = (
            f"{data_dir} 下没有运行中的系统 · no mesh runs in {data_dir};"
            f" start it: `yijie up --data-dir {data_dir}`"
        )
        raise MeshError(msg)
    return endpoints


def _document(answer: Any) -> dict[str, Any]:
    document: dict[str, Any] = MessageToDict(
        answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return document


async def verify_chain(channel: Any, *, after: int = 0, digest: str = "") -> Any:
    """Returns the last answer of clearing: of the first page with a problem, or of the end.

    Raises:
        DomainError: clearing refused.
    """
    clearing = Callee("clearing")
    stub = clearing_service_pb2_grpc.ClearingServiceStub(channel)
    request = clearing_service_pb2.VerifyLedgerRequest(after_block=after, after_digest=digest)
    bar = Progress(
        TextColumn("核验账本 verifying the ledger"),
        BarColumn(),
        TextColumn("{task.completed:,} / {task.total:,} 块 blocks"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None)
        while True:
            answer = await clearing.call(stub.VerifyLedger, request, own_s=_PAGE_S)
            until = answer.verified_until_block
            bar.update(task, completed=until, total=max(until, answer.last_block_id))
            if answer.HasField("problem") or until >= answer.last_block_id:
                return answer
            # What the page before ended with is what this one must begin with.
            request.after_block, request.after_digest = until, answer.digest


def _print(out: Console, answer: Any, elapsed_s: float) -> None:
    if answer.HasField("problem"):
        out.print(
            f"✗ 第 {answer.problem.block_id:,} 块 block {answer.problem.block_id:,}:"
            f" {_PROBLEMS[answer.problem.kind]}",
            style="bold red",
            soft_wrap=True,
        )
        out.print(
            f"  此前各块完好 the blocks before it are as they were written"
            f" ({answer.verified_until_block:,})",
            soft_wrap=True,
        )
        return
    out.print(
        f"✓ 账本完好 the ledger is as it was written: {answer.verified_until_block:,} 块 blocks ·"
        f" {elapsed_s:.1f} s",
        style="bold green",
        soft_wrap=True,
    )
    out.print(f"  摘要 digest {answer.digest}", soft_wrap=True)
    out.print(
        "  记下块号与摘要，下次以 --after --digest 核对 note block and digest: only they show a"
        " ledger that was replaced as a whole",
        soft_wrap=True,
    )
