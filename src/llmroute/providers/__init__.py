"""How to talk to a provider: codecs and a transport for HTTP, an engine for local models."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, cast

from llmroute.errors import RequestError
from llmroute.errors.problems import nearest

from . import codecs

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.calls import Provider

    from .wire import Codec

__all__ = ["HTTP_APIS", "LOCAL_API", "open_client", "open_codec", "open_provider"]


def _modules(folder: str) -> list[str]:
    """Name the modules of `codecs`."""
    try:
        files = os.listdir(folder)
    except OSError:
        from pkgutil import iter_modules  # the package is inside an archive

        return [one.name for one in iter_modules([folder])]
    return [file[:-3] for file in files if file.endswith(".py") and file[0].isalpha()]


HTTP_APIS = tuple(sorted(one.replace("_", "-") for one in _modules(codecs.__path__[0])))
"""The wire APIs that `open_codec` knows: the modules of `codecs`."""
LOCAL_API = "llama-cpp"
"""The API of models that run in this process."""


def open_codec(api: str) -> Codec:
    """Make the codec of a wire API; raises RequestError for an unknown one."""
    if api not in HTTP_APIS:
        raise RequestError(f"{api!r} is not an API", where="api", hint=nearest(api, HTTP_APIS))
    module = import_module(f".{api.replace('-', '_')}", codecs.__name__)
    return cast("Callable[[], Codec]", module.CODEC)()


def open_provider(api: str, http_client: object | None = None) -> Provider:
    """Make the provider for an API; raises RequestError for an unknown one.

    `http_client` is an `httpx2` or `httpx` client of the application's; None: connections of ours.
    """
    if api == LOCAL_API:
        from .llama_cpp import LlamaCppProvider

        return LlamaCppProvider()
    from .http_provider import HttpProvider
    from .transport import Transport

    return HttpProvider(open_codec(api), Transport(http_client))


def open_client(api: str, client: object) -> Provider:
    """Make the provider that sends by an openai client of the application's own.

    Raises RequestError when `client` is none, or is older than openai 3.
    """
    from .http_provider import HttpProvider
    from .openai_client import engine_over
    from .transport import Transport

    return HttpProvider(open_codec(api), Transport(engine=engine_over(client)))
