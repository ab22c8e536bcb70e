"""Which kind of work a request asks for: told by its words and its form, without any model.

Of a long prompt the beginning and the end are read, since instructions stand at either. Words of
many languages are known by what they ask for; these signals, the form of the text (code, formulas,
a question, a list) and hashed words have weights, which were fitted once. Nothing is loaded and
nothing is asked; equal requests give equal answers.
"""

from __future__ import annotations

import re
from itertools import pairwise
from math import exp
from typing import TYPE_CHECKING, cast
from zlib import crc32

from llmroute.types.messages import Document, Image
from llmroute.types.plans import Detected
from llmroute.types.requests import TASKS

from . import task_weights as fitted
from .task_words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llmroute.types.requests import Request

PART = 600
"""How many characters are read at the beginning, and as many at the end."""
MOST_TOKENS = 40
"""How many words are read of the instruction, and of the last sentence."""
REST = 24
"""How many words are read of what follows the instruction."""
STEM = 5
HASHED = 14
"""How many words of the instruction, and of the last sentence, have weights of their own."""
WORDS_APART = 4096
BUCKETS = 2 * WORDS_APART
"""Words share the first half of them, signals the second, so that no word weighs as a signal."""
IN_QUESTION = re.compile("[IT]:").match
"""Whether a signal is of the instruction itself."""
ASKED = re.compile("[IT]:asks").match
"""Whether a signal says that the message itself asks for something."""
NOTHING = (0,) * len(TASKS)
NOT_SAID: Mapping[str, float] = {}
HAN = "\u3040-\u30ff\u3400-\u9fff"
TOKEN = re.compile(
    rf"[{HAN}]|[^\s!-\"$-&(-*,./:-@\[-`{{-~\u00ab\u00bb\u00a1\u00bf\u0964\u060c\u061b\u061f"
    rf"\u2000-\u2017\u201a-\u206f\u3000-\u303f\uff00-\uffef{HAN}]+"
)
END = re.compile(r"[:\n\"\u201c\u00ab\uff1a]|```")
"""Where an instruction ends, and what it is about begins."""
LAST = re.compile(r"[.!?]\s+|[\n\u3002\uff01\uff1f\uff1a\u0964]")
"""What stands before the last sentence."""
STOPS = " \n\t.!?:\u3002\uff01\uff1f\uff1a\u0964\u061f"
CODE = re.compile(
    r"[;{}]\s*(?:\n|$)|#include|(?<=\w)\(\)|(?<=\w)\.\w+\(|[=!<>]=|=>|</\w|(?<=\w)(?:::|->)\w"
    r"|(?<=\w)\+\+|&&"
)
"""Begins with signs only, so that most of a text is passed over."""
CODE_WORDS = re.compile(
    r"\b(?:(?:def|fn|func) \w+\(|function \w*\(|import \w+\n|return \w+[\n;]|printf?\(|Error: "
    r"|(?:var|let|const|int|char) \*?\w+ ?=|SELECT\b.*\bFROM\b|for \w+ in \w+\()"
)
FORMULA = re.compile(
    r"\d\s*[+*^=\u00d7\u00f7<>]\s*\d|\d [-/] \d|\\[a-z]{3,}|\w\^|[\u00b2\u00b3\u221a\u222b]"
    r"|\b\d*[xyn] ?[-+=] ?[\dxyn]|\b[fgy]\(?x?\)? ?="
)
NUMBER = re.compile(r"\d+")
CHOICES = re.compile(r"(?m)(?:^|\s)\(?[A-Da-d1-4][.)] ")
QUESTION = ("?", "\uff1f", "\u061f")
SHOWN = {
    "S:fence": "fence",
    "S:code": "code",
    "S:formula": "formula",
    "S:numbers": "numbers",
    "S:asks": "question mark",
    "S:short": "short",
    "S:image": "image",
    "S:document": "document",
    "S:tools": "tools",
    "S:schema": "schema",
    "S:labels": "schema of labels",
}
"""Signals of form, in words."""
SAID: Mapping[str, Mapping[str, float]] = {
    "S:image": {"qa": 0.5, "extract": 0.4, "chat": -1},
    "S:document": {"summarize": 0.8, "extract": 0.4, "qa": 0.4, "chat": -1},
    "S:tools": {"qa": 0.4},
    "S:schema": {"extract": 1.5, "chat": -2, "creative": -1},
    "S:labels": {"classify": 2.5, "chat": -2, "creative": -1},
}
"""What is not fitted, but said: what else than text a request holds, or asks for."""


