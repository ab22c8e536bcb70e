"""`embed`: texts become vectors, through the same plan and flow as a chat."""

from __future__ import annotations

import asyncio
import json
import pickle
import traceback
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import pytest

import llmroute
from llmroute import AsyncClient, Client, Limits, Vectors
from llmroute.catalog import ModelOptions
from llmroute.client.embedding_texts import MOST_TEXTS, batch, most_of
from llmroute.testing import Delay, Fail, ScriptedProvider, VirtualClock
from llmroute.tokens import estimate
from llmroute.types.models import Model
from llmroute.types.prices import Price
from llmroute.types.usage import Usage
from tests.client.harness import steady

if TYPE_CHECKING:
    import respx

    from llmroute import Call, Embeddings
    from llmroute.catalog import Declaration
    from llmroute.client.setup import ClientOptions
    from llmroute.testing.script import Script

PRICE = Price(Decimal(1), Decimal(0))
SPACE = "space-1"
CANARY = "CANARYTEXT that must stay where it is"


def vectors(call: Call) -> Vectors:
    """Embed each text as its length and a one."""
    return Vectors(tuple((float(len(text)), 1.0) for text in call.request.texts or ()))


def embedder(
    name: str, *script: Script, space: str | None = SPACE, window: int | None = None
) -> tuple[Declaration, ScriptedProvider]:
    """A model that embeds as scripted, by default as `vectors` does."""
    provider = ScriptedProvider(*(script or (vectors,)), usage=Usage(input_tokens=10))
    options = ModelOptions(use="scripted", provider=provider, abilities=["embed"], price=PRICE)
    if space is not None:
        options["vector_space"] = space
    if window is not None:
        options["context_tokens"] = window
    return llmroute.model(name, **options), provider


def client_of(*models: Declaration, **options: object) -> Client:
    """A client that tries these models in order and never waits."""
    given = cast("ClientOptions", {"models": models, "backoff": steady, **options})
    return Client(**given)


def count_of(provider: ScriptedProvider) -> list[int]:
    """How many texts each request held."""
    return [len(call.request.texts or ()) for call in provider.calls]


def test_one_vector_per_text_in_order() -> None:
    """Several texts give as many vectors in their order, with model, usage and cost."""
    model, provider = embedder("e")
    with client_of(model) as client:
        found = client.embed(["one", "three", "so"])
    assert found.vectors == ((3.0, 1.0), (5.0, 1.0), (2.0, 1.0))
    assert found.model.name == "e"
    assert found.usage == Usage(input_tokens=10)
    assert found.cost_usd == Decimal("0.00001")
    assert [one.outcome for one in found.attempts] == ["answered"]
    assert provider.calls[0].request.messages == ()
    assert not provider.calls[0].stream


def test_a_string_is_one_text() -> None:
    """A plain string gives one vector, not one for each letter."""
    model, _ = embedder("e")
    with client_of(model) as client:
        assert client.embed("three").vectors == ((5.0, 1.0),)


def test_async_is_the_same() -> None:
    """The asyncio client gives the same embeddings, batch by batch."""
    model, provider = embedder("e")

    async def run() -> Embeddings:
        async with AsyncClient(models=[model]) as client:
            return await client.embed([str(number) for number in range(100)])

    found = asyncio.run(run())
    assert len(found.vectors) == 100
    assert count_of(provider) == [64, 36]
    assert [one.number for one in found.attempts] == [1, 2]


def test_long_lists_go_in_batches() -> None:
    """Texts are sent 64 at a time where nothing else is known; usage and cost are those of all."""
    model, provider = embedder("e")
    with client_of(model) as client:
        found = client.embed(["text"] * 129)
    assert count_of(provider) == [64, 64, 1]
    assert len(found.vectors) == 129
    assert found.usage.input_tokens == 30
    assert found.cost_usd == Decimal("0.00003")


