"""Vectors of texts: one for each, of length 1, whatever is beside them in a batch."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, cast

import pytest
from llama_cpp import LLAMA_POOLING_TYPE_MEAN, Llama

from llmroute.errors import AttemptError
from llmroute.providers.llama_cpp import read_header
from llmroute.providers.llama_cpp.bindings import has_tiles, load_library
from llmroute.types.events import End, Opened, UsageReport, Vectors
from tests.local.support import asked, call, fold, model
from tests.local.tiny_gguf import RANK_POOLING, tiny_bert

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llmroute.providers.llama_cpp import LlamaCppProvider
    from llmroute.types.models import Model

pytestmark = pytest.mark.native
TEXTS = ("The cat sat on the mat.", "Grüße, 世界 🦙", "a", "the hello " * 60)
Vector = tuple[float, ...]


def embedded(provider: LlamaCppProvider, of: Model, *texts: str) -> tuple[Vector, ...]:
    """The vectors of these texts."""
    opened, vectors, report, end = provider.events(asked(call(of), texts=texts))
    assert opened == Opened()
    assert isinstance(vectors, Vectors)
    assert isinstance(report, UsageReport)
    assert end == End("stop")
    assert report.usage.input_tokens > 0
    assert report.usage.output_tokens == 0
    return vectors.vectors


def close(one: Sequence[float], other: Sequence[float], tolerance: float = 5e-3) -> bool:
    """Whether two vectors are all but equal."""
    return len(one) == len(other) and math.dist(one, other) < tolerance


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder."""
    return tiny_bert(tmp_path_factory.mktemp("models") / "bert.gguf")


@pytest.mark.parametrize("which", ["tiny", "smollm2", "base_model", "bert"])
def test_each_text_has_one_vector_of_length_1(
    which: str, provider: LlamaCppProvider, request: pytest.FixtureRequest
) -> None:
    """Chat models, base models and encoders give one normalized vector per text, in order."""
    of = model(request.getfixturevalue(which))
    vectors = embedded(provider, of, *TEXTS)
    assert len(vectors) == len(TEXTS)
    assert {len(one) for one in vectors} == {64 if which != "smollm2" else 576}
    assert all(math.isclose(math.hypot(*one), 1, rel_tol=1e-6) for one in vectors)
    assert not close(vectors[0], vectors[1])


@pytest.mark.parametrize("which", ["tiny", "smollm2", "bert"])
def test_a_batch_does_not_change_a_vector(
    which: str, provider: LlamaCppProvider, request: pytest.FixtureRequest
) -> None:
    """A text has the same vector alone, beside others, twice in a batch, and in another order."""
    of = model(request.getfixturevalue(which))
    alone = [embedded(provider, of, text)[0] for text in TEXTS]
    together = embedded(provider, of, *TEXTS, TEXTS[0])
    backwards = embedded(provider, of, *reversed(TEXTS))
    for at, vector in enumerate(alone):
        assert close(vector, together[at])
        assert close(vector, backwards[-1 - at])
    assert close(together[0], together[-1])
    assert embedded(provider, of, *TEXTS) == embedded(provider, of, *TEXTS)


def test_many_texts_take_several_batches(tiny: Path, provider: LlamaCppProvider) -> None:
    """More texts than a batch holds come in their order all the same."""
    of = model(tiny)
    texts = [f"the hello {number}" for number in range(90)]
    vectors = embedded(provider, of, *texts)
    assert close(vectors[40], embedded(provider, of, texts[40])[0])
    assert close(vectors[89], embedded(provider, of, texts[89])[0])


@pytest.mark.skipif(has_tiles(load_library()), reason="AMX tiles, which may fault, are on in Llama")
def test_vectors_are_those_of_llama_cpp_python(smollm2: Path, provider: LlamaCppProvider) -> None:
    """Mean pooling gives what llama-cpp-python's own class gives for the same file."""
    oracle = Llama(
        str(smollm2),
        embedding=True,
        pooling_type=LLAMA_POOLING_TYPE_MEAN,
        n_ctx=512,
        n_threads=1,
        verbose=False,
    )
    try:
        texts: list[str] = list(TEXTS[:3])
        expected = cast("list[list[float]]", oracle.embed(texts, normalize=True))
    finally:
        oracle.close()
    for vector, other in zip(embedded(provider, model(smollm2), *texts), expected, strict=True):
        assert close(vector, other, 1e-6)


