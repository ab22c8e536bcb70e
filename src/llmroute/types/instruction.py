"""The system instruction said again in each turn of the user, for models that lose it over turns.

LLaMA 2's chat models were trained on such conversations: Ghost Attention puts the instruction into
every user message while its training data is made (Touvron et al. 2023, arXiv:2307.09288, section
3.3). This is that data's form, for any model, as a transform of the request; it trains nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .frozen import replace
from .messages import spoken_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmroute.types.messages import Message
    from llmroute.types.requests import Request

GAP = "\n\n"


def repeated(request: Request) -> Request:
    """`request` with its system instruction before each turn of the user but the first.

    The first one has it right before it already. System messages at the start are the instruction;
    without them, or with one turn only, the request stays as it is.
    """
    messages = request.messages
    start = spoken_at(messages)
    turns = [one for one in messages if one.role == "user"]
    if start == 0 or len(turns) < 2:  # noqa: PLR2004 - the first has it before it
        return request
    instruction = GAP.join(one.text for one in messages[:start])
    return replace(request, messages=tuple(_reminded(messages, instruction)))


def _reminded(messages: Sequence[Message], instruction: str) -> Iterator[Message]:
    first = True
    for message in messages:
        is_turn = message.role == "user"
        yield _with(instruction, message) if is_turn and not first else message
        first = first and not is_turn


def _with(instruction: str, message: Message) -> Message:
    parts = message.parts
    if parts and isinstance(parts[0], str):
        return replace(message, parts=(instruction + GAP + parts[0], *parts[1:]))
    return replace(message, parts=(instruction, *parts))
