"""Goal: a version made by changes answers as its base before the date, then as the changes.

Method: Hypothesis makes a base and changes; PostgreSQL materialises them; on every day around the
date each item is looked up and compared with a model that knows only dictionaries. A repetition
answers on every day what the repeated version does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalogue import imports, store
from services.catalogue.chunk_store import find_chunk
from services.catalogue.domain.periods import overlaps_any
from services.catalogue.imports import Batch
from services.classification.building import Builder
from services.classification.chunk_wire import read_part
from services.classification.model import CatalogueItem
from services.classification.snapshot import Snapshot
from services.kit.db import Connection, DatabaseConfig, open_database
from yijie.catalogue.v1.catalogue_service_pb2 import DownloadSnapshotResponse

pytestmark = pytest.mark.postgres

REGION = "640000"
CODES = tuple(f"00110900003{number:02d}00" for number in range(4))
DAY = date(2026, 1, 1)
DAYS = 14
EFFECTIVE = DAY + timedelta(6)
_labels = count()

periods = st.lists(
    st.tuples(
        st.sampled_from(CODES), st.integers(0, DAYS), st.none() | st.integers(0, 5), st.booleans()
    ),
    max_size=8,
)


def items_of(rows, first_day: date) -> list[CatalogueItem]:
    """Returns items that do not overlap: of two that would, the first stays."""
    kept: list[CatalogueItem] = []
    for code, begin, length, dear in rows:
        start = first_day + timedelta(begin)
        end = None if length is None else start + timedelta(length)
        item = CatalogueItem(
            item_code=code,
            name="床位费",
            list_type_code="201",
            charge_category_code="01",
            catalogue_class="A",
            prior_self_pay_ratio=Decimal(0),
            price_ceiling=Decimal(90 if dear else 80),
            over_ceiling="self_pay",
            begin_date=start,
            end_date=end,
            sample=True,
        )
        taken = [(each.begin_date, each.end_date) for each in kept if each.item_code == code]
        if not overlaps_any((start, end), taken):
            kept.append(item)
    return kept


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


async def publish(
    connection: Connection, items, *, base: str = "", withdrawn=(), effective: date = EFFECTIVE
) -> str:
    label = f"v{next(_labels)}"
    outcome = await imports.import_batch(
        connection,
        Batch(
            region_code=REGION,
            version=label,
            base_version=base,
            effective_date=effective if base else None,
            items=items,
            withdrawn_item_codes=withdrawn,
            publish=True,
            dry_run=False,
        ),
    )
    assert outcome.refusals == outcome.refused_withdrawals == ()
    return label


async def content(connection: Connection, label: str) -> list[CatalogueItem]:
    version = await store.find_published(connection, REGION, label)
    assert version is not None
    items = await store.list_items(connection, version.version_id, ("", date.min), 1000)
    assert len(items) == version.item_count
    # What settles bills is downloaded in chunks: of every version they are its items.
    builder, ordinal = Builder(), 0
    while content := await find_chunk(connection, version.version_id, ordinal):
        for _ in builder.add(read_part(DownloadSnapshotResponse.FromString(content))):
            pass
        ordinal += 1
    found = Snapshot(region_code=REGION, version=label, items=builder.finish())
    assert list(found) == [replace(item, name="") for item in items]
    return items


def on(items, code: str, day: date) -> list[Decimal | None]:
    return [
        item.price_ceiling
        for item in items
        if item.item_code == code
        and item.begin_date <= day
        and (item.end_date is None or day <= item.end_date)
    ]


def assert_changed(found, base, changes, withdrawn, effective: date) -> None:
    changed = {item.item_code for item in changes} | set(withdrawn)
    for number in range(-1, 40):
        day = DAY + timedelta(number)
        for code in CODES:
            from_base = day < effective or code not in changed
            expected = on(base if from_base else changes, code, day)
            assert on(found, code, day) == expected, (code, day)


async def check(connection: Connection, base, changes, withdrawn, more) -> None:
    first = await publish(connection, base)
    second = await publish(connection, changes, base=first, withdrawn=withdrawn)
    found = await content(connection, second)
    assert_changed(found, base, changes, withdrawn, EFFECTIVE)
    again, effective = more
    if again:
        # Changes of what was made by changes, from an earlier or a later date: also of what that
        # version withdrew or lists later. And of the first one, which knows nothing of the second.
        for label, known in ((second, found), (first, base)):
            third = await publish(connection, again, base=label, effective=effective)
            assert_changed(await content(connection, third), known, again, (), effective)
    assert await content(connection, first) == sorted(
        base, key=lambda item: (item.item_code, item.begin_date)
    )
    label = f"v{next(_labels)}"
    await imports.republish(connection, region_code=REGION, from_version=second, version=label)
    assert await content(connection, label) == found


def test_changes_hold_from_their_date_on_and_a_repetition_repeats(
    postgres_dsn, template_database, loop
):
    name = "property_catalogue_changes"

    async def database(statement: str) -> None:
        connection = await asyncpg.connect(postgres_dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    head, _, query = postgres_dsn.partition("?")
    dsn = f"{head.rpartition('/')[0]}/{name}?{query}"

    @settings(max_examples=60)
    @given(periods, periods, st.sets(st.sampled_from(CODES)), periods, st.integers(-4, 8))
    def example(base_rows, change_rows, withdrawals, more_rows, shift):
        base = items_of(base_rows, DAY)
        changes = items_of(change_rows, EFFECTIVE)
        given_codes = {item.item_code for item in changes}
        reaching = {
            item.item_code for item in base if item.end_date is None or item.end_date >= EFFECTIVE
        }
        withdrawn = sorted((withdrawals & reaching) - given_codes)
        left = [item for item in base if item.item_code not in withdrawn]
        left += [item for item in base if item.begin_date < EFFECTIVE]
        if not base or not (changes or withdrawn) or not (left or changes):
            return
        later = EFFECTIVE + timedelta(shift)
        more = (items_of(more_rows, later), later)
        loop.run_until_complete(run(base, changes, withdrawn, more))

    async def run(*arguments) -> None:
        async with open_database(DatabaseConfig(dsn=dsn), "catalogue") as pool:
            await pool.run("check", lambda found: check(found, *arguments))

    loop.run_until_complete(
        database(f"CREATE DATABASE {name} TEMPLATE {template_database} STRATEGY FILE_COPY")
    )
    try:
        example()
    finally:
        loop.run_until_complete(database(f"DROP DATABASE {name} WITH (FORCE)"))
