"""The facts that every kind of model has: what is declared first, then the catalog's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from llmroute.types.frozen import replace
from llmroute.types.models import DataHandling
from llmroute.types.prices import FREE

from .families import base_licenses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.types.models import Model
    from llmroute.types.prices import Price

    from .declarations import Declaration
    from .entries import ModelEntry, ProviderEntry

AT_HOME = DataHandling(trains=False, retention_days=0, zero_retention=True)
"""What becomes of prompts that stay on this machine."""


class Tell(Protocol):
    """Takes a problem with an option of a declaration; "" means the declaration as a whole."""

    def __call__(self, option: str, what: str, hint: str = "") -> None:
        """Note the problem."""
        ...


def described(declaration: Declaration, known: ModelEntry | None, model: Model) -> Model:
    """Fill in the facts that every kind of model has; what is declared comes first."""
    model = replace(
        model,
        license=declaration.license,
        host_terms=declaration.host_terms or model.host_terms,
        context_tokens=declaration.context_tokens,
        max_output_tokens=declaration.max_output_tokens,
        abilities=_abilities(declaration.abilities),
        cache=declaration.cache,
        price=None if model.price is None else model.price.marked(declaration.cache),
        repeat_instruction=declaration.repeat_instruction is True,
        vector_space=declaration.vector_space,
        open_weights=declaration.open_weights,
        qualities=declaration.quality or (),
        speed=declaration.speed,
        limits=declaration.limits,
        handling=declaration.data or (AT_HOME if model.local else None),
    )
    model = model if known is None else _completed(model, known, declaration)
    return _embedding(_based(model, known, declaration))


def _based(model: Model, known: ModelEntry | None, declaration: Declaration) -> Model:
    """Add the licenses of what the weights were made of; the model's own is not told twice."""
    bases = (*(declaration.base_models or ()), *(known.base_models if known else ()))
    if not bases:
        return model
    licenses = (one for one in base_licenses(bases) if one != model.license)
    return replace(model, base_licenses=tuple(licenses))


def _completed(model: Model, known: ModelEntry, declaration: Declaration) -> Model:
    """Add what the catalog knows and nobody declared."""
    return replace(
        _worth(model, known),
        license=model.license or known.license,
        context_tokens=model.context_tokens or known.context_tokens,
        max_output_tokens=model.max_output_tokens or known.max_output_tokens,
        abilities=model.abilities if declaration.abilities else known.abilities,
        vector_space=model.vector_space or known.vector_space,
        dimensions=known.dimensions,
        batch_texts=known.batch_texts,
        batch_tokens=known.batch_tokens,
        family=known.family,
        tokenizer=known.tokenizer,
        retires_on=known.retires_on,
        replaced_by=known.replaced_by,
    )


def _worth(model: Model, known: ModelEntry) -> Model:
    """Add what the catalog knows of a model's making, quality, speed and data handling."""
    return replace(
        model,
        tuning=known.tuning,
        open_weights=known.open_weights if model.open_weights is None else model.open_weights,
        released=known.released,
        knowledge_cutoff=known.knowledge_cutoff,
        scores=known.scores,
        speed=model.speed or known.speed,
        handling=model.handling or known.handling,
        images=known.images,
    )


def hosted(known: ModelEntry, entry: ProviderEntry, declaration: Declaration) -> ModelEntry:
    """Add what the host says of the prompts, and the region that was declared."""
    handling = known.handling or entry.handling
    if entry.regions and declaration.region:
        handling = (handling or DataHandling())._replace(regions=(declaration.region,))
    return known._replace(handling=handling)


def _embedding(model: Model) -> Model:
    """Ask what only embeds by the embeddings API, which servers have beside that of chats."""
    embeds = "embed" in model.abilities and "text" not in model.abilities
    is_openai = model.api in {"openai-chat", "openai-responses"}
    return replace(model, api="openai-embeddings") if embeds and is_openai else model


def _abilities(declared: Sequence[str] | None) -> frozenset[str]:
    """What a model can do besides text; one that makes vectors answers only if that is said."""
    words = frozenset(declared or ())
    return words if "embed" in words else words | {"text"}


def declared_price(declaration: Declaration) -> Price | None:
    """The declared price; what is on this machine is paid for, None means unknown."""
    return declaration.price or (FREE if declaration.local else None)
