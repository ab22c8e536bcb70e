"""What a sound server of the two OpenAI APIs says: whole answers, and streams piece by piece."""

from __future__ import annotations

import json
from typing import NamedTuple

WORDS = ("The ", "answer ", "is ", "forty", "-two", ".")


class Asked(NamedTuple):
    """What was asked for: the API ("chat" or "responses"), a stream or not, and options."""

    api: str
    stream: bool
    model: str
    options: dict[str, str]

    def number(self, name: str, otherwise: float) -> float:
        """Read an option, `stall;after=2`."""
        return float(self.options.get(name, otherwise))


def event(data: object, name: str = "") -> bytes:
    """Write one server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def chunk(
    asked: Asked,
    content: str | None = None,
    *,
    finish_reason: str | None = None,
    usage: dict[str, object] | None = None,
) -> bytes:
    """Write one piece of a stream of chat completions."""
    delta = {} if content is None else {"content": content}
    choices = [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
    part: dict[str, object] = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": asked.model,
        "choices": [] if usage else choices,
    }
    return event(part | ({"usage": usage} if usage else {}))


def usage_of(asked: Asked, output_tokens: int) -> dict[str, object]:
    """Write the usage, in the words of the API."""
    if asked.api == "chat":
        return {
            "prompt_tokens": 11,
            "completion_tokens": output_tokens,
            "total_tokens": 11 + output_tokens,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 1},
        }
    return {
        "input_tokens": 11,
        "output_tokens": output_tokens,
        "total_tokens": 11 + output_tokens,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens_details": {"reasoning_tokens": 1},
    }


def pieces(asked: Asked, words: tuple[str, ...] = WORDS) -> list[bytes]:
    """Write the content of a stream: an opening event, then one event per word."""
    if asked.api == "chat":
        opening = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
        first = event({"object": "chat.completion.chunk", "choices": [opening]})
        return [first, *(chunk(asked, word) for word in words)]
    created = {"type": "response.created", "response": {"status": "in_progress"}}
    return [
        event(created, "response.created"),
        *(
            event(
                {"type": "response.output_text.delta", "output_index": 0, "delta": word},
                "response.output_text.delta",
            )
            for word in words
        ),
    ]


def ending(
    asked: Asked,
    text: str = "".join(WORDS),
    *,
    finish_reason: str = "stop",
    usage: bool = True,
) -> list[bytes]:
    """Write the end of a stream that said `text`."""
    count = len(WORDS)
    if asked.api == "chat":
        last = [chunk(asked, finish_reason=finish_reason)]
        told = [chunk(asked, usage=usage_of(asked, count))] if usage else []
        return [*last, *told, b"data: [DONE]\n\n"]
    name = "response.completed" if finish_reason == "stop" else "response.incomplete"
    response = response_of(asked, text, finish_reason=finish_reason)
    return [event({"type": name, "response": response}, name)]


def response_of(asked: Asked, text: str, *, finish_reason: str = "stop") -> dict[str, object]:
    """Write a whole response of the Responses API."""
    reasons = {"length": "max_output_tokens", "content_filter": "content_filter"}
    reason = reasons.get(finish_reason)
    return {
        "id": "resp_1",
        "object": "response",
        "status": "incomplete" if reason else "completed",
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "model": asked.model,
        "output": [
            {"type": "reasoning", "summary": []},
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": text, "annotations": []}],
            },
        ],
        "usage": usage_of(asked, len(WORDS)),
    }


def whole(asked: Asked, text: str | None = None, *, finish_reason: str = "stop") -> bytes:
    """Write a whole answer."""
    text = "".join(WORDS) if text is None else text
    if asked.api == "responses":
        return json.dumps(response_of(asked, text, finish_reason=finish_reason)).encode()
    message = {"role": "assistant", "content": text, "refusal": None}
    answer = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": asked.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": usage_of(asked, len(WORDS)),
    }
    return json.dumps(answer).encode()