def detect(request: Request) -> Detected:
    """Tell the task of a request, how surely (0 to 1), and by which signals.

    Signals are words of this module, never of the prompt. A request without anything to tell
    it by is of task "chat" and confidence 0; so is one of texts to be embedded.
    """
    names = list(features(request))
    if not names:
        return Detected("chat", 0.0, ())
    names += _above(names)
    rows = [fitted.ROWS.get(bucket(name), NOTHING) for name in names]
    totals = [sum(column) * fitted.SCALE for column in zip(*rows, strict=True)]
    for name in SAID.keys() & set(names):
        for task, value in SAID[name].items():
            totals[TASKS.index(task)] += value
    most = max(totals)
    sure = 1 / sum([exp(one - most) for one in totals])
    at = totals.index(most)
    return Detected(TASKS[at], round(sure, 3), _signals(names, rows, at))


def _above(names: Sequence[str]) -> list[str]:
    """What the system prompt asks for: it counts twice where the message asks for nothing."""
    if any(map(ASKED, names)):
        return []
    return [name for name in names if name.startswith("Y:asks")]


def features(request: Request) -> Iterator[str]:
    """What is seen of a request: names of signals, "I:asks to write", and words, "wwrite"."""
    if request.texts is not None:
        return
    said = _said(request, "user")
    text = said[-1] if said else ""
    cues = list(of_text(text[:PART], text[max(PART, len(text) - PART) :]))
    yield from cues
    yield from _aside(_said(request, "system")[:1])
    if cues and not any(map(IN_QUESTION, cues)):
        yield "S:no words known"
        yield from _aside(said[-2:-1])
    if not request.text_alone:
        yield from _held(request)


def _said(request: Request, role: str) -> list[str]:
    return [one.text for one in request.messages if one.role == role]


def _aside(texts: Sequence[str]) -> Iterator[str]:
    """What another text than the question asks for: the system prompt, or the question before."""
    for text in texts:
        yield from _cues("Y", tokens(text))


def of_text(head: str, tail: str) -> Iterator[str]:
    """What is seen of the beginning of a text, and of its end, where that is another part."""
    if not head.strip():
        return
    found = END.search(head, 12)
    cut = found.start() if found else len(head)
    asked, rest, last = _parts(head, cut, tail)
    first = list(_cues("I", asked))
    yield from first
    yield from ("F:" + name[2:] for name in first[:1])
    yield from ("G:" + one[2:] + "+" + two[2:] for one, two in pairwise(first[:3]))
    yield from _cues("R", rest)
    yield from _cues("T", last)
    yield from _words(asked[:HASHED])
    yield from _words(last[:HASHED])
    yield from _form(head, tail, len(asked) + len(rest), found is not None)


