"""From what the application passes to `Client` to what a client works with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from llmroute.catalog.resolve import resolve
from llmroute.errors import PolicyError, Problem
from llmroute.types.limits import Limits
from llmroute.types.plans import Facts
from llmroute.types.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llmroute.catalog.declarations import Declaration, Key
    from llmroute.policies.files import PolicyFile
    from llmroute.types.calls import Clock, Provider
    from llmroute.types.models import Model
    from llmroute.types.plans import OfflineMode, Policy

    from .backoff import Backoff

    PolicySource = str | Path | Policy


class ClientOptions(TypedDict, total=False):
    """Everything that a client can be given in code; each may be left out.

    models: declarations made by `llmroute.model(...)`; they replace those of a file.
    facts: what is true of the application, as under [facts] of a policy file.
    hints: hint names and their types ("bool", "str", "int", "float"), as under [hints].
    limits: times and sizes, as under [limits].
    offline: "auto", "always" or "never", as [offline] mode.
    http_client: an `httpx2` or `httpx` client of yours; it is used, and never closed.
    clock: the time; `llmroute.testing.VirtualClock` makes tests instant.
    backoff: seconds to wait after the n-th failure of one model (counted from 1), or any
        `tenacity.wait_*` object; the default is 0.5, 1, 2, 4, 8, 8, ...; half of it is jitter.
    """

    models: Sequence[Declaration]
    facts: Mapping[str, object]
    hints: Mapping[str, str]
    limits: Limits
    offline: OfflineMode
    http_client: object
    clock: Clock
    backoff: Backoff


class Setup(NamedTuple):
    """What a client works with, resolved; `keys` and `providers` go by the model's name."""

    models: tuple[Model, ...]
    policy: Policy
    facts: Facts
    hints: Mapping[str, str]
    limits: Limits
    offline_mode: OfflineMode
    keys: Mapping[str, Callable[[], str]]
    providers: Mapping[str, Provider]


def read_setup(source: PolicySource | None, options: ClientOptions) -> Setup:
    """Read the policy and resolve its models; raises PolicyError with every problem found."""
    from llmroute.policies.sections import facts as facts_of

    if callable(source) or "models" in options:
        file = _in_code(source, options)
    else:
        file = read_policy(source)
    facts = options.get("facts")
    return Setup(
        models=file.models,
        policy=file.policy,
        facts=file.facts if facts is None else facts_of(facts),
        hints=options.get("hints", file.hints),
        limits=options.get("limits", file.limits),
        offline_mode=options.get("offline", file.offline_mode),
        keys={one.name: _key(one.key) for one in file.declarations if one.key is not None},
        providers={one.name: one.provider for one in file.declarations if one.provider is not None},
    )


def _in_code(source: PolicySource | None, options: ClientOptions) -> PolicyFile:
    """What a policy file would have said; a policy in code needs models in code."""
    from llmroute.policies import order
    from llmroute.policies.files import PolicyFile

    if source is not None and not callable(source):
        hint = "Name the file, or pass models and a policy of llmroute.policies"
        raise _wrong("models in code go with a policy in code", hint)
    declared = tuple(options.get("models", ()))
    names = [one.name for one in declared]
    if not names:
        hint = "Client(policy, models=[llmroute.model(...)])"
        raise _wrong("a policy made in code needs models", hint)
    if len(set(names)) < len(names):
        raise _wrong("two models have the same name", f"The names are {', '.join(names)}")
    policy = order(*names) if source is None else source
    models = tuple(resolve(one) for one in declared)
    return PolicyFile(None, Facts(), {}, Limits(), "auto", declared, models, policy)


def _wrong(what: str, hint: str) -> PolicyError:
    return PolicyError([Problem("python", None, "models", what, hint)])


def read_policy(source: str | Path | None) -> PolicyFile:
    """Read the named file, $LLMROUTE_POLICY, the one found upward, or the built-in default.

    Raises:
        PolicyError: it cannot be read, or something in it is wrong.
    """
    from llmroute.policies.files import default_policy, find_policy, load_policy

    named = source if source is not None else os.environ.get("LLMROUTE_POLICY") or None
    if named is not None:
        return load_policy(Path(named))
    found = find_policy(Path.cwd())
    return default_policy() if found is None else load_policy(found, found=True)


def _key(key: Key) -> Callable[[], str]:
    return key.reveal if isinstance(key, Secret) else key
