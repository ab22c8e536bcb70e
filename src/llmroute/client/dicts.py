"""OpenAI-style dicts as callers give them, made into messages.

Fields that hold nothing are passed over, as answers of OpenAI's package are full of them. Names of
speakers (`name`) and notes on an answer (`annotations`) are taken, and not sent: not every wire
has a place for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from llmroute.errors import RequestError
from llmroute.errors.problems import nearest
from llmroute.types.messages import (
    ROLES,
    Document,
    Image,
    Message,
    ReasoningBlock,
    ToolCall,
    ToolResult,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.messages import Part, Role

Fields = Mapping[str, object]
KIND = re.compile(r"[a-z_]{1,40}")
"""What kinds of parts are called; anything else may be what the caller said."""
FIELDS = {
    "system": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {
        *("role", "content", "name", "tool_calls", "refusal", "reasoning_content", "annotations")
    },
    "tool": {"role", "content", "name", "tool_call_id"},
}


def read_message(fields: Fields, where: str) -> Message:
    """Make a message of a dict; raises RequestError for what it does not understand."""
    role = read_role(fields.get("role"), where)
    unknown = [
        name for name, value in fields.items() if name not in FIELDS[role] and not _empty(value)
    ]
    if unknown:
        what = f"has a field that is not understood: {str(unknown[0])[:40]!r}"
        hint = f"A message of the {role} has {', '.join(sorted(FIELDS[role]))}"
        raise RequestError(what, where=where, hint=hint)
    if role == "tool":
        call_id = fields.get("tool_call_id")
        if not isinstance(call_id, str) or not call_id:
            raise RequestError("has no tool_call_id", where=where)
        content = fields.get("content")
        return Message(role, (ToolResult(call_id, _text(fields, "name", where), content),))
    return Message(role, _parts_of(role, fields, where))


def _empty(value: object) -> bool:
    return value is None or (isinstance(value, str | list | tuple | Mapping) and not value)


def read_role(role: object, where: str) -> Role:
    """Recognize a role; raises RequestError."""
    for known in ROLES:
        if role == known:
            return known
    if role == "developer":
        return "system"
    if not isinstance(role, str):
        raise RequestError("has no role", where=where, hint=nearest("", ROLES))
    raise RequestError(f"unknown role {role[:40]!r}", where=where, hint=nearest(role, ROLES))


def _parts_of(role: Role, fields: Fields, where: str) -> tuple[Part, ...]:
    calls = _calls(fields.get("tool_calls"), f"{where}.tool_calls")
    refusal = _text(fields, "refusal", where)
    content = fields.get("content")
    if content is None and role == "assistant" and (calls or refusal):
        content = ()
    thought = _text(fields, "reasoning_content", where)
    before: list[Part] = [ReasoningBlock(thought)] if thought else []
    said = read_content(content, f"{where}.content")
    return (*before, *said, *([refusal] if refusal else []), *calls)


def read_content(content: object, where: str) -> tuple[Part, ...]:
    """Make parts of a string, or of a list of strings and dicts; raises RequestError."""
    if isinstance(content, str):
        return (content,)
    if isinstance(content, Sequence) and not isinstance(content, bytes | bytearray):
        parts = cast("Sequence[object]", content)
        return tuple(_part(part, f"{where}[{index}]") for index, part in enumerate(parts))
    if content is None:
        hint = 'Content is a string, or a list of parts: {"role": ..., "content": "..."}'
        raise RequestError("content is missing", where=where, hint=hint)
    raise not_understood(type(content).__name__, where)


def _part(part: object, where: str) -> Part:
    if isinstance(part, str | Image | Document):
        return part
    if not isinstance(part, Mapping):
        raise not_understood(type(part).__name__, where)
    fields = cast("Fields", part)
    kind = str(fields.get("type"))
    reader = PARTS.get(kind)
    if reader is None:
        raise not_understood(kind if KIND.fullmatch(kind) else "unknown", where)
    return reader(fields, where)


def not_understood(kind: str, where: str) -> RequestError:
    """Refuse content of another kind."""
    hint = f"Content is a string, or a list of strings, Image(...), Document(...), {_known()}"
    return RequestError(
        f"content of kind {kind} is not text, nor a known part", where=where, hint=hint
    )


def _known() -> str:
    return ", ".join(f'{{"type": "{kind}"}}' for kind in PARTS)


def _text(fields: Fields, name: str, where: str) -> str:
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value or ""
    raise RequestError(f"must be a string, got {type(value).__name__}", where=f"{where}.{name}")


def _said(fields: Fields, where: str) -> str:
    if not isinstance(fields.get("text"), str):
        hint = f'Write {{"type": "{fields.get("type")}", "text": "..."}}'
        raise RequestError("the part holds no text", where=where, hint=hint)
    return cast("str", fields["text"])


def _image(fields: Fields, where: str) -> Image:
    given = fields.get("image_url")
    inner = cast("Fields", given) if isinstance(given, Mapping) else {"url": given}
    url = inner.get("url")
    if not isinstance(url, str):
        raise RequestError("holds no url", where=f"{where}.image_url")
    detail = inner.get("detail", fields.get("detail"))
    return Image(url=url, detail=cast("None", detail))


def _file(fields: Fields, where: str) -> Document:
    given = fields.get("file")
    inner = cast("Fields", given) if isinstance(given, Mapping) else fields
    data = inner.get("file_data", inner.get("file_url"))
    if not isinstance(data, str):
        hint = "Files kept at a provider cannot be sent to another: use Document(path=...)"
        raise RequestError("holds no file_data", where=where, hint=hint)
    return Document(url=data, name=_text(inner, "filename", where) or None)


PARTS: dict[str, Callable[[Fields, str], Part]] = {
    "text": _said,
    "input_text": _said,
    "output_text": _said,
    "image_url": _image,
    "input_image": _image,
    "file": _file,
    "input_file": _file,
}


def _calls(given: object, where: str) -> list[ToolCall]:
    if given is None:
        return []
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise RequestError("must be a list of tool calls", where=where)
    items = cast("Sequence[object]", given)
    return [_call(item, f"{where}[{index}]") for index, item in enumerate(items)]


def _call(item: object, where: str) -> ToolCall:
    if isinstance(item, ToolCall):
        return item
    fields = dumped(item)
    function = _object(fields.get("function"))
    call_id, name = fields.get("id"), function.get("name")
    if not isinstance(call_id, str) or not isinstance(name, str):
        hint = '{"id": ..., "type": "function", "function": {"name": ..., "arguments": "{...}"}}'
        raise RequestError("is no tool call", where=where, hint=hint)
    return ToolCall(call_id, name, _arguments(function.get("arguments"), where))


def dumped(item: object) -> Fields:
    """A dict as it is, that of an object which makes one; an empty one of anything else."""
    dump: object = None if isinstance(item, type) else getattr(item, "model_dump", None)
    return _object(dump() if callable(dump) else item)


def _object(value: object) -> Fields:
    """A dict as it is, anything else as an empty one."""
    return cast("Fields", value) if isinstance(value, Mapping) else {}


def _arguments(given: object, where: str) -> Fields:
    if isinstance(given, str):
        try:
            given = cast("object", json.loads(given)) if given.strip() else {}
        except (ValueError, RecursionError):
            given = None
    if isinstance(given, Mapping):
        return cast("Fields", given)
    raise RequestError("are no JSON object", where=f"{where}.function.arguments")
