"""Read what somebody has downloaded, JSON or a tree of TOML: bounded, and without floats."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NoReturn, cast

from llmroute.errors import PolicyError, Problem
from llmroute.errors.guards import check_depth
from llmroute.errors.toml import parse

from .rows import Twice

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LARGEST_BYTES = 32 * 1024 * 1024
LARGEST_TOML_BYTES = 64 * 1024
MOST_FILES = 20_000
MOST_DIGITS = 40
"""How many digits a whole number may have; one of more is infinite."""


def read_text(path: Path, largest: int = LARGEST_BYTES) -> str:
    """Read a file.

    Raises:
        PolicyError: it is missing, unreadable, too large or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except OSError as error:
        refuse(path, f"it cannot be read: {error.strerror or error}")
    if len(data) > largest:
        refuse(path, f"it is larger than {largest // 1024} KiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        refuse(path, "it is not UTF-8")


def read_json(path: Path) -> object:
    """Read JSON, numbers as decimals and integers; a key that stands twice has no value.

    Raises:
        PolicyError: it cannot be read, or is no JSON.
    """
    text = read_text(path)
    try:
        return json.loads(
            text,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=Decimal,
            object_pairs_hook=_once,
        )
    except json.JSONDecodeError as error:
        what = f"{error.msg} (column {error.colno})"
        problem = Problem(str(path), error.lineno, "", what, "This is not JSON")
        raise PolicyError([problem]) from None
    except RecursionError:
        refuse(path, "it nests too deep")


def _decimal(text: str) -> Decimal:
    """Read a number; one whose exponent no decimal can hold is infinite, or 0."""
    try:
        return Decimal(text)
    except InvalidOperation:
        small = "e-" in text.lower()
        return Decimal(0) if small else Decimal("-Infinity" if text[0] == "-" else "Infinity")


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= MOST_DIGITS else _decimal(f"{text[0]}e{10 * MOST_DIGITS}")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make a table; a key that stands twice is marked."""
    table = dict(pairs)
    if len(table) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                table[key] = Twice()
            seen.add(key)
    return table


def read_toml(path: Path, root: Path) -> Mapping[str, object]:
    """Read one TOML file of a tree.

    Raises:
        PolicyError: it cannot be read, leads out of the tree, or is no TOML.
    """
    if not path.resolve().is_relative_to(root.resolve()):
        refuse(path, f"it leads out of {root}")
    text = read_text(path, LARGEST_TOML_BYTES)
    check_depth(text, str(path))
    return parse(text, str(path))


def toml_files(folder: Path) -> list[Path]:
    """Name the TOML files below a folder, in order.

    Raises:
        PolicyError: there are more than 20,000.
    """
    found: list[Path] = []
    for path in folder.rglob("*.toml"):
        found.append(path)
        if len(found) > MOST_FILES:
            refuse(folder, f"it holds more than {MOST_FILES} files")
    return sorted(found)


def table(value: object, path: Path, what: str) -> Mapping[str, object]:
    """Take the table that a document must be.

    Raises:
        PolicyError: it is none.
    """
    if not isinstance(value, dict):
        refuse(path, f"it is not {what}")
    return cast("Mapping[str, object]", value)


def refuse(path: Path, what: str) -> NoReturn:
    """Raise PolicyError about a whole file."""
    raise PolicyError([Problem(str(path), None, "", what, "")])
