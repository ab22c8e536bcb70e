"""The command line: `llmroute chat`, `plan`, `check`, `models`, `catalog`, `simulate`, ..."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .arguments import Arguments

__all__ = ["main"]

RUN = {
    "chat": "chat:chat",
    "plan": "plan:plan",
    "check": "check:check",
    "models": "models:models",
    "catalog": "catalog:catalog",
    "license": "license:license_",
    "simulate": "simulate:simulate_",
    "doctor": "doctor:doctor",
}
"""Where the function of each command lives."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; None means the process's own arguments."""
    from .terminal import fail, leave_pipes

    try:
        return _run(argv)
    except SystemExit as left:  # argparse has said why
        return left.code if isinstance(left.code, int) else 0
    except KeyboardInterrupt:
        fail("interrupted")
        return 130
    except BrokenPipeError:  # the reader has what it wanted: | head
        leave_pipes()
        return 0
    except OSError as error:
        what = error.filename or "the output cannot be written"
        fail(f"{what}: {error.strerror or error}")
        leave_pipes()
        return 1


def _run(argv: Sequence[str] | None) -> int:
    from llmroute.errors import LLMRouteError

    from .arguments import parse

    arguments = parse(argv)
    try:
        return _command(arguments)
    except LLMRouteError as error:
        from .failures import tell

        return tell(error)


def _command(arguments: Arguments) -> int:
    """Load what the command needs, and nothing else."""
    from importlib import import_module

    module, _, function = RUN[arguments.command or ""].partition(":")
    command: Callable[[Arguments], int] = getattr(import_module(f"llmroute.cli.{module}"), function)
    return command(arguments)
