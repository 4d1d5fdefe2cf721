"""The kinds of rules that are published as tables: which words they have, and what a word means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from services.supervision.domain.model import ResultClass, Setting, Sex
from services.supervision.domain.rule import Reach
from services.supervision.domain.steps.duplicates import (
    DuplicateCharge,
    Inclusion,
    MainSecondary,
    Window,
)
from services.supervision.domain.steps.limits import (
    AgeLimit,
    LevelLimit,
    SchemeLimit,
    SettingLimit,
    SexLimit,
)
from services.supervision.domain.steps.payment import Indication
from services.supervision.domain.steps.windows import (
    Counts,
    Course,
    Cycle,
    DailyQuantity,
    Span,
)
from services.supervision.rules_manifest import TABLE_MISMATCH, Fields
from services.supervision.rules_plan import HISTORY_DAYS_MAX, Head, Kind, Plan
from services.supervision.rules_tables import Layout, Row, Tables, refuse_twice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from services.supervision.domain.rule import Rule
    from services.supervision.domain.steps.base import ItemCheck
    from services.supervision.rules_plan import MakeItem

_FILE: Final = re.compile(r"[a-z][a-z_]{1,39}\.csv")
_YEARS_MAX: Final = 150
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What every reading of a word has."""

    result_class: ResultClass
    zh: str
    en: str


class _Table:
    """The table of a rule: its rows, all of the batches that the rule names."""

    def __init__(self, f: Fields, tables: Tables, head: Head, layouts: frozenset[Layout]) -> None:
        fields = f.mapping("table")
        self._file = fields.matching("file", _FILE)
        if not tables.has(self._file):
            fields.refuse(f"{self._file} is missing", key="file", reason=TABLE_MISMATCH)
        self.layout = fields.member("layout", Layout)
        if self.layout not in layouts:
            fields.refuse(f"this kind does not read the layout {self.layout.value}", key="layout")
        self._limit_word = fields.text("limit_word") if self.layout is Layout.DRUG else ""
        self.reads_note = fields.flag("reads_note", default=self.layout is Layout.ITEM_NOTE)
        fields.finish()
        self._tables = tables
        self._batches = head.source_batches

    def rows(self) -> Iterator[Row]:
        for row in self._tables.rows(self._file, self.layout):
            if row["batch"] not in self._batches:
                row.refuse("batch is not one of the rule's source_batches")
            if self._limit_word and row["limit"] != self._limit_word:
                row.refuse(f"the limit column does not say {self._limit_word}")
            yield row

    def word(self, row: Row) -> str:
        if self.layout is Layout.ITEM_FREQUENCY:
            return row["limit"] + row["unit"]
        return row["note"] if self.reads_note else row["value"]

    def item(self, row: Row) -> tuple[str, str]:
        if self.layout is Layout.DRUG:
            return row.drug_code(), row.name("generic_name")
        return row.item_code(), row.name("item_name")


