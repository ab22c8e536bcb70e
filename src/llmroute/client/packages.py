"""Providers that installed packages bring: the entry points of the group `llmroute.providers`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from llmroute.catalog.collection import Extension
from llmroute.driver.hooks import guarded
from llmroute.errors import AttemptError, PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoint
    from pathlib import Path

GROUP = "llmroute.providers"


@runtime_checkable
class ProviderPackage(Protocol):
    """What an entry point may give, besides the bare `toml` of it.

    `toml` is the text of a provider's file, or the path of one. A package whose provider speaks an
    API of its own has a method `codec`, which returns a codec, or `provider`, which returns a
    provider; it is called once per client, when the first of its models is asked.
    """

    toml: str | Path


def find_extension(name: str) -> Callable[[], Extension] | None:
    """Find the provider `name` of an installed package; None when no package brings it.

    Nothing of the package runs before what this returns is called. That raises PolicyError when
    the package cannot be loaded, or does not bring a provider.
    """
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP, name=name):
        return partial(_loaded, point)
    return None


def _loaded(point: EntryPoint) -> Extension:
    place = f"package {point.dist.name}" if point.dist else f"entry point {point.value}"
    try:
        brought: object = guarded(point.load, f"the entry point {point.value}")
    except AttemptError as error:
        reason = error.fault.reason
        raise PolicyError([Problem(place, None, point.name, reason)]) from None
    toml = brought.toml if isinstance(brought, ProviderPackage) else brought
    text = _text(toml)
    if text is None:
        what = (
            f"the entry point {point.value} must give a TOML text, a path, or an object with toml"
        )
        raise PolicyError([Problem(place, None, point.name, what)])
    opens = getattr(brought, "codec", None) or getattr(brought, "provider", None)
    return Extension(place, text, opens if callable(opens) else None)


def _text(toml: object) -> str | None:
    from pathlib import Path

    if isinstance(toml, Path):
        from llmroute.errors.guards import read

        return read(toml)
    return toml if isinstance(toml, str) and toml.strip() else None
