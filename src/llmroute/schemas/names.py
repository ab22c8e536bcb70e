"""Names as OpenAI's wire takes them, of tools and of answers' shapes."""

from __future__ import annotations

import re

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
RULE = "1 to 64 letters, digits, _ and - (ASCII)"


def is_name(text: str) -> bool:
    """Whether a name may be sent."""
    return NAME.fullmatch(text) is not None


def sanitized(text: str) -> str:
    """Make a name of any text: "list[City]" becomes "list_City"."""
    return re.sub(r"[^a-zA-Z0-9_-]+", "_", text).strip("_")[:64] or "answer"
