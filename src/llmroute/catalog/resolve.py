"""Declarations become models: the catalog's facts, overridden by what was declared."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from llmroute.errors import PolicyError
from llmroute.errors.problems import nearest, sentences
from llmroute.errors.reading import collector
from llmroute.types.models import Model

from . import advice
from .collection import BUILT_IN
from .describe import declared_price, described, hosted
from .endpoints import places_of, remote_endpoint, server_endpoint
from .openai_clients import client_model
from .words import PLACES

if TYPE_CHECKING:
    from llmroute.errors import Problem
    from llmroute.errors.reading import Report
    from llmroute.types.prices import Price

    from .collection import Catalog
    from .declarations import Declaration
    from .describe import Tell
    from .entries import ModelEntry, ProviderEntry

LOCAL_OPTIONS = ("file", "template", "gpu_layers", "threads")
SERVER_OPTIONS = ("base_url", "model", "key_env", "local")


def resolve(declaration: Declaration, catalog: Catalog = BUILT_IN) -> Model:
    """Make a model of a declaration; `catalog` knows the providers, by default the package's own.

    Raises:
        PolicyError: provider or model are unknown, or options do not fit; all problems at once.
    """
    problems: list[Problem] = []
    report = collector("llmroute.model", problems)
    # Who calls a model by its id has declared nothing, and can pass no provider with it.
    declared = declaration.name != declaration.use
    path = (declaration.name,)
    model = build(declaration, report, path, in_code=declared, catalog=catalog)
    if model is None or problems:
        raise PolicyError(problems)
    return model


def build(
    declaration: Declaration,
    report: Report,
    path: tuple[str, ...],
    *,
    in_code: bool = False,
    catalog: Catalog = BUILT_IN,
) -> Model | None:
    """Make a model of a declaration that stands at `path`; None, and problems, when it is wrong.

    Hints mention what only code can say if it stands `in_code`.

    Raises:
        PolicyError: the file of its provider is wrong.
    """
    if declaration.replicas:
        from .replicas import resolved

        one = partial(build, in_code=in_code, catalog=catalog)
        return resolved(declaration, path, lambda inner, place: one(inner, report, place), report)
    if declaration.client is not None:
        again = partial(build, report=report, path=path, in_code=True, catalog=catalog)
        return client_model(declaration, report, path, again)
    found = False

    def tell(option: str, what: str, hint: str = "") -> None:
        nonlocal found
        found = True
        report((*path, option) if option else path, what, hint)

    model: Model | None
    if declaration.provider is not None:
        model = _own(declaration)
    else:
        model = _cataloged(declaration, tell, catalog, in_code=in_code)
    if model is not None and declaration.service_tier is not None:
        from .pricing import with_tier

        model = with_tier(model, declaration, tell)
    return None if found else model


def _cataloged(
    declaration: Declaration, tell: Tell, catalog: Catalog, *, in_code: bool
) -> Model | None:
    name, slash, id_ = declaration.use.partition("/")
    entry = catalog.provider(name)
    if entry is None:
        hint = advice.for_use(declaration.use, catalog.names(), in_code=in_code)
        tell("use", f"there is no provider {name!r}", hint)
        return None
    if entry.server:
        return _served(declaration, entry, id_, tell)
    known = entry.model(id_)
    if slash and known is None:
        tell("use", f"the catalog has no model {id_!r} of {entry.name}", advice.for_id(id_, entry))
        return None
    if entry.local:
        unfit = (*SERVER_OPTIONS, *PLACES, "cache", "quirks", "host_terms")
        _unfit(declaration, unfit, f"{name} models", tell)
        from .weights import local_model  # policies of remote models only need no paths

        return local_model(declaration, entry, known, tell)
    if known is None:
        listed = nearest("", entry.models) if entry.models else ""
        tell("use", "it names no model", sentences(f'Write "{name}/MODEL"', listed))
        return None
    return _remote(declaration, entry, known, tell)


def _unfit(declaration: Declaration, options: tuple[str, ...], whom: str, tell: Tell) -> None:
    """Report options that a kind of model has no use for."""
    for option in options:
        if getattr(declaration, option) is None:
            continue
        if option == "key_env" and declaration.replica:  # a second key of the same provider
            continue
        hint = "The key comes from the provider's own variable" if option == "key_env" else ""
        if option == "host_terms":
            hint = "Its contract is known; a permission of your own goes under [facts.granted]"
        if option in {"base_url", "model"}:
            hint = 'For another server write use = "openai-compatible"'
        tell(option, f"{whom} take no {option}", hint)


def _remote(
    declaration: Declaration, entry: ProviderEntry, known: ModelEntry, tell: Tell
) -> Model | None:
    """A model that a provider hosts."""
    _unfit(declaration, _unfit_at(entry), f"{entry.id} models", tell)
    _check_cache(declaration, entry, known, tell)
    _check_embeds(declaration, tell)
    speaks_alone = entry.base_url is None and not entry.regions
    endpoint = None if speaks_alone else remote_endpoint(declaration, entry, known, tell)
    if endpoint is None and not speaks_alone:
        return None
    return described(
        declaration,
        hosted(known, entry, declaration),
        Model(
            name=declaration.name,
            provider=entry.id,
            upstream_id=known.id,
            api=known.api,
            endpoint=endpoint,
            price=declaration.price or _price(declaration, entry, known),
            host_terms=entry.host_terms,
        ),
    )


def _unfit_at(entry: ProviderEntry) -> tuple[str, ...]:
    """Options that a host has no use for: its contract, or the quirks of all models, are known."""
    taken = places_of(entry)
    places = (place for place in PLACES if place not in taken)
    quirks = () if entry.any_model else ("quirks",)
    terms = () if entry.host_terms is None else ("host_terms",)
    return (*LOCAL_OPTIONS, *SERVER_OPTIONS, *places, *quirks, *terms)


def _check_embeds(declaration: Declaration, tell: Tell) -> None:
    """Refuse a hosted model that answers and embeds: each has an address of its own."""
    abilities = declaration.abilities or ()
    if "embed" in abilities and len(abilities) > 1:
        hint = 'Declare two models of it, one with abilities = ["embed"]'
        tell("abilities", "a model of a server either embeds or answers", hint)


def _price(declaration: Declaration, entry: ProviderEntry, known: ModelEntry) -> Price | None:
    """The catalog's price; in a region, where some hosts ask for more, only if that is known."""
    if known.price is None or not (entry.regions and declaration.region):
        return known.price
    return known.price.in_region()


