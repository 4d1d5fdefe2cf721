"""Goal: an officer publishes, lists and tries rules with `yijie rules`; what is wrong is said."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import stat
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from services.cli.commands import app
from services.cli.mesh import ENDPOINTS, MeshError
from services.cli.rules.dry_run import Trial, dry_run
from services.cli.rules.publish import (
    Order,
    parse_instant,
    publish,
    show_packs,
    show_signature,
    withdraw,
)
from services.cli.rules.rates import show_rates
from services.cli.rules.signing import DEMO_KEY_ID, SigningError, new_key, read_key, write_demo_key
from services.cli.topology import Endpoint
from services.kit import log
from services.kit.config import load
from services.kit.errors import DomainError
from services.supervision.app import running
from services.supervision.config import Config
from services.supervision.rules_loader import load as load_pack
from tests.integration.supervision.harness import environ
from tests.integration.supervision.packs_world import folder_of

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]


@contextlib.asynccontextmanager
async def hub(dsn: str, folder: Path) -> AsyncIterator[None]:
    """A supervision service where commands look for one, with the key of a local mesh."""
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700)
    write_demo_key(secrets)
    log.configure("supervision", "critical")
    config = load(Config, {**environ(dsn, 1), "YIJIE_RULE_KEYS_FILE": str(secrets / "rule_keys")})
    async with running(config) as server:
        port = int(server.address.rpartition(":")[2])
        endpoint = dataclasses.asdict(Endpoint(port=port, metrics_port=0))
        (folder / ENDPOINTS).write_bytes(orjson.dumps({"supervision": endpoint}))
        yield


def order(folder: Path, **changes: Any) -> Order:
    values: dict[str, Any] = {
        "folder": folder,
        "valid_from_time": parse_instant(""),
        "maker": "zhang.1",
        "checker": "li.2",
        "key_id": DEMO_KEY_ID,
        "key": None,
    }
    return Order(**{**values, **changes})


async def test_an_officer_publishes_and_tries_a_pack(
    dsn: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(tmp_path / "pack", "ITEM_SEX")
    version = load_pack(folder).version
    today = datetime.now(UTC).date()
    async with hub(dsn, tmp_path):
        trial = Trial(
            folder=folder, version="", since=today - timedelta(days=9), until=None, bills_max=0
        )
        assert await dry_run(trial, tmp_path, as_json=False) == 0
        said = capfd.readouterr().out
        assert f"规则包 pack {version}" in said
        assert "0 笔 bills" in said

        assert await publish(order(folder), tmp_path, as_json=False) == 0
        assert f"已发布 published {version}：现行 running" in capfd.readouterr().out
        assert await show_packs(tmp_path, as_json=False) == 0
        listed = capfd.readouterr().out
        assert f"现行 running：{version}" in listed
        assert "zhang.1 / li.2" in listed
        assert "随版本发布 shipped" in listed

        # Signed elsewhere, published here.
        later = datetime(2099, 1, 1, tzinfo=UTC)
        key = tmp_path / "secrets" / "rule_signing_key"
        assert show_signature(order(folder, valid_from_time=later), key) == 0
        signature = capfd.readouterr().out.strip()
        assert len(base64.b64decode(signature)) == 64
        with pytest.raises(DomainError) as caught:
            await publish(
                order(folder, valid_from_time=later, signature=signature), tmp_path, as_json=False
            )
        assert caught.value.reason == "RULE_PACK_TIME"

        assert await show_packs(tmp_path, as_json=True) == 0
        document = orjson.loads(capfd.readouterr().out)
        assert [one["version"] for one in document["packs"]][:1] == [version]
        assert await show_rates(tmp_path, since=None, until=None, as_json=False) == 0
        assert "误报率 false" in capfd.readouterr().out
        trial = dataclasses.replace(trial, folder=None, version=version, until=today)
        assert await dry_run(trial, tmp_path, as_json=True) == 0
        assert orjson.loads(capfd.readouterr().out)["complete"] is True


async def test_an_officer_takes_back_what_does_not_run_yet(
    dsn: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(tmp_path / "pack", "ITEM_SEX")
    version = load_pack(folder).version
    people = {"maker": "zhang.1", "checker": "li.2"}
    soon = parse_instant("") + timedelta(hours=1)
    async with hub(dsn, tmp_path):
        assert await publish(order(folder, valid_from_time=soon), tmp_path, as_json=False) == 0
        assert "待生效 upcoming" in capfd.readouterr().out
        assert await withdraw(version, tmp_path, as_json=False, **people) == 0
        assert f"已撤回 withdrawn {version}" in capfd.readouterr().out
        assert await show_packs(tmp_path, as_json=False) == 0
        assert "已撤回" in capfd.readouterr().out
        with pytest.raises(DomainError) as caught:
            await withdraw(version, tmp_path, as_json=False, **people)
        assert caught.value.reason == "RESOURCE_NOT_FOUND"


async def test_a_pack_that_is_refused_here_is_not_sent(dsn: str, tmp_path: Path) -> None:
    bad = folder_of(
        tmp_path / "pack",
        "ITEM_SEX",
        edits={"item_sex.yaml": ("severity: MEDIUM", "severity: MEDIUM\ngravity: 3")},
    )
    with pytest.raises(DomainError) as caught:
        await publish(order(bad), tmp_path, as_json=False)
    assert caught.value.reason == "RULE_PACK_FIELD_UNKNOWN"
    good = folder_of(tmp_path / "good", "ITEM_SEX")
    (tmp_path / "secrets").mkdir()
    with pytest.raises(SigningError):
        await publish(order(good), tmp_path, as_json=False)
    write_demo_key(tmp_path / "secrets")
    with pytest.raises(MeshError):
        await publish(order(good), tmp_path, as_json=False)


def test_keys_are_files_of_their_own(tmp_path: Path) -> None:
    line = new_key(tmp_path / "signing.pem", "hub-2026")
    assert line.startswith("hub-2026:")
    assert stat.S_IMODE((tmp_path / "signing.pem").stat().st_mode) == 0o600
    read_key(tmp_path / "signing.pem")
    with pytest.raises(SigningError):
        new_key(tmp_path / "signing.pem", "hub-2026")
    (tmp_path / "other.pem").write_text("a key? AAAA")
    for name in ("other.pem", "none.pem"):
        with pytest.raises(SigningError) as caught:
            read_key(tmp_path / name)
        assert "AAAA" not in str(caught.value)
    write_demo_key(tmp_path)
    kept = (tmp_path / "rule_keys").read_text()
    write_demo_key(tmp_path)
    assert (tmp_path / "rule_keys").read_text() == kept


def test_instants_are_read_as_of_shanghai() -> None:
    assert parse_instant("2026-12-01T00:00") == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert parse_instant("2026-12-01T00:00:00Z") == datetime(2026, 12, 1, tzinfo=UTC)
    assert parse_instant("").microsecond == 0
    assert parse_instant("2026-12-01").astimezone(UTC).date() == date(2026, 11, 30)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["publish", "x", "--maker", "a", "--checker", "A"], "须为两人"),
        (["publish", "x", "--maker", "张三", "--checker", "b"], "--maker"),
        (
            ["publish", "x", "--maker", "a", "--checker", "b", "--valid-from", "soon"],
            "--valid-from soon",
        ),
        (
            ["publish", "x", "--maker", "a", "--checker", "b", "--signature", "AA=="],
            "--valid-from",
        ),
        (["dry-run", "--since", "2026-03-01"], "--version"),
        (["dry-run", "x", "--since", "yesterday"], "--since yesterday"),
        (["rates", "--since", "2026"], "--since 2026"),
        (["key", "x", "--key-id", "HUB"], "--key-id"),
    ],
)
def test_a_call_that_is_wrong_in_itself(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["rules", *arguments])
    assert result.exit_code == 2
    assert said in result.output
