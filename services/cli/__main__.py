"""`yijie`: the command line."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Runs the command line."""
    # We start processes and never fork into Python: without this, gRPC's fork handlers write a
    # warning whenever the embedded PostgreSQL is started by root.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    # What pods run, over and over, does not wait for the commands of people: to read all of them
    # costs a processor as long as a service's own start.
    match sys.argv[1:]:
        case ["serve", service] if not service.startswith("-"):
            from services.cli import pod  # noqa: PLC0415

            sys.exit(pod.serve(service))
        case ["health"]:
            from services.cli import pod  # noqa: PLC0415

            sys.exit(pod.health())
        case _:
            from services.cli.commands import app  # noqa: PLC0415

            app(prog_name="yijie")


if __name__ == "__main__":
    main()
