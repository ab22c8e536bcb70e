"""The data files of the package: `providers/*.toml` and `policies/**/*.toml`, read lazily."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable


@cache
def _root() -> Traversable:
    """Find the folder that holds `providers/` and `policies/`: in the wheel, else the checkout."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "data", package.parent.parent):
        if (folder / "providers").is_dir():
            return folder
    from importlib.resources import files  # the package is inside an archive

    return files("llmroute") / "data"


def read_text(name: str) -> str | None:
    """Read a data file such as "policies/default.toml"; None when there is none of that name."""
    if ".." in name or "\\" in name or name.startswith("/"):
        return None
    file = _root()
    for part in name.split("/"):
        file = file.joinpath(part)
    return file.read_text(encoding="utf-8") if file.is_file() else None


@cache
def read_table(name: str) -> Mapping[str, object] | None:
    """Parse a data file, once; None when there is none of that name."""
    text = read_text(name)
    if text is None:
        return None
    import tomllib
    from decimal import Decimal

    return cast("Mapping[str, object]", tomllib.loads(text, parse_float=Decimal))


@cache
def names(folder: str) -> tuple[str, ...]:
    """List the data files of `folder` ("providers"), without their suffix, in order."""
    place = _root()
    for part in folder.split("/"):
        place = place.joinpath(part)
    found = (file.name for file in place.iterdir()) if place.is_dir() else ()
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))
