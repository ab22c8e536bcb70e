"""Models: resolved things that can answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import date

    from .requests import Sampling
    from .usage import Price


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
    None means that no key is sent. `wire_model` is the model's name on the wire.
    """

    base_url: str
    origin: str
    wire_model: str
    key_name: str | None = None
    parameters: frozenset[str] = frozenset()
    max_tokens_parameter: str = "max_tokens"


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


@dataclass(frozen=True, slots=True)
class Model:
    """A thing that can answer: provider, upstream id and the facts that a policy looks at.

    `name` is the name in the policy, `id` is "provider/model". `api` names how to talk to it
    ("openai-chat", "openai-responses", "llama-cpp", or a provider of the application's own).
    `context_tokens` of None means that the window is unknown; `price` of None likewise.
    `retires_on` is the first day on which the provider no longer serves it. `license` is the id of
    the weights' license card, `host_terms` that of the host's contract; None means unknown.
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

    @property
    def id(self) -> str:
        """Provider and upstream model, "openai/gpt-6.1-terra"."""
        return f"{self.provider}/{self.upstream_id}"

    @property
    def upstream(self) -> Upstream:
        """Where its answers come from; a model of this process is an upstream of its own."""
        if self.endpoint is None:
            return Upstream(f"local:{self.name}", None, self.upstream_id)
        return Upstream(self.endpoint.origin, self.endpoint.key_name, self.endpoint.wire_model)

    def __repr__(self) -> str:
        return f"Model({self.name!r}, {self.id!r})"


SAMPLING_NAMES = ("temperature", "top_p", "top_k", "min_p", "stop", "seed")


def dropped_parameters(model: Model, sampling: Sampling) -> tuple[str, ...]:
    """The sampling parameters that were asked for and that `model`'s API does not take."""
    if model.endpoint is None:
        return ()
    accepted = model.endpoint.parameters
    return tuple(
        name
        for name in SAMPLING_NAMES
        if getattr(sampling, name) not in (None, ()) and name not in accepted
    )
