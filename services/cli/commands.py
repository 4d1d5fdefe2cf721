"""The commands of `yijie`.

What a command needs is imported when it runs: it must not pay for the tables and colours of others.
"""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli import bench_command, drill_command, reimburse_command
from services.cli.advice import app as advice_app
from services.cli.audit import app as audit_app
from services.cli.backup.app import app as backup_app
from services.cli.certs.app import app as certs_app
from services.cli.clearing.app import app as clearing_app
from services.cli.interrupts import EXIT_BY_SIGNAL, run
from services.cli.keys.app import app as keys_app
from services.cli.loading.app import app as load_app
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail
from services.cli.partitions.app import app as partitions_app
from services.cli.policy.app import app as policy_app
from services.cli.region.app import app as region_app
from services.cli.registry import app as registry_app
from services.cli.rules.app import app as rules_app
from services.cli.sample.app import app as sample_app
from services.cli.signatures.app import app as signatures_app
from services.cli.slo import app as slo_app
from services.cli.supervision.app import app as supervision_app

app = typer.Typer(
    help="Yijie (异结): cross-province medical-insurance settlement.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(policy_app, name="policy")
app.add_typer(load_app, name="load")
app.add_typer(sample_app, name="sample")
app.add_typer(keys_app, name="keys")
app.add_typer(certs_app, name="certs")
app.add_typer(signatures_app, name="signatures")
app.add_typer(audit_app, name="audit")
app.add_typer(clearing_app, name="clearing")
app.add_typer(supervision_app, name="supervision")
app.add_typer(rules_app, name="rules")
app.add_typer(backup_app, name="backup")
app.add_typer(partitions_app, name="partitions")
app.add_typer(slo_app, name="slo")
app.add_typer(region_app, name="region")

_SIGINT = EXIT_BY_SIGNAL + 2
_SIGTERM = EXIT_BY_SIGNAL + 15


@app.command()
def serve(service: Annotated[str, typer.Argument(help="identity, settlement, …")]) -> None:
    """Runs one service, configured by YIJIE_* variables, until SIGTERM."""
    from services.cli.pod import serve as serve_  # noqa: PLC0415

    raise typer.Exit(serve_(service))


@app.command()
def health(
    service: Annotated[str, typer.Argument(help="Full gRPC name, or live; none: all of it.")] = "",
    address: Annotated[str, typer.Option(help="HOST:PORT; none: YIJIE_PROBE_LISTEN.")] = "",
) -> None:
    """Asks a service of this pod how it is; 1 unless it is SERVING. Needs no shell."""
    from services.cli.pod import health as health_  # noqa: PLC0415

    raise typer.Exit(health_(service, address))


@app.command()
def migrate(
    service: Annotated[str, typer.Argument(help="One service; none: all.")] = "",
    dsn: Annotated[str, typer.Option(help="Database; else YIJIE_DSN or YIJIE_DSN_FILE.")] = "",
) -> None:
    """Brings the schemas up to date."""
    from services.cli.migrate import DatabaseError  # noqa: PLC0415
    from services.cli.migrate import migrate as migrate_  # noqa: PLC0415
    from services.cli.topology import UnknownService  # noqa: PLC0415
    from services.kit.config import ConfigError  # noqa: PLC0415
    from services.kit.migrations import MigrationError  # noqa: PLC0415

    async def command() -> int:
        for name in await migrate_(service, dsn):
            typer.echo(f"applied {name}")
        return 0

    try:
        code = run(command())
    except (UnknownService, ConfigError) as error:
        fail(error, USAGE)
    except (DatabaseError, MigrationError) as error:
        fail(error)
    raise typer.Exit(code)


@app.command()
def demo(
    as_json: Json = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the data directory.")] = False,
) -> None:
    """Starts the whole mesh, settles the demo cases, shows every step, stops everything."""
    from services.cli.demo import demo as demo_  # noqa: PLC0415
    from services.cli.failures import EXPECTED  # noqa: PLC0415

    try:
        code = run(demo_(as_json=as_json, keep=keep))
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)


@app.command()
def up(
    data_dir: DataDir = UP_DIR,
    dsn: Annotated[str, typer.Option(help="A PostgreSQL of yours, not the embedded one.")] = "",
    *,
    regions: Annotated[
        bool, typer.Option("--regions", help="Two insured provinces apart, own databases.")
    ] = False,
    tls: Annotated[
        bool, typer.Option("--tls", help="By TLS, with certificates of both sides.")
    ] = False,
) -> None:
    """Runs the mesh with demo data until Ctrl-C."""
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.up import up as up_  # noqa: PLC0415

    try:
        code = run(up_(data_dir, dsn, regions=regions, tls=tls))
    except EXPECTED as error:
        fail(error)
    # To be interrupted is how it ends.
    raise typer.Exit(0 if code in {_SIGINT, _SIGTERM} else code)


