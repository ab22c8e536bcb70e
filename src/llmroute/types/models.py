"""Models: resolved things that can answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .frozen import dataclass, field
from .tuples import NamedTuple

if TYPE_CHECKING:
    from datetime import date

    from .limits import RateLimits
    from .prices import Price
    from .requests import ReasoningEffort, Sampling


class Upstream(NamedTuple):
    """The unit of health, rate limit and breaker: an origin, the key's name there, and the model.

    A fault spreads to the whole origin only if it is one of connect, DNS or TLS, to the origin
    under the same key only if the key is to blame.
    """

    origin: str
    key_name: str | None
    model: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a remote model is reached, and which key goes there.

    `base_url` has no trailing slash; `origin` is its scheme, host and port, the only place the key
    is sent to. `key_name` names where the key comes from ("OPENAI_API_KEY"), never the key itself;
    None means that no key is sent. `wire_model` is the model's name on the wire. The key goes into
    the header `key_header`, after `key_prefix`. `headers` and `query` go with every request.
    `parameters` are those that the API takes, without `rejects_when_reasoning` while it reasons.
    `quirks` are words of QUIRKS: where this server differs from the API it speaks.
    """

    base_url: str
    origin: str
    wire_model: str
    key_name: str | None = None
    parameters: frozenset[str] = frozenset()
    max_tokens_parameter: str = "max_tokens"
    key_header: str = "authorization"
    key_prefix: str = "Bearer "
    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    rejects_when_reasoning: frozenset[str] = frozenset()
    quirks: frozenset[str] = frozenset()


QUIRKS: dict[str, str] = {
    "merge_roles": "two messages of one role in a row must be one",
    "system_first": "one system message, before all others",
    "no_system": "no system message: the instruction stands in the first user message",
    "short_tool_ids": "ids of tool calls are nine letters or digits",
    "no_stream_usage": "stream_options is not taken; usage comes by itself, or not at all",
    "reasoning_content": "what the assistant said carries its reasoning_content, or an empty one",
    "thinking_switch": "thinking is switched off by a field of its own, not by the effort none",
    "image_data": "images go as data, never as a URL",
    "reasons_unasked": "the model reasons unless the effort is none",
    "signed_calls": "a tool call goes back with its signature, a foreign one with a mark instead",
    "reasoning_budget": "how much is thought is said in tokens, not by an effort",
    "always_reasons": "thinking can be made short, but not switched off",
    "reasons_between_tools": "without an effort the model still thinks, but between tools only",
    "no_minimal_reasoning": "the least effort is low",
    "no_forced_tools": "the model cannot be made to call a tool",
    "no_named_tools": "a tool that must be called cannot be named, but is the only one sent",
    "no_prefill": "an answer cannot be begun for the model",
    "takes_prefix": "an answer can be begun for the model: it goes on from there",
    "prefix_flag": "an answer that is begun is marked, and comes back with what it began with",
    "continue_flag": "the server must be told to go on from the last message",
    "document_data": "documents go as data, never as a URL",
    "user_first": "the user speaks first",
    "tools_with_history": "tool calls in the history need tools in the request",
    "assistant_after_tools": "behind the results of tools the model speaks, never the user",
}
"""How a server may differ from the API that it speaks; said by data, read by the codecs."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A model file on this machine and how to load it.

    `template` is a template's name ("llama-2") or a Jinja chat template; None means the file's own,
    else `catalog_template`. `gpu_layers` of -1 offloads every layer. `threads` of None means: as
    many as this process may use. `missing` says why there is no such file and how to get it; None
    when the policy named one, or the package that carries it is installed.
    """

    file: str
    template: str | None = None
    catalog_template: str | None = None
    gpu_layers: int = 0
    threads: int | None = None
    missing: str | None = None


class Score(NamedTuple):
    """What a model reached in a benchmark, and how that was measured.

    `value` is in percent, for MT-Bench out of 10. `harness` says who measured, with what: values of
    two models can be compared only if benchmark, harness, shots and precision are the same.
    `tuning` is that of the model measured, "base" or "chat". None means: not stated. `checked_on`
    is the day on which `source` was read.
    """

    benchmark: str
    value: float
    harness: str
    source: str
    shots: int | None = None
    precision: str | None = None
    tuning: str | None = None
    checked_on: date | None = None


class Speed(NamedTuple):
    """How fast a model is said to be, until something was observed; None means: not known.

    `first_token_s` are seconds until the answer begins, `tokens_per_s` how many tokens of it come
    in a second, `input_tokens_per_s` how many of the prompt are read in one.
    """

    first_token_s: float | None = None
    tokens_per_s: float | None = None
    input_tokens_per_s: float | None = None
    source: str = ""


class DataHandling(NamedTuple):
    """What becomes of the prompts at the host; None means: not known.

    `trains` says whether the host trains models on them, `retention_days` how long it keeps them,
    `zero_retention` whether it keeps nothing. `regions` are where they are processed ("eu", "us").
    """

    trains: bool | None = None
    retention_days: int | None = None
    zero_retention: bool | None = None
    regions: tuple[str, ...] = ()


