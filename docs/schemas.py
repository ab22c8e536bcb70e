# ruff: noqa: INP001 - a script that stands beside the pages
"""The JSON Schemas of fact files, provider files and policies; docs/generate.py writes them.

Their keys, words and bounds are those that the readers use.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from docs.policy_schema import policy_schema
from docs.schema_parts import (
    DATA_KEYS,
    DAY,
    DRAFT,
    FLAG,
    PAIRS,
    SPEED_KEYS,
    TEXT,
    TEXTS,
    as_read,
    closed,
    either,
    list_of,
    matching,
    named,
    number,
    price,
    prices,
    whole,
    words,
)
from llmroute.catalog.collection import NAME
from llmroute.catalog.entries import NOBODY
from llmroute.catalog.layers import FACTS
from llmroute.catalog.measured import (
    BENCHMARKS,
    CATEGORIES,
    KINDS,
    MT_BENCH,
    read_handling,
    speed_of,
)
from llmroute.catalog.rows import read_model
from llmroute.catalog.tables import read_head
from llmroute.catalog.words import ABILITIES, CACHE_LIVES, PARAMETERS
from llmroute.types.models import QUIRKS

if TYPE_CHECKING:
    from docs.schema_parts import (
        Schema,
    )

ROOT = Path(__file__).parent.parent


def cited(value: Schema, **more: Schema) -> Schema:
    """A value alone, or in a table that may name its source."""
    return either(value, closed(["value"], value=value, source=TEXT, **more))


COUNT = cited(whole(1, 100_000_000))
WORDS = ("family", "license", "tokenizer", "replaced_by", "vector_space")
COUNTS = ("context_tokens", "max_output_tokens", "dimensions", "batch_texts", "batch_tokens")
DAYS = ("released", "knowledge_cutoff", "retires_on")
NAMES = [*BENCHMARKS, MT_BENCH, *(f"{MT_BENCH}/{one}" for one in CATEGORIES)]
SCORE = closed(
    ["benchmark", "value", "harness"],
    benchmark=words(NAMES),
    value=number(100),
    harness=TEXT,
    source=TEXT,
    shots=whole(0, 1000),
    precision=TEXT,
    tuning=words(["base", "chat"]),
)
DATA = as_read(read_handling, DATA_KEYS)
IMAGES = closed(
    ["kind"],
    kind=words(KINDS),
    base=whole(0, 100_000),
    per_tile=whole(0, 100_000),
    most=whole(1, 1_000_000),
    factor=number(1000, above=True),
    source=TEXT,
)
KEYS: dict[str, Schema] = {
    **dict.fromkeys(WORDS, TEXT),
    **dict.fromkeys(COUNTS, COUNT),
    **dict.fromkeys(DAYS, cited(DAY)),
    "tuning": words(["base", "chat"]),
    "open_weights": FLAG,
    "languages": TEXTS,
    "base_models": TEXTS,
    "abilities": list_of(ABILITIES),
    "price": price(source=TEXT),
    "prices": prices(source=TEXT),
    "parameters_billion": cited(number(100_000, above=True), confirmed=FLAG),
    "active_parameters_billion": cited(number(100_000, above=True)),
    "training_tokens_billion": cited(number(1_000_000, above=True)),
    "scores": {"type": "array", "minItems": 1, "items": SCORE},
    "speed": as_read(speed_of, SPEED_KEYS),
    "images": IMAGES,
    "data": DATA,
}
TALK: dict[str, Schema] = {
    "api": TEXT,
    "parameters": list_of(PARAMETERS),
    "max_tokens_parameter": TEXT,
    "rejects_when_reasoning": list_of(PARAMETERS),
    "quirks": list_of(QUIRKS),
    "abilities": list_of(ABILITIES),
    "cache": list_of(CACHE_LIVES),
}
"""How to talk to a model: of a provider, and of one of its models where that differs."""
HEAD: dict[str, Schema] = {
    **TALK,
    **dict.fromkeys(("name", "base_url", "host_terms", "docs"), TEXT),
    **dict.fromkeys(("local", "bearer_functions", "any_model", "server"), FLAG),
    **dict.fromkeys(("headers", "query", "regions"), PAIRS),
    "key_env": matching(r"[A-Z_][A-Z0-9_]{0,127}"),
    "key_header": TEXT,
    "key_prefix": {"type": "string"},
    "origins": TEXTS,
    "checked_on": DAY,
    "data": DATA,
}
SOURCES: Schema = {
    "type": "object",
    "additionalProperties": closed(["checked_on"], title=TEXT, url=TEXT, checked_on=DAY),
}
WHERE: dict[str, Schema] = dict.fromkeys(("weights", "template", "package", "file", "extra"), TEXT)


def facts() -> str:
    """The schema of fact files, as text."""
    return _text(
        "Facts of models, for llmroute",
        closed(
            imported=closed(["from", "on"], **{"from": TEXT, "on": DAY}),
            sources=SOURCES,
            models=named("[^/]+/.+", closed(**{key: KEYS[key] for key in FACTS})),
        ),
    )


def provider() -> str:
    """The schema of provider files, as text; the number of a shipped one needs its source."""
    head = as_read(lambda table: read_head("x", table), HEAD)
    row: dict[str, Schema] = {**KEYS, **TALK, **WHERE}
    model = as_read(lambda table: read_model("x", table, NOBODY, None), _without(row, "prices"))
    model = {**model, "properties": row}
    return _text(
        "A provider and its models, for llmroute",
        closed(
            ["provider"],
            provider=head,
            sources=SOURCES,
            models={"type": "object", "additionalProperties": model},
        ),
        f"The name of the file is that of the provider: {NAME}",
    )


def _without(keys: dict[str, Schema], left_out: str) -> dict[str, Schema]:
    return {key: value for key, value in keys.items() if key != left_out}


def policy() -> str:
    """The schema of policy files, as text."""
    page = (ROOT / "docs" / "policy-files.md").read_text(encoding="utf-8")
    return _text("A policy of llmroute", policy_schema(page), "docs/policy-files.md explains it")


def _text(title: str, schema: Schema, comment: str = "") -> str:
    head = {"$schema": DRAFT, "title": title, **({"$comment": comment} if comment else {})}
    return json.dumps({**head, **schema}, indent=1) + "\n"


SCHEMAS = {
    ROOT / "providers" / "facts.schema.json": facts,
    ROOT / "providers" / "provider.schema.json": provider,
    ROOT / "policies" / "policy.schema.json": policy,
}
