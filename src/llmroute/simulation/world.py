"""The world of a simulation: how fast models answer, when they fail, and what is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import FAULT_KINDS, PolicyError, Problem
from llmroute.errors.guards import check_depth, read
from llmroute.errors.positions import Positions
from llmroute.errors.problems import nearest
from llmroute.errors.reading import Table, collector
from llmroute.errors.toml import located, parse
from llmroute.types.requests import TASKS

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from llmroute.types.models import Model

LONGEST_S = "100000000"
MOST_REQUESTS = 100_000_000
SILENCES = ("hang", "stall")
NETWORK = "network"
"""Stands in an outage for every model that is not on this machine."""


class Behavior(NamedTuple):
    """How a model answers.

    `first_token_s` and `tokens_per_s` are medians; None: as the catalog says, else 0.8 s, 60/s, and
    a quarter of that speed on this machine. `spread` is the standard deviation of the logarithm of
    both: 0 for always the same. `failure_share` of the attempts fail, with a fault of `failure`.
    `requests_per_minute` is the host's own limit; None: there is none.
    """

    first_token_s: float | None = None
    tokens_per_s: float | None = None
    spread: float = 0.3
    failure_share: float = 0.0
    failure: str = "server_error"
    requests_per_minute: int | None = None


class Outage(NamedTuple):
    """What goes wrong from `from_s` until `until_s`, in seconds since the beginning.

    `model` is a name of the policy, or "network". `kind` is a kind of fault, "hang" (nothing
    comes) or "stall" (nothing more comes behind the first words). `share` of the attempts are hit.
    """

    model: str
    kind: str
    from_s: float
    until_s: float
    share: float = 1.0

    def hits(self, model: Model, now: float) -> bool:
        """Whether it is under way, and of this model."""
        remote = self.model == NETWORK and not model.local
        return self.from_s <= now < self.until_s and (remote or self.model == model.name)


class Traffic(NamedTuple):
    """What is asked, where no file of traffic was named.

    `requests` come at random, `per_s` on average. `stream` of them are streams. The tokens of
    prompts and of answers are spread around their medians. `tasks` maps tasks to their shares.
    """

    requests: int = 10_000
    per_s: float = 10.0
    stream: float = 0.5
    input_tokens: int = 300
    output_tokens: int = 200
    spread: float = 0.8
    tasks: tuple[tuple[str, float], ...] = ()


USUAL = Behavior()


class World(NamedTuple):
    """Everything outside of the client; models that are not named behave as usual."""

    behaviors: Mapping[str, Behavior] = {}
    outages: tuple[Outage, ...] = ()
    traffic: Traffic = Traffic()

    def of(self, model: str) -> Behavior:
        """How a model of this name behaves."""
        return self.behaviors.get(model, USUAL)

    def over(self, models: Sequence[Model]) -> World:
        """The same, where what is said of a model is said of each of its replicas.

        Raises PolicyError for names that no model has ("provider/model" is a name of the catalog),
        and for numbers and kinds that a file may not have either.
        """
        _check_values(self)
        replicas = {one.name: tuple(each.name for each in one.replicas) for one in models}
        self._check(replicas)
        behaviors = dict(self.behaviors)
        for name, behavior in self.behaviors.items():
            for replica in replicas.get(name, ()):
                behaviors.setdefault(replica, behavior)
        outages: list[Outage] = []
        for one in self.outages:
            names = replicas.get(one.model) or (one.model,)
            outages += [one._replace(model=name) for name in names]
        return self._replace(behaviors=behaviors, outages=tuple(outages))

    def _check(self, replicas: Mapping[str, tuple[str, ...]]) -> None:
        known = {NETWORK, *replicas}.union(*replicas.values())
        named = dict.fromkeys([*self.behaviors, *(one.model for one in self.outages)])
        wrong = [name for name in named if name not in known and "/" not in name]
        if wrong:
            raise PolicyError([_unknown(name, known) for name in wrong])


def _check_values(world: World) -> None:
    """Refuse in code what would be refused in a file."""
    problems: list[Problem] = []
    report = collector("World", problems)
    for name, behavior in world.behaviors.items():
        _behavior(Table(_given(behavior), ("behaviors", name), report))
    for number, outage in enumerate(world.outages):
        _outage(Table(_given(outage), ("outages", str(number)), report))
    traffic = {**_given(world.traffic), "tasks": dict(world.traffic.tasks)}
    _traffic(Table(traffic, ("traffic",), report))
    if problems:
        raise PolicyError(problems)


def _given(value: Behavior | Outage | Traffic) -> dict[str, object]:
    return {name: one for name, one in value._asdict().items() if one is not None}


def _unknown(name: str, known: Iterable[str]) -> Problem:
    what = f"the policy has no model {name!r}"
    return Problem("world", None, "", what, nearest(name, sorted(known)))


def read_world(file: str | os.PathLike[str]) -> World:
    """Read a world: [traffic], [models.NAME] and [[outage]].

    Raises:
        PolicyError: the file cannot be read, or something in it is wrong; all problems at once,
            each with its line.
    """
    path = Path(file)
    text = read(path)
    check_depth(text, str(path))
    problems: list[Problem] = []
    top = Table(parse(text, str(path)), (), located(str(path), Positions(text), problems))
    models = top.table("models")
    named = {} if models is None else {name: models.table(name) for name in models.values}
    behaviors = {name: _behavior(table) for name, table in named.items() if table is not None}
    outages = tuple(map(_outage, top.tables("outage")))
    traffic = _traffic(top.table("traffic"))
    top.done()
    if problems:
        raise PolicyError(sorted(problems, key=lambda one: one.line or 0))
    return World(behaviors, outages, traffic)


def _behavior(table: Table) -> Behavior:
    found = Behavior(
        _float(table.number("first_token_s", "0", LONGEST_S)),
        _float(table.number("tokens_per_s", "0", "1000000", above=True)),
        _or(table.number("spread", "0", "3"), USUAL.spread),
        _or(table.number("failure_share", "0", "1"), 0.0),
        table.choice("failure", (*FAULT_KINDS, *SILENCES)) or USUAL.failure,
        table.whole("requests_per_minute", 1, 10**9),
    )
    table.done()
    return found


def _outage(table: Table) -> Outage:
    for key in ("model", "from_s", "until_s"):
        if key not in table.values:
            hint = 'Write model = "gpt", from_s = 60 and until_s = 120'
            table.problem(key, "it is missing", hint)
    found = Outage(
        table.text("model") or "",
        table.choice("kind", (*FAULT_KINDS, *SILENCES)) or "connect",
        _or(table.number("from_s", "0", LONGEST_S), 0.0),
        _or(table.number("until_s", "0", LONGEST_S), 0.0),
        _or(table.number("share", "0", "1"), 1.0),
    )
    table.done()
    if found.until_s < found.from_s:
        table.problem("until_s", "it ends before it begins")
    return found


def _traffic(table: Table | None) -> Traffic:
    usual = Traffic()
    if table is None:
        return usual
    shares = table.table("tasks")
    found = Traffic(
        table.whole("requests", 1, MOST_REQUESTS) or usual.requests,
        _or(table.number("per_s", "0", "1000000", above=True), usual.per_s),
        _or(table.number("stream", "0", "1"), usual.stream),
        table.whole("input_tokens", 1, 10**7) or usual.input_tokens,
        table.whole("output_tokens", 1, 10**7) or usual.output_tokens,
        _or(table.number("spread", "0", "3"), usual.spread),
        () if shares is None else _shares(shares),
    )
    table.done()
    return found


def _shares(table: Table) -> tuple[tuple[str, float], ...]:
    found = {task: table.number(task, "0", "1000000") for task in TASKS}
    table.done()
    return tuple((task, float(share)) for task, share in found.items() if share)


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _or(value: Decimal | None, otherwise: float) -> float:
    return otherwise if value is None else float(value)
