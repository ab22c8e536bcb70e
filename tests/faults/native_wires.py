"""Anthropic's Messages API and Gemini's own API as a server speaks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .asked import NONE, WORDS, event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .asked import Asked, Json, Saying

MESSAGES_KINDS = {
    "rate_limit": (429, "rate_limit_error", "This request would exceed your rate limit"),
    "quota": (
        400,
        "invalid_request_error",
        "You have reached your specified API usage limits.",
    ),
    "quota_in_words": (429, "rate_limit_error", "Quota of 50 requests a minute exceeded"),
    "context_length": (
        400,
        "invalid_request_error",
        "prompt is too long: 215000 tokens > 200000 maximum",
    ),
    "context_length_in_words": (
        400,
        "invalid_request_error",
        "input length and `max_tokens` exceed context limit: 199000 + 2000 > 200000",
    ),
    "content_filter_400": (
        400,
        "invalid_request_error",
        "Output blocked by content filtering policy",
    ),
    "bad_request": (400, "invalid_request_error", "top_k: extra inputs are not permitted"),
    "auth_401": (401, "authentication_error", "invalid x-api-key"),
    "payment_402": (402, "billing_error", "There is an issue with your billing"),
    "perm_403": (403, "permission_error", "Your API key may not use this resource"),
    "model_404": (404, "not_found_error", "model: x"),
    "too_large_413": (413, "request_too_large", "Request exceeds the maximum size"),
    "timeout_408": (504, "timeout_error", "The request timed out"),
    "overloaded": (503, "overloaded_error", "Overloaded"),
    "overloaded_529": (529, "overloaded_error", "Overloaded"),
}
REASONS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}


class Messages:
    """Anthropic's Messages API."""

    errors: ClassVar[Mapping[str, tuple[int, Json]]] = {
        name: (status, {"type": "error", "error": {"type": kind, "message": message}})
        for name, (status, kind, message) in MESSAGES_KINDS.items()
    }

    def opening(self, asked: Asked) -> bytes:
        """Write how a stream begins, before any content."""
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": asked.model}
        started = message | {"content": NONE, "usage": {"input_tokens": 11, "output_tokens": 1}}
        block = {"type": "text", "text": ""}
        first = event({"type": "message_start", "message": started}, "message_start")
        start = {"type": "content_block_start", "index": 0, "content_block": block}
        return first + event(start, "content_block_start")

    def word(self, asked: Asked, text: str) -> bytes:
        """Write a piece of a stream."""
        del asked
        return self._delta({"type": "text_delta", "text": text})

    def thought(self, text: str) -> bytes:
        """Write a piece of reasoning."""
        return self._delta({"type": "thinking_delta", "thinking": text})

    def nothing(self, asked: Asked) -> bytes:
        """Write events that say nothing."""
        empty = self._delta({"type": "input_json_delta", "partial_json": ""})
        return event({"type": "ping"}, "ping") + self.word(asked, "") + self.thought("") + empty

    def ending(self, asked: Asked, saying: Saying) -> list[bytes]:
        """Write the stop reason, with the usage, and message_stop."""
        del asked
        reason = REASONS[saying.finish_reason]
        told = {"usage": {"output_tokens": len(WORDS)}} if saying.usage else {}
        last = {"type": "message_delta", "delta": {"stop_reason": reason}} | told
        stop = event({"type": "content_block_stop", "index": 0}, "content_block_stop")
        return [
            stop + event(last, "message_delta"),
            event({"type": "message_stop"}, "message_stop"),
        ]

    def whole(self, asked: Asked, saying: Saying) -> Json:
        """Write a whole message."""
        thoughts = {"type": "thinking", "thinking": saying.thoughts, "signature": "c2lnbmVk"}
        text = {"type": "text", "text": saying.text}
        said = ([thoughts] if saying.thoughts else []) + ([text] if saying.text else [])
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": asked.model,
            "content": said,
            "stop_reason": REASONS[saying.finish_reason],
            "usage": {"input_tokens": 11, "output_tokens": len(WORDS)},
        }

    def error(self, status: int, message: str) -> Json:
        """Write the body of an error that has no name of its own."""
        del status
        return {"type": "error", "error": {"type": "strange_error", "message": message}}

    def broken(self, message: str) -> bytes:
        """Write an error inside a stream."""
        error = {"type": "api_error", "message": message}
        return event({"type": "error", "error": error}, "error")

    def _delta(self, delta: Json) -> bytes:
        said = {"type": "content_block_delta", "index": 0, "delta": delta}
        return event(said, "content_block_delta")


