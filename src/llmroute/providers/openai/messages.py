"""A conversation as messages of chat completions."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from llmroute.errors import AttemptError
from llmroute.types.messages import Document, Image, ReasoningBlock, ToolResult

from ..bodies import endpoint_of
from .kept import kept
from .parts import address_of, name_of
from .tools import arguments_of, result_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmroute.types.calls import Call
    from llmroute.types.messages import Message, Part, ToolCall

    from ..shapes import Json

# Gemini refuses a call without a signature, unless it is marked as another model's:
# https://ai.google.dev/gemini-api/docs/thought-signatures
FOREIGN_CALL: Json = {"google": {"thought_signature": "skip_thought_signature_validator"}}


def messages_of(call: Call, messages: Sequence[Message]) -> list[Json]:
    """Write `messages`, and the prefix that the answer must go on from.

    Raises AttemptError "bad_request" for a document that is a URL.
    """
    written = [one for message in messages for one in _written(call, message)]
    if call.prefix:
        written.append({"role": "assistant", "content": call.prefix})
    return written or [{"role": "user", "content": ""}]  # the API wants one at least


def _written(call: Call, message: Message) -> Iterator[Json]:
    """One message; the results of tools are a message each."""
    if message.role == "assistant":
        yield _assistant(call, message)
        return
    if all(isinstance(part, str) for part in message.parts):
        yield {"role": message.role, "content": message.text}
        return
    content: list[Json] = []
    for part in message.parts:
        if isinstance(part, ToolResult):
            yield {"role": "tool", "tool_call_id": part.call_id, "content": result_of(part)}
        else:
            content.append(_piece(part))
    if content:
        yield {"role": message.role, "content": content}


def _piece(part: Part) -> Json:
    if isinstance(part, Image):
        image: Json = {"url": address_of(part)}
        if part.detail is not None:
            image["detail"] = part.detail
        return {"type": "image_url", "image_url": image}
    if isinstance(part, Document):
        if part.data is None:
            raise AttemptError("bad_request", "chat completions take documents as data, not as URL")
        return {"type": "file", "file": {"filename": name_of(part), "file_data": address_of(part)}}
    return {"type": "text", "text": cast("str", part)}


def _assistant(call: Call, message: Message) -> Json:
    """What the assistant said; no text beside tool calls is null, as the API wants it."""
    asked = message.tool_calls
    written: Json = {"role": "assistant", "content": message.text or (None if asked else "")}
    if asked:
        written["tool_calls"] = _calls(call, asked)
    return written | _thoughts(call, message)


def _thoughts(call: Call, message: Message) -> Json:
    """What the model thought before it said this, for servers that want it back."""
    blocks = [part for part in message.parts if isinstance(part, ReasoningBlock)]
    written: Json = {}
    if "reasoning_content" in endpoint_of(call).quirks:
        written["reasoning_content"] = "".join(block.text for block in blocks)
    for block in blocks:
        fields = kept(block.data)
        if "reasoning_details" in fields:
            written["reasoning_details"] = fields["reasoning_details"]
    return written


def _calls(call: Call, asked: Sequence[ToolCall]) -> list[Json]:
    """The calls that were made, each with what the server wants back with it."""
    written: list[Json] = []
    signed = "signed_calls" not in endpoint_of(call).quirks
    for one in asked:
        function = {"name": one.name, "arguments": arguments_of(one)}
        item: Json = {"id": one.id, "type": "function", "function": function}
        extra = kept(one.signature).get("extra_content")
        if extra is not None:
            item["extra_content"] = extra
            signed = True
        written.append(item)
    if not signed:
        written[0]["extra_content"] = FOREIGN_CALL
    return written
