"""What is remembered of models between calls."""

from __future__ import annotations

from .observations import Observations

__all__ = ["Observations"]
