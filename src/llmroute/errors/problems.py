"""One problem of a policy file: what, where, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Problem:
    """`key` is dotted ("models.gpt.use"); `line` counts from 1, None when it is not known."""

    file: str
    line: int | None
    key: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        key = f" {self.key}:" if self.key else ""
        return sentences(f"{place}:{key} {self.what}", self.hint)


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
    known = sorted(words)
    found = close(word, known)
    if found is not None:
        return sentences(f"Did you mean {found!r}?", more)
    return sentences(f"Known: {', '.join(known)}" if known else "None is known here", more)
