"""Token counts: exact where a vocabulary is at hand, else an estimate with an interval.

Nothing here ever touches the network.
"""

from __future__ import annotations

from .estimates import estimate, estimate_request, estimates, expected_tokens

__all__ = ["estimate", "estimate_request", "estimates", "expected_tokens"]
