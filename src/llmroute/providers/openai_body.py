"""What both OpenAI APIs share in a request: sampling parameters and messages, written once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bodies import sampling_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.types.calls import Call
    from llmroute.types.messages import Message

    from .shapes import Json


def sampling_fields(call: Call, max_tokens_name: str) -> Json:
    """The sampling parameters that were asked for and that the model takes."""
    max_tokens = call.request.sampling.max_tokens
    fields: Json = {} if max_tokens is None else {max_tokens_name: max_tokens}
    return fields | sampling_of(call)


def messages_of(call: Call, messages: Sequence[Message]) -> list[dict[str, str]]:
    """Write `messages`, and the prefix that the answer must go on from."""
    written = [{"role": message.role, "content": message.text} for message in messages]
    if call.prefix:
        written.append({"role": "assistant", "content": call.prefix})
    return written
