"""Runs one service: `yijie serve settlement`, the process of a pod and of the local mesh alike."""

from __future__ import annotations

import asyncio
import functools
import gc
import importlib

from services.cli.loops import loop_factory
from services.cli.topology import require_service
from services.kit.config import load, shown


def serve(service: str) -> None:
    """Serves until SIGTERM or SIGINT, with the configuration of the environment.

    Raises:
        UnknownService: there is none of this name.
        ConfigError: the environment does not make a configuration.
        MigrationError: the schema is behind.
    """
    require_service(service)
    # What is imported stays: to look through it for garbage meanwhile takes a sixth of the start.
    gc.disable()
    try:
        config = load(importlib.import_module(f"services.{service}.config").Config)
        app = importlib.import_module(f"services.{service}.app")
        from services.kit.server import run  # noqa: PLC0415
    finally:
        gc.enable()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(
            run(service, config.telemetry, shown(config), functools.partial(app.running, config))
        )
