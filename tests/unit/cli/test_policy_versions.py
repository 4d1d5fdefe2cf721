"""Goal: a policy is published to a running mesh, listed, and read back by its version."""

from __future__ import annotations

import orjson
import pytest
from typer.testing import CliRunner

from services.benefits.policies import load_pack, policy_files, read_files
from services.cli.commands import app
from tests.unit.cli.hub import Policies, Settlements, serving
from tests.unit.cli.packs import REGION, edit, write_pack


@pytest.fixture
def policies():
    return Policies()


@pytest.fixture
def data_dir(tmp_path, policies):
    with serving(tmp_path / "mesh", Settlements(), policies):
        yield tmp_path / "mesh"


@pytest.fixture
def folder(tmp_path):
    return write_pack(tmp_path)


def yijie(*arguments: str, data_dir):
    return CliRunner().invoke(app, ["policy", *arguments, "--data-dir", str(data_dir)])


def test_a_pack_is_published_without_its_examples(folder, data_dir, policies):
    done = yijie("publish", str(folder), data_dir=data_dir)
    version = load_pack(folder).version
    assert done.exit_code == 0
    assert f"{version} · 南阳市 411300 · 已生效 in force" in done.output
    assert policies.in_force == {REGION: version}
    assert policies.texts[version] == policy_files(read_files(folder))


def test_a_dry_run_publishes_nothing(folder, data_dir, policies):
    done = yijie("publish", str(folder), "--dry-run", data_dir=data_dir)
    assert (done.exit_code, policies.texts) == (0, {})
    assert "未生效 in order, not published" in done.output


def test_a_pack_with_a_mistake_does_not_leave_this_machine(folder, data_dir, policies):
    edit(folder / "index.yaml", "name_en: Nanyang", "name_en: ???")
    done = yijie("publish", str(folder), data_dir=data_dir)
    assert (done.exit_code, policies.texts) == (1, {})
    assert "411300/index.yaml:5: name_en: is still ???" in done.output


def test_what_the_mesh_has_against_a_pack_is_shown(folder, data_dir, policies):
    policies.elsewhere.add(REGION)
    done = yijie("publish", str(folder), data_dir=data_dir)
    assert done.exit_code == 1
    assert "411300: (top): is not ours; go there" in done.output


def test_versions_are_listed_of_all_pages(folder, data_dir, policies):
    policies.publish("610500", policy_files(read_files(write_pack(folder.parent, "610500"))))
    policies.publish(REGION, policy_files(read_files(folder)))
    edit(folder / "index.yaml", "name_en: Nanyang", "name_en: Nan Yang")
    policies.publish(REGION, policy_files(read_files(folder)))
    done = yijie("list", data_dir=data_dir)
    assert done.exit_code == 0
    assert done.output.count("411300@") == 2
    assert done.output.count("✓") == 2
    assert "渭南市 610500" in done.output
    document = orjson.loads(yijie("list", REGION, "--json", data_dir=data_dir).stdout)
    assert {one["region_code"] for one in document["versions"]} == {REGION}
    assert sorted(one["in_force"] for one in document["versions"]) == [False, True]


def test_a_version_and_what_is_in_force_are_read_from_the_mesh(folder, data_dir, policies):
    old = policies.publish(REGION, policy_files(read_files(folder)))
    edit(folder / "resident" / "inpatient.yaml", '"3": 500.00', '"3": 700.00')
    new = policies.publish(REGION, policy_files(read_files(folder)))
    done = yijie("diff", old, REGION, "--json", data_dir=data_dir)
    document = orjson.loads(done.stdout)
    assert (document["old"], document["new"]) == (old, new)
    assert [change["new"] for change in document["changes"]] == ["700.00"]
    done = yijie("explain", old, "390", "2026-05-01", "--json", data_dir=data_dir)
    assert orjson.loads(done.stdout)["policy_version"] == old


def test_a_version_that_never_was_is_refused(data_dir):
    done = yijie("explain", "411300@2026.01-0123456789ab", "390", "2026-05-01", data_dir=data_dir)
    assert done.exit_code == 2
    assert "the mesh has no policy 411300@2026.01-0123456789ab" in done.output
    done = yijie("explain", "411300", "390", "2026-05-01", data_dir=data_dir)
    assert "the mesh has no policy 411300; `yijie policy list` shows" in done.output


def test_a_county_lists_the_area_it_lies_in(folder, data_dir, policies):
    policies.publish(REGION, policy_files(read_files(folder)))
    assert "411300@" in yijie("list", "411302", data_dir=data_dir).output


def test_a_province_that_runs_apart_keeps_its_own_policies(folder, tmp_path):
    hosted, apart = Policies(), Policies()
    with serving(tmp_path / "mesh", Settlements(), hosted, {"410000": apart}):
        assert yijie("publish", str(folder), data_dir=tmp_path / "mesh").exit_code == 0
        hosted.publish("610500", policy_files(read_files(write_pack(folder.parent, "610500"))))
        listed = yijie("list", data_dir=tmp_path / "mesh").output
        only = yijie("list", REGION, data_dir=tmp_path / "mesh").output
    assert set(apart.in_force) == {REGION}
    assert set(hosted.in_force) == {"610500"}
    assert ("411300@" in listed, "610500@" in listed) == (True, True)
    assert ("411300@" in only, "610500@" in only) == (True, False)


@pytest.mark.parametrize("command", [["list"], ["publish", "610500"]])
def test_without_a_mesh_it_says_so(command, tmp_path):
    done = yijie(*command, data_dir=tmp_path)
    assert done.exit_code == 1
    assert "no mesh runs in" in done.output


def test_only_what_is_a_pack_is_published(tmp_path):
    done = yijie("publish", str(tmp_path / "nowhere"), data_dir=tmp_path)
    assert done.exit_code == 2
    write_pack(tmp_path)
    done = yijie("publish", str(tmp_path), data_dir=tmp_path)
    assert (done.exit_code, "holds no pack" in done.output) == (2, True)
