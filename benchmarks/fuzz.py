"""Damaged input by the million: whatever comes, an answer or a typed error, soon, and in bounds.

    python -m benchmarks.fuzz sse 1000000 --seed 1 --processes 2

Each input is a recorded shape (tests/providers/recorded, policies/*.toml) with some damage; seed
and number make it again: `--only NUMBER` shows one. What must hold for every input stands beside
its target, in `fuzz_answers` and `fuzz_policies`. For every input it must hold as well that only
errors of llmroute come out, that it takes less than LONGEST_S of CPU, and that memory does not grow
by more than MOST_MIB in all.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

TARGETS = {
    "sse": "fuzz_answers:streams",
    "json": "fuzz_answers:whole_answers",
    "retry-after": "fuzz_answers:retry_after",
    "policy": "fuzz_policies:policies",
    "catalog": "fuzz_policies:catalogs",
}
LONGEST_S = 5.0
"""Seconds of CPU for one input, on the slowest machine."""
MOST_MIB = 64.0
"""How much memory may grow after WARM inputs."""
WARM = 1000
SHOWN = 5
"""How many inputs are named for each fault."""


class Target(Protocol):
    """One kind of input."""

    def made(self, chance: Random) -> object:
        """Make an input."""
        ...

    def tried(self, made: object) -> str:
        """Read it; returns what it was in a word, raises whatever is wrong."""
        ...


class HangingError(BaseException):
    """An input took too much CPU; no `except Exception` on the way may take it."""


class Found(NamedTuple):
    """What came of a run: how often each outcome, and the numbers of the inputs of each fault."""

    inputs: int
    outcomes: Counter[str]
    faults: dict[str, list[int]]
    slowest_s: float
    slowest: int
    grown_mib: float
    cpu_s: float

    def __str__(self) -> str:
        outcomes = ", ".join(f"{name} {count}" for name, count in self.outcomes.most_common())
        count = sum(map(len, self.faults.values()))
        slowest = f"slowest {self.slowest_s * 1000:.0f} ms (input {self.slowest})"
        cost = f"memory +{self.grown_mib:.0f} MiB, {self.cpu_s:.0f} s of CPU"
        lines = [f"{self.inputs} inputs, {count} faults; {slowest}, {cost}", f"  {outcomes}"]
        for fault, numbers in self.faults.items():
            lines.append(f"  {len(numbers)} times {fault}: inputs {numbers[:SHOWN]}")
        return "\n".join(lines)


def target_of(name: str) -> Target:
    """Make a target by its name."""
    module, _, function = TARGETS[name].partition(":")
    return cast("Callable[[], Target]", getattr(import_module(f"benchmarks.{module}"), function))()


def chance_of(seed: int, number: int) -> Random:
    """The chance that input `number` is made by."""
    return Random(f"{seed} {number}")  # noqa: S311 - it must come again


def run(
    target: Target,
    seed: int,
    numbers: Iterable[int],
    until_s: float = float("inf"),
    longest_s: float = LONGEST_S,
) -> Found:
    """Try the inputs of these numbers; stops at `until_s` of time.monotonic()."""
    outcomes: Counter[str] = Counter()
    faults: dict[str, list[int]] = {}
    slowest_s, slowest, count, warm_mib = 0.0, 0, 0, peak_mib()
    begun_s = time.process_time()
    for number in numbers:
        if time.monotonic() > until_s:
            break
        made = target.made(chance_of(seed, number))
        before_s = time.process_time()
        fault = _fault(target, made, outcomes, longest_s)
        took_s = time.process_time() - before_s
        if fault:
            faults.setdefault(fault, []).append(number)
        if took_s > slowest_s and count:  # the first one imports
            slowest_s, slowest = took_s, number
        count += 1
        if count == WARM:
            warm_mib = peak_mib()
    grown_mib = peak_mib() - warm_mib
    if grown_mib > MOST_MIB and count > WARM:
        faults[f"memory grew by {grown_mib:.0f} MiB"] = [0]
    cpu_s = time.process_time() - begun_s
    return Found(count, outcomes, faults, slowest_s, slowest, grown_mib, cpu_s)


def _fault(target: Target, made: object, outcomes: Counter[str], longest_s: float) -> str:
    """Try one input; "" when nothing is wrong, else what, and where in the source."""
    try:
        with _bounded(longest_s):
            outcomes[target.tried(made)] += 1
    except (Exception, HangingError) as error:  # noqa: BLE001 - anything at all is what is sought
        frames = traceback.extract_tb(error.__traceback__)
        own = [one for one in frames if "/llmroute/" in one.filename] or frames
        said = str(error).partition("\n")[0] if isinstance(error, AssertionError) else ""
        return f"{type(error).__name__} {said} at {Path(own[-1].filename).name}:{own[-1].lineno}"
    return ""


@contextmanager
def _bounded(longest_s: float) -> Generator[None]:
    """Raise HangingError after `longest_s` of CPU."""

    def stop(*_: object) -> NoReturn:
        raise HangingError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, longest_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def peak_mib() -> float:
    """The most memory of this process so far."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _share(name: str, seed: int, numbers: range, until_s: float) -> Found:
    return run(target_of(name), seed, numbers, until_s)


def joined(found: list[Found]) -> Found:
    """Add up what the processes found."""
    faults: dict[str, list[int]] = {}
    outcomes: Counter[str] = Counter()
    for one in found:
        outcomes += one.outcomes
        for fault, numbers in one.faults.items():
            faults.setdefault(fault, []).extend(numbers)
    slow = max(found, key=lambda one: one.slowest_s)
    return Found(
        sum(one.inputs for one in found),
        outcomes,
        faults,
        slow.slowest_s,
        slow.slowest,
        max(one.grown_mib for one in found),
        sum(one.cpu_s for one in found),
    )


def show(name: str, seed: int, number: int) -> None:
    """Show one input, and what comes of it with its traceback."""
    target = target_of(name)
    made = target.made(chance_of(seed, number))
    print(made)
    print(target.tried(made))


def main() -> int:
    """Run as asked; 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="then stop, and tell")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="show this one input")
    asked = parser.parse_args()
    if asked.only is not None:
        show(asked.target, asked.seed, asked.only)
        return 0
    until_s = time.monotonic() + asked.minutes * 60
    numbers = range(asked.first, asked.first + asked.count)
    with ProcessPoolExecutor(asked.processes, mp_context=get_context("spawn")) as pool:
        shares = [
            pool.submit(_share, asked.target, asked.seed, numbers[at :: asked.processes], until_s)
            for at in range(asked.processes)
        ]
        found = joined([share.result() for share in shares])
    print(f"{asked.target}, seed {asked.seed}, from {asked.first}: {found}", flush=True)
    return int(bool(found.faults))


if __name__ == "__main__":
    sys.exit(main())