def _check_cache(
    declaration: Declaration, entry: ProviderEntry, known: ModelEntry, tell: Tell
) -> None:
    if declaration.cache is None or declaration.cache in known.cache:
        return
    hint = "Its server caches by itself, or not at all; leave it out"
    if known.cache:
        hint = nearest("", known.cache)
    tell("cache", f"{entry.id} models take no cache of {declaration.cache!r}", hint)


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
            price=declared_price(declaration),
        ),
    )


def _served(declaration: Declaration, entry: ProviderEntry, id_: str, tell: Tell) -> Model | None:
    """A model of a server that the user runs; it is named after the slash, or by `model`."""
    _unfit(declaration, (*LOCAL_OPTIONS, *PLACES), "models of a server", tell)
    known = entry.model(id_ or declaration.model or "")
    endpoint = server_endpoint(declaration, entry, known, tell)
    if known is None:
        tell("", f'use = "{entry.id}" needs model, the name on the wire')
    elif declaration.model not in (None, known.id):
        tell("model", f"use already names the model {known.id!r}", "Leave one of them out")
    if known is None or endpoint is None:
        return None
    _check_cache(declaration, entry, known, tell)
    _check_embeds(declaration, tell)
    return described(
        declaration,
        known,
        Model(
            name=declaration.name,
            provider=entry.id,
            upstream_id=known.id,
            api=known.api,
            local=declaration.local or False,
            endpoint=endpoint,
            price=declared_price(declaration),
        ),
    )


def on_fixed_origin(model: Model, catalog: Catalog) -> bool:
    """Whether a model's host is one that the catalog names, not one that was declared."""
    entry = catalog.provider(model.provider)
    if entry is None or model.endpoint is None:
        return False
    return model.endpoint.origin in entry.origins
