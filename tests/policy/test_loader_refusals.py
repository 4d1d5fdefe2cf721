"""One fixture per refusal: a file of the pack in refusals/base with one thing wrong.

A fixture says in its first two lines which file it stands for and what the loader must answer, with
the line that the fault has in the fixture: `file:line: path: problem; what would be right`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from services.benefits.domain.errors import PolicyRefused
from services.benefits.policies import load_pack, load_policy, read_files, read_pack
from services.kit.strict_yaml import find_line, read_tree

FOLDER = Path(__file__).parent / "refusals"
REGION = "640100"
BASE = read_files(FOLDER / "base")
STANDS_FOR = "# stands for "
REFUSED = "# refused: "
# The two parsers find the same fault and word it in their own way.
NOT_YAML = "is not YAML: "
INDEX = "index.yaml"
EMPLOYEE = "employee/inpatient.yaml"


def fixtures():
    return [pytest.param(file, id=file.stem) for file in sorted(FOLDER.glob("*.yaml"))]


@pytest.fixture(params=["libyaml", "python"])
def parser(request, monkeypatch):
    """Reads YAML with the one parser or the other."""
    if request.param == "libyaml":
        assert yaml.__with_libyaml__, "PyYAML was built without libyaml"
    monkeypatch.setattr(yaml, "__with_libyaml__", request.param == "libyaml")
    return request.param


@pytest.fixture
def pack(tmp_path):
    return shutil.copytree(FOLDER / "base", tmp_path / REGION)


@pytest.mark.usefixtures("parser")
def test_the_pack_that_the_fixtures_change_is_accepted(pack):
    assert load_pack(pack).region_code == REGION


@pytest.mark.parametrize("fixture", fixtures())
@pytest.mark.usefixtures("parser")
def test_refused(fixture):
    content = fixture.read_text(encoding="utf-8")
    first, second = content.splitlines()[:2]
    name = first.removeprefix(STANDS_FOR)
    with pytest.raises(PolicyRefused) as refused:
        read_pack(REGION, {**BASE, name: content.encode()})
    expected = f"{REGION}/{second.removeprefix(REFUSED)}"
    before, not_yaml, _ = expected.partition(NOT_YAML)
    if not_yaml:
        assert str(refused.value).startswith(before + not_yaml)
    else:
        assert str(refused.value) == expected
    assert refused.value.file == f"{REGION}/{name}"
    assert refused.value.line


def test_every_fixture_is_a_file_of_the_base_pack():
    for param in fixtures():
        lines = param.values[0].read_text(encoding="utf-8").splitlines()
        assert lines[0].removeprefix(STANDS_FOR) in BASE
        assert lines[1].startswith(REFUSED)


def refusal(files, region=REGION):
    with pytest.raises(PolicyRefused) as refused:
        read_pack(region, files)
    return str(refused.value)


def test_a_pack_for_a_region_that_does_not_exist_is_refused():
    index = BASE[INDEX].replace(REGION.encode(), b"640900")
    assert refusal({**BASE, INDEX: index}, "640900") == (
        "640900/index.yaml:1: area: 640900 is no region; "
        "write the six digits of a pooling area (GB/T 2260)"
    )


def test_a_pack_for_a_county_is_refused():
    index = BASE[INDEX].replace(REGION.encode(), b"640104")
    assert refusal({**BASE, INDEX: index}, "640104") == (
        "640104/index.yaml:1: area: 640104 is insured in 640100; "
        'make the pack of that pooling area: "640100"'
    )


def test_a_second_file_for_one_scheme_and_setting_is_refused():
    assert refusal({**BASE, "employee/stay.yaml": BASE[EMPLOYEE]}) == (
        "640100/employee/stay.yaml:2: setting: scheme and setting belong to another file; "
        "name it employee/inpatient.yaml"
    )


def test_a_pack_without_index_is_refused():
    files = {name: content for name, content in BASE.items() if name != INDEX}
    assert refusal(files) == (
        "640100/index.yaml: (top): is missing; "
        "every pack has one that names its area, version and references"
    )


def test_a_pack_of_an_index_alone_is_refused():
    assert "stands alone" in refusal({INDEX: BASE[INDEX]})


@pytest.mark.usefixtures("parser")
def test_an_empty_file_is_refused():
    assert refusal({**BASE, EMPLOYEE: b"# nothing yet\n"}) == (
        "640100/employee/inpatient.yaml:1: (top): is not a mapping; write `key: value` lines"
    )


def test_a_file_that_is_not_utf8_is_refused():
    content = BASE[INDEX].replace("银川市".encode(), "银川市".encode("gb18030"))
    assert refusal({**BASE, INDEX: content}) == (
        "640100/index.yaml:2: (top): is not UTF-8; save it as UTF-8"
    )


def test_a_file_that_is_too_large_is_refused():
    assert "is too large; split it" in refusal({**BASE, INDEX: b"#" * 300_000})


def test_a_pack_that_is_too_large_is_refused():
    large = b"#" * 250_000 + b"\n"
    files = {name: large + content for name, content in BASE.items()}
    assert refusal(files) == "640100: (top): is too large; 1 MiB is the limit"


def test_a_file_that_would_be_passed_over_is_refused(pack):
    (pack / EMPLOYEE).rename(pack / "employee" / "inpatient.yml")
    with pytest.raises(PolicyRefused, match=r"name it inpatient\.yaml"):
        load_pack(pack)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(PolicyRefused, match="holds no pack"):
        load_policy(tmp_path)


def test_a_region_without_pack_is_refused(tmp_path, pack):
    with pytest.raises(PolicyRefused, match=r"640200: .*has no pack"):
        load_policy(tmp_path, regions=frozenset({REGION, "640200"}))


def test_the_version_names_region_label_and_content(pack):
    version = load_pack(pack).version
    region, _, rest = version.partition("@")
    label, _, content_hash = rest.partition("-")
    assert (region, label) == (REGION, "2026.11")
    assert len(content_hash) == 12
    assert load_pack(pack).version == version
    (pack / EMPLOYEE).write_text((pack / EMPLOYEE).read_text() + "# a comment\n")
    assert load_pack(pack).version != version


def test_worked_examples_are_neither_read_nor_part_of_the_version(pack):
    version = load_pack(pack).version
    (pack / "examples.yaml").write_text("- : no YAML at all [")
    assert load_pack(pack).version == version


@pytest.mark.usefixtures("parser")
def test_scalars_are_read_as_written():
    tree = read_tree('[1, -1, 0, 010, 1.50, .5, 1e3, ~, null, true, yes, "1", 2026-01-01, 1_0]')
    assert [str(item) for item in tree] == [
        *("1", "-1", "0", "010", "1.50", ".5", "1e3", "~", "None", "True", "yes", "1"),
        *("2026-01-01", "1_0"),
    ]
    assert [type(item).__name__ for item in tree[:7]] == [
        *("int", "int", "int", "str", "Decimal", "str", "str"),
    ]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("(top)", 1),
        ("a", 1),
        ("a.b", 2),
        ("a.b.c", 3),
        ("a.b.c[1]", 5),
        ("a.b.c[1].d", 5),
        ("a.b.c[9]", 3),
        ("a.b.d.e", 7),
        ("a.b.x", 2),
        ("a.bx", 1),
    ],
)
@pytest.mark.usefixtures("parser")
def test_a_line_is_found_by_the_longest_key(path, line):
    text = "a:\n  b:\n    c:\n      - 1\n      - {d: 1}\n  b.c.d: 3\n  b.d.e: 4\n"
    assert find_line(text, path) == line
