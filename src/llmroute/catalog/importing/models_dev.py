"""models.dev: its api.json, or the folder of its repository; USD per million tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from llmroute.types.prices import LongContext

from . import reading
from .prices import Rates, price_of
from .rows import (
    NO_TABLE,
    Raw,
    RowError,
    Told,
    abilities_of,
    day_of,
    flag_of,
    list_of,
    number_of,
    table_of,
    told_facts,
    whole_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from llmroute.types.prices import Price

PROVIDERS = {
    **{name: name for name in ("openai", "anthropic", "mistral", "xai", "deepseek", "groq")},
    "openrouter": "openrouter",
    "google": "gemini",
    "togetherai": "together",
    "fireworks-ai": "fireworks",
    "cloudflare-workers-ai": "cloudflare",
}
"""What models.dev calls the catalog's providers; Azure's deployments have names of the user's."""
ABILITIES = {"tools": "tool_call", "schema": "structured_output", "reasoning": "reasoning"}
INPUTS = {"vision": "image", "documents": "pdf"}


def read(path: Path) -> object:
    """Read api.json, or the tree of TOML files; raises PolicyError."""
    return _tree(path) if path.is_dir() else reading.read_json(path)


def rows(document: object, path: Path) -> Iterator[Raw]:
    """Each row, with our names for its provider and model. Raises PolicyError."""
    top = reading.table(document, path, "models.dev's table of providers")
    if not any(isinstance(one, Mapping) and "models" in one for one in top.values()):
        reading.refuse(path, "it is not models.dev's table of providers")
    for provider, entry in top.items():
        for id_, value in _inner(_inner(entry).get("models")).items():
            values = _inner(value) or {NO_TABLE: value}
            yield Raw(f"{provider}/{id_}", PROVIDERS.get(provider), id_, values)


def _inner(value: object) -> Mapping[str, object]:
    """A table; what is none is an empty one."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def told(raw: Raw) -> Told:
    """What a row tells. Raises RowError."""
    values = raw.values
    if NO_TABLE in values:
        raise RowError("unreadable", "it is no table")
    takes = _inputs(values)
    limits = table_of(values.get("limit"), "limit")
    price = _price(table_of(values.get("cost"), "cost"))
    embeds = price is not None and price.output == 0 and "embed" in raw.model
    named = (*abilities_of(values, ABILITIES), *takes)
    facts = told_facts(
        context_tokens=whole_of(limits, "context"),
        max_output_tokens=None if embeds else whole_of(limits, "output"),
        released=day_of(values, "release_date"),
        knowledge_cutoff=day_of(values, "knowledge", months=True),
        open_weights=flag_of(values, "open_weights"),
        abilities=("embed",) if embeds else named,
    )
    return Told(facts, price, embeds)


def _inputs(values: Mapping[str, object]) -> list[str]:
    """What a model takes besides text; raises RowError when it does not answer in text alone."""
    kinds = table_of(values.get("modalities"), "modalities")
    takes, gives = (list_of(kinds.get(key), key) for key in ("input", "output"))
    if gives != ["text"] or "text" not in takes:
        raise RowError("kind", "it does not answer in text alone")
    return [name for name, key in INPUTS.items() if key in takes]


def _price(cost: Mapping[str, object]) -> Price | None:
    plain = _rates(cost)
    return None if plain is None else price_of(plain, long_context=tuple(_long(cost)))


def _rates(cost: Mapping[str, object]) -> Rates | None:
    """None when input and output are not both told; a cache_write of 0 is input already paid."""
    into, out = number_of(cost, "input"), number_of(cost, "output")
    if into is None or out is None:
        return None
    cached, write = number_of(cost, "cache_read"), number_of(cost, "cache_write")
    return Rates(into, out, cached, write or None)


def _long(cost: Mapping[str, object]) -> Iterator[LongContext]:
    for one in list_of(cost.get("tiers"), "cost.tiers"):
        rates = _rates(table_of(one, "cost.tiers"))
        above = whole_of(table_of(table_of(one, "cost.tiers").get("tier"), "tier"), "size")
        if rates is None or above is None:
            raise RowError("unreadable", "cost.tiers needs size, input and output")
        yield LongContext(above, *rates)
    rates = _rates(table_of(cost.get("context_over_200k"), "context_over_200k"))
    if rates is not None and not cost.get("tiers"):
        yield LongContext(200_000, *rates)


def _tree(root: Path) -> Mapping[str, object]:
    """Read the rows of the catalog's providers, each with what models/ says of it."""
    if not (root / "providers").is_dir():
        reading.refuse(root, "it is no folder of models.dev: providers/ is missing")
    makers: dict[str, Mapping[str, object]] = {}
    return {
        name: {"models": _models(root, root / "providers" / name / "models", makers)}
        for name in PROVIDERS
    }


def _models(
    root: Path, folder: Path, makers: dict[str, Mapping[str, object]]
) -> Mapping[str, object]:
    found: dict[str, object] = {}
    for file in reading.toml_files(folder) if folder.is_dir() else []:
        values = reading.read_toml(file, root)
        id_ = file.relative_to(folder).with_suffix("").as_posix()
        found[id_] = _whole(values, root, makers)
    return found


def _whole(
    values: Mapping[str, object], root: Path, makers: dict[str, Mapping[str, object]]
) -> object:
    """A host's row over what its base_model says, less what base_model_omit names."""
    base = values.get("base_model")
    if base is None:
        return values
    if not isinstance(base, str):
        return None
    if base not in makers:
        file = root / "models" / f"{base}.toml"
        makers[base] = reading.read_toml(file, root) if file.is_file() else {}
    merged = {**makers[base], **values}
    for key in list_of(values.get("base_model_omit"), "base_model_omit"):
        merged = _without(merged, str(key).split("."))
    return merged


def _without(values: Mapping[str, object], path: list[str]) -> dict[str, object]:
    key, *rest = path
    inner = values.get(key)
    if rest and isinstance(inner, Mapping):
        return {**values, key: _without(cast("Mapping[str, object]", inner), rest)}
    return {name: value for name, value in values.items() if name != key or rest}
