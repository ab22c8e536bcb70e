"""The chat completions API of OpenAI, which nearly every server speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.events import End, Text

from ..bodies import endpoint_of, request_to
from ..decoding import BodyDecoder, StreamDecoder
from ..extras import check_extras
from ..going_on import going_on
from ..history import adapted
from ..openai.body import effort_fields, sampling_fields
from ..openai.errors import error_inside, failure_of
from ..openai.messages import messages_of
from ..openai.output import chat_format, instructed
from ..openai.pieces import CallPieces, says
from ..openai.thoughts import Thoughts, pieces_of
from ..openai.tools import chat_tools
from ..openai.usage import usage_in
from ..shapes import bad, object_at, objects_at, text_at

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.events import FinishReason, ProviderEvent

    from ..shapes import Json
    from ..wire import Decoder, HttpFailure, HttpRequest

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
# What else than text a message may hold.
THOUGHTS = frozenset({"reasoning_content", "reasoning", "reasoning_details"})
RARE = THOUGHTS | {"refusal", "tool_calls", "function_call"}

# What of it is the answer.
SAID = ("content", "refusal", "tool_calls", "function_call")


class OpenAIChat:
    """The codec of `/chat/completions`."""

    def encode(self, call: Call, /) -> HttpRequest:
        """Write the request; raises RequestError for extra fields that cannot be sent."""
        check_extras(call.request)
        endpoint = endpoint_of(call)
        messages = messages_of(call, instructed(call, adapted(call)))
        body: Json = {"model": endpoint.wire_model, "messages": messages}
        if call.prefix:
            body |= _begun(call, messages)
        body |= sampling_fields(call, endpoint.max_tokens_parameter)
        body |= chat_tools(call)
        if not call.prefix:  # a server's grammar would begin at its root, behind half an answer
            body |= chat_format(call)
        body |= effort_fields(call)
        if call.stream:
            body["stream"] = True
            if "no_stream_usage" not in endpoint.quirks:
                body["stream_options"] = {"include_usage": True}
        return request_to(call, "/chat/completions", body)

    def decoder(self, call: Call, /, *, stream: bool) -> Decoder:
        """Begin an answer."""
        said_again = "prefix_flag" in endpoint_of(call).quirks
        fold = going_on(ChatFold(call), call, call.prefix if said_again else "")
        return StreamDecoder(fold, call.limits.event_bytes) if stream else BodyDecoder(fold)

    def failure(self, call: Call, failure: HttpFailure, /) -> AttemptError:
        """Say what an error status and its body mean."""
        return failure_of(call, failure)


def _begun(call: Call, messages: list[Json]) -> Json:
    """Mark the begun answer at the end of `messages`; returns what the server is told besides.

    `continue_final_message` is that of vLLM (vllm-project/vllm#8942), which llama.cpp's server
    takes too (ggml-org/llama.cpp#23012); `prefix` is Mistral's.
    """
    quirks = endpoint_of(call).quirks
    if "prefix_flag" in quirks:
        messages[-1]["prefix"] = True
    if "continue_flag" not in quirks:
        return {}
    return {"continue_final_message": True, "add_generation_prompt": False}


class ChatFold:
    """Chunks, or a whole completion, into events; only the first choice counts."""

    def __init__(self, call: Call) -> None:
        """Begin."""
        self.answered = False
        self.done = False
        self._call = call
        self._thoughts = Thoughts()
        self._calls = CallPieces()
        self._finish_reason = ""
        self._refused = False
        self._said = False

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
        """End; raises AttemptError "cut_short" without a finish reason.

        Raises "content_filtered" when a filter stopped the model before it said anything. Servers
        say "stop" after calls that they were told to make.
        """
        if not self.answered:
            raise AttemptError("cut_short", "the stream ended without a finish_reason")
        reason = FINISH_REASONS.get(self._finish_reason, "stop")
        if reason == "stop" and self._calls:
            reason = "tool_calls"
        if reason == "content_filter" and not (self._said or self._calls):
            raise AttemptError("content_filtered", "a filter stopped the answer")
        return [*self._thoughts.end(), End(reason, self._refused)]

    def _fold(self, answer: Json, content_name: str) -> list[ProviderEvent]:
        if answer.get("error") is not None or answer.get("object") == "error":
            raise self._broken(answer)
        if "choices" not in answer and "usage" not in answer:
            raise bad("the answer has no choices")
        events: list[ProviderEvent] = []
        for choice in objects_at(answer, "choices"):
            if not choice.get("index"):
                self._content(object_at(choice, content_name), events)
                self._finish(text_at(choice, "finish_reason"))
        if answer.get("usage") is not None:
            events += usage_in(answer, "prompt_tokens", "completion_tokens")
        return events

    def _broken(self, answer: Json) -> AttemptError:
        self.answered = False
        return error_inside(self._call, answer.get("error") or answer)

    def _content(self, content: Json, events: list[ProviderEvent]) -> None:
        """Thoughts, then text, then calls: the order in which a model says them."""
        if self.answered and any(map(content.get, SAID)):
            self.answered = False  # the last finish reason was not the end
        plain = RARE.isdisjoint(content)
        if not plain and not THOUGHTS.isdisjoint(content):
            events += self._thoughts.take(content)
        if isinstance(content.get("content"), list):
            events += pieces_of(content)
            self._said = True
        elif said := text_at(content, "content"):
            self._said = True
            events.append(Text(said))
        if not plain:
            self._rare(content, events)

    def _rare(self, content: Json, events: list[ProviderEvent]) -> None:
        if said := text_at(content, "refusal"):
            self._refused = self._said = True
            events.append(Text(said))
        events += map(self._calls.part, filter(says, objects_at(content, "tool_calls")))
        if function := object_at(content, "function_call"):  # as it was before tools
            events.append(self._calls.part({"index": 0, "function": function}))

    def _finish(self, reason: str) -> None:
        if reason in BROKEN:
            self.answered = False
            raise AttemptError("cut_short", f"the upstream gave up: finish_reason {reason!r}")
        if reason:
            self.answered = True
            self._finish_reason = reason


CODEC = OpenAIChat
