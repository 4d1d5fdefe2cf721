"""Reads the policy packs from disk: strict YAML, content hash, then the pure loader.

PyYAML by default lets a duplicate key win silently, reads 010 as 8, an unquoted date as a date and
0.85 as a binary float. None of that may happen to a benefit parameter, so the loader below resolves
only plain numbers, true/false and null, and refuses duplicates, anchors and tags.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from services.benefits.domain.errors import PolicyRefused
from services.benefits.domain.loader import Tree, parse_pack
from services.benefits.domain.snapshot import Policy

if TYPE_CHECKING:
    from services.benefits.domain.parameter import Pack

PACKS_FOLDER: Final = Path(__file__).parent / "policy" / "packs"
_FILE_BYTES_MAX: Final = 256 * 1024
_HASH_DIGITS: Final = 12


class StrictLoader(yaml.SafeLoader):
    """A SafeLoader that reads what is written and refuses what could be read in two ways."""

    # Own table: the class attribute of SafeLoader is shared with every other loader.
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # shape set by PyYAML

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuses anchors, aliases and tags, then composes as usual."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it untyped
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            _fail("anchors and aliases are not used here; write the value out", event.start_mark)
        if getattr(event, "tag", None):
            _fail("tags are not used here; write the plain value", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuses a key that stands twice."""
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                _fail("a key is a list or mapping; write a plain key", key_node.start_mark)
            if key in seen:
                _fail(f"duplicate key {key}; keep one", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _fail(problem: str, mark: yaml.Mark) -> None:
    raise yaml.constructor.ConstructorError(None, None, problem, mark)


def _construct_decimal(loader: StrictLoader, node: yaml.ScalarNode) -> Decimal:
    return Decimal(loader.construct_scalar(node))


StrictLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|)$"), ["n", ""])
StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf")
)
# A leading zero is no number: 010 stays text, and is refused where a number is wanted.
StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]*)$"), list("-0123456789")
)
StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^-?(?:0|[1-9][0-9]*)\.[0-9]+$"), list("-0123456789")
)
StrictLoader.add_constructor("tag:yaml.org,2002:float", _construct_decimal)


def load_policy(folder: Path = PACKS_FOLDER, *, regions: frozenset[str] = frozenset()) -> Policy:
    """Returns the policy of the packs in a folder.

    Args:
        folder: holds a folder per insured region, named by its code.
        regions: codes of those to load; empty: all.

    Raises:
        PolicyRefused: the first thing wrong in any pack, with file, path and what would be right.
    """
    present = {child.name: child for child in sorted(folder.iterdir()) if child.is_dir()}
    for region in sorted(regions - present.keys()):
        raise PolicyRefused(
            file=region, path="(top)", problem="has no pack", right="add it, or do not serve it"
        )
    packs = [load_pack(child) for name, child in present.items() if not regions or name in regions]
    if not packs:
        raise PolicyRefused(
            file=folder.name, path="(top)", problem="holds no pack", right="add <area code>/"
        )
    return Policy(packs)


def load_pack(folder: Path) -> Pack:
    """Returns the checked pack of one region's folder."""
    trees: dict[str, Tree] = {}
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.yaml")):
        name = file.relative_to(folder).as_posix()
        content = file.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
        trees[name] = read_strict_yaml(content, name=f"{folder.name}/{name}")
    if "index.yaml" not in trees:
        raise PolicyRefused(
            file=f"{folder.name}/index.yaml",
            path="(top)",
            problem="is missing",
            right="every pack has one that names its area, version and references",
        )
    index = trees.pop("index.yaml")
    return parse_pack(
        code=folder.name, index=index, parts=trees, content_hash=digest.hexdigest()[:_HASH_DIGITS]
    )


def read_strict_yaml(content: bytes, *, name: str) -> Tree:
    """Returns the tree of one document: str, int, Decimal, bool, None, dict and list only.

    Raises:
        PolicyRefused: not UTF-8, not YAML, or written in a way that could be misread.
    """
    if len(content) > _FILE_BYTES_MAX:
        raise PolicyRefused(
            file=name, path="(top)", problem="is too large", right="split it; 256 KiB is the limit"
        )
    try:
        # The class is a SafeLoader; load() is how PyYAML takes a class of one's own.
        tree: Tree = yaml.load(content.decode("utf-8"), Loader=StrictLoader)  # noqa: S506
    except UnicodeDecodeError as error:
        raise PolicyRefused(
            file=name, path="(top)", problem="is not UTF-8", right="save it as UTF-8"
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}" if mark else "(top)"
        problem, _, right = (error.problem or "is not YAML").partition("; ")
        raise PolicyRefused(
            file=name, path=place, problem=problem, right=right or "correct the YAML there"
        ) from error
    except yaml.YAMLError as error:
        raise PolicyRefused(
            file=name, path="(top)", problem="is not YAML", right="correct the YAML"
        ) from error
    return tree
