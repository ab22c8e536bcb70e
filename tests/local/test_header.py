"""The GGUF header reader: facts out of good files, reasons out of bad ones."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from llmroute.errors import AttemptError
from llmroute.providers.llama_cpp import read_header
from tests.local.support import call, fold, model
from tests.local.tiny_gguf import LLAMA_2_JINJA, tiny_gguf

if TYPE_CHECKING:
    from pathlib import Path

    from llmroute.providers.llama_cpp import LlamaCppProvider

MAGIC = b"GGUF" + struct.pack("<I", 3)


def key(name: bytes, kind: int, value: bytes) -> bytes:
    """One key of a header."""
    return struct.pack("<Q", len(name)) + name + struct.pack("<I", kind) + value


BROKEN = {
    "empty": (b"", "is empty"),
    "a text file": (b"<html>Not found</html>", "is a text file"),
    "binary": (b"\x00\x01\x02\x03\x04\x05\x06\x07", "is not a GGUF file"),
    "an old GGML file": (b"tjgg\x03\x00\x00\x00", "before August 2023"),
    "magic only": (b"GGUF", "truncated"),
    "version 1": (b"GGUF" + struct.pack("<I", 1) + bytes(16), "version 1"),
    "big-endian": (b"GGUF" + struct.pack(">I", 3) + bytes(16), "big-endian"),
    "no counts": (MAGIC, "truncated"),
    "absurd count of tensors": (MAGIC + struct.pack("<QQ", 2**60, 1), "tensors"),
    "absurd count of keys": (MAGIC + struct.pack("<QQ", 1, 2**60), "keys"),
    "absurd key": (MAGIC + struct.pack("<QQQ", 0, 1, 2**40), "bytes of a key"),
    "unknown type": (MAGIC + struct.pack("<QQ", 0, 1) + key(b"a", 99, b""), "no type of value"),
    "absurd text": (
        MAGIC + struct.pack("<QQ", 0, 1) + key(b"a", 8, struct.pack("<Q", 2**62)),
        "bytes of text",
    ),
    "absurd array": (
        MAGIC + struct.pack("<QQ", 0, 1) + key(b"a", 9, struct.pack("<IQ", 8, 2**61)),
        "array elements",
    ),
    "array of arrays": (
        MAGIC + struct.pack("<QQ", 0, 1) + key(b"a", 9, struct.pack("<IQ", 9, 1)),
        "array element",
    ),
    "array beyond the end": (
        MAGIC + struct.pack("<QQ", 0, 1) + key(b"a", 9, struct.pack("<IQ", 12, 4_000_000)),
        "truncated",
    ),
    "text beyond the end": (
        MAGIC + struct.pack("<QQ", 0, 1) + key(b"a", 9, struct.pack("<IQQ", 8, 1, 2**62)),
        "truncated",
    ),
    "no architecture": (MAGIC + struct.pack("<QQ", 0, 0), "architecture"),
}


def test_a_header_tells_the_facts(tiny: Path) -> None:
    """Name, license, window and template come from the header alone."""
    header = read_header(str(tiny))
    assert header.architecture == "llama"
    assert header.name == "Tiny LLaMA-2"
    assert header.license == "llama2"
    assert header.context_tokens == 4096
    assert header.template == LLAMA_2_JINJA
    assert header.size("attention.head_count_kv") == 2
    assert "tokenizer.ggml.tokens" not in header.keys


def test_a_real_header_is_read(smollm2: Path) -> None:
    """The header of a real model of 98 MB is read in full."""
    header = read_header(str(smollm2))
    assert (header.license, header.context_tokens) == ("apache-2.0", 8192)


def test_the_tiny_model_is_reproducible(tiny: Path, tmp_path: Path) -> None:
    """Writing the tiny model again gives the same 0.6 MB, byte for byte."""
    again = tiny_gguf(tmp_path / "again.gguf")
    assert again.read_bytes() == tiny.read_bytes()
    assert 500_000 < tiny.stat().st_size < 700_000


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_headers_say_why(kind: str, tmp_path: Path) -> None:
    """Each way of being broken is refused with the file's name and its own reason."""
    data, reason = BROKEN[kind]
    path = tmp_path / "broken.gguf"
    path.write_bytes(data)
    with pytest.raises(AttemptError) as caught:
        read_header(str(path))
    assert caught.value.fault.kind == "model_file"
    assert reason in caught.value.fault.reason
    assert str(path) in caught.value.fault.reason


def test_missing_files_and_folders_say_so(tmp_path: Path) -> None:
    """A path that is no file is refused with what it is."""
    for path, reason in (
        (tmp_path / "none.gguf", "no such file"),
        (tmp_path, "is a directory"),
        ("nul\0byte.gguf", "cannot be read"),
    ):
        with pytest.raises(AttemptError, match=reason):
            read_header(str(path))


@pytest.mark.parametrize("share", [0.001, 0.01, 0.02, 0.5, 0.9])
def test_truncated_files_are_found_by_the_header(share: float, tiny: Path, tmp_path: Path) -> None:
    """A file that ends in its header, or before its last weights begin, is called truncated."""
    data = tiny.read_bytes()
    path = tmp_path / "cut.gguf"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(AttemptError, match="truncated"):
        read_header(str(path))


def test_no_prefix_of_a_header_crashes_the_reader(tiny: Path, tmp_path: Path) -> None:
    """Cut at any of many places, the reader raises its typed error and no other."""
    data = tiny.read_bytes()
    path = tmp_path / "cut.gguf"
    for size in [*range(0, 600, 7), *range(600, 14_000, 331)]:
        path.write_bytes(data[:size])
        with pytest.raises(AttemptError):
            read_header(str(path))


@pytest.mark.native
def test_load_errors_carry_the_engines_own_reason(
    tiny: Path, tmp_path: Path, provider: LlamaCppProvider, capfd: pytest.CaptureFixture[str]
) -> None:
    """What only llama.cpp finds out is told in its words, and nothing is printed."""
    path = tmp_path / "cut.gguf"
    path.write_bytes(tiny.read_bytes()[:-4])
    of = model(path)
    assert provider.unavailable(of) is None
    with pytest.raises(AttemptError, match="not within the file bounds") as caught:
        fold(provider.events(call(of, "hello")))
    assert caught.value.fault.kind == "model_file"
    assert provider.unavailable(of) == caught.value.fault.reason
    path.write_bytes(tiny.read_bytes())
    assert provider.unavailable(of) is None
    assert fold(provider.events(call(of, "hello"))).text
    assert capfd.readouterr() == ("", "")


@pytest.mark.native
def test_an_unknown_architecture_is_named(
    tiny: Path, tmp_path: Path, provider: LlamaCppProvider
) -> None:
    """An architecture that this llama.cpp does not know is a fault that names it."""
    path = tmp_path / "other.gguf"
    path.write_bytes(tiny.read_bytes().replace(b"\0\0\0llama", b"\0\0\0lzzma", 1))
    with pytest.raises(AttemptError, match="lzzma"):
        fold(provider.events(call(model(path), "hello")))
