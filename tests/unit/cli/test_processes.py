"""Goal: what a service starts with depends on the mesh alone, whatever the caller's shell says."""

from __future__ import annotations

from services.cli.processes import Process


async def test_the_settings_of_the_shell_are_not_passed_on(tmp_path, monkeypatch):
    monkeypatch.setenv("YIJIE_DSN", "postgresql://somewhere/else")
    # Compiling everything anew would double what a start costs.
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "compiled"))
    process = Process("catalogue", {}, tmp_path / "log")
    assert await process.ended(within_s=30)
    assert (process.exit_code, "YIJIE_DSN is not set" in process.tail()) == (2, True)
    assert list((tmp_path / "compiled").rglob("serve.*.pyc")) != []
