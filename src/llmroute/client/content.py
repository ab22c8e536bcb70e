"""What the messages of a request hold, checked and read: parts by role, results of tools."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass, replace
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from llmroute.errors import RequestError
from llmroute.types.messages import (
    Document,
    Image,
    ReasoningBlock,
    ToolCall,
    ToolResult,
)

from .attachments import read_document, read_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.types.messages import Message, Part, Role

PARTS: dict[Role, tuple[type, ...]] = {
    "system": (str,),
    "user": (str, Image, Document),
    "assistant": (str, ToolCall, ReasoningBlock),
    "tool": (ToolResult,),
}
"""What may stand in a message of each role."""


@runtime_checkable
class _Dumps(Protocol):
    """What pydantic's models can do."""

    def model_dump(self, *, mode: str) -> object:
        """Make plain values."""
        ...


def read_parts(messages: Sequence[Message], place: str = "prompt") -> list[Message]:
    """Check and read every part; raises RequestError.

    Images and documents are read, results of tools are written as text and must answer a call.
    """
    waiting: dict[str, str] = {}
    read: list[Message] = []
    for index, message in enumerate(messages):
        where = f"{place}[{index}]"
        parts = tuple(
            _part(part, message.role, f"{where}.parts[{at}]")
            for at, part in enumerate(message.parts)
        )
        if message.role == "tool":
            parts = tuple(_answering(part, waiting, where) for part in parts)
        for part in parts:
            if isinstance(part, ToolCall):
                _check_call(part, waiting, where)
                waiting[part.id] = part.name
        read.append(replace(message, parts=parts))
    return read


def _part(part: object, role: Role, where: str) -> Part:
    if isinstance(part, tuple):  # what `Message.tool` makes of anything that is no call
        kind = type(cast("tuple[object, ...]", part)[0]).__name__
        hint = "Pass one of reply.tool_calls: Message.tool(call, result)"
        raise RequestError(f"Message.tool needs a tool call, got {kind}", where=where, hint=hint)
    if not isinstance(part, PARTS[role]):
        takes = ", ".join(kind.__name__ for kind in PARTS[role])
        what = f"a message of the {role} holds no {type(part).__name__}"
        raise RequestError(what, where=where, hint=f"It holds {takes}")
    if isinstance(part, Image):
        return read_image(part, where)
    if isinstance(part, Document):
        return read_document(part, where)
    return cast("Part", part)


def _check_call(call: ToolCall, waiting: dict[str, str], where: str) -> None:
    named = isinstance(cast("object", call.id), str) and isinstance(cast("object", call.name), str)
    if not named or not call.id or not call.name:
        raise RequestError("a tool call has no id or no name", where=where)
    if call.id in waiting:
        raise RequestError("two tool calls have the same id", where=where)
    try:
        json.dumps(dict(call.arguments), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        what = f"the arguments of the call of {call.name[:64]!r} cannot be written as JSON"
    else:
        return
    raise RequestError(what, where=where)


def _answering(part: Part, waiting: dict[str, str], where: str) -> Part:
    """Write a result as text, under its tool's name; raises RequestError if nobody asked."""
    if not isinstance(part, ToolResult):
        return part
    name = waiting.pop(part.call_id, None)
    if name is None:
        hint = "Append reply.message before Message.tool(call, result), and answer each call once"
        raise RequestError("the result answers no tool call before it", where=where, hint=hint)
    return ToolResult(part.call_id, name, _written(part.content, where), bool(part.is_error))


def _written(content: object, where: str) -> str:
    if isinstance(content, str):
        return content
    try:
        return json.dumps(content, ensure_ascii=False, allow_nan=False, default=_plain)
    except (TypeError, ValueError, RecursionError):
        kind = type(content).__name__
    hint = "Pass a string, or what JSON can hold"
    raise RequestError(f"a result of {kind} cannot be written as JSON", where=where, hint=hint)


def _plain(value: object) -> object:
    """Make of a value what JSON can hold; raises TypeError when it cannot."""
    if isinstance(value, _Dumps):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, set | frozenset):
        return sorted(cast("set[str]", value))
    if type(value).__name__ in {"date", "datetime", "time", "Decimal", "UUID", "PosixPath"}:
        return str(value)
    raise TypeError(type(value).__name__)
