"""Every Claude and Gemini model of the catalog is asked for no more than it takes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from llmroute.catalog import provider
from llmroute.catalog.declarations import model
from llmroute.catalog.resolve import resolve
from llmroute.errors import AttemptError
from llmroute.providers import open_codec
from llmroute.types.abilities import lacking, quirks_of
from llmroute.types.requests import Sampling
from tests.providers.natives import HELLO, SHAPE, WEATHER, Native, asking

if TYPE_CHECKING:
    from llmroute.types.requests import ReasoningEffort

IDS = [
    f"{name}/{id_}"
    for name in ("anthropic", "gemini")
    for id_ in (*getattr(provider(name), "models", ()), "a-newer-one")
]
PAIR = ("claude-opus-5-5", "claude-haiku-4-5")
FULL = replace(
    HELLO,
    sampling=Sampling(temperature=0.5, top_p=0.9, top_k=9, stop=("END",), seed=1),
    tools=(WEATHER,),
    output=SHAPE,
)


def sent(id_: str, effort: str | None, choice: str = "auto") -> dict[str, object]:
    """The body of a full request to a model of the catalog."""
    found = resolve(model("m", use=id_, key="k" * 30))
    request = replace(asking(cast("ReasoningEffort | None", effort), FULL), tool_choice=choice)
    call = Native(found.api).call(request)._replace(model=found)
    written = open_codec(found.api).encode(call)
    return cast("dict[str, object]", json.loads(written.content))


@pytest.mark.parametrize("effort", [None, "none", "minimal", "low", "medium", "high"])
@pytest.mark.parametrize("id_", [one for one in IDS if one.startswith("anthropic/")])
def test_claude(id_: str, effort: str | None) -> None:
    """Sampling, thinking, forced tools and shapes are said as the model's generation takes them."""
    body = sent(id_, effort)
    thinking = cast("dict[str, object]", body.get("thinking", {}))
    old = "4-5" in id_ or "4-6" in id_
    thinks = effort not in {None, "none"}
    assert ("temperature" in body) is (old and not thinks)
    assert "top_p" not in body
    assert body["stop_sequences"] == ["END"]
    if "4-5" in id_ and thinks:
        assert thinking["type"] == "enabled"
    elif thinks:
        assert thinking["type"] == "adaptive"
    assert "format" in cast("dict[str, object]", body["output_config"])
    if any(one in id_ for one in ("fable-5", "opus-5-5", "sonnet-5-5", "newer")):
        assert thinking.get("type") != "disabled"
        with pytest.raises(AttemptError, match="tool_choice"):
            sent(id_, effort, "required")
    else:
        forced = sent(id_, effort, "required")
        assert forced["tool_choice"] == {"type": "any"}
        unasked = "reasons_unasked" in quirks_of(resolve(model("m", use=id_, key="k" * 30)))
        assert forced.get("thinking") == ({"type": "disabled"} if unasked else None)


def test_a_plan_refuses_who_cannot_be_made_to_call() -> None:
    """A model that cannot be made to call a tool is refused where one must be, and only there."""
    newest, older = (resolve(model("m", use=f"anthropic/{id_}", key="k" * 30)) for id_ in PAIR)
    for choice, refused in (
        ("auto", False),
        ("none", False),
        ("required", True),
        ("weather", True),
    ):
        request = replace(FULL, tool_choice=choice)
        assert (lacking(request, newest) is not None) is refused
        assert lacking(request, older) is None
    assert lacking(replace(HELLO, tool_choice="required"), newest) is None


@pytest.mark.parametrize("effort", [None, "none", "minimal", "high"])
@pytest.mark.parametrize("id_", [one for one in IDS if one.startswith("gemini/")])
def test_gemini(id_: str, effort: str | None) -> None:
    """Gemini 2.5 is told a budget, the later ones a level that they know."""
    config = cast("dict[str, object]", sent(id_, effort)["generationConfig"])
    assert config["responseJsonSchema"] == SHAPE.schema
    assert config["topK"] == 9
    thinking = cast("dict[str, object]", config.get("thinkingConfig", {}))
    assert bool(thinking) is (effort is not None)
    assert "MINIMAL" not in thinking.values()
    if thinking:
        assert ("thinkingBudget" in thinking) is ("2.5" in id_)
