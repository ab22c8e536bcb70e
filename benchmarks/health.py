"""Breaker, retry budget and rates beside their oracles, and what a gate costs.

python -m benchmarks.health 100000
"""

from __future__ import annotations

import sys
import timeit
from random import Random

from llmroute.health.admission import Ask
from llmroute.health.gate import HealthGate
from llmroute.health.memory import Memory
from llmroute.types.usage import Usage
from tests.health.gates import at
from tests.health.oracles import MOVES, play

LONGEST = 120
"""The most moves of a game."""
ATTEMPTS = 20_000


def games(count: int) -> None:
    """Play so many games of each kind; AssertionError where gate and oracle differ."""
    for kind in MOVES:
        for seed in range(count):
            draw = Random(seed)  # noqa: S311 - a game
            play(kind, draw.randrange, draw.randrange(10, LONGEST))
        sys.stdout.write(f"{kind.__name__}: {count:,} games, no difference\n")


def cost_us() -> float:
    """Microseconds of an attempt at the gate, in and out, where all is well; the least of nine."""
    gate, model, usage = HealthGate(Memory()), at("x"), Usage(100, 20)

    def attempt() -> None:
        gate.leave(2.0, gate.enter(1.0, model, Ask(tokens=120)), None, usage)  # type: ignore[arg-type]

    return min(timeit.repeat(attempt, number=ATTEMPTS, repeat=9)) / ATTEMPTS * 1e6


if __name__ == "__main__":
    sys.stdout.write(f"an attempt, in and out: {cost_us():.2f} us\n")
    games(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
