"""What a server gives to be given back with the next turn, kept as a string.

The flow and the handover see to it that it goes to that server alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError

from ..shapes import parse, sound

if TYPE_CHECKING:
    from ..shapes import Json


def keep(fields: Json) -> str:
    """Write the fields of an answer down; a lone surrogate, which no file can hold, is replaced."""
    return sound(json.dumps(fields, separators=(",", ":"), ensure_ascii=False))


def kept(data: str | None) -> Json:
    """Read the fields again; none of a string that is not ours."""
    if not data:
        return {}
    try:
        return parse(data)
    except AttemptError:
        return {}
