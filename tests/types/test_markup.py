"""Plans and replies in notebooks: everything is shown, nothing of it is obeyed."""

from __future__ import annotations

import re
from decimal import Decimal
from html.parser import HTMLParser
from operator import methodcaller
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from llmroute.types.messages import ToolCall
from llmroute.types.models import Model
from llmroute.types.plans import Candidate, Plan, Refusal
from llmroute.types.prices import Price
from llmroute.types.reply import Embeddings, Reply
from llmroute.types.usage import TokenCount, Usage

SCRIPT = '<script src="https://evil.example/x.js">alert(1)</script> & "quotes" \'too\''
TAGS = {"div", "i", "table", "thead", "tbody", "tr", "th", "td"}


class Seen(HTMLParser):
    """What a browser makes of HTML: its text, its elements, their attributes."""

    def __init__(self, page: str) -> None:
        """Read `page`."""
        super().__init__()
        self.text: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text.append(data)


def html(value: object) -> str:
    """What a notebook asks a value for first."""
    return cast("str", methodcaller("_repr_html_")(value))


def markdown(value: object) -> str:
    """What it asks for where HTML is not shown."""
    return cast("str", methodcaller("_repr_markdown_")(value))


def model(name: str) -> Model:
    """Make a model with a name that may be anything."""
    return Model(name, "test", name, "custom", price=Price(Decimal(1), Decimal(2)))


def plan(name: str, reason: str = "it is far") -> Plan:
    """Make a plan of a model that may answer and one that may not."""
    refused = Refusal(model("other"), "local", reason, "1.b")
    tokens = TokenCount(10, "estimate", 8, 12)
    candidates = (Candidate(model(name), Decimal("0.0012")),)
    return Plan(candidates, (refused,), tokens, "llmroute.toml:3", "cheapest", route=name)


def reply(text: str, name: str = "gpt", *, first: str = "gpt") -> Reply[None]:
    """Make a reply of a model, to a plan that wanted `first`."""
    return Reply(
        text=text,
        model=model(name),
        usage=Usage(10, 20),
        cost_usd=Decimal("0.00120"),
        finish_reason="length",
        plan=plan(first),
        attempts=(),
        duration_s=1.234,
        warnings=(name,),
        parts=(text, ToolCall("1", name, {})),
    )


def test_a_plan_is_a_table() -> None:
    """A plan shows candidates and refusals with cost, rule, reason and clause, as its str does."""
    seen = Seen(html(plan("gpt")))
    shown = [one for one in seen.text if one.strip()]
    assert shown[0] == 'about 10 tokens in; llmroute.toml:3, route "gpt"'
    assert shown[1:5] == ["model", "id", "cost or rule", "why"]
    assert shown[5:10] == ["->", "gpt", "test/gpt", "$0.0012", "cheapest"]
    assert shown[10:] == ["x", "other", "test/other", "local", "it is far (1.b)"]


def test_a_reply_is_its_text_and_a_line_about_it() -> None:
    """A reply shows who answered, tokens, cost, time, the fallback, and why it is cut."""
    line = (
        "spare (test/spare) · 10 tokens in, 20 out · $0.0012 · 1.23 s · asks for spare · "
        "fell back from gpt · cut: length · spare"
    )
    assert Seen(html(reply("Hello\n  you", "spare"))).text == ["Hello\n  you", line]
    text = markdown(reply("Hello\n  you", "spare"))
    assert text.startswith("```text\nHello\n  you\n```\n\nspare")
    assert re.sub(r"\\(.)", r"\1", text).endswith(f"\n{line}\n")


def test_embeddings_are_a_line_about_them() -> None:
    """Embeddings show model, count, size, tokens and cost, and none of their numbers."""
    said = reply("", "e")
    vectors = ((0.25, 0.5, 0.75), (0.25, 0.5, 0.75))
    found = Embeddings(vectors, said.model, said.usage, said.cost_usd, said.plan, (), 1.234)
    seen = Seen(html(found)).text
    assert seen[0] == "test/e · 1.23 s"
    assert seen[-5:] == ["e", "2", "3", "10", "$0.0012"]
    assert "0.25" not in html(found)


def test_a_reply_without_text() -> None:
    """An answer that only asks for tools says that there is no text."""
    assert Seen(html(reply(""))).text[0] == "no text"


def test_repr_still_shows_no_content() -> None:
    """Only what a notebook shows has the text; repr, which ends up in logs, has sizes."""
    assert "secret" not in repr(reply("secret"))


def test_scripts_stay_text() -> None:
    """A script in a name, a reason, a route or an answer is shown, not run."""
    for value in (plan(SCRIPT, SCRIPT), reply(SCRIPT, SCRIPT, first=SCRIPT)):
        seen = Seen(html(value))
        assert seen.tags <= TAGS
        assert seen.attributes <= {"style"}
        assert any(SCRIPT in text for text in seen.text)
    below = markdown(reply("hi", SCRIPT)).partition("\n```\n")[2]
    assert "<script" not in below.replace("\\<", "")


@given(st.text(), st.text(min_size=1))
def test_html_shows_any_text_as_it_is(text: str, name: str) -> None:
    """Whatever a model says and is called, a browser sees only elements of ours."""
    seen = Seen(html(reply(text, name)))
    assert seen.tags <= TAGS
    assert seen.attributes <= {"style"}
    assert Seen(html(plan(name, text))).tags <= TAGS


@given(st.text(alphabet="`~ \n\rab<>", max_size=40))
def test_no_answer_closes_its_fence(text: str) -> None:
    """In Markdown an answer is a block of code that it cannot end, so nothing of it has meaning."""
    written = markdown(reply(text))
    fence = written.partition("text\n")[0]
    assert len(fence) >= 3
    assert fence not in text
    assert f"\n{text}\n{fence}\n\n" in written
