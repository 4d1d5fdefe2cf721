"""The commands that ask the registries: institutions, filings, catalogue."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from services.cli.interrupts import run
from services.cli.options import UP_DIR, DataDir, Json, fail

Day = Annotated[str, typer.Option("--date", help="YYYY-MM-DD; none: today.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="Rows to show.")]
Region = Annotated[str, typer.Argument(metavar="PROVINCE", help="xx0000.")]
Institution = Annotated[str, typer.Argument(help="As H64010400001.")]

institutions_app = typer.Typer(
    help="The directory of institutions.", no_args_is_help=True, rich_markup_mode=None
)
filings_app = typer.Typer(help="Filings.", no_args_is_help=True, rich_markup_mode=None)
catalogue_app = typer.Typer(
    help="Catalogues and how codes map to them.", no_args_is_help=True, rich_markup_mode=None
)


def add_to(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.add_typer(institutions_app, name="institutions")
    app.add_typer(filings_app, name="filings")
    app.add_typer(catalogue_app, name="catalogue")


@institutions_app.callback()
def institutions() -> None:
    """The directory of institutions."""


@filings_app.callback()
def filings() -> None:
    """Filings."""


@institutions_app.command()
def search(
    *,
    region: Annotated[str, typer.Option(help="Province, prefecture or county; none: all.")] = "",
    level: Annotated[str, typer.Option(help="Hospital level, 01 to 11.")] = "",
    business: Annotated[str, typer.Option(help="Medical type open there, as 21.")] = "",
    disease: Annotated[str, typer.Option(help="Chronic disease open there, as M03900.")] = "",
    name: Annotated[str, typer.Option(help="Part of the name.")] = "",
    day: Day = "",
    closed: Annotated[
        bool, typer.Option("--closed", help="Also who may not settle, with suspensions.")
    ] = False,
    limit: Limit = 50,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Lists institutions that may settle on a date; 1 if there is none."""
    from services.cli.registry.institutions import search as search_  # noqa: PLC0415
    from yijie.identity.v1 import institution_service_pb2 as pb  # noqa: PLC0415

    request = pb.SearchInstitutionsRequest(
        region_code=region,
        hospital_level_code=level,
        medical_type_code=business,
        disease_code=disease,
        name_contains=name,
        on_date=_day(day),
        include_closed=closed,
    )
    _run(search_(data_dir, request, limit=limit, as_json=as_json))


@filings_app.command("what-if")
def what_if(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="A person's id.")],
    *,
    insured: Annotated[str, typer.Option(help="Insured region, six digits.")],
    care: Annotated[str, typer.Option(help="Place of care, six digits; may be at home.")],
    day: Day = "",
    emergency: Annotated[
        bool, typer.Option("--emergency", help="As if marked an emergency.")
    ] = False,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Shows what each filing means at a place and date, and what could be filed; 1 if unfiled."""
    from services.cli.registry.filings import what_if as what_if_  # noqa: PLC0415
    from yijie.filing.v1 import filing_service_pb2 as pb  # noqa: PLC0415

    request = pb.WhatIfFilingRequest(
        person_id=person,
        insured_region_code=insured,
        care_region_code=care,
        service_date=_day(day),
        emergency=emergency,
    )
    _run(what_if_(data_dir, request, as_json=as_json))


@catalogue_app.command()
def versions(
    region: Region, *, limit: Limit = 50, data_dir: DataDir = UP_DIR, as_json: Json = False
) -> None:
    """Lists published versions, newest first; 1 if there is none."""
    from services.cli.registry import catalogue  # noqa: PLC0415

    _run(catalogue.versions(data_dir, region, limit=limit, as_json=as_json))


@catalogue_app.command()
def diff(
    region: Region,
    version: Annotated[str, typer.Argument(help="One version.")],
    other: Annotated[str, typer.Argument(help="The other; none: the newest.")] = "",
    *,
    limit: Limit = 50,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Shows what differs between two versions of a region; 1 if anything does."""
    from services.cli.registry import catalogue  # noqa: PLC0415
    from yijie.catalogue.v1 import catalogue_service_pb2 as pb  # noqa: PLC0415

    request = pb.CompareVersionsRequest(
        region_code=region, version=version, other_region_code=region, other_version=other
    )
    _run(catalogue.compare(data_dir, request, limit=limit, as_json=as_json))


