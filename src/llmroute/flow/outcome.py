"""What an attempt that came to its end amounts to: an answer, or a fault of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import AttemptError
from llmroute.types.accept import ACCEPT
from llmroute.types.frozen import replace
from llmroute.types.messages import ReasoningBlock

from .accepting import check_draft, check_end
from .vectors import checked

if TYPE_CHECKING:
    from llmroute.types.accept import Accept
    from llmroute.types.events import End
    from llmroute.types.messages import Part, ToolCall
    from llmroute.types.requests import Request
    from llmroute.types.tools import OutputSpec

    from .running import Running


class Answer(NamedTuple):
    """What was said, in its order, and the value that `output` asked for; None for none."""

    parts: tuple[Part, ...]
    output: object = None


def judge(running: Running, end: End, request: Request | None, accept: Accept = ACCEPT) -> Answer:
    """Put an answer together, and hold it against what was asked; vectors are its `output`.

    Raises:
        AttemptError: kind "bad_tool_call", "bad_output", "empty_after_reasoning", "bad_response";
            "empty_answer", "refusal", "content_filtered", "cut_at_length" and "not_accepted" as
            `accept` says.
    """
    if request is not None and request.texts is not None:
        return Answer((), checked(running.vectors, request))
    check_end(end, accept)
    answer = _fitting(running, end, request, accept)
    if accept.check is not None:
        check_draft(running, end, answer, accept.check)
    return answer


def _fitting(running: Running, end: End, request: Request | None, accept: Accept) -> Answer:
    """Put the answer together as it was asked for; raises AttemptError when it is no such thing."""
    parts = _whole(running, end, request, accept)
    if request is None or request.text_alone:
        return Answer(parts)
    if request.tools:
        from .calling import check_choice  # plain text loads no schemas

        check_choice(running, end, request)
    if request.output is None or running.asked:
        return Answer(parts)
    return Answer(parts, _value(request.output, "".join(running.text), end))


def _whole(running: Running, end: End, request: Request | None, accept: Accept) -> tuple[Part, ...]:
    """Everything that was said: text and nothing else, as a rule."""
    text = "".join(running.text)
    if not text or text.isspace():
        _check_said(running, end, accept)
    if running.marks or running.reasoning:
        return _parts(running, end, request)
    return (text,)


def _check_said(running: Running, end: End, accept: Accept) -> None:
    """Raise AttemptError for thoughts without an answer, hidden or not, and for nothing at all."""
    if running.asked or end.refused:
        return
    if _thought(running):
        why = "the model thought, but gave no answer"
        if end.finish_reason == "length":
            why = "the model spent all of its tokens on thinking"
        raise AttemptError("empty_after_reasoning", why)
    if not accept.empty and end.finish_reason != "content_filter":
        raise AttemptError("empty_answer", "the model said nothing")


def _thought(running: Running) -> bool:
    used = running.reported
    return bool(running.marks or running.reasoning or (used and used.reasoning_tokens))


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


def _parts(running: Running, end: End, request: Request | None) -> tuple[Part, ...]:
    """Everything that was said, in its order; reasoning without a block of its own comes first."""
    parts: list[Part] = []
    thought = any(isinstance(mark, ReasoningBlock) for _, mark in running.marks)
    if running.reasoning and not thought:
        parts.append(ReasoningBlock("".join(running.reasoning), running.model.dialect))
    calls = iter(_calls(running, end, request) if running.asked else ())
    start = 0
    for place, mark in running.marks:
        parts += _said(running.text[start:place])
        if isinstance(mark, ReasoningBlock):
            parts.append(replace(mark, dialect=running.model.dialect))
        else:
            parts.append(next(calls))
        start = place
    return (*parts, *_said(running.text[start:]))


def _calls(running: Running, end: End, request: Request | None) -> list[ToolCall]:
    from .calling import called

    return called(running, end, request)


def _said(pieces: list[str]) -> list[str]:
    """The pieces as one text; none at all when they are empty."""
    text = "".join(pieces)
    return [text] if text else []