@app.command()
def feed(
    *,
    region: Annotated[str, typer.Option(help="Only what concerns this province, xx0000.")] = "",
    role: Annotated[str, typer.Option(help="Only as this: care or insured.")] = "",
    kinds: Annotated[str, typer.Option(help="Only these: settled, reversed or both.")] = "",
    after: Annotated[str, typer.Option(metavar="CURSOR", help="Only events after it.")] = "",
    once: Annotated[bool, typer.Option("--once", help="End when nothing is left.")] = False,
    data_dir: DataDir = UP_DIR,
) -> None:
    """Prints the journal as it grows, a line of JSON for each event, until Ctrl-C."""
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.feed_command import BadFilterError, subscription  # noqa: PLC0415
    from services.cli.feed_command import feed as feed_  # noqa: PLC0415

    try:
        request = subscription(region=region, role=role, kinds=kinds, after=after)
        code = run(feed_(data_dir, request, is_once=once))
    except BadFilterError as error:
        fail(error, USAGE)
    except EXPECTED as error:
        fail(error)
    # To be interrupted is how it ends.
    raise typer.Exit(0 if code in {_SIGINT, _SIGTERM} else code)


@app.command()
def trace(
    key: Annotated[str, typer.Argument(metavar="ID", help="Settlement id or trace id.")],
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Shows the waterfall of a past settlement."""
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.trace import BadIdError  # noqa: PLC0415
    from services.cli.trace import trace as trace_  # noqa: PLC0415

    try:
        code = run(trace_(key, data_dir, as_json=as_json))
    except BadIdError as error:
        fail(error, USAGE)
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)


@app.command()
def explain(
    key: Annotated[str, typer.Argument(metavar="SETTLEMENT", help="Settlement id.")],
    *,
    lang: Annotated[str, typer.Option(help="zh, en or both.")] = "both",
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Shows how each fen of a settlement came about; 1 if a sum does not hold."""
    from services.cli.explain import BadLanguageError  # noqa: PLC0415
    from services.cli.explain import explain as explain_  # noqa: PLC0415
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.trace import BadIdError  # noqa: PLC0415

    try:
        code = run(explain_(key, data_dir, language=lang, json=as_json))
    except (BadIdError, BadLanguageError) as error:
        fail(error, USAGE)
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)


@app.command()
def reconcile(
    day: Annotated[str, typer.Argument(metavar="DATE", help="YYYY-MM-DD; none: yesterday.")] = "",
    data_dir: DataDir = UP_DIR,
    region: Annotated[
        str, typer.Option(help="Insured province xx0000 to compare first, now.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Shows how a day came out between hospitals, provinces and the hub; 1 if something is open."""
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.reconcile import BadDayError, parse_day  # noqa: PLC0415
    from services.cli.reconcile import reconcile as reconcile_  # noqa: PLC0415

    try:
        code = run(reconcile_(parse_day(day), data_dir, region=region, as_json=as_json))
    except BadDayError as error:
        fail(error, USAGE)
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)


@app.command()
def chaos(
    *,
    seconds: Annotated[float, typer.Option(min=1.0, help="Length of traffic and faults.")] = 60.0,
    seed: Annotated[int | None, typer.Option(help="Of the plan; none: drawn and printed.")] = None,
    people: Annotated[int, typer.Option(min=1, max=5000, help="Synthetic people.")] = 300,
    rate: Annotated[float, typer.Option(min=0.1, help="Bills a second.")] = 15.0,
) -> None:
    """Breaks a mesh of its own under traffic, then has an independent auditor check everything."""
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.proving.chaos.command import Options  # noqa: PLC0415
    from services.proving.chaos.command import chaos as chaos_  # noqa: PLC0415

    options = Options(seconds=seconds, seed=seed, people=people, rate=rate)
    try:
        code = run(chaos_(options))
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)


@app.command()
def simulate(
    *,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds to run.")] = 1000,
    first: Annotated[int, typer.Option(min=0, help="The first of them.")] = 0,
    seed: Annotated[int, typer.Option(help="Replay this one and show all that happens.")] = -1,
    actions: Annotated[str, typer.Option(help="With --seed: only these, as 3,5,7.")] = "",
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0: one per processor.")] = 0,
) -> None:
    """Runs settlement, benefits and clearing in virtual time under every fault, from seeds."""
    from services.proving.simulation.command import (  # noqa: PLC0415
        Options,
        replay,
        simulate_many,
    )

    if seed >= 0:
        raise typer.Exit(replay(seed, [int(number) for number in actions.split(",") if number]))
    raise typer.Exit(simulate_many(Options(seeds=seeds, first=first, jobs=jobs)))


advice_app.add_to(app)
registry_app.add_to(app)
reimburse_command.add_to(app)
bench_command.add_to(app)
drill_command.add_to(app)
