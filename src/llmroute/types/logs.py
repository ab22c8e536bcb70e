"""Loggers under "llmroute": silent unless the application listens, and never any content."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger


def logger(name: str) -> Logger:
    """The logger `llmroute.<name>`; what nobody listens to is not printed."""
    import logging  # a program in which nothing is worth logging need not load it

    package = logging.getLogger("llmroute")
    if not package.handlers:
        package.addHandler(logging.NullHandler())
    return logging.getLogger(f"llmroute.{name}")
