"""`llmroute chat` at a terminal: a conversation, line by line."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from llmroute.errors import LLMRouteError
from llmroute.types.messages import Message

from .chat import about, show
from .failures import tell
from .questions import sound
from .terminal import is_terminal, note, write

if TYPE_CHECKING:
    from llmroute.client.sync import Client
    from llmroute.types.requests import ChatOptions


def converse(client: Client, options: ChatOptions) -> int:
    """Answer line after line; Ctrl-C stops an answer, Ctrl-D leaves."""
    note("Ctrl-C stops an answer, Ctrl-D leaves.")
    client = client.with_options(**options)
    history: list[Message] = []
    while True:
        try:
            line = _read_line()
        except EOFError:
            write("\n")
            return 0
        except KeyboardInterrupt:
            note("")  # what was typed is void
            continue
        if line.strip():
            _answer(client, history, Message.user(sound(line)))


def _answer(client: Client, history: list[Message], question: Message) -> None:
    """Answer one line; what was shown goes into the history, even if it was stopped."""
    shown: list[str] = []
    try:
        with client.stream([*history, question]) as stream:
            show(stream, shown)
            for line in about(stream.reply):
                note(line)
    except KeyboardInterrupt:
        note("(stopped)")
    except LLMRouteError as error:
        tell(error)
    if shown:
        history += [question, Message.assistant("".join(shown))]


def _read_line() -> str:
    """Read a line, with the editing keys of readline where there is such a module."""
    if not is_terminal(sys.stdout):  # the prompt is not part of the answer
        sys.stderr.write("> ")
        sys.stderr.flush()
        return input()
    with suppress(ImportError):
        import_module("readline")  # input() uses it once it is there
    return input("> ")
