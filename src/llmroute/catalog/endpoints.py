"""Where a model of a provider is reached, and which key goes there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llmroute.errors.problems import nearest
from llmroute.types.models import Endpoint
from llmroute.types.secrets import Secret

from .keys import key_problem, on_origins
from .urls import address, is_loopback
from .words import PLACES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .declarations import Declaration
    from .describe import Tell
    from .entries import ModelEntry, ProviderEntry
    from .urls import Address

PLACE = r"\{([a-z_]+)(\??)\}"
"""What a declaration fills in: {resource}; a query of {api_version?} is left out without it."""
SEGMENT = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
"""A model's name that may stand in a path: it is one segment, and never climbs."""


def places_in(text: str) -> list[tuple[str, str]]:
    """What is in braces in a text, and its mark "?"; most addresses have nothing in braces."""
    return re.findall(PLACE, text) if "{" in text else []


def places_of(entry: ProviderEntry) -> tuple[str, ...]:
    """What a declaration may fill in for this provider, in the order of its file."""
    texts = [entry.base_url or "", *(url for _, url in entry.regions), *dict(entry.query).values()]
    found = [place for text in texts for place, _ in places_in(text)]
    found += ["region"] if entry.regions else []
    return tuple(dict.fromkeys(place for place in found if place in PLACES))


def remote_endpoint(
    declaration: Declaration, entry: ProviderEntry, known: ModelEntry, tell: Tell
) -> Endpoint | None:
    """The endpoint of a hosted model; None, and problems, when its address lacks something."""
    values: dict[str, str | None] = {name: getattr(declaration, name) for name in places_of(entry)}
    if re.fullmatch(SEGMENT, known.id):
        values["model"] = known.id
    template = _template(declaration, entry, tell)
    wanted = (template or "", *dict(entry.query).values())
    if template is None or _missing(wanted, values, entry, tell):
        return None
    host = _host(_fill(template, values), entry, tell)
    if host is None:
        return None
    key_env = _replicas_key(declaration, host, tell) or entry.key_env
    return endpoint_at(host, entry, known, declaration, key_env=key_env)


def _replicas_key(declaration: Declaration, host: Address, tell: Tell) -> str | None:
    """The variable of a replica's own key, which may be no other provider's."""
    if declaration.key_env is not None:
        _check_key(declaration.key_env, host.origin, tell)
    return declaration.key_env


def _host(base_url: str, entry: ProviderEntry, tell: Tell) -> Address | None:
    """Check an address that was filled in: it must be on an origin of the provider."""
    try:
        host = address(base_url)
    except ValueError as error:
        tell("use", f"the address of {entry.name} cannot be used: {error}")
        return None
    if on_origins(host.origin, entry.origins):
        return host
    tell("use", f"the base URL of {entry.name} is not on its own origins")
    return None


def _template(declaration: Declaration, entry: ProviderEntry, tell: Tell) -> str | None:
    """The base URL before it is filled in: that of the region, if the provider lists any."""
    if not entry.regions or declaration.region is None:
        if entry.base_url is None:
            tell("", f"{entry.name} needs region", _known(entry))
        return entry.base_url
    found = dict(entry.regions).get(declaration.region)
    if found is None:
        hint = nearest(declaration.region, dict(entry.regions))
        tell("region", f"{entry.name} has no region {declaration.region!r}", hint)
    return found


def _known(entry: ProviderEntry) -> str:
    return nearest("", dict(entry.regions))


def _missing(
    texts: Iterable[str], values: dict[str, str | None], entry: ProviderEntry, tell: Tell
) -> bool:
    """Report what was not filled in; whether there is any."""
    places = [place for text in texts for place, mark in places_in(text) if not mark]
    missing = [place for place in dict.fromkeys(places) if values.get(place) is None]
    for place in missing:
        if place == "model":
            tell("use", "the model's name cannot stand in an address")
        else:
            tell("", f"{entry.name} needs {place}: its address is {entry.base_url}")
    return bool(missing)


def _fill(template: str, values: dict[str, str | None]) -> str:
    if "{" not in template:
        return template
    return re.sub(PLACE, lambda match: values.get(match[1]) or "", template)


def endpoint_at(
    host: Address,
    entry: ProviderEntry,
    known: ModelEntry,
    declaration: Declaration,
    *,
    key_env: str | None,
) -> Endpoint:
    """The endpoint at an address."""
    as_token = entry.bearer_functions and not isinstance(declaration.key, Secret | None)
    return Endpoint(
        base_url=host.base_url,
        origin=host.origin,
        wire_model=known.id,
        key_name=key_env if declaration.key is None else f"the key of model {declaration.name!r}",
        parameters=known.parameters,
        max_tokens_parameter=known.max_tokens_parameter,
        key_header="authorization" if as_token else entry.key_header,
        key_prefix="Bearer " if as_token else entry.key_prefix,
        headers=entry.headers,
        query=tuple(_query(entry, declaration)),
        rejects_when_reasoning=known.rejects_when_reasoning,
        quirks=known.quirks.union(declaration.quirks or ()),
    )


def _query(entry: ProviderEntry, declaration: Declaration) -> Iterator[tuple[str, str]]:
    """The query of every request; a part that nobody filled in is left out."""
    values: dict[str, str | None] = {name: getattr(declaration, name) for name in PLACES}
    for name, text in entry.query:
        if all(values.get(place) for place, _ in places_in(text)):
            yield name, _fill(text, values)


def server_endpoint(
    declaration: Declaration, entry: ProviderEntry, known: ModelEntry | None, tell: Tell
) -> Endpoint | None:
    """The endpoint of a server that the user runs; None, and problems, when it is wrong."""
    host = _server(declaration, entry, tell)
    if known is None or host is None:
        return None
    return endpoint_at(host, entry, known, declaration, key_env=declaration.key_env)


def _server(declaration: Declaration, entry: ProviderEntry, tell: Tell) -> Address | None:
    """Check where a server is, and which key goes there."""
    base_url = declaration.base_url or entry.base_url
    if base_url is None:
        tell("", f'use = "{entry.id}" needs base_url, such as "http://127.0.0.1:8000/v1"')
        _check_key(declaration.key_env, None, tell)
        return None
    try:
        server = address(base_url)
    except ValueError as error:
        tell("base_url", str(error))
        _check_key(declaration.key_env, None, tell)
        return None
    _check_key(declaration.key_env, server.origin, tell)
    if declaration.local and not is_loopback(server.origin):
        tell("local", f"{server.origin} is not on this machine")
    return server


def _check_key(variable: str | None, origin: str | None, tell: Tell) -> None:
    """Check that `key_env` names a variable whose key may go to `origin`; None: not known."""
    wrong = key_problem(variable, origin) if variable is not None else None
    if wrong is not None:
        tell("key_env", wrong, "Put this server's key into a variable of its own")
