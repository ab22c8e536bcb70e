"""What clients remember of failures, from one call to the next."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import (
    AllFailedError,
    AsyncClient,
    AttemptError,
    Client,
    NoCandidateError,
    PolicyError,
    policies,
)
from llmroute.catalog import resolve
from llmroute.client.keys import Keyring
from llmroute.client.remembering import Remembered
from llmroute.health.admission import Ask, Closed, Permit
from llmroute.policies.records import Record
from llmroute.testing import Delay, Fail, ScriptedProvider, VirtualClock
from llmroute.types.events import Vectors
from llmroute.types.plans import Resting
from llmroute.types.secrets import Secret
from tests.faults.server import FaultServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from llmroute.catalog import Declaration
    from llmroute.testing import Script

WELL = "Light scatters."
SICK = Fail("server_error")


def own(name: str, *scripts: Script, **limits: object) -> tuple[Declaration, ScriptedProvider]:
    """A model of the application's own, and who answers for it."""
    provider = ScriptedProvider(*scripts)
    given = {"limits": limits} if limits else {}
    return llmroute.model(name, use="own", provider=provider, **given), provider  # type: ignore[arg-type]


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A server that can fail in every way."""
    with FaultServer() as found:
        yield found


@pytest.mark.parametrize("pause_s", [0.0, 1.0, 2.0])
@pytest.mark.parametrize(
    "fault",
    [
        SICK,
        Fail("connect"),
        Fail("rate_limit"),
        Fail("overloaded", wait_s=3),
        [WELL, Fail("stalled")],
    ],
    ids=["error", "connect", "rate", "asks", "midway"],
)
def test_a_sick_primary_is_left_alone(fault: Script, pause_s: float) -> None:
    """Of 40 calls at most 8 reach a primary that always fails, and each of them is answered."""
    first, sick = own("first", fault)
    second, _ = own("second", WELL)
    clock = VirtualClock()
    with Client(models=[first, second], clock=clock) as client:
        for _ in range(40):
            rests = "first" in client.health.standing()
            before = len(sick.calls)
            reply = client.chat("hi")
            assert reply.text == WELL
            assert reply.model.name == "second"
            assert len(sick.calls) - before == (0 if rests else 1)
            clock.advance(pause_s)
    assert 5 <= len(sick.calls) <= 8 or (isinstance(fault, Fail) and fault.wait_s)


def test_retries_stay_a_fifth() -> None:
    """Where half of a lone model's attempts fail, 1,000 calls make at most 200 more requests."""
    draw = Random(6).random  # noqa: S311 - a game

    def script(_: object) -> str | Fail:
        return SICK if draw() < 0.5 else WELL

    model, provider = own("only", script)
    answered = 0
    with Client(models=[model], clock=VirtualClock()) as client:
        for _ in range(1000):
            try:
                client.chat("hi")
            except AllFailedError:
                continue
            answered += 1
    assert len(provider.calls) <= 1200
    assert answered >= 550


def test_a_call_says_that_it_could_not_ask_again() -> None:
    """An error says why a model was not asked, or not again, beside what it failed with."""
    model, provider = own("gpt", SICK)
    clock = VirtualClock()
    with Client(models=[model], clock=clock) as client:
        with pytest.raises(AllFailedError):
            client.chat("hi")
        with pytest.raises(AllFailedError) as caught:
            client.chat("hi")
        assert str(caught.value).startswith(
            "every model failed; gpt: the retry budget is used up; gpt: as scripted (2 tries)"
        )
        assert len(provider.calls) == 5
        began_at = clock.now()
        with pytest.raises(AllFailedError, match="the retry budget is used up"):
            client.chat("hi")
        assert clock.now() == began_at  # nobody sleeps before a retry that cannot be paid for


