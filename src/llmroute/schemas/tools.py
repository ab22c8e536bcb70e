"""Tools, made of functions or written out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmroute.types.tools import Tool


def read_tools(given: Iterable[object]) -> tuple[Tool, ...]:
    """Make tools of functions and `Tool`s; raises RequestError for what can be none."""
    raise RequestError(f"{type(given).__name__} is not taken yet", where="tools")
