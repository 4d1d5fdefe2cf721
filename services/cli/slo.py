"""`yijie slo`: makes the rules and dashboards of what is promised, and checks them.

For a checkout with the development dependencies (`make install-dev`): what it writes is committed.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import typer

from services.cli.options import fail

app = typer.Typer(
    help="Rules, alerts and dashboards of the objectives (docs/slo.md); in a checkout.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_NEEDED = "needs a checkout with the development dependencies: run `make install-dev` there"


@app.command()
def generate() -> None:
    """Writes charts/yijie/rules and charts/yijie/dashboards anew."""
    checking = _checking()
    repository: Path = checking.REPOSITORY
    generated = checking.generated_files()
    for path, text in generated.items():
        target = repository / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    for path in checking.committed_files(repository):
        if path not in generated:
            (repository / path).unlink()
            typer.echo(f"已删除 removed {path}")
    typer.echo(f"已写入 written: {len(generated)} 个文件 files")


@app.command()
def check() -> None:
    """Says what is wrong: files that drifted, unknown metrics or labels, missing runbooks."""
    checking = _checking()
    found = checking.problems(checking.REPOSITORY)
    for problem in found:
        typer.echo(problem, err=True)
    if found:
        fail(f"{len(found)} 处问题 problems")
    typer.echo("规则、看板与处置手册一致 rules, dashboards and runbooks agree")


def _checking() -> ModuleType:
    try:
        from services.observability import check as checking  # noqa: PLC0415
    except ImportError:
        fail(f"yijie slo {_NEEDED}")
    if not (checking.REPOSITORY / "charts").is_dir():
        fail(f"yijie slo {_NEEDED}")
    return checking