def test_everybody_is_asked_when_everybody_rests() -> None:
    """Each call asks somebody, also when all failed too often; whoever is well again answers."""
    scripts: dict[str, str | Fail] = {"first": SICK, "second": SICK}
    providers = {
        "first": ScriptedProvider(lambda _: scripts["first"]),
        "second": ScriptedProvider(lambda _: scripts["second"]),
    }
    models = [llmroute.model(name, use="own", provider=one) for name, one in providers.items()]
    with Client(models=models, clock=VirtualClock(), limits={"attempts_per_model": 1}) as client:
        for _ in range(30):
            before = sum(len(one.calls) for one in providers.values())
            with pytest.raises(AllFailedError):
                client.chat("hi")
            assert sum(len(one.calls) for one in providers.values()) > before
        assert client.health.standing().keys() == {"first", "second"}
        scripts["second"] = WELL
        assert client.chat("hi").model.name == "second"
        assert client.health.standing().keys() == {"first"}


@pytest.mark.parametrize("lone", [True, False])
def test_retry_after_is_never_cut_short(lone: bool) -> None:
    """No call reaches an upstream before the moment that it named, whoever else there is."""
    clock, draw = VirtualClock(), Random(7).random  # noqa: S311 - a game
    allowed_at, failed = 0.0, 0
    reached: list[float] = []

    def script(_: object) -> str | Fail:
        nonlocal allowed_at
        assert clock.now() >= allowed_at
        reached.append(clock.now())
        if draw() < 0.4:
            return WELL
        wait_s = draw() * 40
        allowed_at = clock.now() + wait_s
        return Fail("overloaded", wait_s=wait_s)

    model, _ = own("asks", script)
    other, _ = own("other", WELL)
    with Client(models=[model] if lone else [model, other], clock=clock) as client:
        for _ in range(200):
            try:
                client.chat("hi", deadline_s=30)
            except (AllFailedError, llmroute.DeadlineExceededError):
                failed += 1
            clock.advance(draw() * 10)
    assert len(reached) > 20
    assert lone or not failed


def test_a_call_past_the_wait_fails_at_once() -> None:
    """A lone upstream that asks for longer than the deadline costs no time and no request."""
    model, provider = own("far", Fail("rate_limit", wait_s=3600))
    clock = VirtualClock()
    with Client(models=[model], clock=clock) as client:
        for _ in range(3):
            with pytest.raises(AllFailedError):
                client.chat("hi")
    assert len(provider.calls) == 1
    assert clock.now() == 0.0


def test_plans_say_what_rests() -> None:
    """What rests comes last in plans, with the reason and the time; a record plans likewise."""
    first, _ = own("first", SICK)
    second, _ = own("second", WELL)
    with Client(models=[first, second], clock=VirtualClock()) as client:
        for _ in range(5):
            client.chat("hi")
        plan = client.plan("hi")
        assert [one.model.name for one in plan.candidates] == ["second", "first"]
        assert plan.candidates[1].warnings[0] == "first rests: 5 failures in a row, for 5.0 s"
        assert plan.why.startswith("first in the given order (without those that rest) of 2")
        record = client.record("hi")
        assert record.situation.resting == {"first": Resting("5 failures in a row", 5.0)}
        again = Record.from_dict(json.loads(json.dumps(record.to_dict())))
        assert again.situation.resting == record.situation.resting
        assert again.replay(policies.order("first", "second")) == plan
        assert [one.model.name for one in client.plan("hi", model="first").candidates] == ["first"]


def test_what_is_disabled_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    """A configuration fault is told once, loudly; then plans refuse the model and send nothing."""
    model, provider = own("gpt", Fail("payment_required", status=402), WELL)
    clock = VirtualClock()
    with Client(models=[model], clock=clock) as client:
        with caplog.at_level(logging.WARNING, "llmroute.health"), pytest.raises(AllFailedError):
            client.chat("hi")
        with pytest.raises(NoCandidateError) as caught:
            client.chat("hi")
        refusal = caught.value.plan.refused[0]
        assert refusal.rule == "unavailable"
        assert refusal.reason.endswith("it is asked again in 300 s")
        assert client.health.standing()["gpt"].disabled
        assert len(provider.calls) == 1
        clock.advance(300)
        assert client.chat("hi").text == WELL
        assert client.health.standing() == {}
    assert len(caplog.records) == 1
    assert "settle the account" in caplog.text


