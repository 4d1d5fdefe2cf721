"""Configuration: the environment, read once into frozen dataclasses; all problems at once.

A configuration class is a frozen dataclass whose fields are made by `env()`. `load(Class, environ)`
reads `YIJIE_<NAME>`; for a secret also `YIJIE_<NAME>_FILE`, the path of a file that holds it.
Nested configuration classes are read from the same flat environment.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

PREFIX = "YIJIE_"
C = TypeVar("C")


class ConfigError(Exception):
    """The environment does not make a configuration; lists every problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("configuration:\n  " + "\n  ".join(problems))
        self.problems = problems


def env(
    name: str,
    parse: Callable[[str], Any] = str,
    *,
    default: Any = dataclasses.MISSING,
    secret: bool = False,
) -> Any:
    """Declares a field read from YIJIE_<name>; without a default it is required.

    `parse` turns the text into the value and raises ValueError with a reason that does not echo it.
    A secret is masked when shown, left out of the repr, and may come from the file named by
    YIJIE_<name>_FILE.
    """
    metadata = {"env": name, "parse": parse, "secret": secret}
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata=metadata, repr=not secret)
    if type(default).__hash__ is None:
        # A mapping that cannot be changed is not hashable before Python 3.12, and is refused so.
        return dataclasses.field(
            default_factory=lambda: default, metadata=metadata, repr=not secret
        )
    return dataclasses.field(default=default, metadata=metadata, repr=not secret)


def nested(cls: type[Any], *, is_optional: bool = False) -> Any:
    """Declares a field that is itself a configuration class.

    Optional: where none is given in code, it is one with the defaults of all its fields.
    """
    if is_optional:
        return dataclasses.field(default_factory=cls, metadata={"nested": cls})
    return dataclasses.field(metadata={"nested": cls})


def load(cls: type[C], environ: Mapping[str, str] | None = None) -> C:
    """Reads a configuration; raises ConfigError that names every missing or malformed variable."""
    problems: list[str] = []
    loaded = _load(cls, os.environ if environ is None else environ, problems)
    if problems:
        raise ConfigError(problems)
    return loaded


def variables(cls: type[Any]) -> set[str]:
    """Returns the names of all variables that a configuration class reads."""
    names: set[str] = set()
    for field in dataclasses.fields(cls):
        if "nested" in field.metadata:
            names |= variables(field.metadata["nested"])
        else:
            names.add(PREFIX + field.metadata["env"])
            if field.metadata["secret"]:
                names.add(PREFIX + field.metadata["env"] + "_FILE")
    return names


def file_of(name: str, environ: Mapping[str, str] | None = None) -> Path | None:
    """Returns the file that the secret YIJIE_<name> came from; None: it came from the variable."""
    path = (os.environ if environ is None else environ).get(f"{PREFIX}{name}_FILE")
    return Path(path) if path else None


def shown(config: Any) -> dict[str, str]:
    """Returns a configuration for the start-up log, secrets masked."""
    result: dict[str, str] = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if "nested" in field.metadata:
            result |= shown(value)
        else:
            result[field.metadata["env"].lower()] = (
                "***" if field.metadata["secret"] else str(value)
            )
    return result


def parse_address(text: str) -> str:
    """Reads host:port."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        msg = "must be host:port"
        raise ValueError(msg)
    return text


def parse_optional_address(text: str) -> str:
    """Reads host:port, or nothing."""
    return parse_address(text) if text else ""


def parse_switch(text: str) -> bool:
    """Reads 0 or 1."""
    if text not in {"0", "1"}:
        msg = "must be 0 or 1"
        raise ValueError(msg)
    return text == "1"


def parse_seconds(text: str) -> float:
    """Reads a positive number of seconds."""
    seconds = float(text)
    if not 0 < seconds < 1e9:  # noqa: PLR2004 - also refuses nan and inf
        msg = "must be a positive number of seconds"
        raise ValueError(msg)
    return seconds


def parse_delay(text: str) -> float:
    """Reads a number of seconds, zero or more."""
    seconds = float(text)
    if not 0 <= seconds < 1e9:  # noqa: PLR2004 - also refuses nan and inf
        msg = "must be zero or a positive number of seconds"
        raise ValueError(msg)
    return seconds


def _load(cls: type[C], environ: Mapping[str, str], problems: list[str]) -> C:
    values: dict[str, Any] = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        if "nested" in field.metadata:
            values[field.name] = _load(field.metadata["nested"], environ, problems)
            continue
        name = PREFIX + field.metadata["env"]
        try:
            text = _text(name, environ, secret=field.metadata["secret"])
            if text is not None:
                values[field.name] = field.metadata["parse"](text)
            elif field.default is field.default_factory is dataclasses.MISSING:
                problems.append(f"{name} is not set")
                values[field.name] = None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            problems.append(f"{name}: {reason}")
            values[field.name] = None
    return cls(**values)


def _text(name: str, environ: Mapping[str, str], *, secret: bool) -> str | None:
    if secret and f"{name}_FILE" in environ:
        return Path(environ[f"{name}_FILE"]).read_text(encoding="utf-8").strip()
    return environ.get(name)
