"""Local models: GGUF files run by llama.cpp in this process (`pip install 'llmroute[local]'`)."""

from __future__ import annotations

from .header import Header, read_header
from .provider import LlamaCppProvider
from .templates import KNOWN_TEMPLATES
from .threads import cpu_quota, usable_threads

__all__ = [
    "KNOWN_TEMPLATES",
    "Header",
    "LlamaCppProvider",
    "cpu_quota",
    "read_header",
    "usable_threads",
]