def test_forgetting_asks_at_once() -> None:
    """What is forgotten is asked by the next call."""
    model, _ = own("gpt", Fail("model_not_found", status=404), WELL)
    with Client(models=[model], clock=VirtualClock()) as client:
        with pytest.raises(AllFailedError):
            client.chat("hi")
        client.health.forget("another")
        with pytest.raises(NoCandidateError):
            client.chat("hi")
        client.health.forget()
        assert client.chat("hi").text == WELL
        assert repr(client.health) == "Health(all well)"


def test_a_new_key_is_tried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused key disables its model until the variable holds another one; no key is kept."""
    model = resolve(llmroute.model("gpt", use="openai/gpt-6.1-terra"))
    remembered = Remembered(Keyring({}), VirtualClock(), None)
    gate = remembered.gate()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-one")
    permit = gate.enter(0.0, model, Ask())
    assert isinstance(permit, Permit)
    gate.leave(0.0, permit, AttemptError("bad_key", "refused", status=401).fault, None)
    unavailable: dict[str, str] = {}
    assert remembered.resting([model], None, unavailable) == {}
    assert unavailable["gpt"].endswith("it is asked again in 300 s")
    assert "canary" not in repr(remembered.health) + unavailable["gpt"]
    monkeypatch.setenv("OPENAI_API_KEY", " sk-canary-one\n")
    assert isinstance(gate.enter(0.0, model, Ask()), Closed)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-two")
    assert isinstance(gate.enter(0.0, model, Ask()), Permit)


@pytest.mark.parametrize(
    ("key", "waits_s"),
    [(lambda: "sk-canary-one", 5.0), (Secret("sk-canary-one").reveal, 300.0)],
)
def test_keys_in_code(key: Callable[[], str], waits_s: float) -> None:
    """A function may give another key next time, and is asked soon; a string never changes."""
    model = resolve(llmroute.model("gpt", use="openai/gpt-6.1-terra", key=key))
    remembered = Remembered(Keyring({"gpt": key}), VirtualClock(), None)
    gate = remembered.gate()
    permit = gate.enter(0.0, model, Ask())
    assert isinstance(permit, Permit)
    gate.leave(0.0, permit, AttemptError("bad_key", "refused", status=401).fault, None)
    assert remembered.health.standing()["gpt"].for_s == waits_s


def test_another_file_is_loaded_at_once(tmp_path: Path) -> None:
    """A model whose file could not be loaded is asked again once that was replaced."""
    file = tmp_path / "model.gguf"
    file.write_bytes(b"broken")
    model = resolve(llmroute.model("local", use="llama-cpp", file=file, template="llama-2"))
    gate = Remembered(Keyring({}), VirtualClock(), None).gate()
    permit = gate.enter(0.0, model, Ask())
    assert isinstance(permit, Permit)
    gate.leave(0.0, permit, AttemptError("model_file", "broken").fault, None)
    assert isinstance(gate.enter(0.0, model, Ask()), Closed)
    file.unlink()
    assert isinstance(gate.enter(0.0, model, Ask()), Permit)


@pytest.mark.parametrize(
    ("fault", "sent"), [("no_retry_500", 1), ("status;code=500", 3), ("retry_409", 3)]
)
def test_x_should_retry_is_obeyed(
    server: FaultServer, tmp_path: Path, fault: str, sent: int
) -> None:
    """A lone upstream that says that it should not be asked again is asked once in a call."""
    file = tmp_path / "llmroute.toml"
    file.write_text(
        'version = 1\n[models.gpt]\nuse = "openai-compatible"\nmodel = "m"\n'
        f'base_url = "{server.url_for(fault)}"\n'
    )
    with Client(file, backoff=lambda _: 0.0) as client, pytest.raises(AllFailedError):
        client.chat("hi")
    assert len(server.requests) == sent


def test_a_key_of_a_call_concerns_nobody_else(server: FaultServer, tmp_path: Path) -> None:
    """A refused key that one call brought disables neither other keys nor the policy's own."""
    file = tmp_path / "llmroute.toml"
    file.write_text(
        'version = 1\n[models.gpt]\nuse = "openai-compatible"\nmodel = "m"\n'
        f'base_url = "{server.url_for("auth_401")}"\n'
    )
    with Client(file) as client:
        for key, outcome in (
            ("sk-one", AllFailedError),
            ("sk-one", NoCandidateError),
            ("sk-two", AllFailedError),
            ("sk-two", NoCandidateError),
        ):
            with pytest.raises(outcome):
                client.chat("hi", model="gpt", api_key=key)
        assert len(server.requests) == 2
        with pytest.raises(AllFailedError):
            client.chat("hi")
    assert len(server.requests) == 3


