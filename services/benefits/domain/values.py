"""Reads the value of a history entry: a scalar, or a table over the dimensions in `by`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from services.benefits.domain.model import AidIdentity
from services.benefits.domain.parameter import AnyCell, Cell
from services.benefits.domain.place import shown
from services.benefits.domain.schema import (
    DIMENSION_KEYS,
    FILED_LEVELS,
    AnySpec,
    Bracket,
    Dimension,
    PolicyStep,
    Unit,
)
from services.kit.codes import PROVINCES
from services.kit.money import format_yuan, to_fen

if TYPE_CHECKING:
    from services.benefits.domain.place import Place

ANY: Final = "any"
"""Key of a table that stands for every key not written beside it."""
HIDDEN: Final = "*"
"""Key in a trace in place of an identity for medical aid."""
UNLIMITED: Final = "unlimited"
"""Word for an amount that is no bound at all; its value is None."""

_FRACTION: Final = re.compile(r"[0-9]{1,6}/[1-9][0-9]{0,5}")
_MONEY_EXPONENT: Final = -2
# Sums of a lifetime stay far below what a bigint holds.
_MONEY_MAX: Final = Decimal("10000000000.00")
_RATIO_EXPONENT_MIN: Final = -5
_AIDED: Final = tuple(item.value for item in AidIdentity if item is not AidIdentity.NONE)

_Leaf = tuple[Any, str]
"""A value of the parameter's type, and how a trace writes it."""


class Table:
    """Over which keys the values of one parameter in one file run."""

    def __init__(
        self,
        spec: AnySpec,
        by: tuple[Dimension, ...],
        *,
        persons: tuple[str, ...],
        diseases: tuple[str, ...],
        prefix: str,
    ) -> None:
        """Resolves the keys of each dimension.

        Args:
            spec: the parameter.
            by: dimensions, outermost first; none: one value for everybody.
            persons: person groups that the file covers.
            diseases: disease codes that the file covers.
            prefix: name of the file within the pack, for labels and traces.
        """
        self.spec = spec
        self.keys = tuple(_keys_of(dimension, spec, persons, diseases) for dimension in by)
        self._path = f"{prefix}/{spec.path}"
        self.labels = {
            coordinates: f"{self._path}[{','.join(coordinates)}]" if coordinates else self._path
            for coordinates in product(*self.keys)
        }
        """How a policy's author knows each combination of keys."""
        self.paths = {
            coordinates: _traced(label, by, coordinates)
            for coordinates, label in self.labels.items()
        }
        """How a trace names it."""


def _traced(label: str, by: tuple[Dimension, ...], coordinates: tuple[str, ...]) -> str:
    """Returns a label without the identity for medical aid: a hospital reads the trace."""
    if Dimension.IDENTITY not in by:
        return label
    shown = (
        HIDDEN if dimension is Dimension.IDENTITY else key
        for dimension, key in zip(by, coordinates, strict=True)
    )
    return f"{label.partition('[')[0]}[{','.join(shown)}]"


def _keys_of(
    dimension: Dimension, spec: AnySpec, persons: tuple[str, ...], diseases: tuple[str, ...]
) -> tuple[str, ...]:
    if dimension is Dimension.PERSON:
        return persons
    if dimension is Dimension.DISEASE:
        return diseases
    if dimension is Dimension.BENEFIT_LEVEL and spec.path == "reduction.filed":
        return FILED_LEVELS
    if dimension is Dimension.IDENTITY and spec.step is PolicyStep.MEDICAL_AID:
        return _AIDED
    return DIMENSION_KEYS[dimension]


def read_table(
    table: Table, tree: object, *, holes: frozenset[tuple[str, ...]], at: Place
) -> Mapping[tuple[str, ...], AnyCell]:
    """Returns the cell of every combination of keys; refuses a missing or unknown one.

    Args:
        table: the keys.
        tree: a scalar when there are no dimensions, else mappings nested in their order.
        holes: combinations that are knowingly not modelled; they must be absent.
        at: place of the value.
    """
    for hole in holes:
        if hole not in table.labels:
            at.refuse(f"not_modelled names {list(hole)}", "name one key per dimension of `by`")
    found: dict[tuple[str, ...], AnyCell] = {}
    _expand(table, tree, (), found=found, holes=holes, at=at)
    return found


def _expand(
    table: Table,
    tree: object,
    coordinates: tuple[str, ...],
    *,
    found: dict[tuple[str, ...], AnyCell],
    holes: frozenset[tuple[str, ...]],
    at: Place,
) -> None:
    depth = len(coordinates)
    if depth == len(table.keys):
        if coordinates in holes:
            at.refuse("is listed not_modelled", "drop the value or the entry in not_modelled")
        value, text = _READERS[table.spec.unit](tree, table.spec, at)
        found[coordinates] = Cell(value=value, text=text, path=table.paths[coordinates])
        return
    keys = table.keys[depth]
    if not isinstance(tree, Mapping):
        at.refuse("is not a table", f"give a value per {', '.join(keys)} (or `{ANY}`)")
    for key in tree:
        if not isinstance(key, str):
            at.child(str(key)).refuse(f"key {key!r} is read as a number", f'quote it: "{key}"')
        if key != ANY and key not in keys:
            at.child(key).refuse(f"unknown key {key}", f"one of: {', '.join(keys)}, {ANY}")
    for key in keys:
        used = key if key in tree else ANY
        below = tree.get(used)
        here = (*coordinates, key)
        if below is None:
            _check_holes(table, here, holes, at.child(used) if used in tree else at)
            continue
        _expand(table, below, here, found=found, holes=holes, at=at.child(used))


