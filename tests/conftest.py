"""Fixtures that every test shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llmroute.testing import no_network

if TYPE_CHECKING:
    from collections.abc import Iterator

# Folders whose tests open no socket at all; all others may use servers on loopback.
PURE = {"catalog", "flow", "licenses", "policies"}


@pytest.fixture(autouse=True)
def network_is_forbidden(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let no test reach the network."""
    pure = request.path.parent.name in PURE
    with no_network(allow_loopback=not pure):
        yield
