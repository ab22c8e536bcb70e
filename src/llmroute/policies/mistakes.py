"""What is wrong with an argument that code passed."""

from __future__ import annotations

from llmroute.errors import PolicyError, Problem


def wrong(key: str, what: str, hint: str = "") -> PolicyError:
    """Describe a problem with an argument of `llmroute.policies`."""
    return PolicyError([Problem("policies", None, key, what, hint)])
