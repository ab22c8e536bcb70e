"""Plans as tables and as plain values: nothing is lost, and no line is too long."""

from __future__ import annotations

import json
import unicodedata
from decimal import Decimal
from operator import methodcaller
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmroute.types.frozen import replace
from llmroute.types.models import Model
from llmroute.types.plan_tables import plan_html
from llmroute.types.plans import Candidate, Plan, Quality, Refusal
from llmroute.types.prices import FREE
from llmroute.types.tables import table, width, wrapped
from llmroute.types.usage import TokenCount

if TYPE_CHECKING:
    from llmroute.types.prices import Price

ABOUT = TokenCount(1200, "estimate", 1000, 1500)
OTHER = TokenCount(1300, "exact", 1300, 1300)
MMLU = "MMLU (5)"
WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)


def model(name: str, price: Price | None = None) -> Model:
    """Make a model of a name."""
    return Model(name, "test", f"{name}-1", "custom", price=price)


def plan(*candidates: Candidate, refused: tuple[Refusal, ...] = ()) -> Plan:
    """Make a plan of these."""
    return Plan(candidates, refused, ABOUT, "llmroute.toml:3", "cheapest", route="code")


def vars_of(count: TokenCount) -> dict[str, object]:
    """The fields of a count."""
    return {name: getattr(count, name) for name in ("value", "method", "low", "high", "hint")}


def columns(text: str) -> int:
    """The widest line of a text, on a terminal."""
    return max(map(width, text.splitlines()))


def test_a_column_that_nobody_has_is_left_out() -> None:
    """Without latency, quality and lengths there are five columns."""
    text = str(plan(Candidate(model("a"), Decimal("0.0012"))))
    assert text.splitlines() == [
        'about 1200 tokens in; llmroute.toml:3, route "code"',
        "    model  id        cost or rule  why",
        "->  a      test/a-1  $0.0012       cheapest",
    ]


def test_what_is_known_has_a_column() -> None:
    """Latency, quality with its basis, and the expected length are shown where they are known."""
    good, top = Quality("good", 81.7, MMLU), Quality("top", None, MMLU)
    text = str(
        plan(
            Candidate(model("a", FREE), Decimal(0), 0.5, good, output_tokens=300),
            Candidate(model("b"), Decimal("0.0000001"), 12.34, top, output_tokens=300),
            Candidate(model("c"), None, 120.0, None, ("it retires",), output_tokens=300),
            Candidate(model("d"), Decimal(2), None, None, output_tokens=300),
            refused=(Refusal(model("e"), "unavailable", "KEY is not set", "1.b"),),
        )
    )
    assert text.splitlines() == [
        'about 1200 tokens in, 300 expected out; llmroute.toml:3, route "code"; quality: MMLU (5)',
        "    model  id        cost or rule   latency  quality      why",
        "->  a      test/a-1  $0 marginal    0.50 s   good (81.7)  cheapest",
        "2.  b      test/b-1  < $0.000001    12.3 s   top          if those fail",
        "3.  c      test/c-1  price unknown  120 s    unknown      if those fail; it retires",
        "4.  d      test/d-1  $2             unknown  unknown      if those fail",
        "x   e      test/e-1  unavailable                          KEY is not set (1.b)",
    ]


def test_counts_and_bases_that_differ_stand_with_each_model() -> None:
    """Where candidates differ, tokens have a column, and each quality its basis."""
    text = str(
        plan(
            Candidate(model("a"), None, None, Quality("good", 81.7, MMLU), output_tokens=300),
            Candidate(
                model("b"),
                None,
                None,
                Quality("top", None, "declared"),
                (),
                OTHER,
                output_tokens=90,
            ),
        )
    )
    assert text.splitlines()[0] == 'about 1200 tokens in; llmroute.toml:3, route "code"'
    assert "~1200 > 300" in text
    assert " 1300 > 90" in text
    assert "if those fail; quality: declared" in text
    assert f"quality: {MMLU}" in text


@pytest.mark.parametrize("rule", ["unavailable", "unsupported", "min_quality", "license"])
def test_the_rule_is_whole_whatever_else_is_long(rule: str) -> None:
    """Names and ids are narrowed before a rule is broken."""
    long = "x" * 300
    quality = Quality("strong", 81.7, long)
    candidate = Candidate(model(long), Decimal("123.456789"), 1.5, quality, (long,), OTHER, 8000)
    text = str(plan(candidate, refused=(Refusal(model(long), rule, long, long),)))
    assert columns(text) <= 100
    assert any(rule in line for line in text.splitlines())
    assert "".join(text.split()).count("x") >= 300 * 5


