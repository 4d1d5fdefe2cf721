"""`yijie policy prove`: random cases over all packs until a property is violated."""

from __future__ import annotations

from pathlib import Path

import typer

from services.benefits.policies import PACKS_FOLDER, load_policy
from services.proving.policy.prove import prove


def run(*, cases: int, seed: int, folder: Path | None) -> int:
    """Proves and prints what came of it; returns 1 where a property is violated.

    Raises:
        PolicyRefused: a pack is not what the loader knows.
    """
    policy = load_policy(folder or PACKS_FOLDER)
    proof = prove(policy, cases=cases, seed=seed)
    refused = ", ".join(f"{reason} {count}" for reason, count in sorted(proof.refused.items()))
    typer.echo(
        f"{proof.cases} cases from seed {seed} over {len(policy.versions)} packs and "
        f"{len(proof.by_file)} files in {proof.seconds:.1f} s: {proof.computed} computed, "
        f"{proof.compared} of them by the formulas too; refused: {refused or 'none'}; "
        f"{proof.bills} bills one after another"
    )
    for violation in proof.violations:
        typer.echo(f"violated: {violation}", err=True)
    typer.echo(f"{len(proof.violations)} violated")
    return 1 if proof.violations else 0
