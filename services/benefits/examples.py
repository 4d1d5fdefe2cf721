"""Worked examples of a policy: bills with the amounts that the documents lead to, to the fen.

They lie beside a pack as examples.yaml and are no part of the policy: `yijie policy test` computes
each by the pack and shows what differs. The form is that of `docs/policy.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.benefits.domain.adjudicate import find_snapshot
from services.benefits.domain.booking import Standing
from services.benefits.domain.errors import PolicyRefused
from services.benefits.domain.identities import check_identities
from services.benefits.domain.model import (
    CAUSE_NAMES,
    SUM_NAMES,
    Accumulators,
    AidIdentity,
    Amounts,
    BenefitLevel,
    Case,
    Circumstances,
    Entitlement,
    EntitlementKind,
    HospitalLevel,
    LongTermEvidence,
    Outcome,
    Person,
    Purse,
    Setting,
    Tally,
)
from services.benefits.domain.place import Place, shown
from services.benefits.domain.stay import adjudicate_case, benefit_years
from services.benefits.policies import EXAMPLES_FILE, read_strict_yaml
from services.kit.codes import SCHEMES, is_known_area
from services.kit.errors import InvalidArgument, RuleForbids
from services.kit.money import format_yuan, to_fen
from services.kit.strict_yaml import find_line

if TYPE_CHECKING:
    from services.benefits.domain.place import Tree
    from services.benefits.domain.snapshot import Policy

PERSON_TYPES: Final = {
    Person.IN_SERVICE: "11",
    Person.RETIRED: "12",
    Person.MINOR: "14",
    Person.ADULT: "15",
    Person.ELDERLY: "16",
}
"""psn_type of each person group."""
MEDICAL_TYPES: Final = {
    Setting.OUTPATIENT: "11",
    Setting.CHRONIC: "14",
    Setting.INPATIENT: "21",
    Setting.PHARMACY: "41",
}
"""med_type of each setting."""

_PERSON_ID: Final = "00000000-0000-7000-8000-000000000000"
_FEN_EXPONENT: Final = -2
_FUND_TYPE: Final = re.compile(r"[1-9][0-9]{5}")
_AMOUNT_NAMES: Final = ("full_self_pay", "over_limit", "prior_self_pay", "in_scope")
_COUNT_NAMES: Final = frozenset({"inpatient_count"})

_EXAMPLE_KEYS: Final = frozenset({"name", "source", "case", "expect"})
_CASE_KEYS: Final = frozenset(
    {"scheme", "setting", "person", "level", "care", "benefit_level", "date", "in_scope"}
)
_CASE_KEYS_OPTIONAL: Final = frozenset(
    {
        "full_self_pay",
        "over_limit",
        "prior_self_pay",
        "begin_date",
        "disease",
        "identity",
        "long_term_evidence",
        "use_account",
        "balance",
        "relatives",
        "entitlements",
        "institution",
        "before",
        "earlier",
    }
)
_EXPECT_KEYS: Final = frozenset({"funds", "fund_total", "cash"})
_EXPECT_KEYS_OPTIONAL: Final = frozenset({"deductible", "account", "causes"})
_EARLIER_KEYS: Final = frozenset({"date", "in_scope"})
_EARLIER_KEYS_OPTIONAL: Final = frozenset({"total", "deductible", "fund", "institution"})
_ENTITLED: Final = frozenset(
    {
        EntitlementKind.CIVIL_SERVANT,
        EntitlementKind.ENTERPRISE_SUPPLEMENT,
        EntitlementKind.DISABLED_VETERAN,
    }
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A settlement of the same setting and disease that came before, for what runs by tallies."""

    day: date
    institution_code: str
    total: int
    in_scope: int
    deductible: int
    fund: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What should come out."""

    refused: str = ""
    """Reason; empty: amounts."""
    amounts: Mapping[str, int] = field(default_factory=dict)
    """Fen by name: deductible, fund_total, account, cash; only what the example says."""
    funds: Mapping[str, int] = field(default_factory=dict)
    """Fen by fund type, of all that pay."""
    causes: Mapping[str, int] = field(default_factory=dict)
    """Fen by cause; only what the example says."""


@dataclass(frozen=True, slots=True)
class Example:
    """One worked example."""

    file: str
    path: str
    """Place in the file: `[3]`."""
    name: str
    source: str
    arithmetic: str
    case: Case
    before: Accumulators
    """Sums of the benefit year of the last day."""
    balance: int
    relatives: tuple[int, ...]
    entitlements: tuple[Entitlement, ...]
    earlier: tuple[Visit, ...]
    expected: Expected


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came out otherwise."""

    field: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an example."""

    example: Example
    differences: tuple[Difference, ...]
    outcome: Outcome | None
    """None: it was refused."""


def read_examples(region_code: str, content: bytes) -> list[Example]:
    """Returns the worked examples of a region's examples.yaml.

    Raises:
        PolicyRefused: the first thing wrong, with file, line, path and what would be right.
    """
    name = f"{region_code}/{EXAMPLES_FILE}"
    tree = read_strict_yaml(content, name=name)
    at = Place(name)
    try:
        found = [
            _example(at.item(index), item, region_code) for index, item in enumerate(at.items(tree))
        ]
        _refuse_twins(at, found)
    except PolicyRefused as refused:
        raise refused.on_line(find_line(content.decode("utf-8"), refused.path)) from None
    return found


def line_of(example: Example, content: bytes) -> int:
    """Returns the line on which an example of a file begins, from 1."""
    return find_line(content.decode("utf-8"), example.path)


def run_example(policy: Policy, example: Example) -> Result:
    """Returns what a policy makes of an example, and how that differs from what it should be.

    Raises:
        IdentityBroken: the engine's amounts do not add up; a bug.
    """
    expected = example.expected
    try:
        outcome = adjudicate_case(policy, example.case, _standing(policy, example))
    except (RuleForbids, InvalidArgument) as error:
        if error.reason == expected.refused:
            return Result(example, (), None)
        got = f"{error.reason}: {error.metadata.get('missing', error.message)}"
        return Result(example, (Difference("refused", expected.refused or "no", got),), None)
    check_identities(outcome)
    if expected.refused:
        got = f"fund {format_yuan(outcome.fund_total)}"
        return Result(example, (Difference("refused", expected.refused, got),), outcome)
    return Result(example, tuple(_differences(expected, outcome)), outcome)


def _differences(expected: Expected, outcome: Outcome) -> Iterator[Difference]:
    paid = {payment.fund_type_code: payment.amount_fen for payment in outcome.fund_payments}
    got = {
        "deductible": outcome.deductible,
        "fund_total": outcome.fund_total,
        "account": outcome.account_pay,
        "cash": outcome.cash_pay,
        **{f"causes.{name}": getattr(outcome.causes, name) for name in CAUSE_NAMES},
        **{f"funds.{code}": paid.get(code, 0) for code in (*expected.funds, *paid)},
    }
    wanted = {
        **expected.amounts,
        **{f"funds.{code}": expected.funds.get(code, 0) for code in (*expected.funds, *paid)},
        **{f"causes.{name}": fen for name, fen in expected.causes.items()},
    }
    for name, fen in wanted.items():
        if got[name] != fen:
            yield Difference(name, format_yuan(fen), format_yuan(got[name]))


def _standing(policy: Policy, example: Example) -> Standing:
    case = example.case
    years = dict.fromkeys(benefit_years(policy, case), Accumulators())
    snapshot = find_snapshot(policy, case)
    years[snapshot.benefit_year_of(case.end_date)] = example.before
    return Standing(
        years,
        example.balance,
        circumstances=Circumstances(
            entitlements=example.entitlements,
            tallies=tuple(
                Tally(
                    benefit_year=snapshot.benefit_year_of(visit.day),
                    month=visit.day.month,
                    setting=snapshot.setting,
                    institution_code=visit.institution_code,
                    disease_code=case.disease_code,
                    same_stay=False,
                    count=1,
                    total=visit.total,
                    in_scope=visit.in_scope,
                    deductible=visit.deductible,
                    fund=visit.fund,
                )
                for visit in example.earlier
            ),
            relatives=tuple(
                Purse(UUID(int=number), balance)
                for number, balance in enumerate(example.relatives, start=1)
            ),
        ),
    )


# --- reading -------------------------------------------------------------------------------------


def _example(at: Place, tree: Tree, region_code: str) -> Example:
    fields = at.keys(tree, known=_EXAMPLE_KEYS | {"arithmetic"}, needed=_EXAMPLE_KEYS)
    here = at.child("case")
    case = here.keys(fields["case"], known=_CASE_KEYS | _CASE_KEYS_OPTIONAL, needed=_CASE_KEYS)
    return Example(
        file=at.file,
        path=at.path,
        name=at.child("name").text(fields["name"]),
        source=at.child("source").text(fields["source"]),
        arithmetic=(
            at.child("arithmetic").text(fields["arithmetic"]) if "arithmetic" in fields else ""
        ),
        case=_case(here, case, region_code),
        before=_before(here.child("before"), case.get("before", {})),
        balance=_fen(here, case, "balance"),
        relatives=tuple(
            _money(here.child("relatives"), one)
            for one in here.child("relatives").items(case.get("relatives", []))
        ),
        entitlements=tuple(_entitlements(here, case)),
        earlier=tuple(_visits(here.child("earlier"), case.get("earlier", []))),
        expected=_expected(at.child("expect"), fields["expect"]),
    )


def _case(at: Place, fields: Mapping[str, Tree], region_code: str) -> Case:
    scheme = at.child("scheme").code(fields["scheme"], "scheme code")
    if scheme not in SCHEMES:
        at.child("scheme").refuse(f"{scheme} is no scheme", 'write "310" or "390"')
    care = at.child("care").code(fields["care"], "area code")
    if not is_known_area(care):
        at.child("care").refuse(f"{care} is no region", "write six digits of GB/T 2260")
    end = at.child("date").date(fields["date"])
    begin = at.child("begin_date").date(fields["begin_date"]) if "begin_date" in fields else end
    amounts = {name: _fen(at, fields, name) for name in _AMOUNT_NAMES}
    evidence = fields.get("long_term_evidence", LongTermEvidence.NONE.value)
    return Case(
        person_id=_PERSON_ID,
        insured_region_code=region_code,
        scheme_code=scheme,
        person_type_code=PERSON_TYPES[at.child("person").word(fields["person"], Person)],
        care_region_code=care,
        level=at.child("level").word(fields["level"], HospitalLevel),
        medical_type_code=MEDICAL_TYPES[at.child("setting").word(fields["setting"], Setting)],
        benefit_level=at.child("benefit_level").word(fields["benefit_level"], BenefitLevel),
        begin_date=begin,
        end_date=end,
        amounts=Amounts(total=sum(amounts.values()), **amounts),
        use_account=_flag(at.child("use_account"), fields.get("use_account", False)),
        disease_code=_text(at, fields, "disease"),
        institution_code=_text(at, fields, "institution"),
        long_term_evidence=at.child("long_term_evidence").word(evidence, LongTermEvidence),
    )


def _entitlements(at: Place, fields: Mapping[str, Tree]) -> Iterator[Entitlement]:
    """Yields what the person of a case holds; who has a bill for a disease is qualified for it."""
    if disease := _text(at, fields, "disease"):
        yield _entitlement(EntitlementKind.CHRONIC_DISEASE, disease)
    if "identity" in fields:
        identity = at.child("identity").word(fields["identity"], AidIdentity)
        if identity is not AidIdentity.NONE:
            yield _entitlement(EntitlementKind.MEDICAL_AID, identity.value)
    place = at.child("entitlements")
    for item in place.items(fields.get("entitlements", [])):
        kind = place.word(item, EntitlementKind)
        if kind not in _ENTITLED:
            place.refuse(
                f"{kind.value} goes by a code", "write `disease:` or `identity:` in the case"
            )
        yield _entitlement(kind, "")


def _entitlement(kind: EntitlementKind, code: str) -> Entitlement:
    return Entitlement(kind=kind, code=code, begin_date=date.min, end_date=None)


def _before(at: Place, tree: Tree) -> Accumulators:
    sums: dict[str, int] = {}
    for name, value in at.keys(tree, known=frozenset(SUM_NAMES)).items():
        here = at.child(name)
        sums[name] = _count(here, value) if name in _COUNT_NAMES else _money(here, value)
    return Accumulators(**sums)


def _visits(at: Place, tree: Tree) -> Iterator[Visit]:
    for index, item in enumerate(at.items(tree)):
        here = at.item(index)
        fields = here.keys(item, known=_EARLIER_KEYS | _EARLIER_KEYS_OPTIONAL, needed=_EARLIER_KEYS)
        in_scope = _fen(here, fields, "in_scope")
        yield Visit(
            day=here.child("date").date(fields["date"]),
            institution_code=_text(here, fields, "institution"),
            total=_fen(here, fields, "total") if "total" in fields else in_scope,
            in_scope=in_scope,
            deductible=_fen(here, fields, "deductible"),
            fund=_fen(here, fields, "fund"),
        )


def _expected(at: Place, tree: Tree) -> Expected:
    if isinstance(tree, Mapping) and "refused" in tree:
        fields = at.keys(tree, known=frozenset({"refused"}))
        return Expected(refused=at.child("refused").text(fields["refused"]))
    fields = at.keys(tree, known=_EXPECT_KEYS | _EXPECT_KEYS_OPTIONAL, needed=_EXPECT_KEYS)
    funds, causes = at.child("funds"), at.child("causes")
    return Expected(
        amounts={
            name: _fen(at, fields, name)
            for name in ("deductible", "fund_total", "account", "cash")
            if name in fields
        },
        funds={
            _fund_type(funds.child(code), code): _money(funds.child(code), value)
            for code, value in funds.mapping(fields["funds"]).items()
        },
        causes={
            name: _money(causes.child(name), value)
            for name, value in causes.keys(
                fields.get("causes", {}), known=frozenset(CAUSE_NAMES)
            ).items()
        },
    )


def _fund_type(at: Place, code: str) -> str:
    if not _FUND_TYPE.fullmatch(code):
        at.refuse(f"{code} is no fund type", 'write its six digits, quoted: "310100"')
    return code


def _refuse_twins(at: Place, examples: list[Example]) -> None:
    seen: set[str] = set()
    for index, example in enumerate(examples):
        if example.name in seen:
            at.item(index).child("name").refuse(
                f"{example.name!r} stands twice", "give each example a name of its own"
            )
        seen.add(example.name)


def _fen(at: Place, fields: Mapping[str, Tree], name: str) -> int:
    return _money(at.child(name), fields[name]) if name in fields else 0


def _money(at: Place, tree: Tree) -> int:
    if not isinstance(tree, Decimal) or tree.as_tuple().exponent != _FEN_EXPONENT or tree < 0:
        at.refuse(f"{shown(tree)} is not an amount", "write yuan with two decimals, e.g. 900.00")
    return to_fen(tree)


def _count(at: Place, tree: Tree) -> int:
    if isinstance(tree, bool) or not isinstance(tree, int) or tree < 0:
        at.refuse(f"{shown(tree)} is not a count", "write a whole number, e.g. 1")
    return tree


def _flag(at: Place, tree: Tree) -> bool:
    if not isinstance(tree, bool):
        at.refuse(f"{shown(tree)} is not a flag", "write true or false")
    return tree


def _text(at: Place, fields: Mapping[str, Tree], name: str) -> str:
    return at.child(name).text(fields[name]) if name in fields else ""
