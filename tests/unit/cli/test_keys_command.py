"""Goal: `yijie keys` shows no key, whatever is wrong with the file that holds them.

Method: key files that are broken in every way, a database that is not there; what is printed is
searched for every piece of a key. What it prints when all is well: tests/e2e/test_privacy.py.
"""

from __future__ import annotations

import base64

import pytest
from typer.testing import CliRunner

from services.cli.keys.app import app
from services.kit.crypto import KeyRing, write_keyring

KEY, OTHER, SM4 = bytes(range(100, 132)), bytes(range(132, 164)), bytes(range(200, 216))
RING = write_keyring(KeyRing({1: KEY, 2: OTHER, 3: SM4}, 2))
TEXT = base64.b64encode(KEY).decode()
PIECE = 8
COMMANDS = (["status"], ["status", "--json"], ["rotate"], ["reseal"], ["retire", "1"])


def pieces() -> set[bytes]:
    """Every run of eight characters of a key, as it is written, and in hexadecimal."""
    found = set()
    for key in (KEY, OTHER, SM4):
        for text in (base64.b64encode(key), key.hex().encode()):
            found |= {text[start : start + PIECE] for start in range(len(text) - PIECE)}
    return found


@pytest.fixture
def data_dir(tmp_path):
    """A mesh's folder, of which the database is gone."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "dsn").write_text(f"postgresql://yijie:secretword@/yijie?host={tmp_path}/nowhere\n")
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        RING,
        RING.replace(":", ";"),
        RING.replace(":", "::"),
        RING.replace("\n", ""),
        RING[:-9],
        RING + RING,
        f"1:{TEXT}\n2:{TEXT}\n",
        f"0:{TEXT}\n",
        f"{TEXT}:{TEXT}\n",
        f"sm4:{TEXT}\n",
        f"1:sm4:{TEXT}\n",
        f"1:{TEXT[:-4]}\n",
        f"1:{TEXT}金\n",
        TEXT[:-4],
        "",
    ],
)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_key_is_shown(data_dir, command, text):
    (data_dir / "secrets" / "data_key").write_text(text, encoding="utf-8")
    shown = CliRunner().invoke(app, [*command, "--data-dir", str(data_dir)])
    assert shown.exit_code == 1
    assert isinstance(shown.exception, SystemExit)
    output = shown.output.encode()
    assert output
    assert not {piece for piece in pieces() if piece in output}
    assert b"secretword" not in output
    # What could not be done has changed nothing.
    assert (data_dir / "secrets" / "data_key").read_text(encoding="utf-8") == text


def test_no_key_of_the_environment_is_shown(data_dir, monkeypatch):
    path = data_dir / "key"
    path.write_text(RING[:-9])
    monkeypatch.setenv("YIJIE_DATA_KEY_FILE", str(path))
    for dsn in ("", f"nonsense {TEXT}", f"postgresql://yijie:{TEXT}@127.0.0.1:1/yijie"):
        monkeypatch.setenv("YIJIE_DSN", dsn)
        for command in COMMANDS:
            shown = CliRunner().invoke(app, [*command, "--service", "identity"])
            assert shown.exit_code in {1, 2}
            assert isinstance(shown.exception, SystemExit)
            assert not {piece for piece in pieces() if piece in shown.output.encode()}
