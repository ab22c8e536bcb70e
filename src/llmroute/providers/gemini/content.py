"""Messages as Gemini's own API takes them: contents of parts, by user and model."""

from __future__ import annotations

import json
from base64 import b64encode
from mimetypes import guess_type
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from llmroute.types.messages import Document, Image, ReasoningBlock, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmroute.types.messages import Message

    from ..shapes import Json

UNSIGNED = "skip_thought_signature_validator"
"""What stands for the signature of a call that another model made; without one, Gemini 3 refuses.
Source: https://ai.google.dev/gemini-api/docs/thought-signatures"""


def instruction_of(messages: Iterable[Message]) -> Json | None:
    """The instructions: the API has a place of their own for them."""
    parts = [_text(message.text) for message in messages if message.role == "system"]
    written = [part for part in parts if part is not None]
    return {"parts": written} if written else None


def contents_of(messages: Iterable[Message], *, signed: bool) -> list[Json]:
    """Everything else; `signed` marks the first call of a turn that has no signature."""
    contents: list[Json] = []
    for message in messages:
        parts = [] if message.role == "system" else _parts(message, signed=signed)
        if parts:
            role = "model" if message.role == "assistant" else "user"
            contents.append({"role": role, "parts": parts})
    return contents


def signed_text(text: str, signature: str) -> ReasoningBlock:
    """Make the block of a signature that stands at text; `text` is what was thought before it."""
    return ReasoningBlock(text, data=json.dumps({"signature": signature}))


def signed_thought(text: str, signature: str) -> ReasoningBlock:
    """Make the block of a summary of thoughts that has a signature of its own."""
    return ReasoningBlock(text, data=json.dumps({"signature": signature, "thought": True}))


def _parts(message: Message, *, signed: bool) -> list[Json]:
    parts: list[Json] = []
    for part in message.parts:
        if isinstance(part, ReasoningBlock):
            _sign(parts, part)
        elif (written := _part(part)) is not None:
            parts.append(written)
    calls = [part for part in parts if "functionCall" in part]
    if signed and calls:
        calls[0].setdefault("thoughtSignature", UNSIGNED)
    return parts


def _part(part: str | Image | Document | ToolCall | ToolResult) -> Json | None:
    match part:
        case str():
            return _text(part)
        case Image() | Document():
            return _file(part)
        case ToolCall():
            called: Json = {"id": part.id, "name": part.name, "args": dict(part.arguments)}
            signature: Json = {"thoughtSignature": part.signature} if part.signature else {}
            return {"functionCall": called} | signature
        case ToolResult():
            key = "error" if part.is_error else "output"
            response = {key: str(part.content)}
            answer = {"id": part.call_id, "name": part.name, "response": response}
            return {"functionResponse": answer}


def _text(text: str) -> Json | None:
    return {"text": text} if text else None


def _file(part: Image | Document) -> Json:
    if part.data is not None:
        data = b64encode(part.data).decode("ascii")
        return {"inlineData": {"mimeType": part.media_type, "data": data}}
    pdf = "application/pdf" if isinstance(part, Document) else None
    kind = part.media_type or pdf or guess_type(urlsplit(part.url or "").path)[0]
    named: Json = {"mimeType": kind} if kind else {}
    return {"fileData": {"fileUri": part.url} | named}


def _sign(parts: list[Json], block: ReasoningBlock) -> None:
    """Put a signature where it stood: on the text before it, on the thoughts, or on no text."""
    data = _data(block)
    signature = data.get("signature")
    if signature is None:
        return
    if data.get("thought"):
        parts.append({"text": block.text, "thought": True, "thoughtSignature": signature})
    elif parts and "text" in parts[-1] and "thoughtSignature" not in parts[-1]:
        parts[-1]["thoughtSignature"] = signature
    else:
        parts.append({"text": "", "thoughtSignature": signature})


def _data(block: ReasoningBlock) -> Json:
    try:
        value = cast("object", json.loads(block.data))
    except (ValueError, RecursionError):  # not ours, whatever it says
        value = None
    return cast("Json", value) if isinstance(value, dict) else {}
