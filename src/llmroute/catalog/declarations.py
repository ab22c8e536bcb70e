"""Declarations: what a user writes of a model, in Python or in a policy file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Unpack, cast

from llmroute.errors import PolicyError
from llmroute.errors.problems import nearest
from llmroute.errors.reading import Table, collector, kind_of
from llmroute.types.frozen import replace
from llmroute.types.models import QUIRKS
from llmroute.types.prices import Price
from llmroute.types.secrets import Secret, flaw

from .advice import KEYS, for_license
from .data import names
from .entries import provider
from .keys import VARIABLE_HINT, variable_problem
from .openai_clients import client_problem
from .options import Declaration, Key, ModelOptions, PriceTable
from .urls import LABEL
from .words import ABILITIES, CACHE_LIVES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.errors import Problem
    from llmroute.types.calls import Provider

MODEL_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
WORTH = (
    *("quality", "speed", "data", "open_weights", "service_tier", "base_models"),
    "host_terms",
    *("cost_per_hour_usd", "tokens_per_second", "utilization", "limits"),
)

__all__ = ["ABILITIES", "Declaration", "Key", "ModelOptions", "PriceTable", "declare", "model"]


def model(name: str, **options: Unpack[ModelOptions]) -> Declaration:
    """Declare a model under `name`, as [models.name] of a policy file does.

    Raises:
        PolicyError: an option is unknown or has the wrong type; all problems at once.
    """
    values = cast("dict[str, object]", options)
    if isinstance(values.get("key"), str):
        values["key"] = Secret(cast("str", values["key"]))  # no frame of ours holds it plainly
    if values.get("replicas") is not None:
        from .replicas import sealed

        values["replicas"] = sealed(values["replicas"])
    problems: list[Problem] = []
    table = Table(values, (str(name),), collector("llmroute.model", problems))
    _check_name(name, table)
    key, own, client = _key(table), _provider(table), _client(table)
    declared = declare(name, table, elsewhere={**KEYS, "api_key": "key"})
    values.clear()  # a key under a wrong name must not show in a traceback with locals either
    if problems or declared is None:
        raise PolicyError(problems)
    return declared._replace(key=key, provider=own, client=client)


def _check_name(name: object, table: Table) -> None:
    if not isinstance(name, str):
        table.problem("", f"its name must be a string, not {kind_of(name)}")
    elif not name.strip():
        table.problem("", "its name must not be empty")
    elif name != table.values.get("use"):  # a catalog model may go by the name that it has there
        check_name(name, table)


def check_name(name: str, table: Table) -> None:
    """Report a name that plans, logs and routes cannot show as it is."""
    if not re.fullmatch(MODEL_NAME, name):
        table.problem("", "a model's name holds letters, digits, '.', '_' and '-' only, 64 at most")


def _key(table: Table) -> Key | None:
    key = table.get("key")
    wrong = flaw(key.reveal(), "the key") if isinstance(key, Secret) else None
    if wrong is not None:
        table.problem("key", wrong, "Pass the key alone, as the provider shows it")
    if key is None or isinstance(key, Secret) or callable(key):
        return cast("Key | None", key)
    table.problem("key", "it must be a string, or a function that returns one")
    return None


def _provider(table: Table) -> Provider | None:
    own = table.get("provider")
    problem = None if own is None else provider_problem(own)
    if problem is not None:
        table.problem("provider", problem)
        return None
    return cast("Provider | None", own)


def _client(table: Table) -> object | None:
    client = table.get("client")
    problem = None if client is None else client_problem(client)
    if problem is not None:
        table.problem("client", problem, "Pass openai.OpenAI(...) or openai.AsyncOpenAI(...)")
        return None
    return client


def provider_problem(own: object) -> str | None:
    """Say why an object cannot be a provider; None when it has both methods of one."""
    if isinstance(own, type):
        return f"it must be an object, not the class {own.__name__}"
    if all(callable(getattr(own, name, None)) for name in ("events", "aevents")):
        return None
    return f"it must be an object with the methods events and aevents, not {kind_of(own)}"


def declare(
    name: str, table: Table, folder: str = "", elsewhere: Mapping[str, str] = KEYS
) -> Declaration | None:
    """Read one model's table; None, and problems, when `use` is missing.

    `elsewhere` maps what other tools call a key to what it is called here.
    """
    if table.get("replicas") is not None:
        return _with_replicas(name, table, folder, elsewhere)
    if table.get("sticky") is not None:
        table.problem("sticky", "it goes with replicas alone")
    return _declared(name, table, folder, elsewhere)


def _declared(
    name: str, table: Table, folder: str, elsewhere: Mapping[str, str]
) -> Declaration | None:
    use = table.text("use")
    if table.get("use") is None:
        table.problem("", 'it needs use, such as "openai/gpt-6.1-terra" or "llama-cpp"')
    declared = Declaration(
        name=name,
        use=use or "",
        file=table.file("file"),
        model=table.text("model"),
        base_url=table.text("base_url"),
        key_env=_variable(table),
        license=_license(table),
        template=table.text("template"),
        context_tokens=table.whole("context_tokens", 1, 100_000_000),
        max_output_tokens=table.whole("max_output_tokens", 1, 100_000_000),
        gpu_layers=table.whole("gpu_layers", -1, 10_000),
        threads=table.whole("threads", 1, 4096),
        price=_price(table),
        local=table.flag("local"),
        abilities=read_abilities(table),
        quirks=_quirks(table),
        folder=folder,
        cache=table.choice("cache", CACHE_LIVES),
        repeat_instruction=table.flag("repeat_instruction"),
        vector_space=table.text("vector_space"),
        resource=_place(table, "resource"),
        account=_place(table, "account"),
        region=_place(table, "region"),
        api_version=_place(table, "api_version"),
    )
    declared = _with_worth(declared, table)
    table.done(elsewhere=_elsewhere(use or "", elsewhere))
    return declared if use else None


def _with_replicas(
    name: str, table: Table, folder: str, elsewhere: Mapping[str, str]
) -> Declaration | None:
    """Read a model of several replicas; keys themselves stand in code only."""
    from .replicas import with_replicas

    def one(replica: str, merged: Table) -> Declaration | None:
        check_name(replica, merged)
        key = _key(merged) if elsewhere is not KEYS else None
        declared = declare(replica, merged, folder, elsewhere)
        return None if declared is None else declared._replace(key=key)

    return with_replicas(name, table, one)


def _with_worth(declared: Declaration, table: Table) -> Declaration:
    """Read what few declarations say; what reads it is loaded for those only."""
    if not [key for key in WORTH if table.get(key) is not None]:
        return declared
    from .declared import with_worth

    return with_worth(declared, table)


def _elsewhere(use: str, elsewhere: Mapping[str, str]) -> Mapping[str, str]:
    """`elsewhere`, where a hosted model's key is in no key of a file but in its own variable."""
    entry = provider(use.partition("/")[0])
    if elsewhere is not KEYS or entry is None or entry.server or entry.key_env is None:
        return elsewhere
    variable = f"the environment variable {entry.key_env}"
    return {**elsewhere, "key": variable, "api_key": variable}


