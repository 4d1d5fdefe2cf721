"""`yijie supervision cases …`: the commands; what each needs is imported when it runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.interrupts import run as run_
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

app = typer.Typer(
    help="Cases in three stages: what is open, what is decided, samples and opinions.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REGION = re.compile(r"[1-6][0-9]0000")
_OFFICER = re.compile(r"[0-9A-Za-z._-]{1,40}")
_STEPS = ("first", "second", "answer", "final")
_SEED = re.compile(r"[0-9A-Za-z._-]{1,64}")
_RULE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
_NEXT = {
    "CASE_SAME_PERSON": ("请换一人：--officer", "have another person decide: --officer"),
    "CASE_STATE_FORBIDS": (
        "`yijie supervision cases show` 说明案件所处环节",
        "`yijie supervision cases show` says what the case waits for",
    ),
    "DOCUMENT_TYPE_REFUSED": ("请提交PDF、PNG或JPEG", "bring PDF, PNG or JPEG"),
    "DOCUMENT_TOO_LARGE": ("每份不超过10 MiB", "at most 10 MiB each"),
    "SAMPLE_OPEN": (
        "先逐案初审抽中案件：`yijie supervision cases list --drawn`",
        "review what was drawn first: `yijie supervision cases list --drawn`",
    ),
    "RESOURCE_NOT_FOUND": (
        "`yijie supervision cases list` 列出案件",
        "`yijie supervision cases list` lists the cases",
    ),
}
"""What to do about a refusal, in both languages."""

CaseId = Annotated[str, typer.Argument(metavar="CASE_ID", help="Of a case.")]
Region = Annotated[str, typer.Option("--region", help="Care province, xx0000.")]
Officer = Annotated[str, typer.Option("--officer", help="Code of the officer who decides.")]


@app.command("list")
def list_(
    *,
    region: Annotated[str, typer.Option("--region", help="Only this province, xx0000.")] = "",
    state: Annotated[str, typer.Option("--state", help="Only in this state, FIRST_REVIEW …")] = "",
    rule: Annotated[str, typer.Option("--rule", help="Only with a finding of this rule.")] = "",
    drawn: Annotated[bool, typer.Option("--drawn", help="Only what a sample drew.")] = False,
    count: Annotated[int, typer.Option("--count", min=1, max=1000, help="Rows.")] = 50,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Lists cases, newest first."""
    from services.cli.supervision.case_desk import Wanted, list_cases, states  # noqa: PLC0415

    _require_region(region, optional=True)
    if state and state not in states():
        fail(f"--state {state}：应为 · is one of {', '.join(states())}", USAGE)
    if rule and not _RULE.fullmatch(rule):
        fail(f"--rule {rule}：应为规则代码 · is no code of a rule", USAGE)
    wanted = Wanted(region=region, state=state, rule=rule, drawn=drawn, count=count)
    _run(list_cases(data_dir, wanted, as_json=as_json))


@app.command()
def show(case_id: CaseId, *, data_dir: DataDir = UP_DIR, as_json: Json = False) -> None:
    """Shows a case: findings, verdicts, opinion, answer, documents, deduction, history."""
    from services.cli.supervision.case_desk import show_case  # noqa: PLC0415

    _require_id(case_id)
    _run(show_case(data_dir, case_id, as_json=as_json))


@app.command()
def decide(
    case_id: CaseId,
    *,
    step: Annotated[str, typer.Option("--step", help="first, second, answer or final.")],
    officer: Officer,
    confirm: Annotated[
        bool, typer.Option("--confirm/--dismiss", help="All open findings alike.")
    ] = True,
    dismissed: Annotated[
        list[str] | None,
        typer.Option("--except", metavar="FINDING_ID", help="Of these the opposite."),
    ] = None,
    note: Annotated[str, typer.Option("--note", help="Why; names no person.")] = "",
    data_dir: DataDir = UP_DIR,
) -> None:
    """Decides a review of a case: every open finding is confirmed or dismissed."""
    from services.cli.supervision.case_desk import Decision, decide_case  # noqa: PLC0415

    _require_id(case_id)
    _require_officer(officer)
    if step not in _STEPS:
        fail(f"--step {step}：应为 · is one of {', '.join(_STEPS)}", USAGE)
    for one in dismissed or ():
        _require_id(one)
    decision = Decision(
        step=step,
        officer=officer,
        is_confirmed=confirm,
        opposite=frozenset(dismissed or ()),
        note=note,
    )
    _run(decide_case(data_dir, case_id, decision))


