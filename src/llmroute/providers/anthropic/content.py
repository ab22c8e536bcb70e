"""Messages as the Messages API takes them: blocks, and turns of user and assistant by turns."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, cast

from llmroute.types.messages import Document, Image, ReasoningBlock, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmroute.types.messages import Message, Part

    from ..shapes import Json

THOUGHTS = ("thinking", "redacted_thinking")
BLANK: Json = {"type": "text", "text": "[blank]"}
"""What a user said who said nothing: the API takes no blank text, and no empty turn."""


def system_of(messages: Iterable[Message]) -> list[Json]:
    """The instructions as blocks: the API has a place of their own for them."""
    blocks = [_text(message.text) for message in messages if message.role == "system"]
    return [block for block in blocks if block is not None]


def turns_of(messages: Iterable[Message]) -> list[Json]:
    """Everything else, one turn per change of role; results of tools come first in theirs."""
    turns: list[Json] = []
    for message in messages:
        blocks = [block for part in message.parts if (block := _block(part)) is not None]
        if message.role == "assistant":
            add(turns, "assistant", _ended(blocks))
        elif message.role != "system":
            add(turns, "user", blocks or [dict(BLANK)])
    for turn in turns:
        blocks_in(turn).sort(key=lambda block: block["type"] != "tool_result")
    return turns


def _ended(blocks: list[Json]) -> list[Json]:
    """Leave out thoughts that nothing follows: the API refuses them there."""
    kept = len(blocks)
    while kept and blocks[kept - 1]["type"] in THOUGHTS:
        kept -= 1
    return blocks[:kept]


def add(turns: list[Json], role: str, blocks: list[Json]) -> None:
    """Add blocks, if there are any, to the last turn if it is `role`'s, else as a new one."""
    if not blocks:
        return
    if turns and turns[-1]["role"] == role:
        blocks_in(turns[-1]).extend(blocks)
    else:
        turns.append({"role": role, "content": blocks})


def blocks_in(turn: Json) -> list[Json]:
    """The blocks of a turn of ours."""
    return cast("list[Json]", turn["content"])


def thought(text: str, signature: str) -> ReasoningBlock:
    """Make the block of visible, or left out, thoughts with their signature."""
    return ReasoningBlock(text, data=json.dumps({"signature": signature}))


def redacted(data: str) -> ReasoningBlock:
    """Make the block of thoughts that the provider encrypted."""
    return ReasoningBlock("", data=json.dumps({"redacted": data}))


def _block(part: Part) -> Json | None:
    """Write a part; None for what the API refuses: blank text, thoughts without a signature."""
    match part:
        case str():
            return _text(part)
        case Image():
            return {"type": "image", "source": _source(part)}
        case Document():
            named: Json = {"title": part.name} if part.name else {}
            return {"type": "document", "source": _source(part), **named}
        case ToolCall():
            called: Json = dict(part.arguments)
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": called}
        case ToolResult():
            return _result(part)
        case ReasoningBlock():
            return _thoughts(part)


def _text(text: str) -> Json | None:
    return {"type": "text", "text": text} if text.strip() else None


def _source(part: Image | Document) -> Json:
    if part.data is None:
        return {"type": "url", "url": part.url}
    data = b64encode(part.data).decode("ascii")
    return {"type": "base64", "media_type": part.media_type, "data": data}


def _result(part: ToolResult) -> Json:
    block: Json = {"type": "tool_result", "tool_use_id": part.call_id}
    if part.content:
        block["content"] = str(part.content)
    if part.is_error:
        block["is_error"] = True
    return block


def _thoughts(part: ReasoningBlock) -> Json | None:
    try:
        value = cast("object", json.loads(part.data))
    except (ValueError, RecursionError):  # not ours, whatever it says
        value = None
    data = cast("Json", value) if isinstance(value, dict) else {}
    if "redacted" in data:
        return {"type": "redacted_thinking", "data": data["redacted"]}
    if "signature" in data:
        return {"type": "thinking", "thinking": part.text, "signature": data["signature"]}
    return None
