"""Where the terms of clearing stand."""

from __future__ import annotations

from pathlib import Path
from typing import Final

TERMS_FOLDER: Final = Path(__file__).parent / "terms"
