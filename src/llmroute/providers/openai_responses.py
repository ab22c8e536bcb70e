"""The Responses API of OpenAI, without keeping anything there (`store: false`)."""

from __future__ import annotations

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


class OpenAIResponses:
    """The codec of `/responses`."""

    def encode(self, call: Call, /) -> HttpRequest:
        """Write the request; raises RequestError for extra fields that cannot be sent.

        The system messages at the start are the instructions; later ones stay where they stand.
        """
        check_extras(call.request)
        messages = list(call.request.messages)
        instructions: list[str] = []
        while messages and messages[0].role == "system":
            instructions.append(messages.pop(0).text)
        items = messages_of(call, messages)
        body: Json = {"model": endpoint_of(call).wire_model, "input": items, "store": False}
        if instructions:
            body["instructions"] = "\n\n".join(instructions)
        body |= sampling_fields(call, "max_output_tokens")
        if call.stream:
            body["stream"] = True
        return request_to(call, "/responses", body)

    def decoder(self, call: Call, /, *, stream: bool) -> Decoder:
        """Begin an answer."""
        fold = ResponseFold(call)
        return StreamDecoder(fold, call.limits.event_bytes) if stream else BodyDecoder(fold)

    def failure(self, call: Call, failure: HttpFailure, /) -> AttemptError:
        """Say what an error status and its body mean."""
        return failure_of(call, failure)


class ResponseFold:
    """Stream events, or a whole response, into events."""

    def __init__(self, call: Call) -> None:
        """Begin."""
        self.answered = False
        self.done = False
        self._call = call
        self._finish_reason: FinishReason = "stop"
        self._refused = False

    def part(self, part: Json, /) -> list[ProviderEvent]:
        """Take one event of the stream, by its type; unknown types say nothing here."""
        kind = text_at(part, "type")
        if kind == "response.output_text.delta":
            return _some(Text(text_at(part, "delta")))
        return self._rarer(kind, part)

    def whole(self, answer: Json, /) -> list[ProviderEvent]:
        """Take a whole response; raises AttemptError."""
        items = objects_at(answer, "output")
        ending = self._close(answer)
        events: list[ProviderEvent] = []
        for position, item in enumerate(items):
            events += self._item(position, item)
        if not any(text_at(item, "type") in {"message", "function_call"} for item in items):
            raise bad("the answer has no output")
        return events + ending

    def end(self) -> list[ProviderEvent]:
        """End; raises AttemptError "cut_short" if the response was not closed."""
        if not self.answered:
            raise AttemptError("cut_short", "the stream ended without response.completed")
        return [End(self._finish_reason, self._refused)]

    def _rarer(self, kind: str, part: Json) -> list[ProviderEvent]:
        match kind:
            case "response.refusal.delta":
                self._refused = True
                return _some(Text(text_at(part, "delta")))
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                return _some(Reasoning(text_at(part, "delta")))
            case "response.output_item.added" | "response.function_call_arguments.delta":
                return self._tool_call(kind, part)
            case "response.completed" | "response.incomplete" | "response.failed":
                return self._close(object_at(part, "response"))
            case "error" | "":
                raise self._broken(kind, part)
            case _:
                return []

    def _broken(self, kind: str, part: Json) -> AttemptError:
        if part.get("error") is not None:
            return error_inside(self._call, part["error"])
        return error_inside(self._call, part) if kind else bad("an event has no type")

    def _tool_call(self, kind: str, part: Json) -> list[ProviderEvent]:
        position = count_at(part, "output_index")
        if kind == "response.output_item.added":
            item = object_at(part, "item")
            return [_call_part(position, item)] if _is_call(item) else []
        return [ToolCallPart(position, None, None, text_at(part, "delta"))]

    def _item(self, position: int, item: Json) -> list[ProviderEvent]:
        if _is_call(item):
            return [_call_part(position, item)]
        events: list[ProviderEvent] = []
        for piece in objects_at(item, "summary"):
            events += _some(Reasoning(text_at(piece, "text")))
        for piece in objects_at(item, "content"):
            match text_at(piece, "type"):
                case "output_text":
                    events += _some(Text(text_at(piece, "text")))
                case "refusal":
                    self._refused = True
                    events += _some(Text(text_at(piece, "refusal")))
                case "reasoning_text":
                    events += _some(Reasoning(text_at(piece, "text")))
                case _:
                    pass
        return events

    def _close(self, response: Json) -> list[ProviderEvent]:
        if response.get("error") is not None:
            raise error_inside(self._call, response["error"])
        status = text_at(response, "status")
        if status == "incomplete":
            reason = text_at(object_at(response, "incomplete_details"), "reason")
            self._finish_reason = "content_filter" if reason == "content_filter" else "length"
        elif status != "completed":
            raise bad("the response is neither completed nor incomplete")
        elif any(_is_call(item) for item in objects_at(response, "output")):
            self._finish_reason = "tool_calls"
        self.answered = self.done = True
        return usage_in(response, "input_tokens", "output_tokens")


def _some(event: Text | Reasoning) -> list[ProviderEvent]:
    return [event] if event.text else []


def _is_call(item: Json) -> bool:
    return item.get("type") == "function_call"


def _call_part(position: int, item: Json) -> ToolCallPart:
    return ToolCallPart(
        position,
        text_at(item, "call_id") or None,
        text_at(item, "name") or None,
        text_at(item, "arguments"),
    )
