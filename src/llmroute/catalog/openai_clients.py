"""Models that the application's own openai client sends for: whose it is, and where it leads.

The client is recognized by its class; openai is never imported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from llmroute.errors.reading import kind_of
from llmroute.types.frozen import replace
from llmroute.types.models import Endpoint

from .describe import AT_HOME, declared_price
from .endpoints import places_of
from .entries import provider
from .urls import DEFAULT_PORTS, Address, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.errors.reading import Report
    from llmroute.types.models import Model

    from .declarations import Declaration

    Build = Callable[[Declaration], Model | None]

COLORS = ("OpenAI", "AsyncOpenAI")
CLIENT_APIS = ("openai-chat", "openai-responses", "openai-embeddings")
"""What an openai client sends."""
NOT_WITH_CLIENT = {
    "key": "The client sends its own key",
    "key_env": "The client sends its own key",
    "base_url": "The client has its own base_url",
    "provider": "One of them answers: leave the other out",
    "resource": "The client has its own base_url",
    "account": "The client has its own base_url",
    "api_version": "The client has its own",
}
ANYWHERE = "https://server.invalid/v1"
"""Stands in for a server's address until the client's own takes its place."""


class OpenAIClient(Protocol):
    """What is asked of an openai client here."""

    @property
    def base_url(self) -> object:
        """Where it sends to."""
        ...


def client_class(client: object) -> str | None:
    """Tell "OpenAI" from "AsyncOpenAI", whose subclasses all others are; None for neither."""
    for one in type(client).__mro__:
        if one.__module__.partition(".")[0] == "openai" and one.__name__ in COLORS:
            return one.__name__
    return None


def client_problem(client: object) -> str | None:
    """Say why an object is no openai client; None when it is one."""
    if isinstance(client, type):
        return f"it must be an object, not the class {client.__name__}"
    if client_class(client) is None:
        return f"it must be a client of the openai package, not {kind_of(client)}"
    return None


def client_model(
    declaration: Declaration, report: Report, path: tuple[str, ...], build: Build
) -> Model | None:
    """Make the model that `declaration` would be without its client, and send it by the client.

    `use` says what the model is, `model` what the client calls it: at Azure, the deployment.
    """
    found = False
    for option, hint in NOT_WITH_CLIENT.items():
        if getattr(declaration, option) is not None:
            found = True
            report((*path, option), f"a model with client takes no {option}", hint)
    address = client_address(declaration.client)
    if address is None:
        report((*path, "client"), "its base_url cannot be read", "")
        return None
    model = build(_bare(declaration))
    return None if found or model is None else _sent(model, declaration, address, report, path)


def _bare(declaration: Declaration) -> Declaration:
    """`declaration` without the client, and with what stands in for the client's address."""
    name, slash, _ = declaration.use.partition("/")
    entry = provider(name)
    server = entry is not None and entry.server
    places = places_of(entry) if entry is not None else ()
    resource, account, version = (
        "client" if place in places else None for place in ("resource", "account", "api_version")
    )
    return declaration._replace(
        client=None,
        provider=None,
        key=None,
        key_env=None,
        host_terms=None,
        local=None,
        price=declared_price(declaration),
        base_url=ANYWHERE if server else None,
        model=declaration.model if server and not slash else None,
        resource=resource,
        account=account,
        api_version=version,
    )


def _sent(
    model: Model,
    declaration: Declaration,
    address: Address,
    report: Report,
    path: tuple[str, ...],
) -> Model | None:
    """`model`, whose requests go where the client sends them."""
    endpoint = model.endpoint
    if endpoint is None or model.api not in CLIENT_APIS:
        report((*path, "client"), f"an openai client does not speak {model.api}", "")
        return None
    wrong = _misplaced(model, declaration, address)
    if wrong is not None:
        report((*path, wrong[0]), wrong[1], "")
        return None
    if endpoint.origin != address.origin:
        model = _elsewhere(model, declaration)
    return replace(
        model,
        local=declaration.local or False,
        endpoint=Endpoint(
            base_url=address.base_url,
            origin=address.origin,
            wire_model=declaration.model or endpoint.wire_model,
            parameters=endpoint.parameters,
            max_tokens_parameter=endpoint.max_tokens_parameter,
            rejects_when_reasoning=endpoint.rejects_when_reasoning,
            quirks=endpoint.quirks,
        ),
    )


def _misplaced(model: Model, declaration: Declaration, address: Address) -> tuple[str, str] | None:
    """The option that does not fit where the client sends to, and why; None: all of them do."""
    if declaration.local and not is_loopback(address.origin):
        return "local", f"{address.origin} is not on this machine"
    at_home = model.endpoint is not None and model.endpoint.origin == address.origin
    if at_home and declaration.host_terms is not None and model.host_terms is not None:
        return "host_terms", f"the contract with {model.provider} is known: {model.host_terms}"
    return None


def _elsewhere(model: Model, declaration: Declaration) -> Model:
    """`model` without what only its own host says: terms, retirement, speed, data handling."""
    return replace(
        model,
        host_terms=declaration.host_terms,
        retires_on=None,
        replaced_by=None,
        speed=declaration.speed,
        handling=declaration.data or (AT_HOME if declaration.local else None),
    )


def client_address(client: object) -> Address | None:
    """Where a client sends to, without credentials and query; None when that cannot be read."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(str(cast("OpenAIClient", client).base_url))
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in DEFAULT_PORTS or not host:
        return None
    origin = f"{parts.scheme}://[{host}]" if ":" in host else f"{parts.scheme}://{host}"
    if port not in (None, DEFAULT_PORTS[parts.scheme]):
        origin += f":{port}"
    return Address(origin + parts.path.rstrip("/"), origin)
