"""Parts of policies that are passed where a policy belongs, and what to pass instead."""

from __future__ import annotations

from os import PathLike, fspath
from types import FunctionType
from typing import cast

HOME = "llmroute.policies"
MAKERS = (
    "best",
    "by_task",
    "order",
    "route",
    "routes",
    "split",
    "when",
    "lowest",
    "weighted",
    "within",
)
OBJECTIVES = ("cost_usd", "latency_s", "quality")
MADE = 'policies.order("gpt", "local"), or policies.best(policies.cost_usd)'


def is_part(source: object) -> bool:
    """Whether a callable is no policy, but a part of one, or a class."""
    return isinstance(source, type) or _is_check(source) or _is_ours(source)


def _is_ours(source: object) -> bool:
    """Whether it is a function of `llmroute.policies` itself, not one that such a function made."""
    at_home = isinstance(source, FunctionType) and source.__module__.startswith(HOME)
    return at_home and "<locals>" not in getattr(source, "__qualname__", "")


def _is_check(source: object) -> bool:
    """Whether it is a constraint with an argument, such as max_cost_usd("0.02")."""
    at_home = str(getattr(source, "__module__", "")).startswith(HOME)
    return at_home and getattr(source, "__name__", "") == "check"


def what_to_pass(source: object) -> tuple[str, str] | None:
    """What a part of a policy is, and what to pass in its place; None for anything else."""
    name = str(getattr(source, "__name__", type(source).__name__))
    if isinstance(source, type):
        return f"got the class {name}", f"Pass {MADE}"
    if _is_check(source) or _is_ours(source):
        return _function(source, name)
    if hasattr(source, "order"):
        return f"got the preference {name}", "Pass policies.best(...) with it"
    return (f"got {name}", f"Pass {MADE}") if hasattr(source, "plan") else None


def _function(source: object, name: str) -> tuple[str, str]:
    if _is_check(source):
        return "got a constraint", "Pass policies.best(policies.cost_usd, require=[...]) with it"
    if name in OBJECTIVES:
        return f"got the objective {name}", f"Pass policies.best(policies.{name})"
    if name in MAKERS:
        return f"got the function {name}", f"Call it: policies.{name}(...)"
    hint = f"Pass policies.best(policies.cost_usd, require=[policies.{name}]), or call it"
    return f"got the function {name}", hint


def name_of(source: object) -> str | None:
    """The name that a string or a path stands for; None for anything else."""
    if not isinstance(source, str | PathLike):
        return None
    name = cast("object", fspath(cast("str", source)))
    return name if isinstance(name, str) else None


def encodable(name: str) -> bool:
    """Whether a name holds nothing but characters that any file may have."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
