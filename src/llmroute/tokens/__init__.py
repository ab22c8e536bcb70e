"""Token counts: exact where a vocabulary is at hand, else an estimate with an interval.

Nothing here ever touches the network.
"""

from __future__ import annotations

from .estimates import estimate, estimate_for, estimate_request, expected_tokens, recounted

__all__ = ["estimate", "estimate_for", "estimate_request", "expected_tokens", "recounted"]
