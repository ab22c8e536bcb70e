"""Faults: what went wrong with an attempt, and what may be done about it, as data."""

from __future__ import annotations

from typing import Literal

from .frozen import dataclass

Next = Literal["same", "other_model", "other_upstream", "larger_window", "none"]
Blame = Literal["upstream", "key", "model", "request", "nobody"]


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do after a failure.

    `next` is the nearest thing worth trying: the same model again, another model, another origin
    or key, a larger window, or nothing. `wait_s` is how many seconds the upstream asked to be left
    alone; None means that it did not say. `disable` means: useless until the configuration changes.
    """

    next: Next
    blame: Blame = "nobody"
    wait_s: float | None = None
    disable: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an attempt failed; holds no key, no prompt and no reply.

    `kind` is a key of `llmroute.errors.FAULT_KINDS`; `status` is the HTTP status, None when there
    was none; `code` is the provider's own error code, or the system's name of what happened to the
    connection ("ECONNREFUSED").
    """

    kind: str
    reason: str
    remedy: Remedy
    status: int | None = None
    code: str | None = None
