"""What a request asks of a model besides text, and whether a model can give it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .messages import Document, Image

if TYPE_CHECKING:
    from .messages import Message
    from .models import Model
    from .requests import Request

NO_QUIRKS: frozenset[str] = frozenset()
TEXT, EMBED, TOOLS = frozenset({"text"}), frozenset({"embed"}), frozenset({"tools"})
SHAPED = frozenset({"json", "schema"})
DATA_ONLY = {("openai-chat", "document_data")}
"""APIs that have no place for a URL, whoever speaks them, and the quirk that says so elsewhere."""
LACKS = {
    "text": "it does not write text",
    "embed": "it makes no embeddings",
    "vision": "it takes no images",
    "documents": "it takes no documents",
    "tools": "it takes no tools",
    "json": "it cannot be held to a shape of the answer",
}


def quirks_of(model: Model) -> frozenset[str]:
    """The quirks of a model's endpoint; a model of this process has none."""
    return NO_QUIRKS if model.endpoint is None else model.endpoint.quirks


def takes(part: Image | Document, model: Model) -> bool:
    """Whether a model takes this image or document as it is given."""
    ability, quirk = (
        ("vision", "image_data") if isinstance(part, Image) else ("documents", "document_data")
    )
    if ability not in model.abilities or part.data is not None:
        return ability in model.abilities
    return quirk not in quirks_of(model) and (model.api, quirk) not in DATA_ONLY


def lacking(request: Request, model: Model) -> str | None:
    """Say in a few words what `model` lacks for `request`; None when it lacks nothing.

    Of images and documents those since the model's last answer count: earlier ones are told in
    words to a model that cannot take them.
    """
    wanted = _wanted(request)
    missing = next((one for one in wanted if not one & model.abilities), None)
    if missing is not None:
        return LACKS[min(missing)]
    if _forces(request) and "no_forced_tools" in quirks_of(model):
        return 'it cannot be made to call a tool: leave tool_choice at "auto"'
    return next((_why(part, model) for part in latest(request) if not takes(part, model)), None)


def _wanted(request: Request) -> list[frozenset[str]]:
    """Sets of abilities; a model must have one of each."""
    if request.texts is not None:
        return [EMBED]
    wanted = [TEXT]
    if request.tools and request.tool_choice != "none":
        wanted.append(TOOLS)
    if request.output is not None:
        wanted.append(SHAPED)
    return wanted


def _forces(request: Request) -> bool:
    """Whether a tool must be called."""
    return bool(request.tools) and request.tool_choice not in {"auto", "none"}


def _why(part: Image | Document, model: Model) -> str:
    ability = "vision" if isinstance(part, Image) else "documents"
    if ability in model.abilities:
        return (
            f"it takes no {'images' if ability == 'vision' else 'documents'} by URL, only as data"
        )
    return LACKS[ability]


def latest(request: Request) -> list[Image | Document]:
    """The images and documents that came since the model's last answer."""
    start = 0
    for at, message in enumerate(request.messages):
        if message.role == "assistant":
            start = at + 1
    return attached(request.messages[start:])


def attached(messages: tuple[Message, ...]) -> list[Image | Document]:
    """Every image and document of these messages, in order."""
    return [part for one in messages for part in one.parts if isinstance(part, Image | Document)]


def hidden(request: Request, model: Model) -> str | None:
    """Warn of what `model` is told in words only; None when it is shown everything."""
    unseen = [type(part) for part in attached(request.messages) if not takes(part, model)]
    if not unseen:
        return None
    named = " and ".join(
        f"{unseen.count(kind)} earlier {kind.__name__.lower()}(s)"
        for kind in (Image, Document)
        if kind in unseen
    )
    return f"not shown to {model.name}: {named}"