GEMINI_KINDS = {
    "rate_limit": (429, "RESOURCE_EXHAUSTED", "Quota exceeded for requests, limit: 5"),
    "quota": (429, "RESOURCE_EXHAUSTED", "Quota exceeded for requests, limit: 0, model: x"),
    "quota_in_words": (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, limit: 5"),
    "context_length": (
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    ),
    "context_length_in_words": (
        400,
        "INVALID_ARGUMENT",
        "The request does not fit into the context window.",
    ),
    "bad_request": (400, "INVALID_ARGUMENT", 'Unknown name "top_k": Cannot find field.'),
    "perm_403": (403, "PERMISSION_DENIED", "The caller does not have permission"),
    "model_404": (404, "NOT_FOUND", "models/x is not found"),
    "too_large_413": (413, "", "Request payload size exceeds the limit"),
    "timeout_408": (504, "DEADLINE_EXCEEDED", "Deadline expired"),
    "overloaded": (503, "UNAVAILABLE", "The model is overloaded"),
    "overloaded_529": (529, "UNAVAILABLE", "The model is overloaded"),
}
FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
KEY_ERROR: Json = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}


def _error(status: int, name: str, message: str, *details: Json) -> Json:
    error: Json = {"code": status, "message": message, "status": name}
    return {"error": error | ({"details": list(details)} if details else {})}


class Gemini:
    """Gemini's own API; a prompt that it filters is answered with status 200."""

    errors: ClassVar[Mapping[str, tuple[int, Json]]] = {
        **{name: (one[0], _error(*one)) for name, one in GEMINI_KINDS.items()},
        "auth_401": (400, _error(400, "INVALID_ARGUMENT", "API key not valid.", KEY_ERROR)),
        "content_filter_400": (200, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}),
    }

    def opening(self, asked: Asked) -> bytes:
        """Write how a stream begins, before any content."""
        return event(self._piece(asked, {"text": ""}))

    def word(self, asked: Asked, text: str) -> bytes:
        """Write a piece of a stream."""
        return event(self._piece(asked, {"text": text}))

    def thought(self, text: str) -> bytes:
        """Write a piece of a summary of reasoning."""
        parts = [{"text": text, "thought": True}]
        return event({"candidates": [{"content": {"parts": parts, "role": "model"}}]})

    def nothing(self, asked: Asked) -> bytes:
        """Write pieces that say nothing."""
        bare = event({"candidates": NONE, "usageMetadata": {"promptTokenCount": 11}})
        return self.word(asked, "") + self.thought("") + bare

    def ending(self, asked: Asked, saying: Saying) -> list[bytes]:
        """Write the last piece, with the finish reason and the usage."""
        last = self._piece(asked, {"text": ""}, finish_reason=saying.finish_reason)
        return [event(last | (self._usage() if saying.usage else {}))]

    def whole(self, asked: Asked, saying: Saying) -> Json:
        """Write a whole answer."""
        parts: list[Json] = [{"text": saying.text}]
        if saying.thoughts:
            parts.insert(0, {"text": saying.thoughts, "thought": True})
        return self._piece(asked, *parts, finish_reason=saying.finish_reason) | self._usage()

    def error(self, status: int, message: str) -> Json:
        """Write the body of an error that has no name of its own."""
        return _error(status, "", message)

    def broken(self, message: str) -> bytes:
        """Write an error inside a stream."""
        return event(_error(500, "INTERNAL", message))

    def _usage(self) -> Json:
        return {
            "usageMetadata": {
                "promptTokenCount": 11,
                "candidatesTokenCount": len(WORDS),
                "totalTokenCount": 11 + len(WORDS),
            }
        }

    def _piece(self, asked: Asked, *parts: Json, finish_reason: str = "") -> Json:
        candidate: Json = {"index": 0, "content": {"role": "model", "parts": list(parts)}}
        if finish_reason:
            candidate["finishReason"] = FINISH[finish_reason]
        return {"candidates": [candidate], "modelVersion": asked.model, "responseId": "r1"}
