# ruff: noqa: INP001 - a script that stands beside the pages
"""Writes the JSON Schema of fact files from the catalog's own words: `python docs/schemas.py`."""

from __future__ import annotations

import json
from pathlib import Path

from llmroute.catalog.layers import FACTS
from llmroute.catalog.measured import BENCHMARKS, CATEGORIES, KINDS, MT_BENCH, ON_APPROVAL
from llmroute.catalog.words import ABILITIES

PLACE = Path(__file__).parent.parent / "providers" / "facts.schema.json"
Schema = dict[str, object]
TEXT: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}
DAY: Schema = {"type": "string", "format": "date"}


def number(most: float, *, above: bool = False) -> Schema:
    """A number from 0, or above it."""
    return {"type": "number", "exclusiveMinimum" if above else "minimum": 0, "maximum": most}


def whole(least: int, most: int) -> Schema:
    """A whole number."""
    return {"type": "integer", "minimum": least, "maximum": most}


def closed(**keys: Schema) -> Schema:
    """A table with these keys and no other."""
    return {"type": "object", "properties": keys, "additionalProperties": False}


def cited(value: Schema, **more: Schema) -> Schema:
    """A value alone, or in a table that may name its source."""
    table = closed(value=value, source=TEXT, **more) | {"required": ["value"]}
    return {"anyOf": [value, table]}


COUNT = cited(whole(1, 100_000_000))
WORDS = ("family", "license", "tokenizer", "replaced_by", "vector_space")
COUNTS = ("context_tokens", "max_output_tokens", "dimensions", "batch_texts", "batch_tokens")
DAYS = ("released", "knowledge_cutoff", "retires_on")
NAMES = [*BENCHMARKS, MT_BENCH, *(f"{MT_BENCH}/{one}" for one in CATEGORIES)]
SCORE = closed(
    benchmark={"enum": NAMES},
    value=number(100),
    harness=TEXT,
    source=TEXT,
    shots=whole(0, 1000),
    precision=TEXT,
    tuning={"enum": ["base", "chat"]},
) | {"required": ["benchmark", "value", "harness"]}
KEYS: dict[str, Schema] = {
    **dict.fromkeys(WORDS, TEXT),
    **dict.fromkeys(COUNTS, COUNT),
    **dict.fromkeys(DAYS, cited(DAY)),
    "tuning": {"enum": ["base", "chat"]},
    "open_weights": FLAG,
    "languages": TEXTS,
    "abilities": {"type": "array", "items": {"enum": list(ABILITIES)}},
    "price": {"type": "object", "required": ["input", "output"]},
    "prices": {"type": "array", "items": {"type": "object"}},
    "parameters_billion": cited(number(100_000, above=True), confirmed=FLAG),
    "active_parameters_billion": cited(number(100_000, above=True)),
    "training_tokens_billion": cited(number(1_000_000, above=True)),
    "scores": {"type": "array", "minItems": 1, "items": SCORE},
    "speed": closed(
        first_token_s=number(3600),
        tokens_per_s=number(1_000_000, above=True),
        input_tokens_per_s=number(100_000_000, above=True),
        source=TEXT,
    ),
    "images": closed(
        kind={"enum": list(KINDS)},
        base=whole(0, 100_000),
        per_tile=whole(0, 100_000),
        most=whole(1, 1_000_000),
        factor=number(1000, above=True),
        source=TEXT,
    )
    | {"required": ["kind"]},
    "data": closed(
        trains=FLAG,
        retention_days=whole(0, 36_500),
        zero_retention={"enum": [True, False, ON_APPROVAL]},
        regions=TEXTS,
        source=TEXT,
    ),
}


def facts() -> str:
    """The schema of fact files, as text."""
    model = closed(**{key: KEYS[key] for key in FACTS})
    imported = {**closed(**{"from": TEXT, "on": DAY}), "required": ["from", "on"]}
    source = {**closed(title=TEXT, url=TEXT, checked_on=DAY), "required": ["checked_on"]}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Facts of models, for llmroute",
        **closed(
            imported=imported,
            sources={"type": "object", "additionalProperties": source},
            models={
                "type": "object",
                "propertyNames": {"pattern": "^[^/]+/.+$"},
                "additionalProperties": model,
            },
        ),
    }
    return json.dumps(schema, indent=1) + "\n"


if __name__ == "__main__":
    PLACE.write_text(facts(), encoding="utf-8")
