"""What is asked in a simulation, and when: read from a file, or made up."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.errors import PolicyError, Problem
from llmroute.errors.problems import nearest

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from random import Random

    from .world import Traffic

OWN = ("at_s", "prompt", "messages", "input_tokens", "output_tokens", "stream")
"""What a line of traffic says besides the options of `chat`."""
OUTPUT_TOKENS = 200
WORD = "word "
"""About one token: prompts of which only the length is known are made of it."""
LONGEST_TOKENS = 10_000_000


class Arrival(NamedTuple):
    """One request: when it comes, what it asks, and how long its answer would be.

    `at_s` is in seconds since the beginning, `options` are those of `chat`. `place` is the file and
    the line in which it stands; None: in none.
    """

    at_s: float
    prompt: object
    output_tokens: int
    stream: bool
    options: Mapping[str, object]
    place: tuple[str, int] | None = None


def read_traffic(file: str | os.PathLike[str]) -> Iterator[Arrival]:
    """Read recorded traffic: a JSON object in each line, in the order of `at_s`.

    `prompt` (or `messages`) is what was asked; `input_tokens` stands for a prompt that was not
    kept. `output_tokens` is the length of the answer, 200 by default, `stream` whether it was
    streamed. All other keys are options of `chat`: task, hints, max_tokens, ...

    Raises:
        PolicyError: the file cannot be read; reading on, a line that is wrong.
    """
    path = Path(file)
    try:
        lines = path.open(encoding="utf-8")
    except OSError as error:
        raise PolicyError([Problem(str(path), None, "", error.strerror or "unreadable")]) from None
    with lines:
        before = 0.0
        for number, line in enumerate(lines, 1):
            if line.strip():
                arrival = _arrival(line, _Place(str(path), number))
                if arrival.at_s < before:
                    raise _Place(str(path), number).wrong(
                        "at_s", "it is earlier than the one before"
                    )
                before = arrival.at_s
                yield arrival


class _Place(NamedTuple):
    file: str
    line: int

    def wrong(self, key: str, what: str, hint: str = "") -> PolicyError:
        return PolicyError([Problem(self.file, self.line, key, what, hint)])


def _arrival(line: str, place: _Place) -> Arrival:
    try:
        value = cast("object", json.loads(line))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise place.wrong("", "it is no JSON object", 'Write {"at_s": 0.5, "prompt": "..."}')
    given = cast("dict[str, object]", value)
    options = {name: one for name, one in given.items() if name not in OWN}
    for name in options:
        _check_option(name, place)
    prompt = given.get("messages", given.get("prompt"))
    if prompt is None:
        if "input_tokens" not in given:
            raise place.wrong("prompt", "it is missing", "Write prompt, messages or input_tokens")
        tokens = _number(given, "input_tokens", place, LONGEST_TOKENS)
        prompt = WORD * max(1, int(tokens))
    output = given.get("output_tokens", OUTPUT_TOKENS)
    given["output_tokens"] = output
    return Arrival(
        _number(given, "at_s", place, math.inf),
        prompt,
        int(_number(given, "output_tokens", place, LONGEST_TOKENS)),
        _flag(given, "stream", place),
        options,
        place,
    )


def _check_option(name: str, place: _Place) -> None:
    from llmroute.types.requests import ChatOptions

    known = [*ChatOptions.__annotations__]
    if name not in known:
        hint = nearest(name[:40], [*OWN, *known])
        raise place.wrong(name[:40], "there is no such key", hint)


def _number(given: Mapping[str, object], name: str, place: _Place, most: float) -> float:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        missing = "it is missing" if value is None else "it must be a number, 0 or more"
        raise place.wrong(name, missing)
    return float(value)


def _flag(given: Mapping[str, object], name: str, place: _Place) -> bool:
    value = given.get(name, False)
    if isinstance(value, bool):
        return value
    raise place.wrong(name, "it must be true or false")


def made_up(traffic: Traffic, chance: Random) -> Iterator[Arrival]:
    """Make requests that come at random, of random lengths."""
    names = [task for task, _ in traffic.tasks]
    shares = [share for _, share in traffic.tasks]
    plain: Mapping[str, object] = {}
    options = {name: {"task": name} for name in names}
    at_s = 0.0
    for _ in range(traffic.requests):
        at_s += chance.expovariate(traffic.per_s)
        size = _about(traffic.input_tokens, traffic.spread, chance)
        length = _about(traffic.output_tokens, traffic.spread, chance)
        stream = chance.random() < traffic.stream
        asked = options[chance.choices(names, shares)[0]] if names else plain
        yield Arrival(at_s, _filler(size), length, stream, asked)


def _about(median: int, spread: float, chance: Random) -> int:
    found = median * math.exp(chance.gauss(0.0, spread)) if spread else float(median)
    return max(1, min(LONGEST_TOKENS, round(found)))


def _filler(tokens: int) -> str:
    """A prompt of about so many tokens; lengths are rounded, so that few are made."""
    step = max(1, 1 << max(0, tokens.bit_length() - 5))
    return WORD * max(1, tokens // step * step)
