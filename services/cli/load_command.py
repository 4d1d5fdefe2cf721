"""`yijie load`: loads into the mesh of a data directory."""

from __future__ import annotations

from pathlib import Path

from services.cli.demo import load_demo_data
from services.cli.mesh import MeshError, read_endpoints
from services.cli.progress import Progress
from services.cli.province import connected


async def load_command(data_dir: Path) -> int:
    """Loads reference and demo data.

    Raises:
        MeshError: no mesh runs there.
        LoadError, DomainError: something was refused.
    """
    endpoints = read_endpoints(data_dir)
    if not endpoints:
        msg = f"no mesh runs in {data_dir}; start it with `yijie up`"
        raise MeshError(msg)
    async with connected(endpoints, "") as province:
        await load_demo_data(province, Progress())
    return 0
