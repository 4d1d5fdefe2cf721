"""Terms of insured regions: what a file may say, how refusals help, and which value holds when."""

from datetime import date

import pytest

from services.filing.domain.model import ApprovalWay, Channel, Evidence
from services.filing.domain.terms import NAMES, TermsBook
from services.filing.domain.terms_loader import TermsRefused
from services.filing.terms_files import TERMS_FOLDER, load_terms, read_file
from services.kit import codes

DAY = date(2026, 3, 10)
NATIONAL = (TERMS_FOLDER / "national.yaml").read_text(encoding="utf-8")
REGION = """area: "340100"
name: 合肥市
terms:
  change_lock_months:
    - from: "2022-07-01"
      value: 6
      basis: 示例
      sample: true
    - from: "2025-01-01"
      value: 3
      basis: 示例
      sample: false
"""


def book(*regions):
    areas = dict([read_file("national.yaml", NATIONAL.encode())])
    for text in regions:
        area = text.split('"')[1]
        areas |= dict([read_file(f"{area}.yaml", text.encode())])
    return TermsBook(areas)


def test_the_terms_that_ship_are_read_and_every_value_says_what_it_rests_on():
    terms = load_terms()
    for path in TERMS_FOLDER.glob("*.yaml"):
        _, histories = read_file(path.name, path.read_bytes())
        for history in histories.values():
            for entry in history:
                assert entry.basis
                assert entry.sample or "规程" in entry.basis
    for province in codes.PROVINCES:
        assert 0 <= terms.of(province, DAY).change_lock_months <= 6
        assert terms.of(province, DAY).temporary_months >= 6


def test_what_the_demo_and_the_measurements_rely_on():
    """The window without a channel: live at once, and long-term filings may begin years ago."""
    terms = load_terms()
    for area in ("650100", "131100", "110000", "610500", "310000"):
        found = terms.of(area, DAY)
        for evidence in Evidence:
            assert found.approval[Channel.WINDOW, evidence] is ApprovalWay.RULE
        assert found.retroactive_days_long_term is None
        assert found.change_lock_months == 0


@pytest.mark.parametrize(
    ("day", "months", "sample"),
    [
        (date(2022, 6, 30), 0, True),  # not yet begun: the national one
        (date(2022, 7, 1), 6, True),
        (date(2024, 12, 31), 6, True),
        (date(2025, 1, 1), 3, False),
        (DAY, 3, False),
    ],
)
def test_the_value_of_the_day_holds(day, months, sample):
    found = book(REGION).of("340100", day)
    assert found.change_lock_months == months
    assert ("change_lock_months" in found.samples) is sample


def test_the_pooling_area_goes_before_its_province_and_that_before_the_country():
    province = REGION.replace('"340100"', '"340000"').replace("value: 3", "value: 1")
    terms = book(REGION, province)
    assert terms.of("340199", DAY).change_lock_months == 3  # the city's own agency
    assert terms.of("340102", DAY).change_lock_months == 3
    assert terms.of("340200", DAY).change_lock_months == 1
    assert terms.of("650100", DAY).change_lock_months == 0
    assert terms.entry("340200", "change_lock_months", DAY).basis == "示例"


def test_before_the_rule_the_first_value_stands():
    assert book().of("650100", date(2010, 1, 1)) == book().of("650100", DAY)


def test_asking_for_many_days_keeps_few():
    terms = book()
    for number in range(1, 5000):
        terms.of("650100", date.fromordinal(730_000 + number))
    assert len(terms._terms) <= 4096


def changed(old, new, text=REGION):
    assert old in text
    return text.replace(old, new, 1)


APPROVAL = """area: "340100"
name: 合肥市
terms:
  approval:
    - from: "2022-07-01"
      basis: 示例
      sample: true
      value:
        window: rule
        app: {none: rule, document: officer, commitment: rule, referral_proof: officer}
        online: rule
        institution: rule
        kiosk: rule
        province_batch: rule
"""


def of_term(name, value):
    return REGION.replace("change_lock_months", name).replace("value: 6", f"value: {value}")


