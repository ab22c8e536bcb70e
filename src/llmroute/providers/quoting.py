"""What of an upstream's own words may stand in an error: neither the key nor the prompt."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import TYPE_CHECKING

from llmroute.types.messages import ReasoningBlock, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.types.calls import Call
    from llmroute.types.messages import Message

QUOTE_CHARACTERS = 200
RUN_CHARACTERS = 20
"""A run of the prompt that is this long makes a quote unfit."""
LETTERS = 16
"""Likewise, in letters and digits alone: servers escape and reflow what they repeat."""
SHORT_CHARACTERS = 8
"""A message this short is not looked for: it would be found in anything."""
KEY_CHARACTERS = 6

_NO_LETTERS = re.compile(r"(?:\\[nrt]|[\W_])+")  # an escaped line break holds no letter
# "sk-...", "Bearer ...", and keys that a server masked itself ("abcd****wxyz")
_KEY_LIKE = re.compile(
    r"\b(?:sk|pk|rk|key|gsk|hf|xai)[-_][\w*.-]{4,}|Bearer\s+\S+|\S*\*{3,}\S*", re.IGNORECASE
)
_CODE = re.compile(r"[\w.:-]{1,64}", re.ASCII)


def quote(call: Call, words: str) -> str:
    """Return `words` fit to be quoted, at most 200 characters; "" when they must not be.

    They must not be when they hold a part of the key, or a run of the prompt.
    """
    if not words or _holds_key(words, call):
        return ""
    printable = "".join(one if one.isprintable() else " " for one in words[: 4 * QUOTE_CHARACTERS])
    fit = " ".join(_KEY_LIKE.sub("***", printable).split())[:QUOTE_CHARACTERS]
    said = chain.from_iterable(map(_said, call.request.messages))
    return "" if _holds_prompt(fit, [*said, *(call.request.texts or ())]) else fit


def quotable(call: Call, code: str) -> bool:
    """Whether `code` is an error code and nothing else."""
    return bool(_CODE.fullmatch(code)) and quote(call, code) == code


def _said(message: Message) -> Iterator[str]:
    """All words of a message: its text, what tools were asked and gave, what was thought."""
    yield message.text
    for part in message.parts:
        if isinstance(part, ToolResult):
            yield str(part.content)
        elif isinstance(part, ReasoningBlock):
            yield part.text
        elif isinstance(part, ToolCall):
            yield json.dumps(dict(part.arguments), ensure_ascii=False, default=str)


def _holds_prompt(words: str, texts: list[str]) -> bool:
    letters = _letters(words)
    return any(
        _repeats(words, text, RUN_CHARACTERS) or _repeats(letters, _letters(text), LETTERS)
        for text in texts
    )


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", text).casefold()


def _repeats(words: str, text: str, run: int) -> bool:
    if SHORT_CHARACTERS <= len(text) < run:
        return text in words
    return any(words[start : start + run] in text for start in range(len(words) - run + 1))


def _holds_key(words: str, call: Call) -> bool:
    return call.key is not None and _shares_run(call.key.reveal(), words, KEY_CHARACTERS)


def _shares_run(one: str, other: str, run: int) -> bool:
    return any(one[start : start + run] in other for start in range(max(1, len(one) - run + 1)))
