"""The audit chain, recomputed page by page and compared with the rows that it was sealed from."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from services.cli.audit_chain.exporting import ChainClient
from yijie.audit.v1 import chain_pb2, chain_service_pb2

if TYPE_CHECKING:
    import grpc

PROBLEMS: Final = {
    chain_pb2.CHAIN_PROBLEM_KIND_BLOCK_MISSING: "区块缺失 the block is missing",
    chain_pb2.CHAIN_PROBLEM_KIND_CHAIN_BROKEN: "链接断裂 it does not follow the block before",
    chain_pb2.CHAIN_PROBLEM_KIND_CONTENT_CHANGED: (
        "内容被改 its entries are not those that were sealed"
    ),
    chain_pb2.CHAIN_PROBLEM_KIND_CHECKPOINT_BAD: (
        "检查点无效 its checkpoint is not signed by a key that is trusted, or not on this chain"
    ),
    chain_pb2.CHAIN_PROBLEM_KIND_OTHER_CHAIN: "摘要不符 it is not the one that was noted",
    chain_pb2.CHAIN_PROBLEM_KIND_ROW_MISSING: "记录被删 a row that was sealed is not there",
    chain_pb2.CHAIN_PROBLEM_KIND_ROW_CHANGED: "记录被改 a row is not as it was sealed",
    chain_pb2.CHAIN_PROBLEM_KIND_ROW_INSERTED: "记录被插入 a row was put before it afterwards",
}


@dataclass(frozen=True, slots=True)
class VerifiedChain:
    """What was found of the whole chain."""

    answer: Any
    """The last VerifyChainResponse: of the first page with a problem, or of the end."""
    entry_count: int
    row_count: int
    checkpoint_count: int

    @property
    def is_good(self) -> bool:
        """Tells whether all is as it was sealed."""
        return not self.answer.HasField("problem")

    @property
    def counts(self) -> dict[str, int]:
        """What was looked at, all pages together."""
        return {
            "entry_count": self.entry_count,
            "row_count": self.row_count,
            "checkpoint_count": self.checkpoint_count,
        }


async def verify_chain(channel: grpc.aio.Channel, *, noted: Any = None) -> VerifiedChain:
    """Verifies the whole chain and the rows of all services.

    Args:
        channel: to supervision.
        noted: a checkpoint that was noted before, or None.

    Raises:
        DomainError: supervision refused, or the rows of a service cannot be read.
    """
    client = ChainClient(channel)
    request = chain_service_pb2.VerifyChainRequest(noted=noted)
    bar = Progress(
        TextColumn("核验审计链 verifying the audit chain"),
        BarColumn(),
        TextColumn("{task.completed:,} / {task.total:,} 块 blocks"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
    entries = rows = checkpoints = 0
    with bar:
        task = bar.add_task("", total=None)
        while True:
            answer = await client.verify(request)
            entries += answer.entry_count
            rows += answer.row_count
            checkpoints += answer.checkpoint_count
            until = answer.verified_until_block
            bar.update(task, completed=until, total=max(until, answer.last_block))
            if answer.HasField("problem") or until >= answer.last_block:
                return VerifiedChain(answer, entries, rows, checkpoints)
            request.after_block, request.after_digest = until, answer.digest


def print_chain(out: Console, found: VerifiedChain) -> None:
    """Prints what was found."""
    answer = found.answer
    if found.is_good:
        out.print(
            f"✓ 审计链完好 the audit chain is as it was sealed: {answer.verified_until_block:,} 块"
            f" blocks · {found.entry_count:,} 条 entries · {found.checkpoint_count:,} 检查点"
            f" checkpoints",
            style="bold green",
            soft_wrap=True,
        )
        out.print(
            "  记下检查点，下次以 --noted 核对 note a checkpoint (`yijie audit checkpoint`): only"
            " it shows an end that was cut off",
            soft_wrap=True,
        )
        return
    problem = answer.problem
    words = PROBLEMS[problem.kind]
    out.print(
        f"✗ 审计链第 {problem.block:,} 块 block {problem.block:,} of the audit chain: {words}",
        style="bold red",
        soft_wrap=True,
    )
    if problem.source:
        out.print(
            f"  {problem.source} · 第 {problem.entry:,} 条 entry {problem.entry:,}"
            f" · {problem.record_id or problem.position}",
            soft_wrap=True,
        )
    out.print(
        f"  此前各块完好 the blocks before it are as they were sealed"
        f" ({answer.verified_until_block:,})",
        soft_wrap=True,
    )
