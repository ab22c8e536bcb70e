"""The question of a command line: words, stdin, or both."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from llmroute.errors import RequestError

from .terminal import is_terminal

if TYPE_CHECKING:
    from .arguments import Arguments


def question_of(arguments: Arguments) -> str:
    """The words typed, a lone "-" replaced by stdin; without words all of stdin.

    Raises:
        RequestError: there are no words, and stdin is a terminal.
    """
    words = arguments.question
    if not words:
        if is_terminal(sys.stdin):
            raise RequestError("there is none; type it, or pipe it in", where="prompt")
        return _stdin()
    return " ".join(f"\n{_stdin()}" if word == "-" else sound(word) for word in words)


def talks(arguments: Arguments) -> bool:
    """Whether a person sits at the terminal and has asked nothing yet."""
    return not arguments.question and not arguments.json and is_terminal(sys.stdin)


def sound(word: str) -> str:
    """Read as UTF-8 what the locale could not read; what is no text at all becomes "?"."""
    try:
        return word.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:  # Windows passes single halves of pairs
        return word.encode("utf-8", "replace").decode("utf-8")


def _stdin() -> str:
    """Everything on stdin, in UTF-8 or else the locale's encoding."""
    if sys.stdin is None:  # closed by the shell: <&-
        return ""
    data = sys.stdin.buffer.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode(sys.stdin.encoding or "utf-8", "replace")