def _check_holes(
    table: Table, coordinates: tuple[str, ...], holes: frozenset[tuple[str, ...]], at: Place
) -> None:
    """Refuses a missing value unless every combination below it is a hole."""
    for rest in product(*table.keys[len(coordinates) :]):
        if (*coordinates, *rest) not in holes:
            at.refuse(
                f"has no value for {[*coordinates, *rest]}", "add it, or list it not_modelled"
            )


@lru_cache(maxsize=4096)
def _fen(yuan: Decimal) -> tuple[int, str]:
    fen = to_fen(yuan)
    return fen, format_yuan(fen)


@lru_cache(maxsize=4096)
def _fraction(ratio: Decimal | str) -> tuple[Fraction, str]:
    exact = Fraction(ratio)
    return exact, ratio if isinstance(ratio, str) else percent(exact)


def _money(tree: object, spec: AnySpec, at: Place) -> tuple[int | None, str]:
    if tree == UNLIMITED:
        if not spec.unbounded:
            at.refuse("`unlimited` is no amount here", "write yuan with two decimals, e.g. 900.00")
        return None, UNLIMITED
    return _amount(tree, at)


def _amount(tree: object, at: Place) -> tuple[int, str]:
    if not isinstance(tree, Decimal) or tree.as_tuple().exponent != _MONEY_EXPONENT:
        at.refuse(f"{shown(tree)} is not an amount", "write yuan with two decimals, e.g. 900.00")
    if tree < 0:
        at.refuse(f"{tree} is negative", "write zero or more")
    if tree > _MONEY_MAX:
        at.refuse(f"{tree} is too large", f"write at most {_MONEY_MAX}")
    return _fen(tree)


def _ratio(tree: object, _spec: AnySpec, at: Place) -> tuple[Fraction, str]:
    if isinstance(tree, str) and _FRACTION.fullmatch(tree):
        ratio, text = _fraction(tree)
    elif isinstance(tree, Decimal):
        exponent = tree.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < _RATIO_EXPONENT_MIN:
            at.refuse(f"{tree} has more than five decimals", 'round it, or write a fraction "2/37"')
        ratio, text = _fraction(tree)
    else:
        at.refuse(f"{shown(tree)} is not a ratio", 'write 0.85 or a quoted fraction "2/37"')
    if not 0 <= ratio <= 1:
        at.refuse(f"ratio {tree} is outside 0..1", "write 85 % as 0.85")
    return ratio, text


def _scale(tree: object, spec: AnySpec, at: Place) -> tuple[tuple[Bracket, ...], str]:
    if not isinstance(tree, list) or not tree:
        at.refuse("is not a scale", "write [{above: 0.00, ratio: 0.85}, …]")
    brackets: list[Bracket] = []
    texts: list[str] = []
    for index, item in enumerate(tree):
        here = at.item(index)
        if not isinstance(item, Mapping) or item.keys() != {"above", "ratio"}:
            here.refuse("is a bracket of another form", "write {above: 0.00, ratio: 0.85}")
        above, above_text = _amount(item["above"], here.child("above"))
        ratio, ratio_text = _ratio(item["ratio"], spec, here.child("ratio"))
        if not brackets and above:
            here.refuse("does not start at 0.00", "give the first bracket `above: 0.00`")
        if brackets and above <= brackets[-1].above:
            here.refuse("brackets descend", "list them by ascending `above`")
        brackets.append(Bracket(above=above, ratio=ratio))
        texts.append(f">{above_text}: {ratio_text}")
    return tuple(brackets), "; ".join(texts)


def _choice(tree: object, spec: AnySpec, at: Place) -> _Leaf:
    if spec.choices is None:
        msg = f"{spec.path} has no list of words"
        raise TypeError(msg)
    return at.word(tree, spec.choices), str(tree)


def _choices(tree: object, spec: AnySpec, at: Place) -> tuple[frozenset[Any], str]:
    if not isinstance(tree, list) or not tree:
        at.refuse("is not a list of words", "write [a, b]")
    found = [_choice(item, spec, at.item(index)) for index, item in enumerate(tree)]
    return frozenset(value for value, _ in found), ", ".join(text for _, text in found)


def _flag(tree: object, _spec: AnySpec, at: Place) -> tuple[bool, str]:
    if not isinstance(tree, bool):
        at.refuse(f"{shown(tree)} is not a flag", "write true or false")
    return tree, "true" if tree else "false"


def _provinces(tree: object, _spec: AnySpec, at: Place) -> tuple[frozenset[str], str]:
    if not isinstance(tree, list):
        at.refuse("is not a list of province codes", 'write ["11", "12"]')
    for index, item in enumerate(tree):
        here = at.item(index)
        if not isinstance(item, str):
            here.refuse(f"code {item} is read as a number", f'quote it: "{item}"')
        if f"{item}0000" not in PROVINCES:
            here.refuse(f"{item} is not a province", "write the first two digits of its area code")
    return frozenset(tree), ", ".join(tree)


_READERS: Final = {
    Unit.CNY: _money,
    Unit.RATIO: _ratio,
    Unit.SCALE: _scale,
    Unit.CHOICE: _choice,
    Unit.CHOICES: _choices,
    Unit.FLAG: _flag,
    Unit.PROVINCES: _provinces,
}


def percent(ratio: Fraction) -> str:
    """Returns a ratio for people: 85%, 7.5%; as a fraction where it has no short decimal form."""
    scaled = ratio * 100_000
    if scaled.denominator != 1:
        return f"{ratio.numerator}/{ratio.denominator}"
    whole, rest = divmod(scaled.numerator, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".") + "%"
