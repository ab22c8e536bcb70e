"""Which whole answers count; those that do not are faults, and the next model is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from .events import FinishReason
    from .messages import ToolCall
    from .models import Model


class Draft(NamedTuple):
    """A whole answer that was not accepted yet; its repr shows sizes, never content.

    `refused` is True when the text is the model's refusal to answer. `output` is the value of the
    shape that was asked for, else None.
    """

    model: Model
    text: str
    finish_reason: FinishReason
    refused: bool = False
    tool_calls: tuple[ToolCall, ...] = ()
    output: object = None

    def __repr__(self) -> str:
        return f"Draft({len(self.text)} characters from {self.model.name!r})"


class Accept(NamedTuple):
    """Which answers count: empty ones, refusals, those that a filter or the length cut off.

    `check` looks at each answer that would count: it returns None or True when it does, else False
    or, in a sentence that holds nothing of the answer, why not. One that raises does not accept.
    """

    empty: bool = False
    refusal: bool = True
    filtered: bool = False
    length: bool = True
    check: Callable[[Draft], str | bool | None] | None = None


ACCEPT = Accept()
"""What counts unless something else was said: all but empty and filtered answers."""