@pytest.mark.parametrize(
    ("texts", "where"),
    [
        ([], "texts"),
        ("", "texts"),
        (["a", " \n"], r"texts\[1\]"),
        (["a", 1], r"texts\[1\]"),
        (["a", ["b"]], r"texts\[1\]"),
        ([None], r"texts\[0\]"),
        (b"bytes", "texts"),
        ({"a"}, "texts"),
        ({"a": "b"}, "texts"),
        (7, "texts"),
        (["a"] * (MOST_TEXTS + 1), "texts"),
    ],
    ids=[
        *("none", "empty", "blank", "number", "list", "None", "bytes", "set", "dict", "int"),
        "too many",
    ],
)
def test_bad_texts_are_refused_before_anything_is_sent(texts: object, where: str) -> None:
    """What cannot be embedded is a RequestError that says which text, and nothing is sent."""
    model, provider = embedder("e")
    with client_of(model) as client:
        with pytest.raises(llmroute.RequestError, match=f"^{where}: "):
            client.embed(cast("list[str]", texts))
        with pytest.raises(llmroute.RequestError, match=f"^{where}: "):
            client.plan_embed(cast("list[str]", texts))
    assert provider.calls == []


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("dimensions", 0, "from 1"),
        ("dimensions", 1.5, "whole number"),
        ("dimension", 5, "dimensions"),
        ("temperature", 0, "chat and stream"),
        ("timeout", 3, "deadline_s"),
        ("deadline_s", 0, "more than 0"),
        ("extra_body", {"input": "x"}, "may not be set"),
        ("hints", {"private": True}, "declares no such hint"),
    ],
)
def test_options_are_checked(name: str, value: object, told: str) -> None:
    """An unknown option or a wrong value is told with the right word, before anything is sent."""
    model, provider = embedder("e")
    options = cast("llmroute.EmbedOptions", {name: value})
    with client_of(model) as client, pytest.raises(llmroute.RequestError, match=told):
        client.embed("text", **options)
    assert provider.calls == []


def test_options_of_the_client_hold_where_they_can() -> None:
    """Options of with_options that make sense for texts hold, those of chats are left out."""
    model, provider = embedder("e")
    with client_of(model) as client:
        child = client.with_options(tags=["nightly"], temperature=0.5, system="Be terse.")
        found = child.embed("text")
        with pytest.raises(llmroute.NoCandidateError, match="local=True"):
            client.with_options(local=True).embed("text")
    assert found.plan.tags == ("nightly",)
    assert provider.calls[0].request.sampling.temperature is None


def test_a_chat_model_does_not_embed() -> None:
    """A model without the ability is refused for texts, and an embedding model for a chat."""
    talker = llmroute.model("t", use="scripted", provider=ScriptedProvider("hi"))
    model, _ = embedder("e")
    with client_of(talker, model) as client:
        assert client.embed("text").model.name == "e"
        assert [str(one) for one in client.plan_embed("text").refused] == [
            "t refused: it does not embed texts"
        ]
        assert client.chat("hi").model.name == "t"
        with pytest.raises(llmroute.NoCandidateError, match="does not embed"):
            client.embed("text", model="t")


def test_a_model_of_the_same_space_takes_over() -> None:
    """When a model fails, one whose vectors can be compared with its vectors answers."""
    first, _ = embedder("first", Fail("overloaded"))
    second, _ = embedder("second")
    with client_of(first, second) as client:
        found = client.embed("text")
    assert found.model.name == "second"
    assert [one.outcome for one in found.attempts] == ["failed", "answered"]


@pytest.mark.parametrize("spaces", [("a", "b"), ("a", None), (None, None)])
def test_no_model_of_another_space_takes_over(spaces: tuple[str | None, str | None]) -> None:
    """Vectors that cannot be compared are never mixed: other and unknown spaces are refused."""
    first, _ = embedder("first", Fail("overloaded"), space=spaces[0])
    second, provider = embedder("second", space=spaces[1])
    with client_of(first, second) as client:
        plan = client.plan_embed("text")
        assert [one.rule for one in plan.refused] == ["vector_space"]
        assert "cannot be compared with those of first" in plan.refused[0].reason
        with pytest.raises(llmroute.AllFailedError):
            client.embed("text")
    assert provider.calls == []


def test_later_batches_stay_with_the_model_that_answered() -> None:
    """The model that took over keeps answering: a failed one is not asked again each time."""
    first, failing = embedder("first", Fail("overloaded"))
    second, provider = embedder("second")
    with client_of(first, second) as client:
        found = client.embed(["text"] * 130)
    assert len(failing.calls) == 1
    assert count_of(provider) == [64, 64, 2]
    assert [one.number for one in found.attempts] == [1, 2, 3, 4]
    assert found.plan.model is not None
    assert found.plan.model.name == "first"


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (Vectors(((1.0, 2.0),)), "1 vectors came for 2 texts"),
        (Vectors(((1.0, 2.0), (1.0,))), "1 dimensions, 2 were expected"),
        (Vectors(((1.0, float("nan")), (1.0, 2.0))), "not finite"),
        (Vectors(((1.0, float("inf")), (1.0, 2.0))), "not finite"),
        (Vectors(((), ())), "empty"),
        ("a chat's answer", "0 vectors came"),
    ],
    ids=["too few", "unequal", "NaN", "infinity", "empty", "text"],
)
def test_vectors_that_are_none_are_faults(bad: Script, told: str) -> None:
    """Wrong numbers of vectors, unequal lengths, NaN and infinity are bad responses."""
    model, _ = embedder("e", bad)
    with client_of(model) as client, pytest.raises(llmroute.AllFailedError) as caught:
        client.embed(["one", "two"])
    fault = caught.value.attempts[0].fault
    assert fault is not None
    assert fault.kind == "bad_response"
    assert told in fault.reason


