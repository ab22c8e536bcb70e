"""What may be said of a model: the options of a declaration, and the declaration itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Required, TypedDict

from llmroute.types.secrets import Secret, without_keys
from llmroute.types.tuples import NamedTuple

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from llmroute.types.calls import Provider
    from llmroute.types.limits import RateLimits
    from llmroute.types.models import DataHandling, Speed
    from llmroute.types.prices import Price

Key = Secret | Callable[[], str]
"""A key given in code: wrapped, or a function that is asked for it at each call."""


class LongContextTable(TypedDict, total=False):
    """What each token costs once the prompt has more than `above_tokens` tokens."""

    above_tokens: Required[int]
    input: Required[Decimal | float]
    output: Required[Decimal | float]
    cached_input: Decimal | float
    cache_write: Decimal | float


class TierTable(TypedDict, total=False):
    """USD per million tokens at a service tier; it tells each rate that the price tells."""

    input: Required[Decimal | float]
    output: Required[Decimal | float]
    cached_input: Decimal | float
    cache_write: Decimal | float | Mapping[str, Decimal | float]
    long_context: Sequence[LongContextTable]


class HoursTable(TypedDict, total=False):
    """What tokens cost at some hours in UTC: time ("16:30-00:30"), days, and a factor or rates."""

    time: str
    days: Sequence[str]
    factor: Decimal | float
    input: Decimal | float
    output: Decimal | float
    cached_input: Decimal | float
    cache_write: Decimal | float | Mapping[str, Decimal | float]
    long_context: Sequence[LongContextTable]


class PriceTable(TypedDict, total=False):
    """USD per million tokens; cached_input and cache_write default to input.

    cache_write may be a table by how long the cache keeps it ("5m", "1h"), of which the first is
    usual. tiers are factors of every rate by service tier ("batch", "flex", "fast"), or rates in
    their place; hours are windows of time with factors or rates of their own; regional is the
    factor of a region. valid_from and valid_until are the first and the last day it holds.
    """

    input: Required[Decimal | float]
    output: Required[Decimal | float]
    cached_input: Decimal | float
    cache_write: Decimal | float | Mapping[str, Decimal | float]
    tiers: Mapping[str, Decimal | float | TierTable]
    hours: Sequence[HoursTable]
    long_context: Sequence[LongContextTable]
    regional: Decimal | float
    valid_from: date
    valid_until: date


class RateTable(TypedDict):
    """Tokens per second that a machine reads of prompts, and writes of answers."""

    input: Required[Decimal | float]
    output: Required[Decimal | float]


class SpeedTable(TypedDict, total=False):
    """Seconds until an answer begins, and tokens per second of answer and prompt."""

    first_token_s: float
    tokens_per_s: float
    input_tokens_per_s: float


class DataTable(TypedDict, total=False):
    """What becomes of prompts at a host: whether it trains on them, how many days it keeps them.

    `zero_retention` says that it keeps nothing; `regions` are where they are processed.
    """

    trains: bool
    retention_days: int
    zero_retention: bool
    regions: Sequence[str]


class LimitsTable(TypedDict, total=False):
    """How much a model's upstream is asked at most; what is left out has no limit.

    `in_flight` requests at once, `requests_per_minute` and `tokens_per_minute` in any 60 s;
    `when_full` is "wait" or "next".
    """

    in_flight: int
    requests_per_minute: int
    tokens_per_minute: int
    when_full: str


class ModelOptions(TypedDict, total=False):
    """Everything that may be said of a model; only `use` is needed.

    use: "provider/model" of the catalog; "llama-cpp" with `file`; "openai-compatible" with
        `base_url` and `model`; any name with `provider`, an object of the application's own.
    file: a GGUF file, relative to the policy file's folder.
    model: the model's name on the wire.
    base_url: where the server is; plain http only to this machine.
    key_env: the variable that holds the key of an OpenAI-compatible server.
    key: the key itself, or a function that gives it; in code only.
    resource, account, region, api_version: what a provider's address is filled in with.
    provider: the object that answers; in code only.
    client: an openai client of the application's own that sends for this model, with its own key
        and address: OpenAI, AsyncOpenAI, or one of their subclasses; in code only.
    license: the id of the license card of the weights; one without a card is unknown.
    base_models: open weights that these were made of, as the catalog or a hub names them: their
        licenses bind as well.
    host_terms: the id of the card of the contract with a host that the catalog does not know: it
        binds beside the license, and the stricter wins.
    template: a template's name, or a Jinja chat template.
    context_tokens, max_output_tokens: the window, and the longest answer, in tokens.
    gpu_layers: layers on the GPU; -1 is all.
    threads: CPU threads; default is all allowed.
    price: USD per million tokens; local models cost 0 (marginal) unless it is given.
    prices: the price of each span of days.
    cost_per_hour_usd: what the machine costs; it is a price with tokens_per_second.
    tokens_per_second: input and output, those of prompts and of answers, as measured there.
    utilization: the share of the time in which the machine works, 1 if not given.
    local: whether an own provider, or a server on this machine, keeps data at home.
    abilities: what the model can do besides text: "vision", "documents", "tools", "json",
        "schema", "reasoning"; "embed" alone is a model that makes vectors.
    quirks: where a server, or a model that its provider takes unseen, differs from the API that it
        speaks ("merge_roles", "no_system", ...); added to those that the provider has.
    cache: how long a provider that must be told is to keep the prompt's beginning: "5m", "1h".
    repeat_instruction: whether the system instruction is repeated in each user turn.
    vector_space: models of one such name make vectors that can be compared.
    quality: "poor", "basic", "good", "strong" or "top", or a table of those by task, the rest under
        any; it goes before what benchmarks say.
    speed: how fast it is until that was observed: first_token_s, tokens_per_s, input_tokens_per_s.
    data: what becomes of the prompts: trains, retention_days, zero_retention, regions.
    open_weights: whether anyone may download the weights.
    service_tier: the tier asked of the host, such as "flex"; its price counts.
    replicas: several keys, regions or servers of the model, by name: each takes what is said of the
        model, and adds its own base_url, key_env, region, limits, ...; health, limits and quota are
        those of each. One of two that were drawn is asked first, the one that answers sooner.
    sticky: whether the requests of one conversation go to one replica, for the sake of its cache.
    limits: how much its upstream is asked at most: in_flight, requests_per_minute,
        tokens_per_minute, and when_full, "wait" for one's turn or "next" model.
    """

    use: Required[str]
    file: str | os.PathLike[str]
    model: str
    base_url: str
    key_env: str
    key: str | Callable[[], str]
    provider: Provider
    client: object
    license: str
    base_models: Sequence[str]
    host_terms: str
    template: str
    context_tokens: int
    max_output_tokens: int
    gpu_layers: int
    threads: int
    price: PriceTable | Price
    prices: Sequence[PriceTable]
    cost_per_hour_usd: Decimal | float
    tokens_per_second: RateTable
    utilization: Decimal | float
    local: bool
    abilities: Sequence[str]
    quirks: Sequence[str]
    resource: str
    account: str
    region: str
    api_version: str
    cache: str
    repeat_instruction: bool
    vector_space: str
    quality: str | Mapping[str, str]
    speed: SpeedTable
    data: DataTable
    open_weights: bool
    service_tier: str
    limits: LimitsTable
    replicas: Mapping[str, Mapping[str, object]]
    sticky: bool


class Declaration(NamedTuple):
    """A model as declared, its types checked; `llmroute.catalog.resolve` makes a model of it."""

    name: str
    use: str
    file: str | None = None
    model: str | None = None
    base_url: str | None = None
    key_env: str | None = None
    key: Key | None = None
    provider: Provider | None = None
    client: object | None = None
    license: str | None = None
    template: str | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    gpu_layers: int | None = None
    threads: int | None = None
    price: Price | None = None
    local: bool | None = None
    abilities: tuple[str, ...] | None = None
    quirks: tuple[str, ...] | None = None
    resource: str | None = None
    account: str | None = None
    region: str | None = None
    api_version: str | None = None
    cache: str | None = None
    repeat_instruction: bool | None = None
    vector_space: str | None = None
    quality: tuple[tuple[str, str], ...] | None = None
    speed: Speed | None = None
    data: DataHandling | None = None
    open_weights: bool | None = None
    service_tier: str | None = None
    limits: RateLimits | None = None
    base_models: tuple[str, ...] | None = None
    host_terms: str | None = None
    replicas: tuple[Declaration, ...] = ()
    sticky: bool = False
    replica: bool = False
    folder: str = ""

    def __repr__(self) -> str:
        """Name and use; never a key, also not in their place, nor a URL that may hold one."""
        return without_keys(f"Declaration({self.name!r}, use={self.use!r})")
