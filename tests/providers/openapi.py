"""OpenAI's published description of its API, as JSON Schemas that requests are held against.

It is not part of this repository: `$OPENAI_OPENAPI` names the file, `openapi.json` or
`openapi.yaml` of https://github.com/openai/openai-openapi.
"""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

if TYPE_CHECKING:
    from collections.abc import Iterator

    from referencing.jsonschema import Schema

VARIABLE = "OPENAI_OPENAPI"
Node = dict[str, object]


class Problem(Protocol):
    """Where a value does not fit, and why."""

    json_path: str
    message: str


class Check(Protocol):
    """What jsonschema's validators do."""

    def iter_errors(self, instance: object) -> Iterator[Problem]:
        """Yield every problem."""
        ...


def validator(name: str) -> Check:
    """A validator of the component `name`; skips the test when the file is not there."""
    path = os.environ.get(VARIABLE)
    if not path:
        pytest.skip(f"${VARIABLE} does not name OpenAI's openapi.json")
    return _validator(path, name)


def problems(check: Check, value: object) -> list[str]:
    """What is wrong with `value`, in words."""
    return [f"{error.json_path}: {error.message[:300]}" for error in check.iter_errors(value)]


@functools.cache
def _validator(path: str, name: str) -> Check:
    resource = DRAFT202012.create_resource(cast("Schema", _document(path)))
    registry: Registry[Schema] = Registry()
    schema = {"$ref": f"urn:openai#/components/schemas/{name}", "unevaluatedProperties": False}
    check = Draft202012Validator(schema, registry=registry.with_resource("urn:openai", resource))
    return cast("Check", check)


@functools.cache
def _document(path: str) -> Node:
    text = Path(path).read_text(encoding="utf-8")
    if path.endswith(".json"):
        document: Node = json.loads(text)
    else:
        yaml = pytest.importorskip("yaml")
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    schemas = cast("dict[str, Node]", cast("Node", document["components"])["schemas"])
    members = {name for schema in schemas.values() for name in _joined(schema)}
    fixed = {name: _fixed(schema, closed=name not in members) for name, schema in schemas.items()}
    return {"components": {"schemas": fixed}}


def _joined(node: object) -> set[str]:
    """Components that stand in an `allOf`: they are part of an object, not the whole of one."""
    if isinstance(node, list):
        return {name for one in cast("list[object]", node) for name in _joined(one)}
    if not isinstance(node, dict):
        return set()
    fields = cast("Node", node)
    names = {name for value in fields.values() for name in _joined(value)}
    for one in cast("list[Node]", fields.get("allOf", [])):
        names.add(str(one.get("$ref", "")).rpartition("/")[2])
    return names


def _fixed(node: object, *, closed: bool = True) -> object:
    """Say in JSON Schema what OpenAPI says in its own words, and allow no field that is not named.

    `nullable` is a type, and a discriminator makes `oneOf` an `anyOf`.
    """
    if isinstance(node, list):
        return [_fixed(one) for one in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    fields = cast("Node", node)
    parts = [_fixed(one, closed=False) for one in cast("list[object]", fields.get("allOf", []))]
    result = {name: _fixed(value) for name, value in fields.items() if name != "allOf"}
    if parts:
        result["allOf"] = parts
    if "oneOf" in result:
        result["anyOf"] = result.pop("oneOf")
    if closed and ("properties" in fields or parts) and "additionalProperties" not in fields:
        result["unevaluatedProperties"] = False
    return {"anyOf": [result, {"type": "null"}]} if fields.get("nullable") is True else result
