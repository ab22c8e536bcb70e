"""Facts of open weights, which every host of them shares: `providers/weights/*.toml`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from .data import names, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .entries import ModelEntry

FOLDER = "providers/weights"
SHARED = (
    *("family", "tuning", "open_weights", "license", "tokenizer", "template", "context_tokens"),
    *("released", "knowledge_cutoff", "parameters_billion", "parameters_confirmed"),
    *("active_parameters_billion", "training_tokens_billion", "languages", "abilities", "scores"),
    *("images", "vector_space", "dimensions"),
)
"""What hosts of the same weights share, unless their rows say something else."""


def weights_file(id_: str) -> str | None:
    """Name the file that tells of open weights; parses none, None when none does."""
    heads = (f'[models."{id_}"]', f"[models.{id_}]")
    for name in names(FOLDER):
        lines = (read_text(f"{FOLDER}/{name}.toml") or "").splitlines()
        if any(head in lines for head in heads):
            return f"{FOLDER}/{name}.toml"
    return None


@cache
def shared(id_: str) -> ModelEntry | None:
    """What is known of open weights, wherever they run; None when nothing is.

    Raises:
        PolicyError: their file holds something that the catalog does not know.
    """
    file = weights_file(id_)
    return None if file is None else weights_of(file).get(id_)


@cache
def weights_of(file: str) -> Mapping[str, ModelEntry]:
    """What a file of open weights tells of, each read when it is asked for.

    Raises:
        PolicyError: it holds something that the catalog does not know.
    """
    from .shipped import shipped_weights

    return shipped_weights(file)


def inherited(entry: ModelEntry) -> ModelEntry:
    """Add to a host's row what is known of its weights; what the row says itself stays.

    Raises:
        PolicyError: there are no such weights.
    """
    known = None if entry.weights is None else shared(entry.weights)
    if known is None:
        from llmroute.errors import PolicyError, Problem

        what = f"there are no weights {entry.weights!r} in {FOLDER}"
        raise PolicyError([Problem("catalog", None, f"models.{entry.id}.weights", what)])
    return laid_under(entry, known)


def laid_under(entry: ModelEntry, known: ModelEntry) -> ModelEntry:
    """Put the facts of `known` where `entry` says nothing itself."""
    said, told = (
        one | {"parameters_confirmed"} if "parameters_billion" in one else one
        for one in (entry.said, known.said)
    )
    facts = {name: getattr(known, name) for name in SHARED if name in told - said}
    sources = {
        name: source
        for name, source in known.sources.items()
        if name.partition(".")[0] in facts and name not in entry.sources
    }
    return entry._replace(**facts, sources={**sources, **entry.sources})
