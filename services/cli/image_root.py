"""Collects what a Python environment needs to run, so that an image can hold that and nothing else.

Run by the Dockerfile, by path, before anything of ours is installed: the standard library alone.
What comes out has no shell, no package manager and no tools: the interpreter, its library, the
environment, the shared libraries that any of them links to, time zones and certificate authorities.

    python image_root.py FOLDER ENVIRONMENT
"""

from __future__ import annotations

import compileall
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

_DATA = ("/etc/ld.so.cache", "/etc/ssl/certs/ca-certificates.crt", "/usr/share/zoneinfo")
_FOLDERS = ("run/secrets/yijie", "etc", "tmp")
_LEFT_OUT = shutil.ignore_patterns(
    "site-packages",
    "test",
    "tests",
    "idlelib",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "lib2to3",
    "config-*",
    "_tkinter*",
)
_TEXTS = {
    "etc/passwd": "yijie:x:10001:10001::/tmp:\n",
    "etc/group": "yijie:x:10001:\n",
    # Without it glibc asks the resolver before /etc/hosts.
    "etc/nsswitch.conf": "hosts: files dns\n",
}
_LINKED = re.compile(r"(?:=> )?(/\S+) \(0x")
_MISSING = re.compile(r"(\S+) => not found")
_BATCH = 200

Copy = Callable[[str, str], object]


def build(root: Path, environment: Path, *, copy: Copy = shutil.copy2) -> None:
    """Puts the environment, with all that it needs, below `root`, each file at its own path.

    Args:
        root: a folder that is not there yet.
        environment: a virtual environment of the interpreter that runs this.
        copy: how a file is put there; a test may link it instead.
    """
    root.mkdir(parents=True)
    trees = [Path(sysconfig.get_path("stdlib")), environment]
    _tree(root, trees[0], copy, _LEFT_OUT)
    _tree(root, environment, copy, None)
    # Official images come without it, and the root of a pod cannot be written: each start of a
    # process would compile the library anew.
    compileall.compile_dir(_below(root, trees[0].resolve()), quiet=2, stripdir=root)
    _place(root, environment / "bin/python", copy)
    interpreter = (environment / "bin/python").resolve()
    for library in _libraries([interpreter, *_shared_objects(trees)]):
        if not any(library.is_relative_to(tree) for tree in trees):
            _place(root, library, copy)
    for name in _DATA:
        if Path(name).is_dir():
            _tree(root, Path(name), copy, None)
        elif Path(name).exists():
            _place(root, Path(name), copy)
    for name in _FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    for name, text in _TEXTS.items():
        (root / name).write_text(text, encoding="utf-8")


def _tree(root: Path, folder: Path, copy: Copy, left_out: Callable[..., set[str]] | None) -> None:
    real = folder.resolve()
    _parents(root, folder, copy)
    _parents(root, real, copy)
    shutil.copytree(
        real,
        _below(root, real),
        symlinks=True,
        ignore=left_out,
        copy_function=copy,
        dirs_exist_ok=True,
    )


def _place(root: Path, file: Path, copy: Copy) -> None:
    """Puts a file at its path, with every symbolic link on the way, also that of the last name."""
    _parents(root, file, copy)
    target = _below(root, file)
    if file.is_symlink():
        if not target.is_symlink():
            target.symlink_to(file.readlink())
        _place(root, Path(os.path.normpath(file.parent / file.readlink())), copy)
    elif not target.exists():
        copy(str(file), str(target))


def _parents(root: Path, path: Path, copy: Copy) -> None:
    # Where /lib is a link to usr/lib it must be one here, or the loader's paths would not meet.
    for parent in reversed(path.parents[:-1]):
        target = _below(root, parent)
        if parent.is_symlink():
            if not target.is_symlink():
                target.symlink_to(parent.readlink())
            _parents(root, parent.resolve() / "_", copy)
        else:
            target.mkdir(exist_ok=True)


def _below(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _shared_objects(trees: list[Path]) -> Iterator[Path]:
    for tree in trees:
        yield from (file for file in tree.rglob("*.so*") if file.is_file())


def _libraries(files: list[Path]) -> set[Path]:
    """Returns what the loader would load for these files, the loader itself included."""
    found: set[Path] = set()
    for start in range(0, len(files), _BATCH):
        batch = [str(file) for file in files[start : start + _BATCH]]
        # A file that is no program makes ldd fail for that file alone; what it found stays.
        listed = subprocess.run(
            ["ldd", *batch],  # noqa: S607 - wherever the C library has it
            capture_output=True,
            text=True,
            check=False,
        )
        found |= {Path(os.path.normpath(path)) for path in _LINKED.findall(listed.stdout)}
        # Some need it only for what we do not use; whoever builds is to know.
        for name in sorted(set(_MISSING.findall(listed.stdout))):
            sys.stderr.write(f"not on this machine, so not collected: {name}\n")
    return found


def main() -> None:
    """Builds the folder that is named first from the environment that is named second."""
    build(Path(sys.argv[1]), Path(sys.argv[2]))


if __name__ == "__main__":
    main()
