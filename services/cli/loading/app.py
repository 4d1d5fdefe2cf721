"""`yijie load`: demo data, or a file of a province."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from services.cli.interrupts import run
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail

app = typer.Typer(
    help="Loads reference and demo data into a running mesh, or files of a province.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a header, or .csv.gz.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything, keep nothing.")]
Encoding = Annotated[str, typer.Option(help="utf-8 or gb18030.")]
Refused = Annotated[
    Path | None, typer.Option(help="Where refused rows are listed; none: FILE.refused.csv.")
]
Home = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of a mesh: database, logs, …")
]
Region = Annotated[
    str, typer.Option(help="Refuse what is not of this region, six digits; none: take all.")
]
Version = Annotated[
    str, typer.Option(help="Label of the version; none: made from the file's content.")
]
Despite = Annotated[
    bool,
    typer.Option("--publish-despite-refused", help="Publish without the rows that are refused."),
]

_REGION: Final = re.compile(r"([1-6][0-9]{5})?")
_PROVINCE: Final = re.compile(r"[1-6][0-9]0000")
_OWNER: Final = re.compile(r"[1-6][0-9]0000|[HP][0-9]{11}")
_LABEL: Final = re.compile(r"[0-9A-Za-z._-]{0,40}")
_LABEL_DIGITS: Final = 12


@app.callback()
def load(context: typer.Context, data_dir: DataDir = UP_DIR) -> None:
    """Loads reference and demo data into a running mesh; may be repeated."""
    context.obj = data_dir
    if context.invoked_subcommand is not None:
        return
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.load_command import load_command  # noqa: PLC0415

    try:
        code = run(load_command(data_dir))
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)


@app.command()
def persons(
    context: typer.Context,
    file: File,
    *,
    region: Region = "",
    encoding: Encoding = "utf-8",
    dry_run: DryRun = False,
    refused: Refused = None,
    data_dir: Home = None,
    as_json: Json = False,
) -> None:
    """Loads insured people with schemes, cards, accounts and medical aid."""
    from services.cli.loading.persons import Persons  # noqa: PLC0415

    _require(_REGION, region, "--region is six digits of GB/T 2260")

    def make(province: Any, ids: Any) -> Any:
        return Persons(province, ids, region=region, dry_run=dry_run)

    options = _options(
        context,
        data_dir=data_dir,
        encoding=encoding,
        dry_run=dry_run,
        as_json=as_json,
        refused=refused,
    )
    _load(file, Persons, make, options, region)


@app.command()
def institutions(
    context: typer.Context,
    file: File,
    *,
    region: Region = "",
    encoding: Encoding = "utf-8",
    dry_run: DryRun = False,
    refused: Refused = None,
    data_dir: Home = None,
    as_json: Json = False,
) -> None:
    """Loads designated institutions with what they may settle."""
    from services.cli.loading.institutions import Institutions  # noqa: PLC0415

    _require(_REGION, region, "--region is six digits of GB/T 2260")

    def make(province: Any, ids: Any) -> Any:
        return Institutions(province, ids, region=region, dry_run=dry_run)

    options = _options(
        context,
        data_dir=data_dir,
        encoding=encoding,
        dry_run=dry_run,
        as_json=as_json,
        refused=refused,
    )
    _load(file, Institutions, make, options, region)


@app.command()
def filings(
    context: typer.Context,
    file: File,
    *,
    region: Region = "",
    encoding: Encoding = "utf-8",
    dry_run: DryRun = False,
    refused: Refused = None,
    data_dir: Home = None,
    as_json: Json = False,
) -> None:
    """Loads filings of insured people, who are in already."""
    from services.cli.loading.filings import Filings  # noqa: PLC0415

    _require(_REGION, region, "--region is six digits of GB/T 2260")

    def make(province: Any, ids: Any) -> Any:
        return Filings(province, ids, region=region, dry_run=dry_run)

    options = _options(
        context,
        data_dir=data_dir,
        encoding=encoding,
        dry_run=dry_run,
        as_json=as_json,
        refused=refused,
    )
    _load(file, Filings, make, options, region)


@app.command()
def catalogue(
    context: typer.Context,
    file: File,
    *,
    region: Annotated[str, typer.Option(help="Province of the catalogue, xx0000.")],
    version: Version = "",
    base: Annotated[
        str, typer.Option(help="Published version that the file changes; none: it states all.")
    ] = "",
    effective: Annotated[
        str, typer.Option(help="With --base: first fee date of the changes, YYYY-MM-DD.")
    ] = "",
    publish_despite_refused: Despite = False,
    encoding: Encoding = "utf-8",
    dry_run: DryRun = False,
    refused: Refused = None,
    data_dir: Home = None,
    as_json: Json = False,
) -> None:
    """Loads a version of a catalogue, and publishes it when every row was taken."""
    from services.cli.loading import fields  # noqa: PLC0415
    from services.cli.loading.catalogue import Catalogue, Edition  # noqa: PLC0415

    _require(_PROVINCE, region, "--region is a province, xx0000")
    _require(_LABEL, version, "--version is up to 40 of 0-9 A-Z a-z . _ -")
    _require(_LABEL, base, "--base is up to 40 of 0-9 A-Z a-z . _ -")
    if bool(base) != bool(effective):
        fail("--base and --effective go together", USAGE)
    try:
        first_day = fields.optional_day(effective, "--effective")
    except fields.FieldError as error:
        fail(f"--effective: {error}", USAGE)

    def make(province: Any, ids: Any) -> Any:
        edition = Edition(
            region=region,
            version=version or _label(ids.digest, base, effective),
            base=base,
            effective=first_day,
            despite_refused=publish_despite_refused,
        )
        return Catalogue(province, ids, edition, dry_run=dry_run)

    options = _options(
        context,
        data_dir=data_dir,
        encoding=encoding,
        dry_run=dry_run,
        as_json=as_json,
        refused=refused,
    )
    _load(file, Catalogue, make, options, f"{region}:{version}:{base}:{effective}")


@app.command()
def mapping(
    context: typer.Context,
    file: File,
    *,
    owner: Annotated[str, typer.Option(help="Province xx0000, or institution H64010400001.")],
    mode: Annotated[
        str, typer.Option(help="Of an institution: three-stage or full-replacement.")
    ] = "",
    officer: Annotated[str, typer.Option(help="Who uploads.")] = "",
    version: Version = "",
    publish_despite_refused: Despite = False,
    encoding: Encoding = "utf-8",
    dry_run: DryRun = False,
    refused: Refused = None,
    data_dir: Home = None,
    as_json: Json = False,
) -> None:
    """Loads a version of a mapping, and publishes it when every row was taken."""
    from services.cli.loading.mapping import MODES, Edition, Mapping  # noqa: PLC0415

    _require(_OWNER, owner, "--owner is a province xx0000 or an institution code")
    _require(_LABEL, version, "--version is up to 40 of 0-9 A-Z a-z . _ -")
    _require(_LABEL, officer, "--officer is up to 40 of 0-9 A-Z a-z . _ -")
    if mode not in MODES:
        fail(f"--mode is one of {', '.join(name for name in MODES if name)}", USAGE)

    def make(province: Any, ids: Any) -> Any:
        edition = Edition(
            owner=owner,
            version=version or _label(ids.digest, mode),
            mode=mode,
            officer_id=officer,
            despite_refused=publish_despite_refused,
        )
        return Mapping(province, ids, edition, dry_run=dry_run)

    options = _options(
        context,
        data_dir=data_dir,
        encoding=encoding,
        dry_run=dry_run,
        as_json=as_json,
        refused=refused,
    )
    _load(file, Mapping, make, options, f"{owner}:{version}:{mode}:{officer}")


@app.command("self-paid")
def self_paid(
    context: typer.Context,
    file: File,
    *,
    region: Annotated[str, typer.Option(help="Care province of the institutions, xx0000.")],
    encoding: Encoding = "utf-8",
    dry_run: DryRun = False,
    refused: Refused = None,
    data_dir: Home = None,
    as_json: Json = False,
) -> None:
    """Loads cases that patients paid whole, for the direct-settlement rate."""
    from services.cli.loading.self_paid import SelfPaid  # noqa: PLC0415

    _require(_PROVINCE, region, "--region is a province, xx0000")

    def make(province: Any, ids: Any) -> Any:
        return SelfPaid(province, ids, region=region, dry_run=dry_run)

    options = _options(
        context,
        data_dir=data_dir,
        encoding=encoding,
        dry_run=dry_run,
        as_json=as_json,
        refused=refused,
    )
    _load(file, SelfPaid, make, options, region)


@app.command("local-costs")
def local_costs(
    context: typer.Context,
    file: File,
    *,
    region: Annotated[str, typer.Option(help="Care province of the institutions, xx0000.")],
    encoding: Encoding = "utf-8",
    dry_run: DryRun = False,
    refused: Refused = None,
    data_dir: Home = None,
    as_json: Json = False,
) -> None:
    """Loads what locals cost, for the cost index of visitors."""
    from services.cli.loading.local_costs import LocalCosts  # noqa: PLC0415

    _require(_PROVINCE, region, "--region is a province, xx0000")

    def make(province: Any, ids: Any) -> Any:
        return LocalCosts(province, ids, region=region, dry_run=dry_run)

    options = _options(
        context,
        data_dir=data_dir,
        encoding=encoding,
        dry_run=dry_run,
        as_json=as_json,
        refused=refused,
    )
    _load(file, LocalCosts, make, options, region)


def _label(digest: str, *parts: str) -> str:
    """Returns a label that names the content: the same file makes the same version."""
    import hashlib  # noqa: PLC0415

    content = hashlib.sha256(":".join((digest, *parts)).encode()).hexdigest()
    return f"file-{content[:_LABEL_DIGITS]}"


def _options(
    context: typer.Context,
    *,
    data_dir: Path | None,
    encoding: str,
    dry_run: bool,
    as_json: bool,
    refused: Path | None,
) -> Any:
    from services.cli.loading.command import Options  # noqa: PLC0415

    return Options(
        data_dir=data_dir or context.obj,
        encoding=encoding.lower(),
        dry_run=dry_run,
        as_json=as_json,
        refused=refused,
    )


def _load(file: Path, kind: Any, make: Callable[[Any, Any], Any], options: Any, scope: str) -> None:
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.loading.command import Job, load_file  # noqa: PLC0415
    from services.cli.loading.reader import UnreadableError  # noqa: PLC0415

    job = Job(path=file, kind=kind.name, columns=kind.columns, make=make, scope=scope)
    try:
        code = run(load_file(job, options))
    except UnreadableError as error:
        fail(error, USAGE)
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)


def _require(form: re.Pattern[str], text: str, problem: str) -> None:
    if form.fullmatch(text) is None:
        fail(problem, USAGE)