class _Words(Generic[_T]):
    """The readings of a rule: published word, or note, to what it means."""

    def __init__(self, f: Fields, make: Callable[[Fields, _Meaning], _T]) -> None:
        self._f = f
        self._readings = {
            name: _reading(one, make) for name, one in _named_mappings(f.mapping("readings"))
        }
        words = f.mapping("words")
        self._words = {word: words.text(word) for word in words.keys}
        words.finish()
        self._notes = [
            (one.text("word"), one.text("contains"), one.text("reading"), one)
            for one in f.mappings("notes", optional=True)
        ]
        for word, _, _, one in self._notes:
            one.finish()
            if word not in self._words:
                one.refuse(f"the word {word} has no reading of its own")
        self._ignored = f.texts("ignored_words", optional=True)
        self._seen: set[str] = set()
        self._match_names()

    def _match_names(self) -> None:
        used = {*self._words.values(), *(reading for _, _, reading, _ in self._notes)}
        for name, problem in (
            (min(used - self._readings.keys(), default=""), "is named but not given"),
            (min(self._readings.keys() - used, default=""), "is given but no word or note has it"),
        ):
            if name:
                self._f.refuse(f"reading {name} {problem}", key="readings")

    def of(self, row: Row, word: str, note: str) -> _T | None:
        """Returns what a row means; None: the rule leaves this word to others."""
        if word in self._ignored:
            self._seen.add(word)
            return None
        if word not in self._words:
            row.refuse(f"the word {word!r} has no reading")
        self._seen.add(word)
        found = [(place, one) for place, one in enumerate(self._notes) if one[0] == word]
        fitting = [(place, one[2]) for place, one in found if one[1] in note]
        if len(fitting) > 1:
            row.refuse("two notes of the rule give this row different readings")
        for place, reading in fitting:
            self._seen.add(f"#{place}")
            return self._readings[reading]
        return self._readings[self._words[word]]

    def finish(self) -> None:
        """Refuses dead words and notes: the row that they were meant for is read otherwise."""
        for word in (*self._words, *self._ignored):
            if word not in self._seen:
                self._f.refuse(f"no row says {word}", reason=TABLE_MISMATCH)
        for place, (word, contains, _, one) in enumerate(self._notes):
            if f"#{place}" not in self._seen:
                problem = f"no row with {word} has a note containing {contains}"
                one.refuse(problem, reason=TABLE_MISMATCH)


def _named_mappings(f: Fields) -> Iterator[tuple[str, Fields]]:
    for name in f.keys:
        yield name, f.mapping(name)


def _reading(f: Fields, make: Callable[[Fields, _Meaning], _T]) -> _T:
    status = f.text("status")
    if status not in {"published", "interpretation"}:
        f.refuse("status is published or interpretation", key="status")
    if (status == "interpretation") is not f.has("reason"):
        f.refuse("an interpretation gives its reason, a published reading none")
    f.text("reason", default="-")
    made = make(f, _Meaning(f.member("result_class", ResultClass), f.text("zh"), f.text("en")))
    f.finish()
    return made


def _limits(
    make: Callable[[Fields, _Meaning], MakeItem], *layouts: Layout, history_days: int = 0
) -> Callable[[Fields, Tables, Head], Plan]:
    def read(f: Fields, tables: Tables, head: Head) -> Plan:
        table = _Table(f, tables, head, frozenset(layouts))
        words = _Words(f, make)
        plan = Plan(history_days=history_days)
        seen: set[str] = set()
        for row in table.rows():
            code, name = table.item(row)
            if code in seen:
                refuse_twice(row)
            seen.add(code)
            note = row["note"] if table.layout is not Layout.ITEM_FREQUENCY else ""
            found = words.of(row, table.word(row), note)
            if found is not None:
                plan.on(code, found, name=name)
        words.finish()
        return plan

    return read


# --- readings, one function per kind ------------------------------------------------------------


def _sex(f: Fields, m: _Meaning) -> MakeItem:
    sex = f.member("sex", Sex)
    if sex is Sex.UNKNOWN:
        f.refuse("a limit needs a known sex", key="sex")
    return _shared(
        lambda rule: SexLimit(
            rule=rule, result_class=m.result_class, text_zh=m.zh, text_en=m.en, sex=sex
        )
    )


def _age(f: Fields, m: _Meaning) -> MakeItem:
    years_min = f.optional_number("years_min", high=_YEARS_MAX)
    years_max = f.optional_number("years_max", high=_YEARS_MAX)
    days_max = f.optional_number("days_max")
    verify = f.optional_number("verify_years_max", high=_YEARS_MAX)
    if days_max is not None and (years_min, years_max) != (None, None):
        f.refuse("an age is limited in days or in years, not in both")
    if days_max is None and years_min is None and years_max is None:
        f.refuse("an age limit needs a bound")
    low, high = years_min or 0, _YEARS_MAX if years_max is None else years_max
    if low > high:
        f.refuse("years_min is above years_max")
    return _shared(
        lambda rule: AgeLimit(
            rule=rule,
            result_class=m.result_class,
            text_zh=m.zh,
            text_en=m.en,
            years_min=low,
            years_max=high,
            days_max=days_max,
            verify_years_max=verify,
        )
    )


