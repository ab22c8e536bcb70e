"""Lifetimes: threads, loops, fork, closing, sharing, pickling."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import pickle
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import pytest

import llmroute
from llmroute import AsyncClient, Client, ClosedError, Text, policies
from llmroute.testing import Delay, Fail, ScriptedProvider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from llmroute.types.events import ProviderEvent

HANG = Delay(math.inf)


def client_of(*scripts: ScriptedProvider) -> Client:
    """A client over scripted models, in this order."""
    names = [f"m{index}" for index, _ in enumerate(scripts)]
    models = [
        llmroute.model(name, use="scripted", provider=script, price={"input": 1, "output": 1})
        for name, script in zip(names, scripts, strict=True)
    ]
    return Client(policies.order(*names), models=models)


def test_threads_share_a_client() -> None:
    """A client answers any number of threads, each with its own answer."""
    provider = ScriptedProvider(lambda call: call.request.messages[-1].text)
    with client_of(provider) as client, ThreadPoolExecutor(8) as pool:
        words = [f"word {index}" for index in range(200)]
        answers = [reply.text for reply in pool.map(client.chat, words)]

    assert answers == words


def test_closing_twice_and_calling_afterwards() -> None:
    """Closing is idempotent; a closed client says so."""
    client = client_of(ScriptedProvider("hi"))
    client.close()
    client.close()
    with pytest.raises(ClosedError, match="closed"):
        client.chat("hi")
    with pytest.raises(ClosedError):
        client.plan("hi")


def test_closing_ends_a_live_call_in_another_thread() -> None:
    """A call that hangs in a provider ends with a typed error within 100 ms of close."""
    client = client_of(ScriptedProvider([HANG, "never"]))
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            client.chat("hi")
        except llmroute.LLMRouteError as error:
            ended.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.1)
    begin = time.monotonic()
    client.close()
    thread.join(timeout=5)

    assert not thread.is_alive()
    assert time.monotonic() - begin < 1.0
    assert isinstance(ended[0], ClosedError)


def test_closing_the_client_ends_a_live_stream() -> None:
    """A stream whose client was closed raises at its next pull."""
    client = client_of(ScriptedProvider(["one", "two", "three"]))
    stream = client.stream("hi")
    assert next(stream) == Text("one")
    client.close()
    with pytest.raises(ClosedError):
        next(stream)


def test_leaving_a_stream_stops_the_model() -> None:
    """Leaving the block closes the provider's generator; reading on raises."""
    provider = ScriptedProvider(["one", "two"])
    with client_of(provider) as client:
        with client.stream("hi") as stream:
            assert next(iter(stream)) == Text("one")
        assert provider.calls[0].cancel.is_set
        with pytest.raises(ClosedError):
            next(stream)
        with pytest.raises(ClosedError):
            _ = stream.reply


def test_stream_closed_from_another_thread() -> None:
    """Closing a stream from another thread ends a blocked read."""
    with client_of(ScriptedProvider([HANG, "never"])) as client:
        stream = client.stream("hi")
        threading.Timer(0.1, stream.close).start()
        with pytest.raises(ClosedError):
            next(stream)


def test_children_share_and_never_own() -> None:
    """Closing a child of `with_options` does nothing; closing the parent ends the child."""
    parent = client_of(ScriptedProvider("hi"))
    child = parent.with_options(max_tokens=5, system="Be terse.").with_options(seed=1)
    child.close()
    assert parent.chat("x").text == "hi"
    assert child.chat("x").text == "hi"
    parent.close()
    with pytest.raises(ClosedError):
        child.chat("x")


def test_children_lay_options_over_each_other() -> None:
    """An option of the call goes before the child's, the child's before the parent's."""
    provider = ScriptedProvider("hi")
    with client_of(provider) as client:
        child = client.with_options(max_tokens=5, system="Be terse.")
        child.chat("x", max_tokens=7)

    request = provider.calls[0].request
    assert request.sampling.max_tokens == 7
    assert [message.role for message in request.messages] == ["system", "user"]


def test_fork_is_refused_in_the_child() -> None:
    """A client used in a child process raises ForkedError; the parent's goes on."""
    client = client_of(ScriptedProvider("hi"))
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - runs in the child
        try:
            client.chat("hi")
        except llmroute.ForkedError:
            os.write(write, b"forked")
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read() == b"forked"
    assert client.chat("hi").text == "hi"
    client.close()


def test_clients_and_streams_refuse_pickle() -> None:
    """Pickling a client or a stream fails with a sentence."""
    with client_of(ScriptedProvider("hi")) as client, client.stream("x") as stream:
        for one in (client, stream):
            with pytest.raises(TypeError, match="make one in each process"):
                pickle.dumps(one)


def test_plans_replies_and_errors_round_trip() -> None:
    """Plans, replies and errors survive pickling unchanged."""
    with client_of(
        ScriptedProvider(Fail("rate_limit", wait_s=1)), ScriptedProvider("hi")
    ) as client:
        reply = client.chat("x")
        plan = client.plan("x")
    with client_of(ScriptedProvider(Fail("bad_key"))) as client:
        with pytest.raises(llmroute.AllFailedError) as caught:
            client.chat("x")
        error = caught.value

    assert pickle.loads(pickle.dumps(reply)) == reply
    assert pickle.loads(pickle.dumps(plan)) == plan
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is llmroute.AllFailedError
    assert (str(again), again.attempts, again.plan) == (str(error), error.attempts, error.plan)


def test_async_client_on_two_loops() -> None:
    """An async client whose providers know no loop may be used on one loop after the other."""
    provider = ScriptedProvider("hi")
    models = [llmroute.model("m", use="scripted", provider=provider)]
    client = AsyncClient(models=models)

    async def ask() -> str:
        return (await client.chat("x")).text

    assert asyncio.run(ask()) == "hi"
    assert asyncio.run(ask()) == "hi"
    asyncio.run(client.close())


