"""Fit the weights of src/llmroute/tokens/weights.py, and say how well they do on what is held out.

    python -m benchmarks.fit_tokens --text FOLDER ... --vocabulary NAME=FILE ... [--write]

`--text` are folders of installed or unpacked packages: gettext translations (locale/xx/*.po, such
as Django's), sources and prose; random Base64, digits and the like are added. `--vocabulary` is a
GGUF file, a SentencePiece model (needs sentencepiece), a tekken.json, or a *.tiktoken file whose
NAME is o200k or cl100k. The first half of each kind's text is fitted to; the second measures.
Nothing of the texts is kept.
"""

from __future__ import annotations

import argparse
import ast
import base64
import json
import random
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

import numpy as np

from llmroute.tokens.classes import NUMBERS, class_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Tokenizer = Callable[[str], int]

SEED = 20261126
PIECES_PER_KIND = 90
LONG = 200
WANTED = 0.95
RANDOM = ("base64", "hex", "digits", "numbers", "uuids", "log", "emoji", "wide")
LOW, HIGH = 0.01, 0.99
SLACK = 0.05
"""The quantiles that the ends of the interval are fitted to, and how much further out they lie."""


class Piece(NamedTuple):
    """A text, of what kind it is ("po:de", "python") and whether it is held out."""

    kind: str
    text: str
    held_out: bool


class Encodes(Protocol):
    """The part of a SentencePiece model that is used."""

    def encode(self, text: str, /) -> list[int]:
        """Cut a text into tokens."""
        ...


class Tokenizes(Protocol):
    """The part of `llama_cpp.Llama` that is used."""

    def tokenize(self, text: bytes, /, *, add_bos: bool, special: bool) -> list[int]:
        """Cut a text into tokens."""
        ...


class Fit(NamedTuple):
    """Weights: expected, least and most."""

    value: Numbers
    low: Numbers
    high: Numbers


# --- texts


def translations(path: Path) -> str:
    """Everything that a .po file translates to."""
    content = path.read_text(encoding="utf-8", errors="ignore")
    found: list[str] = []
    for match in re.finditer(
        r'^msgstr(?:\[\d\])? ((?:"(?:[^"\\]|\\.)*"\s*)+)', content, re.MULTILINE
    ):
        strings = re.findall(r'"(?:[^"\\]|\\.)*"', match[1])
        found.append("".join(str(ast.literal_eval(one)) for one in strings))
    return "\n".join(filter(str.strip, found[1:]))  # the first is the head


def sources(folder: Path) -> dict[str, list[str]]:
    """Texts by kind."""
    texts: dict[str, list[str]] = {}
    suffixes = {".py": "python", ".js": "javascript", ".html": "html", ".json": "json"}
    suffixes |= {".css": "css", ".md": "markdown", ".rst": "prose", ".txt": "prose"}
    for path in sorted(folder.rglob("*")):
        kind = suffixes.get(path.suffix)
        if path.suffix == ".po" and "locale" in path.parts:
            language = path.parts[path.parts.index("locale") + 1]
            texts.setdefault(f"po:{language}", []).append(translations(path))
        elif kind is not None or path.name in {"METADATA", "LICENSE"}:
            content = path.read_text(encoding="utf-8", errors="ignore")
            texts.setdefault(kind or "prose", []).append(content[:200_000])
    return texts


