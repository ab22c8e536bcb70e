"""What is known of providers and models, and how a declaration becomes a model."""

from __future__ import annotations

from .collection import Catalog
from .declarations import Declaration, ModelOptions, PriceTable, model
from .entries import ModelEntry, ProviderEntry, Source, provider, provider_names
from .resolve import resolve

__all__ = [
    "Catalog",
    "Declaration",
    "ModelEntry",
    "ModelOptions",
    "PriceTable",
    "ProviderEntry",
    "Source",
    "model",
    "provider",
    "provider_names",
    "resolve",
]
