"""What is written where: answers and tables to stdout, everything about them to stderr."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

# C0 without line feed and tab, DEL, and C1: what a terminal might obey.
CONTROLS = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)])


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person reads or types there; False for a stream that is closed."""
    return stream is not None and not stream.closed and stream.isatty()


def write(text: str) -> None:
    """Write to stdout at once; a terminal gets no control characters of a model's.

    Raises:
        OSError: stdout takes no more, BrokenPipeError when its reader left.
    """
    _put(sys.stdout, text)


def note(text: str) -> None:
    """Write a line about the answer to stderr; dim on a terminal, unless NO_COLOR is set."""
    text = plain(text)
    colored = is_terminal(sys.stderr) and os.name == "posix"
    if colored and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        text = f"\x1b[2m{text}\x1b[22m"
    _put(sys.stderr, text + "\n", clean=False)


def fail(text: str) -> None:
    """Write a line to stderr that says what went wrong."""
    _put(sys.stderr, f"llmroute: {text}\n")


def plain(text: str) -> str:
    """Take the control characters out that a terminal might obey."""
    return text.translate(CONTROLS)


def leave_pipes() -> None:
    """Let the interpreter end quietly although nobody reads what is still buffered."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            os.dup2(nowhere, stream.fileno())
        except (OSError, ValueError, AttributeError):  # closed, or no file at all
            continue


def _put(stream: TextIO | None, text: str, *, clean: bool = True) -> None:
    """Write what the stream's encoding can hold, and "?" for the rest."""
    if stream is None or stream.closed:  # closed by the shell: 2>&-
        return
    if clean and is_terminal(stream):
        text = plain(text)
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding))
    stream.flush()