def test_an_id_is_broken_behind_a_slash_or_a_hyphen_alone() -> None:
    """However wide the other columns are, every part of an id stands on one line, whole."""
    id_ = "accounts/fireworks/models/llama-v3p3-70b-instruct-vocabulary"
    far = replace(model("a-name-of-its-own" * 2), provider="fireworks", upstream_id=id_)
    quality = Quality("strong", 81.7, MMLU)
    one = Candidate(far, Decimal("123.456789"), 1.5, quality, ("warned " * 20,), OTHER, 8000)
    text = str(plan(one, refused=(Refusal(far, "unavailable", "because " * 20),)))
    assert columns(text) <= 100
    words = text.split()
    for part in ("accounts/", "fireworks/", "models/", "vocabulary"):
        assert any(word.endswith(part) for word in words), part
    assert wrapped(f"{id_} is far", 24) == [
        "accounts/fireworks/",
        "models/llama-v3p3-70b-",
        "instruct-vocabulary is",
        "far",
    ]
    assert wrapped("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]


def test_what_several_rows_say_stands_once() -> None:
    """A warning of more than one candidate has a mark in each row, and its words below them."""
    clause = "license llama-2: [facts] purposes not stated; no training of other models (1.b.v)"
    rows = [Candidate(model(name), Decimal(1), warnings=(clause, f"only {name}")) for name in "ab"]
    found = plan(*rows)
    text = " ".join(str(found).split())
    assert text.count("purposes not stated") == 1
    assert text.endswith(f"[1] {clause}")
    assert "cheapest; [1]; only a" in text
    assert plan_html(found).count("purposes not stated") == 1
    alone = str(plan(rows[0]))
    assert "[1]" not in alone
    assert "purposes not stated" in alone


def test_wide_characters_count_twice() -> None:
    """Chinese, Japanese and Korean take two columns a character, marks none."""
    assert width("模型") == 4
    assert width(unicodedata.normalize("NFD", "é")) == 1
    lines = wrapped("価格" * 40 + " が高い", 30)
    assert max(map(width, lines)) <= 30
    assert "".join(lines) == "価格" * 40 + " が高い"
    text = table(("a", "b", "why"), [("模型", "x", "高い"), ("m", "y", "b")])
    assert [
        width(line[: line.index(end)]) for line, end in zip(text.splitlines(), "bxy", strict=True)
    ] == [6] * 3


def test_what_cannot_be_printed_is_an_escape() -> None:
    """Control characters, and those that turn the direction of text, do nothing to a terminal."""
    text = str(plan(Candidate(model("a\x1b[2J\u202e"), None)))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[2J\\u202e" in text


@given(WORDS, WORDS, WORDS, st.floats(0, 1e6), st.booleans())
def test_no_line_exceeds_100_columns(
    name: str, rule: str, reason: str, latency_s: float, quality: bool
) -> None:
    """Whatever names, rules, reasons and numbers are, a line fits; HTML holds the same cells."""
    good = Quality("good", latency_s, reason) if quality else None
    candidate = Candidate(model(name), Decimal(str(latency_s)), latency_s, good, (reason,))
    made = plan(candidate, refused=(Refusal(model(reason), rule, reason),))
    assert columns(str(made)) <= 100
    assert cast("str", methodcaller("_repr_html_")(made)).count("<tr") == 3


def test_html_has_the_same_columns() -> None:
    """A notebook shows latency and quality where they are known."""
    made = plan(Candidate(model("a"), None, 0.5, Quality("good", None, "declared")))
    page = cast("str", methodcaller("_repr_html_")(made))
    assert ">latency</th>" in page
    assert ">quality</th>" in page
    assert ">0.50 s</td>" in page
    assert "quality: declared" in page


def test_plain_values_are_complete() -> None:
    """to_dict says everything that the plan knows, with a version, in values that JSON has."""
    candidate = Candidate(
        model("a"),
        Decimal("0.0012"),
        0.5,
        Quality("good", 81.7, MMLU),
        ("it retires",),
        OTHER,
        output_tokens=90,
        held_tokens=12,
    )
    refused = (Refusal(model("e"), "license", "not allowed", "1.b"),)
    made = Plan(
        (candidate,), refused, ABOUT, "p:3", "cheapest", "code", "qa", ("t",), language="de"
    )
    values = made.to_dict()
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert values == {
        "version": 1,
        "model": "a",
        "policy": "p:3",
        "route": "code",
        "because": "cheapest",
        "task": "qa",
        "confidence": None,
        "signals": [],
        "tags": ["t"],
        "language": "de",
        "repeat_instruction": False,
        "input_tokens": vars_of(ABOUT),
        "candidates": [
            {
                "model": "a",
                "id": "test/a-1",
                "cost_usd": "0.0012",
                "latency_s": 0.5,
                "quality": {"tier": "good", "score": 81.7, "basis": MMLU},
                "input_tokens": vars_of(OTHER),
                "output_tokens": 90,
                "held_tokens": 12,
                "warnings": ["it retires"],
            }
        ],
        "refused": [
            {
                "model": "e",
                "id": "test/e-1",
                "rule": "license",
                "reason": "not allowed",
                "clause": "1.b",
            }
        ],
    }