class ImageTokens(NamedTuple):
    """How a model counts images: by `kind` "tile" or "patch".

    Tiles cost `base` and `per_tile` for each of 512 pixels; patches of 32 pixels, at most `most`,
    count `factor` tokens each.
    """

    kind: str
    base: int = 0
    per_tile: int = 0
    most: int = 0
    factor: float = 1.0


QUALITIES = ("poor", "basic", "good", "strong", "top")
"""Tiers of quality, the lowest first."""


@dataclass(frozen=True, slots=True)
class Model:
    """A thing that can answer: provider, upstream id and the facts that a policy looks at.

    `name` is the name in the policy, `id` is "provider/model". `api` names how to talk to it
    ("openai-chat", "openai-responses", "llama-cpp", or a provider of the application's own).
    `context_tokens` of None means that the window is unknown; `price` of None likewise.
    `retires_on` is the first day on which the provider no longer serves it. `license` is the id of
    the weights' license card, `host_terms` that of the host's contract; None means unknown.
    `cache` marks prompts for the provider's cache ("5m", "1h") where it must be told; None: no
    mark. `repeat_instruction` repeats the system instruction in each user turn. Vectors of models
    of one `vector_space` can be compared; None means unknown. They are `dimensions` long unless
    another length is asked for; None means unknown. `batch_texts` and `batch_tokens` bound one
    request of an embedding model; None means 64 texts, and any number of tokens. `tuning` is "base"
    or "chat". `qualities` maps a task, or "any", to a tier of QUALITIES that was declared; it goes
    before what `scores` say. `service_tier` is the tier asked of the host ("flex"), whose price
    counts; None: the standard one. `base_licenses` are license cards of the weights that these were
    made of, the nearest first: they bind as well. `license_note` is what a user should know of the
    license's origin. `limits` is how much its upstream is asked at most; None: no limit.
    One of the `replicas` is asked in place of a model that has any, of a conversation always the
    same one if it is `sticky`.
    """

    name: str
    provider: str
    upstream_id: str
    api: str
    local: bool = False
    endpoint: Endpoint | None = None
    weights: Weights | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    price: Price | None = None
    license: str | None = None
    host_terms: str | None = None
    family: str | None = None
    abilities: frozenset[str] = field(default=frozenset({"text"}))
    tokenizer: str | None = None
    retires_on: date | None = None
    replaced_by: str | None = None
    cache: str | None = None
    repeat_instruction: bool = False
    vector_space: str | None = None
    dimensions: int | None = None
    batch_texts: int | None = None
    batch_tokens: int | None = None
    tuning: str | None = None
    open_weights: bool | None = None
    released: date | None = None
    knowledge_cutoff: date | None = None
    scores: tuple[Score, ...] = ()
    qualities: tuple[tuple[str, str], ...] = ()
    speed: Speed | None = None
    handling: DataHandling | None = None
    images: ImageTokens | None = None
    service_tier: str | None = None
    base_licenses: tuple[str, ...] = ()
    license_note: str | None = None
    limits: RateLimits | None = None
    replicas: tuple[Model, ...] = ()
    sticky: bool = False

    @property
    def id(self) -> str:
        """Provider and upstream model, "openai/gpt-6.1-terra"."""
        return f"{self.provider}/{self.upstream_id}"

    @property
    def dialect(self) -> str:
        """Who reads this model's signatures and encrypted reasoning: its API at its origin."""
        return self.api if self.endpoint is None else f"{self.api} at {self.endpoint.origin}"

    @property
    def upstream(self) -> Upstream:
        """Where its answers come from; a model of this process is an upstream of its own."""
        if self.endpoint is None:
            return Upstream(f"local:{self.name}", None, self.upstream_id)
        return Upstream(self.endpoint.origin, self.endpoint.key_name, self.endpoint.wire_model)

    @property
    def takes_prefix(self) -> bool:
        """Whether an answer can be begun for it: local models always, others where it is known."""
        return self.local or (self.endpoint is not None and "takes_prefix" in self.endpoint.quirks)

    def __repr__(self) -> str:
        return f"Model({self.name!r}, {self.id!r})"


SAMPLING_NAMES = ("temperature", "top_p", "top_k", "min_p", "stop", "seed")


def dropped_parameters(
    model: Model, sampling: Sampling, reasoning: ReasoningEffort | None = None
) -> tuple[str, ...]:
    """What was asked for and is not sent, since `model`'s API does not take it.

    Sampling parameters, some of them only while the model reasons; and "reasoning" itself, where
    the model does not reason.
    """
    unheard = reasoning not in {None, "none"} and "reasoning" not in model.abilities
    dropped = ("reasoning",) if unheard else ()
    if model.endpoint is None:
        return dropped
    accepted = model.endpoint.parameters
    if reasons(model, reasoning):
        accepted -= model.endpoint.rejects_when_reasoning
    return (
        tuple(
            name
            for name in SAMPLING_NAMES
            if getattr(sampling, name) not in (None, ()) and name not in accepted
        )
        + dropped
    )


def reasons(model: Model, reasoning: ReasoningEffort | None) -> bool:
    """Whether `model` reasons before it answers, asked for the effort `reasoning`."""
    if "reasoning" not in model.abilities:
        return False
    quirks = frozenset[str]() if model.endpoint is None else model.endpoint.quirks
    if reasoning is None:
        return "reasons_unasked" in quirks
    return reasoning != "none" or "always_reasons" in quirks
