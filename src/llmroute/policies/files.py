"""Policy files: found, read, checked as a whole, and made into values."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

from llmroute.catalog.collection import BUILT_IN
from llmroute.catalog.data import names, read_text
from llmroute.catalog.declarations import check_name, declare
from llmroute.catalog.resolve import build, on_fixed_origin
from llmroute.catalog.urls import is_loopback
from llmroute.errors import PolicyError, Problem
from llmroute.errors.guards import check_depth, read
from llmroute.errors.positions import Positions
from llmroute.errors.problems import nearest
from llmroute.errors.reading import Table
from llmroute.errors.toml import located, parse
from llmroute.types.accept import ACCEPT
from llmroute.types.limits import Limits
from llmroute.types.tuples import NamedTuple

from .contradictions import Contradictions
from .finding import FILE_NAME
from .origins import DEFAULT_NAME, Origin, named_hint, placing, read_catalog
from .routing import Known, Parts
from .sections import (
    ELSEWHERE,
    Detection,
    TokenCounting,
    facts_of,
    read_accept,
    read_detect,
    read_hints,
    read_limits,
    read_observations,
    read_offline,
    read_tokens,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from llmroute.catalog.collection import Catalog
    from llmroute.catalog.declarations import Declaration
    from llmroute.errors.reading import Path as KeyPath
    from llmroute.types.accept import Accept
    from llmroute.types.models import Model
    from llmroute.types.plans import Facts, OfflineMode, Policy

LIMITS: tuple[str, ...] = Limits.__match_args__
MISPLACED = {
    **{word: f"[limits] {limit}" for word, limit in ELSEWHERE.items()},
    **{limit: f"[limits] {limit}" for limit in LIMITS},
    "deadline": "[limits] deadline_s",
    "max_cost_usd": "[require] max_cost_usd",
    "minimize": "[prefer] minimize",
    "mode": "[offline] mode",
}
"""What belongs into a section but was written above all of them."""
OWNED = ("resource", "account")
"""What of an address decides who reads the prompts."""


class PolicyFile(NamedTuple):
    """What a policy file says; `path` is None when it was not read from a file.

    `models` and `declarations` are in the order of the file. `hints` maps each name that callers
    may pass to its type: "bool", "int", "float" or "str". `text` is what was read, `name` how plans
    call it; both are "" for a policy in code. `observations` is the file that they are kept in.
    """

    path: str | None
    facts: Facts
    hints: Mapping[str, str]
    limits: Limits
    offline_mode: OfflineMode
    declarations: tuple[Declaration, ...]
    models: tuple[Model, ...]
    policy: Policy
    catalog: Catalog = BUILT_IN
    tokens: TokenCounting = TokenCounting()
    detect: Detection = Detection()
    accept: Accept = ACCEPT
    observations: str | None = None
    text: str = ""
    name: str = ""


def load_policy(
    path: str | Path, *, found: bool = False, catalog: Catalog = BUILT_IN
) -> PolicyFile:
    """Load a policy file; `found` is True for one that was found rather than named.

    `catalog` knows the providers besides those that the file brings.

    Raises:
        PolicyError: the file cannot be read, or something in it is wrong; all problems at once,
            each with line, key and hint.
    """
    file = str(path)
    origin = Origin(file, os.path.basename(file), os.path.dirname(file) or ".", found)
    try:
        return _load(read(file), origin, catalog)._replace(path=file)
    except PolicyError as error:
        problems = error.problems
    raise PolicyError(problems)  # anew: no frame of its traceback holds the text, perhaps a key


def loads_policy(text: str, name: str = FILE_NAME, folder: str = "") -> PolicyFile:
    """Load a policy from a text; errors call it `name`, model files are relative to `folder`.

    Raises:
        PolicyError: something in it is wrong; all problems at once.
    """
    from llmroute.errors.guards import decode

    try:
        return _load(decode(text.encode("utf-8", "replace"), name), Origin(name, name, folder))
    except PolicyError as error:
        problems = error.problems
    del text
    raise PolicyError(problems)  # anew, as above


def ready_made(name: str, catalog: Catalog = BUILT_IN) -> PolicyFile | None:
    """Load a policy of the package by its name, "cheapest"; None when a file is meant.

    Raises:
        PolicyError: there is none of that name, or also a file, so that either may be meant.
    """
    if not name.replace("-", "").isalpha():  # files have a folder or a suffix, as a rule
        return None
    from pathlib import Path

    known, is_file = names("policies"), Path(name).is_file()
    if name not in known and is_file:
        return None
    if name not in known or is_file:
        what = "there is no such file, and no ready-made policy of this name"
        hint = nearest(name, known)
        if is_file:
            what = "there is a ready-made policy of this name, and a file"
            hint = f"Write ./{name} for the file"
        raise PolicyError([Problem(name, None, "", what, hint)])
    place = f"policies/{name}.toml"
    return _load(read_text(place) or "", Origin(place, place), catalog)


def default_policy(catalog: Catalog = BUILT_IN) -> PolicyFile:
    """Load the policy that counts when there is none: `policies/default.toml` of the package."""
    text = read_text("policies/default.toml") or ""
    return _load(text, Origin(DEFAULT_NAME, DEFAULT_NAME), catalog)


def _load(text: str, origin: Origin, catalog: Catalog = BUILT_IN) -> PolicyFile:
    check_depth(text, origin.file)
    positions = Positions(text)
    problems: list[Problem] = []

    report = located(origin.file, positions, problems)

    top = Table(parse(text, origin.file), (), report)
    catalog = read_catalog(top.table("catalog"), origin, catalog)
    policy = _Reader(top, origin, catalog).read(placing(positions, origin.name))
    if problems:
        raise PolicyError(sorted(problems, key=lambda one: one.line or 0))
    return policy._replace(text=text, name=origin.name)


class _Reader:
    """Reads the sections in order; a policy comes out even if there are problems."""

    def __init__(self, top: Table, origin: Origin, catalog: Catalog) -> None:
        self.top = top
        self.origin = origin
        self.catalog = catalog
        self._trusted = catalog.without_packages() if origin.found else catalog
        self.declarations: list[Declaration] = []
        self.models: list[Model] = []

    def read(self, place: Callable[[KeyPath], str]) -> PolicyFile:
        """Read everything."""
        top = self.top
        if "version" not in top.values:
            top.problem("version", "it is missing", "Begin the file with version = 1")
        elif top.get("version") != 1 or isinstance(top.get("version"), bool):
            top.problem("version", "this version reads version = 1 only", "Write version = 1")
        hints = read_hints(top.table("hints"))
        declared = self._read_models(top.table("models"))
        parts = Parts(top, Known(declared, hints, place, self._is_known))
        if len(declared) == len(self.models):  # else a wrong model would be told twice
            Contradictions(self.models).check(parts)
        policy = PolicyFile(
            path=None,
            facts=facts_of(top.table("facts")),
            hints=hints,
            limits=read_limits(top.table("limits")),
            offline_mode=read_offline(top.table("offline")),
            declarations=tuple(self.declarations),
            models=tuple(self.models),
            policy=parts.top.policy,
            detect=read_detect(top.table("detect")),
            accept=read_accept(top.table("accept")),
            tokens=read_tokens(top.table("tokens"), self.origin.folder),
            observations=read_observations(top.table("observations"), self.origin),
            catalog=self.catalog,
        )
        top.done(elsewhere=MISPLACED)
        return policy

    def _read_models(self, tables: Table | None) -> frozenset[str]:
        """Read [models]; returns every name, also of models that are wrong."""
        if tables is None or not tables.values:
            self.top.problem("models", "no model is declared", "Add [models.NAME] with use = ...")
            return frozenset()
        for name in tables.values:
            given = tables.values[name]
            if isinstance(given, str):
                what, hint = "it must be a table", f'Write [models.{name}] with use = "{given}"'
                tables.problem(name, what, hint)
                continue
            table = tables.table(name)
            if table is not None:
                check_name(name, table)
                self._read_model(name, table)
        self._check_twins(tables)
        return frozenset(tables.values)

    def _check_twins(self, tables: Table) -> None:
        for model in self.models:
            for twin in {one.name for one in model.replicas} & tables.values.keys():
                what = f"a replica of {model.name} has this name already"
                tables.problem(twin, what, "Call one of the two otherwise")

    def _read_model(self, name: str, table: Table) -> None:
        declared = declare(name, table, self.origin.folder)
        if declared is None:
            return
        if self.origin.found and not self._may_name(declared.use, table):
            return
        model = build(declared, table.report, table.path, catalog=self._trusted)
        if model is None:
            return
        if self.origin.found:
            self._check_found(model, table)
            self._check_replicas(model, table)
        self.declarations.append(declared)
        self.models.append(model)

    def _check_replicas(self, model: Model, table: Table) -> None:
        inner = table.table("replicas") if model.replicas else None
        for one in model.replicas:
            own = inner and inner.table(one.name.removeprefix(f"{model.name}."))
            if own is None:
                continue
            self._check_found(one, own)
            if "key_env" in own.values and on_fixed_origin(one, self._trusted):
                what = "a policy that was found, not named, may not choose a provider's key"
                own.problem("key_env", what, named_hint(self.origin))

    def _is_known(self, name: str) -> bool:
        """Whether the catalog has this provider, or this model of one."""
        provider, _, id_ = name.partition("/")
        entry = self._trusted.provider(provider)
        return entry is not None and (not id_ or entry.model(id_) is not None)

    def _may_name(self, use: str, table: Table) -> bool:
        """A file that nobody named may not run the code of a package, nor use its hosts."""
        name = use.partition("/")[0]
        if self._trusted.provider(name) or not self.catalog.only_packaged(name):
            return True
        what = "a policy that was found, not named, may not use a provider of a package"
        table.problem("use", what, named_hint(self.origin))
        return False

    def _check_found(self, model: Model, table: Table) -> None:
        """A file that nobody named may not send anything to a foreign host, or account.

        It may name a key's variable for a server on this machine: one that is no provider's own.
        """
        filled = next((place for place in OWNED if place in table.values), None)
        if filled is not None:
            what = f"a policy that was found, not named, may not say whose {filled} is used"
            table.problem(filled, what, named_hint(self.origin))
            return
        if model.endpoint is None or on_fixed_origin(model, self._trusted):
            return
        if not is_loopback(model.endpoint.origin):
            key = "base_url" if "base_url" in table.values else "use"
            what = "a policy that was found, not named, may not name a foreign host"
            table.problem(key, what, named_hint(self.origin))
