"""Options as the caller types them: checked, with the nearest right word, and frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from llmroute.errors import RequestError
from llmroute.errors.problems import nearest
from llmroute.types.requests import PLAIN, Request, Sampling
from llmroute.types.secrets import Secret, flaw
from llmroute.types.tuples import NamedTuple

from .elsewhere import OF_CALLS
from .messages import normalize
from .values import CHECKERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llmroute.types.requests import ChatOptions, EmbedOptions
    from llmroute.types.tools import Tool

    from .messages import Prompt

    Checkers = Mapping[str, Callable[[str, object], object]]

Frozen = TypeVar("Frozen")


class Checked(NamedTuple):
    """Options after checking; `values` holds only what was given. It never holds a plain key."""

    values: Mapping[str, object]
    key: Secret | None

    def __repr__(self) -> str:
        return f"Checked({len(self.values)} options)"


NOTHING = Checked({}, None)
"""No option at all."""


def check(options: ChatOptions | EmbedOptions, known: Checkers = CHECKERS) -> Checked:
    """Check every option; raises RequestError. Takes the key out of `options` first."""
    if not options:
        return NOTHING
    loose = cast("dict[str, object]", options)
    secret = _take_key(loose) if "api_key" in loose else None
    values: dict[str, object] = {}
    for name, value in loose.items():
        checker = known.get(name)
        if checker is None:
            hint = "It goes with chat and stream" if name in CHECKERS else OF_CALLS.get(name)
            raise RequestError("no such option", where=name, hint=hint or _nearest(name, known))
        if value is not None:
            values[name] = checker(name, value)
    return Checked(values, secret)


def _nearest(name: str, known: Checkers) -> str:
    return nearest(name, [*known, "api_key"])


def merge(base: Checked, top: Checked) -> Checked:
    """Lay `top` over `base`."""
    if base is NOTHING or top is NOTHING:
        return base if top is NOTHING else top
    return Checked({**base.values, **top.values}, top.key or base.key)


def shaped(checked: Checked, output: object) -> Checked:
    """Add the shape that the answer must have; raises RequestError when it can be none."""
    from llmroute.schemas.outputs import output_spec

    return Checked({**checked.values, "output": output_spec(output)}, checked.key)


def request(prompt: Prompt | None, values: Mapping[str, object]) -> Request:
    """Freeze a request of checked options; raises RequestError for the messages."""
    if not values:
        return Request(normalize(prompt, None))
    messages = normalize(prompt, cast("str | None", values.get("system")))
    rest = {name: values[name] for name in REQUEST if name in values}
    if "tool_choice" in values:
        _check_choice(values)
    if "model" in values:
        rest["models"] = values["model"]
    return _built(Request, {"messages": messages, "sampling": _sampling(values), **rest})


def _sampling(values: Mapping[str, object]) -> Sampling:
    """The sampling parameters that were set."""
    found = {name: values[name] for name in SAMPLING if name in values}
    return _built(Sampling, found) if found else PLAIN


def _check_choice(values: Mapping[str, object]) -> None:
    from llmroute.schemas.tools import check_choice

    tools = cast("tuple[Tool, ...]", values.get("tools", ()))
    check_choice(cast("str", values["tool_choice"]), tools)


def _built(kind: type[Frozen], values: Mapping[str, object]) -> Frozen:
    """Make a value of fields whose types `CHECKERS` has seen to."""
    return cast("Callable[..., Frozen]", kind)(**values)


def check_hints(given: Mapping[str, object], declared: Mapping[str, str]) -> None:
    """Refuse hints that the policy does not declare, or of another type; raises RequestError."""
    from llmroute.policies.sections import hint_fits

    for name, value in given.items():
        where = f"hints[{name!r}]"
        if name not in declared:
            more = "Hints are declared under [hints] of the policy"
            hint = nearest(name, declared, more)
            raise RequestError("the policy declares no such hint", where=where, hint=hint)
        kind = declared[name]
        if not hint_fits(kind, value):
            raise RequestError(f"must be {kind}, got {type(value).__name__}", where=where)


def _take_key(options: dict[str, object]) -> Secret | None:
    """Take the key out of `options`; no frame of ours holds it when something is raised."""
    if not isinstance(options.get("api_key"), str):
        kind = type(options.pop("api_key", None)).__name__
        if kind == "NoneType":
            return None
        raise RequestError(f"must be a string, got {kind}", where="api_key")
    secret = Secret(str(options.pop("api_key")).strip())
    wrong = flaw(secret.reveal(), "the key")
    if wrong is not None:
        raise RequestError(wrong, where="api_key")
    return secret


SAMPLING = ("max_tokens", "temperature", "top_p", "top_k", "min_p", "stop", "seed")
REQUEST = (
    "task",
    "hints",
    "tags",
    "language",
    "max_cost_usd",
    "max_latency_s",
    "min_quality",
    "local",
    "purposes",
    "facts",
    "extra_body",
    "extra_headers",
    "tools",
    "tool_choice",
    "reasoning",
    "output",
)
