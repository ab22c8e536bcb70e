"""Token counts without a tokenizer: an estimate with an interval, and never the network."""

from __future__ import annotations

from .estimates import estimate, estimate_request, expected_tokens

__all__ = ["estimate", "estimate_request", "expected_tokens"]
