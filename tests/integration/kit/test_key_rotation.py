"""Rotation of data keys on real tables, while a service reads and writes."""

import asyncio
import base64
import contextlib
import functools
import os
from uuid import uuid4

import asyncpg
import pytest

from services.cli.keys import rotating
from services.cli.keys.places import KeysError, find_places
from services.cli.keys.rotating import count, reseal_all, retire, rotate, with_new_key
from services.kit import keys
from services.kit.crypto import FieldCipher, KeyRing, parse_keyring_text
from services.kit.keys import open_cipher
from tests.support.eventually import eventually

FIRST = bytes(range(32))
CONTEXT = b"identity.person:"
INSERT = """
INSERT INTO identity.person (person_id, cert_index, record, create_time, update_time)
SELECT person_id, sha256(uuid_send(person_id)), record, now(), now()
  FROM unnest($1::uuid[], $2::bytea[]) AS e (person_id, record)"""


@pytest.fixture
def data_dir(tmp_path, dsn):
    """A mesh's folder as `yijie up` makes it: one key in base64, without an id."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "dsn").write_text(dsn + "\n")
    (folder / "data_key").write_text(base64.b64encode(FIRST).decode() + "\n")
    (folder / "data_key").chmod(0o600)
    return tmp_path


async def insert(connection, cipher, number):
    people = {uuid4(): f"person {n}".encode() for n in range(number)}
    records = [cipher.encrypt(text, context=CONTEXT + key.bytes) for key, text in people.items()]
    await connection.execute(INSERT, list(people), records)
    return people


async def read(connection, cipher):
    rows = await connection.fetch("SELECT person_id, record FROM identity.person")
    return {
        row["person_id"]: cipher.decrypt(row["record"], context=CONTEXT + row["person_id"].bytes)
        for row in rows
    }


def fields(counts, table="person"):
    return next(c.by_key for c in counts if c.column.table == table)


def quiet(_name, _fields):
    """No bar."""


async def test_rotation_loses_nothing_while_a_service_writes(dsn, data_dir, monkeypatch):
    """Goal: every field stays readable at every moment, and in the end one key reads all."""
    monkeypatch.setattr(keys, "_POLL_S", 0.02)
    path = data_dir / "secrets" / "data_key"
    environ = {keys.VARIABLE: str(path)}
    people, stop, reads = {}, asyncio.Event(), 0

    async def service(connection, cipher):
        nonlocal reads
        while not stop.is_set():
            people.update(await insert(connection, cipher, 7))
            held = await read(connection, cipher)
            assert {key: held.get(key) for key in people} == people
            reads += 1

    async with contextlib.AsyncExitStack() as stack:
        connection = await asyncpg.connect(dsn)
        stack.push_async_callback(connection.close)
        cipher = await stack.enter_async_context(open_cipher(KeyRing({1: FIRST}, 1), environ))
        people.update(await insert(connection, cipher, 1300))
        work = asyncio.create_task(service(connection, cipher))
        places = find_places(data_dir, "")
        key_id, looked_at = await rotate(places, algorithm="sm4", told=quiet, learn_s=0.2)
        assert (key_id, looked_at >= 1300) == (2, True)
        stop.set()
        await work
        assert reads > 2
        await reseal_all(places, told=quiet)
        assert fields(await count(places)) == {2: len(people)}
        assert path.stat().st_mode & 0o777 == 0o600
        await retire(places, 1)
        alone = FieldCipher(parse_keyring_text(path.read_text()))
        assert await read(connection, alone) == people


async def test_a_field_that_changed_meanwhile_is_left_alone(dsn, data_dir):
    """Resealing replaces what it read, or nothing: no later write is undone."""
    connection = await asyncpg.connect(dsn)
    try:
        one = FieldCipher(KeyRing({1: FIRST}, 1))
        (person_id,) = await insert(connection, one, 1)
        places = find_places(data_dir, "")
        await connection.execute("SET search_path TO identity")
        newer = one.encrypt(b"newer", context=CONTEXT + person_id.bytes)

        from services.kit import sealed

        select, update = sealed._select, sealed._update
        column = places.places[0].columns[0]
        rows = await connection.fetch(select(column), None, 500)
        await connection.execute("UPDATE identity.person SET record = $1", newer)
        stale = (rows[0]["record"], b"\x02" + rows[0]["record"][1:])
        for skip in (True, False):
            await connection.execute(update(column, skip=skip), [person_id], [stale[0]], [stale[1]])
        assert await read(connection, one) == {person_id: b"newer"}
    finally:
        await connection.close()


async def test_a_key_that_a_field_needs_is_not_retired(dsn, data_dir):
    connection = await asyncpg.connect(dsn)
    try:
        await insert(connection, FieldCipher(KeyRing({1: FIRST}, 1)), 3)
        places = find_places(data_dir, "")
        with pytest.raises(KeysError, match="active"):
            await retire(places, 1)
        with pytest.raises(KeysError, match="no key 9"):
            await retire(places, 9)
        places.write(KeyRing({1: FIRST, 2: FIRST[::-1]}, 2))
        with pytest.raises(KeysError, match=r"identity.person.record \(3\)"):
            await retire(places, 1)
        await reseal_all(places, told=quiet)
        await retire(places, 1)
        assert parse_keyring_text(places.path.read_text()).keys.keys() == {2}
    finally:
        await connection.close()


async def test_a_lost_key_is_named_and_nothing_is_touched(dsn, data_dir):
    connection = await asyncpg.connect(dsn)
    try:
        await insert(connection, FieldCipher(KeyRing({5: FIRST[::-1]}, 5)), 2)
        places = find_places(data_dir, "")
        with pytest.raises(KeysError, match="no key with id 5"):
            await reseal_all(places, told=quiet)
        assert fields(await count(places)) == {5: 2}
    finally:
        await connection.close()


def test_a_folder_without_a_mesh_is_refused(tmp_path):
    with pytest.raises(KeysError, match="no mesh"):
        find_places(tmp_path, "")
    with pytest.raises(KeysError, match="keeps no sealed fields"):
        find_places(tmp_path, "clearing")


async def test_sealing_anew_and_a_service_never_stop_each_other(dsn, data_dir):
    """A service locks the rows of its batch in an order of its own, while they are sealed anew."""
    connection = await asyncpg.connect(dsn)
    service = await asyncpg.connect(dsn)
    try:
        people = await insert(connection, FieldCipher(KeyRing({1: FIRST}, 1)), 40)
        ids = sorted(people, reverse=True)  # the other way round
        ring = KeyRing({1: FIRST, 2: FIRST[::-1]}, 2)
        places = find_places(data_dir, "")
        places.write(ring)
        lock = "SELECT FROM identity.person WHERE person_id = $1 FOR UPDATE"
        async with asyncio.timeout(20):
            async with service.transaction():
                await service.fetch(lock, ids[0])
                sealing = asyncio.create_task(reseal_all(places, told=quiet))
                await eventually(functools.partial(_waits, connection))
                # All others are free: what is sealed anew waits for one row and holds none.
                for person_id in ids[1:]:
                    await service.fetch(lock, person_id)
                assert not sealing.done()
            assert await sealing == 40
        assert fields(await count(places)) == {2: 40}
        assert await read(connection, FieldCipher(ring)) == people
    finally:
        await service.close()
        await connection.close()


async def _waits(connection):
    assert await connection.fetch(
        """SELECT FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND application_name = 'keys'
              AND datname = current_database()"""
    )


async def test_a_key_is_not_retired_before_open_transactions_end(dsn, data_dir, monkeypatch):
    """What a transaction has written with the old key is seen by nobody until it commits."""
    connection = await asyncpg.connect(dsn)
    try:
        places = find_places(data_dir, "")
        async with connection.transaction():
            await insert(connection, FieldCipher(KeyRing({1: FIRST}, 1)), 1)
            places.write(KeyRing({1: FIRST, 2: FIRST[::-1]}, 2))
            monkeypatch.setattr(rotating, "WRITERS_S", 0.3)
            with pytest.raises(KeysError, match="has been open for over"):
                await retire(places, 1)
            monkeypatch.undo()
            retiring = asyncio.create_task(retire(places, 1))
            await asyncio.sleep(0.3)
            assert not retiring.done()
        with pytest.raises(KeysError, match=r"identity.person.record \(1\)"):
            await retiring
        assert places.ring().keys.keys() == {1, 2}
    finally:
        await connection.close()


async def test_two_rotations_at_once_lose_no_key(dsn, data_dir):
    """Each would write its own new key under the same id over the other's."""
    places = find_places(data_dir, "")
    first = asyncio.create_task(rotate(places, algorithm="aes", told=quiet, learn_s=0.2))
    await asyncio.sleep(0.1)
    with pytest.raises(KeysError, match="another command"):
        await rotate(places, algorithm="aes", told=quiet, learn_s=0)
    with pytest.raises(KeysError, match="another command"):
        await retire(places, 1)
    assert (await first)[0] == 2
    assert (await rotate(places, algorithm="aes", told=quiet, learn_s=0))[0] == 3
    assert places.ring().keys.keys() == {1, 2, 3}


