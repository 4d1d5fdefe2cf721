"""Runs one service: `yijie serve settlement`, the process of a pod and of the local mesh alike."""

from __future__ import annotations

import asyncio
import functools
import importlib

from services.cli.loops import loop_factory
from services.cli.topology import require_service
from services.kit.config import load, shown
from services.kit.server import run


def serve(service: str) -> None:
    """Serves until SIGTERM or SIGINT, with the configuration of the environment.

    Raises:
        UnknownService: there is none of this name.
        ConfigError: the environment does not make a configuration.
        MigrationError: the schema is behind.
    """
    require_service(service)
    config_class = importlib.import_module(f"services.{service}.config").Config
    config = load(config_class)
    app = importlib.import_module(f"services.{service}.app")
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(
            run(service, config.telemetry, shown(config), functools.partial(app.running, config))
        )
