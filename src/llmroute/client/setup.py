"""From what the application passes to `Client` to what a client works with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypedDict

from llmroute.catalog.collection import Catalog
from llmroute.catalog.resolve import resolve
from llmroute.errors.problems import nearest
from llmroute.health import Observations
from llmroute.policies.origins import PolicyText, expanded
from llmroute.policies.sections import Detection
from llmroute.providers import HTTP_APIS
from llmroute.types.accept import ACCEPT
from llmroute.types.limits import Limits
from llmroute.types.plans import Facts
from llmroute.types.secrets import Secret
from llmroute.types.tuples import NamedTuple

from .checks import accept_of, check_source, hints_of, limits_of, stand_ins, wrong
from .replicas import each, for_replicas, stood_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from llmroute.catalog.declarations import Declaration, Key
    from llmroute.health.view import Health
    from llmroute.policies.files import PolicyFile
    from llmroute.types.accept import Accept, Draft
    from llmroute.types.calls import Clock, Provider
    from llmroute.types.models import Model
    from llmroute.types.plans import OfflineMode, Policy

    from .backoff import Backoff

    PolicySource = str | Path | Policy


class ClientOptions(TypedDict, total=False):
    """Everything that a client can be given in code; each may be left out.

    catalog: files of providers that llmroute does not know, one TOML file each, and fact files,
        whose facts of models count before the catalog's; as [catalog] files of a policy file.
        Others are looked for in the folder that $LLMROUTE_PROVIDERS names, and in installed
        packages.
    models: declarations made by `llmroute.model(...)`, for a policy in code; without a policy they
        are tried in this order.
    providers: objects of the application that answer in place of models of the policy, by name; for
        tests, `llmroute.testing.ScriptedProvider`. Such a model needs no key, file or package.
    facts: what is true of the application, as under [facts] of a policy file; they replace those.
    hints: hint names and their types (bool, str, int, float), as under [hints].
    limits: times and sizes, as under [limits]: `Limits(...)`, or a mapping of the same names.
    offline: as [offline] mode: "auto", "always" (no socket at all: remote models are refused) or
        "never" (remote models are never refused for that).
    http_client: an `httpx2` or `httpx` client of yours; it is used, and never closed.
    clock: the time; `llmroute.testing.VirtualClock` makes tests instant.
    backoff: seconds to wait after the n-th failure of one model (counted from 1), or any
        `tenacity.wait_*` object; the default is 0.5, 1, 2, 4, 8, 8, ...; half of it is jitter.
    vocabularies: a folder of vocabulary files for exact counts, as under [tokens].
    detect: whether the task of a request is detected that names none, as under [detect]: True for
        every chat, False never; a number from 0 to 1 is the least confidence that counts. Left out,
        it is detected where the policy can use it, and counts from 0.5.
    accept: which whole answers count, as under [accept]: `Accept(...)`, a mapping of the same
        names, or a function that looks at the `Draft` of each answer and returns None or True when
        it counts, else False or why not; another model is asked then.
    observations: a file in which it is kept what was seen of models, as [observations] file; or
        those of another client, to share them: `other.observations`, `llmroute.Observations()`.
    health: what another client remembers of failures, limits and retries, to share it:
        `other.health`.
    """

    catalog: Sequence[str | Path]
    models: Sequence[Declaration]
    providers: Mapping[str, Provider]
    facts: Mapping[str, object]
    hints: Mapping[str, str | type]
    limits: Limits | Mapping[str, object]
    offline: OfflineMode
    http_client: object
    clock: Clock
    backoff: Backoff
    vocabularies: str | Path
    detect: bool | float
    accept: Accept | Mapping[str, object] | Callable[[Draft], str | bool | None]
    observations: str | Path | Observations
    health: Health


class Setup(NamedTuple):
    """What a client works with, resolved; `keys` and `providers` go by the model's name.

    `lent` names the models that openai clients of the application send for. `source` is the text of
    the policy, None when it was made in code. `counts_exactly` says that plans count exactly where
    they can, `vocabularies` names the folder of vocabulary files. `observations` are those of
    another client, a file, or None for some of its own.
    """

    models: tuple[Model, ...]
    policy: Policy
    facts: Facts
    hints: Mapping[str, str]
    limits: Limits
    offline_mode: OfflineMode
    keys: Mapping[str, Callable[[], str]]
    providers: Mapping[str, Provider]
    catalog: Catalog
    lent: frozenset[str]
    source: PolicyText | None = None
    counts_exactly: bool = False
    vocabularies: str | None = None
    detect: Detection = Detection()
    accept: Accept = ACCEPT
    observations: Observations | str | None = None
    health: Health | None = None


def read_setup(source: PolicySource | None, options: ClientOptions) -> Setup:
    """Read the policy and resolve its models; raises PolicyError with every problem found."""
    check_source(source)
    catalog = catalog_of(options.get("catalog", ()))
    if callable(source) or "models" in options:
        file = _in_code(source, options, catalog)
    else:
        file = read_policy(source, catalog)
    setup = _setup(_overridden(file, options), options.get("providers", {}))
    setup = setup._replace(health=options.get("health"))
    given = options.get("observations")
    if given is None:
        return setup
    if isinstance(given, Observations):
        return setup._replace(observations=given)
    return setup._replace(observations=os.path.expanduser(given))


def _setup(file: PolicyFile, providers: Mapping[str, Provider]) -> Setup:
    names = stand_ins(file.declarations, providers)
    keys = {one.name: _key(one.key) for one in each(file.declarations) if one.key is not None}
    clients = _clients(file)
    own = {one.name: one.provider for one in file.declarations if one.provider is not None}
    models = tuple(stood_in(one) if one.name in names else one for one in file.models)
    return Setup(
        models=models,
        policy=file.policy,
        facts=file.facts,
        hints=file.hints,
        limits=file.limits,
        offline_mode=file.offline_mode,
        keys=keys,
        providers={**own, **clients, **providers, **for_replicas(models, providers)},
        catalog=file.catalog,
        lent=frozenset(clients),
        source=_text(file),
        counts_exactly=file.tokens.exact,
        vocabularies=file.tokens.vocabularies,
        detect=_detection(file),
        accept=file.accept,
        observations=file.observations,
    )


def _detection(file: PolicyFile) -> Detection:
    """Where nothing is said, tasks are detected if the policy can use them."""
    if file.detect.task is not None:
        return file.detect
    from llmroute.policies.detecting import uses_task

    return file.detect._replace(task=True) if uses_task(file.policy) else file.detect


def _text(file: PolicyFile) -> PolicyText | None:
    return PolicyText(file.text, file.name) if file.text else None


def _clients(file: PolicyFile) -> dict[str, Provider]:
    """What sends by openai clients of the application's own, by the model's name."""
    clients = {one.name: one.client for one in file.declarations if one.client is not None}
    if not clients:
        return {}
    from llmroute.providers import open_client

    return {
        model.name: open_client(model.api, clients[model.name])
        for model in file.models
        if model.name in clients
    }


def _overridden(file: PolicyFile, options: ClientOptions) -> PolicyFile:
    """Lay what was given in code over what the file says."""
    if "facts" in options:
        from llmroute.policies.facts import facts as facts_of

        file = file._replace(facts=facts_of(options["facts"]))
    if "hints" in options:
        file = file._replace(hints=hints_of(options["hints"]))
    if "limits" in options:
        file = file._replace(limits=limits_of(options["limits"]))
    if "offline" in options:
        file = file._replace(offline_mode=options["offline"])
    if "accept" in options:
        file = file._replace(accept=accept_of(options["accept"], file.accept))
    return _with_detection(file, options)


def _with_detection(file: PolicyFile, options: ClientOptions) -> PolicyFile:
    """Lay what was given of detection and vocabularies over what the file says."""
    if "detect" in options:
        given = options["detect"]
        least = Detection().min_confidence if isinstance(given, bool) else float(given)
        file = file._replace(detect=Detection(given is not False, least))
    if "vocabularies" in options:
        folder = os.path.expanduser(options["vocabularies"])
        file = file._replace(tokens=file.tokens._replace(vocabularies=folder))
    return file


def _in_code(source: PolicySource | None, options: ClientOptions, catalog: Catalog) -> PolicyFile:
    """What a policy file would have said; a policy in code needs models in code."""
    from llmroute.policies import order
    from llmroute.policies.branching import named_models
    from llmroute.policies.files import PolicyFile

    if source is not None and not callable(source):
        hint = "Name the file, or pass models and a policy of llmroute.policies"
        raise wrong("models", "models in code go with a policy in code", hint)
    declared = _declared(options)
    names = [one.name for one in declared]
    policy = order(*names) if source is None else source
    unknown = sorted(named_models(policy) - set(names))
    if unknown:
        what = f"the policy names {unknown[0]!r}, but no such model is declared"
        raise wrong("models", what, nearest(unknown[0], names))
    models = tuple(resolve(one, catalog) for one in declared)
    return PolicyFile(None, Facts(), {}, Limits(), "auto", declared, models, policy, catalog)


def _declared(options: ClientOptions) -> tuple[Declaration, ...]:
    declared = tuple(options.get("models", ()))
    names = [one.name for one in declared]
    if not names:
        hint = "Client(policy, models=[llmroute.model(...)])"
        raise wrong("models", "a policy made in code needs models", hint)
    names = [one.name for one in each(declared)]
    if len(set(names)) < len(names):
        raise wrong("models", "two models have the same name", f"The names are {', '.join(names)}")
    return declared


def read_policy(source: str | Path | None, catalog: Catalog | None = None) -> PolicyFile:
    """Read the named file, $LLMROUTE_POLICY, the one found upward, or the built-in default.

    A string without folder and suffix may be the name of a ready-made policy ("cheapest").

    `catalog` knows the providers; by default that is `catalog_of()`.

    Raises:
        PolicyError: it cannot be read, or something in it is wrong.
    """
    from llmroute.policies.files import default_policy, load_policy, ready_made
    from llmroute.policies.finding import find_policy

    known = catalog_of() if catalog is None else catalog
    named = source if source is not None else os.environ.get("LLMROUTE_POLICY") or None
    if named is not None:
        made = ready_made(named, known) if isinstance(named, str) else None
        return made or load_policy(os.path.expanduser(named), catalog=known)
    from pathlib import Path

    found = find_policy(Path.cwd())
    return default_policy(known) if found is None else load_policy(found, found=True, catalog=known)


def catalog_of(files: Sequence[str | Path] = ()) -> Catalog:
    """The providers that llmroute knows, those of `files`, and where others are looked for.

    Raises:
        PolicyError: something in the files is wrong; all problems at once.
    """
    from .packages import find_extension

    folder = os.environ.get("LLMROUTE_PROVIDERS")
    return Catalog(
        [expanded(os.fspath(file)) for file in files],
        folder=expanded(folder) if folder else None,
        extension=find_extension,
        apis=HTTP_APIS,
    )


def _key(key: Key) -> Callable[[], str]:
    return key.reveal if isinstance(key, Secret) else key