def _setting(f: Fields, m: _Meaning) -> MakeItem:
    settings = f.members("settings", Setting)
    if not settings or Setting.UNKNOWN in settings:
        f.refuse("a limit needs known settings", key="settings")
    return _shared(
        lambda rule: SettingLimit(
            rule=rule, result_class=m.result_class, text_zh=m.zh, text_en=m.en, settings=settings
        )
    )


def _level(f: Fields, m: _Meaning) -> MakeItem:
    rank = f.number("rank_min", low=1, high=3)
    verify = f.number("verify_rank_min", low=0, high=3, default=rank)
    return _shared(
        lambda rule: LevelLimit(
            rule=rule,
            result_class=m.result_class,
            text_zh=m.zh,
            text_en=m.en,
            rank_min=rank,
            verify_rank_min=verify,
        )
    )


def _scheme(f: Fields, m: _Meaning) -> MakeItem:
    schemes = frozenset(f.digits("scheme_codes", length=3))
    medical_types = frozenset(f.digits("medical_types", length=2))
    return _shared(
        lambda rule: SchemeLimit(
            rule=rule,
            result_class=m.result_class,
            text_zh=m.zh,
            text_en=m.en,
            scheme_codes=schemes,
            medical_types=medical_types,
        )
    )


def _indication(f: Fields, m: _Meaning) -> MakeItem:
    prefixes = f.prefixes("diagnosis_prefixes")
    return _shared(
        lambda rule: Indication(
            rule=rule,
            result_class=m.result_class,
            diagnosis_prefixes=prefixes,
            text_zh=m.zh,
            text_en=m.en,
        )
    )


def _course(f: Fields, m: _Meaning) -> MakeItem:
    days = f.number("days_max", low=1, high=HISTORY_DAYS_MAX)
    gap = f.number("gap_days", low=1, high=HISTORY_DAYS_MAX)
    span = f.member("span", Span)
    counts = f.member("counts", Counts, Counts.DAYS_OF_USE)
    return _shared(
        lambda rule: Course(
            rule=rule,
            result_class=m.result_class,
            days_max=days,
            gap_days=gap,
            span=span,
            counts=counts,
        )
    )


def _frequency(f: Fields, m: _Meaning) -> MakeItem:
    most = f.decimal("quantity_max")
    return _shared(
        lambda rule: DailyQuantity(
            rule=rule, result_class=m.result_class, quantity_max=most, unit_zh=m.zh, unit_en=m.en
        )
    )


def _inclusion(f: Fields, m: _Meaning) -> Inclusion:
    window = f.member("window", Window)
    return Inclusion(result_class=m.result_class, window=window, text_zh=m.zh, text_en=m.en)


def _shared(make: MakeItem) -> MakeItem:
    """Returns a maker that makes one check per rule, shared by its thousands of items."""
    made: dict[str, ItemCheck] = {}

    def shared(rule: Rule) -> ItemCheck:
        if rule.code not in made:
            made[rule.code] = make(rule)
        return made[rule.code]

    return shared


# --- kinds whose tables are read row by row -----------------------------------------------------


def _read_cycle(f: Fields, tables: Tables, head: Head) -> Plan:
    table = _Table(f, tables, head, frozenset({Layout.ITEM_CYCLE}))
    plan = Plan()
    seen: set[str] = set()
    makes: dict[tuple[int, int], MakeItem] = {}
    for row in table.rows():
        code, name = table.item(row)
        if code in seen:
            refuse_twice(row)
        seen.add(code)
        times, days = row.number("limit"), row.number("days")
        if days > HISTORY_DAYS_MAX:
            row.refuse(f"days is above {HISTORY_DAYS_MAX}")
        make = makes.setdefault((times, days), _cycle(head.result_class, times, days))
        plan.history_days = max(plan.history_days, days)
        plan.on(code, make, name=name)
    return plan


