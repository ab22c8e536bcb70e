"""What a request holds besides the text of its messages, in tokens, roughly.

An image costs from 64 tokens (a small one, or looked at from afar) to 3,000; 765 is what OpenAI's
guide to images reckons for 1,024 x 1,024 looked at closely. A page of a PDF costs from 258 tokens
(Gemini's guide to documents) to 3,000 (Anthropic's guide to PDF: 1,500 to 3,000 and its picture);
how many pages there are is not read, so one page is the least. Definitions of tools, calls,
results and the schema of an answer count as the JSON that they are.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from llmroute.types.messages import Document, Image, ReasoningBlock, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.types.requests import Request

BYTES_PER_PAGE = 2000
"""A page of plain text in a PDF is hardly smaller."""


class Extra(NamedTuple):
    """Tokens expected, and the interval."""

    value: int
    low: int
    high: int


NOTHING = Extra(0, 0, 0)
IMAGE = Extra(765, 64, 3000)


def extra_text(request: Request) -> str:
    """What counts as text besides the text of the messages."""
    return "\n".join(_texts(request))


def _texts(request: Request) -> Iterator[str]:
    for tool in request.tools:
        yield json.dumps([tool.name, tool.description, dict(tool.parameters)], default=str)
    if request.output is not None:
        yield json.dumps(dict(request.output.schema), default=str)
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, ToolCall):
                yield json.dumps([part.name, dict(part.arguments)], default=str)
            elif isinstance(part, ToolResult):
                yield str(part.content)
            elif isinstance(part, ReasoningBlock):
                yield part.text


def extra_tokens(request: Request) -> Extra:
    """What images and documents cost."""
    total = NOTHING
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, Image | Document):
                one = IMAGE if isinstance(part, Image) else _document(part)
                total = Extra(*map(sum, zip(total, one, strict=True)))
    return total


def _document(document: Document) -> Extra:
    size = len(document.data) if document.data is not None else 50 * BYTES_PER_PAGE
    return Extra(1500, 258, 3000 * (1 + size // BYTES_PER_PAGE))
