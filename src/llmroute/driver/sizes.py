"""How much an event of a provider says."""

from __future__ import annotations

from llmroute.errors import AttemptError
from llmroute.types.events import Progress, Reasoning, ReasoningEnd, Text, ToolCallPart, Vectors


def size_of(event: object) -> int:
    """The length of what an event says; raises AttemptError for no content, or text that is none.

    Embeddings count as one, and so does what cannot be shown yet.
    """
    try:
        if isinstance(event, Text):
            return str.__len__(event.text)  # unlike len(), takes nothing but a string
        if isinstance(event, Progress | Vectors):
            return 1
        return _other_size(event)
    except TypeError:
        what = f"{type(event).__name__} without a text"
    raise AttemptError("provider_bug", f"the provider yielded {what}")


def _other_size(event: object) -> int:
    if isinstance(event, Reasoning):
        return str.__len__(event.text)
    if isinstance(event, ToolCallPart):
        return str.__len__(event.arguments)
    if isinstance(event, ReasoningEnd):
        return str.__len__(event.block.text)
    raise AttemptError("provider_bug", f"the provider yielded {type(event).__name__}")
