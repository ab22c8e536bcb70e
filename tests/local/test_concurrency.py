"""Many callers, one engine: queues, threads, tasks, cancelling, closing, forking."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llmroute.errors import AttemptError, ClosedError
from llmroute.providers.llama_cpp import LlamaCppProvider
from llmroute.providers.llama_cpp.bindings import engine_build
from llmroute.providers.llama_cpp.contexts import Settings
from llmroute.providers.llama_cpp.engine import Engine
from llmroute.providers.llama_cpp.job import Job
from llmroute.types.events import End, Opened, Text
from llmroute.types.requests import Sampling
from tests.local.support import CLOCK, call, fold, model

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent
    from llmroute.types.faults import Fault
    from tests.local.support import Answer

pytestmark = pytest.mark.native
QUESTIONS = [
    f"{word} and the {word}" for word in ("hello", "it", "in", "on", "re", "an", "he", "the")
]
SEEDED = Sampling(seed=5, max_tokens=50)
ENDLESS = Sampling(temperature=0)
GENEROUS_S = 0.5  # ten times what it takes on an idle machine


async def afold(provider: LlamaCppProvider, one: Call) -> Answer:
    """Fold an answer on the event loop."""
    return fold([event async for event in provider.aevents(one)])


def slow_call(smollm2: Path, limit_s: float = 60.0, words: int = 7_000) -> Call:
    """Ask SmolLM2 with a prompt that takes it several seconds to read."""
    of = model(smollm2, context_tokens=8192)
    return call(of, "word " * words, sampling=ENDLESS, limit_s=limit_s)


@pytest.fixture
def serial(tiny: Path) -> list[Answer]:
    """The answers to QUESTIONS, asked one after another."""
    provider = LlamaCppProvider()
    answers = [fold(provider.events(call(model(tiny), one, sampling=SEEDED))) for one in QUESTIONS]
    provider.close()
    assert len({answer.text for answer in answers}) == len(QUESTIONS)
    return answers


def test_threads_get_the_answers_of_serial_calls(
    tiny: Path, provider: LlamaCppProvider, serial: list[Answer]
) -> None:
    """Eight threads at once get what eight calls in turn get; no answer is mixed."""

    def ask(question: str) -> Answer:
        return fold(provider.events(call(model(tiny), question, sampling=SEEDED)))

    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert [one.text for one in pool.map(ask, QUESTIONS)] == [one.text for one in serial]


def test_tasks_get_the_answers_of_serial_calls(
    tiny: Path, provider: LlamaCppProvider, serial: list[Answer]
) -> None:
    """Eight tasks at once get what eight calls in turn get."""

    async def main() -> list[Answer]:
        calls = [call(model(tiny), one, sampling=SEEDED) for one in QUESTIONS]
        return await asyncio.gather(*[afold(provider, one) for one in calls])

    for _ in range(2):
        assert [one.text for one in asyncio.run(main())] == [one.text for one in serial]


def test_interleaved_streams_are_not_mixed(
    tiny: Path, provider: LlamaCppProvider, serial: list[Answer]
) -> None:
    """Streams of one thread, pulled in turn, each give their own answer."""
    streams = [provider.events(call(model(tiny), one, sampling=SEEDED)) for one in QUESTIONS]
    collected: list[list[ProviderEvent]] = [[] for _ in streams]
    live = set(range(len(streams)))
    while live:
        for index in list(live):
            event = next(streams[index], None)
            if event is None:
                live.discard(index)
            else:
                collected[index].append(event)
    assert [fold(one).text for one in collected] == [one.text for one in serial]


def test_calls_are_answered_in_the_order_they_came(tiny: Path) -> None:
    """The queue is fair: first come, first served, one whole answer after the other."""
    engine = Engine(Settings(str(tiny), None, 0, 1))
    emitted: list[int] = []  # whose event it was, noted in the engine's own thread
    begun, ended = threading.Event(), threading.Event()

    def job(index: int) -> Job:
        def emit(event: ProviderEvent | Fault) -> None:
            emitted.append(index)
            if isinstance(event, End) and index == 3:
                ended.set()

        return Job(call(model(tiny), "hello", sampling=SEEDED), emit)

    busy = Job(call(model(tiny), "hello", sampling=ENDLESS), lambda _: begun.set())
    engine.submit(busy)
    assert begun.wait(60)  # the others wait from here on
    for index in range(4):
        engine.submit(job(index))
    busy.stop()
    assert ended.wait(60)
    engine.close()
    assert [index for index, _ in groupby(emitted)] == [0, 1, 2, 3]


def test_cancel_stops_a_long_prompt(smollm2: Path, provider: LlamaCppProvider) -> None:
    """Set in the middle of a prompt of seconds, cancel returns at once and frees the engine."""
    asked = slow_call(smollm2)
    set_at: list[float] = []

    def cancel() -> None:
        set_at.append(time.monotonic())
        asked.cancel.set("test")

    stream = provider.events(asked)
    assert next(stream) == Opened()
    threading.Timer(0.3, cancel).start()
    with pytest.raises(AttemptError, match="cancelled: test") as caught:
        next(stream)
    assert time.monotonic() - set_at[0] < GENEROUS_S
    assert caught.value.fault.kind == "interrupted"
    follow_up = call(asked.model, "Say hello.", sampling=Sampling(temperature=0, max_tokens=1))
    assert fold(provider.events(follow_up)).usage.output_tokens == 1
    assert time.monotonic() - set_at[0] < 2 * GENEROUS_S + 1


def test_the_timer_stops_a_long_prompt(smollm2: Path, provider: LlamaCppProvider) -> None:
    """An attempt whose time is up gives control back in time, loading included."""
    asked = slow_call(smollm2, limit_s=0.4)
    with pytest.raises(AttemptError, match="time of the attempt is up") as caught:
        fold(provider.events(asked))
    assert CLOCK.now() - asked.timer.at < GENEROUS_S
    assert caught.value.fault.kind == "interrupted"


def test_the_timer_holds_in_the_queue(tiny: Path, provider: LlamaCppProvider) -> None:
    """A call that waits for another one's answer also ends when its time is up, or cancelled."""
    busy = provider.events(call(model(tiny), "hello", sampling=ENDLESS))
    assert next(busy) == Opened()
    waiting = call(model(tiny), "hello", limit_s=0.1)
    with pytest.raises(AttemptError, match="time of the attempt is up"):
        next(provider.events(waiting))
    cancelled = call(model(tiny), "hello")
    threading.Timer(0.1, cancelled.cancel.set, ["gone"]).start()
    with pytest.raises(AttemptError, match="cancelled: gone"):
        next(provider.events(cancelled))
    assert isinstance(next(busy), Text)


