"""Gemini's own API, `generateContent`; docs/decisions say why the compatible one is not enough."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.events import End, Reasoning, ReasoningEnd, Text, ToolCallPart, UsageReport
from llmroute.types.usage import Usage

from ..bodies import endpoint_of, request_to
from ..decoding import BodyDecoder, StreamDecoder
from ..extras import check_extras
from ..gemini.body import body_of
from ..gemini.content import signed_text, signed_thought
from ..gemini.errors import error_inside, failure_of
from ..quoting import quotable
from ..shapes import bad, count_at, object_at, objects_at, text_at, tier_at

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.events import FinishReason, ProviderEvent

    from ..shapes import Json
    from ..wire import Decoder, HttpFailure, HttpRequest

# An unknown reason still ends the answer, and counts as "stop".
FINISH_REASONS: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    **dict.fromkeys(
        (
            *("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"),
            *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
            *("ESCALATION", "MODEL_ARMOR"),
        ),
        "content_filter",
    ),
}
# Reasons that say that there is no answer, and what they amount to.
BROKEN = {
    "MALFORMED_FUNCTION_CALL": "bad_tool_call",
    "UNEXPECTED_TOOL_CALL": "bad_tool_call",
    "TOO_MANY_TOOL_CALLS": "bad_tool_call",
    "MISSING_THOUGHT_SIGNATURE": "bad_request",
    "PUP_LIMITED_DISABLED": "forbidden",  # the account broke Google's rules
    "MALFORMED_RESPONSE": "cut_short",
    "OTHER": "cut_short",
    "IMAGE_OTHER": "cut_short",
}
COUNTS = (
    "promptTokenCount",
    "toolUsePromptTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
    "cachedContentTokenCount",
)
_UNFIT = re.compile(r"[^A-Za-z0-9_-]")


class Gemini:
    """The codec of `:generateContent` and `:streamGenerateContent`."""

    def encode(self, call: Call, /) -> HttpRequest:
        """Write the request; raises RequestError for extra fields that cannot be sent.

        Raises AttemptError "bad_request" for an answer that was begun, where no model takes one.
        """
        check_extras(call.request)
        verb = "streamGenerateContent?alt=sse" if call.stream else "generateContent"
        return request_to(call, f"/models/{endpoint_of(call).wire_model}:{verb}", body_of(call))

    def decoder(self, call: Call, /, *, stream: bool) -> Decoder:
        """Begin an answer."""
        fold = ContentFold(call)
        return StreamDecoder(fold, call.limits.event_bytes) if stream else BodyDecoder(fold)

    def failure(self, call: Call, failure: HttpFailure, /) -> AttemptError:
        """Say what an error status and its body mean."""
        return failure_of(call, failure)


class ContentFold:
    """Pieces of a response, or a whole one, into events; only the first candidate counts."""

    def __init__(self, call: Call) -> None:
        """Begin."""
        self.answered = False
        self.done = False
        self._call = call
        self._finish_reason = ""
        self._said = False
        self._calls = 0
        self._thoughts: list[str] = []
        self._counts: dict[str, int] = {}

    def part(self, part: Json, /) -> list[ProviderEvent]:
        """Take one piece; raises AttemptError."""
        self._check(part)
        if "candidates" not in part and "usageMetadata" not in part:
            raise bad("the answer has no candidates")
        events: list[ProviderEvent] = []
        for candidate in objects_at(part, "candidates"):
            if not candidate.get("index"):
                for piece in objects_at(object_at(candidate, "content"), "parts"):
                    if piece.get("text") or "functionCall" in piece:
                        self.answered = False  # the last finish reason was not the end
                    events += self._piece(piece, text_at(part, "responseId"))
                self._finish(text_at(candidate, "finishReason"))
        return events + self._usage(part)

    def _check(self, part: Json) -> None:
        """Raise what a piece says instead of an answer."""
        if part.get("error") is not None:
            self.answered = False
            raise error_inside(self._call, part["error"])
        blocked = text_at(object_at(part, "promptFeedback"), "blockReason")
        if blocked:
            self.answered = False
            code = blocked if quotable(self._call, blocked) else None
            raise AttemptError("content_filtered", "the provider blocked the prompt", code=code)

    def whole(self, answer: Json, /) -> list[ProviderEvent]:
        """Take a whole response; raises AttemptError."""
        events = self.part(answer)
        if not self.answered:
            raise bad("the answer has no candidates or no finishReason")
        return events

    def end(self) -> list[ProviderEvent]:
        """End; raises AttemptError "cut_short" without a finish reason.

        Raises "content_filtered" when a filter stopped the model before it said anything.
        """
        if not self.answered:
            raise AttemptError("cut_short", "the stream ended without a finishReason")
        reason = FINISH_REASONS.get(self._finish_reason, "stop")
        if reason == "content_filter" and not self._said:
            raise AttemptError("content_filtered", "a filter stopped the answer")
        return [End("tool_calls" if reason == "stop" and self._calls else reason)]

    def _piece(self, piece: Json, response_id: str) -> list[ProviderEvent]:
        signature = text_at(piece, "thoughtSignature")
        if "functionCall" in piece:
            return [self._function(object_at(piece, "functionCall"), signature, response_id)]
        text = text_at(piece, "text")
        if piece.get("thought") is True:
            return self._thought(text, signature)
        events: list[ProviderEvent] = [Text(text)] if text else []
        self._said = self._said or bool(text)
        if signature:
            events.append(ReasoningEnd(signed_text("".join(self._thoughts), signature)))
            self._thoughts = []
        return events

    def _thought(self, text: str, signature: str) -> list[ProviderEvent]:
        events: list[ProviderEvent] = [Reasoning(text)] if text else []
        if signature:
            events.append(ReasoningEnd(signed_thought(text, signature)))
        else:
            self._thoughts.append(text)
        return events

    def _function(self, call: Json, signature: str, response_id: str) -> ToolCallPart:
        position = self._calls
        self._calls += 1
        self._said = True
        made = _UNFIT.sub("-", f"{response_id}_{position}") if response_id else ""
        arguments = json.dumps(object_at(call, "args"))
        id_ = text_at(call, "id") or made or None
        return ToolCallPart(position, id_, text_at(call, "name"), arguments, signature or None)

    def _finish(self, reason: str) -> None:
        if reason in BROKEN:
            self.answered = False
            raise AttemptError(BROKEN[reason], f"the upstream gave up: finishReason {reason!r}")
        if reason:
            self.answered = True
            self._finish_reason = reason

    def _usage(self, part: Json) -> list[ProviderEvent]:
        """Report the usage with the first piece, and at the end; each piece repeats it.

        A later piece may leave out what an earlier one said, so the most that was said holds.
        """
        if self._counts and not self.answered:
            return []
        try:
            usage = object_at(part, "usageMetadata")
            counts = {name: count_at(usage, name) for name in COUNTS}
        except AttemptError:
            return []
        if not usage:
            return []
        self._counts = {name: max(counts[name], self._counts.get(name, 0)) for name in COUNTS}
        prompt, tools, answer, thoughts, cached = self._counts.values()
        told = Usage(prompt + tools, answer + thoughts, min(cached, prompt), 0, thoughts)
        return [UsageReport(told, tier_at(usage, "serviceTier"))]


CODEC = Gemini
