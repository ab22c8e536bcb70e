"""A program at a pseudo-terminal, as a person would use it."""

from __future__ import annotations

import os
import select
import subprocess
import time
from typing import Self

from tests.cli.support import WAIT_S, environment


class Terminal:
    """A program at a pseudo-terminal."""

    def __init__(self, *command: str, **more: str) -> None:
        """Start `command`; its three streams are the terminal."""
        self.screen, inside = os.openpty()
        self.seen = ""
        self.process = subprocess.Popen(
            command,
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env=environment(**{"TERM": "dumb", **more}),
        )
        os.close(inside)

    def wait_for(self, text: str) -> str:
        """Read until `text` appears; returns and forgets what came before and with it."""
        ends = time.monotonic() + WAIT_S
        while text not in self.seen:
            assert time.monotonic() < ends, self.seen
            if not self._read():
                break
        before, found, self.seen = self.seen.partition(text)
        assert found, before
        return before + found

    def type(self, text: str) -> None:
        """Type."""
        os.write(self.screen, text.encode())

    def end(self) -> str:
        """Read to the end; returns what was left. The test fails if there is no end."""
        ends = time.monotonic() + WAIT_S
        while self._read():
            assert time.monotonic() < ends, self.seen
        self.process.wait(WAIT_S)
        return self.seen

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(WAIT_S)
        os.close(self.screen)

    def _read(self) -> bool:
        ready, _, _ = select.select([self.screen], [], [], 1.0)
        if not ready:
            return self.process.poll() is None
        try:
            data = os.read(self.screen, 65536)
        except OSError:  # how Linux says that the program has left
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)
