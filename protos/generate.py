"""Generates the stubs in services/gen and the descriptor set that buf reads.

Usage: python protos/generate.py [--check | --descriptor FILE]

    (nothing)           writes services/gen
    --check             writes nothing; fails when services/gen is not what the protos give
    --descriptor FILE   writes the descriptor set of protos/ with its imports, for buf

No network: google/* comes from googleapis-common-protos and grpcio-tools,
buf/validate/validate.proto as a descriptor from the installed protovalidate
(docs/adr/0002-validation.md).
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import sys
import tempfile
from pathlib import Path

import google.rpc
import grpc_tools
from google.protobuf import descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2
from grpc_tools import protoc
from protovalidate._gen.buf.validate import validate_pb

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
GEN = ROOT / "services" / "gen"


def includes() -> list[str]:
    """Returns protoc's include flags: ours, googleapis and protoc's own."""
    googleapis = Path(next(iter(google.rpc.__path__))).parent.parent
    own = Path(grpc_tools.__file__).parent / "_proto"
    return [f"-I{PROTOS}", f"-I{googleapis}", f"-I{own}"]


def write_validate_descriptor(path: Path) -> None:
    """Writes the descriptor of buf/validate/validate.proto as the installed library carries it."""
    files = descriptor_pb2.FileDescriptorSet()
    for module in (descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2):
        module.DESCRIPTOR.CopyToProto(files.file.add())
    files.file.add().ParseFromString(validate_pb._DESC.proto.to_binary())  # noqa: SLF001
    path.write_bytes(files.SerializeToString())


def run_protoc(arguments: list[str], protos: list[str], validate: Path) -> None:
    """Runs protoc, or exits with its message."""
    command = ["protoc", f"--descriptor_set_in={validate}", *includes(), *arguments, *protos]
    if protoc.main(command) != 0:
        sys.exit("protoc failed")


def generate(target: Path, validate: Path) -> None:
    """Writes all stubs below `target`."""
    ours = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    outs = [f"--python_out={target}", f"--pyi_out={target}"]
    run_protoc([*outs, f"--grpc_python_out={target}"], ours, validate)
    run_protoc(outs, ["buf/validate/validate.proto"], validate)
    for unused in target.rglob("*_pb2_grpc.py"):
        if "_service" not in unused.name:  # messages only: the plugin writes an empty module
            unused.unlink()


def differences(left: Path, right: Path) -> list[str]:
    """Returns the files that differ between two trees, Python caches aside."""

    def files(root: Path) -> set[Path]:
        return {p.relative_to(root) for p in root.rglob("*.py*") if p.suffix in {".py", ".pyi"}}

    either = files(left) | files(right)
    return sorted(
        str(name)
        for name in either
        if not (left / name).is_file()
        or not (right / name).is_file()
        or not filecmp.cmp(left / name, right / name, shallow=False)
    )


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--descriptor", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        validate = Path(scratch) / "validate.binpb"
        write_validate_descriptor(validate)
        if options.descriptor:
            flags = ["--include_imports", "--include_source_info"]
            ours = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
            run_protoc([*flags, f"--descriptor_set_out={options.descriptor}"], ours, validate)
            return
        fresh = Path(scratch) / "gen"
        fresh.mkdir()
        generate(fresh, validate)
        changed = differences(fresh, GEN)
        if options.check:
            if changed:
                sys.exit("services/gen is stale; run `make protos`:\n  " + "\n  ".join(changed))
            return
        shutil.rmtree(GEN, ignore_errors=True)
        shutil.copytree(fresh, GEN)


if __name__ == "__main__":
    main()
