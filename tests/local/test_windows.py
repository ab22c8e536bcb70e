"""The window of a model file, known before it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llmroute.providers.llama_cpp import LlamaCppProvider
from llmroute.providers.llama_cpp.contexts import Settings
from llmroute.providers.llama_cpp.loaded import load
from llmroute.types.calls import SupportsWindow
from tests.local.support import model
from tests.local.tiny_gguf import tiny_gguf

if TYPE_CHECKING:
    from pathlib import Path


def test_the_window_is_that_of_the_file(provider: LlamaCppProvider, tmp_path: Path) -> None:
    """A model that declares no window has its file's own, but no more than 4,096 tokens."""
    for trained, window in ((512, 512), (4096, 4096), (8192, 4096)):
        path = tiny_gguf(tmp_path / f"{trained}.gguf", context_tokens=trained)
        assert provider.context_tokens(model(path)) == window


def test_a_declared_window_counts(provider: LlamaCppProvider, tiny: Path) -> None:
    """A declared window is the window, and no file is looked at for it."""
    assert provider.context_tokens(model(tiny, context_tokens=1024)) == 1024
    assert provider.context_tokens(model("none.gguf", context_tokens=1024)) == 1024


def test_no_window_is_known_without_a_file(provider: LlamaCppProvider, tmp_path: Path) -> None:
    """Where there is no file, or none that can be read, no window is known."""
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF")
    assert provider.context_tokens(model(broken)) is None
    assert provider.context_tokens(model(tmp_path / "none.gguf")) is None


def test_a_changed_file_is_looked_at_again(provider: LlamaCppProvider, tmp_path: Path) -> None:
    """A window is remembered for the state of the file, not for its name."""
    path = tmp_path / "changing.gguf"
    assert provider.context_tokens(model(path)) is None
    tiny_gguf(path, context_tokens=1024)
    assert provider.context_tokens(model(path)) == 1024
    tiny_gguf(path, context_tokens=2048, license_id="other")
    assert provider.context_tokens(model(path)) == 2048


def test_the_provider_tells_windows() -> None:
    """A client can see that the local provider knows windows."""
    assert isinstance(LlamaCppProvider(), SupportsWindow)


@pytest.mark.native
def test_the_engine_uses_the_window_that_was_told(
    provider: LlamaCppProvider, tmp_path: Path
) -> None:
    """What is told before loading is what the file is loaded with."""
    path = tiny_gguf(tmp_path / "small.gguf", context_tokens=512)
    loaded = load(Settings(str(path), None, 0, 1), lambda: True)
    try:
        assert loaded.window == provider.context_tokens(model(path)) == 512
    finally:
        loaded.free()
