"""Goal: what `yijie up` prints to be pasted can be pasted."""

from __future__ import annotations

import sys
from pathlib import Path

from services.cli.up import beside


def test_a_program_is_named_as_it_can_be_called(monkeypatch):
    folder = Path(sys.executable).parent
    monkeypatch.chdir(folder.parent)
    assert beside("yijie") == f"{folder.name}/yijie"
    monkeypatch.chdir("/")
    assert Path("/", beside("yijie")) == folder / "yijie"