def test_cancelling_a_task_stops_the_provider() -> None:
    """Cancelling the task ends the provider's work at once and leaves nothing behind."""
    provider = ScriptedProvider([HANG, "never"])
    models = [llmroute.model("m", use="scripted", provider=provider)]

    async def run() -> None:
        async with AsyncClient(models=models) as client:
            task = asyncio.create_task(client.chat("x"))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert provider.calls[0].cancel.is_set

    asyncio.run(run())


def test_async_close_ends_live_calls() -> None:
    """Closing an async client ends its hanging calls with a typed error."""
    models = [llmroute.model("m", use="scripted", provider=ScriptedProvider([HANG, "x"]))]

    async def run() -> None:
        client = AsyncClient(models=models)
        task = asyncio.create_task(client.chat("x"))
        await asyncio.sleep(0.05)
        await client.close()
        with pytest.raises(ClosedError):
            await asyncio.wait_for(task, 5)

    asyncio.run(run())


def test_text_refuses_restart() -> None:
    """The plain text of a stream is refused where it could repeat."""
    with (
        client_of(ScriptedProvider("hi")) as client,
        client.stream("x", on_break="restart") as stream,
        pytest.raises(llmroute.RequestError, match="repeat"),
    ):
        _ = stream.text


def test_text_yields_the_pieces() -> None:
    """The plain text of a stream is its pieces; the reply is there afterwards."""
    with client_of(ScriptedProvider(["a", "b"])) as client, client.stream("x") as stream:
        assert list(stream.text) == ["a", "b"]
        assert stream.reply.text == "ab"


def test_a_bug_of_a_provider_is_a_typed_failure() -> None:
    """A provider that raises an error of its own falls over to the next model, without content."""

    def buggy(call: llmroute.Call) -> str:
        raise KeyError(call.request.messages[0].text)

    with client_of(ScriptedProvider(buggy), ScriptedProvider("fine")) as client:
        reply = client.chat("canary prompt")

    fault = reply.attempts[0].fault
    assert reply.text == "fine"
    assert fault is not None
    assert fault.kind == "provider_bug"
    assert "canary" not in fault.reason


def test_a_cancelled_read_ends_the_stream() -> None:
    """A read that is cancelled ends the stream: nobody else is asked, and nobody is blamed."""
    sick = ScriptedProvider([HANG, "never"])
    well = ScriptedProvider("fine")
    models = [
        llmroute.model("a", use="scripted", provider=sick),
        llmroute.model("b", use="scripted", provider=well),
    ]

    async def run() -> None:
        async with AsyncClient(models=models) as client:
            stream = client.stream("x")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(stream), 0.1)
            with pytest.raises(ClosedError):
                await anext(stream)

    asyncio.run(run())
    assert well.calls == []


def test_an_async_stream_closed_by_another_task() -> None:
    """Closing an async stream while another task reads it ends the read with a typed error."""
    models = [llmroute.model("m", use="scripted", provider=ScriptedProvider([HANG, "never"]))]

    async def run() -> None:
        async with AsyncClient(models=models) as client:
            stream = client.stream("x")
            task = asyncio.create_task(anext(stream))
            await asyncio.sleep(0.05)
            with pytest.raises(llmroute.RequestError, match="by another"):
                await anext(stream)
            await stream.close()
            with pytest.raises(ClosedError):
                await asyncio.wait_for(task, 5)

    asyncio.run(run())


def test_a_stream_has_one_reader() -> None:
    """A second thread that reads a stream is told so; the first is not disturbed."""
    with client_of(ScriptedProvider([HANG, "never"])) as client:
        stream = client.stream("x")

        def read() -> None:
            with contextlib.suppress(ClosedError):
                next(stream)

        first = threading.Thread(target=read)
        first.start()
        time.sleep(0.1)
        with pytest.raises(llmroute.RequestError, match="by another"):
            next(stream)
        stream.close()
        first.join(timeout=5)
        assert not first.is_alive()


@pytest.mark.parametrize("junk", [7, "text", Text(cast("Any", 3)), None])
def test_what_is_no_event_is_the_providers_bug(junk: object) -> None:
    """A provider that yields junk, or raises when it is closed, fails its attempt and no more."""

    class Junk:
        def events(self, call: llmroute.Call, /) -> Iterator[ProviderEvent]:
            del call
            try:
                yield Text("one")
                yield cast("Any", junk)
            finally:
                raise KeyError("closing")

        async def aevents(self, call: llmroute.Call, /) -> AsyncIterator[ProviderEvent]:
            del call
            yield Text("one")
            yield cast("Any", junk)

    models = [
        llmroute.model("junk", use="own", provider=Junk()),
        llmroute.model("fine", use="own", provider=ScriptedProvider("fine")),
    ]
    with Client(models=models) as client:
        reply = client.chat("x")

    async def run() -> str:
        async with AsyncClient(models=models) as client:
            return (await client.chat("x")).text

    assert reply.text == "fine"
    assert reply.attempts[0].fault is not None
    assert reply.attempts[0].fault.kind in {"provider_bug", "cut_short"}
    assert asyncio.run(run()) == "fine"


def test_closing_a_stream_while_it_is_read_never_hangs() -> None:
    """Whenever another thread closes a stream, its reader gets the rest or ClosedError, at once."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for turn in range(150):
            with client_of(ScriptedProvider(["x"] * 200)) as client:
                stream = client.stream("hi")
                timer = threading.Timer(turn % 5 / 5000, stream.close)
                timer.start()
                with contextlib.suppress(ClosedError):
                    for _ in stream:
                        pass
                timer.join()
    finally:
        sys.setswitchinterval(interval)
