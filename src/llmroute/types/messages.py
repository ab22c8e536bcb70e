"""Messages: what is said, and by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from .frozen import dataclass, field

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

Role = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture: a file's `path`, an https `url`, or `data`; its repr shows sizes, never content.

    `media_type` ("image/png") is read off the bytes when it is left out. `url` is sent as it is:
    llmroute fetches nothing. `detail` is how closely the model looks; None leaves it to the model.
    """

    path: str | os.PathLike[str] | None = None
    url: str | None = None
    data: bytes | None = None
    media_type: str | None = None
    detail: Literal["auto", "low", "high"] | None = None

    def __repr__(self) -> str:
        return f"Image({_where(self)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document, PDF as a rule, given like an `Image`; its repr shows sizes, never content.

    `name` is what the model is told that it is called; left out, the file's own name.
    """

    path: str | os.PathLike[str] | None = None
    url: str | None = None
    data: bytes | None = None
    media_type: str | None = None
    name: str | None = None

    def __repr__(self) -> str:
        return f"Document({_where(self)})"


def _where(part: Image | Document) -> str:
    if part.data is not None:
        return f"{len(part.data)} bytes"
    return "a file" if part.path is not None else "a URL"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model asks for a tool: `arguments` are parsed and fit the tool's parameters.

    `id` ties the result to the call. `signature` is what the provider wants back with it; it is
    understood by models of one `dialect` alone. None means none.
    """

    id: str
    name: str
    arguments: Mapping[str, Any]
    signature: str | None = None
    dialect: str | None = None

    def __repr__(self) -> str:
        return f"ToolCall({self.name!r}, {len(self.arguments)} arguments)"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave: a string, or any value that can be written as JSON."""

    call_id: str
    name: str
    content: object
    is_error: bool = False

    def __repr__(self) -> str:
        return f"ToolResult({self.name!r})"


@dataclass(frozen=True, slots=True)
class ReasoningBlock:
    """What a model thought, as its provider wants it back with the next turn.

    `data` is opaque (a signature, encrypted content), "" for none; it is understood by models of
    one `dialect` alone, and others never see the block. A provider leaves `dialect` to the flow;
    "" without data is not known, and goes to every model that wants its thoughts back.
    """

    text: str
    dialect: str = ""
    data: str = ""

    def __repr__(self) -> str:
        return f"ReasoningBlock({len(self.text)} characters)"


Part = str | Image | Document | ToolCall | ToolResult | ReasoningBlock
"""One piece of a message's content; a string is text."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation; its repr shows sizes, never content."""

    role: Role
    parts: tuple[Part, ...] = field(default=())

    @staticmethod
    def user(*parts: str | Image | Document) -> Message:
        """Say something as the user."""
        return Message("user", parts)

    @staticmethod
    def system(*parts: str) -> Message:
        """Instruct the model."""
        return Message("system", parts)

    @staticmethod
    def assistant(*parts: str | ToolCall | ReasoningBlock) -> Message:
        """Repeat what a model said."""
        return Message("assistant", parts)

    @staticmethod
    def tool(call: ToolCall, result: object, *, is_error: bool = False) -> Message:
        """Give the result of `call`: a string, or any value that can be written as JSON.

        `is_error` tells the model that the tool failed and `result` says why. What is no call is
        refused by `chat`.
        """
        if not isinstance(call, ToolCall):  # pyright: ignore[reportUnnecessaryIsInstance]
            return Message("tool", (cast("ToolResult", (call, result)),))
        return Message("tool", (ToolResult(call.id, call.name, result, is_error),))

    @property
    def text(self) -> str:
        """The text parts, joined without a separator."""
        return "".join([part for part in self.parts if isinstance(part, str)])

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools that the model asked for, in its order."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    def __repr__(self) -> str:
        others = len([part for part in self.parts if not isinstance(part, str)])
        more = f", {others} other parts" if others else ""
        return f"Message({self.role!r}, {len(self.text)} characters{more})"


def spoken_at(messages: Sequence[Message]) -> int:
    """Where the first message stands that is not the system's; their number when there is none."""
    found = (at for at, one in enumerate(messages) if one.role != "system")
    return next(found, len(messages))


def all_text(messages: tuple[Message, ...]) -> bool:
    """Whether text is all that the messages hold; it is asked several times per request."""
    for message in messages:
        for part in message.parts:
            if type(part) is not str:
                return False
    return True
