"""Facts of open weights, which every host of them shares: `providers/weights/*.toml`."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from .data import names, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .entries import ModelEntry

FOLDER = "providers/weights"
ENDINGS = r"(-hf|-gguf)$"
SHARED = (
    *("family", "tuning", "open_weights", "license", "tokenizer", "template", "context_tokens"),
    *("released", "knowledge_cutoff", "parameters_billion", "parameters_confirmed"),
    *("active_parameters_billion", "training_tokens_billion", "languages", "abilities", "scores"),
    *("images", "vector_space", "dimensions", "base_models"),
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


def weights_names() -> tuple[str, ...]:
    """Name all open weights that the catalog knows."""
    return tuple(id_ for name in names(FOLDER) for id_ in weights_of(f"{FOLDER}/{name}.toml"))


def known_base(name: str) -> ModelEntry | None:
    """Find weights by the name or address that hubs give them: "meta-llama/Llama-2-7b-hf"."""
    last = name.rstrip("/").rpartition("/")[2].strip().lower().replace(" ", "-")
    return shared(re.sub(ENDINGS, "", last.removeprefix("meta-")))


def base_licenses(bases: Iterable[str]) -> tuple[str, ...]:
    """The licenses of weights that others were made of, and so on down; the nearest first.

    Of weights that the catalog does not know, nobody can tell what binds: that has no card.
    """
    found: dict[str, None] = {}
    names_ = list(dict.fromkeys(bases))
    for name in names_:  # it grows while it is read
        known = known_base(name)
        found[(known and known.license) or f"of {name}"] = None
        names_ += [one for one in (known.base_models if known else ()) if one not in names_]
    return tuple(found)


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
