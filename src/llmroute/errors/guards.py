"""What is checked before a TOML file is parsed: size, encoding, and how deep it nests."""

from __future__ import annotations

import os.path
import re
from typing import TYPE_CHECKING

from llmroute.errors import PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VARIABLE = "LLMROUTE_POLICY"
LARGEST_BYTES = 64 * 1024
LARGEST_FACTS_BYTES = 512 * 1024
"""How large a fact file may be: an imported one tells of a thousand models."""
DEEPEST = 16
"""How many parts a key may have, and how deep arrays and tables may nest.

A dotted key of 40 KB costs the standard library's parser seconds, since its time is quadratic.
"""

# An open string runs to the end of its line, or of the text: no position is searched twice.
TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"""|\\?\Z)'
    r"|'''.*?(?:'''|\Z)"
    r'|"(?:\\.|[^"\\\n])*+"?'
    r"|'[^'\n]*+'?"
    r"|\#[^\n]*+"
    r"|[A-Za-z0-9_+-]++"
    r"|\n"
    r"|[^ \t\r]",
    re.DOTALL,
)


def pieces(text: str) -> Iterator[tuple[str, int]]:
    """Cut a TOML text into strings, words and marks, each with its line, comments left out.

    Time is linear in the text, whatever it holds; nothing is checked or evaluated here.
    """
    line = 1
    for match in TOKEN.finditer(text):
        piece = match.group()
        if piece[0] != "#":
            yield piece, line
        if "\n" in piece:
            line += piece.count("\n")


def read(path: str | Path, largest: int = LARGEST_BYTES) -> str:
    """Read a policy file, a file of a provider or a fact file, of `largest` bytes.

    Raises:
        PolicyError: it is missing, a directory, unreadable, too large or not UTF-8.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(largest + 1)
    except FileNotFoundError:
        what, hint = "there is no such file", "Check its name and folder"
    except IsADirectoryError:
        what, hint = (
            "it is a directory, not a file",
            f"Name the file: {os.path.join(path, 'llmroute.toml')}",
        )
    except OSError as error:
        what, hint = f"it cannot be read: {error.strerror}", ""
    else:
        return decode(data, str(path), largest)
    raise PolicyError([Problem(str(path), None, "", what, _named_by(path) or hint)])


def _named_by(path: str | Path) -> str:
    """Say so if a variable names this file: nobody may have typed its name today."""
    from pathlib import Path

    named = os.path.expanduser(os.environ.get(VARIABLE, ""))
    return f"${VARIABLE} names it" if named and Path(named) == Path(path) else ""


def decode(data: bytes, name: str, largest: int = LARGEST_BYTES) -> str:
    """Decode the bytes of a file, once their size is known to be small.

    Raises:
        PolicyError: they are more than `largest`, or not UTF-8; says in which line.
    """
    if len(data) > largest:
        what = f"it is larger than {largest // 1024} KiB"
        hint = "A policy names its models and rules; is this another file?"
        raise PolicyError([Problem(name, None, "", what, hint)])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = error.start
    line = data.count(b"\n", 0, place) + 1
    raise PolicyError([Problem(name, line, "", "it is not UTF-8", "Save the file as UTF-8")])


def check_depth(text: str, name: str) -> None:
    """Check how deep keys and values nest.

    Raises:
        PolicyError: a key has more than 16 parts, or brackets nest deeper than 16.
    """
    if text.count(".") < DEEPEST and text.count("[") + text.count("{") <= DEEPEST:
        return  # too few marks for that: as a rule
    parts = nesting = 0
    before = ""
    for piece, line in pieces(text):
        if piece == ".":
            parts += 1
        elif before != ".":
            parts = 1
        nesting += (piece in {"[", "{"}) - (piece in {"]", "}"})
        if max(parts, nesting) > DEEPEST:
            what = f"keys and brackets nest deeper than {DEEPEST}"
            hint = "No key of a policy needs that; is a bracket or a quote missing?"
            raise PolicyError([Problem(name, line, "", what, hint)])
        before = piece
