"""Images and documents, as both OpenAI APIs take them: a URL, or the bytes as a data: URL."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmroute.types.messages import Document, Image

PDF = "application/pdf"


def address_of(part: Image | Document) -> str:
    """The part's URL, or its bytes as one."""
    if part.data is None:
        return part.url or ""
    data = b64encode(part.data).decode("ascii")
    return f"data:{part.media_type or PDF};base64,{data}"


def name_of(document: Document) -> str:
    """What the document is called; the API refuses one without a name."""
    return document.name or "document.pdf"
