"""A conversation as input items of the Responses API."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from llmroute.types.messages import Document, Image, ReasoningBlock, ToolCall, ToolResult

from .kept import kept
from .parts import address_of, name_of
from .tools import arguments_of, result_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.types.calls import Call
    from llmroute.types.messages import Message, Part

    from ..shapes import Json


def items_of(call: Call, messages: Sequence[Message]) -> list[Json]:
    """Write `messages`, and the prefix that the answer must go on from."""
    written = [one for message in messages for one in _written(message)]
    if call.prefix:
        written.append({"role": "assistant", "content": call.prefix})
    return written or [{"role": "user", "content": ""}]  # the API wants one at least


def _written(message: Message) -> list[Json]:
    if all(isinstance(part, str) for part in message.parts):
        return [{"role": message.role, "content": message.text}]
    if message.role == "assistant":
        return _assistant(message)
    items: list[Json] = []
    content: list[Json] = []
    for part in message.parts:
        if isinstance(part, ToolResult):
            output: Json = {"type": "function_call_output", "call_id": part.call_id}
            items.append(output | {"output": result_of(part)})
        else:
            content.append(_piece(part))
    return [*items, {"role": message.role, "content": content}] if content else items


def _piece(part: Part) -> Json:
    if isinstance(part, Image):
        detail = part.detail or "auto"
        return {"type": "input_image", "image_url": address_of(part), "detail": detail}
    if isinstance(part, Document):
        if part.data is None:
            return {"type": "input_file", "file_url": part.url}
        return {"type": "input_file", "filename": name_of(part), "file_data": address_of(part)}
    return {"type": "input_text", "text": cast("str", part)}


def _assistant(message: Message) -> list[Json]:
    """What the assistant said, item by item; reasoning that nothing follows is refused there."""
    items: list[Json] = []
    for part in message.parts:
        if isinstance(part, str):
            _say(part, items)
        elif isinstance(part, ToolCall):
            asked: Json = {"type": "function_call", "call_id": part.id, "name": part.name}
            items.append(asked | {"arguments": arguments_of(part)})
        elif isinstance(part, ReasoningBlock):
            items += _reasoning(part)
    while items and items[-1].get("type") == "reasoning":
        items.pop()
    return items


def _say(text: str, items: list[Json]) -> None:
    """Add `text`, to the item before if that is text, too."""
    if not text:
        return
    if items and "content" in items[-1]:
        items[-1]["content"] = f"{items[-1]['content']}{text}"
    else:
        items.append({"role": "assistant", "content": text})


def _reasoning(block: ReasoningBlock) -> list[Json]:
    """The reasoning item that the block was; none when there is nothing to give back."""
    fields = kept(block.data)
    if "encrypted_content" not in fields:
        return []
    summary = [{"type": "summary_text", "text": block.text}] if block.text else []
    return [{"type": "reasoning", "summary": summary} | fields]