def _cycle(result_class: ResultClass, times: int, days: int) -> MakeItem:
    return _shared(
        lambda rule: Cycle(rule=rule, result_class=result_class, times_max=times, days=days)
    )


def _read_duplicates(f: Fields, tables: Tables, head: Head) -> Plan:
    table = _Table(f, tables, head, frozenset({Layout.DUPLICATE}))
    words = _Words(f, _inclusion)
    plan = Plan()
    pairs: dict[str, dict[str, Inclusion]] = {}
    for row in table.rows():
        main, included = row.item_code("main_code"), row.item_code("included_code")
        if main == included:
            row.refuse("an item cannot include itself")
        of_main = pairs.setdefault(main, {})
        if included in of_main:
            refuse_twice(row, "the pair")
        found = words.of(row, row["window"], row["note"])
        if found is not None:
            of_main[included] = found
        for code, column in ((main, "main_name"), (included, "included_name")):
            plan.names.setdefault(code, row.name(column))
    words.finish()
    for main, of_main in pairs.items():
        plan.on(main, _duplicates(of_main))
    plan.point_count = sum(len(of_main) for of_main in pairs.values())
    return plan


def _duplicates(included: dict[str, Inclusion]) -> MakeItem:
    return lambda rule: DuplicateCharge(rule=rule, included=included)


def _read_main_secondary(f: Fields, tables: Tables, head: Head) -> Plan:
    table = _Table(f, tables, head, frozenset({Layout.MAIN_SECONDARY}))
    plan = Plan()
    groups: dict[str, tuple[str, ...]] = {}
    for row in table.rows():
        code, name = table.item(row)
        group = row.name("group")
        if group in groups.get(code, ()):
            refuse_twice(row)
        groups[code] = (*groups.get(code, ()), group)
        plan.names.setdefault(code, name)
        plan.point_count += 1
    plan.bills.append(lambda rule: MainSecondary(rule=rule, groups=groups))
    return plan


_BILL, _PERSON = Reach.BILL, Reach.PERSON
KINDS: Final = (
    Kind(name="sex", title_zh="限性别", reach=_BILL, read=_limits(_sex, Layout.DRUG, Layout.ITEM)),
    Kind(name="age", title_zh="限年龄", reach=_BILL, read=_limits(_age, Layout.DRUG, Layout.ITEM)),
    Kind(name="setting", title_zh="限就医方式", reach=_BILL, read=_limits(_setting, Layout.DRUG)),
    Kind(name="level", title_zh="限医疗机构级别", reach=_BILL, read=_limits(_level, Layout.DRUG)),
    Kind(name="scheme", title_zh="限险种", reach=_BILL, read=_limits(_scheme, Layout.DRUG)),
    Kind(
        name="indication",
        title_zh="限定适应症",
        reach=_BILL,
        read=_limits(_indication, Layout.DRUG),
    ),
    Kind(
        name="course",
        title_zh="限定支付疗程",
        reach=_PERSON,
        read=_limits(_course, Layout.DRUG, Layout.ITEM_NOTE, history_days=HISTORY_DAYS_MAX),
    ),
    Kind(
        name="frequency",
        title_zh="超限定频次",
        reach=_BILL,
        read=_limits(_frequency, Layout.ITEM_FREQUENCY),
    ),
    Kind(name="cycle", title_zh="限定周期", reach=_PERSON, read=_read_cycle),
    Kind(name="main_secondary", title_zh="主次手术", reach=_BILL, read=_read_main_secondary),
    Kind(name="duplicate_charge", title_zh="重复收费", reach=_BILL, read=_read_duplicates),
)
"""The published kinds."""
