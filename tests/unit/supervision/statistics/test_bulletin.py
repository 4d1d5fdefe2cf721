"""Goal: the same facts give the same bytes, and PDF, HTML and CSV say the same."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import itertools
import json
import re
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from pypdf import PdfReader

from services.supervision.domain.figures import (
    Column,
    Figures,
    Kind,
    Table,
    canonical,
    percent,
    ratio,
    wan_yuan,
)
from services.supervision.statistics import words
from services.supervision.statistics.bulletin import as_csv, as_html, charts
from services.supervision.statistics.bulletin.pages import chapters_of
from services.supervision.statistics.composing import compose
from services.supervision.statistics.facts import Facts
from services.supervision.statistics.making import render
from tests.unit.supervision.statistics.statistics_world import REFUSER, country


@pytest.fixture(scope="module")
def facts() -> Facts:
    return country()


@pytest.fixture(scope="module")
def figures(facts: Facts) -> Figures:
    return compose(facts)


@pytest.fixture(scope="module")
def files(figures: Figures) -> dict[str, bytes]:
    return {file.file_name: content for file, content in render(figures)}


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_the_same_facts_give_the_same_bytes(files: dict[str, bytes]) -> None:
    again = {file.file_name: content for file, content in render(compose(country()))}
    assert again == files


def test_every_file_is_in_the_sums(files: dict[str, bytes]) -> None:
    listed = dict(
        reversed(line.split("  ", 1)) for line in files["sha256sums.txt"].decode().splitlines()
    )
    assert listed == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if name != "sha256sums.txt"
    }


def test_the_digest_is_of_the_figures_and_changes_with_any_of_them(
    facts: Facts, figures: Figures, files: dict[str, bytes]
) -> None:
    digest = hashlib.sha256(files["figures.json"]).hexdigest()
    assert digest in files["bulletin.html"].decode()
    assert digest in "".join(page.extract_text() for page in PdfReader(pdf(files)).pages)
    changed = dataclasses.replace(facts, refusals=facts.refusals[1:])
    assert canonical(compose(changed)) != canonical(figures)
    assert json.loads(files["figures.json"])["month"] == "2026-03"


def test_there_is_a_csv_behind_every_table_and_chart(
    figures: Figures, files: dict[str, bytes]
) -> None:
    parts = [part for chapter in chapters_of(figures) for part in chapter.parts]
    assert {part.table.code for part in parts} == {table.code for table in figures.tables}
    assert sum(len(part.charts) for part in parts) >= 8
    for table in figures.tables:
        rows = rows_of(files[f"{table.code}.csv"])
        assert len(rows) == len(table.rows) > 0
        assert list(rows[0]) == [column.name for column in table.columns]


def test_provinces_add_up_to_the_nation(files: dict[str, bytes]) -> None:
    for name in ("02-direct-rate-provinces", "03-direct-rate-insured"):
        nation, *provinces = rows_of(files[f"{name}.csv"])
        assert nation["region"] == "全国"
        assert len(provinces) == 32
        for column in ("direct_cases", "manual_cases", "self_paid_cases"):
            assert int(nation[column]) == sum(int(row[column]) for row in provinces)
        ranks = [int(row["rank"]) for row in provinces]
        rates = [Decimal(row["rate_by_cost_percent"]) for row in provinces]
        assert ranks == sorted(ranks)
        assert rates == sorted(rates, reverse=True)


def test_the_refuser_is_named_first_with_its_reasons(files: dict[str, bytes]) -> None:
    first, *others = rows_of(files["06-suspects.csv"])
    assert (first["institution_code"], first["flagged"]) == (REFUSER, "需核查")
    assert first["reason"] == f"{words.reason('FILING_NOT_LIVE')}（300）"
    assert {row["flagged"] for row in others} == {"未见异常"}


class _Reader(HTMLParser):
    """What a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.references += [
            f"{tag} {name}={value}"
            for name, value in attrs
            if name in {"src", "href", "xlink:href", "srcset", "action", "data"}
            or name.startswith("on")
        ]


def test_the_page_fetches_and_runs_nothing(files: dict[str, bytes]) -> None:
    text = files["bulletin.html"].decode()
    page = _Reader()
    page.feed(text)
    assert page.references == []
    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "b>"})
    assert "url(" not in text
    assert " id=" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text
    assert text.count("<svg") == text.count("</svg>") >= 8


def test_what_others_named_is_escaped(files: dict[str, bytes]) -> None:
    text = files["bulletin.html"].decode()
    assert "北京某某医院（示例）&lt;b&gt;" in text
    assert "（示例）<b>" not in text


def test_a_director_reads_titles_units_and_what_is_sample(files: dict[str, bytes]) -> None:
    html = re.sub(r"<[^>]+>", "", files["bulletin.html"].decode())
    for text in (
        "全国跨省异地就医直接结算运行通报（2026年3月）",
        "异结通报〔2026〕3号",
        "住院费用直接结算率",
        "（万元）",
        "（毫秒",
        "示例",
        "冻结时间：2026-04-08 10:30（北京时间）",
    ):
        assert text in html
    reader = PdfReader(pdf(files))
    assert reader.metadata is not None
    assert reader.metadata.title == "全国跨省异地就医直接结算运行通报（2026年3月）"
    assert 8 <= len(reader.pages) <= 16


