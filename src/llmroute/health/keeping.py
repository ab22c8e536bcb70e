"""Keeping observations in a file: when it is written, and what of it is new."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from llmroute.errors import PolicyError, Problem
from llmroute.policies.origins import expanded
from llmroute.types.logs import logger
from llmroute.types.observed import Observed

from .saved import Dated, joined, restore, write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Sight = Mapping[str, tuple[Observed, str | None]]
EVERY_S = 60.0
"""How long a file stays as it is, at least, while a client runs."""
THREAD = "llmroute observations"
UNSEEN = Observed()


def utc_now() -> datetime:
    """The time of day in UTC."""
    return datetime.now(UTC)


class Keeper:
    """Reads a file once, and writes it anew when something changed; safe from any thread."""

    def __init__(self, file: str | os.PathLike[str], now: Callable[[], datetime] | None) -> None:
        """Read the file; raises PolicyError when it cannot be read, or holds something else."""
        name = os.fsdecode(file)
        if "\0" in name:
            hint = "Name a file that there can be"
            raise PolicyError([Problem("observations", None, "", "its name holds a NUL", hint)])
        self.path = expanded(name).resolve()
        self._now = now or utc_now
        self._began_at = self._now()
        self.kept: dict[str, Dated] = restore(self.path, self._began_at)
        self._lock = threading.Lock()
        self._writing = False

    @property
    def due(self) -> bool:
        """Whether a minute has passed since it was read or written; also when a clock was set."""
        return not 0 <= (self._now() - self._began_at).total_seconds() < EVERY_S

    def save(self, seen: Sight) -> None:
        """Write what was seen of each model, and of which upstream, if any of it is new.

        What others wrote to the file meanwhile stays, where it is newer. Raises OSError.
        """
        with self._lock:
            now = self._began_at = self._now()
            entries = {
                name: self._dated(name, Dated(one._replace(in_flight=0), now, of))
                for name, (one, of) in seen.items()
            }
            entries = {name: one for name, one in entries.items() if one.observed != UNSEEN}
            if any(one is not self.kept.get(name) for name, one in entries.items()):
                write(self.path, joined(self.path, entries, now))
                self.kept = entries

    def _dated(self, name: str, one: Dated) -> Dated:
        """Keep the day of what has not changed."""
        before = self.kept.get(name)
        unchanged = before is not None and before._replace(at=one.at) == one
        return before if before is not None and unchanged else one

    def try_to_save(self, seen: Sight) -> None:
        """Write likewise; a file that cannot be written is a warning in the log."""
        try:
            self.save(seen)
        except OSError as error:
            what = "%s: the observations were not saved: %s"
            logger("observations").warning(what, self.path, error.strerror)

    def save_soon(self, seen: Callable[[], Sight]) -> None:
        """Write in a thread of its own, so that no call and no event loop waits for a disk."""
        with self._lock:
            if self._writing or not self.due:
                return
            self._writing = True

        def work() -> None:
            self.try_to_save(seen())
            self._writing = False

        try:
            threading.Thread(target=work, name=THREAD, daemon=True).start()
        except RuntimeError:  # the interpreter is about to end
            self._writing = False
