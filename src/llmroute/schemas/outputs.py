"""The shapes of answers: types and JSON Schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import RequestError

if TYPE_CHECKING:
    from llmroute.types.tools import Output, OutputSpec


def output_spec(output: Output) -> OutputSpec:
    """Make the spec of a shape; raises RequestError when no answer can have it."""
    raise RequestError(f"{type(output).__name__} is not taken yet", where="output")
