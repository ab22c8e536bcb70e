"""`llmroute doctor`: what this machine and this installation can do."""

from __future__ import annotations

import os
import platform
import sys
import textwrap
from typing import TYPE_CHECKING

from llmroute import __version__
from llmroute.catalog import provider, provider_names
from llmroute.client.setup import read_policy
from llmroute.client.sync import Client
from llmroute.errors import AttemptError, PolicyError
from llmroute.tokens.vocabularies import states
from llmroute.types.secrets import flaw
from llmroute.types.tables import WIDTH

from .check import place_of, summary
from .failures import NO_MODEL, tell
from .hosts import hosts_of, proxied, resolved
from .models import ready
from .terminal import write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.policies.files import PolicyFile
    from llmroute.types.models import Model

    from .arguments import Arguments

LABEL = 12
RESOLVING_S = 2.0
CORE = ("httpx2", "httpcore2", "pydantic", "tenacity")
OPTIONAL = ("llama-cpp-python", "jinja2", "tiktoken", "openai")


def doctor(arguments: Arguments) -> int:
    """Print the state of everything; exit code 2 for a wrong policy, 3 when nothing can answer."""
    _system()
    _processors()
    _packages()
    _engine()
    _starter()
    try:
        policy = read_policy(arguments.policy)
    except PolicyError as error:
        _keys(())
        _line("policy", "wrong; the problems are below")
        return tell(error)
    _vocabularies(policy.tokens.vocabularies)
    _keys(policy.models)
    _network(policy, asked=arguments.network)
    return _answering(arguments, policy)


def _line(label: str, text: str) -> None:
    """Write a label and what is to say, broken into lines of at most 100 columns."""
    for line in textwrap.wrap(text, WIDTH - LABEL):
        write(f"{label:<{LABEL}}{line}\n")
        label = ""


def _system() -> None:
    _line("llmroute", __version__)
    python = f"{platform.python_version()} ({platform.python_implementation()})"
    _line("python", f"{python} on {platform.system()} {platform.release()}, {platform.machine()}")


def _processors() -> None:
    from llmroute.providers.llama_cpp.threads import cpu_quota, usable_threads

    counts = [f"{os.cpu_count()} in the machine"]
    if sys.platform == "linux":
        quota = cpu_quota()
        counts.append(f"{len(os.sched_getaffinity(0))} by affinity")
        counts.append("no quota" if quota is None else f"quota of {quota:g}")
    _line("processors", f"{', '.join(counts)}; threads for local models: {usable_threads()}")


def _packages() -> None:
    from importlib.metadata import PackageNotFoundError, version

    found: list[str] = []
    missing: list[str] = []
    for name in (*CORE, *OPTIONAL):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    _line("packages", ", ".join(found))
    if missing:
        _line("", f"not installed: {', '.join(missing)}")


def _engine() -> None:
    from llmroute.providers.llama_cpp.availability import missing_package
    from llmroute.providers.llama_cpp.bindings import engine_build

    missing = missing_package()
    if missing:
        _line("engine", missing)
        return
    try:
        build = engine_build()
    except AttemptError as error:
        _line("engine", error.fault.reason)
        return
    offload = "GPU offload" if build.gpu_offload else "CPU only: this build has no GPU offload"
    _line("engine", f"llama-cpp-python {build.version}, {offload}")
    _line("", build.system)


def _starter() -> None:
    """The model that a package carries, so that something answers without any set-up."""
    from llmroute.catalog import model as declare
    from llmroute.catalog import resolve

    entry = provider("llama-cpp")
    for id_, known in entry.models.items() if entry else ():
        if known.package is not None:
            weights = resolve(declare("starter", use=f"llama-cpp/{id_}")).weights
            missing = weights.missing if weights else None
            _line("starter", f"{id_}: {missing or 'found'}")


def _vocabularies(folder: str | None) -> None:
    """Which prompts can be counted exactly."""
    label = "counts"
    for name, state in states(folder).items():
        _line(label, f"{name}: {state}")
        label = ""


def _keys(models: tuple[Model, ...]) -> None:
    """Which variables hold a key that could be sent; never the key."""
    names = [model.endpoint.key_name for model in models if model.endpoint is not None]
    found = [name for name in dict.fromkeys([*names, *_set_here()]) if name is not None]
    if not found:
        _line("keys", "the policy needs none, and no provider's variable is set")
    label = "keys"
    for name in found:
        _line(label, _key_state(name, os.environ.get(name)))
        label = ""


def _set_here() -> Iterator[str]:
    """The variables of the catalog's providers that are set."""
    for name in provider_names():
        entry = provider(name)
        if entry is not None and entry.key_env is not None and entry.key_env in os.environ:
            yield entry.key_env


def _key_state(name: str, value: str | None) -> str:
    if value is None:
        return f"{name} is not set"
    return flaw(value, name) or f"{name} is set"


def _answering(arguments: Arguments, policy: PolicyFile) -> int:
    """Show who can answer by this policy."""
    with Client(arguments.policy) as client:
        plan = ready(client, [model.name for model in policy.models])
    _line("policy", f"{place_of(policy)}, {summary(policy)}")
    for candidate in plan.candidates:
        _line("ready", candidate.model.name)
    for refusal in plan.refused:
        _line("not ready", f"{refusal.model.name}: {refusal.reason}")
    return 0 if plan.candidates else NO_MODEL


def _network(policy: PolicyFile, *, asked: bool) -> None:
    """Resolve the hosts of the policy, if asked to; nothing is connected to."""
    hosts = hosts_of(policy.models)
    if not hosts:
        _line("network", "the policy names no host")
    elif policy.offline_mode == "always":
        _line("network", "not used: [offline] mode is always")
    elif not asked:
        _line("network", f"not checked; --network resolves {', '.join(hosts)}")
    else:
        by_proxy = proxied(hosts)
        direct = [host for host in hosts if host not in by_proxy]
        for host, state in (*by_proxy.items(), *resolved(direct, RESOLVING_S).items()):
            _line("network", f"{host} {state}")
