"""Goal: what charts/README.md tells to type works with what is in the repository.

Method: its values are rendered, its `yijie` commands are run in order, in a folder of their own.
"""

from __future__ import annotations

import re
import shlex
import shutil
from typing import TYPE_CHECKING, Final

import pytest
import yaml
from typer.testing import CliRunner

from services.cli.commands import app
from tests.charts.render import CHARTS, SERVICES, load_values, of_kind, parse, render

if TYPE_CHECKING:
    from pathlib import Path

README: Final = (CHARTS / "README.md").read_text(encoding="utf-8")
BLOCKS: Final = re.findall(r"^```yaml\n(.+?)^```$", README, re.MULTILINE | re.DOTALL)
SECTIONS: Final = dict(
    re.findall(r"^## ([^\n]+)\n(.+?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
)


@pytest.mark.parametrize("block", BLOCKS)
def test_its_values_render(block: str) -> None:
    values = yaml.safe_load(block)
    chart = "yijie-postgres" if "backup" in values else "yijie"
    assert render(CHARTS / chart, values)


def test_all_its_values_fit_together_with_production() -> None:
    values = load_values("yijie/values-prod.yaml")
    for block in BLOCKS:
        for key, more in yaml.safe_load(block).items():
            if key != "backup":
                values[key] = values.get(key, {}) | more
    assert of_kind(parse(render(CHARTS / "yijie", values)), "Deployment").keys() == {
        f"yijie-{service}" for service in SERVICES
    }


def _commands(section: str) -> list[list[str]]:
    """The commands of ours, in order, as the shell would split them."""
    text = SECTIONS[section].replace("\\\n", " ").replace("$service", "identity")
    text = text.replace("$host", "yijie-identity-headless")
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("yijie ")]
    return [shlex.split(line.partition(" > ")[0], comments=True)[1:] for line in lines]


def test_its_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(
        CHARTS, tmp_path / "charts", ignore=shutil.ignore_patterns("rules", "dashboards")
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys").mkdir()
    province = _commands("A province")
    assert [words[:2] for words in province] == [
        ["region", "new"],
        ["region", "check"],
        ["certs", "request"],
        ["certs", "issue"],
    ]
    hub = _commands("The hub")
    assert [words[:2] for words in hub] == [
        ["signatures", "key"],
        ["audit", "key"],
        ["rules", "key"],
        ["certs", "init"],
        ["certs", "issue"],
    ]
    for words in (*hub, *province):
        if "--csr" in words:  # which the province has sent
            shutil.move("certs/tls.csr", "tls.csr")
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, (words, done.output)
    read = README.replace("$service", "identity")
    named = set(re.findall(r"--from-file=(?:[\w-]+=)?([\w/.]+)", read))
    made = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    # The certificate the hub sends back; what `yijie rules key` prints the shell caught.
    assert named - made == {"certs/tls.crt", "certs/ca.crt", "keys/rule_keys"}
    assert {f"certs/benefits-440000/{name}" for name in ("tls.crt", "ca.crt")} <= made