def test_a_moved_timer_holds(tiny: Path, provider: LlamaCppProvider) -> None:
    """The timer is read anew at each step: what moves it while an answer comes in is heard."""
    asked = call(model(tiny), "hello", sampling=ENDLESS)
    stream = provider.events(asked)
    assert next(stream) == Opened()
    asked.timer.at = CLOCK.now() - 1
    with pytest.raises(AttemptError, match="time of the attempt is up"):
        next(stream)


def test_leaving_a_stream_frees_the_engine(smollm2: Path, provider: LlamaCppProvider) -> None:
    """Closing a generator, sync or async, stops its computation for the next caller."""
    follow_up = call(
        slow_call(smollm2).model, "Say hello.", sampling=Sampling(temperature=0, max_tokens=1)
    )
    for event in provider.events(slow_call(smollm2)):
        assert event == Opened()
        break
    before = time.monotonic()
    fold(provider.events(follow_up))
    assert time.monotonic() - before < GENEROUS_S + 1

    async def main() -> None:
        async for event in provider.aevents(slow_call(smollm2)):
            assert event == Opened()
            break
        await afold(provider, follow_up)

    before = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - before < GENEROUS_S + 1


def test_a_cancelled_task_stops_its_computation(smollm2: Path, provider: LlamaCppProvider) -> None:
    """A time-out of asyncio itself ends the task at once, and the engine with it."""
    follow_up = call(
        slow_call(smollm2).model, "Say hello.", sampling=Sampling(temperature=0, max_tokens=1)
    )

    async def main() -> tuple[float, float]:
        await afold(provider, follow_up)  # loaded
        before = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await afold(provider, slow_call(smollm2))
        await afold(provider, follow_up)
        stopped_s, before = time.monotonic() - before, time.monotonic()
        async for event in provider.aevents(slow_call(smollm2, words=700)):
            if isinstance(event, Text):
                break
        return stopped_s, time.monotonic() - before

    stopped_s, tenth_s = asyncio.run(main())
    assert stopped_s < 10 * tenth_s  # the prompt alone would take longer, on any machine


