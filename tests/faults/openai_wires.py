"""The two OpenAI APIs as a server speaks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .asked import NONE, WORDS, event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .asked import Asked, Json, Saying

KINDS = {
    "rate_limit": (429, "rate_limit_exceeded", "Rate limit reached for requests"),
    "quota": (429, "insufficient_quota", "You exceeded your current quota"),
    "quota_in_words": (429, "rate_limit_exceeded", "INSUFFICIENT QUOTA: 100 requests a minute"),
    "context_length": (
        400,
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens.",
    ),
    "context_length_in_words": (
        400,
        "BadRequestError",
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens.",
    ),
    "content_filter_400": (400, "content_filter", "The prompt was filtered"),
    "bad_request": (400, "unsupported_parameter", "Unsupported parameter: 'top_k'"),
    "payment_402": (402, "invalid_request_error", "Insufficient Balance"),
    "perm_403": (403, "unsupported_country_region_territory", "Country not supported"),
    "model_404": (404, "model_not_found", "The model does not exist"),
    "too_large_413": (413, "request_too_large", "The request is too large"),
    "timeout_408": (408, "timeout", "The request timed out"),
    "overloaded": (503, "server_error", "The engine is overloaded"),
    "overloaded_529": (529, "overloaded", "Overloaded"),
}


class Errors:
    """What both APIs say when they refuse."""

    errors: ClassVar[Mapping[str, tuple[int, Json]]] = {
        name: (status, {"error": {"message": message, "type": code, "code": code, "param": None}})
        for name, (status, code, message) in KINDS.items()
    }

    def error(self, status: int, message: str) -> Json:
        """Write the body of an error that has no name of its own."""
        del status
        return {"error": {"message": message, "type": "server_error"}}

    def broken(self, message: str) -> bytes:
        """Write an error inside a stream."""
        error = {"message": message, "type": "server_error", "code": "server_error"}
        return event({"type": "error", "error": error}, "error")


class Chat(Errors):
    """Chat completions."""

    def opening(self, asked: Asked) -> bytes:
        """Write how a stream begins, before any content."""
        return self._chunk(asked, {"role": "assistant", "content": ""})

    def word(self, asked: Asked, text: str) -> bytes:
        """Write a piece of a stream."""
        return self._chunk(asked, {"content": text})

    def thought(self, text: str) -> bytes:
        """Write a piece of reasoning, as DeepSeek and others do."""
        choice = {"index": 0, "delta": {"reasoning_content": text}, "finish_reason": None}
        return event({"object": "chat.completion.chunk", "choices": [choice]})

    def nothing(self, asked: Asked) -> bytes:
        """Write chunks whose deltas are empty in every way that servers are known for."""
        call = {"index": 0, "function": {"arguments": ""}}
        texts: list[Json] = [{}, {"content": ""}, {"content": None}, {"reasoning_content": ""}]
        deltas: list[Json] = [*texts, {"tool_calls": NONE}, {"tool_calls": [call]}]
        return b"".join(self._chunk(asked, delta) for delta in deltas)

    def ending(self, asked: Asked, saying: Saying) -> list[bytes]:
        """Write the finish reason, the usage and [DONE]."""
        last = [self._chunk(asked, {}, saying.finish_reason)]
        told = event(self._frame(asked) | {"choices": NONE, "usage": chat_usage()})
        return [*last, *([told] if saying.usage else []), b"data: [DONE]\n\n"]

    def whole(self, asked: Asked, saying: Saying) -> Json:
        """Write a whole completion."""
        message: Json = {"role": "assistant", "content": saying.text, "refusal": None}
        if saying.thoughts:
            message["reasoning_content"] = saying.thoughts
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": asked.model,
            "choices": [{"index": 0, "message": message, "finish_reason": saying.finish_reason}],
            "usage": chat_usage(),
        }

    def _chunk(self, asked: Asked, delta: Json, finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return event(self._frame(asked) | {"choices": [choice]})

    def _frame(self, asked: Asked) -> Json:
        return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": asked.model}


def chat_usage() -> Json:
    """Write what was used."""
    return {
        "prompt_tokens": 11,
        "completion_tokens": len(WORDS),
        "total_tokens": 11 + len(WORDS),
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 1},
    }


class Responses(Errors):
    """The Responses API."""

    def opening(self, asked: Asked) -> bytes:
        """Write how a stream begins, before any content."""
        del asked
        created = {"type": "response.created", "response": {"status": "in_progress"}}
        return event(created, "response.created")

    def word(self, asked: Asked, text: str) -> bytes:
        """Write a piece of a stream."""
        del asked
        name = "response.output_text.delta"
        return event({"type": name, "output_index": 0, "delta": text}, name)

    def thought(self, text: str) -> bytes:
        """Write a piece of a summary of reasoning."""
        name = "response.reasoning_summary_text.delta"
        return event({"type": name, "summary_index": 0, "delta": text}, name)

    def nothing(self, asked: Asked) -> bytes:
        """Write events that say nothing."""
        busy = {"type": "response.in_progress", "response": {"status": "in_progress"}}
        call = {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": ""}
        return event(busy) + self.word(asked, "") + self.thought("") + event(call)

    def ending(self, asked: Asked, saying: Saying) -> list[bytes]:
        """Write the response that is closed, all of it once more."""
        name = "response.completed" if saying.finish_reason == "stop" else "response.incomplete"
        return [event({"type": name, "response": self.whole(asked, saying)}, name)]

    def whole(self, asked: Asked, saying: Saying) -> Json:
        """Write a whole response."""
        reasons = {"length": "max_output_tokens", "content_filter": "content_filter"}
        reason = reasons.get(saying.finish_reason)
        summary = [{"type": "summary_text", "text": saying.thoughts}] if saying.thoughts else []
        text = {"type": "output_text", "text": saying.text, "annotations": NONE}
        message = {"type": "message", "role": "assistant", "content": [text]}
        said = [message] if saying.text or not saying.thoughts else []
        return {
            "id": "resp_1",
            "object": "response",
            "status": "incomplete" if reason else "completed",
            "error": None,
            "incomplete_details": {"reason": reason} if reason else None,
            "model": asked.model,
            "output": [{"type": "reasoning", "summary": summary}, *said],
            "usage": {
                "input_tokens": 11,
                "output_tokens": len(WORDS),
                "total_tokens": 11 + len(WORDS),
                "input_tokens_details": {"cached_tokens": 4},
                "output_tokens_details": {"reasoning_tokens": 1},
            },
        }
