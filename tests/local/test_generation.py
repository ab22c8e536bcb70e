"""Answers: chance, stops, limits, usage, reuse, and every fault of an attempt."""

from __future__ import annotations

import gc
import pickle
import threading
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from llmroute.errors import AttemptError
from llmroute.providers.llama_cpp import LlamaCppProvider
from llmroute.types.messages import Message
from llmroute.types.requests import Sampling
from tests.local.support import GREEDY, call, fold, model

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.native
LONG = Sampling(temperature=0.0, max_tokens=120)


def test_a_real_model_answers(smollm2: Path, provider: LlamaCppProvider) -> None:
    """SmolLM2 greets back in printable English and ends by itself."""
    answer = fold(
        provider.events(
            call(model(smollm2), "Say hello.", sampling=Sampling(temperature=0, max_tokens=64))
        )
    )
    assert "hello" in answer.text.lower()
    assert answer.finish_reason == "stop"
    assert answer.usage.input_tokens > 20
    assert 0 < answer.usage.output_tokens < 64
    assert "<|im_end|>" not in answer.text


def test_the_same_seed_gives_the_same_answer(tiny: Path, provider: LlamaCppProvider) -> None:
    """A seed makes an answer reproducible, whatever was asked between; another seed differs."""
    of = model(tiny)
    seeded = Sampling(seed=7, max_tokens=60)
    first = fold(provider.events(call(of, "hello", sampling=seeded)))
    fold(provider.events(call(of, "hello there", sampling=Sampling(max_tokens=9))))
    again = fold(provider.events(call(of, "hello", sampling=seeded)))
    other = fold(provider.events(call(of, "hello", sampling=replace(seeded, seed=8))))
    assert first.text == again.text
    assert first.text != other.text


def test_without_a_seed_answers_vary(tiny: Path, provider: LlamaCppProvider) -> None:
    """Chance is really chance when no seed is given."""
    of = model(tiny)
    asked = [call(of, "hello", sampling=Sampling(max_tokens=60)) for _ in range(4)]
    assert len({fold(provider.events(one)).text for one in asked}) > 1


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(top_k=1, max_tokens=40),
        Sampling(top_p=1e-9, max_tokens=40),
        Sampling(min_p=1.0, max_tokens=40),
        Sampling(temperature=1e-6, max_tokens=40),
    ],
    ids=["top_k", "top_p", "min_p", "temperature"],
)
def test_each_sampling_setting_counts(
    sampling: Sampling, tiny: Path, provider: LlamaCppProvider
) -> None:
    """Narrowed to one choice by any of its settings, sampling is greedy."""
    of = model(tiny)
    greedy = fold(provider.events(call(of, "hello", sampling=replace(LONG, max_tokens=40))))
    assert fold(provider.events(call(of, "hello", sampling=sampling))).text == greedy.text


def test_max_tokens_is_exact_and_counted(tiny: Path, provider: LlamaCppProvider) -> None:
    """An answer has at most max_tokens tokens, and says that it was cut."""
    for limit in (0, 1, 2, 17):
        answer = fold(
            provider.events(call(model(tiny), "hello", sampling=replace(GREEDY, max_tokens=limit)))
        )
        assert answer.usage.output_tokens == limit
        assert answer.finish_reason == "length"


def test_without_max_tokens_the_window_is_the_limit(tiny: Path, provider: LlamaCppProvider) -> None:
    """An answer without a limit ends where the window does."""
    of = model(tiny, context_tokens=256)
    answer = fold(provider.events(call(of, "hello", sampling=Sampling(temperature=0.0))))
    assert answer.usage.input_tokens + answer.usage.output_tokens == 256
    assert answer.finish_reason == "length"