def test_large_numbers_are_finite() -> None:
    """Numbers whose sum overflows are finite all the same."""
    model, _ = embedder("e", Vectors(((1e308, 1e308),)))
    with client_of(model) as client:
        assert client.embed("text").vectors == ((1e308, 1e308),)


def test_vectors_that_hold_no_numbers_are_a_bug_of_the_provider() -> None:
    """An application's own provider that yields anything else is told so, without a crash."""
    model, _ = embedder("e", Vectors(cast("tuple[tuple[float, ...], ...]", (("1", "2"),))))
    with client_of(model) as client, pytest.raises(llmroute.AllFailedError, match="no numbers"):
        client.embed("text")


def test_all_batches_have_vectors_of_one_length() -> None:
    """A later batch whose vectors have another length is refused, and another model answers."""
    longer = Vectors(((1.0, 2.0, 3.0),))
    first, _ = embedder("first", vectors, longer)
    second, _ = embedder("second")
    with client_of(first, second) as client:
        found = client.embed(["text"] * 65)
    assert {len(one) for one in found.vectors} == {2}
    assert [one.model.name for one in found.attempts] == ["first", "first", "second"]


def test_the_asked_length_must_come() -> None:
    """A server that ignores `dimensions` is asked once, and the remedy is to leave it out."""
    model, provider = embedder("e")
    with client_of(model) as client:
        assert client.embed("text", dimensions=2).vectors == ((4.0, 1.0),)
        with pytest.raises(
            llmroute.AllFailedError, match="2 dimensions, 8 were expected"
        ) as caught:
            client.embed("text", dimensions=8)
    assert "leave dimensions out" in str(caught.value)
    assert len(caught.value.attempts) == 1
    assert provider.calls[0].request.dimensions == 2


def test_a_failing_batch_fails_the_call_with_every_attempt() -> None:
    """An error carries the plan and all attempts, those of the batches before it too."""
    model, _ = embedder("e", vectors, Fail("bad_request"))
    with client_of(model) as client, pytest.raises(llmroute.AllFailedError) as caught:
        client.embed(["text"] * 65)
    assert [one.outcome for one in caught.value.attempts] == ["answered", "failed"]
    assert [one.number for one in caught.value.attempts] == [1, 2]
    assert pickle.loads(pickle.dumps(caught.value)).attempts == caught.value.attempts


def test_the_deadline_bounds_all_batches() -> None:
    """The deadline is that of the whole call: later batches get what the first ones left."""

    def slowly(call: Call) -> list[Delay | Vectors]:
        return [Delay(4.0), vectors(call)]

    model, provider = embedder("e", slowly)
    clock = VirtualClock()
    with client_of(model, clock=clock) as client:
        assert len(client.embed(["text"] * 65, deadline_s=9).vectors) == 65
        begin = clock.now()
        with pytest.raises(llmroute.DeadlineExceededError) as caught:
            client.embed(["text"] * 200, deadline_s=9)
        assert clock.now() - begin == pytest.approx(9.0)
    assert str(caught.value).startswith("128 of 200 texts were embedded within the deadline of 9 s")
    starts = [one.started_s for one in caught.value.attempts]
    assert starts == pytest.approx([0.0, 4.0, 8.0])
    assert len(provider.calls) == 5


def test_costs_are_expected_for_all_texts() -> None:
    """max_cost_usd bounds what all texts together are expected to cost; vectors cost nothing."""
    model, provider = embedder("e")
    texts = ["some words to embed " * 10] * 100
    with client_of(model) as client:
        candidate = client.plan_embed(texts).candidates[0]
        assert candidate.cost_usd is not None
        assert Decimal("0.003") < candidate.cost_usd < Decimal("0.008")
        with pytest.raises(llmroute.NoCandidateError, match=r"at most \$0.001"):
            client.embed(texts, max_cost_usd="0.001")
    assert provider.calls == []


def test_a_text_larger_than_the_window_is_refused() -> None:
    """One text that no window holds refuses the model, and says which; the sum may be larger."""
    model, provider = embedder("e", window=100)
    with client_of(model) as client:
        assert len(client.embed(["word " * 40] * 20).vectors) == 20
        with pytest.raises(llmroute.NoCandidateError, match=r"texts\[1\] is at least \d+ tokens"):
            client.embed(["short", "word " * 4000])
    assert len(provider.calls) == 1