@app.command()
def answer(
    case_id: CaseId,
    *,
    officer: Annotated[str, typer.Option("--officer", help="Who answers for the institution.")],
    agreed: Annotated[
        bool, typer.Option("--agreed/--disputed", help="How the institution stands to it.")
    ],
    text: Annotated[str, typer.Option("--text", help="Its reasons; names no person.")] = "",
    documents: Annotated[
        list[Path] | None,
        typer.Option(
            "--document", exists=True, dir_okay=False, help="PDF, PNG or JPEG, at most 10 MiB."
        ),
    ] = None,
    data_dir: DataDir = UP_DIR,
) -> None:
    """Brings an institution's answer to an opinion, with its documents."""
    from services.cli.supervision.case_answers import Given, answer_case  # noqa: PLC0415

    _require_id(case_id)
    _require_officer(officer)
    given = Given(officer=officer, is_agreed=agreed, text=text, documents=tuple(documents or ()))
    _run(answer_case(data_dir, case_id, given))


@app.command()
def sample(
    *,
    region: Region,
    rule: Annotated[str, typer.Option("--rule", help="The rule whose cases are sampled.")] = "",
    seed: Annotated[str, typer.Option("--seed", help="Seed of the draw.")] = "",
    count: Annotated[int, typer.Option("--count", min=0, max=500, help="0: by the terms.")] = 0,
    confirm: Annotated[
        str, typer.Option("--confirm", metavar="SAMPLE_ID", help="Confirms what it stands for.")
    ] = "",
    officer: Officer,
    data_dir: DataDir = UP_DIR,
) -> None:
    """Draws a sample of plain violations, or confirms what a reviewed one stands for."""
    from services.cli.supervision.case_desk import (  # noqa: PLC0415
        confirm_sample,
        draw_sample,
    )

    _require_region(region)
    _require_officer(officer)
    if confirm:
        _require_id(confirm)
        _run(confirm_sample(data_dir, confirm, region=region, officer=officer))
    if not _RULE.fullmatch(rule) or not _SEED.fullmatch(seed):
        fail("--rule、--seed：须写明规则与种子 · name the rule and the seed", USAGE)
    _run(draw_sample(data_dir, region=region, rule=rule, seed=seed, count=count, officer=officer))


@app.command()
def opinion(
    case_id: CaseId,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")],
    data_dir: DataDir = UP_DIR,
) -> None:
    """Writes the opinion (审核意见书) of a case as PDF."""
    from services.cli.supervision.case_desk import write_opinion  # noqa: PLC0415

    _require_id(case_id)
    _run(write_opinion(data_dir, case_id, output))


def _require_id(text: str) -> None:
    if not _ID.fullmatch(text):
        fail(f"{text}：应为编号 · is no key", USAGE)


def _require_region(text: str, *, optional: bool = False) -> None:
    if (text or not optional) and not _REGION.fullmatch(text):
        fail(f"--region {text}：应为省级代码如 640000 · is a province like 640000", USAGE)


def _require_officer(text: str) -> None:
    if not _OFFICER.fullmatch(text):
        fail(
            f"--officer {text}：应为经办人代码，字母、数字与 ._-"
            " · is an officer's code of letters, digits and ._-",
            USAGE,
        )


def _run(command: Coroutine[Any, Any, int]) -> None:
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.kit.errors import DomainError  # noqa: PLC0415
    from services.kit.reasons import TEXT_ZH  # noqa: PLC0415

    try:
        code = run_(command)
    except DomainError as error:
        zh = error.zh or TEXT_ZH.get(error.reason, "")
        lines = [f"{error.reason}：{zh} · {error.message}"]
        if error.reason in _NEXT:
            lines.append(" · ".join(_NEXT[error.reason]))
        fail("\n".join(lines))
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)