def test_chat_and_embeddings_take_turns(tiny: Path, provider: LlamaCppProvider) -> None:
    """One loaded file chats and embeds in turn; neither changes what the other gives."""
    of = model(tiny)
    said, vector = fold(provider.events(call(of, "hello"))).text, embedded(provider, of, "hello")
    assert fold(provider.events(call(of, "hello"))).text == said
    assert embedded(provider, of, "hello") == vector


def test_a_text_beyond_the_window_is_named(tiny: Path, provider: LlamaCppProvider) -> None:
    """A text that does not fit is named by its place; one that fills the window is taken."""
    of = model(tiny, context_tokens=256)
    for text in ("the " * 400, "x" * 200_000):
        with pytest.raises(AttemptError, match=r"texts\[1\] has .* window of the model is 256"):
            embedded(provider, of, "fits", text)
    long = model(tiny, context_tokens=2048)
    assert len(embedded(provider, long, "the " * 1500, "fits")) == 2


def test_texts_cannot_forge_special_tokens(tiny: Path, provider: LlamaCppProvider) -> None:
    """A special token spelled out in a text is text."""
    of = model(tiny)
    plain, ended, begun = embedded(provider, of, "the", "the</s>", "<s>the")
    assert not close(plain, ended)
    assert not close(plain, begun)


def test_embedding_can_be_canceled(smollm2: Path, provider: LlamaCppProvider) -> None:
    """Cancelling stops it between batches and within one, and the engine goes on."""
    asking = asked(call(model(smollm2)), texts=("the cat " * 200,) * 200)
    events = provider.events(asking)
    next(events)
    threading.Thread(target=asking.cancel.set, args=("enough",)).start()
    with pytest.raises(AttemptError) as caught:
        list(events)
    assert caught.value.fault.kind == "interrupted"
    assert len(embedded(provider, model(smollm2), "a")) == 1


def test_an_encoder_cannot_chat(bert: Path, provider: LlamaCppProvider) -> None:
    """An encoder is refused for chat before it is loaded, and is no danger when asked anyway."""
    of = model(bert)
    assert 'set abilities = ["embed"]' in (provider.unavailable(of) or "")
    with pytest.raises(AttemptError) as caught:
        fold(provider.events(call(model(bert, template="chatml"), "hello")))
    assert caught.value.fault.kind == "bad_request"
    assert len(embedded(provider, of, "hello")) == 1


def test_a_declared_ability_makes_a_file_available(
    bert: Path, base_model: Path, provider: LlamaCppProvider
) -> None:
    """What is declared to embed needs no chat template and may be an encoder."""
    for path in (bert, base_model):
        assert provider.unavailable(model(path)) is not None
        assert provider.unavailable(model(path, abilities=("embed",))) is None


def test_a_ranking_model_makes_no_vectors(provider: LlamaCppProvider, tmp_path: Path) -> None:
    """A file that pools to a rank is refused in a sentence."""
    path = tiny_bert(tmp_path / "rank.gguf", pooling=RANK_POOLING)
    with pytest.raises(AttemptError, match="ranks") as caught:
        embedded(provider, model(path), "hello")
    assert caught.value.fault.kind == "bad_request"


def test_an_encoder_says_so_in_its_header(bert: Path, tiny: Path) -> None:
    """Encoders are told by their attention, without loading them."""
    assert read_header(str(bert)).is_encoder
    assert not read_header(str(tiny)).is_encoder


@pytest.mark.parametrize("mark", ["bos", "seperator", "unknown"])
def test_an_encoder_without_its_marks_is_refused(mark: str, bert: Path, tmp_path: Path) -> None:
    """A mark that is no token would end the process at the first text: the header is refused."""
    key = f"tokenizer.ggml.{mark}_token_id".encode()
    path = tmp_path / "unmarked.gguf"
    path.write_bytes(bert.read_bytes().replace(key, key.replace(b"tokenizer", b"tokenised")))
    with pytest.raises(AttemptError, match=f"{mark}_token_id") as caught:
        read_header(str(path))
    assert caught.value.fault.kind == "model_file"
