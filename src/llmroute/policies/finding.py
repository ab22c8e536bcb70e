"""Where a policy file is looked for when none was named."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "llmroute.toml"


def find_policy(start: Path) -> Path | None:
    """Look for llmroute.toml in `start` and above; None when there is none.

    The search ends at the root of a git repository or at the home folder, whichever comes first;
    outside of both it looks into `start` only.
    """
    start = start.resolve()
    folders = [start, *start.parents]
    home = _home()
    ends = [at for at, folder in enumerate(folders) if folder == home or (folder / ".git").exists()]
    for folder in folders[: ends[0] + 1 if ends else 1]:
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return None


def _home() -> Path | None:
    from pathlib import Path

    try:
        return Path.home().resolve()
    except RuntimeError:  # a user without an entry, as in some containers
        return None
