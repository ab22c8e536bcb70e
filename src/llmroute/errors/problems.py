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
        return f"{place}:{key} {self.what}" + (f". {self.hint}" if self.hint else "")


def nearest(word: str, words: Iterable[str]) -> str:
    """Write "did you mean ...?" for the known word most like `word`; else list the words."""
    import difflib  # only when something is wrong

    known = sorted(words)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known: {', '.join(known)}" if known else "None is known here"
