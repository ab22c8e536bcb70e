"""The application's own openai client, in place of our pool.

Our codec writes the body and reads the answer; the client adds its key, its address and what its
kind wants (deployments at Azure, signatures at Bedrock, tokens at Vertex), and sends. It tries
once: trying again is the flow's. It is used by `post`, its documented way to any endpoint, and
recognized by its class; openai is never imported here.

The deadline is as good as the client's time-outs, as for an HTTP client of the application's. The
body of an error status is read by the client.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypedDict, cast

from llmroute.catalog.openai_clients import client_class, client_problem
from llmroute.errors import AttemptError, RequestError, TransportError

from .answers import failed, headers_of
from .foreign import POOL_SHARE, AsyncForeignAnswer, ForeignAnswer, bounded, errors_of, explained

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Unpack

    from .budget import Budget
    from .foreign_clients import Response
    from .wire import HttpRequest

OLDEST = 3
"""Version of openai from which on it stands on httpx2."""
OURS = frozenset({"content-length", "content-type", "user-agent"})
"""Headers that the client writes itself."""


class Options(TypedDict):
    """How one request is sent; `timeout` is an `httpx2.Timeout`."""

    headers: dict[str, str]
    timeout: object
    max_retries: int
    follow_redirects: bool


class Posting(TypedDict):
    """What `post` of an openai client takes; `cast_to` asks for the response as it came."""

    cast_to: object
    body: object
    options: Options
    stream: bool


class Client(Protocol):
    """`openai.OpenAI`."""

    def post(self, path: str, **posting: Unpack[Posting]) -> Response:
        """Send, and wait for status and headers."""
        ...

    def is_closed(self) -> bool:
        """Whether the application closed it."""
        ...


class AsyncClient(Protocol):
    """`openai.AsyncOpenAI`."""

    async def post(self, path: str, **posting: Unpack[Posting]) -> Response:
        """Send, and wait for status and headers."""
        ...

    def is_closed(self) -> bool:
        """Whether the application closed it."""
        ...


class StatusError(Protocol):
    """`openai.APIStatusError`."""

    response: Response


class Raised(NamedTuple):
    """What openai raises: for an error status, for a failed connection, and for all it does."""

    status: type[Exception]
    connection: type[Exception]
    any: type[Exception]


def engine_over(client: object) -> OpenAIPool | AsyncOpenAIPool:
    """Recognize the client; raises RequestError for what is none, or is too old."""
    problem = client_problem(client)
    if problem is not None:
        raise RequestError(problem, where="client")
    module = sys.modules["openai"]
    version = str(getattr(module, "__version__", "0"))
    if not version.partition(".")[0].isdigit() or int(version.partition(".")[0]) < OLDEST:
        raise RequestError(
            f"it is a client of openai {version}; {OLDEST} or later is needed", where="client"
        )
    if client_class(client) == "OpenAI":
        return OpenAIPool(cast("Client", client), module)
    return AsyncOpenAIPool(cast("AsyncClient", client), module)


class OpenAIPool:
    """An openai client for threads, used and never closed."""

    def __init__(self, client: Client, openai: ModuleType) -> None:
        """`openai` is the package that the client is of."""
        self._client = client
        self._raised = raised_by(openai)

    def send(self, request: HttpRequest, budget: Budget, /) -> ForeignAnswer:
        """Send, and wait for status and headers; raises AttemptError."""
        try:
            response = self._client.post(path_of(request, budget), **posting(request, budget))
        except self._raised.status as error:
            response = cast("StatusError", error).response
        except (self._raised.any, *http_errors()) as error:
            raise refused(error, budget, self._raised) from None
        except RuntimeError:
            if not self._client.is_closed():
                raise
            raise closed() from None
        return ForeignAnswer(response, budget, http_errors())

    def close(self) -> None:
        """Leave it open: it belongs to the application."""


class AsyncOpenAIPool:
    """An openai client for tasks, used and never closed."""

    def __init__(self, client: AsyncClient, openai: ModuleType) -> None:
        """`openai` is the package that the client is of."""
        self._client = client
        self._raised = raised_by(openai)

    async def asend(self, request: HttpRequest, budget: Budget, /) -> AsyncForeignAnswer:
        """Send, and wait for status and headers; raises AttemptError."""
        try:
            response = await bounded(
                budget, self._client.post(path_of(request, budget), **posting(request, budget))
            )
        except self._raised.status as error:
            response = cast("StatusError", error).response
        except (self._raised.any, *http_errors()) as error:
            raise refused(error, budget, self._raised) from None
        except RuntimeError:
            if not self._client.is_closed():
                raise
            raise closed() from None
        return AsyncForeignAnswer(response, budget, http_errors())

    def close(self) -> None:
        """Leave it open: it belongs to the application."""


def path_of(request: HttpRequest, budget: Budget) -> str:
    """The path below the client's own address; raises AttemptError for a key of ours."""
    endpoint = budget.call.model.endpoint
    if endpoint is None or budget.call.key is not None:
        raise AttemptError("bad_request", "the openai client sends its own key: leave api_key out")
    return request.url.removeprefix(endpoint.base_url)


def posting(request: HttpRequest, budget: Budget) -> Posting:
    """Say how to send; the body goes as an object, since some clients look for the model in it."""
    httpx2 = sys.modules["httpx2"]  # openai stands on it
    left = budget.left()
    connect = budget.left_to_connect()
    return {
        "cast_to": httpx2.Response,
        "body": json.loads(request.content),
        "options": {
            "headers": {
                name: value
                for name, value in headers_of(budget.call, request)
                if name.lower() not in OURS
            },
            "timeout": httpx2.Timeout(
                connect=connect, read=left, write=left, pool=connect * POOL_SHARE
            ),
            "max_retries": 0,
            "follow_redirects": False,
        },
        "stream": True,
    }


def raised_by(openai: ModuleType) -> Raised:
    """The roots of what the package raises."""
    return Raised(openai.APIStatusError, openai.APIConnectionError, openai.OpenAIError)


def http_errors() -> tuple[type[Exception], ...]:
    """What the HTTP packages that a client may stand on raise."""
    loaded = (sys.modules.get(name) for name in ("httpx2", "httpx"))
    return tuple(error for module in loaded if module is not None for error in errors_of(module))


def refused(error: Exception, budget: Budget, raised: Raised) -> AttemptError:
    """Say why nothing came back; the error's own text may quote headers and is left out."""
    budget.left()
    beneath = error.__cause__
    if isinstance(error, raised.connection) and isinstance(beneath, http_errors()):
        return explained(beneath)
    if not isinstance(error, raised.any):
        return failed(error, ended=True)
    kind = type(error).__name__
    if isinstance(error, raised.connection):
        failure = AttemptError("connect", "the openai client found no connection")
    else:
        failure = AttemptError("bad_key_format", f"the openai client refused to send ({kind})")
    failure.__cause__ = TransportError(kind, failure.fault.reason)
    return failure


def closed() -> AttemptError:
    """Say that the application closed its client; trying again would not open it."""
    return AttemptError("client_closed", "the openai client was closed by the application")
