"""Reads our YAML data files strictly: every scalar is text, and no key may appear twice.

Plain PyYAML reads 001102 as a number, 2017-01-01 as a date, 0.10 as a float, and lets the last of
two equal keys win; none of that may happen to codes and ratios.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable


class DataError(Exception):
    """A data file that ships with Yijie is wrong."""


class _StrictLoader(yaml.BaseLoader):
    """BaseLoader builds text only; this one also refuses duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=deep)
            if key in result:
                raise DataError(f"{key_node.start_mark}: {key} appears twice")
            result[key] = self.construct_object(value_node, deep=deep)
        return result


def _construct_map(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _construct_map)


def load(file: Traversable) -> Mapping[str, object]:
    """Returns the mapping that a file holds.

    Raises:
        DataError: it is not YAML, not a mapping, or has a key twice.
    """
    try:
        # The loader makes text, lists and mappings only.
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506
    except yaml.YAMLError as error:
        raise DataError(f"{file.name}: {error}") from error
    if not isinstance(document, dict):
        raise DataError(f"{file.name}: a mapping is expected")
    return document


def text(node: Mapping[str, object], key: str, default: str | None = None) -> str:
    """Returns a scalar; without a default it must be there."""
    value = node.get(key, default)
    if not isinstance(value, str):
        raise DataError(f"{key}: a text is expected")
    return value


def mapping(node: Mapping[str, object], key: str) -> Mapping[str, object]:
    """Returns a mapping that must be there."""
    value = node.get(key)
    if not isinstance(value, dict):
        raise DataError(f"{key}: a mapping is expected")
    return value


def entries(node: Mapping[str, object], key: str) -> tuple[Mapping[str, object], ...]:
    """Returns a list of mappings that must be there."""
    value = node.get(key)
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise DataError(f"{key}: a list of mappings is expected")
    return tuple(value)