def test_what_is_missing_is_said_and_nothing_breaks(facts: Facts) -> None:
    empty = dataclasses.replace(
        facts,
        tallies={},
        institutions={},
        suspects=[],
        refusals=[],
        self_paid=[],
        filings=None,
        gaps=None,
        care_times=[],
        insured_times=[],
        visitors={},
        locals_={},
        tickets=[],
        findings=[],
        cases=[],
    )
    figures = compose(empty)
    files = {file.file_name: content for file, content in render(figures)}
    text = files["bulletin.html"].decode()
    assert "备案服务在冻结时没有答复" in text
    assert "没有出院并可计入的住院病例" in text
    assert "无数据：" in figures.notes[-1]
    # Provinces are listed all the same, without a rank or a rate.
    rows = rows_of(files["02-direct-rate-provinces.csv"])
    assert len(rows) == 33
    assert {row["rank"] for row in rows} == {""}


def test_a_further_edition_says_so(facts: Facts) -> None:
    figures = compose(dataclasses.replace(facts, edition=2, note="补报自费病例"))
    files = {file.file_name: content for file, content in render(figures)}
    text = files["bulletin.html"].decode()
    assert "异结通报〔2026〕3号（第 2 版）" in text
    assert "本版替代前一版：补报自费病例" in text


@pytest.mark.parametrize(
    ("share", "wanted"),
    [(Decimal("0.123450"), "12.35"), (Decimal(1), "100.00"), (Decimal(0), "0.00")],
)
def test_percent_is_rounded_half_up(share: Decimal, wanted: str) -> None:
    assert str(percent(share)) == wanted


def test_numbers_are_rounded_half_up_and_have_two_places() -> None:
    assert (str(wan_yuan(12_345_000)), str(wan_yuan(5_000))) == ("12.35", "0.01")
    assert str(ratio(compose_ratio(8, 3))) == "2.67"
    assert str(percent(compose_ratio(1, 8))) == "12.50"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1", "＋1", "＠A1"])
def test_a_csv_cell_is_no_formula(cell: str) -> None:
    table = Table(
        code="x", title="x", columns=(Column("name", "名称", Kind.TEXT),), rows=((cell,),)
    )
    assert f"'{cell}" in as_csv.write(table).decode()


HOSTILE_NAMES = (
    "<b>&amp;</b></para><script>alert(1)</script>",
    "医院\x00\x07\n第二行",
    "𠮷野医院😀",
    "\u202e院医\ud7ff",
    "长" * 3000,
    "",
)


def test_hostile_names_break_no_file(facts: Facts) -> None:
    printed = [one.attempts.institution_code for one in facts.suspects]
    printed.sort(key=lambda code: code != REFUSER)
    names = dict(zip(printed, HOSTILE_NAMES, strict=False))
    figures = compose(dataclasses.replace(facts, names=names, note=HOSTILE_NAMES[0]))
    files = {file.file_name: content for file, content in render(figures)}
    page = files["bulletin.html"].decode()
    assert "<script" not in page
    assert "</para>" not in page
    assert "长" * 81 not in page
    assert len(PdfReader(pdf(files)).pages) >= 8
    rows = {row["institution_code"]: row for row in rows_of(files["06-suspects.csv"])}
    for code, name in names.items():
        assert rows[code]["institution"] == name


def test_who_uploads_nothing_can_be_seen(facts: Facts) -> None:
    figures = compose(facts)
    table = figures.table("05-direct-rate-institutions")
    found = dict(
        zip(
            table.values("institution_code"),
            zip(
                table.values("uploaded_self_paid_cases"),
                table.values("excluded_self_paid_cases"),
                strict=True,
            ),
            strict=True,
        )
    )
    assert found[REFUSER] == (49, 0)
    assert found["H31010500001"] == (0, 0)
    assert any("1 家上传了自费病例" in sentence for sentence in figures.summary)


def test_a_director_reads_no_commands(facts: Facts) -> None:
    empty = dataclasses.replace(facts, locals_={}, self_paid=[], filings=None, gaps=None)
    for one in (facts, empty):
        page = as_html.write(compose(one), "0" * 64, "2026-04-08 10:30").decode()
        text = re.sub(r"<style>.*?</style>|<[^>]+>", "", page, flags=re.DOTALL)
        assert "yijie " not in text
        assert "sample" not in text


def test_a_row_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="as many cells"):
        Table(code="x", title="x", columns=(Column("a", "a"),), rows=((1, 2),))


def test_labels_of_bars_do_not_overlap() -> None:
    rows = [
        charts.Bar("参保地：" + "长" * 60, Decimal(number), f"{number}.00") for number in range(40)
    ]
    drawing = charts.bars(rows, reference=("全国 39.00", Decimal(39)))
    texts = [shape for shape in drawing.contents if hasattr(shape, "text")]
    heights = sorted({round(one.y, 1) for one in texts})
    assert min(b - a for a, b in itertools.pairwise(heights)) >= 8
    # Labels end where bars begin, values stand right of every bar.
    bars = [shape for shape in drawing.contents if type(shape).__name__ == "Rect"]
    values = [one for one in texts if re.fullmatch(r"[0-9]+\.00", one.text)]
    assert len(values) == 40
    assert max(bar.x + bar.width for bar in bars) < min(one.x - 25 for one in values) + 25


def pdf(files: dict[str, bytes]) -> io.BytesIO:
    return io.BytesIO(files["bulletin.pdf"])


def compose_ratio(numerator: int, denominator: int):
    from fractions import Fraction

    return Fraction(numerator, denominator)
