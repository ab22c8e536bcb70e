"""What is remembered of models between calls."""

from __future__ import annotations

from .observations import Observations
from .prefixes import Prefixes

__all__ = ["Observations", "Prefixes"]