def _parts(head: str, cut: int, tail: str) -> tuple[list[str], list[str], list[str]]:
    """The words of the instruction, of what it is for, and of the last sentence."""
    asked, rest = tokens(head[:cut]), tokens(head[cut:])[:REST]
    last = tokens(LAST.split((tail or head).rstrip(STOPS))[-1][-PART // 2 :])
    if tail and not _asks(asked) and _asks(last):  # a text, and below it what is asked
        return last, tokens(head)[:REST], []
    return asked, rest, [] if last == asked else last


def _asks(words: Sequence[str]) -> bool:
    """Whether words ask for something, rather than tell."""
    return any(cue[2:].startswith("asks") for cue in _cues("I", words))


def tokens(text: str) -> list[str]:
    """The first words of a text; each character where no spaces are written."""
    return TOKEN.findall(text[:PART].lower().replace("\u2019", "'"))[:MOST_TOKENS]


def _cues(zone: str, words: Sequence[str]) -> Iterator[str]:
    """What the words of a part of the text ask for, each once, in their order."""
    seen: dict[str, None] = {}
    before, two_before = "", ""
    for word in words:
        pair = f"{before} {word}"
        cue = CUES.get(f"{two_before} {pair}") or CUES.get(pair) or CUES.get(word)
        if cue is None and len(word) > STEM:
            cue = CUES.get(word[:STEM] + "*")
        if cue is not None:
            seen[cue] = None
        two_before, before = before, word
    return (f"{zone}:{cue}" for cue in seen)


def _words(words: Sequence[str]) -> Iterator[str]:
    """Words, and pairs of them, that have weights of their own."""
    yield from [f"w{word}" for word in words]
    yield from [f"w{one} {two}" for one, two in pairwise(words)]


def _form(head: str, tail: str, length: int, parted: bool) -> Iterator[str]:
    """What the form of a text tells."""
    code = len(CODE.findall(head)) + len(CODE_WORDS.findall(head)) + len(CODE.findall(tail))
    numbers = len(NUMBER.findall(head))
    end = (tail or head).rstrip()
    told = (
        ("fence", "```" in head or "```" in tail),
        ("code", code > 0),
        ("much code", code > 2),  # noqa: PLR2004 - one or two may be chance
        ("formula", FORMULA.search(head) is not None),
        ("a number", numbers == 1),
        ("numbers", numbers > 1),
        ("asks", end.endswith(QUESTION)),
        ("asks early", not end.endswith(QUESTION) and any(one in head for one in QUESTION)),
        ("short", length <= 4),  # noqa: PLR2004
        ("long", length > 25),  # noqa: PLR2004
        ("parted", parted),
        ("lines", head.count("\n") > 1),
        ("choices", len(CHOICES.findall(head)) > 1),
        ("cut", bool(tail)),
    )
    return (f"S:{name}" for name, holds in told if holds)


def _held(request: Request) -> Iterator[str]:
    """What a request holds besides text, or asks for."""
    kinds = {type(part) for one in request.messages for part in one.parts}
    output = request.output
    told = (
        ("S:image", Image in kinds),
        ("S:document", Document in kinds),
        ("S:tools", bool(request.tools)),
        ("S:labels", output is not None and _chooses(output.schema)),
        ("S:schema", output is not None and not _chooses(output.schema)),
    )
    return (name for name, holds in told if holds)


def _chooses(schema: Mapping[str, object]) -> bool:
    """Whether a schema has one choice of words, alone or as its only property."""
    properties = schema.get("properties")
    if isinstance(properties, dict):
        inner = list(cast("dict[str, object]", properties).values())
        return len(inner) == 1 and isinstance(inner[0], dict) and "enum" in inner[0]
    return "enum" in schema


def bucket(name: str) -> int:
    """Where the weights of a feature stand."""
    at = crc32(name.encode("utf-8", "surrogatepass")) % WORDS_APART
    return at + WORDS_APART if name[1] == ":" else at


def _signals(names: Sequence[str], rows: Sequence[tuple[int, ...]], at: int) -> tuple[str, ...]:
    """The signals that speak for a task, in words, the strongest first."""
    shown: dict[str, float] = {}
    for name, row in zip(names, rows, strict=True):
        if name[1] != ":":
            continue
        word = SHOWN.get(name) or (name[2:] if name[0] in "ITY" else "")
        weight = row[at] * fitted.SCALE + SAID.get(name, NOT_SAID).get(TASKS[at], 0.0)
        if word and weight > 0:
            shown[word] = max(weight, shown.get(word, 0.0))
    return tuple(sorted(shown, key=lambda word: (-shown[word], word))[:3])


def _spaced(word: str) -> str:
    """A word as tokens are joined: a space for an underscore, and between Chinese characters."""
    return " ".join(TOKEN.findall(word.replace("_", " "))[:3]) + "*" * word.endswith("*")


def _cue_words() -> dict[str, str]:
    """Map each word, or pair of words, to what it asks for; the first list that has it counts."""
    found: dict[str, str] = {}
    for cue, words in WORDS.items():
        for word in words.split():
            stem = word[:STEM] + "*" if word.endswith("*") else ""
            found.setdefault(stem or _spaced(word), cue)
            if stem:
                found.setdefault(word[:-1], cue)
    return found


CUES = _cue_words()
