"""Local generation: speed beside a bare low-level loop, overhead per token, time to stop.

Run it as `python -m benchmarks.local`. llama.cpp has one thread. Speed: both sides run in one
process, in turn. Overhead: the CPU of the whole process, both of llmroute's threads, less what
llama.cpp's decoding and sampling took; it is no difference of two runs that take twenty times as
long. It is measured twice. With decoding, it holds that threads wake each other for every token,
and that decoding has emptied the processor's caches, the more so the longer the answer is. With
decoding left out after the prompt (every token is then drawn from the same logits), only Python is
left: if its work per token grew with the answer, it would show here. Every number is the median of
the rounds.
"""

from __future__ import annotations

import ctypes
import tempfile
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple, Protocol

from benchmarks.measure import interleaved
from llmroute.errors import AttemptError
from llmroute.providers.llama_cpp import LlamaCppProvider
from llmroute.providers.llama_cpp.bindings import load_library
from llmroute.providers.llama_cpp.contexts import Settings
from llmroute.providers.llama_cpp.loaded import load
from llmroute.providers.llama_cpp.prompts import prompted
from llmroute.providers.llama_cpp.sampler import sampler_chain
from llmroute.types.events import Opened, Text, UsageReport
from llmroute.types.requests import Sampling
from tests.local.support import call, model
from tests.local.tiny_gguf import smollm2_path, tiny_gguf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from llmroute.providers.llama_cpp.bindings import Library
    from llmroute.providers.llama_cpp.loaded import Loaded
    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent
    from llmroute.types.models import Model

ROUNDS = 7
OVERHEAD_ROUNDS = 15
LENGTHS = (64, 256, 1024, 2048)


class Cost(NamedTuple):
    """What one token costs after the first, in seconds; `wall_s` includes waiting for a core."""

    cpu_s: float
    wall_s: float


def per_token(answer: Callable[[int], None], tokens: int) -> Cost:
    """Cost of each token after the first: an answer of `tokens` less an answer of one."""

    def spent(count: int) -> tuple[float, float]:
        cpu, wall = time.process_time(), time.perf_counter()
        answer(count)
        return time.process_time() - cpu, time.perf_counter() - wall

    (one_cpu, one_wall), (all_cpu, all_wall) = spent(1), spent(tokens)
    return Cost((all_cpu - one_cpu) / (tokens - 1), (all_wall - one_wall) / (tokens - 1))


def bare(loaded: Loaded, asked: Call, tokens: int) -> None:
    """Generate with nothing but llama.cpp's functions."""
    library, context = loaded.library, loaded.context
    prompt = prompted(asked, loaded).tokens
    library.llama_memory_clear(library.llama_get_memory(context), True)  # noqa: FBT003
    buffer = (ctypes.c_int32 * len(prompt))(*prompt)
    assert library.llama_decode(context, library.llama_batch_get_one(buffer, len(prompt))) == 0
    chain = sampler_chain(library, asked.request.sampling)
    one = (ctypes.c_int32 * 1)()
    batch = library.llama_batch_get_one(one, 1)
    sample, decode = library.llama_sampler_sample, library.llama_decode
    one[0] = sample(chain, context, -1)
    for _ in range(tokens - 1):
        decode(context, batch)
        one[0] = sample(chain, context, -1)
    library.llama_sampler_free(chain)


def ours(provider: LlamaCppProvider, of: Model, question: str, tokens: int) -> None:
    """Generate through the provider, and take every piece of text."""
    asked = call(of, question, sampling=Sampling(temperature=0, max_tokens=tokens))
    shown, usage = 0, None
    for event in provider.events(asked):
        if isinstance(event, Text):
            shown += len(event.text)
        elif isinstance(event, UsageReport):
            usage = event.usage
    assert usage is not None
    assert usage.output_tokens == tokens, "the model ended before; choose another question"


def compare(path: Path, question: str, tokens: int) -> tuple[Cost, Cost]:
    """Both sides in turn; the medians, bare first."""
    of = model(path)
    asked = call(of, question, sampling=Sampling(temperature=0))
    loaded = load(Settings(str(path), None, 0, 1), lambda: True)
    provider = LlamaCppProvider()
    pairs = [
        (
            per_token(lambda count: bare(loaded, asked, count), tokens),
            per_token(lambda count: ours(provider, of, question, count), tokens),
        )
        for _ in range(ROUNDS)
    ]
    provider.close()
    loaded.free()
    low, high = ([pair[side] for pair in pairs[1:]] for side in (0, 1))
    return _median(low), _median(high)


