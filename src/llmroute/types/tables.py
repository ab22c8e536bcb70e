"""Plain-text tables of at most 100 columns, also where characters are two columns wide."""

from __future__ import annotations

import re
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
LONGEST_PART = 24
"""The same of a part of an id, between slashes and hyphens."""
PARTS = r"(?<=[/-])"
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
    least = [_longest_word(column) for column in columns]
    longest = max(width(row[-1]) for row in rows)
    _narrow(fixed, least, WIDTH - min(2 * NARROWEST, longest))
    _narrow(fixed, [min(one, 2) for one in least], WIDTH - NARROWEST)
    return fixed


def _longest_word(column: Sequence[str]) -> int:
    """The longest word of a column; of an id the longest part, which is never cut."""
    return max(_unbroken(word) for word in " ".join(column).split() or [""])


def _unbroken(word: str) -> int:
    """How many columns of a word stay on one line."""
    if "/" not in word:
        return min(width(word), LONGEST_WORD)
    return min(max(map(width, re.split(PARTS, word))), LONGEST_PART)


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
    """Break a text into lines of at most so many columns, between words where that can be.

    A longer word is broken behind a slash or a hyphen, where it has one.
    """
    if text.isascii() and max(map(len, text.split()), default=0) <= most:
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
    parts = [
        cut
        for part in re.split(PARTS, word)
        for cut in ([part] if width(part) <= most else _cut(part, most))
    ]
    return _filled(parts, most)


def _cut(part: str, most: int) -> list[str]:
    """What has no place to be broken is cut where the line ends."""
    return _filled(list(part), most)


def _filled(parts: Sequence[str], most: int) -> list[str]:
    """Put parts together to pieces of at most so many columns."""
    pieces = [""]
    for part in parts:
        if pieces[-1] and width(pieces[-1]) + width(part) > most:
            pieces.append("")
        pieces[-1] += part
    return pieces
