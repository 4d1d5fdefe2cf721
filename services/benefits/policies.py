"""Reads policy packs: strict YAML, content hash, then the pure loader.

A pack is the files of one region by name; they come from a folder, or with a publication.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.benefits.domain.errors import PolicyRefused
from services.benefits.domain.loader import parse_pack
from services.benefits.domain.snapshot import Policy
from services.kit.strict_yaml import Unclear, find_line, read_tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.benefits.domain.parameter import Pack
    from services.benefits.domain.place import Tree

PACKS_FOLDER: Final = Path(__file__).parent / "policy" / "packs"
INDEX_FILE: Final = "index.yaml"
EXAMPLES_FILE: Final = "examples.yaml"
"""Worked examples beside a pack; they are no part of it and do not change its version."""

FILE_BYTES_MAX: Final = 256 * 1024
_PACK_BYTES_MAX: Final = 1024 * 1024
_HASH_DIGITS: Final = 12


def load_policy(folder: Path = PACKS_FOLDER, *, regions: frozenset[str] = frozenset()) -> Policy:
    """Returns the policy of the packs in a folder.

    Args:
        folder: holds a folder per insured region, named by its code.
        regions: codes of those to load; empty: all.

    Raises:
        PolicyRefused: the first thing wrong in any pack, with file, line, path and what would be
            right.
    """
    files = read_folder(folder, regions=regions)
    return Policy(read_pack(region, files[region]) for region in sorted(files))


def read_folder(
    folder: Path = PACKS_FOLDER, *, regions: frozenset[str] = frozenset()
) -> Mapping[str, Mapping[str, bytes]]:
    """Returns the files of each pack in a folder, by region and name, unread.

    Raises:
        PolicyRefused: a region that is asked for has no pack, or there is none at all.
    """
    present = {child.name: child for child in sorted(folder.iterdir()) if child.is_dir()}
    for region in sorted(regions - present.keys()):
        raise PolicyRefused(
            file=region, path="(top)", problem="has no pack", right="add it, or do not serve it"
        )
    if not present:
        raise PolicyRefused(
            file=folder.name, path="(top)", problem="holds no pack", right="add <area code>/"
        )
    return {
        name: read_files(child) for name, child in present.items() if not regions or name in regions
    }


def read_files(folder: Path) -> Mapping[str, bytes]:
    """Returns the files of one pack's folder by name, unread.

    Raises:
        PolicyRefused: a file would be passed over because of its name.
    """
    for file in folder.rglob("*.yml"):
        raise PolicyRefused(
            file=f"{folder.name}/{file.relative_to(folder).as_posix()}",
            path="(top)",
            problem="is not read under this name",
            right=f"name it {file.stem}.yaml",
        )
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*.yaml")
    }


def load_pack(folder: Path) -> Pack:
    """Returns the checked pack of one region's folder.

    Raises:
        PolicyRefused: the first thing wrong in it.
    """
    return read_pack(folder.name, read_files(folder))


def read_pack(region_code: str, files: Mapping[str, bytes]) -> Pack:
    """Returns the checked pack of one region.

    Args:
        region_code: that the pack is for.
        files: content by name inside the pack, e.g. `employee/inpatient.yaml`.

    Raises:
        PolicyRefused: the first thing wrong in it.
    """
    files = policy_files(files)
    if sum(map(len, files.values())) > _PACK_BYTES_MAX:
        raise PolicyRefused(
            file=region_code, path="(top)", problem="is too large", right="1 MiB is the limit"
        )
    trees: dict[str, Tree] = {}
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
        trees[name] = read_strict_yaml(content, name=f"{region_code}/{name}")
    if INDEX_FILE not in trees:
        raise PolicyRefused(
            file=f"{region_code}/{INDEX_FILE}",
            path="(top)",
            problem="is missing",
            right="every pack has one that names its area, version and references",
        )
    index = trees.pop(INDEX_FILE)
    content_hash = digest.hexdigest()[:_HASH_DIGITS]
    try:
        return parse_pack(code=region_code, index=index, parts=trees, content_hash=content_hash)
    except PolicyRefused as refused:
        # Only a refusal needs the line, so only then is the file composed with its marks.
        text = files[refused.file.partition("/")[2]].decode("utf-8")
        raise refused.on_line(find_line(text, refused.path)) from None


def policy_files(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Returns the files that make up the policy, in the order in which they are hashed."""
    return {name: files[name] for name in sorted(files) if name != EXAMPLES_FILE}


def read_strict_yaml(content: bytes, *, name: str) -> Tree:
    """Returns the tree of one document: str, int, Decimal, bool, None, dict and list only.

    Raises:
        PolicyRefused: not UTF-8, not YAML, or written in a way that could be misread.
    """
    if len(content) > FILE_BYTES_MAX:
        raise PolicyRefused(
            file=name, path="(top)", problem="is too large", right="split it; 256 KiB is the limit"
        )
    try:
        return read_tree(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PolicyRefused(
            file=name, path="(top)", problem="is not UTF-8", right="save it as UTF-8", line=line
        ) from error
    except Unclear as unclear:
        raise PolicyRefused(
            file=name,
            path="(top)",
            problem=unclear.problem,
            right=unclear.right,
            line=unclear.line,
        ) from unclear
