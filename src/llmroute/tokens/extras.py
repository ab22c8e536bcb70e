"""What a request holds besides the text of its messages, in tokens, roughly.

A page of a PDF costs from 258 tokens (Gemini's guide to documents) to 3,000 (Anthropic's guide to
PDF: 1,500 to 3,000 and its picture); how many pages there are is not read, so one page is the
least. Definitions of tools, calls and the schema of an answer count as the JSON that they are.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from llmroute.types.messages import Document, Image, ReasoningBlock, ToolCall, ToolResult

from .images import Extra, image_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.types.models import ImageTokens
    from llmroute.types.requests import Request

BYTES_PER_PAGE = 2000
"""A page of plain text in a PDF is hardly smaller."""
NOTHING = Extra(0, 0, 0)


def chat_text(request: Request) -> str:
    """What is said, called, answered and thought in the messages."""
    if request.text_alone:
        return "".join([one.text for one in request.messages])
    return "\n".join(said(request))


def said(request: Request) -> Iterator[str]:
    """The texts of the messages, one after another; a message's own text is one."""
    for message in request.messages:
        yield message.text
        for part in message.parts:
            if isinstance(part, ToolCall):
                yield json.dumps([part.name, dict(part.arguments)], default=str)
            elif isinstance(part, ToolResult):
                yield str(part.content)
            elif isinstance(part, ReasoningBlock):
                yield part.text


def extra_text(request: Request) -> str:
    """Tools and the shape of the answer, as JSON; empty for none."""
    texts = [
        json.dumps([one.name, one.description, dict(one.parameters)], default=str)
        for one in request.tools
    ]
    return "\n".join([*texts, *shape_text(request)])


def shape_text(request: Request) -> list[str]:
    """The shape that the answer must have, if there is one."""
    return [] if request.output is None else [json.dumps(dict(request.output.schema), default=str)]


def extra_tokens(request: Request, images: ImageTokens | None = None) -> Extra:
    """What images and documents cost; `images` says how the model counts pictures."""
    total = NOTHING
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, Image | Document):
                one = image_tokens(part, images) if isinstance(part, Image) else _document(part)
                total = Extra(*map(sum, zip(total, one, strict=True)))
    return total


def _document(document: Document) -> Extra:
    size = len(document.data) if document.data is not None else 50 * BYTES_PER_PAGE
    return Extra(1500, 258, 3000 * (1 + size // BYTES_PER_PAGE))
