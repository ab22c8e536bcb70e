"""What a model without schema support is told about the answer it owes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmroute.types.tools import OutputSpec


def instructions(spec: OutputSpec) -> str:
    """Ask for nothing but JSON that fits the schema, and show the schema."""
    schema = json.dumps(spec.schema, ensure_ascii=False, separators=(",", ":"))
    return (
        "Answer with one JSON object and nothing else: no sentence before or after it, no "
        f"Markdown. The object must fit this JSON Schema:\n{schema}"
    )
