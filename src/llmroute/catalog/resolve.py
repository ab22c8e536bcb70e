"""Declarations become models: the catalog's facts, overridden by what was declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import PolicyError
from llmroute.errors.problems import nearest
from llmroute.errors.reading import collector
from llmroute.types.models import Endpoint, Model
from llmroute.types.usage import FREE

from . import advice
from .describe import described
from .entries import provider
from .keys import key_problem
from .urls import address, is_loopback
from .weights import local_model

if TYPE_CHECKING:
    from llmroute.errors import Problem
    from llmroute.errors.reading import Report

    from .declarations import Declaration
    from .describe import Tell
    from .entries import ModelEntry, ProviderEntry
    from .urls import Address

LOCAL_OPTIONS = ("file", "template", "gpu_layers", "threads")
SERVER_OPTIONS = ("base_url", "model", "key_env", "local")


def resolve(declaration: Declaration) -> Model:
    """Make a model of a declaration.

    Raises:
        PolicyError: provider or model are unknown, or options do not fit; all problems at once.
    """
    problems: list[Problem] = []
    report = collector("llmroute.model", problems)
    # Who calls a model by its id has declared nothing, and can pass no provider with it.
    declared = declaration.name != declaration.use
    model = build(declaration, report, (declaration.name,), in_code=declared)
    if model is None or problems:
        raise PolicyError(problems)
    return model


def build(
    declaration: Declaration, report: Report, path: tuple[str, ...], *, in_code: bool = False
) -> Model | None:
    """Make a model of a declaration that stands at `path`; None, and problems, when it is wrong.

    Hints mention what only code can say if it stands `in_code`.
    """
    found = False

    def tell(option: str, what: str, hint: str = "") -> None:
        nonlocal found
        found = True
        report((*path, option) if option else path, what, hint)

    model: Model | None
    if declaration.provider is not None:
        model = _own(declaration)
    elif declaration.use == "openai-compatible":
        model = _compatible(declaration, tell)
    else:
        model = _cataloged(declaration, tell, in_code=in_code)
    return None if found else model


def _cataloged(declaration: Declaration, tell: Tell, *, in_code: bool) -> Model | None:
    name, slash, id_ = declaration.use.partition("/")
    entry = provider(name)
    if entry is None or name == "openai-compatible":
        hint = advice.for_use(declaration.use, in_code=in_code)
        what = f"there is no provider {name!r}"
        tell("use", "the catalog has no models of servers" if entry else what, hint)
        return None
    known = entry.models.get(id_)
    if slash and known is None:
        tell("use", f"the catalog has no model {id_!r} of {entry.name}", advice.for_id(id_, entry))
        return None
    if entry.local:
        _unfit(declaration, SERVER_OPTIONS, f"{name} models", tell)
        return local_model(declaration, entry, known, tell)
    if known is None:
        tell("use", "it names no model", f'Write "{name}/MODEL"; {nearest("", entry.models)}')
        return None
    _unfit(declaration, (*LOCAL_OPTIONS, *SERVER_OPTIONS), f"{name} models", tell)
    return _remote(declaration, entry, known)


def _unfit(declaration: Declaration, options: tuple[str, ...], whom: str, tell: Tell) -> None:
    """Report options that a kind of model has no use for."""
    for option in options:
        if getattr(declaration, option) is None:
            continue
        hint = "The key comes from the provider's own variable" if option == "key_env" else ""
        if option in {"base_url", "model"}:
            hint = 'For another server write use = "openai-compatible"'
        tell(option, f"{whom} take no {option}", hint)


def _remote(declaration: Declaration, entry: ProviderEntry, known: ModelEntry) -> Model:
    base_url = entry.base_url or ""
    return described(
        declaration,
        known,
        Model(
            name=declaration.name,
            provider=entry.id,
            upstream_id=known.id,
            api=known.api,
            endpoint=Endpoint(
                base_url=base_url,
                origin=address(base_url).origin,
                wire_model=known.id,
                key_name=_key_name(declaration, entry.key_env),
                parameters=known.parameters,
                max_tokens_parameter=known.max_tokens_parameter,
            ),
            price=declaration.price or known.price,
            host_terms=entry.host_terms,
        ),
    )


def _key_name(declaration: Declaration, variable: str | None) -> str | None:
    return variable if declaration.key is None else f"the key of model {declaration.name!r}"


def _own(declaration: Declaration) -> Model:
    """A model that a provider object of the application's own answers for."""
    local = declaration.local or False
    return described(
        declaration,
        None,
        Model(
            name=declaration.name,
            provider=declaration.use,
            upstream_id=declaration.model or declaration.name,
            api="custom",
            local=local,
            price=declaration.price or (FREE if local else None),
        ),
    )


def _compatible(declaration: Declaration, tell: Tell) -> Model | None:
    entry = provider("openai-compatible")
    _unfit(declaration, LOCAL_OPTIONS, "models of a server", tell)
    server = _server(declaration, tell)
    if declaration.model is None:
        tell("", 'use = "openai-compatible" needs model, the name on the wire')
    if entry is None or server is None or declaration.model is None:
        return None
    return described(
        declaration,
        None,
        Model(
            name=declaration.name,
            provider=entry.id,
            upstream_id=declaration.model,
            api=entry.api,
            local=declaration.local or False,
            endpoint=Endpoint(
                base_url=server.base_url,
                origin=server.origin,
                wire_model=declaration.model,
                key_name=_key_name(declaration, declaration.key_env),
                parameters=entry.parameters,
                max_tokens_parameter=entry.max_tokens_parameter,
            ),
            price=declaration.price,
        ),
    )


def _check_key(variable: str | None, origin: str | None, tell: Tell) -> None:
    """Check that `key_env` names a variable whose key may go to `origin`; None: not known."""
    wrong = key_problem(variable, origin) if variable is not None else None
    if wrong is not None:
        tell("key_env", wrong, "Put this server's key into a variable of its own")


def _server(declaration: Declaration, tell: Tell) -> Address | None:
    """Check where a server is, and which key goes there."""
    if declaration.base_url is None:
        tell("", 'use = "openai-compatible" needs base_url, such as "http://127.0.0.1:8000/v1"')
        _check_key(declaration.key_env, None, tell)
        return None
    try:
        server = address(declaration.base_url)
    except ValueError as error:
        tell("base_url", str(error))
        _check_key(declaration.key_env, None, tell)
        return None
    _check_key(declaration.key_env, server.origin, tell)
    if declaration.local and not is_loopback(server.origin):
        tell("local", f"{server.origin} is not on this machine")
    return server
