"""A parser of the command line that says in one sentence what is wrong."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NoReturn

from llmroute.errors.problems import close, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence


class Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong; never repeats a question."""

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2."""
        end = "" if message.endswith("?") else "."
        self.exit(2, f"{self.prog}: {message}{end} See {self.prog} --help\n")

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Name the nearest choice; what is like none of them, perhaps a question, is not repeated.

        Overrides the standard library's, which repeats everything; raises ArgumentError.
        """
        choices = [str(choice) for choice in action.choices or ()]
        if not choices or value in choices:
            return
        found = close(str(value), choices)
        if found is not None:
            what = f"there is no {str(value)!r}. Did you mean {found!r}?"
        else:
            what = f"it is none of {', '.join(choices)}"
            if action.dest == "command":
                what += '; to ask, write llmroute chat "..."'
        raise argparse.ArgumentError(action, what)

    def refuse(self, extra: Sequence[str]) -> NoReturn:
        """Name the first unknown option and the nearest known one; nothing else is repeated."""
        flags = [word.partition("=")[0] for word in extra if word.startswith("-")]
        if not flags:
            self.error("too many words; put the question in quotes, after the options")
        known = [flag for flag in self._option_string_actions if flag.startswith("--")]
        self.error(f"there is no option {flags[0]}. {nearest(flags[0], known)}")