# What is wrong, the line at fault, a part of what is said, a part of what to do.
REFUSALS = [
    (REGION.replace('"340100"', "340100"), 1, "is read as a number", 'quote it: "340100"'),
    (REGION.replace('"340100"', '"349999"'), 1, "is no area", "six digits"),
    (REGION.replace('"340100"', '"340102"'), 1, "sets no terms", '"340100"'),
    (REGION.replace('"340100"', '"340200"'), 1, "another file", "340200.yaml"),
    (changed("name: 合肥市", "name:"), 2, "is not text", "non-empty text"),
    (changed("name: 合肥市\n", ""), 1, "has no `name`", "add `name:`"),
    (REGION + "more: 1\n", 13, "unknown key", "known here: area, name, terms"),
    (changed("change_lock_months", "lock_months"), 4, "is no term", "change_lock_months"),
    ('area: "340100"\nname: 合肥市\nterms: {}\n', 3, "is empty", "remove the file"),
    ('area: "340100"\nname: 合肥市\nterms: []\n', 3, "is not a mapping", "key: value"),
    ("", 1, "is not a mapping", "key: value"),
    ("- a\n", 1, "is not a mapping", "key: value"),
    (changed("value: 6", "value: 7"), 6, "7 is out of bounds", "from 0 to 6"),
    (changed("value: 6", "value: -1"), 6, "-1 is out of bounds", "from 0 to 6"),
    (changed("value: 6", "value: 2.5"), 6, "is not a whole number", "from 0 to 6"),
    (changed("value: 6", 'value: "6"'), 6, "is not a whole number", "from 0 to 6"),
    (changed("value: 6", "value: true"), 6, "is not a whole number", "from 0 to 6"),
    (changed('"2022-07-01"', "2022-7-1"), 5, "is not a date", "2026-11-01"),
    (changed('"2022-07-01"', '"2022-02-30"'), 5, "not in the calendar", "a day that exists"),
    (changed('"2025-01-01"', '"2022-07-01"'), 9, "not after the entry before", "order entries"),
    (changed("sample: true", "sample: yes"), 8, "neither true nor false", "true or false"),
    (changed("      basis: 示例\n", ""), 5, "has no `basis`", "add `basis:`"),
    (changed("basis: 示例", "basis: ' '"), 7, "is not text", "non-empty text"),
    (changed("sample: true", "sample: true\n      note: x"), 9, "unknown key", "basis, from"),
    (
        'area: "340100"\nname: 合肥市\nterms:\n  change_lock_months: []\n',
        4,
        "is empty",
        "give a value",
    ),
    (
        'area: "340100"\nname: 合肥市\nterms:\n  change_lock_months: 3\n',
        4,
        "is not a list",
        "begin with `- `",
    ),
    (of_term("temporary_months", 5), 6, "5 is out of bounds", "from 6 to 60"),
    (of_term("commitment_bar_months", 121), 6, "121 is out of bounds", "from 0 to 120"),
    (of_term("retroactive_days_long_term", "never"), 6, "not a whole number", "from 0 to 3660"),
    (of_term("retroactive_days_temporary", -1), 6, "-1 is out of bounds", "from 0 to 3660"),
    (of_term("province_level_targets", '["310000"]'), 6, "as a whole", "460000, 540000, 660000"),
    (of_term("province_level_targets", "[460000]"), 6, "as a whole", "quoted"),
    (of_term("province_level_targets", '["460000", "460000"]'), 6, "twice", "keep one"),
    (of_term("documents_required", "[fax]"), 6, "is not known here", "window, app, online"),
    (of_term("documents_required", "window"), 6, "is not a list", "[a, b]"),
    (changed("        kiosk: rule\n", "", APPROVAL), 8, "has no `kiosk`", "add `kiosk:`"),
    (changed("kiosk: rule", "kiosk: nobody", APPROVAL), 13, "not known here", "rule, officer"),
    (changed("kiosk: rule", "fax: rule", APPROVAL), 13, "unknown key", "kiosk"),
    (changed("none: rule, ", "", APPROVAL), 10, "has no `none`", "add `none:`"),
    (changed("none: rule", "nothing: rule", APPROVAL), 10, "unknown key", "commitment"),
    (changed("none: rule", "none: [rule]", APPROVAL), 10, "not known here", "province_system"),
    (REGION + "name: again\n", 13, "duplicate key name", "keep one"),
    (changed("area:", "area: &a"), 1, "anchors", "write the value out"),
    (changed("value: 6", "value: !!int 6"), 6, "tags", "plain value"),
    (changed("terms:", "terms: :"), 3, "is not YAML", "correct the YAML"),
]


@pytest.mark.parametrize(("text", "line", "problem", "right"), REFUSALS)
def test_a_file_is_refused_with_line_and_what_to_do(text, line, problem, right):
    with pytest.raises(TermsRefused) as caught:
        read_file("340100.yaml", text.encode())
    assert caught.value.line == line, str(caught.value)
    assert str(caught.value).startswith(f"340100.yaml:{line}: ")
    assert problem in caught.value.problem
    assert right in caught.value.right


def test_what_is_right_about_the_refused_ones():
    read_file("340100.yaml", REGION.encode())
    _, found = read_file("340100.yaml", APPROVAL.encode())
    ways = found["approval"][0].value
    assert ways[Channel.APP, Evidence.DOCUMENT] is ApprovalWay.OFFICER
    assert ways[Channel.KIOSK, Evidence.DOCUMENT] is ApprovalWay.RULE
    assert len(ways) == len(Channel) * len(Evidence)


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (REGION.encode("gb18030"), 2, "is not UTF-8"),
        (b"a: " + b"x" * 300_000, None, "is too large"),
        (b"area: [\n", 2, "is not YAML"),
    ],
)
def test_files_that_cannot_be_read(content, line, problem):
    with pytest.raises(TermsRefused) as caught:
        read_file("340100.yaml", content)
    assert (caught.value.line, problem in caught.value.problem) == (line, True)


@pytest.mark.parametrize("name", NAMES)
def test_the_national_terms_are_complete(name):
    text = NATIONAL.replace(f"  {name}:", "  other:")
    with pytest.raises(TermsRefused):
        read_file("national.yaml", text.encode())


def test_the_national_terms_are_needed(tmp_path):
    (tmp_path / "340100.yaml").write_text(REGION, encoding="utf-8")
    with pytest.raises(TermsRefused, match=r"national\.yaml: .*is missing; add it"):
        load_terms(tmp_path)
    (tmp_path / "national.yaml").write_text(NATIONAL, encoding="utf-8")
    assert load_terms(tmp_path).of("340100", DAY).change_lock_months == 3
    (tmp_path / "340200.yml").write_text(REGION, encoding="utf-8")
    with pytest.raises(TermsRefused, match=r"340200\.yml: .*name it 340200.yaml"):
        load_terms(tmp_path)
