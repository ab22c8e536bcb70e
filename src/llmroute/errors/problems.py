"""One problem of a policy file: what, where, and how to mend it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from llmroute.types.frozen import dataclass
from llmroute.types.secrets import without_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

QUOTED = r"""(?<!\w)(['"])((?:(?!\1).){40})(?:(?!\1).)+\1(?!\w)"""
LONG_WORD = r"(\S{100})\S+"
LONGEST_NAME = 100
"""So many characters of a name that is known are told."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`key` is dotted ("models.gpt.use"); `line` counts from 1, None when it is not known.

    Control characters are escaped, quoted values are cut after 40 characters, and what looks like
    a key is left out.
    """

    file: str
    line: int | None
    key: str
    what: str
    hint: str = ""

    def __post_init__(self) -> None:
        """Make every text fit to be printed."""
        texts = {
            "file": _named(escaped(self.file)),
            "key": shortened(without_keys(escaped(self.key))),
            "what": shortened(without_keys(escaped(self.what))),
            "hint": without_keys(escaped(self.hint)),
        }
        for name, text in texts.items():
            object.__setattr__(self, name, text)

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        key = f" {self.key}:" if self.key else ""
        return sentences(f"{place}:{key} {self.what}", self.hint)


def escaped(text: str) -> str:
    """Write control characters, and others that cannot be printed, as escapes."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def _named(file: str) -> str:
    """Leave out a key that was passed as a file's name; folders stay, sk-learn-models is one."""
    folder, separator, name = file.rpartition(os.sep)
    return f"{folder}{separator}{without_keys(name)}"


def shortened(text: str) -> str:
    """Cut what is quoted, and words that are longer than a line."""
    import re  # only when something is wrong

    text = re.sub(QUOTED, r"\1\2...\1", text)
    return re.sub(LONG_WORD, r"\1...", text)


def sentences(*parts: str) -> str:
    """Join sentences that have no full stop of their own; empty ones are left out."""
    text = ""
    for part in filter(None, parts):
        stop = "" if text.endswith(("?", ".", "!")) else "."
        text = f"{text}{stop} {part}" if text else part
    return text


def close(word: str, words: Iterable[str], likeness: float = 0.6) -> str | None:
    """Find the word most like `word`; None when none is at least that much like it, 1 is equal."""
    import difflib  # only when something is wrong

    found = difflib.get_close_matches(word, sorted(words), n=1, cutoff=likeness)
    return found[0] if found else None


def nearest(word: str, words: Iterable[str], more: str = "") -> str:
    """Write "did you mean ...?" for the known word most like `word`; else list the words.

    `more` is a sentence to go on with.
    """
    known = [one if len(one) <= LONGEST_NAME else f"{one[:LONGEST_NAME]}..." for one in words]
    known.sort()
    found = close(word, known)
    if found is not None:
        return sentences(f"Did you mean {found!r}?", more)
    return sentences(f"Known: {', '.join(known)}" if known else "None is known here", more)