def test_the_file_keeps_its_permissions_and_its_place(data_dir):
    """A service of another user reads it through its group, or through a link."""
    link = data_dir / "secrets" / "data_key"
    real = data_dir / "data_key_of_the_operator"
    link.rename(real)
    link.symlink_to(real)
    real.chmod(0o640)
    (data_dir / "data_key_of_the_operator.new").write_text("left by a crash")
    places = find_places(data_dir, "")
    places.write(KeyRing({1: FIRST, 2: FIRST[::-1]}, 2))
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert parse_keyring_text(real.read_text()).active == 2
    assert not list(data_dir.glob("*.new"))


def test_a_file_that_cannot_be_replaced_is_left_as_it_was(data_dir, monkeypatch):
    places = find_places(data_dir, "")
    before = places.path.read_text()

    def full(_descriptor):
        raise OSError(28, "no space")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeysError, match="cannot be replaced: OSError"):
        places.write(KeyRing({2: FIRST}, 2))
    assert places.path.read_text() == before
    assert not list(places.path.parent.glob("*.new"))


def test_a_new_key_gets_an_id_that_was_never_used_while_there_is_one():
    def ring(*ids):
        return KeyRing({n: bytes([n]) * 32 for n in ids}, ids[0])

    assert with_new_key(ring(4, 2), "aes")[1] == 5
    assert with_new_key(ring(255, 1), "aes")[1] == 2
    with pytest.raises(KeysError, match="retire one first"):
        with_new_key(ring(*range(1, 256)), "aes")