def random_text(kind: str, chance: random.Random) -> str:
    """What no tokenizer was trained on."""
    size = chance.randint(40, 900)
    data = chance.randbytes(size)
    makers: dict[str, Callable[[], str]] = {
        "base64": lambda: base64.b64encode(data).decode()[:size],
        "hex": lambda: data.hex()[:size],
        "digits": lambda: "".join(chance.choices("0123456789", k=size)),
        "numbers": lambda: ", ".join(f"{chance.gauss(0, 1e3):.3f}" for _ in range(size // 9 + 4)),
        "emoji": lambda: "".join(
            chance.choice(" !,.")
            + chance.choice(("", chr(chance.randint(0x1F600, 0x1F64F))))
            + chr(chance.choice((0x1F300, 0x1F400, 0x1F680)) + chance.randint(0, 0x3F))
            for _ in range(size // 4 + 4)
        ),
        "wide": lambda: "".join(chr(chance.randint(0xFF01, 0xFF5E)) for _ in range(size // 2)),
        "uuids": lambda: "\n".join(
            re.sub("(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", chance.randbytes(16).hex())
            for _ in range(size // 36 + 1)
        ),
        "log": lambda: "\n".join(
            f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}T12:"
            f"{chance.randint(0, 59):02}:{chance.random() * 60:06.3f}Z INFO worker-"
            f"{chance.randint(1, 99)} request {chance.randbytes(4).hex()} took "
            f"{chance.randint(1, 900)} ms"
            for _ in range(size // 70 + 1)
        ),
    }
    return makers[kind]()


def pieces(folders: Sequence[Path]) -> list[Piece]:
    """Cut texts into pieces of 40 to 900 characters, as many of each kind."""
    chance = random.Random(SEED)  # noqa: S311 - no secret
    texts: dict[str, list[str]] = {}
    for folder in folders:
        for kind, found in sources(folder).items():
            texts.setdefault(kind, []).extend(found)
    made: list[Piece] = []
    for kind, found in texts.items():
        whole = "\n".join(found)
        half = len(whole) // 2
        count = PIECES_PER_KIND * (1 if kind.startswith("po:") else 8)
        for number in range(min(count, len(whole) // 300)):
            at = chance.randrange(max(1, half - 900)) + half * (number % 2)
            text = whole[at : at + chance.randint(40, 900)]
            made.append(Piece(kind, text, held_out=bool(number % 2)))
    for kind in RANDOM:
        made += [
            Piece(kind, random_text(kind, chance), held_out=bool(number % 2))
            for number in range(2 * PIECES_PER_KIND)
        ]
    return [one for one in made if one.text]


# --- tokenizers


def tokenizer(name: str, file: Path) -> Tokenizer:
    """What counts the tokens of a text by this vocabulary."""
    if file.suffix == ".gguf":
        return _gguf(file)
    if file.suffix == ".json":
        return _tekken(file)
    if "tiktoken" in file.name:
        return _tiktoken(name, file)
    made = import_module("sentencepiece").SentencePieceProcessor
    model = cast("Encodes", made(model_file=str(file)))
    return lambda text: len(model.encode(text))


def _gguf(file: Path) -> Tokenizer:
    made = import_module("llama_cpp").Llama
    model = cast("Tokenizes", made(str(file), vocab_only=True, verbose=False))
    return lambda text: len(model.tokenize(text.encode(), add_bos=False, special=False))


def _tekken(file: Path) -> Tokenizer:
    from tiktoken import Encoding

    data = json.loads(file.read_text(encoding="utf-8"))
    config = data["config"]
    size = config["default_vocab_size"] - config["default_num_special_tokens"]
    ranks = {base64.b64decode(one["token_bytes"]): one["rank"] for one in data["vocab"][:size]}
    encoding = Encoding(
        "tekken", pat_str=config["pattern"], mergeable_ranks=ranks, special_tokens={}
    )
    return lambda text: len(encoding.encode_ordinary(text))


def _tiktoken(name: str, file: Path) -> Tokenizer:
    import gzip

    from tiktoken import Encoding

    data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    rows = (line.split() for line in data.splitlines())
    ranks = {base64.b64decode(token): int(rank) for token, rank in rows}
    from llmroute.tokens.vocabularies import VOCABULARIES

    encoding = Encoding(
        name, pat_str=VOCABULARIES[name].pattern, mergeable_ranks=ranks, special_tokens={}
    )
    return lambda text: len(encoding.encode_ordinary(text))


# --- fitting


def least_squares(features: Numbers, targets: Numbers, weights: Numbers) -> Numbers:
    """Non-negative weighted least squares, by coordinate descent."""
    gram = features.T @ (features * weights[:, None])
    aim = features.T @ (targets * weights)
    found = np.zeros(features.shape[1])
    for _ in range(3000):
        before = found.copy()
        for at in range(len(found)):
            if gram[at, at] > 0:
                step = (aim[at] - gram[at] @ found) / gram[at, at]
                found[at] = max(0.0, found[at] + step)
        if np.abs(found - before).max() < 1e-7:
            break
    return found


def quantile(features: Numbers, targets: Numbers, share: float) -> Numbers:
    """The weights below which `share` of the relative errors lie, by reweighted least squares."""
    scale = 1 / targets
    rows, ones = features * scale[:, None], np.ones(len(targets))
    found = least_squares(rows, ones, ones)
    for _ in range(60):
        rest = 1 - rows @ found
        side = np.where(rest > 0, share, 1 - share)
        found = least_squares(rows, ones, side / np.maximum(np.abs(rest), 1e-3))
    return found


def filled(numbers: list[int]) -> list[int]:
    """As many numbers for every text."""
    return numbers + [0] * (NUMBERS - len(numbers))


def fit(features: Numbers, targets: Numbers) -> Fit:
    """Expected, least and most of one tokenizer."""
    value = quantile(features, targets, 0.5)
    low = np.minimum(quantile(features, targets, LOW), value) * (1 - SLACK)
    high = np.maximum(quantile(features, targets, HIGH), value) * (1 + SLACK)
    return Fit(value, low, high)


class Measured(NamedTuple):
    """What the held-out half says."""

    mean_error: float
    bias: float
    coverage: float
    below: tuple[str, ...]
    width: float


def measured(found: Fit, features: Numbers, targets: Numbers, texts: Sequence[Piece]) -> Measured:
    """Mean error of all; coverage of those over 200 characters, and which kinds have less."""
    values = features @ found.value
    low, high = np.floor(features @ found.low), np.ceil(features @ found.high)
    long = np.array([len(one.text) > LONG for one in texts])
    inside = (low <= targets) & (targets <= high)
    named = np.array([one.kind for one in texts])
    by_kind = {
        kind: float(np.mean(inside[long & (named == kind)])) for kind in sorted(set(named[long]))
    }
    below = tuple(f"{kind} {share:.2f}" for kind, share in by_kind.items() if share < WANTED)
    return Measured(
        float(np.mean(np.abs(values - targets) / targets)),
        float(np.mean((values - targets) / targets)),
        float(np.mean(inside[long])),
        below,
        float(np.mean(((high - low) / targets)[long])),
    )


def main() -> None:
    """Fit every vocabulary and print; `--write FILE` writes the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, nargs="+", required=True)
    parser.add_argument("--vocabulary", nargs="+", required=True)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    texts = pieces(cast("list[Path]", given.text))
    features = np.array([filled(class_counts(one.text)) for one in texts], dtype=float)
    held = np.array([one.held_out for one in texts])
    rest = [one for one in texts if one.held_out]
    kinds = [one.kind for one in rest]
    print(f"{len(texts)} pieces of {len({one.kind for one in texts})} kinds")
    fits: dict[str, Fit] = {}
    for pair in cast("list[str]", given.vocabulary):
        name, _, file = pair.partition("=")
        count = tokenizer(name, Path(file))
        targets = np.array([max(1, count(one.text)) for one in texts], dtype=float)
        fits[name] = fit(features[~held], targets[~held])
        print(name, measured(fits[name], features[held], targets[held], rest), flush=True)
        value = features[held] @ fits[name].value
        error = (value - targets[held]) / targets[held]
        plain = [kind for kind in sorted(set(kinds)) if not kind.startswith("po:")]
        by_kind = {kind: np.mean(error[np.array(kinds) == kind]) for kind in plain}
        print("   ", ", ".join(f"{kind} {share:+.2f}" for kind, share in by_kind.items()))
    if given.write:
        given.write.write_text("\n".join(lines(fits)) + "\n", encoding="utf-8")


def lines(fits: dict[str, Fit]) -> Iterator[str]:
    """The rows of the table."""
    for name, found in fits.items():
        yield f'    "{name}": Family('
        for numbers in found:
            rounded = [f"{number:.3f}" for number in numbers]
            yield "        ("
            for at in range(0, len(rounded), 10):
                yield f"            {', '.join(rounded[at : at + 10])},"
            yield "        ),"
        yield "    ),"


if __name__ == "__main__":
    main()
