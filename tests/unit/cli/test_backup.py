"""Goal: a backup that would not help is refused before it is needed, with the way out named."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from typer.testing import CliRunner

from services.cli.backup.archive import Archive, lay_out, without_password
from services.cli.backup.showing import show_base, show_bases, show_restore
from services.cli.commands import app
from services.cli.mesh import MeshError
from services.cli.pgtools import hand_over, owned_folder, run_tool, tool_path

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path):
    """An archive of two copies that only say so, of noon and of an hour later."""
    found = Archive(tmp_path / "backup")
    found.base_dir.mkdir(parents=True)
    for hour in (0, 1):
        moment = NOON + timedelta(hours=hour)
        document = {
            "name": f"{moment:%Y%m%dT%H%M%SZ}",
            "begin_time": moment - timedelta(minutes=5),
            "end_time": moment,
            "size_bytes": 72_000_000,
        }
        (found.base_dir / document["name"]).mkdir()
        (found.base_dir / f"{document['name']}.json").write_bytes(orjson.dumps(document))
    # Half a copy has no such file.
    (found.base_dir / "20261122T140000Z.partial").mkdir()
    return found


def test_the_latest_copy_before_the_moment_is_taken(archive):
    assert [base.name for base in archive.bases()] == ["20261122T120000Z", "20261122T130000Z"]
    assert archive.base_before(None).name == "20261122T130000Z"
    assert archive.base_before(NOON + timedelta(minutes=59)).name == "20261122T120000Z"
    assert archive.base_before(NOON + timedelta(hours=1)).name == "20261122T130000Z"


def test_a_moment_before_the_first_copy_is_refused(archive):
    with pytest.raises(MeshError, match="the first one ended 2026-11-22T12:00:00"):
        archive.base_before(NOON - timedelta(seconds=1))


def test_an_archive_without_copies_is_told(tmp_path, capsys):
    with pytest.raises(MeshError, match="there is none"):
        Archive(tmp_path).base_before(None)
    assert asyncio.run(show_bases(tmp_path, as_json=False)) == 1
    assert asyncio.run(show_bases(tmp_path, as_json=True)) == 1
    assert capsys.readouterr().out.strip().endswith("[]")


def test_copies_are_shown_with_what_they_restore(archive, capsys):
    assert asyncio.run(show_bases(archive.folder, as_json=False)) == 0
    shown = capsys.readouterr().out
    assert "2026-11-22T20:00:00+08:00" in shown
    assert "72" in shown


def test_nothing_is_written_over(archive, tmp_path):
    used = tmp_path / "pg"
    used.mkdir()
    (used / "PG_VERSION").write_text("18")
    base = archive.base_before(None)
    with pytest.raises(MeshError, match="not empty"):
        lay_out(archive, base, used, None)
    assert (used / "PG_VERSION").read_text() == "18"


def test_a_moment_to_come_is_refused(archive, tmp_path):
    moment = datetime.now(UTC) + timedelta(minutes=5)
    with pytest.raises(MeshError, match="yet to come"):
        asyncio.run(show_restore(archive.folder, tmp_path / "pg", moment, None, timeout_s=5.0))


@pytest.mark.parametrize("wrong", ["yesterday", "2026-11-22T10:00:00"])
def test_what_is_no_moment_is_refused(wrong, tmp_path):
    arguments = ["--archive", str(tmp_path), "--to", str(tmp_path / "pg"), "--time", wrong]
    result = CliRunner().invoke(app, ["backup", "restore", *arguments])
    assert result.exit_code == 2


def test_a_folder_without_a_server_is_told(tmp_path):
    with pytest.raises(MeshError, match="name it by --dsn"):
        asyncio.run(show_base(tmp_path, "", tmp_path, None))


def test_a_password_is_in_no_list_of_processes():
    assert without_password("postgresql://u:p%40ss@h:5432/y?sslmode=require") == (
        "postgresql://u@h:5432/y?sslmode=require",
        "p@ss",
    )
    assert without_password("postgresql:///y?host=/a") == ("postgresql:///y?host=/a", "")


def test_programs_that_are_not_there_are_named(tmp_path):
    with pytest.raises(MeshError, match="--tools"):
        tool_path("pg_basebackup", tmp_path)


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        ("E1122 epoll1.cc:373] noise\npg_tool: error: no manifest", "pg_tool: error: no manifest"),
        ("pg_tool: error: no\npg_tool: hint: yes", "pg_tool: error: no\npg_tool: hint: yes"),
        ("ld.so: cannot open libpq", "ld.so: cannot open libpq"),
    ],
)
def test_what_a_library_of_ours_writes_is_not_what_a_program_said(tmp_path, printed, told):
    tool = tmp_path / "tools/pg_tool"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{printed}\nEND\nexit 3\n", encoding="utf-8")
    tool.chmod(0o755)
    hand_over(tool.parent)
    with pytest.raises(MeshError) as failed:
        run_tool("pg_tool", tools=tool.parent)
    assert str(failed.value) == f"pg_tool failed (3): {told}"


def test_a_program_that_fails_says_why(tmp_path):
    folder = owned_folder(tmp_path / "pg")
    with pytest.raises(MeshError, match=r"pg_verifybackup failed .*backup_manifest"):
        run_tool("pg_verifybackup", str(folder))