def _variable(table: Table) -> str | None:
    """Read key_env; what is no name of a variable, perhaps a key, is kept nowhere."""
    variable = table.text("key_env")
    wrong = variable_problem(variable) if variable is not None else None
    if wrong is None:
        return variable
    table.problem("key_env", wrong, VARIABLE_HINT)
    return None


def _place(table: Table, key: str) -> str | None:
    """Read what an address is filled in with: it can name no other host, path or query."""
    given = table.text(key)
    if given is None or re.fullmatch(LABEL, given):
        return given
    hint = ""
    if key == "resource" and "." in given:
        label = given.partition("://")[2] or given
        hint = f"Write {label.partition('.')[0]!r} alone, without the rest of the host"
    table.problem(key, "it must hold letters, digits and inner hyphens only, 63 at most", hint)
    return None


def read_abilities(table: Table) -> tuple[str, ...] | None:
    """Read an array of abilities; None when it is absent."""
    given = table.texts("abilities")
    for word in given or ():
        if word not in ABILITIES:
            table.problem("abilities", f"{word!r} is not an ability", nearest(word, ABILITIES))
    return given


def _quirks(table: Table) -> tuple[str, ...] | None:
    """Read an array of quirks; None when it is absent."""
    given = table.texts("quirks")
    for word in given or ():
        if word not in QUIRKS:
            table.problem("quirks", f"{word!r} is not a quirk", nearest(word, QUIRKS))
    return given


def _license(table: Table) -> str | None:
    """Read a license's id; one without a card is taken, a misspelt one is not."""
    given = table.text("license")
    known = names("policies/licenses")
    if given is None or given in known:
        return given
    meant = for_license(given, known)
    if meant is not None:
        table.problem("license", f"there is no license card {given!r}", f"Did you mean {meant!r}?")
    return given


def _price(table: Table) -> Price | None:
    """Read what a model is declared to cost: at any time, or by day."""
    given = table.get("price")
    if given is None and table.get("prices") is None:
        return None
    from .prices import read_price, read_prices

    if isinstance(given, Price):
        return _checked(given, table)
    if table.get("prices") is not None:
        return read_prices(table)
    inner = table.table("price")
    return read_price(inner) if inner else None


def _checked(price: Price, table: Table) -> Price | None:
    """Check a price that code made: nothing has looked at its numbers yet."""
    from .prices import read_price, read_prices
    from .rates import as_table

    if not isinstance(price.marginal, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
        table.problem("price", f"marginal must be true or false, not {kind_of(price.marginal)}")
    if price.others:
        rows = {"prices": [as_table(row) for row in price.rows]}
        read = read_prices(Table(rows, table.path, table.report))
    else:
        read = read_price(Table(as_table(price), (*table.path, "price"), table.report))
    return replace(read, marginal=price.marginal) if read else None
