"""What a docstring says: of a function, and of each of its parameters (Google's style)."""

from __future__ import annotations

import inspect
import re

_SECTION = re.compile(r"(Args|Arguments|Parameters):\s*")
_ENTRY = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?:\s*(.*)")


def first_paragraph(docstring: str | None) -> str:
    """The first paragraph as one line; "" when there is none."""
    text = inspect.cleandoc(docstring or "")
    return " ".join(text.split("\n\n", 1)[0].split())


def parameters(docstring: str | None) -> dict[str, str]:
    """The description of each parameter under "Args:"."""
    found: dict[str, list[str]] = {}
    entry, indent = "", -1
    for line in _section(inspect.cleandoc(docstring or "").splitlines()):
        depth = len(line) - len(line.lstrip())
        indent = depth if indent < 0 else indent
        started = _ENTRY.fullmatch(line.strip()) if depth == indent else None
        if started is not None:
            entry = started[1]
            found[entry] = [started[2]]
        elif entry:
            found[entry].append(line.strip())
    return {name: " ".join(filter(None, words)) for name, words in found.items()}


def _section(lines: list[str]) -> list[str]:
    """The indented lines under the section's heading, blank ones left out."""
    heads = [number for number, line in enumerate(lines) if _SECTION.fullmatch(line)]
    section: list[str] = []
    for line in lines[heads[0] + 1 :] if heads else []:
        if line and not line[0].isspace():
            break
        section += [line] if line else []
    return section
