"""Detecting tasks: where something can use them, and if they are sure enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.policies.sections import Detection
    from llmroute.types.observed import Observed
    from llmroute.types.plans import Detected
    from llmroute.types.requests import Request


def detected(
    asked: Request, wanted: Detection, observed: Mapping[str, Observed]
) -> Detected | None:
    """Detect the task of a request that names none; None where nothing can use it, or unsure."""
    if asked.task is not None or asked.texts is not None or wanted.task is False:
        return None
    if not wanted.task and asked.min_quality is None and not _by_task(observed):
        return None
    from llmroute.policies.tasks import detect  # its words are loaded only where they are needed

    found = detect(asked)
    return found if found.confidence >= max(wanted.min_confidence, LEAST) else None


LEAST = 1e-9
"""What no text says anything of is never a task."""


def _by_task(observed: Mapping[str, Observed]) -> bool:
    """Whether lengths of answers were observed for any task."""
    return bool([1 for one in observed.values() for task, _ in one.output_tokens if task])