def test_clients_share_health_if_they_are_told_to() -> None:
    """What one client saw fail rests in another that shares it, and in no other."""
    first, sick = own("first", SICK)
    second, _ = own("second", WELL)
    models, clock = [first, second], VirtualClock()
    with (
        Client(models=models, clock=clock) as one,
        Client(models=models, clock=clock, health=one.health) as other,
        Client(models=models, clock=clock) as alone,
    ):
        for _ in range(5):
            one.chat("hi")
        assert other.health is one.health
        other.chat("hi")
        assert len(sick.calls) == 5
        alone.chat("hi")
        assert len(sick.calls) == 6


def test_another_health_is_refused() -> None:
    """What is no health of a client is refused where it is passed."""
    with pytest.raises(PolicyError, match="health: it must be a Health, got str"):
        Client("cheapest", health="shared")  # type: ignore[arg-type]


def test_a_stream_that_nobody_holds_is_no_probe() -> None:
    """A stream that was dropped unread while it was the probe lets the next call find out."""
    first, sick = own("first", *[SICK] * 5, [WELL, Delay(1), WELL], WELL)
    second, _ = own("second", WELL)
    clock = VirtualClock()
    with Client(models=[first, second], clock=clock) as client:
        for _ in range(5):
            client.chat("hi")
        clock.advance(5)
        stream = iter(client.stream("hi"))
        next(stream)
        assert client.chat("hi").model.name == "second"
        del stream
        gc.collect()
        assert client.chat("hi").model.name == "first"
    assert len(sick.calls) == 7


def test_a_vector_space_is_not_changed_by_who_rests() -> None:
    """Embeddings keep the space that the policy chose, also while its first model rests."""
    providers = [ScriptedProvider(SICK), ScriptedProvider(Vectors(((1.0,),)))]
    models = [
        llmroute.model(name, use="own", provider=one, abilities=["embed"], vector_space=space)
        for name, one, space in zip(("a", "b"), providers, ("s", "t"), strict=True)
    ]
    with Client(models=models, clock=VirtualClock(), limits={"attempts_per_model": 1}) as client:
        for _ in range(6):
            with pytest.raises(AllFailedError):
                client.embed("hi")
        assert [one.model.name for one in client.plan_embed("hi").candidates] == ["a"]
    assert not providers[1].calls


def test_calls_wait_in_line() -> None:
    """With one place at once, five calls are answered one after the other, in their order."""
    order: list[int] = []
    model, _ = own("gpt", [Delay(2), WELL], in_flight=1)

    async def ask(client: AsyncClient, number: int) -> None:
        await client.chat(f"hi {number}")
        order.append(number)

    async def run() -> float:
        clock = VirtualClock()
        async with AsyncClient(models=[model], clock=clock) as client:
            await asyncio.gather(*(ask(client, number) for number in range(5)))
        return clock.now()

    assert asyncio.run(run()) == pytest.approx(10.0)
    assert order == [0, 1, 2, 3, 4]


