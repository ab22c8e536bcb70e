"""Declarations: what a user writes of a model, in Python or in a policy file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Required, TypedDict, Unpack, cast

from llmroute.errors import PolicyError
from llmroute.errors.reading import Table, collector
from llmroute.types.secrets import Secret
from llmroute.types.usage import Price

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from llmroute.errors import Problem
    from llmroute.types.calls import Provider

Key = Secret | Callable[[], str]
"""A key given in code: wrapped, or a function that is asked for it at each call."""

ABILITIES = ("text", "vision", "tools", "json", "reasoning")


class PriceTable(TypedDict, total=False):
    """USD per million tokens; cached_input and cache_write default to input."""

    input: Required[Decimal | float]
    output: Required[Decimal | float]
    cached_input: Decimal | float
    cache_write: Decimal | float


class ModelOptions(TypedDict, total=False):
    """Everything that may be said of a model; only `use` is needed.

    use: "provider/model" of the catalog; "llama-cpp" with `file`; "openai-compatible" with
        `base_url` and `model`; any name with `provider`, an object of the application's own.
    file: a GGUF file, relative to the policy file's folder.
    model: the model's name on the wire.
    base_url: where the server is; plain http only to this machine.
    key_env: the variable that holds the key of an OpenAI-compatible server.
    key: the key itself, or a function that gives it; in code only.
    provider: the object that answers; in code only.
    license: the id of the license card of the weights.
    template: a template's name, or a Jinja chat template.
    context_tokens, max_output_tokens: the window, and the longest answer, in tokens.
    gpu_layers: layers on the GPU; -1 is all. threads: CPU threads; default is all allowed.
    price: USD per million tokens; local models cost 0 (marginal) unless it is given.
    local: whether an own provider, or a server on this machine, keeps data at home.
    abilities: what the model can do besides text: "vision", "tools", "json", "reasoning".
    """

    use: Required[str]
    file: str
    model: str
    base_url: str
    key_env: str
    key: str | Callable[[], str]
    provider: Provider
    license: str
    template: str
    context_tokens: int
    max_output_tokens: int
    gpu_layers: int
    threads: int
    price: PriceTable | Price
    local: bool
    abilities: Sequence[str]


class Declaration(NamedTuple):
    """A model as declared, its types checked; `llmroute.catalog.resolve` makes a model of it."""

    name: str
    use: str
    file: str | None = None
    model: str | None = None
    base_url: str | None = None
    key_env: str | None = None
    key: Key | None = None
    provider: Provider | None = None
    license: str | None = None
    template: str | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    gpu_layers: int | None = None
    threads: int | None = None
    price: Price | None = None
    local: bool | None = None
    abilities: tuple[str, ...] | None = None
    folder: str = ""


def model(name: str, **options: Unpack[ModelOptions]) -> Declaration:
    """Declare a model under `name`, as [models.name] of a policy file does.

    Raises:
        PolicyError: an option is unknown or has the wrong type; all problems at once.
    """
    problems: list[Problem] = []
    values = dict(cast("Mapping[str, object]", options))
    key, own = values.pop("key", None), values.pop("provider", None)
    table = Table(values, (name,), collector("llmroute.model", problems))
    if key is not None and not isinstance(key, str) and not callable(key):
        table.problem("key", "it must be a string, or a function that returns one")
    declared = declare(name, table)
    if problems or declared is None:
        raise PolicyError(problems)
    return declared._replace(
        key=Secret(key) if isinstance(key, str) else cast("Callable[[], str] | None", key),
        provider=cast("Provider | None", own),
    )


def declare(name: str, table: Table, folder: str = "") -> Declaration | None:
    """Read one model's table; None, and problems, when `use` is missing."""
    use = table.text("use")
    if use is None and "use" not in table.values:
        table.problem("", 'it needs use, such as "openai/gpt-6.1-terra" or "llama-cpp"')
    declared = Declaration(
        name=name,
        use=use or "",
        file=table.text("file"),
        model=table.text("model"),
        base_url=table.text("base_url"),
        key_env=table.text("key_env"),
        license=table.text("license"),
        template=table.text("template"),
        context_tokens=table.whole("context_tokens", 1, 100_000_000),
        max_output_tokens=table.whole("max_output_tokens", 1, 100_000_000),
        gpu_layers=table.whole("gpu_layers", -1, 10_000),
        threads=table.whole("threads", 1, 4096),
        price=_price(table),
        local=table.flag("local"),
        abilities=read_abilities(table),
        folder=folder,
    )
    table.done(later=("cost_per_hour_usd",))
    return declared if use else None


def read_abilities(table: Table) -> tuple[str, ...] | None:
    """Read an array of abilities; None when it is absent."""
    from llmroute.errors.problems import nearest

    given = table.texts("abilities")
    for word in given or ():
        if word not in ABILITIES:
            table.problem("abilities", f"{word!r} is not an ability", nearest(word, ABILITIES))
    return given


def _price(table: Table) -> Price | None:
    given = table.get("price")
    if given is None or isinstance(given, Price):
        return given
    from .entries import read_price

    inner = table.table("price")
    return read_price(inner) if inner else None
