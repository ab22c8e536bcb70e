"""Ship the data folders `providers/` and `policies/` inside the standard wheel.

An editable install reads them from the checkout, so they are added to the standard wheel only:
a copy in an editable install would go stale.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DataHook(BuildHookInterface[Any]):
    """Adds each data file under `llmroute/data/` of a standard wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files; `version` is "standard" or "editable"."""
        if version != "standard":
            return
        root = Path(self.root)
        for folder in ("providers", "policies"):
            for path in sorted((root / folder).rglob("*.*")):
                if path.suffix not in {".toml", ".json"}:
                    continue
                inside = f"llmroute/data/{path.relative_to(root).as_posix()}"
                build_data["force_include"][str(path)] = inside