def _median(costs: list[Cost]) -> Cost:
    return Cost(median(one.cpu_s for one in costs), median(one.wall_s for one in costs))


class Batch(Protocol):
    """A `llama_batch`."""

    n_tokens: int


class Native:
    """Takes the place of two of llama.cpp's functions, and sums the CPU seconds spent in them."""

    def __init__(self, library: Library, *, decode: bool) -> None:
        """From now on until `restore`; without `decode` single tokens are not decoded."""
        self.spent_s = 0.0
        self._library = library
        self._own = (library.llama_decode, library.llama_sampler_sample)
        decoding = partial(self._timed if decode else self._prompts_only, library.llama_decode)
        library.llama_decode = decoding
        library.llama_sampler_sample = partial(self._timed, library.llama_sampler_sample)

    def _timed(self, function: Callable[..., int], *arguments: object) -> int:
        begun = time.thread_time()
        result = function(*arguments)
        self.spent_s += time.thread_time() - begun
        return result

    def _prompts_only(self, function: Callable[..., int], context: object, batch: Batch) -> int:
        return 0 if batch.n_tokens == 1 else self._timed(function, context, batch)

    def restore(self) -> None:
        """Put the library's own functions back."""
        self._library.llama_decode, self._library.llama_sampler_sample = self._own


def overheads(path: Path, *, decode: bool) -> dict[str, list[float]]:
    """CPU seconds per token after the first, outside llama.cpp, by the length of the answer."""
    of, provider = model(path), LlamaCppProvider()
    native = Native(load_library(), decode=decode)

    def outside(length: int, answers: int) -> float:
        begun, spent = time.process_time(), native.spent_s
        for _ in range(answers):
            ours(provider, of, "hello", length)
        return time.process_time() - begun - (native.spent_s - spent)

    def after_the_first(length: int) -> float:
        answers = LENGTHS[-1] // length
        return (outside(length, answers) - outside(1, answers)) / (answers * (length - 1))

    works = {f"{length:,}": partial(after_the_first, length) for length in LENGTHS}
    interleaved(works, 1)
    figures = interleaved(works, OVERHEAD_ROUNDS)
    provider.close()
    native.restore()
    return figures


def _note_first(events: Iterator[ProviderEvent], at: list[float]) -> None:
    assert next(events) == Opened()
    at.append(time.perf_counter())


def seconds_to_stop(path: Path) -> float:
    """From cancelling a long prompt to the next answer's first event from the freed engine."""
    of = model(path, context_tokens=8192)
    provider = LlamaCppProvider()
    spent: list[float] = []
    for _ in range(ROUNDS):
        asked = call(of, "word " * 6_000, sampling=Sampling(temperature=0))
        stream = provider.events(asked)
        assert next(stream) == Opened()
        behind = provider.events(call(of, "hello"))
        freed_at: list[float] = []
        thread = threading.Thread(target=_note_first, args=(behind, freed_at))
        thread.start()
        time.sleep(0.5)
        before = time.perf_counter()
        asked.cancel.set("benchmark")
        with suppress(AttemptError):
            next(stream)
        thread.join()
        spent.append(freed_at[0] - before)
    provider.close()
    return median(spent)


def show_overheads(figures: Mapping[str, Sequence[float]]) -> None:
    """Print one line per length."""
    for length, values in figures.items():
        least, middle, most = (f"{1e6 * one:.1f}" for one in quantiles(values, n=4))
        print(f"  {length:>5} tokens: {middle} us (half of the rounds: {least} to {most})")


def main() -> None:
    """Print the table."""
    smollm2 = smollm2_path()
    low, high = compare(smollm2, "Write a long story about a fox.", 128)
    print("SmolLM2-135M Q4_1, 128 tokens, 1 thread")
    print(f"  tokens per CPU second: bare {1 / low.cpu_s:.1f}, llmroute {1 / high.cpu_s:.1f}")
    print(f"  tokens per second:     bare {1 / low.wall_s:.1f}, llmroute {1 / high.wall_s:.1f}")
    print(f"  more CPU per token: {100 * (high.cpu_s / low.cpu_s - 1):+.1f} % (at most 5 %)")
    with tempfile.TemporaryDirectory() as folder:
        tiny = tiny_gguf(Path(folder) / "tiny.gguf")
        for decode, how in ((True, "done"), (False, "left out")):
            print("tiny LLaMA-2, CPU per token outside llama.cpp, decoding " + how)
            show_overheads(overheads(tiny, decode=decode))
    print(f"cancel in a long prompt: engine free after {seconds_to_stop(smollm2) * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
