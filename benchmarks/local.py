"""Local generation beside a bare low-level loop: speed, overhead per token, time to stop.

Run it as `python -m benchmarks.local`. Both sides run in one process, in turn, on one thread; every
number is the median of the rounds.
"""

from __future__ import annotations

import ctypes
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import AttemptError
from llmroute.providers.llama_cpp import LlamaCppProvider
from llmroute.providers.llama_cpp.engine import prompt_tokens
from llmroute.providers.llama_cpp.loaded import Settings, load
from llmroute.providers.llama_cpp.sampler import sampler_chain
from llmroute.types.events import Opened, Text, UsageReport
from llmroute.types.requests import Sampling
from tests.local.support import call, model
from tests.local.tiny_gguf import smollm2_path, tiny_gguf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llmroute.providers.llama_cpp.loaded import Loaded
    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent
    from llmroute.types.models import Model

ROUNDS = 7


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
    prompt = prompt_tokens(asked, loaded)
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
        for tokens in (64, 256, 1024, 2048):
            low, high = compare(tiny, "hello", tokens)
            print(
                f"tiny LLaMA-2, {tokens:5} tokens, CPU per token: bare {low.cpu_s * 1e6:6.1f} us, "
                f"llmroute {high.cpu_s * 1e6:6.1f}, more {(high.cpu_s - low.cpu_s) * 1e6:5.1f} us"
            )
    print(f"cancel in a long prompt: engine free after {seconds_to_stop(smollm2) * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
