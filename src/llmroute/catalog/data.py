"""The data files of the package: `providers/*.toml` and `policies/**/*.toml`, read lazily."""

from __future__ import annotations

import os.path
from functools import cache
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.resources.abc import Traversable


@cache
def _folder() -> str | None:
    """Find the folder that holds `providers/` and `policies/`: in the wheel, else the checkout."""
    package = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    for folder in (f"{package}/data", os.path.dirname(os.path.dirname(package))):
        if os.path.isdir(f"{folder}/providers"):
            return folder
    return None


def _archived(name: str) -> Traversable:
    """A data file, or folder, of a package that is inside an archive."""
    from importlib.resources import files

    place: Traversable = files("llmroute") / "data"
    for part in name.split("/"):
        place = place.joinpath(part)
    return place


def read_text(name: str) -> str | None:
    """Read a data file such as "policies/default.toml"; None when there is none of that name."""
    if ".." in name or "\\" in name or "\0" in name or name.startswith("/"):
        return None
    folder = _folder()
    if folder is None:
        file = _archived(name)
        return file.read_text(encoding="utf-8") if file.is_file() else None
    try:
        with open(f"{folder}/{name}", encoding="utf-8") as opened:
            return opened.read()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None


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
    root = _folder()
    found: Iterable[str] = ()
    if root is None:
        place = _archived(folder)
        found = (file.name for file in place.iterdir()) if place.is_dir() else ()
    elif os.path.isdir(f"{root}/{folder}"):
        found = os.listdir(f"{root}/{folder}")
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))
