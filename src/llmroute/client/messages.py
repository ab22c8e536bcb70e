"""What callers pass as a prompt: a string, messages, or OpenAI-style dicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from llmroute.errors import RequestError
from llmroute.types.messages import ROLES, Message
from llmroute.types.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable


class Dumps(Protocol):
    """An object that makes a dict of itself, as the messages of OpenAI's package do."""

    def model_dump(self) -> Mapping[str, object]:
        """Make the dict."""
        ...


Prompt = str | Message | Sequence[Message | Mapping[str, object] | Dumps]
"""A user's text, one message, or a conversation."""

HINT = "It is the first argument: a string, a message or a list of messages"


def normalize(
    prompt: Prompt | None, system: str | None, *, answerable: bool = True
) -> tuple[Message, ...]:
    """Make the messages of a request; raises RequestError when there is nothing to answer.

    Images and documents are read here, and the results of tools held against their calls.
    `answerable` of False takes any conversation, the last word of which may be the model's.
    """
    if isinstance(prompt, str):
        if prompt and not prompt.isspace() and system is None:
            return (Message("user", (prompt,)),)
        messages = [Message("user", (prompt,))]
    elif isinstance(prompt, Message):
        messages = _read([_message(prompt, "prompt")])
    else:
        messages = _read(_conversation(prompt))
    if system:
        messages.insert(0, Message("system", (system,)))
    if answerable:
        _answerable(messages)
    return tuple(messages)


def _read(messages: list[Message]) -> list[Message]:
    """Check and read what is no plain text; plain conversations pass as they are."""
    if all(one.role != "tool" and _is_plain(one.parts) for one in messages):
        return messages
    from .content import read_parts  # files, tools: most requests have none

    return read_parts(messages)


def _is_plain(parts: Iterable[object]) -> bool:
    return all(isinstance(part, str) for part in parts)


def _conversation(prompt: object) -> list[Message]:
    if isinstance(prompt, Mapping):
        raise RequestError("a single dict", where="prompt", hint="Put it into a list: [{...}]")
    if prompt is None:
        raise RequestError("there is none", where="prompt", hint=HINT)
    if isinstance(prompt, bytes) or not isinstance(prompt, Sequence):
        what = f"must be a string, a message or a list of messages, got {type(prompt).__name__}"
        raise RequestError(what, where="prompt")
    items = cast("Sequence[object]", prompt)
    return [_message(item, f"prompt[{index}]") for index, item in enumerate(items)]


def _message(item: object, where: str) -> Message:
    if isinstance(item, Message) and item.role in ROLES:
        return item
    from .dicts import dumped, read_message, read_role

    if isinstance(item, Message):
        return Message(read_role(item.role, where), item.parts)
    fields = dumped(item)
    if not fields and not isinstance(item, Mapping):
        kind = type(item)
        hint = 'Use Message.user("..."), or {"role": "user", "content": "..."}'
        hint = "Use reply.message" if issubclass(kind, Reply) else hint
        raise RequestError(f"is a {kind.__name__}", where=where, hint=hint)
    return read_message(fields, where)


def _answerable(messages: list[Message]) -> None:
    spoken = [message for message in messages if message.role != "system"]
    if not spoken:
        raise RequestError("holds no message to answer", where="prompt")
    if spoken[-1].role == "assistant":
        hint = "The last message must be the user's, or the result of a tool"
        raise RequestError("the last word is the model's own", where="prompt", hint=hint)
    if not any(not isinstance(part, str) or part.strip() for part in spoken[-1].parts):
        raise RequestError("the last message is empty: nothing to answer", where="prompt")