@catalogue_app.command()
def compare(
    region: Region,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The other province.")],
    *,
    day: Day = "",
    list_type: Annotated[str, typer.Option(help="Only this list, as 101.")] = "",
    limit: Limit = 50,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Shows gaps and conflicts between two regions on a date; 1 if there are any."""
    from services.cli.registry import catalogue  # noqa: PLC0415
    from yijie.catalogue.v1 import catalogue_service_pb2 as pb  # noqa: PLC0415

    request = pb.CompareVersionsRequest(
        region_code=region,
        other_region_code=other,
        on_date=_day(day) or _today(),
        list_type_code=list_type,
    )
    _run(catalogue.compare(data_dir, request, limit=limit, as_json=as_json))


@catalogue_app.command()
def republish(
    region: Region,
    from_version: Annotated[str, typer.Argument(metavar="FROM", help="Earlier version.")],
    version: Annotated[str, typer.Argument(help="Label of the new one.")],
    *,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Publishes an earlier version again under a new label."""
    from services.cli.registry import catalogue  # noqa: PLC0415

    _run(catalogue.republish(data_dir, region, from_version, version, as_json=as_json))


@catalogue_app.command()
def coverage(
    institution: Institution, *, day: Day = "", data_dir: DataDir = UP_DIR, as_json: Json = False
) -> None:
    """Shows how much of an institution's items is mapped, by count and money."""
    from services.cli.registry import catalogue  # noqa: PLC0415
    from yijie.catalogue.v1 import mapping_service_pb2 as pb  # noqa: PLC0415

    request = pb.GetCoverageRequest(institution_code=institution, on_date=_day(day))
    _run(catalogue.coverage(data_dir, request, as_json=as_json))


@catalogue_app.command()
def unmapped(
    institution: Institution,
    *,
    day: Day = "",
    limit: Limit = 50,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Lists an institution's items that do not resolve, most money first; 1 if there are any."""
    from services.cli.registry import catalogue  # noqa: PLC0415
    from yijie.catalogue.v1 import mapping_service_pb2 as pb  # noqa: PLC0415

    request = pb.ListUnmappedItemsRequest(institution_code=institution, on_date=_day(day))
    _run(catalogue.unmapped(data_dir, request, limit=limit, as_json=as_json))


@catalogue_app.command()
def suggest(
    institution: Institution,
    code: Annotated[str, typer.Argument(help="The institution's code of the item.")],
    *,
    count: Annotated[int, typer.Option(min=1, max=20, help="Suggestions.")] = 5,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Suggests what an item may map to, by name and specification; 1 if nothing is alike."""
    from services.cli.registry import catalogue  # noqa: PLC0415
    from yijie.catalogue.v1 import mapping_service_pb2 as pb  # noqa: PLC0415

    request = pb.SuggestCodesRequest(institution_code=institution, source_code=code, count=count)
    _run(catalogue.suggest(data_dir, request, as_json=as_json))


def _run(command: Coroutine[Any, Any, int]) -> None:
    from services.cli.failures import EXPECTED  # noqa: PLC0415

    try:
        code = run(command)
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)


def _day(text: str) -> Any:
    from services.cli.advice.questions import BadQuestionError, read_day  # noqa: PLC0415
    from services.cli.options import USAGE  # noqa: PLC0415

    try:
        return read_day(text)
    except BadQuestionError as error:
        fail(error, USAGE)


def _today() -> Any:
    from datetime import datetime  # noqa: PLC0415

    from services.kit.clock import SHANGHAI  # noqa: PLC0415
    from services.kit.wire import write_date  # noqa: PLC0415

    return write_date(datetime.now(SHANGHAI).date())
