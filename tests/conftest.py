"""Fixtures that every test shares."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from llmroute.testing import no_network

if TYPE_CHECKING:
    from collections.abc import Iterator

# Whoever starts the tests in the background may have them ignore Ctrl-C, and the programs that they
# start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Folders whose tests open no socket at all; all others may use servers on loopback.
PURE = {"catalog", "flow", "licenses", "policies"}

PROXIES = ("https_proxy", "http_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without the machine's own proxies."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(autouse=True)
def network_is_forbidden(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let no test reach the network."""
    pure = request.path.parent.name in PURE
    with no_network(allow_loopback=not pure):
        yield
