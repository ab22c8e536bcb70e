"""Where a policy comes from, and the provider files that it brings: [catalog]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from llmroute.catalog.collection import Catalog
    from llmroute.errors.positions import Positions
    from llmroute.errors.reading import Path as Keys
    from llmroute.errors.reading import Table

DEFAULT_NAME = "built-in default"
"""The policy that counts when there is none."""


class PolicyText(NamedTuple):
    """The text of a policy file, and how plans call it."""

    text: str
    name: str


class Origin(NamedTuple):
    """Where a text comes from: `file` for errors, `name` for plans, `folder` for model files."""

    file: str
    name: str
    folder: str = ""
    found: bool = False


def read_catalog(table: Table | None, origin: Origin, catalog: Catalog) -> Catalog:
    """Read [catalog]: the catalog with the provider files that it names.

    A policy that nobody named may bring none: it could send prompts to any host.

    Raises:
        PolicyError: something in those files is wrong; all problems of them at once.
    """
    if table is None:
        return catalog
    files = table.texts("files") or ()
    table.done()
    if files and origin.found:
        what = "a policy that was found, not named, may not bring providers"
        table.problem("files", what, named_hint(origin))
        return catalog
    if not files:
        return catalog
    return catalog.extended(_there(table, [expanded(one, origin.folder) for one in files]))


def _there(table: Table, paths: list[Path]) -> list[Path]:
    """The files that there are; of the others a problem is told where the policy names them."""
    there = [path for path in paths if path.exists()]
    for path in paths:
        if path not in there:
            hint = "Its name is relative to the policy file"
            table.problem("files", f"there is no file {str(path)!r}", hint)
    return there


def named_hint(origin: Origin) -> str:
    """Say how to name a policy that was only found."""
    file = origin.file
    return f"Name it: Client({file!r}), -p {file} on the command line, or $LLMROUTE_POLICY"


def expanded(file: str, folder: str = "") -> Path:
    """Put the home folder in place of "~"; other names are relative to `folder`."""
    from pathlib import Path  # few policies name files; loading it takes longer than all the rest

    try:
        return Path(folder, Path(file).expanduser())
    except RuntimeError:  # "~somebody" who is not known here
        return Path(folder, file)


def placing(positions: Positions, name: str) -> Callable[[Keys], str]:
    """Say where a key stands, as plans do."""

    def place(path: Keys) -> str:
        line = None if name == DEFAULT_NAME else positions.line(path)
        return name if line is None else f"{name}:{line}"

    return place
