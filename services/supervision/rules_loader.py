"""Loads a rule pack, a folder of rules (YAML, one each) and their tables (CSV), or refuses it.

Refusals name file, line and field. A pack comes into force whole or not at all: a rule that is
silently absent looks like a clean bill.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NoReturn

from services.supervision.domain.model import Effect, Moment, ResultClass, Setting, Severity
from services.supervision.domain.rule import (
    EVERY_MOMENT,
    NO_EXEMPTIONS,
    NO_SCOPE,
    DatedBy,
    Exemptions,
    Family,
    Reach,
    Rule,
    Scope,
    WhenUnscreened,
)
from services.supervision.domain.ruleset import RuleSet
from services.supervision.rules_examples import read_examples
from services.supervision.rules_kinds import KINDS
from services.supervision.rules_manifest import (
    FIELD_UNKNOWN,
    REPEATED,
    TABLE_MISMATCH,
    TOO_LARGE,
    Fields,
    RuleDataRefused,
    parse,
)
from services.supervision.rules_plan import Head, Kind, Plan
from services.supervision.rules_tables import Tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.supervision.domain.steps.base import BillCheck, ItemCheck

RULES_DIR: Final = Path(__file__).with_name("rules")
"""The rules that are shipped."""

FILE_NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,60}\.(?:yaml|csv)")
"""Shape of the names of files in a pack."""
FILES_MAX: Final = 400
BYTES_MAX: Final = 16 * 2**20
"""Of all files together."""
_YAML_BYTES_MAX: Final = 2**18
_VERSION_LENGTH: Final = 16
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{2,39}")
_LEVEL_RANK_MAX: Final = 3


def load_rules(directory: Path = RULES_DIR) -> RuleSet:
    """Loads the shipped rules; see `load`."""
    return load(directory)


def load(directory: Path) -> RuleSet:
    """Reads every file of a folder once and returns the immutable rule set.

    Raises:
        RuleDataRefused: at the first file, row, key or word that is not as docs/rules.md says.
    """
    return build(read_directory(directory))


def read_directory(directory: Path) -> dict[str, bytes]:
    """Returns the rules and tables of a folder by name; texts for people (*.md) are left out.

    Raises:
        RuleDataRefused: a file that no pack has, or too much.
    """
    contents: dict[str, bytes] = {}
    total = 0
    for path in sorted(directory.iterdir()):
        if path.suffix == ".md":
            continue
        if not FILE_NAME.fullmatch(path.name) or path.is_symlink() or not path.is_file():
            _refuse_file(path.name[:80], "a pack holds files name.yaml and name.csv only")
        total += path.stat().st_size
        if total > BYTES_MAX or len(contents) >= FILES_MAX:
            _refuse_file(path.name, "the pack is too large", TOO_LARGE)
        contents[path.name] = path.read_bytes()
    return contents


def build(contents: Mapping[str, bytes]) -> RuleSet:
    """Returns the rule set of a pack's files.

    Raises:
        RuleDataRefused: as `load`.
    """
    names = sorted(name for name in contents if name.endswith(".yaml"))
    if not names:
        _refuse_file("*.yaml", "the pack has no rules")
    tables = Tables(contents)
    read = [_read_rule(name, contents[name], tables) for name in names]
    for file in sorted(set(contents) - set(names) - tables.read):
        _refuse_file(file, "no rule reads this file", TABLE_MISMATCH)
    return _assemble(read, digest_of(contents))


def digest_of(contents: Mapping[str, bytes]) -> str:
    """Returns the SHA-256 of a pack's files, 64 hex digits."""
    # Length before content, so that moving bytes from one file to the next changes the hash.
    digest = hashlib.sha256()
    for name, content in sorted(contents.items()):
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _refuse_file(file: str, problem: str, reason: str = FIELD_UNKNOWN) -> NoReturn:
    raise RuleDataRefused(file=file, line=1, problem=problem, reason=reason)


@dataclass(frozen=True, slots=True)
class _Read:
    rule: Rule
    plan: Plan


def _read_rule(file: str, content: bytes, tables: Tables) -> _Read:
    if len(content) > _YAML_BYTES_MAX:
        _refuse_file(file, f"more than {_YAML_BYTES_MAX} bytes", TOO_LARGE)
    f = parse(file, content)
    kind = _kind(f)
    shown = f.shown("parameters")
    code = f.matching("code", _CODE)
    if file != f"{code.lower()}.yaml":
        f.refuse(f"the file of {code} is named {code.lower()}.yaml", key="code", reason=REPEATED)
    head = Head(
        result_class=f.member("result_class", ResultClass),
        source_batches=f.texts("source_batches", optional=True),
    )
    plan = kind.read(f, tables, head)
    rule = _rule(f, code=code, kind=kind, head=head, plan=plan, shown=shown)
    f.finish()
    return _Read(rule, plan)


