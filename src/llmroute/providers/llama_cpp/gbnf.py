"""JSON Schema to GBNF, the grammars of llama.cpp (ggml-org/llama.cpp, grammars/README.md).

A grammar lets only JSON through, and of JSON what has the shape. It may be narrower than the schema
(no undeclared keys beside declared ones), and says nothing of patterns, uniqueness and the bounds
of fractions: whoever reads the answer checks it. The converter that llama-cpp-python carries is not
used: it lets raw line breaks into strings, mixes up references of one name, and does not escape
backslashes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from .gbnf_scalars import BASE, MAX_REPEATS, bounds, constant, key, number, string, unfit
from .schema_merging import merged, pointed_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .gbnf_scalars import Schema

MAX_RULES = 5_000
MAX_DEPTH = 64
COMBINING = ("allOf", "anyOf", "oneOf")
KINDS = {
    "object": ("properties", "additionalProperties", "required"),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}


class Grammar:
    """The rules of one grammar; schemas are added to it one by one."""

    def __init__(self) -> None:
        """Begin with the rules of JSON itself."""
        self._rules = dict(BASE)

    def text(self, root: str) -> str:
        """The whole grammar; `root` is what an answer must be."""
        rules = self._rules | {"root": root}
        return "\n".join(f"{name} ::= {rule}" for name, rule in rules.items())

    def value(self, schema: Schema) -> str:
        """Add the rules of values that fit `schema`; returns the name of the first.

        Raises:
            AttemptError: kind "bad_request" when no grammar says what the schema does.
        """
        return _Converter(self, schema).rule(schema, 0)

    def reserve(self) -> str:
        """A name for a rule to come."""
        if len(self._rules) >= MAX_RULES:
            raise unfit(f"its grammar would have more than {MAX_RULES} rules")
        name = f"v{len(self._rules)}"
        self._rules[name] = ""
        return name

    def define(self, name: str, rule: str) -> str:
        """Say what a reserved name stands for; returns the name."""
        self._rules[name] = rule
        return name

    def add(self, rule: str) -> str:
        """Add a rule; returns its name, or the rule itself when it is but a name."""
        return rule if rule in self._rules else self.define(self.reserve(), rule)


class _Converter:
    """Turns the parts of one schema, `root`, which local references point into, into rules."""

    def __init__(self, grammar: Grammar, root: Schema) -> None:
        self.grammar = grammar
        self.root = root
        self.made: dict[str, str] = {}

    def rule(self, schema: object, depth: int) -> str:
        """Name of the rule of values that fit `schema`."""
        if depth > MAX_DEPTH:
            raise unfit(f"it is nested deeper than {MAX_DEPTH} levels")
        if schema is True:
            return "any"
        if not isinstance(schema, Mapping):
            raise unfit("a part of it allows nothing, or is no schema")
        known = cast("Schema", schema)
        if isinstance(known.get("$ref"), str):
            reference = str(known["$ref"])
            return self._once(reference, lambda: self.rule(self._target(reference), depth + 1))
        if known.keys() & {*COMBINING}:  # what it refers to may lead back to it
            return self._once(known, lambda: self._body(known, depth + 1))
        return self.grammar.add(self._body(known, depth + 1))

    def _once(self, schema: object, rule: Callable[[], str]) -> str:
        """Name of the rule of a reference, or of a schema, which is made the first time."""
        key = json.dumps(schema, default=repr)
        if key not in self.made:
            name = self.made[key] = self.grammar.reserve()
            self.grammar.define(name, rule())
        return self.made[key]

    def _target(self, reference: str) -> object:
        try:
            return pointed_at(self.root, reference)
        except LookupError:
            raise unfit(f"it refers to {reference[:80]!r}, which is not in it") from None

    def _body(self, schema: Schema, depth: int) -> str:
        if "const" in schema:
            return constant(schema["const"])
        if "enum" in schema:
            return self._either(map(constant, cast("Sequence[object]", schema["enum"])))
        for word in filter(schema.get, COMBINING):
            return self._combined(word, schema, depth)
        kind = schema.get("type") or _implied(schema)
        if isinstance(kind, str):
            return self._typed(kind, schema, depth)
        kinds = cast("Sequence[object]", kind)
        return self._either(self.rule({**schema, "type": one}, depth) for one in kinds)

    def _either(self, rules: Iterable[str]) -> str:
        """Any of `rules`."""
        either = " | ".join(dict.fromkeys(rules))
        if not either:
            raise unfit("a part of it allows nothing")
        return either

    def _combined(self, word: str, schema: Schema, depth: int) -> str:
        parts = cast("Sequence[object]", schema[word])
        base = {key: value for key, value in schema.items() if key != word}
        if word == "allOf":
            for part in parts:
                base = merged(base, self._resolved(part))
            return self.rule(base, depth)
        if not base.keys() & {*sum(KINDS.values(), ()), "type"}:
            return self._either(_needed(parts, [self.rule(part, depth) for part in parts]))
        return self._either(self.rule(merged(base, self._resolved(part)), depth) for part in parts)

    def _resolved(self, part: object) -> Schema:
        """A part of a combination with its own reference followed."""
        for _ in range(MAX_DEPTH):
            if not isinstance(part, Mapping):
                break
            schema = cast("Schema", part)
            reference = schema.get("$ref")
            if not isinstance(reference, str):
                return schema
            part = self._target(reference)
        if part is True:
            return {}
        raise unfit("a part of it allows nothing, or refers to itself")

    def _typed(self, kind: str, schema: Schema, depth: int) -> str:
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, depth)
        if kind == "string":
            return string(schema)
        if kind in {"integer", "number"}:
            return number(kind, schema)
        if kind in {"boolean", "null", "any"}:
            return kind
        raise unfit(f"{kind[:40]!r} is no type of JSON")

    def _object(self, schema: Schema, depth: int) -> str:
        properties = dict(cast("Schema", schema.get("properties") or {}))
        required = set(cast("Sequence[str]", schema.get("required") or ()))
        for name in sorted(required - properties.keys()):
            properties[name] = schema.get("additionalProperties", True)
        if not properties:
            return self._map(schema.get("additionalProperties", True), depth)
        pairs = [
            (f"{key(name)} space {self.rule(value, depth)}", name in required)
            for name, value in properties.items()
            if name in required or value is not False
        ]
        return f'"{{" space {self._pairs(pairs)} space "}}"'

    def _pairs(self, pairs: list[tuple[str, bool]]) -> str:
        """Each required pair, and any of the others, in order: rules linked from the last on.

        `later` is what follows once a pair stands, `first` what follows while none does.
        """
        later, first = '""', '""'
        for pair, is_required in reversed(pairs):
            name = self.grammar.add(pair)
            begun = f"{name} {later}"
            goes_on = f'"," space {name}'
            first = self.grammar.add(begun if is_required else f"{begun} | {first}")
            later = self.grammar.add(f"{goes_on if is_required else f'({goes_on})?'} {later}")
        return first

    def _map(self, values: object, depth: int) -> str:
        """An object of any keys."""
        if values is False:
            return '"{" space "}"'
        pair = self.grammar.add(f'string ":" space {self.rule(values, depth)}')
        return f'"{{" space ({pair} ("," space {pair})* space)? "}}"'

    def _array(self, schema: Schema, depth: int) -> str:
        least, most = bounds(schema, "minItems", "maxItems")
        fixed = schema.get("prefixItems")
        if isinstance(fixed, Sequence) and fixed:
            items = [self.rule(one, depth) for one in cast("Sequence[object]", fixed)][:most]
            rest = max(least - len(items), 0)
            if rest:
                items += [self.rule(schema.get("items", True), depth)] * min(rest, MAX_REPEATS)
            return '"[" space ' + ' "," space '.join(items) + ' space "]"'
        if most == 0:
            return '"[" space "]"'
        item = self.rule(schema.get("items", True), depth)
        more = "" if most is None else str(most - 1)
        several = f'{item} ("," space {item}){{{max(least - 1, 0)},{more}}} space'
        return f'"[" space {several} "]"' if least else f'"[" space ({several})? "]"'


def _needed(parts: Sequence[object], rules: list[str]) -> list[str]:
    """The rules without those of strings where any string is allowed: they slow the grammar."""
    if "string" not in rules:
        return rules
    kinds = [cast("Schema", one).get("type") if isinstance(one, Mapping) else "" for one in parts]
    return [
        rule
        for rule, kind in zip(rules, kinds, strict=True)
        if rule == "string" or kind != "string"
    ]


def _implied(schema: Schema) -> str:
    """The type that a schema without one speaks of."""
    return next((kind for kind, words in KINDS.items() if schema.keys() & {*words}), "any")
