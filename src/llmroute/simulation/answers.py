"""What comes of an attempt in a simulation: when it is opened, when it speaks, how it ends."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import AttemptError
from llmroute.flow import occurrences as on
from llmroute.types.events import End, Text
from llmroute.types.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from llmroute.flow.commands import Start
    from llmroute.types.models import Model

    from .world import Behavior, World

FIRST_TOKEN_S = 0.8
TOKENS_PER_S = 60.0
LOCAL_SHARE = 0.25
"""How fast a model is of which nobody says so, and how much slower one of this machine."""
REFUSED_S = 0.05
"""How soon a fault shows: a round trip."""
PIECE_S = 10.0
"""How often, at least, an answer speaks; twice as often as it must, where that is more often."""
MINUTE_S = 60.0
CHARACTERS = 4
ENDLESS = "word" * 250_000
Coming = tuple[float, on.Occurrence]
"""Something that happens to an attempt, in so many seconds after its start."""


class Asked(NamedTuple):
    """What an attempt is asked for: tokens of the prompt, of the answer, and in which form.

    `between_tokens_s` is for how long the caller bears silence within a stream.
    """

    input_tokens: int
    output_tokens: int
    stream: bool
    between_tokens_s: float


class Hosts:
    """The models of the world, and how many requests each took in this minute."""

    def __init__(self, world: World, chance: Random) -> None:
        """Begin with none."""
        self._world = world
        self._chance = chance
        self._minutes: dict[str, tuple[int, int]] = {}

    def answer(self, now: float, start: Start, asked: Asked) -> Iterator[Coming]:
        """What comes of an attempt that begins now."""
        behavior = self._world.of(start.model.name)
        fault = self._fault(now, start.model, behavior)
        first_s, token_s = self._speed(start.model, behavior)
        if fault == "hang":
            return
        if fault is not None and fault != "stall":
            wait_s = self._wait_s(now) if fault == "rate_limit" else None
            error = AttemptError(fault, "as simulated", wait_s=wait_s)
            yield REFUSED_S, on.Failed(start.id, error)
            return
        yield first_s / 2, on.Opened(start.id)
        said = min(asked.output_tokens, len(ENDLESS) // CHARACTERS)
        left = max(0, said - len(start.prefix) // CHARACTERS) or 1
        if asked.stream:
            yield first_s, on.Got(start.id, Text(ENDLESS[:CHARACTERS]), CHARACTERS)
        if fault == "stall":
            return
        yield from self._rest(start.id, (first_s, token_s), left, asked)
        end_s = first_s + left * token_s
        yield end_s, on.Ended(start.id, End("stop"), Usage(asked.input_tokens, left))

    @staticmethod
    def _rest(
        attempt_id: int, speed: tuple[float, float], tokens: int, asked: Asked
    ) -> Iterator[Coming]:
        """The pieces of an answer behind its first word, or all of it at its end."""
        first_s, token_s = speed
        piece_s = min(PIECE_S, asked.between_tokens_s / 2)
        size = max(1, int(piece_s / token_s)) if token_s else tokens
        done = 1 if asked.stream else 0
        while done < tokens:
            step = min(size, tokens - done) if asked.stream else tokens
            done += step
            text = ENDLESS[: step * CHARACTERS]
            yield first_s + done * token_s, on.Got(attempt_id, Text(text), len(text))

    def _fault(self, now: float, model: Model, behavior: Behavior) -> str | None:
        for outage in self._world.outages:
            if outage.hits(model, now) and self._chance.random() < outage.share:
                return outage.kind
        if self._is_full(now, model.name, behavior):
            return "rate_limit"
        if behavior.failure_share and self._chance.random() < behavior.failure_share:
            return behavior.failure
        return None

    def _is_full(self, now: float, name: str, behavior: Behavior) -> bool:
        if behavior.requests_per_minute is None:
            return False
        minute = int(now // MINUTE_S)
        before, count = self._minutes.get(name, (minute, 0))
        count = count + 1 if before == minute else 1
        self._minutes[name] = (minute, count)
        return count > behavior.requests_per_minute

    @staticmethod
    def _wait_s(now: float) -> float:
        return MINUTE_S - now % MINUTE_S

    def _speed(self, model: Model, behavior: Behavior) -> tuple[float, float]:
        """Seconds to the first token, and for each token."""
        first_s, per_s = usual_speed(model, behavior)
        if behavior.spread:
            slow = math.exp(self._chance.gauss(0.0, behavior.spread))
            first_s *= slow
            per_s /= math.exp(self._chance.gauss(0.0, behavior.spread))
        return first_s, 1.0 / per_s


def usual_speed(model: Model, behavior: Behavior) -> tuple[float, float]:
    """Seconds to the first token and tokens in a second: as told, as in the catalog, as usual."""
    known, slower = model.speed, LOCAL_SHARE if model.local else 1.0
    first_s, per_s = behavior.first_token_s, behavior.tokens_per_s
    if first_s is None:
        first_s = None if known is None else known.first_token_s
    if per_s is None:
        per_s = None if known is None else known.tokens_per_s
    first_s = FIRST_TOKEN_S if first_s is None else first_s
    return first_s, TOKENS_PER_S * slower if per_s is None else per_s
