"""Counts in plans: by each model's tokenizer, exactly where the policy wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import Client, Message
from llmroute.testing import ScriptedProvider
from llmroute.tokens import estimate_for, estimate_request, recounted
from llmroute.types.models import Model
from llmroute.types.requests import Request

if TYPE_CHECKING:
    from pathlib import Path

POLICY = """
version = 1
[models.old]
use = "openai/gpt-4"
[models.new]
use = "openai/gpt-6.1-terra"
[models.claude]
use = "anthropic/claude-sonnet-5"
[tokens]
count = "{count}"
"""
TEXT = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. " * 9


def made(folder: Path, count: str, **options: str) -> Client:
    """A client of the policy, whose models answer from scripts."""
    path = folder / "llmroute.toml"
    path.write_text(POLICY.format(count=count), encoding="utf-8")
    scripts = {name: ScriptedProvider(["Yes."]) for name in ("old", "new", "claude")}
    if options:
        return Client(path, providers=scripts, vocabularies=options["vocabularies"])
    return Client(path, providers=scripts)


def test_plans_count_exactly_where_they_can(tmp_path: Path) -> None:
    """With count = "exact" a model of a known vocabulary has its exact count, others estimates."""
    with made(tmp_path, "exact") as client:
        plan = client.plan(TEXT, model=["new", "claude"])
        exact = client.count_tokens(TEXT, "new")
        assert exact.method == "exact"
        found = {one.model.name: one.tokens or plan.tokens for one in plan.candidates}
        assert found["new"] == exact
        assert found["claude"].method == "estimate"
        assert client.plan(TEXT, model="new").tokens == exact
    with made(tmp_path, "estimate") as client:
        assert client.plan(TEXT, model="new").tokens.method == "estimate"


def test_a_wrong_vocabulary_is_told(tmp_path: Path) -> None:
    """A wrong file in the client's folder is an error of the count; estimates never look at it."""
    (tmp_path / "p50k_base.tiktoken").write_bytes(b"other")
    with made(tmp_path, "estimate", vocabularies=str(tmp_path)) as client:
        assert client.plan(TEXT).tokens.method == "estimate"
    with pytest.raises(llmroute.PolicyError, match="vocabularies"):
        Client(vocabularies="")


def test_what_cannot_be_counted_is_refused(tmp_path: Path) -> None:
    """Wrong names and prompts are errors of the call; a conversation may end with the model."""
    with made(tmp_path, "estimate") as client:
        with pytest.raises(llmroute.RequestError, match="nobody"):
            client.count_tokens("Hi", "nobody")
        with pytest.raises(llmroute.RequestError):
            client.count_tokens([{"role": "nobody", "content": "x"}], "new")
        said = [Message.user("Hi"), Message.assistant("Hello.")]
        assert client.count_tokens(said, "new").value == 1 + 2 + 9


def test_models_that_count_alike_need_one_count() -> None:
    """Where all models have one tokenizer, the plan's count is theirs and there are no others."""
    request = Request((Message.user(TEXT),))
    one, two, open_one = (
        Model(name, "acme", name, "custom", tokenizer=tokenizer)
        for name, tokenizer in (("a", "o200k"), ("b", "cl100k"), ("c", None))
    )
    assert estimate_for(request, [one, one]) == (estimate_request(request, one), {})
    whole, counts = estimate_for(request, [one, two])
    assert counts == {name.tokenizer: estimate_request(request, name) for name in (one, two)}
    assert whole.low == min(one.low for one in counts.values())
    assert whole.high == max(one.high for one in counts.values())
    assert estimate_for(request, [one, open_one])[0] == estimate_request(request)


def test_a_longer_prompt_is_counted_again() -> None:
    """What is added to a prompt is added to every count, in its tokenizer's own measure."""
    before, after = Request((Message.user(TEXT),)), Request((Message.user(TEXT + TEXT),))
    models = [Model(name, "acme", name, "custom", tokenizer=name) for name in ("o200k", "cl100k")]
    _, counts = estimate_for(before, models)
    assert recounted(counts, before, after) == estimate_for(after, models)[1]