def test_an_answer_ends_before_a_stop_string(tiny: Path, provider: LlamaCppProvider) -> None:
    """A stop string that spans tokens ends the answer, is not shown, and the reason is stop."""
    of = model(tiny)
    whole = fold(provider.events(call(of, "hello", sampling=LONG))).text
    stop = whole[20:27]
    answer = fold(provider.events(call(of, "hello", sampling=replace(LONG, stop=(stop, "\0")))))
    assert answer.text == whole[: whole.index(stop)]
    assert answer.finish_reason == "stop"
    assert answer.usage.output_tokens < LONG.max_tokens if LONG.max_tokens else False


def test_an_answer_goes_on_from_its_prefix(smollm2: Path, provider: LlamaCppProvider) -> None:
    """With the beginning of its own answer as prefix a model gives the rest of it."""
    of = model(smollm2)
    sampling = Sampling(temperature=0, max_tokens=24)
    whole = fold(provider.events(call(of, "Count from one to ten.", sampling=sampling))).text
    cut = whole.index(" ", len(whole) // 2)
    rest = fold(
        provider.events(call(of, "Count from one to ten.", sampling=sampling, prefix=whole[:cut]))
    )
    assert rest.text.startswith(whole[cut:])


def test_answers_begin_without_the_tokenizers_space(tiny: Path, provider: LlamaCppProvider) -> None:
    """The space that SentencePiece puts before a text is not part of an answer."""
    of = model(tiny)
    texts = [
        fold(provider.events(call(of, "hello", sampling=Sampling(seed=seed, max_tokens=3)))).text
        for seed in range(30)
    ]
    assert not any(text.startswith(" ") and not text.startswith("  ") for text in texts if text[1:])


def test_a_common_beginning_is_reused(tiny: Path, provider: LlamaCppProvider) -> None:
    """The next turn of a conversation evaluates only what is new, and says how much was cached."""
    of = model(tiny)
    free = Sampling(max_tokens=10)
    first = fold(provider.events(call(of, "hello " * 40, sampling=free)))
    history = [Message.user("hello " * 40), Message.assistant(first.text), Message.user("go on")]
    second = fold(provider.events(call(of, *history, sampling=free)))
    assert first.usage.cached_input_tokens == 0
    assert second.usage.cached_input_tokens >= first.usage.input_tokens


def test_reuse_never_changes_a_reproducible_answer(
    smollm2: Path, provider: LlamaCppProvider
) -> None:
    """With a seed or without chance an answer does not depend on what was computed before."""
    of = model(smollm2, context_tokens=1024)
    story = "The fox and the goose went down to the river, and there they met a bear. " * 28
    asked = Sampling(temperature=0, max_tokens=16)
    fresh = fold(provider.events(call(of, story + "Who?", sampling=asked)))
    assert 512 < fresh.usage.input_tokens < 600
    fold(provider.events(call(of, story[:900], sampling=Sampling(max_tokens=3))))
    twin = fold(provider.events(call(of, story + "Where?", sampling=asked)))
    again = fold(provider.events(call(of, story + "Who?", sampling=asked)))
    assert twin.usage.cached_input_tokens == 0
    assert again.usage.cached_input_tokens == 512
    assert again.text == fresh.text


def test_a_prompt_longer_than_the_window_names_both_numbers(
    tiny: Path, provider: LlamaCppProvider
) -> None:
    """A prompt that does not fit is a context_length fault with its size and the window's."""
    of = model(tiny, context_tokens=256)
    with pytest.raises(AttemptError, match=r"has \d{3} tokens; the window of local is 256") as one:
        fold(provider.events(call(of, "hello " * 100)))
    assert one.value.fault.kind == "context_length"
    assert one.value.remedy.next == "larger_window"
    with pytest.raises(AttemptError, match=r"1000\d\d characters; .* is 256 tokens"):
        fold(provider.events(call(of, "x" * 100_000)))
    assert fold(provider.events(call(of, "hello"))).text


def test_a_base_model_is_refused_with_a_sentence(
    base_model: Path, provider: LlamaCppProvider
) -> None:
    """Without a template a file can neither be planned with nor asked; with one it answers."""
    reason = provider.unavailable(model(base_model))
    assert reason is not None
    assert "base model" in reason
    with pytest.raises(AttemptError, match="base model") as caught:
        fold(provider.events(call(model(base_model), "hello")))
    assert caught.value.fault.kind == "template"
    named = model(base_model, template="llama-2")
    assert provider.unavailable(named) is None
    assert fold(provider.events(call(named, "hello"))).text


def test_the_named_and_the_files_own_llama_2_agree(tiny: Path, provider: LlamaCppProvider) -> None:
    """The name "llama-2" and the file's own Jinja give the same prompt, so the same answer."""
    messages = [Message.system("Be it."), Message.user("hello")]
    own = fold(provider.events(call(model(tiny), *messages)))
    named = fold(provider.events(call(model(tiny, template="llama-2"), *messages)))
    assert own == named


def test_a_missing_file_is_a_fault(tmp_path: Path, provider: LlamaCppProvider) -> None:
    """A model file that is not there fails the attempt, and is seen by plans before."""
    of = model(tmp_path / "none.gguf")
    assert "no such file" in (provider.unavailable(of) or "")
    with pytest.raises(AttemptError, match="no such file") as caught:
        fold(provider.events(call(of, "hello")))
    assert caught.value.fault.kind == "model_file"
    assert caught.value.remedy.disable


def test_a_model_without_weights_says_so(tiny: Path, provider: LlamaCppProvider) -> None:
    """A declaration without a file is refused with what to write."""
    of = replace(model(tiny), weights=None)
    assert "file =" in (provider.unavailable(of) or "")
    with pytest.raises(AttemptError, match="names no model file"):
        fold(provider.events(call(of, "hello")))


def test_a_window_beyond_the_trained_one_is_refused(tiny: Path, provider: LlamaCppProvider) -> None:
    """A declared window that the model was not trained for is refused with both numbers."""
    of = model(tiny, context_tokens=2_000_000_000)
    reason = provider.unavailable(of)
    assert reason is not None
    assert "4096" in reason
    assert "2000000000" in reason
    with pytest.raises(AttemptError, match="4096") as caught:
        fold(provider.events(call(of, "hello")))
    assert caught.value.fault.kind == "model_file"
    assert provider.unavailable(model(tiny)) is None


def test_errors_hold_no_prompt(tiny: Path, provider: LlamaCppProvider) -> None:
    """Neither the text, the pickle nor the locals of an error's traceback hold the prompt."""
    of = model(tiny, context_tokens=256)
    with pytest.raises(AttemptError) as caught:
        fold(provider.events(call(of, "canary " * 200, prefix="canary")))
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    inside = [one for one in shown.stack if "llama_cpp" in one.filename]
    assert inside
    assert not any("canary" in text for one in inside for text in (one.locals or {}).values())
    assert b"canary" not in pickle.dumps(caught.value)


def engine_threads() -> set[threading.Thread]:
    """The threads of engines that live."""
    return {one for one in threading.enumerate() if one.name == "llmroute-llama-cpp"}


def test_one_engine_serves_all_models_of_a_file(tiny: Path, provider: LlamaCppProvider) -> None:
    """Models that load a file the same way share it; other settings load it anew."""
    before = engine_threads()
    fold(provider.events(call(model(tiny), "hello")))
    fold(provider.events(call(replace(model(tiny, template="llama-2"), name="other"), "hello")))
    assert len(engine_threads() - before) == 1
    fold(provider.events(call(model(tiny, context_tokens=256), "hello")))
    assert len(engine_threads() - before) == 2


def test_a_provider_that_nobody_holds_frees_its_engines(tiny: Path) -> None:
    """Without close, the garbage collector ends the engines' threads."""
    before = engine_threads()
    provider = LlamaCppProvider()
    fold(provider.events(call(model(tiny), "hello")))
    assert engine_threads() - before
    del provider
    gc.collect()
    assert not engine_threads() - before
