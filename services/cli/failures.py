"""Failures that a command explains in a line; anything else is a defect and shows where."""

from __future__ import annotations

from services.cli.connecting import ConnectingError
from services.cli.load import LoadError
from services.cli.mesh import MeshError
from services.cli.migrate import DatabaseError
from services.cli.play import DemoError
from services.cli.trace import TraceError
from services.kit.errors import DomainError
from services.kit.migrations import MigrationError

EXPECTED = (
    ConnectingError,
    MeshError,
    DatabaseError,
    LoadError,
    DemoError,
    TraceError,
    MigrationError,
    DomainError,
)
