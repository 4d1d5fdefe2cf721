"""The sample catalogue (示例) of a care region: national codes and names, made-up classes.

Codes and names are published; classes, ratios and ceilings are not, so a documented rule assigns
them (reference/sample_rules.yaml) and a region may override single items. Every item is marked
`sample`. A region with a real catalogue imports its own through CatalogueService instead.
"""

from __future__ import annotations

import csv
import hashlib
import sys
import zlib
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, TypeVar

from services.catalogue.datafile import DataError, entries, load, mapping, text
from services.classification.model import CLASS_B, OVER_CEILING_SELF_PAY, CatalogueItem
from services.classification.validation import item_problems
from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.resources.abc import Traversable

_NOT_LISTED: Final = "not_listed"
_HUNDRED: Final = 100
_ZERO: Final = Decimal(0)
T = TypeVar("T")


def regions() -> tuple[str, ...]:
    """Returns the care regions that a sample catalogue is kept for, as ("110000", …)."""
    names = (entry.name for entry in _reference().joinpath("overrides").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def sample_items(region_code: str) -> tuple[CatalogueItem, ...]:
    """Returns the sample catalogue of a care region, about 16,000 items in the order of codes.

    Raises:
        KeyError: no sample is kept for this region.
        DataError: a file of the reference folder is wrong; the message names file and place.
    """
    if region_code not in regions():
        raise KeyError(region_code)
    by_rule = {item.item_code: item for item in _by_rule(region_code)}
    overrides = _overrides(region_code, by_rule)
    items: list[CatalogueItem] = []
    for item_code, item in by_rule.items():
        items.extend(overrides.get(item_code, (item,)))
    return tuple(items)


def sample_version(items: Iterable[CatalogueItem]) -> str:
    """Returns a version label that names the content: "sample-" and 12 hex digits.

    The same items always get the same label, so that loading them again is seen as such.
    """
    digest = hashlib.sha256()
    for item in items:
        digest.update(f"{item}\n".encode())
    return f"sample-{digest.hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class _Rule:
    key_chars: int
    shares: tuple[tuple[int, str], ...]
    """(upper bound of the hash, class), bounds rising to 100."""

    def class_of(self, item_code: str) -> str:
        drawn = zlib.crc32(item_code[: self.key_chars].encode()) % _HUNDRED
        return next(name for bound, name in self.shares if drawn < bound)


def _by_rule(region_code: str) -> Iterator[CatalogueItem]:
    document = load(_reference().joinpath("sample_rules.yaml"))
    begin = date.fromisoformat(text(document, "begin_date"))
    ratios = mapping(document, "ratio_of_class_b")
    ratio_of_b = Decimal(text(ratios, region_code if region_code in ratios else "default"))
    rules = {text(entry, "prefix"): _rule(entry) for entry in entries(document, "rules")}
    for item_code, name in _published():
        item_class = _longest_prefix(rules, item_code).class_of(item_code)
        list_type = codes.list_type_of(item_code)
        yield CatalogueItem(
            item_code=item_code,
            name=name,
            list_type_code=sys.intern(list_type),
            charge_category_code=charge_category_of(item_code),
            catalogue_class=sys.intern(item_class),
            prior_self_pay_ratio=ratio_of_b if item_class == CLASS_B else _ZERO,
            price_ceiling=None,
            over_ceiling=OVER_CEILING_SELF_PAY,
            begin_date=begin,
            end_date=None,
            sample=True,
        )


def charge_category_of(item_code: str) -> str:
    """Returns the national charge category ("01" .. "14") of a drug or service item."""
    list_type = codes.list_type_of(item_code)
    drugs, services = _categories()
    if list_type in drugs:
        return drugs[list_type]
    return _longest_prefix(services, item_code[2:11])


@cache
def _categories() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Returns charge categories by list type of drugs and by prefix of service items."""
    document = load(_reference().joinpath("charge_categories.yaml"))
    names = mapping(document, "fee_categories")
    services = dict(_texts(mapping(document, "chapters")))
    for row in _rows("service_classes.csv"):
        if row["fee_category"]:
            services[row["prefix"]] = sys.intern(text(names, row["fee_category"]))
    services.update(_texts(mapping(document, "prefixes")))
    unknown = {*services.values()} - codes.CHARGE_CATEGORIES.keys()
    if unknown:
        raise DataError(f"charge_categories.yaml: no such categories: {sorted(unknown)}")
    return dict(_texts(mapping(document, "drugs"))), services


def _overrides(
    region_code: str, by_rule: Mapping[str, CatalogueItem]
) -> dict[str, tuple[CatalogueItem, ...]]:
    """Returns the items that replace those of the rule, by item code; () takes an item out."""
    file = _reference().joinpath("overrides", f"{region_code}.yaml")
    document = load(file)
    if text(document, "region_code") != region_code:
        raise DataError(f"{file.name}: region_code disagrees with the file name")
    found: dict[str, tuple[CatalogueItem, ...]] = {}
    for entry in entries(document, "items"):
        item_code = text(entry, "item_code")
        if item_code not in by_rule:
            raise DataError(f"{file.name}: {item_code} is not a published code")
        earlier = found.get(item_code, ())
        if text(entry, "catalogue_class") == _NOT_LISTED:
            found[item_code] = ()
            continue
        found[item_code] = (*earlier, _override(by_rule[item_code], entry, file.name))
    return found


def _override(item: CatalogueItem, entry: Mapping[str, object], file: str) -> CatalogueItem:
    ceiling = text(entry, "price_ceiling", "")
    end = text(entry, "end_date", "")
    changed = replace(
        item,
        catalogue_class=text(entry, "catalogue_class"),
        prior_self_pay_ratio=Decimal(text(entry, "prior_self_pay_ratio", "0")),
        price_ceiling=Decimal(ceiling) if ceiling else None,
        over_ceiling=text(entry, "over_ceiling", OVER_CEILING_SELF_PAY),
        begin_date=date.fromisoformat(text(entry, "begin_date")),
        end_date=date.fromisoformat(end) if end else None,
    )
    problems = item_problems(changed, f"{file}: {item.item_code}")
    if problems:
        raise DataError("; ".join(f"{p.field}: {p.description}" for p in problems))
    return changed


def _rule(entry: Mapping[str, object]) -> _Rule:
    if "class" in entry:
        return _Rule(0, ((_HUNDRED, text(entry, "class")),))
    bound = 0
    shares: list[tuple[int, str]] = []
    for name, share in _texts(mapping(entry, "shares")):
        bound += int(share)
        shares.append((bound, name))
    if bound != _HUNDRED:
        raise DataError(f"sample_rules.yaml: the shares of {text(entry, 'prefix')} are not 100")
    return _Rule(int(text(entry, "key_chars")), tuple(shares))


def _published() -> Iterator[tuple[str, str]]:
    """Yields (item code, name) of every published drug and service item, in order of codes."""
    rows = [(row["code"], row["generic_name"]) for row in _rows("drugs.csv")]
    rows += [(row["code"], row["name"]) for row in _rows("service_items.csv")]
    yield from sorted(rows)


def _rows(name: str) -> Iterator[dict[str, str]]:
    content = _reference().joinpath(name).read_text(encoding="utf-8")
    yield from csv.DictReader(content.splitlines())


def _longest_prefix(table: Mapping[str, T], key: str) -> T:
    for length in range(len(key), 0, -1):
        found = table.get(key[:length])
        if found is not None:
            return found
    raise DataError(f"no entry covers {key}")


def _texts(table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    return ((key, text(table, key)) for key in table)


def _reference() -> Traversable:
    return resources.files("services.catalogue").joinpath("reference")
