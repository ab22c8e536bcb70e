"""What a person types: one message at a time, over one line or several."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from .questions import sound
from .terminal import is_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .past import Past

PROMPT, MORE = "> ", ". "
BLOCK = '"""'


class Keyboard:
    """Reads messages at the terminal, with the editing keys of readline where there is one.

    A line that ends in a backslash goes on; so does everything between three double quotes. Text
    that is pasted is one message, where readline can tell that it was pasted.
    """

    def __init__(self, past: Past | None, words: Mapping[str, Sequence[str]]) -> None:
        """Recall what `past` holds; with None only what is typed from now on.

        `words` are those that the tab key completes at the beginning of a line, and after each of
        them.
        """
        self._past = past
        self._words = words
        self._edits = is_terminal(sys.stdout) and _set_up(self._completed)
        if self._edits and past is not None:
            _recall(past.read())

    def read(self) -> str:
        """Read one message; raises EOFError (Ctrl-D) and KeyboardInterrupt (Ctrl-C)."""
        line = self._line(PROMPT)
        text = self._block(line) if line.lstrip().startswith(BLOCK) else self._continued(line)
        if text.strip():
            self._keep(text)
        return text

    @property
    def unsent(self) -> bool:
        """Whether something had been typed when Ctrl-C came; False where that is not known."""
        if not self._edits:
            return False
        import readline

        return bool(readline.get_line_buffer())

    def _continued(self, line: str) -> str:
        lines = [line]
        while lines[-1].endswith("\\"):
            lines[-1] = lines[-1][:-1]
            lines.append(self._line(MORE))
        return "\n".join(lines)

    def _block(self, line: str) -> str:
        text = line.lstrip().removeprefix(BLOCK)
        while not text.rstrip().endswith(BLOCK):
            text += "\n" + self._line(MORE)
        return text.rstrip().removesuffix(BLOCK).strip("\n")

    def _line(self, prompt: str) -> str:
        if is_terminal(sys.stdout):
            return sound(input(prompt))
        sys.stderr.write(prompt)  # the prompt is not part of the answer
        sys.stderr.flush()
        return sound(input())

    def _completed(self, begun: str, place: int) -> str | None:
        """The word at `place` of those that begin so; None when there is no other."""
        import readline

        before = readline.get_line_buffer()[: readline.get_begidx()].split()
        known = self._words.get(before[0], ()) if before else self._words
        found = [f"{word} " for word in known if word.startswith(begun)]
        return found[place] if place < len(found) else None

    def _keep(self, text: str) -> None:
        if self._edits:
            _recall([text])
        if self._past is not None:
            self._past.add(text)


def _set_up(complete: Callable[[str, int], str | None]) -> bool:
    """Let `input` edit lines, and know what is pasted; False where there is no readline."""
    try:
        import readline
    except ImportError:
        return False
    readline.set_auto_history(False)  # a message is one entry, however many lines it has
    readline.set_completer(complete)
    readline.set_completer_delims(" ")
    readline.parse_and_bind("tab: complete")
    if os.environ.get("TERM", "dumb") != "dumb":
        readline.parse_and_bind("set enable-bracketed-paste on")
    return True


def _recall(texts: list[str]) -> None:
    import readline

    for text in texts:
        with suppress(ValueError):  # a NUL, which readline cannot hold
            readline.add_history(text)
