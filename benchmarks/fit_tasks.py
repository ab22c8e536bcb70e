"""Fit the weights of src/llmroute/policies/task_weights.py, and measure them on what is held out.

    python -m benchmarks.fit_tasks [--write] [--others FILE ...]

The prompts are those of tests/policies/prompts, written for llmroute. One in three, by the checksum
of its text, is held out: never fitted to. `--others` are JSON lines {"task": .., "text": ..} of
prompts that others wrote; they are measured, and never fitted to. Where some are of the task
"write or creative", these two are counted as one.
"""

from __future__ import annotations

import argparse
import base64
import json
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from llmroute.policies import task_weights, tasks
from llmroute.types.messages import Message
from llmroute.types.requests import TASKS, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

ROOT = Path(__file__).resolve().parent.parent
PROMPTS = ROOT / "tests/policies/prompts"
WEIGHTS = ROOT / "src/llmroute/policies/task_weights.py"
SEED = 20261126
WORD_PENALTY, CUE_PENALTY = 0.05, 0.01
ROUNDS = 400
LONG = 1500
EITHER = "write or creative"


class Prompt(NamedTuple):
    """A prompt, its task, and whether it is held out."""

    task: str
    text: str
    held_out: bool


def prompts() -> list[Prompt]:
    """All prompts that were written for llmroute."""
    found: list[Prompt] = []
    for path in sorted(PROMPTS.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                text = line.replace("\\n", "\n")
                found.append(Prompt(path.stem, text, held_out(text)))
    return found


def held_out(text: str) -> bool:
    """Whether a prompt belongs to the third that nothing is fitted to."""
    return zlib.crc32(text.encode()) % 3 == 0


def request(text: str, system: str = "") -> Request:
    """A request as a caller makes it."""
    head = (Message.system(system),) if system else ()
    return Request((*head, Message.user(text)))


def examples(given: Iterable[Prompt]) -> Iterator[tuple[list[str], str]]:
    """Features and tasks: as they are, without words, and with the instruction in other places."""
    given = list(given)
    for at, one in enumerate(given):
        names = list(tasks.features(request(one.text)))
        yield names, one.task
        yield [name for name in names if name[1] == ":"], one.task
        found = tasks.END.search(one.text, 12)
        if found and len(one.text) - found.end() > 15:
            asked, rest = one.text[: found.start()], one.text[found.end() :]
            yield list(tasks.features(request(rest.strip(), asked))), one.task
            swapped = f"{rest.strip()}\n\n{asked}."
            yield list(tasks.features(request(swapped))), one.task
            for long in at_either_end(asked, rest.strip()):
                yield list(tasks.features(request(long))), one.task
        elif at % 3 == 0 and one.task not in {"qa", "chat"}:
            other = given[(at * 7) % len(given)].text
            yield list(tasks.features(request(other[:80], one.text))), one.task


def at_either_end(asked: str, rest: str) -> tuple[str, str]:
    """An instruction above, and below, a text that is too long to be read whole."""
    long = (rest + " ") * (LONG // len(rest) + 1)
    return f"{asked}: {long}", f"{long}\n\n{asked}."


def matrix(rows: Sequence[list[str]], scales: Numbers) -> Numbers:
    """One row of numbers for each list of features."""
    made = np.zeros((len(rows), tasks.BUCKETS))
    for at, names in enumerate(rows):
        for name in names:
            made[at, tasks.bucket(name)] += 1
    return made * scales


def fit(given: Sequence[Prompt]) -> Numbers:
    """Multinomial logistic regression; words are held back more than signals."""
    rows, labels = zip(*examples(given), strict=True)
    named = {tasks.bucket(name) for row in rows for name in row if name[1] == ":"}
    penalty = np.full(tasks.BUCKETS, WORD_PENALTY)
    penalty[sorted(named)] = CUE_PENALTY
    x = matrix(rows, np.ones(tasks.BUCKETS))
    y = np.eye(len(TASKS))[[TASKS.index(label) for label in labels]]
    weights = np.zeros((tasks.BUCKETS, len(TASKS)))
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, ROUNDS + 1):
        scores = x @ weights
        scores -= scores.max(axis=1, keepdims=True)
        chances = np.exp(scores)
        chances /= chances.sum(axis=1, keepdims=True)
        slope = x.T @ (chances - y) / len(rows) + penalty[:, None] * weights
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        size = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        weights -= 0.03 * size * (1 - step / ROUNDS)
    return weights


def quantized(weights: Numbers) -> tuple[dict[int, tuple[int, ...]], float]:
    """Whole numbers from -127 to 127 and what one of them is worth; rows of zeros are left out."""
    scale = float(np.abs(weights).max()) / 127
    whole = np.rint(weights / scale).astype(int)
    rows = {at: tuple(map(int, row)) for at, row in enumerate(whole) if row.any()}
    return rows, scale


def use(weights: Numbers) -> None:
    """Let the detection work with other weights."""
    rows, scale = quantized(weights)
    task_weights.ROWS.clear()
    task_weights.ROWS.update(rows)
    task_weights.SCALE = scale


class Measured(NamedTuple):
    """How well the tasks of some prompts were told."""

    prompts: int
    accuracy: float
    macro_f1: float
    confusion: dict[tuple[str, str], int]
    calibration: list[tuple[float, float, int]]


def measured(given: Sequence[tuple[str, str]]) -> Measured:
    """Detect the task of each text; pairs are of a task and a text."""
    merged = any(task == EITHER for task, _ in given)
    pairs: list[tuple[str, str]] = []
    sure: list[tuple[float, bool]] = []
    for task, text in given:
        found = tasks.detect(request(text))
        told = found.task
        if merged and told in {"write", "creative"}:
            told = EITHER
        pairs.append((task, told))
        sure.append((found.confidence, task == told))
    confusion = Counter(pairs)
    named = sorted({task for task, _ in pairs})
    scores = [_f1(confusion, name) for name in named]
    right = sum(count for (task, told), count in confusion.items() if task == told)
    bins: list[tuple[float, float, int]] = []
    for low in (0.0, 0.3, 0.5, 0.7, 0.9):
        high = {0.0: 0.3, 0.3: 0.5, 0.5: 0.7, 0.7: 0.9, 0.9: 1.01}[low]
        hits = [hit for value, hit in sure if low <= value < high]
        bins.append((low, sum(hits) / max(1, len(hits)), len(hits)))
    f1 = sum(scores) / len(scores)
    return Measured(len(pairs), right / len(pairs), f1, dict(confusion), bins)


def _f1(confusion: Counter[tuple[str, str]], name: str) -> float:
    hit = confusion[name, name]
    of = sum(count for (task, _), count in confusion.items() if task == name)
    told = sum(count for (_, one), count in confusion.items() if one == name)
    return 2 * hit / (of + told) if hit else 0.0


def table(found: Measured) -> str:
    """Lay the confusion out: a row for each task, a column for what was told."""
    rows = sorted({one for one, _ in found.confusion}, key=_place)
    heads = sorted({one for _, one in found.confusion} | set(rows), key=_place)
    lines = ["| task | " + " | ".join(heads) + " |", "| --- |" + " ---: |" * len(heads)]
    for row in rows:
        cells = (str(found.confusion.get((row, head), "")) for head in heads)
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _place(task: str) -> int:
    return TASKS.index(task) if task in TASKS else len(TASKS)


def source(weights: Numbers) -> str:
    """The module that holds the weights."""
    rows, scale = quantized(weights)
    data = bytearray()
    for at, row in rows.items():
        data += at.to_bytes(2, "big") + bytes(number % 256 for number in row)
    text = base64.b85encode(zlib.compress(bytes(data), 9)).decode()
    width = 96
    lines = "".join(f'    "{text[at : at + width - 2]}"\n' for at in range(0, len(text), width - 2))
    return HEAD + f"SCALE = {scale!r}\nPACKED = (\n{lines})\n" + REST


HEAD = '''"""Weights of signals and hashed words for each task, whole numbers; written by a program.

`python -m benchmarks.fit_tasks --write` fits them to prompts of our own and writes this file.
"""

from __future__ import annotations

from base64 import b85decode
from zlib import decompress

WIDTH = 13
"""Two bytes for the bucket, and one for each task."""
'''
REST = '''

def _rows() -> dict[int, tuple[int, ...]]:
    """Unpack the weights of each bucket that has some."""
    data = decompress(b85decode(PACKED))
    rows = (data[at : at + WIDTH] for at in range(0, len(data), WIDTH))
    return {
        row[0] * 256 + row[1]: tuple((one + 128) % 256 - 128 for one in row[2:]) for row in rows
    }


ROWS = _rows()
'''


def main() -> None:
    """Fit, print what is measured, and write the module if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--folds", action="store_true")
    parser.add_argument("--others", type=Path, nargs="*", default=[])
    given = parser.parse_args()
    design = [one for one in prompts() if not one.held_out]
    if given.folds:
        folds(design)
        return
    weights = fit(design)
    use(weights)
    show("own, held out", [(one.task, one.text) for one in prompts() if one.held_out])
    for path in given.others:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        show(path.stem, [(line["task"], line["text"]) for line in lines])
    if given.write:
        WEIGHTS.write_text(source(weights), encoding="utf-8")


def folds(design: Sequence[Prompt]) -> None:
    """Measure on each fifth of the part for design what is fitted to the rest of it."""
    right: list[tuple[str, str]] = []
    for fold in range(5):
        part = [one for at, one in enumerate(design) if at % 5 == fold]
        use(fit([one for at, one in enumerate(design) if at % 5 != fold]))
        found = measured([(one.task, one.text) for one in part])
        print(fold, found.accuracy, found.macro_f1, found.calibration)
        for one in part:
            told = tasks.detect(request(one.text))
            if told.task != one.task:
                right.append((f"{one.task} > {told.task} {told.confidence}", one.text[:90]))
    for what, text in sorted(right):
        print(what, "|", text.replace("\n", "\\n"))


def show(name: str, given: Sequence[tuple[str, str]]) -> None:
    """Print what is measured on some prompts."""
    found = measured(given)
    print(
        f"{name}: {found.prompts} prompts, accuracy {found.accuracy:.3f}, F1 {found.macro_f1:.3f}"
    )
    print(table(found))
    print(found.calibration)


if __name__ == "__main__":
    main()
