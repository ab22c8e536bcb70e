"""Plain-text tables of at most 100 columns, also where characters are two columns wide."""

from __future__ import annotations

import textwrap
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 100
NARROWEST = 16
"""How many columns are left at least for the last cell; twice as many where that can be."""
LONGEST_WORD = 12
"""How long a word of another cell may be and still stand on one line: each rule does."""
WIDE = ("W", "F")
MARKS = ("Mn", "Me")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> str:
    """Lay out `rows` under `head`; cells are wrapped so that no line exceeds 100 columns.

    What cannot be printed is written as an escape.
    """
    shown = [[_printable(cell) for cell in row] for row in (head, *rows)]
    fixed = _fit(shown)
    last = WIDTH - sum(fixed) - 2 * len(fixed)
    lines = wrapped(_printable(title), WIDTH) if title else []
    for row in shown:
        lines += _line(row, [*fixed, last])
    return "\n".join(lines)


def width(text: str) -> int:
    """How many columns a text takes on a terminal."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(one: str) -> int:
    if unicodedata.category(one) in MARKS:
        return 0
    return 2 if unicodedata.east_asian_width(one) in WIDE else 1


def _printable(text: str) -> str:
    """Write control characters, and others that cannot be printed, as escapes."""
    text = " ".join(text.split())
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def _fit(rows: list[list[str]]) -> list[int]:
    """The widths of all columns but the last: the widest are narrowed until that has room."""
    columns = list(zip(*rows, strict=True))[:-1]
    fixed = [max(map(width, column)) for column in columns]
    least = [min(_longest_word(column), LONGEST_WORD) for column in columns]
    longest = max(width(row[-1]) for row in rows)
    _narrow(fixed, least, WIDTH - min(2 * NARROWEST, longest))
    _narrow(fixed, [min(one, 2) for one in least], WIDTH - NARROWEST)
    return fixed


def _longest_word(column: Sequence[str]) -> int:
    return max(width(word) for cell in column for word in cell.split() or [""])


def _narrow(fixed: list[int], least: list[int], most: int) -> None:
    """Narrow the widest columns, none below its least, until they and their gaps fit."""
    while sum(fixed) + 2 * len(fixed) > most:
        spare = [at for at, one in enumerate(fixed) if one > least[at]]
        if not spare:
            return
        fixed[max(spare, key=fixed.__getitem__)] -= 1


def _line(row: Sequence[str], widths: list[int]) -> list[str]:
    """Break one row into lines: its cells wrap inside their columns."""
    cells = [wrapped(cell, most) or [""] for cell, most in zip(row, widths, strict=True)]
    height = max(len(cell) for cell in cells)
    return [
        "  ".join(
            _padded(cell[index] if index < len(cell) else "", most)
            for cell, most in zip(cells, widths, strict=True)
        ).rstrip()
        for index in range(height)
    ]


def _padded(text: str, most: int) -> str:
    return text + " " * (most - width(text))


def wrapped(text: str, most: int) -> list[str]:
    """Break a text into lines of at most so many columns, between words where that can be."""
    if text.isascii():
        return textwrap.wrap(text, most)
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if width(joined) <= most:
            line = joined
            continue
        *whole, line = [*([line] if line else []), *_pieces(word, most)]
        lines += whole
    return [*lines, line] if line else lines


def _pieces(word: str, most: int) -> list[str]:
    """Cut a word into pieces of at most so many columns, each of one character at least."""
    pieces = [""]
    room = most
    for one in word:
        columns = _columns(one)
        if columns > room and pieces[-1]:
            pieces.append("")
            room = most
        pieces[-1] += one
        room -= columns
    return pieces
