"""What came of a year."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from services.cli.supervision.mine import Run
from services.cli.supervision.trail import Trail
from services.proving.supervision_year.reviewed import Review
from services.proving.supervision_year.scene import Scene


@dataclass(slots=True)
class Outcome:
    """A year that is over."""

    scene: Scene
    review: Review
    folder: Path
    audited: int = 0
    """Bills."""
    mined: Run | None = None
    digest: str = ""
    """Of all findings."""
    repeated_digest: str = ""
    """Of those of a second supervision that heard the same; empty: there was none."""
    rates: list[tuple[str, str, str]] = field(default_factory=list)
    """What is told of direct settlement: of whom, rate, by what."""
    tickets: str = ""
    """How the tickets went."""
    false_positives: str = ""
    """What supervision says of its rules after the reviews."""
    trail: Trail | None = None
    """One violation followed to its deduction."""
    bulletin: list[Path] = field(default_factory=list)
    """Files of the bulletin."""

    @property
    def holds(self) -> bool:
        """Tells whether everything agrees."""
        return not self.scene.differences
