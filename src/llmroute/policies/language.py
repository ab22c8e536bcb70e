"""Which language a request is written in: told by its script, else by its commonest small words.

Nothing is loaded and nothing is asked. Some scripts belong to one language as good as alone (kana,
Hangul, Thai, Greek, ...). For the languages that share the Latin or the Cyrillic script, words such
as "the", "und" and "que" are counted, and letters that only one of them has. A text in which no
language is clearly ahead, one of few words as a rule, is of unknown language.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from .language_words import LETTERS, WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmroute.types.requests import Request

MOST_CHARACTERS = 2000
"""How much of a text is looked at."""
LEAD = 0.5
"""How far the first language must be ahead of the second, in words that only the first has."""
LEAST = 1.0
"""How many small words of its own a text must hold; shared ones count by their share."""

SCRIPTS: tuple[tuple[int, int, str], ...] = (
    (0x0041, 0x024F, "latin"),
    (0x1E00, 0x1EFF, "latin"),
    (0x0370, 0x03FF, "el"),
    (0x1F00, 0x1FFF, "el"),
    (0x0400, 0x052F, "cyrillic"),
    (0x0531, 0x058F, "hy"),
    (0x0590, 0x05FF, "he"),
    (0x0600, 0x077F, "ar"),
    (0x0900, 0x097F, "hi"),
    (0x0980, 0x09FF, "bn"),
    (0x0A00, 0x0A7F, "pa"),
    (0x0A80, 0x0AFF, "gu"),
    (0x0B80, 0x0BFF, "ta"),
    (0x0C00, 0x0C7F, "te"),
    (0x0C80, 0x0CFF, "kn"),
    (0x0D00, 0x0D7F, "ml"),
    (0x0D80, 0x0DFF, "si"),
    (0x0E00, 0x0E7F, "th"),
    (0x0E80, 0x0EFF, "lo"),
    (0x1000, 0x109F, "my"),
    (0x10A0, 0x10FF, "ka"),
    (0x1200, 0x137F, "am"),
    (0x1780, 0x17FF, "km"),
    (0x3040, 0x30FF, "ja"),
    (0x1100, 0x11FF, "ko"),
    (0xAC00, 0xD7AF, "ko"),
    (0x3400, 0x9FFF, "han"),
)
"""Ranges of characters, and the language, or the script of several, that they belong to."""
CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+|[\w.+-]+@[\w-]+\.\w+", re.DOTALL)
"""What of a question is in no language: code, addresses."""
WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
KNOWN = frozenset({language for _, _, language in SCRIPTS if len(language) == 2} | set(WORDS)) | {  # noqa: PLR2004 - codes have two letters
    "zh",
    "fa",
    "ur",
}
"""The languages that can be told."""


def language_of(request: Request) -> str | None:
    """Tell the language of a request: that of the user's last text, or of texts to be embedded.

    An ISO 639-1 code; None when it is not known.
    """
    if request.texts is not None:
        return detect(" ".join(request.texts[:100]))
    for message in reversed(request.messages):
        if message.role == "user" and message.text.strip():
            return detect(message.text)
    return None


def detect(text: str) -> str | None:
    """Tell the language of a text; None when none is clearly ahead."""
    text = CODE.sub(" ", text[: 2 * MOST_CHARACTERS])[:MOST_CHARACTERS].lower()
    script = _script(Counter(text))
    if script in {"latin", "cyrillic"}:
        return _by_words(text, script)
    if script == "ar":
        return _by_letters(text, {"ur": "ٹڈڑےںھ", "fa": "پچژگیک"}) or "ar"
    return script


def _script(characters: Mapping[str, int]) -> str | None:
    """Tell the script of most letters; Han is Japanese if there are kana as well."""
    counts: Counter[str] = Counter()
    for character, count in characters.items():
        if character.isalpha() or not character.isascii():
            counts[_script_of(ord(character))] += count
    counts.pop("", None)
    han = counts.pop("han", 0)
    japanese = counts["ja"] * 10 > han  # a tenth of kana is more than a foreign name
    counts["ja" if japanese else "zh"] += 3 * han  # one of them is worth some letters
    script, most = counts.most_common(1)[0]
    return script if most > 0 and 2 * most > counts.total() else None


def _script_of(code: int) -> str:
    return next((name for low, high, name in SCRIPTS if low <= code <= high), "")


def _by_letters(text: str, own: Mapping[str, str]) -> str | None:
    """Find the first language of which a text holds letters of its own, in some number."""
    for language, letters in own.items():
        if 40 * sum(map(text.count, letters)) > len(text):
            return language
    return None


def _by_words(text: str, script: str) -> str | None:
    """Find the language of whose small words, and letters of its own, there are most."""
    words = WORD.findall(text.replace("\u2019", "'"))
    most = 1 + len(words) // 4
    votes = [(OWNERS.get(word, ()), 1) for word in words]
    votes += [(owners, min(text.count(one), most)) for one, owners in LETTERS.items()]
    scores: dict[str, float] = dict.fromkeys(CYRILLIC if script == "cyrillic" else LATIN, 0.0)
    for owners, count in votes:
        _add(scores, owners, count)
    (second, _), (first, language) = sorted((score, one) for one, score in scores.items())[-2:]
    return language if first >= LEAST and first - second >= LEAD else None


def _add(scores: dict[str, float], owners: Sequence[str], count: int) -> None:
    """Share a vote among the languages that have this word, or letter."""
    for language in owners if count else ():
        if language in scores:
            scores[language] += count / len(owners)


CYRILLIC = frozenset({"ru", "uk", "bg", "sr", "be", "mk"})
LATIN = frozenset(WORDS) - CYRILLIC


def _owners() -> dict[str, tuple[str, ...]]:
    """Map each small word to the languages that have it."""
    owners: dict[str, tuple[str, ...]] = {}
    for language, words in WORDS.items():
        for word in words.split():
            owners[word] = (*owners.get(word, ()), language)
    return owners


OWNERS = _owners()
