"""What still stands as ??? in a pack: the mark that `yijie policy new` leaves for a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import yaml

from services.benefits.domain.errors import PolicyRefused
from services.benefits.domain.schema import SPEC_BY_PATH, Unit
from services.benefits.policies import EXAMPLES_FILE, INDEX_FILE
from services.cli.policy.meanings import FORMS, form

MARK: Final = "???"

_RIGHT: Final = {
    "name": "write the region's name",
    "name_en": "write the region's name in English",
    "title": "write the title of the document",
    "number": "write the document's number, or drop the line if it has none",
    "issued_by": "write who issued the document, or drop the line",
    "published": "write the day of the document as 2026-11-01, or drop the line",
    "href": "write where the document can be read, or drop the line",
    "status": "write published, secondary or sample",
    "verified_on": "write the day on which you looked, as 2026-11-01",
    "source": "write the document and article, or: computed from the values above",
    "arithmetic": "write the sums that lead to the amounts",
}
_MONEY: Final = "write yuan with two decimals, e.g. 900.00"


def find_placeholders(region_code: str, files: Mapping[str, bytes]) -> Iterator[PolicyRefused]:
    """Yields each ??? of a pack's files, in the order of a reader: index, policy, examples."""
    for name in sorted(files, key=lambda name: (name != INDEX_FILE, name == EXAMPLES_FILE, name)):
        if MARK.encode() not in files[name]:
            continue
        try:
            node = yaml.compose(files[name].decode("utf-8"), Loader=yaml.SafeLoader)
        except (yaml.YAMLError, UnicodeDecodeError):
            # The loader says what is wrong with it.
            continue
        for path, line in _marks(node, ""):
            yield PolicyRefused(
                file=f"{region_code}/{name}",
                path=path,
                problem=f"is still {MARK}",
                right=_right(path),
                line=line,
            )


def _marks(node: yaml.Node | None, path: str) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(key.value)
            yield from _marks(value, f"{path}.{name}" if path else name)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _marks(item, f"{path}[{index}]")
    elif isinstance(node, yaml.ScalarNode) and node.value == MARK:
        yield path, node.start_mark.line + 1


def _right(path: str) -> str:
    last = path.rpartition(".")[2]
    if ".history." in path:
        spec = SPEC_BY_PATH.get(path.partition(".history.")[0].removeprefix("parameters."))
        if spec is not None and ".value" in path:
            bracket = spec.unit is Unit.SCALE and last == "ratio"
            return f"write {FORMS[Unit.RATIO] if bracket else form(spec)}"
    if ".expect." in path:
        return _MONEY
    return _RIGHT.get(last, "write the value")
