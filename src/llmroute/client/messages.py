"""What callers pass as a prompt: a string, messages, or OpenAI-style dicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from llmroute.errors import RequestError
from llmroute.errors.problems import nearest
from llmroute.types.messages import ROLES, Message

if TYPE_CHECKING:
    from llmroute.types.messages import Role

Prompt = str | Message | Sequence[Message | Mapping[str, object]]
"""A user's text, one message, or a conversation."""


def normalize(prompt: Prompt, system: str | None) -> tuple[Message, ...]:
    """Make the messages of a request; raises RequestError when there is nothing to answer."""
    if isinstance(prompt, str):
        if prompt and not prompt.isspace() and system is None:
            return (Message("user", (prompt,)),)
        messages = [Message("user", (prompt,))]
    elif isinstance(prompt, Message):
        messages = [_checked(prompt, "prompt")]
    else:
        messages = _conversation(prompt)
    if system:
        messages.insert(0, Message("system", (system,)))
    _answerable(messages)
    return tuple(messages)


def _conversation(prompt: object) -> list[Message]:
    if isinstance(prompt, Mapping):
        raise RequestError("a single dict", where="prompt", hint="Put it into a list: [{...}]")
    if isinstance(prompt, bytes) or not isinstance(prompt, Sequence):
        what = f"must be a string, a message or a list of messages, got {type(prompt).__name__}"
        raise RequestError(what, where="prompt")
    items = cast("Sequence[object]", prompt)
    return [_message(item, f"prompt[{index}]") for index, item in enumerate(items)]


def _message(item: object, where: str) -> Message:
    if isinstance(item, Message):
        return _checked(item, where)
    if not isinstance(item, Mapping):
        hint = 'Use Message.user("..."), or {"role": "user", "content": "..."}'
        raise RequestError(f"is a {type(item).__name__}", where=where, hint=hint)
    fields = cast("Mapping[str, object]", item)
    known = {"role", "content", "name"}
    unknown = [name for name, value in fields.items() if name not in known and value is not None]
    if unknown:
        what = f"has a field that is not understood: {str(unknown[0])[:40]!r}"
        raise RequestError(what, where=where, hint="A message has role and content")
    role = _role(fields.get("role"), where)
    return Message(role, _parts(fields.get("content"), f"{where}.content"))


def _checked(message: Message, where: str) -> Message:
    _role(message.role, where)
    for part in cast("tuple[object, ...]", message.parts):
        if not isinstance(part, str):
            raise _not_text(type(part).__name__, where)
    return message


def _role(role: object, where: str) -> Role:
    for known in ROLES:
        if role == known:
            return known
    if role == "developer":
        return "system"
    if not isinstance(role, str):
        raise RequestError("has no role", where=where, hint=nearest("", ROLES))
    raise RequestError(f"unknown role {role[:40]!r}", where=where, hint=nearest(role, ROLES))


def _parts(content: object, where: str) -> tuple[str, ...]:
    if isinstance(content, str):
        return (content,)
    if isinstance(content, Sequence) and not isinstance(content, bytes):
        parts = cast("Sequence[object]", content)
        return tuple(_part(part, f"{where}[{index}]") for index, part in enumerate(parts))
    raise _not_text(type(content).__name__, where)


def _part(part: object, where: str) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Mapping):
        fields = cast("Mapping[str, object]", part)
        text = fields.get("text")
        if fields.get("type") == "text" and isinstance(text, str):
            return text
        raise _not_text(str(fields.get("type"))[:40], where)
    raise _not_text(type(part).__name__, where)


def _not_text(kind: str, where: str) -> RequestError:
    return RequestError(
        f"content of kind {kind} is not text", where=where, hint="Only text is taken"
    )


def _answerable(messages: list[Message]) -> None:
    spoken = [message for message in messages if message.role != "system"]
    if not spoken:
        raise RequestError("holds no message to answer", where="prompt")
    if spoken[-1].role == "assistant":
        hint = "The last message must be the user's"
        raise RequestError("the last word is the model's own", where="prompt", hint=hint)
    if not any(not isinstance(part, str) or part.strip() for part in spoken[-1].parts):
        raise RequestError("the last message is empty: nothing to answer", where="prompt")
