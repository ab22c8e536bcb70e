"""Tools that a model may ask for, and the shape that an answer must have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .frozen import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable


def _no_parameters() -> dict[str, object]:
    return {"type": "object", "properties": {}}


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may ask for; llmroute never runs it.

    `parameters` is a JSON Schema of an object. `check` says in a sentence, without quoting them,
    why arguments do not fit; None when they do. Left out, it is made of `parameters`.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, object] = field(default_factory=_no_parameters)
    check: Callable[[Mapping[str, object]], str | None] | None = None

    def __repr__(self) -> str:
        return f"Tool({self.name!r})"


ToolChoice = str
"""Whether the model must ask for a tool: "auto" (it decides), "required", "none", or the name of
the one that it must ask for."""
TOOL_CHOICES = ("auto", "required", "none")


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """The shape that an answer must have: a JSON Schema, and how the answer becomes a value.

    `read` takes the whole text and raises ValueError, whose sentence never quotes the text, when
    it does not fit.
    """

    name: str
    schema: Mapping[str, object]
    read: Callable[[str], object]

    def __repr__(self) -> str:
        return f"OutputSpec({self.name!r})"


Output = type | Mapping[str, object]
"""What callers pass as `output`: a type that JSON can carry, or a JSON Schema."""
