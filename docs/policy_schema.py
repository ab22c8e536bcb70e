# ruff: noqa: INP001 - a script that stands beside the pages
"""The JSON Schema of policy files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docs.schema_parts import (
    DATA_KEYS,
    FLAG,
    SOME_TEXTS,
    SPEED_KEYS,
    TEXT,
    TEXTS,
    WINDOW_KEYS,
    as_read,
    closed,
    described,
    either,
    list_of,
    matching,
    named,
    needing,
    number,
    of_options,
    of_page,
    price,
    prices,
    whole,
    words,
)
from llmroute.catalog.contracts import contracts
from llmroute.catalog.declarations import MODEL_NAME, declare
from llmroute.catalog.declared import ANY
from llmroute.catalog.keys import VARIABLE
from llmroute.catalog.limiting import LIMITING
from llmroute.catalog.measured import read_handling, speed_of
from llmroute.catalog.options import ModelOptions
from llmroute.catalog.urls import LABEL
from llmroute.catalog.words import ABILITIES, CACHE_LIVES
from llmroute.licenses.cards import DISTRIBUTION, FIELDS
from llmroute.licenses.places import COUNTRIES
from llmroute.policies.choosing import FLAGS, LISTS, read_prefer, read_require
from llmroute.policies.facts import MONTH, read_facts
from llmroute.policies.facts import UNKNOWN as MEANINGS
from llmroute.policies.requirements import LONGEST_S
from llmroute.policies.routing import DECIDES, SAYS
from llmroute.policies.sections import (
    HINT_TYPES,
    read_accept,
    read_detect,
    read_limits,
    read_offline,
)
from llmroute.policies.unknowns import UNKNOWN
from llmroute.policies.whens import MOST_TOKENS, read_when
from llmroute.types.models import QUALITIES, QUIRKS
from llmroute.types.requests import LANGUAGE, PURPOSES, TASKS

if TYPE_CHECKING:
    from docs.schema_parts import (
        Schema,
    )

USD = number(1_000_000)
SECONDS = number(LONGEST_S, above=True)
COUNT = whole(1, 100_000_000)
WEIGHT = number(1_000_000)
RATE = number(100_000_000, above=True)
ONLY_TRUE: Schema = {"const": True}

ALONE: dict[str, Schema] = {
    **dict.fromkeys(("use", "file", "model", "base_url", "license", "template"), TEXT),
    **dict.fromkeys(("vector_space", "service_tier"), TEXT),
    **dict.fromkeys(("resource", "account", "region", "api_version"), matching(LABEL)),
    **dict.fromkeys(("local", "repeat_instruction", "open_weights"), FLAG),
    **dict.fromkeys(("context_tokens", "max_output_tokens"), COUNT),
    "key_env": matching(VARIABLE),
    "gpu_layers": whole(-1, 10_000),
    "threads": whole(1, 4096),
    "abilities": list_of(ABILITIES),
    "quirks": list_of(QUIRKS),
    "base_models": TEXTS,
    "host_terms": words(contracts()),
    "cache": words(CACHE_LIVES),
    "price": price(),
    "prices": prices(),
    "cost_per_hour_usd": number(10_000, above=True),
    "tokens_per_second": closed(["input", "output"], input=RATE, output=RATE),
    "utilization": number(1, above=True),
    "quality": either(words(QUALITIES), closed(**dict.fromkeys((*TASKS, ANY), words(QUALITIES)))),
    "speed": as_read(speed_of, SPEED_KEYS),
    "data": as_read(read_handling, DATA_KEYS),
    "limits": {
        **closed(
            in_flight=whole(1, 100_000),
            requests_per_minute=whole(1, 1_000_000),
            tokens_per_minute=whole(1, 10_000_000_000),
            when_full=words(["wait", "next"]),
        ),
        **either(*map(needing, LIMITING)),
    },
}
"""What is said of a model; the same may be said of each of its replicas."""
MODEL: dict[str, Schema] = {
    **ALONE,
    "replicas": {**named(MODEL_NAME, closed(**ALONE)), "minProperties": 2},
    "sticky": FLAG,
}
TOGETHER: dict[str, list[str]] = {
    "sticky": ["replicas"],
    "cost_per_hour_usd": ["tokens_per_second"],
    "tokens_per_second": ["cost_per_hour_usd"],
    "utilization": ["cost_per_hour_usd"],
}
PRICED = ("price", "prices", "cost_per_hour_usd")
REQUIRE: dict[str, Schema] = {
    **dict.fromkeys(FLAGS, ONLY_TRUE),
    **dict.fromkeys(LISTS, SOME_TEXTS),
    "local": FLAG,
    "abilities": list_of(ABILITIES),
    "unsupported": words(["drop", "refuse"]),
    "min_quality": words(QUALITIES),
    "max_latency_s": SECONDS,
    "max_cost_usd": USD,
}
LOW: Schema = {**closed(cost=WEIGHT, latency=WEIGHT), "minProperties": 1}
HIGH: Schema = {**closed(quality=WEIGHT), "minProperties": 1}
PREFER: dict[str, Schema] = {
    "minimize": either(words(["cost", "latency"]), LOW),
    "maximize": either(words(["quality"]), HIGH),
    "within": number(1),
    "then": words(["cost", "latency", "quality"]),
    "unknown": words(UNKNOWN),
}
WHEN: dict[str, Schema] = {
    "task": words(TASKS),
    "hints": {
        "type": "object",
        "additionalProperties": {"type": ["boolean", "number", "string"]},
    },
    "tags": TEXTS,
    "tokens": {
        **closed(at_least=whole(0, MOST_TOKENS), at_most=whole(0, MOST_TOKENS)),
        "minProperties": 1,
    },
    "has_images": FLAG,
    "has_tools": FLAG,
    "language": either(
        matching(LANGUAGE), {"type": "array", "minItems": 1, "items": matching(LANGUAGE)}
    ),
    **WINDOW_KEYS,
    "zone": TEXT,
}
LIMITS: dict[str, Schema] = {
    **dict.fromkeys(("deadline_s", "connect_s", "first_token_s", "between_tokens_s"), SECONDS),
    "on_break": words(["raise", "restart", "continue", "continue_or_restart"]),
    "attempts_per_model": whole(1, 100),
    "answer_tokens": whole(1, 10**9),
    "hedge_after_s": SECONDS,
    "hedge_percentile": {"type": "number", "minimum": 50, "maximum": 99.9},
    "body_bytes": whole(1024, 2**32),
    "event_bytes": whole(1024, 2**32),
}
BY_MONTH = either(whole(0, 10**13), named(MONTH, whole(0, 10**13)))
COUNTRY = matching("|".join(sorted(COUNTRIES)))
FACTS: dict[str, Schema] = {
    "commercial": FLAG,
    "purposes": {"type": "array", "items": matching(rf"(?:{'|'.join(PURPOSES)})(?::.*)?")},
    "monthly_active_users": BY_MONTH,
    "annual_revenue_usd": BY_MONTH,
    "monthly_revenue_usd": BY_MONTH,
    "licensee_domicile": COUNTRY,
    "use_territories": {"type": "array", "items": COUNTRY},
    "fields_of_use": list_of(FIELDS),
    "distributes": words(DISTRIBUTION),
    "unknown": words(MEANINGS),
    "granted": {"type": "object", "additionalProperties": TEXT},
}
ACCEPT: dict[str, Schema] = dict.fromkeys(("empty", "refusal", "filtered", "length"), FLAG)
DETECT: dict[str, Schema] = {"task": FLAG, "min_confidence": number(1)}
SECTIONS = {
    "version": "always 1",
    "models": "the models, each with a name that routes and callers say",
    "facts": "what is true of the application; license clauses ask for it",
    "hints": "what callers may pass as hints={...}, with its type",
    "limits": "how long a call, and how large an answer may be",
    "offline": "what happens without a network",
    "require": "filters; whoever is refused is named in the plan, with the reason",
    "prefer": "what comes first among the models that may answer",
    "route": "what holds for some requests only",
    "policies": "policies that routes use by name",
    "accept": "which whole answers count; another model is asked where one does not",
    "detect": "when the task of a request that names none is detected",
    "tokens": "how prompts are counted",
    "observations": "where it is kept what was seen of models",
    "catalog": "files of providers and of facts, relative to this one",
}


def _model() -> Schema:
    read = as_read(lambda table: declare("x", table), MODEL)
    server = {"properties": {"use": {"const": "openai-compatible"}}}
    return {
        **described(read, of_options(ModelOptions)),
        "required": ["use"],
        "dependentRequired": TOGETHER,
        "not": either(*(needing(one, other) for one, other in _pairs(PRICED))),
        "if": server,
        "then": either(needing("base_url", "model"), needing("replicas")),
    }


def _pairs(keys: tuple[str, ...]) -> list[tuple[str, str]]:
    """Each two of some keys."""
    return [(one, other) for at, one in enumerate(keys) for other in keys[at + 1 :]]


def _prefer(page: str) -> Schema:
    return {
        **described(as_read(read_prefer, PREFER), of_page(page, "## [prefer]")),
        "dependentRequired": {"within": ["then"], "then": ["within"]},
        **either(needing("minimize"), needing("maximize")),
    }


def _when(page: str) -> Schema:
    read = as_read(lambda table: read_when(table, {}), WHEN)
    timed = either(needing("time"), needing("days"))
    return {
        **described(read, of_page(page, "### when")),
        "dependentSchemas": {"zone": timed},
    }


def _route(page: str, require: Schema, prefer: Schema) -> Schema:
    weights: Schema = {"type": "object", "minProperties": 1, "additionalProperties": WEIGHT}
    keys: dict[str, Schema] = {
        "name": TEXT,
        "when": _when(page),
        "require": require,
        "use": {**SOME_TEXTS, "uniqueItems": True},
        "prefer": prefer,
        "split": weights,
        "split_by": matching(r"request|hints\..+"),
        "split_seed": TEXT,
        "policy": TEXT,
        "repeat_instruction": FLAG,
    }
    twice = [*_pairs(DECIDES), ("split", "prefer"), ("policy", "prefer")]
    return {
        **described(closed(**keys), of_page(page, "## [[route]]")),
        **either(*(needing(key) for key in SAYS)),
        "not": either(*(needing(*keys) for keys in twice)),
        "dependentRequired": {"split_by": ["split"], "split_seed": ["split"]},
    }


def policy_schema(page: str) -> Schema:
    """The schema of a policy file; `page` describes its keys."""
    read_only = as_read(read_require, REQUIRE)
    require = described(read_only, of_page(page, "## [require]"))
    parts: dict[str, Schema] = {
        "require": {"$ref": "#/$defs/require"},
        "prefer": {"$ref": "#/$defs/prefer"},
        "route": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/route"}},
    }
    definitions: dict[str, Schema] = {
        "model": _model(),
        "require": require,
        "prefer": _prefer(page),
        "route": _route(page, parts["require"], parts["prefer"]),
    }
    models = named(MODEL_NAME, {"$ref": "#/$defs/model"})
    policies: Schema = {**closed(**parts), "minProperties": 1}
    keys: dict[str, Schema] = {
        "version": {"const": 1},
        "models": {**models, "minProperties": 1},
        "facts": described(as_read(read_facts, FACTS), of_page(page, "## [facts]")),
        "hints": {"type": "object", "additionalProperties": words(HINT_TYPES)},
        "limits": described(as_read(read_limits, LIMITS), of_page(page, "## [limits]")),
        "offline": as_read(read_offline, {"mode": words(["auto", "always", "never"])}),
        "accept": described(as_read(read_accept, ACCEPT), of_page(page, "## [accept]")),
        "detect": described(as_read(read_detect, DETECT), of_page(page, "## [detect]")),
        "tokens": closed(count=words(["estimate", "exact"]), vocabularies=TEXT),
        "observations": closed(["file"], file=TEXT),
        "catalog": closed(files=TEXTS),
        "policies": {"type": "object", "additionalProperties": policies},
        **parts,
    }
    return {
        **described(closed(["version", "models"], **keys), SECTIONS),
        "$defs": definitions,
    }
