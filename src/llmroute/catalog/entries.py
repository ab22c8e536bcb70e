"""Entries of the catalog: providers and models, each number with its source."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from llmroute.types.tuples import NamedTuple

from .data import names, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from decimal import Decimal

    from llmroute.types.models import DataHandling, ImageTokens, Score, Speed
    from llmroute.types.prices import Price

    from .layers import Layer


class Source(NamedTuple):
    """Where a number was read, and when."""

    title: str
    url: str
    checked_on: date


class ModelEntry(NamedTuple):
    """What the catalog says of a model; None means: not known.

    `sources` maps a number's name ("price") to where it was read. `package` is the Python package
    that carries `file`, `extra` the extra of llmroute that installs it. `cache` names the lengths
    of life ("5m", "1h") of what is marked for the provider's cache; empty: it takes no marks.
    Vectors of models of one `vector_space` can be compared; they have `dimensions` numbers, and one
    request takes `batch_texts` texts of `batch_tokens` tokens together. `parameters_confirmed` is
    False for a number of parameters that is a rumor; of a mixture of experts,
    `active_parameters_billion` work on each token. `handling` is what becomes of the prompts.
    `weights` names open weights in `providers/weights/*.toml`, whose facts every host shares;
    `base_models` those that these were made of, whose licenses bind as well;
    `said` are the keys of its own table, which come before those.
    """

    id: str
    api: str
    parameters: frozenset[str]
    max_tokens_parameter: str
    abilities: frozenset[str]
    sources: Mapping[str, Source]
    rejects_when_reasoning: frozenset[str] = frozenset()
    quirks: frozenset[str] = frozenset()
    cache: tuple[str, ...] = ()
    vector_space: str | None = None
    dimensions: int | None = None
    batch_texts: int | None = None
    batch_tokens: int | None = None
    family: str | None = None
    tuning: str | None = None
    open_weights: bool | None = None
    tokenizer: str | None = None
    license: str | None = None
    template: str | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    price: Price | None = None
    released: date | None = None
    retires_on: date | None = None
    replaced_by: str | None = None
    package: str | None = None
    file: str | None = None
    extra: str | None = None
    knowledge_cutoff: date | None = None
    parameters_billion: Decimal | None = None
    parameters_confirmed: bool | None = None
    active_parameters_billion: Decimal | None = None
    training_tokens_billion: Decimal | None = None
    languages: tuple[str, ...] = ()
    scores: tuple[Score, ...] = ()
    speed: Speed | None = None
    images: ImageTokens | None = None
    handling: DataHandling | None = None
    weights: str | None = None
    base_models: tuple[str, ...] = ()
    said: frozenset[str] = frozenset()


class ProviderEntry(NamedTuple):
    """What the catalog says of a provider; its key goes to `origins` only.

    `base_url`, `origins` and `query` may hold words in braces, such as {resource}, that a
    declaration fills in. The key goes into the header `key_header` after `key_prefix`; with
    `bearer_functions` a key that a function gives is a token, sent as Authorization: Bearer.
    `headers` and `query` go with every request. `any_model` means that models which the file does
    not list may be named too: `parameters`, `abilities` and the like are theirs. A `server` is
    run by the user: its `base_url` is a default, and its key has a variable of the user's own.
    `regions` maps a region's name to the base URL there. `docs` is where it was read, `checked_on`
    when. `handling` is what becomes of prompts there, `layers` are fact files that speak of it.
    """

    id: str
    name: str
    api: str
    local: bool
    base_url: str | None
    origins: tuple[str, ...]
    key_env: str | None
    parameters: frozenset[str]
    max_tokens_parameter: str
    host_terms: str | None
    models: Mapping[str, ModelEntry]
    key_header: str = "authorization"
    key_prefix: str = "Bearer "
    bearer_functions: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    rejects_when_reasoning: frozenset[str] = frozenset()
    quirks: frozenset[str] = frozenset()
    abilities: frozenset[str] = frozenset({"text"})
    cache: tuple[str, ...] = ()
    any_model: bool = False
    server: bool = False
    regions: tuple[tuple[str, str], ...] = ()
    docs: str | None = None
    checked_on: date | None = None
    handling: DataHandling | None = None
    data_source: Source | None = None
    layers: tuple[Layer, ...] = ()

    def model(self, id_: str) -> ModelEntry | None:
        """What is known of a model; None when the provider has no such model.

        What its row does not say itself, that of its open weights does; fact files lie over both.
        """
        found = self._unlaid(id_)
        for layer in self.layers:
            facts = layer.models.get(f"{self.id}/{id_}")
            if found is not None and facts is not None:
                from .layers import overlaid

                found = overlaid(found, facts)
        return found

    def _unlaid(self, id_: str) -> ModelEntry | None:
        found = self.models.get(id_)
        if found is not None and found.weights is not None:
            from .families import inherited

            return inherited(found)
        if found is not None or not id_ or not (self.any_model or self.server):
            return found
        return ModelEntry(
            id=id_,
            api=self.api,
            parameters=self.parameters,
            max_tokens_parameter=self.max_tokens_parameter,
            abilities=self.abilities,
            sources={},
            rejects_when_reasoning=self.rejects_when_reasoning,
            quirks=self.quirks,
            cache=self.cache,
        )


NOBODY = ProviderEntry(
    id="",
    name="",
    api="",
    local=False,
    base_url=None,
    origins=(),
    key_env=None,
    parameters=frozenset(),
    max_tokens_parameter="max_tokens",
    host_terms=None,
    models={},
)
"""Whose models are of no provider: those of fact files, and weights."""


def with_origins(entry: ProviderEntry) -> ProviderEntry:
    """Without origins of its own, a provider's only one is that of its base URL."""
    if entry.origins or entry.base_url is None:
        return entry
    scheme, mark, rest = entry.base_url.partition("://")
    host = rest.partition("/")[0]
    return entry._replace(origins=(f"{scheme}{mark}{host}",) if host else ())


def provider_names() -> tuple[str, ...]:
    """Name every provider of the catalog; reads no file."""
    return names("providers")


@cache
def provider(name: str) -> ProviderEntry | None:
    """Read a provider's file, once; None when the catalog has none of that name.

    Its models are read when they are asked for.

    Raises:
        PolicyError: the file holds something that the catalog does not know.
    """
    if name not in provider_names():
        return None
    from .shipped import shipped_provider

    return shipped_provider(name)


def provider_of_variable(variable: str) -> ProviderEntry | None:
    """Find the provider whose key is in `variable`; parses no file that does not name it."""
    for name in provider_names():
        if f'"{variable}"' in (read_text(f"providers/{name}.toml") or ""):
            entry = provider(name)
            if entry is not None and entry.key_env == variable:
                return entry
    return None
