"""What was typed in earlier conversations: a file of the user's own, only if they want it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

from .terminal import note

KEPT: Final = 1000
"""How many messages are kept; the file is cut when it holds twice as many."""
LONGEST: Final = 20_000
"""Longer messages, in characters, are not kept: nobody recalls them by an arrow key."""


def place() -> Path | None:
    """Where the file is: $XDG_STATE_HOME/llmroute/history, or ~/.local/state/...; None: nowhere."""
    state = os.environ.get("XDG_STATE_HOME", "")
    folder = Path(state) if Path(state).is_absolute() else Path("~/.local/state").expanduser()
    return folder / "llmroute" / "history" if folder.is_absolute() else None


def wanted(asked: bool | None) -> Past | None:
    """Keep a history when it is asked for, or when there is one already and nobody says no."""
    path = place()
    if asked is False or path is None:
        return None
    return Past(path) if asked or path.is_file() else None


class Past:
    """One message per line, as a JSON string; readable for its owner alone."""

    def __init__(self, path: Path) -> None:
        """Use `path`; a file that cannot be used is told once and then left alone."""
        self.path = path
        self._usable = True

    def read(self) -> list[str]:
        """The last messages, oldest first; lines that are no JSON string are left out."""
        try:
            lines = self._content().splitlines()
            if len(lines) > 2 * KEPT:
                self._cut(lines[-KEPT:])
        except OSError as error:
            self._give_up(error)
            return []
        return [text for line in lines[-KEPT:] if (text := _read(line)) is not None]

    def add(self, text: str) -> None:
        """Append one message; sessions that run at the same time do not disturb each other."""
        if not self._usable or len(text) > LONGEST:
            return
        try:
            with os.fdopen(self._open(os.O_WRONLY | os.O_APPEND), "a", encoding="utf-8") as file:
                file.write(json.dumps(text) + "\n")
        except OSError as error:
            self._give_up(error)

    def _content(self) -> str:
        with os.fdopen(self._open(os.O_RDONLY), encoding="utf-8", errors="replace") as file:
            return file.read()

    def _cut(self, lines: list[str]) -> None:
        """Put a shorter file in place of the long one, at once."""
        shorter = self.path.with_name(f"history.{os.getpid()}")
        handle = os.open(shorter, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        shorter.replace(self.path)

    def _open(self, flags: int) -> int:
        """Open the file, made if need be; whatever its mode was, now it is the owner's alone."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.path, flags | os.O_CREAT, 0o600)
        if os.name == "posix":
            os.fchmod(handle, 0o600)
        return handle

    def _give_up(self, error: OSError) -> None:
        self._usable = False
        note(f"(no history: {self.path}: {error.strerror or error})")


def _read(line: str) -> str | None:
    try:
        text: object = json.loads(line)
    except ValueError:
        return None
    return text if isinstance(text, str) else None
