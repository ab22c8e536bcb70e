"""What an attempt that came to its end amounts to: an answer, or a fault of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.errors import AttemptError
from llmroute.types.messages import ReasoningBlock, ToolCall

from .vectors import checked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.types.events import End
    from llmroute.types.messages import Part
    from llmroute.types.requests import Request
    from llmroute.types.tools import OutputSpec

    from .running import Asked, Running


class Answer(NamedTuple):
    """What was said, in its order, and the value that `output` asked for; None for none."""

    parts: tuple[Part, ...]
    output: object = None


def judge(running: Running, end: End, request: Request | None) -> Answer:
    """Put an answer together, and hold it against what was asked; vectors are its `output`.

    Raises:
        AttemptError: kind "bad_tool_call", "bad_output", "empty_after_reasoning", "bad_response".
    """
    if request is not None and request.texts is not None:
        return Answer((), checked(running.vectors, request))
    spec = None if request is None else request.output
    if running.marks or running.reasoning:
        _check_said(running, end)
        parts = _parts(running, request)
    else:
        parts = ("".join(running.text),)  # text and nothing else, as a rule
    if spec is None or running.asked:
        return Answer(parts)
    return Answer(parts, _value(spec, "".join(running.text), end))


def _check_said(running: Running, end: End) -> None:
    """Raise AttemptError "empty_after_reasoning" for thoughts without an answer."""
    if running.asked or any(running.text):
        return
    if end.finish_reason == "length":
        reason = "the model spent all of its tokens on thinking"
    else:
        reason = "the model thought, but gave no answer"
    raise AttemptError("empty_after_reasoning", reason)


def _value(spec: OutputSpec, text: str, end: End) -> object:
    """Read the value out of an answer; raises AttemptError "bad_output" when there is none."""
    if end.refused:
        raise AttemptError("bad_output", "the model refused to answer")
    try:
        return spec.read(text)
    except ValueError as error:
        cut = "the answer was cut at max_tokens: " if end.finish_reason == "length" else ""
        reason = f"{cut}{error}"
    raise AttemptError("bad_output", reason)


def _parts(running: Running, request: Request | None) -> tuple[Part, ...]:
    """Everything that was said, in its order; reasoning without a block of its own comes first."""
    parts: list[Part] = []
    thought = any(isinstance(mark, ReasoningBlock) for _, mark in running.marks)
    if running.reasoning and not thought:
        parts.append(ReasoningBlock("".join(running.reasoning)))
    start = 0
    for place, mark in running.marks:
        parts += _said(running.text[start:place])
        if isinstance(mark, ReasoningBlock):
            parts.append(replace(mark, dialect=running.model.dialect))
        else:
            parts.append(_called(mark, running, request))
        start = place
    return (*parts, *_said(running.text[start:]))


def _said(pieces: list[str]) -> list[str]:
    """The pieces as one text; none at all when they are empty."""
    text = "".join(pieces)
    return [text] if text else []


def _called(asked: Asked, running: Running, request: Request | None) -> ToolCall:
    """Make a tool call of its pieces; raises AttemptError "bad_tool_call" when it does not fit."""
    arguments = _arguments("".join(asked.arguments), asked.name)
    problem = None if request is None else _unfit(asked.name, arguments, request)
    if problem is not None:
        raise AttemptError("bad_tool_call", problem)
    call_id = asked.id or f"call_{running.id}_{list(running.asked.values()).index(asked)}"
    dialect = None if asked.signature is None else running.model.dialect
    return ToolCall(call_id, asked.name, arguments, asked.signature, dialect)


def _arguments(text: str, name: str) -> Mapping[str, object]:
    """Parse arguments; none at all are no arguments."""
    try:
        value = cast("object", json.loads(text)) if text.strip() else {}
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return cast("Mapping[str, object]", value)
    raise AttemptError("bad_tool_call", f"the arguments for {name[:64]!r} are no JSON object")


def _unfit(name: str, arguments: Mapping[str, object], request: Request) -> str | None:
    tool = next((one for one in request.tools if one.name == name), None)
    if tool is None:
        return f"the model asked for a tool {name[:64]!r}, which was not offered"
    problem = None if tool.check is None else tool.check(arguments)
    return None if problem is None else f"arguments for {name!r} do not fit: {problem}"