def test_who_is_cancelled_frees_its_place_at_once() -> None:
    """A call that is cancelled makes room for the next one in line, in no time."""
    model, _ = own("gpt", [Delay(30), WELL], WELL, in_flight=1)

    async def run() -> float:
        clock = VirtualClock()
        async with AsyncClient(models=[model], clock=clock) as client:
            first = asyncio.create_task(client.chat("hi"))
            await asyncio.sleep(0)
            second = asyncio.create_task(client.chat("hi"))
            await asyncio.sleep(0)
            first.cancel()
            await second
        return clock.now()

    assert asyncio.run(run()) == 0.0


def test_calls_go_on_to_the_next_model() -> None:
    """With when_full next, whoever finds no place goes to the next model at once."""
    model, first = own("gpt", [Delay(2), WELL], in_flight=2, when_full="next")
    other, second = own("other", [Delay(2), WELL])

    async def run() -> float:
        clock = VirtualClock()
        async with AsyncClient(models=[model, other], clock=clock) as client:
            await asyncio.gather(*(client.chat("hi") for _ in range(5)))
        return clock.now()

    assert asyncio.run(run()) == pytest.approx(2.0)
    assert (len(first.calls), len(second.calls)) == (2, 3)


def test_nobody_waits_in_vain() -> None:
    """A turn that surely comes too late is not waited for: the call says so at once."""
    model, provider = own("gpt", WELL, requests_per_minute=1)
    clock = VirtualClock()
    with Client(models=[model], clock=clock) as client:
        client.chat("hi")
        why = "gpt: 1 of 1 requests went in the last minute"
        with pytest.raises(llmroute.AllFailedError, match=why):
            client.chat("hi", deadline_s=10)
        assert clock.now() == 0.0
        client.chat("hi", deadline_s=100)
    assert clock.now() == 60.0
    assert len(provider.calls) == 2


def test_a_turn_beyond_its_share_leaves_no_place_in_line() -> None:
    """Where another model is left, one whose minute ends after the share of the time is passed."""
    model, first = own("gpt", WELL, requests_per_minute=1)
    other, second = own("other", WELL)
    clock = VirtualClock()
    with Client(models=[model, other], clock=clock) as client:
        for _ in range(3):
            client.chat("hi", deadline_s=60)
        assert (len(first.calls), len(second.calls), clock.now()) == (1, 2, 0.0)
        clock.advance(60)
        client.chat("hi", deadline_s=60)
    assert (len(first.calls), clock.now()) == (2, 60.0)


def test_waiting_ends_with_the_deadline() -> None:
    """A call waits for tokens no longer than its deadline, and says for what it waited."""
    model, provider = own("gpt", WELL, tokens_per_minute=90)
    clock = VirtualClock()
    with Client(models=[model], clock=clock) as client:
        words = "word " * 40
        client.chat(words, max_tokens=20)
        with pytest.raises(llmroute.DeadlineExceededError, match="tokens went in the last minute"):
            client.chat(words, max_tokens=20, deadline_s=10)
        assert clock.now() <= 10.0
    assert len(provider.calls) == 1


def test_threads_keep_to_the_limit() -> None:
    """Of many threads no more than the limit are let in at once, and each is answered."""
    lock, now, most = threading.Lock(), 0, 0

    def script(_: object) -> str:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.005)
        with lock:
            now -= 1
        return WELL

    model, provider = own("gpt", script, in_flight=2)
    with Client(models=[model]) as client, ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(client.chat, ["hi"] * 60))
    assert [reply.text for reply in replies] == [WELL] * 60
    assert len(provider.calls) == 60
    assert most == 2


@pytest.mark.parametrize("stream", [True, False])
def test_answers_that_are_not_accepted_eject_nobody(*, stream: bool) -> None:
    """A model that answers, but not as the caller wants, is well."""
    first, asked = own("first", "")
    second, _ = own("second", WELL)
    with Client(models=[first, second], clock=VirtualClock()) as client:
        for _ in range(20):
            if stream:
                with client.stream("hi") as answer:
                    assert "".join(answer.text) == WELL
            else:
                assert client.chat("hi").text == WELL
        assert client.health.standing() == {}
    assert len(asked.calls) == 20
