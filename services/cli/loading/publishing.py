"""When a version that was loaded becomes visible, which catalogues and mappings have in common."""

from __future__ import annotations

from services.cli.loading.kinds import Batch


def publishes(batch: Batch, *, despite_refused: bool) -> bool:
    """Tells whether a batch publishes: the last of a whole file, with all rows taken before it.

    A hole in a version would make patients pay in full what is only missing from a file.
    """
    return batch.is_last and (despite_refused or batch.refused_before == 0)


def version_notes(label: str, count: int | None, *, dry_run: bool) -> list[tuple[str, str]]:
    """Returns what to say of a version; `count` are its entries, None: it is not published."""
    if dry_run:
        return []
    if count is not None:
        return [
            (
                f"已发布 {label}，共 {count:,} 条",
                f"published {label} with {count:,} entries",
            )
        ]
    zh = (
        f"{label} 未发布：有行被拒或文件不完整；修正后重新载入即为新版本，"
        "或加 --publish-despite-refused"
    )
    en = (
        f"{label} is not published, for rows were refused or the file is not whole; mend the file"
        " and load it again, which makes another version, or add --publish-despite-refused"
    )
    return [(zh, en)]
