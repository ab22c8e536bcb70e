"""A second implementation to talk to: llama.cpp's own server with SmolLM2-135M."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn, cast

import pytest

import llmroute
from tests.local.tiny_gguf import smollm2_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.catalog import Declaration

START_S = 60.0


class Peer(NamedTuple):
    """A server at `origin`."""

    origin: str

    def get(self, path: str) -> object:
        """Read one of the server's own pages."""
        with urllib.request.urlopen(self.origin + path, timeout=10) as answer:  # noqa: S310 - http
            return json.load(answer)

    @property
    def busy(self) -> bool:
        """Whether the slot computes an answer."""
        slots = cast("list[dict[str, object]]", self.get("/slots"))
        return any(slot["is_processing"] for slot in slots)

    def model(
        self, *abilities: str, path: str = "/v1", use: str = "openai-compatible"
    ) -> Declaration:
        """Declare the server's model, as a user of any compatible server does."""
        return llmroute.model(
            "peer",
            use=use,
            base_url=self.origin + path,
            model="smollm2",
            abilities=abilities,
        )


def without_server(ci: str) -> NoReturn:
    """Skip a test that has no server; where `ci` is "true" nobody reads skips, so fail."""
    why = "xllamacpp, which carries llama.cpp's server, is not installed"
    if ci == "true":
        pytest.fail(why)
    pytest.skip(why)


def _serve(kind: str, log: Path) -> Iterator[Peer]:
    """Run a server until the tests are over; skip where there is none for this machine."""
    if find_spec("xllamacpp") is None:
        without_server(os.environ.get("CI", ""))
    script = str(Path(__file__).with_name("serve.py"))
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, script, str(smollm2_path()), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            origin = process.stdout.readline().strip()
            assert origin, log.read_text()
            peer = Peer(origin)
            _wait_ready(peer)
            yield peer
        finally:
            process.kill()


def _wait_ready(peer: Peer) -> None:
    end = time.monotonic() + START_S
    while peer.get("/health") != {"status": "ok"}:
        assert time.monotonic() < end, "the server does not become ready"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def chatting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """A server that answers chats, one at a time, with a window of 1024 tokens."""
    yield from _serve("chat", tmp_path_factory.mktemp("peer") / "chat.log")


@pytest.fixture(scope="session")
def calling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """A server whose template shows tools to the model and reads its calls."""
    yield from _serve("tools", tmp_path_factory.mktemp("peer") / "tools.log")


@pytest.fixture(scope="session")
def embedding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """A server that embeds texts of up to 1024 tokens, by the mean of their tokens."""
    yield from _serve("embed", tmp_path_factory.mktemp("peer") / "embed.log")
