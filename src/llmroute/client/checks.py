"""What an application passes to `Client`, checked where it is passed, not where it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from os import PathLike
from typing import TYPE_CHECKING, cast, get_args

from llmroute.errors import PolicyError, Problem, RequestError
from llmroute.errors.problems import nearest
from llmroute.errors.reading import Table, collector
from llmroute.types.limits import Limits
from llmroute.types.plans import OfflineMode

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.catalog.declarations import Declaration

HINT_TYPES = {bool: "bool", str: "str", int: "int", float: "float"}
CLOCK = ("now", "today", "sleep_until", "asleep_until")


def wrong(option: str, what: str, hint: str = "") -> PolicyError:
    """Describe what is wrong with an option of the client."""
    return PolicyError([Problem("Client", None, option, what, hint)])


def check_options(options: Mapping[str, object], call_options: Sequence[str]) -> None:
    """Refuse unknown options and values that cannot be meant; raises PolicyError."""
    for name, value in options.items():
        checker = CHECKERS.get(name)
        if checker is not None:
            checker(value)
        elif name in call_options:
            hint = f"It goes with a call, or with client.with_options({name}=...)"
            hint = "Models are declared by models=[...]" if name == "model" else hint
            raise wrong(name, "it is no option of a client", hint)
        else:
            hint = "Use limits=Limits(deadline_s=...)" if name == "timeout" else ""
            raise wrong(name, "there is no such option", hint or nearest(name, CHECKERS))


def check_source(source: object) -> None:
    """Refuse what is neither a file's name nor a policy; raises PolicyError."""
    if source is None or callable(source):
        return
    if not isinstance(source, str | PathLike):
        hint = "Models go in models=[...]; the first argument is a policy or a file's name"
        kind = type(source).__name__
        raise wrong("policy", f"it must be a policy or a file's name, got {kind}", hint)
    text = str(cast("object", source))
    if "\n" in text or "\0" in text:
        hint = "Write it into a file, and name that; or llmroute.policies.files.loads_policy"
        raise wrong("policy", "it is the text of a policy, not the name of a file", hint)


def limits_of(value: Limits | Mapping[str, object]) -> Limits:
    """Make limits of `Limits` or of a mapping like [limits]; raises PolicyError."""
    from llmroute.policies.sections import read_limits

    problems: list[Problem] = []
    given = asdict(value) if isinstance(value, Limits) else value
    table = {name: one for name, one in given.items() if one is not None}
    found = read_limits(Table(table, ("limits",), collector("Client", problems)))
    if problems:
        raise PolicyError(problems)
    return found


def hints_of(value: Mapping[str, object]) -> dict[str, str]:
    """Make hint declarations of names and types, as "bool" or bool."""
    return {name: HINT_TYPES.get(cast("type", kind), str(kind)) for name, kind in value.items()}


def _kind(value: object) -> str:
    return type(value).__name__


def _models(value: object) -> None:
    from llmroute.catalog.declarations import Declaration

    hint = "models=[llmroute.model(...), ...]"
    if isinstance(value, str | Declaration) or not isinstance(value, Sequence):
        raise wrong("models", f"it must be a list of declarations, got {_kind(value)}", hint)
    for one in cast("Sequence[object]", value):
        if not isinstance(one, Declaration):
            raise wrong("models", f"it must hold declarations, got {_kind(one)}", hint)


def _mapping(option: str) -> Callable[[object], None]:
    def check(value: object) -> None:
        if not isinstance(value, Mapping):
            raise wrong(option, f"it must be a mapping, got {_kind(value)}")
        for key in cast("Mapping[object, object]", value):
            if not isinstance(key, str):
                raise wrong(option, f"its names must be strings, got {_kind(key)}")

    return check


def _hints(value: object) -> None:
    _mapping("hints")(value)
    for name, kind in hints_of(cast("Mapping[str, object]", value)).items():
        if kind not in HINT_TYPES.values():
            hint = nearest(kind, HINT_TYPES.values())
            raise wrong(f"hints.{name}", f"{kind[:40]!r} is no type of a hint", hint)


def _limits(value: object) -> None:
    if not isinstance(value, Limits):
        _mapping("limits")(value)
    limits_of(cast("Limits | Mapping[str, object]", value))


def _offline(value: object) -> None:
    modes = get_args(OfflineMode)
    if value not in modes:
        hint = nearest(value, modes) if isinstance(value, str) else 'Use "always" to forbid it'
        raise wrong("offline", "it must be " + ", ".join(map(repr, modes)), hint)


def _backoff(value: object) -> None:
    if not callable(value):
        hint = "A function of the number of failures, or tenacity.wait_exponential(...)"
        raise wrong("backoff", f"it must be callable, got {_kind(value)}", hint)


def _clock(value: object) -> None:
    lacking = [name for name in CLOCK if not callable(getattr(value, name, None))]
    if lacking:
        hint = "Use llmroute.testing.VirtualClock() in tests"
        raise wrong("clock", f"{_kind(value)} has no {lacking[0]}()", hint)


def _http_client(value: object) -> None:
    if value is not None:
        from llmroute.providers.transport import Transport

        try:
            Transport(value)
        except RequestError as error:
            what = str(error)
        else:
            return
        raise wrong("http_client", what)


CHECKERS: dict[str, Callable[[object], None]] = {
    "models": _models,
    "providers": _mapping("providers"),
    "facts": _mapping("facts"),
    "hints": _hints,
    "limits": _limits,
    "offline": _offline,
    "http_client": _http_client,
    "clock": _clock,
    "backoff": _backoff,
}


def stand_ins(declared: Sequence[Declaration], providers: Mapping[str, object]) -> frozenset[str]:
    """The models that the application answers for itself; raises PolicyError for other names."""
    names = [one.name for one in declared]
    for name, provider in providers.items():
        if name not in names:
            raise wrong(f"providers.{name}", "the policy has no such model", nearest(name, names))
        if not (callable(getattr(provider, "events", None)) and hasattr(provider, "aevents")):
            hint = "See llmroute.Provider, or use llmroute.testing.ScriptedProvider"
            raise wrong(f"providers.{name}", f"{_kind(provider)} has no events()", hint)
    return frozenset(providers)
