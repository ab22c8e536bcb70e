"""TOML, parsed with numbers as decimals; what the parser refuses is a problem with its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from llmroute.errors import PolicyError, Problem

from .positions import long_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from .positions import Path, Positions
    from .reading import Report

MOST_PROBLEMS = 100
"""How many problems of one file are told; reading ends there."""
WORD = r"[A-Za-z_./~@][^\s,\[\]{}\"'#=]*"
LONGEST_WORD = 40
TWICE = r"Cannot declare \((.+)\) twice"
SYNTAX_PLACE = r"(?s)(.*) \(at (?:line (\d+), column (\d+)|end of document)\)"


def dotted(path: tuple[str, ...]) -> str:
    """Write a key as the file does: without the positions of routes."""
    return ".".join(
        part
        for before, part in zip(("", *path), path, strict=False)
        if not (before == "route" and part.isdecimal())
    )


def located(file: str, positions: Positions, problems: list[Problem]) -> Report:
    """Make a report that appends to `problems`, each with its line of `file`.

    It raises PolicyError with the first 100 of them: to tell half a million takes ten seconds.
    """

    def report(path: Path, what: str, hint: str) -> None:
        problems.append(Problem(file, positions.line(path), dotted(path), what, hint))
        if len(problems) >= MOST_PROBLEMS:
            in_order = sorted(problems, key=lambda one: one.line or 0)
            what = f"these are the first {MOST_PROBLEMS}; mend them first"
            raise PolicyError([*in_order, Problem(file, in_order[-1].line, "", what)])

    return report


def _decimal(text: str) -> Decimal:
    """Read a number; one whose exponent no decimal can hold becomes infinite, or 0."""
    from decimal import Decimal, InvalidOperation

    try:
        return Decimal(text)
    except InvalidOperation:
        sign = "-" if text.startswith("-") else ""
        return Decimal(f"{sign}0" if "e-" in text.lower() else f"{sign}Infinity")


def parse(text: str, name: str) -> Mapping[str, object]:
    """Parse TOML, numbers as decimals.

    Raises:
        PolicyError: a syntax error, with line and column.
    """
    import tomllib

    try:
        return cast("Mapping[str, object]", tomllib.loads(text, parse_float=_decimal))
    except ValueError as error:  # also an integer of thousands of digits
        message = str(error)
    place = re.fullmatch(SYNTAX_PLACE, message)
    if place is None:
        path, number_line = long_number(text)
        raise PolicyError([Problem(name, number_line, dotted(path), "the number is too long")])
    what, line, column = place.groups()
    at = int(line) if line else text.count("\n") + 1
    twice = re.fullmatch(TWICE, what)
    if twice is not None:
        table = dotted(tuple(re.findall(r"'([^']*)'", twice[1])))
        raise PolicyError([Problem(name, at, table, f"[{table}] stands twice", "Join the two")])
    if what == "Cannot overwrite a value":
        raise PolicyError([Problem(name, at, "", "its key stands twice", "Leave one out")])
    hint = _hint(what, text, at, int(column or 0))
    what = f"{what} (column {column})" if column else f"{what} (at the end)"
    raise PolicyError([Problem(name, at, "", what, hint)])


def _hint(what: str, text: str, line: int, column: int) -> str:
    """Say how to write a value that begins with a word, else what TOML is."""
    found = None
    if what == "Invalid value" and column:
        found = re.match(WORD, text.split("\n")[line - 1][column - 1 :])
    return "This is not TOML: https://toml.io" if found is None else _quoted(found[0])


def _quoted(word: str) -> str:
    if word in {"True", "False"}:
        return f"Write {word.lower()}"
    if word in {"None", "null"}:
        return "TOML has no such value: leave the key out"
    shown = word if len(word) <= LONGEST_WORD else f"{word[:LONGEST_WORD]}..."
    return f'Put it in quotes: "{shown}"'