def test_missing_usage_is_estimated() -> None:
    """Without a report, each batch's usage is estimated from its own texts, and marked so."""
    provider = ScriptedProvider(vectors)
    model = llmroute.model("e", use="scripted", provider=provider, abilities=["embed"])
    with client_of(model) as client:
        found = client.embed(["four words of text"] * 65)
    assert found.usage.estimated
    assert found.usage.output_tokens == 0
    assert found.usage.input_tokens == pytest.approx(found.plan.tokens.value, rel=0.02)


def test_closed_clients_embed_nothing() -> None:
    """A closed client raises ClosedError, as for a chat."""
    model, _ = embedder("e")
    client = client_of(model)
    client.close()
    with pytest.raises(llmroute.ClosedError):
        client.embed("text")


def test_embeddings_can_be_pickled_and_show_no_content() -> None:
    """Embeddings round-trip through pickle; their repr shows sizes."""
    model, _ = embedder("e")
    with client_of(model) as client:
        found = client.embed(["one", "two"])
    assert repr(found) == "Embeddings(2 of 2 dimensions from 'e')"
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize("script", [Fail("server_error"), [Delay(99.0)], "text"])
def test_no_text_stands_in_an_error(script: Script) -> None:
    """Neither an error nor the locals of its traceback show a text that was to be embedded."""
    model, _ = embedder("e", script)
    clock = VirtualClock()
    limits = Limits(deadline_s=5, attempts_per_model=1)
    with (
        client_of(model, clock=clock, limits=limits) as client,
        pytest.raises(llmroute.LLMRouteError) as caught,
    ):
        client.embed([CANARY])
    found = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [one for one in found.stack if "tests" not in one.filename]
    assert ours
    assert "CANARY" not in f"{caught.value!r} {[frame.locals for frame in ours]}"


def answered(*numbers: tuple[float, ...]) -> dict[str, object]:
    """An answer of the embeddings API."""
    data = [{"index": index, "embedding": list(one)} for index, one in enumerate(numbers)]
    return {"data": data, "usage": {"prompt_tokens": 5, "total_tokens": 5}}


def test_a_compatible_server_is_asked_by_its_embeddings_api(httpx2_mock: respx.MockRouter) -> None:
    """A declaration with the ability embed picks /embeddings at a server; decimals come back."""
    route = httpx2_mock.post("https://vectors.example.com/v1/embeddings").respond(
        json=answered((0.5, 1.5))
    )
    model = llmroute.model(
        "mine",
        use="openai-compatible",
        base_url="https://vectors.example.com/v1",
        model="bge-m3",
        abilities=["embed"],
    )
    with client_of(model) as client:
        found = client.embed("text", dimensions=2)
    assert found.vectors == ((0.5, 1.5),)
    assert json.loads(route.calls.last.request.content) == {
        "model": "bge-m3",
        "input": ["text"],
        "dimensions": 2,
    }


def test_openai_models_embed(
    httpx2_mock: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalog model needs no declaration: 2048 texts go in one request, priced by the catalog."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789abcdefghij")
    route = httpx2_mock.post("https://api.openai.com/v1/embeddings").respond(
        json=answered(*[(1.0, 2.0)] * 2048)
    )
    talker = llmroute.model("t", use="scripted", provider=ScriptedProvider("hi"))
    with client_of(talker) as client:
        name = "openai/text-embedding-3-small"
        found = client.embed(["text"] * 2048, model=name, dimensions=2)
        large = client.plan_embed("text", model=[name, "openai/text-embedding-3-large"])
        with pytest.raises(llmroute.NoCandidateError, match="not 4000 dimensions"):
            client.embed("text", model=name, dimensions=4000)
    assert route.call_count == 1
    assert json.loads(route.calls.last.request.content)["encoding_format"] == "base64"
    assert found.cost_usd == Decimal("0.0000001")
    assert [one.rule for one in large.refused] == ["vector_space"]


def test_a_request_holds_no_more_than_every_model_takes() -> None:
    """Batches keep to the smallest limits of texts, tokens at the high end, and answer size."""
    small, large = (
        Model(name, "test", name, "custom", batch_texts=texts, batch_tokens=tokens)
        for name, texts, tokens in (("small", 10, None), ("large", 2048, 100))
    )
    most = most_of([small, large], None, 32 * 1024 * 1024)
    assert (most.texts, most.tokens) == (10, 100)
    texts = ("word " * 8,) * 30 + ("word " * 200,)
    first = batch(texts, 0, most)
    assert 1 < len(first) < 10
    assert sum(estimate(text).high for text in first) <= 100
    assert batch(texts, 30, most) == texts[30:]
    assert most_of([large], 3072, 1024 * 1024).texts == 14
