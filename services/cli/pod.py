"""What a pod runs: a service, and the question how it is. Both end with an exit code.

Nothing here needs the command line, nor the imports of each other.
"""

from __future__ import annotations

import sys
from typing import Final

from services.kit.config import ConfigError

_USAGE: Final = 2  # of services.cli.options, which is not to be had without the command line


def serve(service: str) -> int:
    """Runs one service until it is told to end; says why where it cannot."""
    from services.cli.serve import serve as serve_  # noqa: PLC0415
    from services.cli.topology import UnknownService  # noqa: PLC0415
    from services.kit.migrations import MigrationError  # noqa: PLC0415

    try:
        serve_(service)
    except (UnknownService, ConfigError) as error:
        return _failed(error, _USAGE)
    except MigrationError as error:
        return _failed(error, 1)
    return 0


def health(service: str = "", address: str = "") -> int:
    """Prints what a service of this machine or pod answers; 0: it is SERVING.

    `service` is a full gRPC name or `live`, empty: the process as a whole; `address` is host:port,
    empty: YIJIE_PROBE_LISTEN.
    """
    from services.cli.health import UnknownAddressError  # noqa: PLC0415
    from services.cli.health import health as health_  # noqa: PLC0415

    try:
        state, is_serving = health_(address, service)
    except (UnknownAddressError, ConfigError) as error:
        return _failed(error, _USAGE)
    sys.stdout.write(f"{state}\n")
    return 0 if is_serving else 1


def _failed(error: Exception, code: int) -> int:
    sys.stderr.write(f"yijie: {error}\n")
    return code
