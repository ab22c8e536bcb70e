"""The chat completions API of OpenAI, which nearly every server speaks."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.events import End, Reasoning, Text, ToolCallPart

from .bodies import endpoint_of, request_to
from .decoding import BodyDecoder, StreamDecoder
from .extras import check_extras
from .openai_body import messages_of, sampling_fields
from .openai_errors import error_inside, failure_of
from .openai_usage import usage_in
from .shapes import bad, count_at, object_at, objects_at, text_at

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.events import FinishReason, ProviderEvent

    from .shapes import Json
    from .wire import Decoder, HttpFailure, HttpRequest

# What servers call the reasons. An unknown one still ends the answer, and counts as "stop".
FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "safety": "content_filter",
}
# Reasons that say that the answer is not whole.
BROKEN = frozenset({"error", "abort", "cancelled", "insufficient_system_resource"})


class OpenAIChat:
    """The codec of `/chat/completions`."""

    def encode(self, call: Call, /) -> HttpRequest:
        """Write the request; raises RequestError for extra fields that cannot be sent."""
        check_extras(call.request)
        endpoint = endpoint_of(call)
        messages = messages_of(call, call.request.messages)
        body: Json = {"model": endpoint.wire_model, "messages": messages}
        body |= sampling_fields(call, endpoint.max_tokens_parameter)
        if call.stream:
            body["stream"] = True
            body["stream_options"] = {"include_usage": True}
        return request_to(call, "/chat/completions", body)

    def decoder(self, call: Call, /, *, stream: bool) -> Decoder:
        """Begin an answer."""
        fold = ChatFold(call)
        return StreamDecoder(fold, call.limits.event_bytes) if stream else BodyDecoder(fold)

    def failure(self, call: Call, failure: HttpFailure, /) -> AttemptError:
        """Say what an error status and its body mean."""
        return failure_of(call, failure)


class ChatFold:
    """Chunks, or a whole completion, into events; only the first choice counts."""

    def __init__(self, call: Call) -> None:
        """Begin."""
        self.answered = False
        self.done = False
        self._call = call
        self._finish_reason = ""
        self._refused = False

    def part(self, part: Json, /) -> list[ProviderEvent]:
        """Take one chunk; raises AttemptError."""
        return self._fold(part, "delta")

    def whole(self, answer: Json, /) -> list[ProviderEvent]:
        """Take a whole completion; raises AttemptError."""
        events = self._fold(answer, "message")
        if not self.answered:
            raise bad("the answer has no choices or no finish_reason")
        return events

    def end(self) -> list[ProviderEvent]:
        """End; raises AttemptError "cut_short" without a finish reason."""
        if not self.answered:
            raise AttemptError("cut_short", "the stream ended without a finish_reason")
        return [End(FINISH_REASONS.get(self._finish_reason, "stop"), self._refused)]

    def _fold(self, answer: Json, content_name: str) -> list[ProviderEvent]:
        if answer.get("error") is not None:
            raise error_inside(self._call, answer["error"])
        if answer.get("object") == "error":
            raise error_inside(self._call, answer)
        if "choices" not in answer and "usage" not in answer:
            raise bad("the answer has no choices")
        events: list[ProviderEvent] = []
        for choice in objects_at(answer, "choices"):
            if choice.get("index", 0) == 0:
                self._content(object_at(choice, content_name), events)
                self._finish(text_at(choice, "finish_reason"))
        if answer.get("usage") is not None:
            events += usage_in(answer, "prompt_tokens", "completion_tokens")
        return events

    def _content(self, content: Json, events: list[ProviderEvent]) -> None:
        thought = text_at(content, "reasoning_content") or text_at(content, "reasoning")
        if thought:
            events.append(Reasoning(thought))
        if said := text_at(content, "content"):
            events.append(Text(said))
        if said := text_at(content, "refusal"):
            self._refused = True
            events.append(Text(said))
        if "tool_calls" in content:
            events += map(_tool_call_part, count(), objects_at(content, "tool_calls"))

    def _finish(self, reason: str) -> None:
        if reason in BROKEN:
            raise AttemptError("cut_short", f"the upstream gave up: finish_reason {reason!r}")
        if reason:
            self.answered = True
            self._finish_reason = reason


def _tool_call_part(position: int, part: Json) -> ToolCallPart:
    function = object_at(part, "function")
    return ToolCallPart(
        count_at(part, "index") if "index" in part else position,
        text_at(part, "id") or None,
        text_at(function, "name") or None,
        text_at(function, "arguments"),
    )