def test_the_event_loop_is_never_held(smollm2: Path, provider: LlamaCppProvider) -> None:
    """While a file loads and a long prompt is read, the event loop goes on ticking."""

    async def main() -> float:
        gaps: list[float] = []

        async def tick() -> None:
            while True:
                before = time.monotonic()
                await asyncio.sleep(0.01)
                gaps.append(time.monotonic() - before - 0.01)

        ticking = asyncio.create_task(tick())
        with pytest.raises(AttemptError):
            await afold(provider, slow_call(smollm2, limit_s=1.5))
        ticking.cancel()
        return sorted(gaps)[len(gaps) * 9 // 10]

    assert asyncio.run(main()) < 0.1


@pytest.mark.parametrize("waiting", [False, True])
def test_close_ends_live_streams(waiting: bool, smollm2: Path, provider: LlamaCppProvider) -> None:
    """Closing fails what runs and what waits, quickly and typed; later calls are refused."""
    stream = provider.events(slow_call(smollm2))
    assert next(stream) == Opened()
    behind = provider.events(slow_call(smollm2))
    threading.Timer(0.2, provider.close).start()
    before = time.monotonic()
    with pytest.raises(AttemptError) as caught:
        next(behind if waiting else stream)
    assert time.monotonic() - before < 0.2 + GENEROUS_S
    assert caught.value.fault.kind == "interrupted"
    provider.close()
    with pytest.raises(ClosedError):
        next(provider.events(slow_call(smollm2)))


def test_closing_while_loading_ends_the_load(smollm2: Path, provider: LlamaCppProvider) -> None:
    """A provider can be closed at any moment, also before its file is loaded."""
    stream = provider.events(slow_call(smollm2))
    threading.Timer(0.05, provider.close).start()
    with pytest.raises(AttemptError) as caught:
        list(stream)
    assert caught.value.fault.kind == "interrupted"


def test_a_closed_event_loop_does_no_harm(tiny: Path, provider: LlamaCppProvider) -> None:
    """An answer whose event loop is gone is dropped, and the next caller is served."""
    loop = asyncio.new_event_loop()
    stream = provider.aevents(call(model(tiny), "hello", sampling=ENDLESS))
    assert loop.run_until_complete(anext(aiter(stream))) == Opened()
    loop.close()
    assert fold(provider.events(call(model(tiny), "hello", sampling=SEEDED))).text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_is_refused_and_may_begin_anew(tiny: Path) -> None:
    """After fork the parent's provider raises; one made in the child works; closing is harmless."""
    program = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from llmroute.errors import ForkedError
from llmroute.providers.llama_cpp import LlamaCppProvider
from llmroute.types.requests import Sampling
from tests.local.support import call, fold, model
of = model({str(tiny)!r}, threads=2)
short = Sampling(temperature=0, max_tokens=3)
def ask(provider):
    return fold(provider.events(call(of, "hello", sampling=short))).text
parent = LlamaCppProvider()
first = ask(parent)
if os.fork() == 0:
    try:
        ask(parent)
    except ForkedError:
        parent.close()
        child = LlamaCppProvider()
        assert ask(child) == first
        child.close()
        sys.exit(7)
    sys.exit(8)
assert os.waitstatus_to_exitcode(os.wait()[1]) == 7
assert ask(parent) == first
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=60, check=False)
    assert done.returncode == 0


def test_a_program_may_end_in_the_middle_of_an_answer(tiny: Path, smollm2: Path) -> None:
    """An interpreter that exits with engines at work ends soon, silently, with its own code."""
    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from llmroute.providers.llama_cpp import LlamaCppProvider
from tests.local.support import call, model
from llmroute.types.requests import Sampling
provider = LlamaCppProvider()
endless = Sampling(temperature=0)
streams = [provider.events(call(model(file), "hello " * 300, sampling=endless))
           for file in ({str(tiny)!r}, {str(smollm2)!r})]
for stream in streams:
    next(stream)
sys.exit(3)
"""
    before = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program], timeout=60, check=False, capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, b"", b"")
    assert time.monotonic() - before < 15


def test_importing_the_provider_imports_no_engine() -> None:
    """Neither the import nor an availability check loads llama.cpp, Jinja, numpy or asyncio."""
    program = """
import sys
from llmroute.providers.llama_cpp import LlamaCppProvider
from llmroute.types.models import Model, Weights
weights = Weights("/nonexistent.gguf")
model = Model("a", "b", "c", "llama-cpp", local=True, weights=weights)
assert LlamaCppProvider().unavailable(model)
print([one for one in ("llama_cpp", "jinja2", "numpy", "asyncio", "ctypes") if one in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert done.stdout.strip() == b"[]"


def test_a_missing_package_is_named_with_its_remedy(tiny: Path) -> None:
    """Without llama-cpp-python plans and attempts say what to install."""
    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
sys.modules["llama_cpp"] = None
from llmroute.errors import AttemptError
from llmroute.providers.llama_cpp import LlamaCppProvider
from tests.local.support import call, fold, model
provider = LlamaCppProvider()
print(provider.unavailable(model({str(tiny)!r})))
try:
    fold(provider.events(call(model({str(tiny)!r}), "hello")))
except AttemptError as problem:
    print(problem)
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    planned, tried = done.stdout.decode().splitlines()
    assert planned == "llama-cpp-python is not installed; pip install 'llmroute[local]'"
    assert tried.startswith("missing_package: ")
    assert tried.endswith("pip install 'llmroute[local]'")


def test_the_build_describes_itself() -> None:
    """The installed llama.cpp tells its version and whether it can offload."""
    build = engine_build()
    assert build.version.startswith("0.3.")
    assert "CPU" in build.system
