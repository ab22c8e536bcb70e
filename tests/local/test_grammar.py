"""Answers that have a shape: grammars made of JSON Schemas, and what they let through."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from llmroute.errors import AttemptError
from llmroute.providers.llama_cpp.constraint import Constraint
from llmroute.providers.llama_cpp.contexts import Settings
from llmroute.providers.llama_cpp.gbnf import Grammar
from llmroute.providers.llama_cpp.loaded import load
from llmroute.types.requests import Sampling
from llmroute.types.tools import OutputSpec
from tests.local.support import asked, call, fold, model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from llmroute.providers.llama_cpp import LlamaCppProvider

pytestmark = pytest.mark.native
Schema = dict[str, object]
SCHEMAS: dict[str, tuple[Schema, list[str], list[str]]] = {
    "string": ({"type": "string"}, ['""', r'"a\n\"\\é世"', r'"\u00e9"'], ["a", '"a\nb"', '"a']),
    "surrogate": ({"type": "string"}, [], [r'"\ud83d"', r'"\uDE00"', r'"\x41"']),
    "length": ({"type": "string", "minLength": 2, "maxLength": 3}, ['"ab"'], ['"a"', '"abcd"']),
    "date": ({"type": "string", "format": "date"}, ['"2026-11-26"'], ['"2026-13-26"', '"now"']),
    "integer": ({"type": "integer"}, ["0", "-7", "120"], ["1.5", "01", "-", "1e3"]),
    "range": (
        {"type": "integer", "minimum": 0, "exclusiveMaximum": 12},
        ["0", "11"],
        ["12", "-1", "1.0"],
    ),
    "above": ({"type": "integer", "exclusiveMinimum": 0}, ["1", "10"], ["0", "-1"]),
    "below": ({"type": "integer", "maximum": -1}, ["-1"], ["1"]),
    "number": ({"type": "number"}, ["1", "-2.5", "1e-9"], ["1.", ".5", "NaN", "1e999"]),
    "positive": ({"type": "number", "minimum": 0}, ["0.5"], ["-0.5"]),
    "enum": (
        {"enum": ["a b", 'q"\\', 3, None, {"k": [1]}]},
        ['"a b"', r'"q\"\\"', "3", "null", '{"k": [1]}'],
        ["4", '"a"'],
    ),
    "const": ({"const": "été"}, ['"été"'], ['"ete"']),
    "array": (
        {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2},
        ["[true]", "[true, false]"],
        ["[]", "[true,true,true]", "[1]"],
    ),
    "empty array": ({"type": "array", "maxItems": 0}, ["[]"], ["[1]"]),
    "tuple": (
        {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]},
        ['[1, "a"]'],
        ['["a", 1]', "[1]"],
    ),
    "object": (
        {
            "type": "object",
            "properties": {
                "a": {"type": "integer"},
                "b": {"type": "null"},
                "c": {"type": "integer"},
            },
            "required": ["b"],
            "additionalProperties": False,
        },
        ['{"b": null}', '{"a":1,"b":null}', '{"a": 1, "b": null, "c": 2}', '{"b": null, "c": 2}'],
        ["{}", '{"a": 1}', '{"b": null, "d": 1}', '{"b": null,}', '{"b": null, "b": null}'],
    ),
    "optional": (
        {"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}},
        ["{}", '{"a": 1}', '{"b": 1}', '{"a": 1, "b": 2}'],
        ['{"b": 1, "a": 2}', "[]"],
    ),
    "map": (
        {"type": "object", "additionalProperties": {"type": "integer"}},
        ["{}", '{"x": 1, "y": 2}'],
        ['{"x": "1"}'],
    ),
    "undeclared": ({"type": "object", "required": ["x"]}, ['{"x": [1, {}]}'], ["{}"]),
    "anyOf": ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, ["1", "null"], ['"1"']),
    "type list": ({"type": ["string", "null"], "maxLength": 1}, ["null", '"a"'], ["1", '"ab"']),
    "beside anyOf": (
        {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
        ['{"a": 1}', '{"b": 1}'],
        ["{}"],
    ),
    "allOf": (
        {
            "allOf": [
                {"$ref": "#/$defs/A"},
                {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
            ],
            "$defs": {"A": {"properties": {"a": {"type": "integer"}}, "required": ["a"]}},
        },
        ['{"a": 1, "b": 2}'],
        ['{"a": 1}', '{"b": 2}'],
    ),
    "tree": (
        {
            "$ref": "#/$defs/a~1b",
            "$defs": {
                "a/b": {
                    "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/a~1b"}}}
                }
            },
        },
        ['{"kids": [{"kids": []}, {}]}'],
        ['{"kids": [1]}'],
    ),
    "tree by allOf": (
        {
            "$ref": "#/$defs/node",
            "$defs": {"node": {"properties": {"next": {"allOf": [{"$ref": "#/$defs/node"}]}}}},
        },
        ['{"next": {"next": {}}}'],
        ['{"next": [1]}'],
    ),
    "tree by anyOf beside a type": (
        {
            "$ref": "#/$defs/node",
            "$defs": {
                "node": {
                    "properties": {
                        "next": {"type": "object", "anyOf": [{"$ref": "#/$defs/node"}]},
                        "end": {"type": "null"},
                    }
                }
            },
        },
        ['{"next": {"next": {"end": null}}}'],
        ['{"next": {"end": 1}}'],
    ),
    "string or short string": (
        {"anyOf": [{"type": "string", "maxLength": 2}, {"type": "null"}, {"type": "string"}]},
        ['"abc"', "null"],
        ["1"],
    ),
    "same name": (
        {
            "properties": {"x": {"$ref": "#/$defs/T"}, "y": {"$ref": "#/deep/T"}},
            "required": ["x", "y"],
            "$defs": {"T": {"type": "integer"}},
            "deep": {"T": {"type": "string"}},
        },
        ['{"x": 1, "y": "a"}'],
        ['{"x": 1, "y": 2}', '{"x": "a", "y": "a"}'],
    ),
    "anything": ({}, ['{"a": [1, "x", null]}', "3"], ["x", '{"a": }']),
}
UNFIT: dict[str, Schema] = {
    "remote": {"$ref": "https://example.com/schema.json"},
    "missing": {"$ref": "#/$defs/None"},
    "itself": {"$ref": "#"},
    "left recursion": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
    "itself in allOf": {"allOf": [{"$ref": "#"}]},
    "nothing": {"enum": []},
    "no type": {"type": "text"},
    "false": {"type": "array", "items": False, "minItems": 1},
    "bounds": {"type": "array", "minItems": 3, "maxItems": 2},
    "no number": {"type": "integer", "minimum": 3, "maximum": 2},
}


def grammar(schema: Schema) -> str:
    """The grammar of a schema alone."""
    made = Grammar()
    return made.text(made.value(schema))


@pytest.fixture(scope="module")
def fits(smollm2: Path) -> Iterator[Callable[[Schema, str], bool]]:
    """Whether llama.cpp, led by the grammar of a schema, could write a text and end there."""
    loaded = load(Settings(str(smollm2), 512, 0, 1), lambda: True)
    vocabulary = loaded.vocabulary

    def check(schema: Schema, text: str) -> bool:
        constraint = Constraint(loaded.library, vocabulary.handle, grammar(schema))
        try:
            tokens = vocabulary.tokenize(text, special=False)
            end = loaded.library.llama_vocab_eos(vocabulary.handle)
            return all(map(constraint.take, [*tokens, end]))
        finally:
            constraint.free()

    yield check
    loaded.free()


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_grammar_lets_through_what_fits(name: str, fits: Callable[[Schema, str], bool]) -> None:
    """Each kind of schema lets texts through that fit it, and stops others."""
    schema, good, bad = SCHEMAS[name]
    assert {text: fits(schema, text) for text in good + bad} == {
        text: text in good for text in good + bad
    }


@pytest.mark.parametrize("name", UNFIT)
def test_a_schema_without_a_grammar_is_a_bad_request(
    name: str, tiny: Path, provider: LlamaCppProvider
) -> None:
    """What no grammar can say is told in a sentence, nothing is fetched, and the process lives."""
    spec = OutputSpec("answer", UNFIT[name], json.loads)
    with pytest.raises(AttemptError) as caught:
        fold(provider.events(asked(call(model(tiny), "hello"), output=spec)))
    assert caught.value.fault.kind == "bad_request"
    fold(provider.events(call(model(tiny), "hello")))


def test_huge_schemas_are_refused() -> None:
    """A schema whose grammar would have thousands of rules is refused."""
    with pytest.raises(AttemptError, match="more than 5000 rules"):
        grammar({"type": "array", "prefixItems": [{"type": ["null", "integer"]}] * 6000})


def test_alternatives_that_another_contains_are_left_out() -> None:
    """Of a string, and a string that is short, only the first is asked for."""
    made = Grammar()
    root = made.value({"anyOf": [{"type": "string"}, {"type": "string", "maxLength": 9}]})
    assert f"\n{root} ::= string\n" in made.text(root)


def test_deep_schemas_are_refused() -> None:
    """A schema nested without end is refused before it is walked to its bottom."""
    schema: Schema = {"type": "null"}
    for _ in range(500):
        schema = {"type": "array", "items": schema}
    with pytest.raises(AttemptError, match="nested deeper"):
        grammar(schema)


NESTED: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 12},
        "kind": {"enum": ["cat", "dog"]},
        "ages": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3},
        "note": {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}]},
    },
    "required": ["name", "kind", "ages"],
}


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=0.0),
        *(Sampling(seed=seed) for seed in range(6)),
        Sampling(seed=1, temperature=2.0, min_p=0.0, top_k=0, top_p=1.0),
        Sampling(seed=2, top_k=1),
    ],
    ids=str,
)
def test_even_nonsense_has_the_shape(
    sampling: Sampling, tiny: Path, provider: LlamaCppProvider
) -> None:
    """A model with random weights answers in the shape asked for, however tokens are drawn."""
    spec = OutputSpec("answer", NESTED, json.loads)
    answer = fold(
        provider.events(
            asked(
                call(model(tiny), "hello", sampling=replace(sampling, max_tokens=400)), output=spec
            )
        )
    )
    value = json.loads(answer.text)
    assert answer.finish_reason == "stop"
    assert value.keys() - {"note"} == {"name", "kind", "ages"}
    assert value["kind"] in {"cat", "dog"}
    assert 1 <= len(value["ages"]) <= 3
    assert len(value["name"]) <= 12 or "\ufffd" in value["name"]  # bytes that are no UTF-8


def test_a_shaped_answer_is_reproducible(tiny: Path, provider: LlamaCppProvider) -> None:
    """A seed makes an answer in a shape reproducible too."""
    spec = OutputSpec("answer", NESTED, json.loads)
    of = asked(call(model(tiny), "hello", sampling=Sampling(seed=3, max_tokens=400)), output=spec)
    assert fold(provider.events(of)).text == fold(provider.events(of)).text


def test_a_real_model_fills_a_shape(smollm2: Path, provider: LlamaCppProvider) -> None:
    """SmolLM2 says in JSON what it was asked, since it is told the shape and kept to it."""
    schema: Schema = {
        "type": "object",
        "properties": {"capital": {"type": "string"}, "letters": {"type": "integer"}},
        "required": ["capital", "letters"],
    }
    spec = OutputSpec("answer", schema, json.loads)
    asking = call(
        model(smollm2),
        "What is the capital of France?",
        sampling=Sampling(temperature=0.0, max_tokens=60),
    )
    answer = fold(provider.events(asked(asking, output=spec)))
    assert json.loads(answer.text)["capital"] == "Paris"
    assert answer.finish_reason == "stop"


def test_a_shaped_answer_can_be_cut(smollm2: Path, provider: LlamaCppProvider) -> None:
    """At max_tokens a shaped answer ends like any other, with the reason length."""
    spec = OutputSpec("answer", NESTED, json.loads)
    answer = fold(
        provider.events(
            asked(
                call(model(smollm2), "A cat.", sampling=Sampling(seed=1, max_tokens=5)), output=spec
            )
        )
    )
    assert answer.finish_reason == "length"
    assert answer.usage.output_tokens == 5


def test_a_shaped_answer_goes_on_from_its_prefix(tiny: Path, provider: LlamaCppProvider) -> None:
    """What was said before counts for the shape; a beginning that has another is refused."""
    spec = OutputSpec("answer", NESTED, json.loads)
    sampling = Sampling(seed=4, max_tokens=400)
    begun = '{"name": "he", "kind": "d'
    of = asked(call(model(tiny), "hello", sampling=sampling, prefix=begun), output=spec)
    assert json.loads(begun + fold(provider.events(of)).text)["kind"] == "dog"
    wrong = asked(call(model(tiny), "hello", sampling=sampling, prefix="Sure: "), output=spec)
    with pytest.raises(AttemptError, match="does not have the shape") as caught:
        fold(provider.events(wrong))
    assert caught.value.fault.kind == "bad_request"


def test_a_shaped_answer_can_be_canceled(tiny: Path, provider: LlamaCppProvider) -> None:
    """Cancelling stops a constrained answer that would never end, and the engine goes on."""
    endless = OutputSpec("answer", {"type": "string", "minLength": 1000}, json.loads)
    asking = asked(call(model(tiny), "hello", sampling=Sampling(seed=1)), output=endless)
    events = provider.events(asking)
    next(events)
    next(events)
    threading.Thread(target=asking.cancel.set, args=("enough",)).start()
    with pytest.raises(AttemptError) as caught:
        list(events)
    assert caught.value.fault.kind == "interrupted"
    assert fold(provider.events(call(model(tiny), "hello"))).finish_reason == "length"
