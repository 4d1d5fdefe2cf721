"""Goal: who changes a filing and who tells of a stay never judge without the other."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from services.filing import store, warning_store
from services.filing.domain import changing
from services.filing.domain.decide import Reason
from services.filing.domain.model import Details, Evidence, Filing, FilingType
from services.filing.domain.warnings import Stay, StayState, Verdict, WarningState
from services.filing.vault import Vault
from services.filing.warning_usecases import reconsider, record_admissions
from services.kit.crypto import FieldCipher, parse_keyring_text
from services.kit.db import DatabaseConfig, open_database
from services.kit.feed import Batch
from tests.integration.filing_feed.harness import KEY

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 14, 2, tzinfo=UTC)
TODAY = date(2026, 3, 14)
PERSON = uuid4()
RING = parse_keyring_text(KEY)
VAULT = Vault(FieldCipher(RING), RING)


@pytest.fixture
async def database(dsn):
    async with open_database(DatabaseConfig(dsn=dsn, pool_size_max=4), "filing") as opened:
        yield opened


def made():
    return Filing(
        filing_id=uuid4(),
        person_id=PERSON,
        insured_region="650100",
        target_region="640100",
        type=FilingType.RETIRED_SETTLED,
        begin_date=date(2026, 1, 1),
        end_date=None,
        evidence=Evidence.DOCUMENT,
        create_time=NOW,
        create_date=TODAY,
    )


def admitted(revision=1):
    return Stay(
        visit_id=uuid4(),
        person_id=PERSON,
        insured_region="650100",
        care_region="640104",
        institution_code="H64010400001",
        admission_date=TODAY,
        expected_discharge_date=None,
        discharge_date=None,
        emergency=False,
        state=StayState.REGISTERED,
        revision=revision,
    )


async def tell(database, stay, after=""):
    batch = Batch(events=(stay,), cursor=f"{after}1", last_event_time=NOW)
    await record_admissions(database, VAULT, after=after, batch=batch, now=NOW)


async def file(connection, filing):
    await store.insert_filings(connection, VAULT, [(filing, Details())])
    await reconsider(connection, VAULT, PERSON, NOW)


async def cancel(connection, filing):
    await store.append_state(connection, changing.cancel_filing(filing, now=NOW, today=TODAY))
    await reconsider(connection, VAULT, PERSON, NOW)


class Held:
    """A transaction that does its work and commits when it is told to."""

    def __init__(self, database, work):
        self.worked, self.may_commit = asyncio.Event(), asyncio.Event()

        async def held(connection):
            await work(connection)
            self.worked.set()
            await self.may_commit.wait()

        self.task = asyncio.create_task(database.run("test.held", held))

    async def commit(self):
        self.may_commit.set()
        await self.task


async def standing(database):
    return await warning_store.count_warnings(database)


NOBODY = dict.fromkeys((WarningState.OPEN, WarningState.DISCHARGED), 0)


async def test_an_admission_waits_for_a_filing_that_is_being_made(database):
    filing = Held(database, lambda connection: file(connection, made()))
    await filing.worked.wait()
    told = asyncio.create_task(tell(database, admitted()))
    await asyncio.sleep(0.2)
    assert not told.done()
    await filing.commit()
    await told
    assert await standing(database) == NOBODY


async def test_a_filing_waits_for_an_admission_that_is_being_told(database):
    stay = admitted()

    async def take_in(connection):
        await connection.fetchrow(warning_store.LOCK_FOR_ADMISSIONS)
        said = Verdict(WarningState.OPEN, Reason.NOT_FILED)
        await warning_store.keep_stays(connection, VAULT, [warning_store.Watched(stay, said)])

    telling = Held(database, take_in)
    await telling.worked.wait()

    async def filed(connection):
        await file(connection, made())

    filing = asyncio.create_task(database.run("test.file", filed))
    await asyncio.sleep(0.2)
    assert not filing.done()
    await telling.commit()
    await filing
    assert await standing(database) == NOBODY


async def test_of_two_changes_of_one_person_the_second_sees_the_first(database):
    first = made()
    await database.run("test.file", lambda connection: file(connection, first))
    await tell(database, admitted())
    second = Held(database, lambda connection: file(connection, made()))
    await second.worked.wait()
    cancelling = asyncio.create_task(
        database.run("test.cancel", lambda connection: cancel(connection, first))
    )
    await asyncio.sleep(0.2)
    assert not cancelling.done()
    await second.commit()
    await cancelling
    assert await standing(database) == NOBODY


async def test_changes_of_different_persons_do_not_wait_for_each_other(database):
    one = Held(database, lambda connection: file(connection, made()))
    await one.worked.wait()

    async def other(connection):
        filing = replace(made(), person_id=uuid4())
        await store.insert_filings(connection, VAULT, [(filing, Details())])
        await reconsider(connection, VAULT, filing.person_id, NOW)

    await asyncio.wait_for(database.run("test.other", other), 5)
    await one.commit()
