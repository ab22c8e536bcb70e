"""Plain-text tables of at most 100 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 100
NARROWEST = 16


def table(head: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> str:
    """Lay out `rows` under `head`; the last column is wrapped so that no line exceeds 100."""
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    fixed = _fit(widths[:-1])
    last = WIDTH - sum(fixed) - 2 * len(fixed)
    lines = textwrap.wrap(title, WIDTH) if title else []
    for row in (head, *rows):
        lines += _line(row, fixed, last)
    return "\n".join(lines)


def _fit(widths: list[int]) -> list[int]:
    """Narrow the widest columns until the last one has room for words."""
    fixed = list(widths)
    while sum(fixed) + 2 * len(fixed) > WIDTH - 2 * NARROWEST:
        widest = max(range(len(fixed)), key=fixed.__getitem__)
        fixed[widest] -= 1
    return fixed


def _line(row: Sequence[str], fixed: list[int], last: int) -> list[str]:
    """Break one row into lines: its cells wrap inside their columns."""
    widths = [*fixed, last]
    cells = [
        textwrap.wrap(cell, width, break_long_words=True) or [""]
        for cell, width in zip(row, widths, strict=True)
    ]
    height = max(len(cell) for cell in cells)
    return [
        "  ".join(
            (cell[index] if index < len(cell) else "").ljust(width)
            for cell, width in zip(cells, widths, strict=True)
        ).rstrip()
        for index in range(height)
    ]
