"""Which provider answers for which model; each is opened when first needed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, cast

from llmroute.catalog.collection import BUILT_IN
from llmroute.driver.hooks import guarded
from llmroute.errors import AttemptError
from llmroute.types.calls import (
    SupportsAclose,
    SupportsAvailability,
    SupportsClose,
    SupportsFileTerms,
    SupportsWindow,
)
from llmroute.types.frozen import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llmroute.catalog.collection import Catalog
    from llmroute.providers.wire import Codec
    from llmroute.types.calls import FileTerms, Provider
    from llmroute.types.models import Model


class Registry:
    """Providers by model name (the application's own) and by API (ours); closed with the client."""

    def __init__(
        self,
        own: Mapping[str, Provider],
        http_client: object | None,
        catalog: Catalog = BUILT_IN,
    ) -> None:
        """`own` are the application's providers; they are used, never closed.

        `catalog` knows who speaks the APIs that installed packages brought.
        """
        self._catalog = catalog
        self._own = dict(own)
        self._http_client = http_client
        self._opened: dict[str, Provider] = {}
        self._asked: dict[str, Callable[[Model], str | None]] = {}
        self._seen: dict[str, tuple[Model, int | None, FileTerms | None, Model]] = {}
        self._lock = threading.Lock()

    def provider(self, model: Model) -> Provider:
        """The provider that answers for `model`."""
        found = self._own.get(model.name) or self._opened.get(model.api)
        if found is not None:
            return found
        with self._lock:
            if model.api not in self._opened:
                self._opened[model.api] = self._open(model.api)
            return self._opened[model.api]

    def unavailable(self, model: Model) -> str | None:
        """Say why `model` cannot answer now; None when it can."""
        ask = self._asked.get(model.name)
        if ask is None:
            provider = self.provider(model)
            ask = provider.unavailable if isinstance(provider, SupportsAvailability) else _ready
            self._asked[model.name] = ask
        return ask(model)

    def with_file(self, model: Model) -> Model:
        """`model` with what its file says: the window, if none was declared, and the license."""
        provider = self.provider(model)
        window = model.context_tokens
        if window is None and isinstance(provider, SupportsWindow):
            window = provider.context_tokens(model)
        stated = provider.file_terms(model) if isinstance(provider, SupportsFileTerms) else None
        seen = self._seen.get(model.name)
        if seen is not None and seen[:3] == (model, window, stated):
            return seen[3]
        made = model if window is None else replace(model, context_tokens=window)
        if stated is not None:
            from .file_terms import with_terms

            made = with_terms(made, stated)
        self._seen[model.name] = (model, window, stated, made)
        return made

    def close(self) -> None:
        """Close what was opened here."""
        for provider in self._drain():
            if isinstance(provider, SupportsClose):
                provider.close()

    async def aclose(self) -> None:
        """Close what was opened here, the event loop's part included."""
        for provider in self._drain():
            if isinstance(provider, SupportsAclose):
                await provider.aclose()
            elif isinstance(provider, SupportsClose):
                provider.close()

    def _drain(self) -> list[Provider]:
        with self._lock:
            opened = list(self._opened.values())
            self._opened.clear()
        return opened

    def _open(self, api: str) -> Provider:
        from llmroute.providers import open_provider

        opens = self._catalog.opens(api)
        if opens is None:
            return open_provider(api, self._http_client)
        return speaker(guarded(opens, api), api, self._http_client)


def _ready(model: Model) -> None:
    """A provider that does not tell is always ready."""


def speaker(brought: object, api: str, http_client: object | None) -> Provider:
    """The provider that a package brought, or one that speaks its codec.

    Raises:
        AttemptError: it is neither.
    """
    if all(callable(getattr(brought, name, None)) for name in ("events", "aevents")):
        return cast("Provider", brought)
    if all(callable(getattr(brought, name, None)) for name in ("encode", "decoder", "failure")):
        from llmroute.providers.http_provider import HttpProvider
        from llmroute.providers.transport import Transport

        return HttpProvider(cast("Codec", brought), Transport(http_client))
    kind = type(brought).__name__
    raise AttemptError("provider_bug", f"{api} gave {kind}, neither a codec nor a provider")
