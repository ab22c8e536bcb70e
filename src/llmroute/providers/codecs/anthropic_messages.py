"""The Messages API of Anthropic."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.events import End, Reasoning, ReasoningEnd, Text, ToolCallPart, UsageReport
from llmroute.types.usage import Usage

from ..anthropic.body import body_of, output_tool
from ..anthropic.content import redacted, thought
from ..anthropic.errors import error_inside, failure_of
from ..bodies import request_to
from ..decoding import BodyDecoder, StreamDecoder
from ..extras import check_extras
from ..going_on import blanks_behind, going_on
from ..quoting import quotable
from ..shapes import bad, count_at, object_at, objects_at, text_at, tier_at

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.events import FinishReason, ProviderEvent

    from ..shapes import Json
    from ..wire import Decoder, HttpFailure, HttpRequest

# An unknown reason still ends the answer, and counts as "stop". A paused turn is not whole.
STOP_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "pause_turn": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
COUNTS = (
    "input_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "output_tokens",
)


class AnthropicMessages:
    """The codec of `/messages`."""

    def encode(self, call: Call, /) -> HttpRequest:
        """Write the request; raises RequestError for extra fields that cannot be sent.

        Raises AttemptError "bad_request" for a tool that must be called, or an answer that was
        begun, where the model takes neither.
        """
        check_extras(call.request)
        return request_to(call, "/messages", body_of(call))

    def decoder(self, call: Call, /, *, stream: bool) -> Decoder:
        """Begin an answer."""
        fold = going_on(MessageFold(call), call, blanks_behind(call.prefix))
        return StreamDecoder(fold, call.limits.event_bytes) if stream else BodyDecoder(fold)

    def failure(self, call: Call, failure: HttpFailure, /) -> AttemptError:
        """Say what an error status and its body mean."""
        return failure_of(call, failure)


@dataclass(slots=True)
class Open:
    """A block under way: thoughts, or the tool whose arguments are the answer."""

    kind: str
    text: list[str] = field(default_factory=list[str])
    signature: list[str] = field(default_factory=list[str])


class MessageFold:
    """Stream events, or a whole message, into events."""

    def __init__(self, call: Call) -> None:
        """Begin."""
        self.answered = False
        self.done = False
        self._call = call
        self._output_tool = output_tool(call)
        self._open: dict[int, Open] = {}
        self._stop_reason = ""
        self._why: str | None = None
        self._said = False
        self._held: list[str] = []  # text that may turn out to stand beside the answer
        self._outputs: str | None = None  # how the answer by a tool begins
        self._calls: set[int] = set()  # positions of the application's own tools
        self._counts: dict[str, int] = {}
        self._tier: str | None = None

    def part(self, part: Json, /) -> list[ProviderEvent]:
        """Take one event of the stream, by its type; unknown types say nothing here."""
        kind = text_at(part, "type")
        if kind == "content_block_delta":
            return self._delta(count_at(part, "index"), object_at(part, "delta"))
        if kind in {"content_block_start", "content_block_stop"}:
            position = count_at(part, "index")
            if kind == "content_block_stop":
                return self._stop(position)
            return self._start(position, object_at(part, "content_block"))
        return self._frame(kind, part)

    def whole(self, answer: Json, /) -> list[ProviderEvent]:
        """Take a whole message; raises AttemptError."""
        if answer.get("error") is not None:
            raise error_inside(self._call, answer)
        events: list[ProviderEvent] = []
        for position, block in enumerate(objects_at(answer, "content")):
            events += self._start(position, block)
            events += self._stop(position)
        self._finish(answer)
        if not self.answered:
            raise bad("the answer has no stop_reason")
        return events + self._usage(answer)

    def end(self) -> list[ProviderEvent]:
        """End; raises AttemptError "cut_short" without a stop reason.

        Raises "content_filtered" when the model declined before it said anything.
        """
        if not self.answered:
            raise AttemptError("cut_short", "the stream ended without a stop_reason")
        refused = self._stop_reason == "refusal"
        if refused and not self._said:
            raise AttemptError("content_filtered", "the model declined to answer", code=self._why)
        reason = STOP_REASONS.get(self._stop_reason, "stop")
        if reason == "tool_calls" and not self._calls:
            reason = "stop"  # the tool was ours: its arguments are the answer
        return [*self._left(reason), End(reason, refused)]

    def _left(self, reason: FinishReason) -> list[ProviderEvent]:
        """What was not said before the end."""
        left = [event for position in list(self._open) for event in self._stop(position)]
        left += self._release(Text)
        if self._outputs == "" and reason == "stop":
            left.append(Text("{}"))
        return left

    def _frame(self, kind: str, part: Json) -> list[ProviderEvent]:
        """Take what is said of the whole message."""
        match kind:
            case "message_start":
                return self._usage(object_at(part, "message"))
            case "message_delta":
                self._finish(object_at(part, "delta"))
                return self._usage(part)
            case "message_stop":
                self.done = self.answered
            case "error":
                raise error_inside(self._call, part)
            case "":
                raise bad("an event has no type")
            case _:  # "ping", and what is to come
                pass
        return []

    def _start(self, position: int, block: Json) -> list[ProviderEvent]:
        match text_at(block, "type"):
            case "text":
                return self._text(text_at(block, "text"))
            case "thinking":
                self._open[position] = Open("thinking", signature=[text_at(block, "signature")])
                return self._thought(position, text_at(block, "thinking"))
            case "redacted_thinking":
                self._open[position] = Open("redacted", signature=[text_at(block, "data")])
                return []
            case "tool_use":
                return self._call_of(position, block)
            case _:  # what the provider does by itself, such as a search
                return []

    def _delta(self, position: int, delta: Json) -> list[ProviderEvent]:
        match text_at(delta, "type"):
            case "text_delta":
                return self._text(text_at(delta, "text"))
            case "input_json_delta":
                return self._arguments(position, text_at(delta, "partial_json"))
            case "thinking_delta":
                return self._thought(position, text_at(delta, "thinking"))
            case "signature_delta":
                if position in self._open:
                    self._open[position].signature.append(text_at(delta, "signature"))
                return []
            case _:
                return []

    def _stop(self, position: int) -> list[ProviderEvent]:
        """End a block; thoughts without a signature cannot go back, and stay what was seen."""
        block = self._open.pop(position, None)
        signature = "" if block is None else "".join(block.signature)
        if block is None or not signature:
            return []
        if block.kind == "redacted":
            return [ReasoningEnd(redacted(signature))]
        return [ReasoningEnd(thought("".join(block.text), signature))]

    def _text(self, text: str) -> list[ProviderEvent]:
        self._said = self._said or bool(text)
        if self._output_tool is None or self._calls:
            return [Text(text)] if text else []
        if self._outputs is not None:
            return [Reasoning(text)] if text else []
        self._held.append(text)
        return []

    def _release(self, kind: type[Text | Reasoning]) -> list[ProviderEvent]:
        """Give the text that was held back: what stands beside the tool that answers is none."""
        held, self._held = "".join(self._held), []
        return [kind(held)] if held else []

    def _output(self, fragment: str) -> list[ProviderEvent]:
        """Take a piece of the answer that is a tool's input."""
        before = self._release(Reasoning)
        self._outputs = (self._outputs or "") or fragment
        return [*before, Text(fragment)] if fragment else before

    def _thought(self, position: int, text: str) -> list[ProviderEvent]:
        if position in self._open:
            self._open[position].text.append(text)
        return [Reasoning(text)] if text else []

    def _call_of(self, position: int, block: Json) -> list[ProviderEvent]:
        name = text_at(block, "name")
        given = object_at(block, "input")
        arguments = json.dumps(given) if given else ""
        self._said = True
        if name == self._output_tool:
            self._open[position] = Open("output")
            return self._output(arguments)
        before = self._release(Text)
        self._calls.add(position)
        call_id = text_at(block, "id") or None
        return [*before, ToolCallPart(position, call_id, name or None, arguments)]

    def _arguments(self, position: int, fragment: str) -> list[ProviderEvent]:
        """Take a piece of a tool's input; the provider's own tools (a search) say nothing."""
        block = self._open.get(position)
        if block is not None and block.kind == "output":
            return self._output(fragment)
        if not fragment or position not in self._calls:
            return []
        return [ToolCallPart(position, None, None, fragment)]

    def _finish(self, fields: Json) -> None:
        reason = text_at(fields, "stop_reason")
        if reason:
            self.answered = True
            self._stop_reason = reason
            category = text_at(object_at(fields, "stop_details"), "category")
            self._why = category if quotable(self._call, category) else None

    def _usage(self, owner: Json) -> list[ProviderEvent]:
        """Report what was used so far; a count that cannot be read costs the report alone."""
        try:
            usage = object_at(owner, "usage")
            told = {name: count_at(usage, name) for name in COUNTS if usage.get(name) is not None}
            thought_tokens = count_at(object_at(usage, "output_tokens_details"), "thinking_tokens")
        except AttemptError:
            return []
        if not told:
            return []
        self._tier = _tier_of(usage) or self._tier
        self._counts |= told | ({"thinking": thought_tokens} if thought_tokens else {})
        counts = self._counts
        fresh, read, written, output = (counts.get(name, 0) for name in COUNTS)
        thinking = counts.get("thinking", 0)
        used = Usage(fresh + read + written, output, read, written, thinking)
        return [UsageReport(used, self._tier)]


def _tier_of(usage: Json) -> str | None:
    """The tier that a message was served at; the fast mode is called a speed, and has its price."""
    return "fast" if tier_at(usage, "speed") == "fast" else tier_at(usage)


CODEC = AnthropicMessages
