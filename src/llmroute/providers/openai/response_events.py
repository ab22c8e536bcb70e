"""Answers of the Responses API: the events of its stream, and whole responses.

A stream says everything twice: in pieces, and again whole in the item that is done and in the
response that is completed. What came in pieces is never repeated; what did not is taken from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.events import End, Text

from ..shapes import bad, count_at, object_at, objects_at, text_at
from .errors import error_inside
from .response_items import Items
from .usage import usage_in

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.events import FinishReason, ProviderEvent

    from ..shapes import Json

CLOSING = frozenset({"response.completed", "response.incomplete", "response.failed"})


SAYING = frozenset({"message", "function_call", "reasoning"})
"""Items of a response that say something; of thoughts without an answer the flow judges."""


class ResponseFold:
    """Stream events, or a whole response, into events."""

    def __init__(self, call: Call) -> None:
        """Begin."""
        self.answered = False
        self.done = False
        self._call = call
        self._items = Items()
        self._finish_reason: FinishReason = "stop"
        self._said = False

    def part(self, part: Json, /) -> list[ProviderEvent]:
        """Take one event of the stream, by its type; unknown types say nothing here."""
        kind = text_at(part, "type")
        if kind == "response.output_text.delta":
            return self._items.say(text_at(part, "delta"))
        if kind == "response.function_call_arguments.delta":
            return self._items.argue(self._items.place(part), text_at(part, "delta"))
        return self._rarer(kind, part)

    def whole(self, answer: Json, /) -> list[ProviderEvent]:
        """Take a whole response; raises AttemptError."""
        events = self._close(answer)
        items = objects_at(answer, "output")
        said = any(text_at(item, "type") in SAYING for item in items)
        if not said and text_at(answer, "status") == "completed":
            raise bad("the answer has no output")
        return events

    def end(self) -> list[ProviderEvent]:
        """End; raises AttemptError "cut_short" if the response was not closed.

        Raises "content_filtered" when a filter stopped the model before it said anything.
        """
        if not self.answered:
            raise AttemptError("cut_short", "the stream ended without response.completed")
        if self._finish_reason == "content_filter" and not self._said:
            raise AttemptError("content_filtered", "a filter stopped the answer")
        return [End(self._finish_reason, self._items.refused)]

    def _rarer(self, kind: str, part: Json) -> list[ProviderEvent]:
        match kind:
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                return self._items.think(text_at(part, "delta"))
            case "response.reasoning_summary_part.added":
                return self._items.think_on(count_at(part, "summary_index"))
            case "response.refusal.delta":
                return self._items.refuse(text_at(part, "delta"))
            case _ if kind in CLOSING:
                return self._close(object_at(part, "response"))
            case "error" | "":
                raise self._broken(kind, part)
            case _:
                return self._item(kind, part)

    def _item(self, kind: str, part: Json) -> list[ProviderEvent]:
        match kind:
            case "response.output_item.added":
                return self._items.begin(count_at(part, "output_index"), object_at(part, "item"))
            case "response.function_call_arguments.done":
                return self._items.settle(self._items.place(part), text_at(part, "arguments"))
            case "response.output_item.done":
                return self._items.take(count_at(part, "output_index"), object_at(part, "item"))
            case _:
                return []

    def _broken(self, kind: str, part: Json) -> AttemptError:
        if part.get("error") is not None:
            return error_inside(self._call, part["error"])
        return error_inside(self._call, part) if kind else bad("an event has no type")

    def _close(self, response: Json) -> list[ProviderEvent]:
        if response.get("error") is not None:
            raise error_inside(self._call, response["error"])
        status = text_at(response, "status")
        if status not in {"completed", "incomplete"}:
            raise bad("the response is neither completed nor incomplete")
        events = self._items.rest(objects_at(response, "output"))
        self._said = self._items.spoke or any(isinstance(one, Text) for one in events)
        if status == "incomplete":
            reason = text_at(object_at(response, "incomplete_details"), "reason")
            self._finish_reason = "content_filter" if reason == "content_filter" else "length"
        elif self._items.asked:
            self._finish_reason = "tool_calls"
        self.answered = self.done = True
        return events + usage_in(response, "input_tokens", "output_tokens")