def _kind(f: Fields) -> Kind:
    name = f.text("kind")
    if name not in KINDS:
        f.refuse(f"{name} is no kind of rule", key="kind", reason=FIELD_UNKNOWN)
    return KINDS[name]


def _rule(
    f: Fields, *, code: str, kind: Kind, head: Head, plan: Plan, shown: Mapping[str, str]
) -> Rule:
    effect = f.member("effect", Effect, Effect.MARK)
    if effect is Effect.MARK and f.has("when_unscreened"):
        f.refuse("only a rule that blocks says when_unscreened", key="when_unscreened")
    if effect is Effect.BLOCK and head.result_class is not ResultClass.VIOLATION:
        f.refuse("only a violation blocks a bill", key="effect")
    first, last = f.day("effective_from"), f.optional_day("effective_until")
    if last is not None and last < first:
        f.refuse("effective_until is before effective_from", key="effective_until")
    unknown = f.text("when_unknown", ResultClass.TO_VERIFY.value)
    if unknown not in {"NONE", *(one.value for one in ResultClass)}:
        f.refuse("when_unknown is a result class or NONE", key="when_unknown")
    moments = f.members("moments", Moment, optional=True) or EVERY_MOMENT
    if kind.reach is Reach.PEERS and moments != {Moment.AUDIT}:
        f.refuse("a rule about other people's bills is asked at AUDIT only")
    return Rule(
        code=code,
        name_zh=f.text("name_zh"),
        name_en=f.text("name_en"),
        kind=kind.name,
        family=f.member("family", Family),
        result_class=head.result_class,
        when_unknown=None if unknown == "NONE" else ResultClass(unknown),
        severity=f.member("severity", Severity),
        effect=effect,
        when_unscreened=f.member("when_unscreened", WhenUnscreened, WhenUnscreened.SETTLE),
        reach=kind.reach,
        moments=moments,
        scope=_scope(f),
        effective_from=first,
        effective_until=last,
        dated_by=f.member("dated_by", DatedBy, DatedBy.FEE_DATE),
        exemptions=_exemptions(f),
        source=f.text("source"),
        source_batches=head.source_batches,
        sample=f.flag("sample", default=False),
        history_days=plan.history_days,
        parameters=MappingProxyType(dict(shown)),
        point_count=plan.point_count,
        examples=read_examples(f, needed=kind.reach is not Reach.PEERS),
    )


def _scope(f: Fields) -> Scope:
    fields = f.optional_mapping("scope")
    if fields is None:
        return NO_SCOPE
    ranks = fields.texts("level_ranks", optional=True)
    if not all(one in {str(rank) for rank in range(_LEVEL_RANK_MAX + 1)} for one in ranks):
        fields.refuse("level_ranks are 0 to 3", key="level_ranks")
    scope = Scope(
        settings=fields.members("settings", Setting, optional=True),
        medical_types=frozenset(fields.digits("medical_types", length=2, optional=True)),
        scheme_codes=frozenset(fields.digits("scheme_codes", length=3, optional=True)),
        care_prefixes=fields.prefixes("care_prefixes", optional=True),
        insured_prefixes=fields.prefixes("insured_prefixes", optional=True),
        level_ranks=frozenset(int(one) for one in ranks),
    )
    fields.finish()
    return scope


def _exemptions(f: Fields) -> Exemptions:
    fields = f.optional_mapping("exemptions")
    if fields is None:
        return NO_EXEMPTIONS
    exemptions = Exemptions(
        diagnosis_prefixes=fields.prefixes("diagnosis_prefixes", optional=True),
        emergency=fields.flag("emergency", default=False),
        department_codes=frozenset(fields.texts("department_codes", optional=True)),
    )
    fields.finish()
    return exemptions


def _assemble(read: list[_Read], digest: str) -> RuleSet:
    by_item: dict[str, list[ItemCheck]] = {}
    by_prefix: dict[str, list[ItemCheck]] = {}
    by_bill: list[BillCheck] = []
    names: dict[str, str] = {}
    # The first published name stays; batches differ in brackets and spaces only.
    for one in sorted(read, key=lambda one: not one.rule.source_batches):
        for code, name in one.plan.names.items():
            names.setdefault(code, name)
    for one in read:
        for code, make in one.plan.items:
            by_item.setdefault(code, []).append(make(one.rule))
        for prefix, make in one.plan.prefixes:
            by_prefix.setdefault(prefix, []).append(make(one.rule))
        by_bill += [make_bill(one.rule) for make_bill in one.plan.bills]
    return RuleSet(
        version=digest[:_VERSION_LENGTH],
        digest=digest,
        rules=tuple(sorted((one.rule for one in read), key=lambda rule: rule.code)),
        by_item=MappingProxyType({code: tuple(checks) for code, checks in by_item.items()}),
        by_prefix=MappingProxyType({code: tuple(checks) for code, checks in by_prefix.items()}),
        by_bill=tuple(by_bill),
        names=MappingProxyType(names),
    )
