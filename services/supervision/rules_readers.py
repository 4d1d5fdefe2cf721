"""How the parameters of a rule are read: of one check, of a list of checks, of checks by item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.supervision.rules_manifest import REPEATED, Fields
from services.supervision.rules_plan import HISTORY_DAYS_MAX, Head, Plan
from services.supervision.rules_tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.supervision.rules_plan import MakeBill, MakeItem

    Read = Callable[[Fields, Tables, Head], Plan]
    PerItem = Callable[[Fields], MakeItem]

_DIGITS_MAX: Final = 9


def by_item(prepare: Callable[[Fields, Head], PerItem], *, days: str = "") -> Read:
    """Returns a reader of `parameters` with `items`, each a code or the beginning of codes.

    `prepare` takes what all items share and returns what takes the rest from each item; `days`
    names the parameter that says how far back the rule looks.
    """

    def read(f: Fields, _: Tables, head: Head) -> Plan:
        p = f.mapping("parameters")
        plan = Plan(history_days=_days(p, days))
        entries = p.mappings("items")
        if not entries:
            p.refuse("no items", key="items")
        per_item = prepare(p, head)
        p.finish()
        seen: set[str] = set()
        for item in entries:
            code, name = item.prefix("code"), item.text("name")
            if code in seen:
                item.refuse(f"{code} is given twice", key="code", reason=REPEATED)
            seen.add(code)
            plan.on(code, per_item(item), name=name)
            item.finish()
        return plan

    return read


def by_bill(prepare: Callable[[Fields, Head], MakeBill], *, days: str = "", back: int = 0) -> Read:
    """Returns a reader of `parameters` that make one check of the whole bill.

    It looks back as many days as the parameter `days` says, or `back`.
    """

    def read(f: Fields, _: Tables, head: Head) -> Plan:
        p = f.mapping("parameters")
        plan = Plan(history_days=_days(p, days) or back)
        plan.bills.append(prepare(p, head))
        p.finish()
        return plan

    return read


def many(key: str, prepare: Callable[[Fields, Head], MakeBill]) -> Read:
    """Returns a reader of a list under `parameters`, each entry of which makes a check."""

    def read(f: Fields, _: Tables, head: Head) -> Plan:
        p = f.mapping("parameters")
        plan = Plan()
        for entry in p.mappings(key):
            plan.bills.append(prepare(entry, head))
            plan.point_count += 1
            entry.finish()
        if not plan.bills:
            p.refuse(f"no {key}", key=key)
        p.finish()
        return plan

    return read


def _days(p: Fields, key: str) -> int:
    # Looked at and left: the step takes it, too, and refuses what is none. A number may be quoted:
    # read as none here, the rule would be given no history, and be silent.
    value = p.peek(key) if key else None
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:_DIGITS_MAX])
    return min(value, HISTORY_DAYS_MAX) if isinstance(value, int) else 0
