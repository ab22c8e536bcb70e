"""Handover: a conversation begun on one model, made valid for the one that goes on with it.

What the next model cannot take is written as text or left out; what it must have is put in. Codecs
write what comes out of here, and need no further cases.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from llmroute.types.abilities import quirks_of, takes
from llmroute.types.frozen import replace
from llmroute.types.messages import (
    Document,
    Image,
    Message,
    ReasoningBlock,
    ToolCall,
    ToolResult,
    all_text,
    spoken_at,
)

from .tool_turns import paired, spoken_call, spoken_result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.types.calls import Call
    from llmroute.types.messages import Part
    from llmroute.types.models import Model

UNSEEN: dict[type, str] = {
    Image: "[an image that you cannot see]",
    Document: "[a document that you cannot read]",
}
START = "(the conversation begins)"
NOTED = "Noted."
"""What the model says between the results of tools and the user, where it must say something."""
GAP = "\n\n"


def adapted(call: Call, quirks: frozenset[str] | None = None) -> tuple[Message, ...]:
    """The call's messages, valid for its model.

    `quirks` are words of `llmroute.types.models.QUIRKS`; None means those of the model's endpoint.
    Foreign reasoning and signatures are dropped, tool calls get ids and names that the wire takes
    and a result each, right behind them; tool parts, images and documents that the model cannot
    take become text; roles are merged and the system message placed as the quirks say.
    """
    messages = call.request.messages
    if quirks is None:
        quirks = quirks_of(call.model)
    if not quirks and all_text(messages):
        return messages
    speaks = _speaks_tools(call, quirks)
    if speaks:
        messages = paired(messages, short="short_tool_ids" in quirks)
    fitted = [_fitted(message, call.model, quirks, speaks_tools=speaks) for message in messages]
    return _laid_out([message for message in fitted if message.parts], quirks)


def _laid_out(messages: list[Message], quirks: frozenset[str]) -> tuple[Message, ...]:
    """Put the messages into the order of roles that the wire wants."""
    placed = _placed(messages, quirks)
    if "user_first" in quirks:
        placed = _opened(placed)
    if "assistant_after_tools" in quirks:
        placed = _noted(placed)
    return tuple(_merged(placed) if "merge_roles" in quirks else placed)


def _speaks_tools(call: Call, quirks: frozenset[str]) -> bool:
    """Whether tool parts go as such: the model knows tools, and takes them in this request."""
    needs_offer = "tools_with_history" in quirks
    return "tools" in call.model.abilities and (bool(call.request.tools) or not needs_offer)


def _fitted(
    message: Message, model: Model, quirks: frozenset[str], *, speaks_tools: bool
) -> Message:
    """A message of parts that the model takes; it may have none left.

    A blank line sets what was put into words apart from the text beside it.
    """
    parts: tuple[Part, ...] = ()
    spoken = False
    for part in message.parts:
        fit = _fit(part, model, quirks, speaks_tools=speaks_tools)
        if not fit:  # left out, or empty
            continue
        before, spoken = spoken, type(fit) is str and type(part) is not str
        parts = _joined(parts, (fit,)) if before or spoken else (*parts, fit)
    role = "user" if message.role == "tool" and not speaks_tools else message.role
    return Message(role, parts)


def _fit(part: Part, model: Model, quirks: frozenset[str], *, speaks_tools: bool) -> Part | None:
    """A part as the model takes it; None when it is left out."""
    if isinstance(part, str):
        return part
    if isinstance(part, ReasoningBlock):
        return _thought(part, model, quirks)
    if isinstance(part, ToolCall):
        return _signed(part, model) if speaks_tools else spoken_call(part)
    if isinstance(part, ToolResult):
        return part if speaks_tools else spoken_result(part)
    return part if takes(part, model) else UNSEEN[type(part)]


def _thought(block: ReasoningBlock, model: Model, quirks: frozenset[str]) -> ReasoningBlock | None:
    """A block that the model, or one of its dialect, thought; a bare one of "" is anybody's."""
    if not block.data:
        own = block.dialect in {"", model.dialect}
        return block if own and "reasoning_content" in quirks else None
    return block if block.dialect == model.dialect else None


def _signed(call: ToolCall, model: Model) -> ToolCall:
    if call.signature is None or call.dialect == model.dialect:
        return call
    return replace(call, signature=None, dialect=None)


def _placed(messages: list[Message], quirks: frozenset[str]) -> list[Message]:
    """Put system messages where the wire wants them."""
    alone = "no_system" in quirks
    if not alone and "system_first" not in quirks:
        return messages
    first = spoken_at(messages)
    leading = GAP.join(one.text for one in messages[:first])
    later = [replace(one, role="user") if one.role == "system" else one for one in messages[first:]]
    if not leading:
        return later
    return [Message("user" if alone else "system", (leading,)), *later]


def _opened(messages: list[Message]) -> list[Message]:
    """Let the user speak first."""
    first = spoken_at(messages)
    if first < len(messages) and messages[first].role == "user":
        return messages
    return [*messages[:first], Message("user", (START,)), *messages[first:]]


def _noted(messages: list[Message]) -> list[Message]:
    """Let the model speak behind the results of tools, if somebody else goes on."""
    noted: list[Message] = []
    for message in messages:
        if noted and noted[-1].role == "tool" and message.role not in {"tool", "assistant"}:
            noted.append(Message.assistant(NOTED))
        noted.append(message)
    return noted


def _merged(messages: Sequence[Message]) -> list[Message]:
    """Make one message of several of one role in a row."""
    return [_one(list(run)) for _, run in groupby(messages, lambda message: message.role)]


def _one(run: list[Message]) -> Message:
    """Make one message of a run; texts that meet at a border are joined, each once."""
    parts: list[Part] = []
    meeting: list[str] = []
    for message in run:
        rest = message.parts
        if isinstance(rest[0], str):
            meeting.append(rest[0])
            rest = rest[1:]
        if rest:
            parts += [GAP.join(meeting)] if meeting else []
            *inner, last = rest
            parts += inner
            meeting = [last] if isinstance(last, str) else []
            parts += [] if isinstance(last, str) else [last]
    parts += [GAP.join(meeting)] if meeting else []
    return replace(run[0], parts=tuple(parts))


def _joined(before: tuple[Part, ...], after: tuple[Part, ...]) -> tuple[Part, ...]:
    last, first = before[-1] if before else None, after[0]
    if isinstance(last, str) and isinstance(first, str):
        return (*before[:-1], last + GAP + first, *after[1:])
    return before + after
