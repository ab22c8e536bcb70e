"""The command line: `llmroute chat`, `plan`, `check`, `models`, `catalog`, `license`, `doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .arguments import Arguments

__all__ = ["main"]


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
    match arguments.command:
        case "chat":
            from .chat import chat as command
        case "plan":
            from .plan import plan as command
        case "check":
            from .check import check as command
        case "models":
            from .models import models as command
        case "catalog":
            from .catalog import catalog as command
        case "license":
            from .license import license_ as command
        case _:
            from .doctor import doctor as command
    return command(arguments)
