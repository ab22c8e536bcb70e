"""The license that a model's file states itself, held against the one that is declared.

Where they differ, both bind, so that the stricter holds, and plans warn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.catalog.families import base_licenses, known_base
from llmroute.policies.licensing import card_of_tag
from llmroute.types.frozen import replace

if TYPE_CHECKING:
    from llmroute.types.calls import FileTerms
    from llmroute.types.models import Model

OTHER = "other"
"""The tag of a license that has none; its name says which."""
UNNAMED = "a model that the file does not name"


def with_terms(model: Model, stated: FileTerms) -> Model:
    """Add what a file says of its license, and of the weights that it was made of."""
    license_ = _license(stated)
    bases = tuple(dict.fromkeys((*model.base_licenses, *_bases(stated))))
    if model.license is None:
        model = replace(model, license=license_)
    if license_ is None or license_ == model.license:
        return _based(model, bases)
    declared = f"{model.license!r} is declared"
    note = f"the file states the license {license_!r}, {declared}: both are judged"
    both = tuple(dict.fromkeys((license_, *bases)))
    return replace(_based(model, both), license_note=note)


def _based(model: Model, bases: tuple[str, ...]) -> Model:
    """The model with the licenses of what it was made of; its own is not told twice."""
    return replace(model, base_licenses=tuple(one for one in bases if one != model.license))


def _license(stated: FileTerms) -> str | None:
    """The card of the license that a file states, else its own word for it; None: none is."""
    word = stated.license if stated.license and stated.license.lower() != OTHER else stated.name
    if not word or not word.strip():
        return None
    return card_of_tag(word) or word.strip().lower()[:64]


def _bases(stated: FileTerms) -> tuple[str, ...]:
    """The licenses of the weights that a file was made of; one that nobody knows has no card."""
    return base_licenses(map(_base, stated.bases))


def _base(names: tuple[str, ...]) -> str:
    """The name by which the catalog knows weights, else what the file calls them, made short."""
    known = next((name for name in names if known_base(name) is not None), None)
    return known or (names[-1].strip()[:64] if names else UNNAMED)
