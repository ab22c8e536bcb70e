"""The question of a command line: words, stdin, or both."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from llmroute.errors import RequestError
from llmroute.types.messages import Document, Image, Message

from .terminal import is_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .arguments import Arguments


def question_of(arguments: Arguments) -> str:
    """The words typed, a lone "-" replaced by stdin; without words all of stdin.

    Raises:
        RequestError: there are no words, and stdin is a terminal or empty.
    """
    words = arguments.question
    if not words:
        text = "" if is_terminal(sys.stdin) else _stdin()
        if not text.strip():
            what = f'there is none; write llmroute {arguments.command} "...", or pipe it in'
            raise RequestError(what, where="prompt")
        return text
    return " ".join(f"\n{_stdin()}" if word == "-" else sound(word) for word in words)


def prompt_of(arguments: Arguments) -> str | Message:
    """The question with what goes with it: pictures and documents, files or https addresses.

    Raises:
        RequestError: as `question_of`.
    """
    parts = [image(one) for one in arguments.images or ()]
    papers = [document(one) for one in arguments.documents or ()]
    question = question_of(arguments)
    return Message.user(question, *parts, *papers) if parts or papers else question


def image(place: str) -> Image:
    """A picture at an https address or in a file."""
    return Image(url=place) if _is_address(place) else Image(path=Path(place).expanduser())


def document(place: str) -> Document:
    """A document at an https address or in a file."""
    return Document(url=place) if _is_address(place) else Document(path=Path(place).expanduser())


def _is_address(place: str) -> bool:
    return "://" in place


def shape_of(arguments: Arguments) -> Mapping[str, object] | None:
    """The JSON Schema that the answer must fit, None when any will do; raises RequestError."""
    if arguments.schema is None:
        return None
    import json

    try:
        schema: object = json.loads(Path(arguments.schema).read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"{arguments.schema!r}: {error.strerror or error}"
    except ValueError as error:
        problem = f"{arguments.schema!r} is no JSON: {error}"
    else:
        if isinstance(schema, dict):
            return cast("dict[str, object]", schema)
        problem = f"{arguments.schema!r} must hold an object"
    raise RequestError(problem, where="--schema")


def talks(arguments: Arguments) -> bool:
    """Whether a person sits at the terminal and has asked nothing yet."""
    asked = arguments.question or arguments.images or arguments.documents or arguments.schema
    return not asked and not arguments.json and is_terminal(sys.stdin)


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
