"""Reads the value of a history entry: a scalar, or a table over the dimensions in `by`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

from services.benefits.domain.parameter import AnyCell, Cell
from services.benefits.domain.schema import (
    DIMENSION_KEYS,
    FILED_LEVELS,
    AnySpec,
    Bracket,
    Dimension,
    Unit,
)
from services.kit.money import format_yuan, to_fen

if TYPE_CHECKING:
    from collections.abc import Callable

ANY: Final = "any"
"""Key of a table that stands for every key not written beside it."""

_FRACTION: Final = re.compile(r"[0-9]{1,6}/[1-9][0-9]{0,5}")
_PROVINCE: Final = re.compile(r"[1-6][0-9]")
_MONEY_EXPONENT: Final = -2
_RATIO_EXPONENT_MIN: Final = -5


class Refuse(Protocol):
    """Raises PolicyRefused for the value at `path` below the entry."""

    def __call__(self, path: str, problem: str, right: str) -> NoReturn:
        """Never returns."""


def read_table(
    tree: object,
    *,
    spec: AnySpec,
    by: tuple[Dimension, ...],
    persons: tuple[str, ...],
    holes: frozenset[tuple[str, ...]],
    prefix: str,
    refuse: Refuse,
) -> Mapping[tuple[str, ...], AnyCell]:
    """Returns the cell of every combination of coordinates; refuses a missing or unknown one.

    Args:
        tree: scalar when `by` is empty, else mappings nested in its order.
        spec: the parameter, for its unit.
        by: dimensions of the table, outermost first.
        persons: person groups that the file covers.
        holes: combinations that are knowingly not modelled; they must be absent.
        prefix: name of the file within the pack, for the trace.
        refuse: raises the refusal.
    """
    keys = [_keys_of(dimension, spec, persons) for dimension in by]
    found: dict[tuple[str, ...], AnyCell] = {}
    for hole in holes - set(product(*keys)):
        refuse("", f"not_modelled names {list(hole)}", "name one key per dimension of `by`")
    _check_keys(tree, keys, path="", refuse=refuse)
    for coordinates in product(*keys):
        leaf, path = _descend(tree, coordinates)
        is_hole = coordinates in holes
        if leaf is None:
            if not is_hole:
                refuse(
                    "", f"has no value for {list(coordinates)}", "add it, or list it not_modelled"
                )
            continue
        if is_hole:
            refuse(path, "is listed not_modelled", "drop the value or the entry in not_modelled")
        value, text = _READERS[spec.unit](leaf, spec, partial(refuse, path))
        label = f"{prefix}/{spec.path}"
        if coordinates:
            label += f"[{','.join(coordinates)}]"
        found[coordinates] = Cell(value=value, text=text, path=label)
    return found


def _keys_of(dimension: Dimension, spec: AnySpec, persons: tuple[str, ...]) -> tuple[str, ...]:
    if dimension is Dimension.PERSON:
        return persons
    if dimension is Dimension.BENEFIT_LEVEL and spec.path == "reduction.filed":
        return FILED_LEVELS
    return DIMENSION_KEYS[dimension]


def _check_keys(tree: object, keys: list[tuple[str, ...]], *, path: str, refuse: Refuse) -> None:
    if not keys:
        return
    if not isinstance(tree, Mapping):
        refuse(path, "is not a table", f"give a value per {', '.join(keys[0])} (or `{ANY}`)")
    for key, below in tree.items():
        if not isinstance(key, str):
            refuse(path, f"key {key!r} is read as a number", f'quote it: "{key}"')
        if key != ANY and key not in keys[0]:
            refuse(path, f"unknown key {key}", f"one of: {', '.join(keys[0])}, {ANY}")
        _check_keys(below, keys[1:], path=f"{path}.{key}", refuse=refuse)


def _descend(tree: object, coordinates: tuple[str, ...]) -> tuple[object, str]:
    path = ""
    for key in coordinates:
        if not isinstance(tree, Mapping):
            return None, path
        used = key if key in tree else ANY
        tree = tree.get(used)
        path = f"{path}.{used}"
    return tree, path


def _money(tree: object, _spec: AnySpec, fail: Callable[[str, str], NoReturn]) -> tuple[int, str]:
    if not isinstance(tree, Decimal) or tree.as_tuple().exponent != _MONEY_EXPONENT:
        fail(f"{tree!r} is not an amount", "write yuan with two decimals, e.g. 900.00")
    if tree < 0:
        fail(f"{tree} is negative", "write zero or more")
    fen = to_fen(tree)
    return fen, format_yuan(fen)


def _ratio(
    tree: object, _spec: AnySpec, fail: Callable[[str, str], NoReturn]
) -> tuple[Fraction, str]:
    if isinstance(tree, str) and _FRACTION.fullmatch(tree):
        ratio, text = Fraction(tree), tree
    elif isinstance(tree, Decimal):
        exponent = tree.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < _RATIO_EXPONENT_MIN:
            fail(f"{tree} has more than five decimals", 'round it, or write a fraction "2/37"')
        ratio, text = Fraction(tree), percent(Fraction(tree))
    else:
        fail(f"{tree!r} is not a ratio", 'write 0.85 or a quoted fraction "2/37"')
    if not 0 <= ratio <= 1:
        fail(f"ratio {tree} is outside 0..1", "write 85 % as 0.85")
    return ratio, text


def _scale(
    tree: object, spec: AnySpec, fail: Callable[[str, str], NoReturn]
) -> tuple[tuple[Bracket, ...], str]:
    if not isinstance(tree, list) or not tree:
        fail("is not a scale", "write [{above: 0.00, ratio: 0.85}, …]")
    brackets: list[Bracket] = []
    for item in tree:
        if not isinstance(item, Mapping) or set(item) != {"above", "ratio"}:
            fail("has a bracket of another form", "write {above: 0.00, ratio: 0.85}")
        above, _ = _money(item["above"], spec, fail)
        ratio, _ = _ratio(item["ratio"], spec, fail)
        if not brackets and above:
            fail("does not start at 0.00", "give the first bracket `above: 0.00`")
        if brackets and above <= brackets[-1].above:
            fail("brackets descend", "list them by ascending `above`")
        brackets.append(Bracket(above=above, ratio=ratio))
    text = "; ".join(f">{format_yuan(b.above)}: {percent(b.ratio)}" for b in brackets)
    return tuple(brackets), text


def _choice(
    tree: object, spec: AnySpec, fail: Callable[[str, str], NoReturn]
) -> tuple[object, str]:
    words = [] if spec.choices is None else [item.value for item in spec.choices]
    if spec.choices is None or tree not in words:
        fail(f"{tree!r} is not known here", f"one of: {', '.join(words)}")
    return spec.choices(tree), str(tree)


def _choices(
    tree: object, spec: AnySpec, fail: Callable[[str, str], NoReturn]
) -> tuple[frozenset[object], str]:
    if not isinstance(tree, list) or not tree:
        fail("is not a list of words", "write [a, b]")
    found = [_choice(item, spec, fail) for item in tree]
    return frozenset(value for value, _ in found), ", ".join(text for _, text in found)


def _flag(tree: object, _spec: AnySpec, fail: Callable[[str, str], NoReturn]) -> tuple[bool, str]:
    if not isinstance(tree, bool):
        fail(f"{tree!r} is not a flag", "write true or false")
    return tree, "true" if tree else "false"


def _provinces(
    tree: object, _spec: AnySpec, fail: Callable[[str, str], NoReturn]
) -> tuple[frozenset[str], str]:
    if not isinstance(tree, list):
        fail("is not a list of province codes", 'write ["11", "12"]')
    for item in tree:
        if not isinstance(item, str):
            fail(f"code {item} is read as a number", f'quote it: "{item}"')
        if not _PROVINCE.fullmatch(item):
            fail(f"{item} is not a province", "write the first two digits of its area code")
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
