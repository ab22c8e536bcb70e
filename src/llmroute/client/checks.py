"""What an application passes to `Client`, checked where it is passed, not where it is used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast, get_args

from llmroute.catalog.declarations import provider_problem
from llmroute.errors import PolicyError, Problem, RequestError
from llmroute.errors.problems import nearest
from llmroute.errors.reading import Table, collector
from llmroute.health import Observations
from llmroute.types.accept import ACCEPT, Accept
from llmroute.types.limits import Limits
from llmroute.types.plans import OfflineMode

from .elsewhere import OF_CLIENTS
from .parts import encodable, is_part, name_of, what_to_pass
from .values import CHECKERS as CALL_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llmroute.catalog.declarations import Declaration
    from llmroute.types.accept import Draft

    from .setup import ClientOptions

    Check = Callable[[Draft], str | bool | None]

HINT_TYPES = {bool: "bool", str: "str", int: "int", float: "float"}
LISTS = ("catalog", "models")
FIRST = "Models go in models=[...]; the first argument is a policy or a file's name"
CLOCK = ("now", "today", "sleep_until", "asleep_until")


def wrong(option: str, what: str, hint: str = "") -> PolicyError:
    """Describe what is wrong with an option of the client."""
    return PolicyError([Problem("Client", None, option, what, hint)])


def given_options(options: ClientOptions) -> ClientOptions:
    """The options that were given, checked; None is the same as leaving one out.

    Raises PolicyError for unknown options and for values that cannot be meant.
    """
    given: dict[str, object] = {}
    for name, value in options.items():
        if name not in CHECKERS:
            raise _unknown(name)
        if value is not None:
            given[name] = _listed(value) if name in LISTS else value
    for name, value in given.items():
        CHECKERS[name](value)
    return cast("ClientOptions", given)


def _listed(value: object) -> object:
    """Make a tuple of any iterable of models; leave alone what is none."""
    is_one = isinstance(value, str) or hasattr(value, "use")  # a declaration is a tuple itself
    if is_one or not isinstance(value, Iterable):
        return value
    return tuple(cast("Iterable[object]", value))


def _unknown(name: str) -> PolicyError:
    if name == "model":
        return wrong(name, "it is no option of a client", "Models are declared by models=[...]")
    if name in {"key", "api_key"}:
        hint = "Use llmroute.model(..., key=...), or api_key=... of a call"
        return wrong(name, "it is no option of a client", hint)
    if name in CALL_OPTIONS:
        hint = f"It goes with a call, or with client.with_options({name}=...)"
        return wrong(name, "it is no option of a client", hint)
    hint = OF_CLIENTS.get(name) or nearest(name, CHECKERS)
    return wrong(name, "there is no such option", hint)


def check_source(source: object) -> None:
    """Refuse what is neither a file's name nor a policy; raises PolicyError."""
    if source is None or (callable(source) and not is_part(source)):
        return
    name = name_of(source)
    if not name:
        raise _no_policy(source, name)
    if any(mark in name for mark in "\n\0") or not encodable(name):
        hint = "Write it into a file, and name that; or llmroute.policies.files.loads_policy"
        raise wrong("policy", "it is the text of a policy, not the name of a file", hint)


def _no_policy(source: object, name: str | None) -> PolicyError:
    """Say what was passed, and what belongs there."""
    what = f"got {_kind(source)}" if name is None else "it is empty"
    what, hint = what_to_pass(source) or (what, FIRST)
    return wrong("policy", f"it must be a policy or a file's name, {what}", hint)


def limits_of(value: Limits | Mapping[str, object]) -> Limits:
    """Make limits of `Limits` or of a mapping like [limits]; raises PolicyError."""
    from llmroute.policies.sections import read_limits

    problems: list[Problem] = []
    named = {name: getattr(value, name, None) for name in Limits.__match_args__}
    given = named if isinstance(value, Limits) else value
    table = {name: one for name, one in given.items() if one is not None}
    found = read_limits(Table(table, ("limits",), collector("Client", problems)))
    if problems:
        raise PolicyError(problems)
    return found


def accept_of(value: object, before: Accept) -> Accept:
    """Make it of `Accept`, of a mapping like [accept], or of a check alone; raises PolicyError."""
    if isinstance(value, Accept):
        given: Mapping[str, object] = value._asdict()
    elif callable(value):
        given = {**before._asdict(), "check": value}
    else:
        _mapping("accept")(value)
        given = {**before._asdict(), **cast("Mapping[str, object]", value)}
    check = given.get("check")
    if check is not None:
        _check_function(check)
    from llmroute.policies.sections import read_accept

    problems: list[Problem] = []
    flags = {name: one for name, one in given.items() if name != "check"}
    found = read_accept(Table(flags, ("accept",), collector("Client", problems)))
    if problems:
        raise PolicyError(problems)
    return found._replace(check=cast("Check | None", check))


def _check_function(check: object) -> None:
    from inspect import iscoroutinefunction

    if not callable(check):
        raise wrong("accept.check", f"it must be a function of a Draft, got {_kind(check)}")
    if iscoroutinefunction(check):
        what = "it is a coroutine function, and checks are not awaited"
        raise wrong("accept.check", what, "Write def in place of async def")


def hints_of(value: Mapping[str, object]) -> dict[str, str]:
    """Make hint declarations of names and types, as "bool" or bool."""
    return {name: _hint_type(kind) for name, kind in value.items()}


def _hint_type(kind: object) -> str:
    return HINT_TYPES.get(kind, kind.__name__) if isinstance(kind, type) else str(kind)


def _kind(value: object) -> str:
    return type(value).__name__


def _models(value: object) -> None:
    from llmroute.catalog.declarations import Declaration

    hint = "models=[llmroute.model(...), ...]"
    if not isinstance(value, tuple) or isinstance(value, Declaration):
        raise wrong("models", f"it must be a list of declarations, got {_kind(value)}", hint)
    for one in cast("tuple[object, ...]", value):
        if not isinstance(one, Declaration):
            raise wrong("models", f"it must hold declarations, got {_kind(one)}", hint)


def _catalog(value: object) -> None:
    if not isinstance(value, tuple):
        hint = 'catalog=["providers/acme.toml"]'
        raise wrong("catalog", f"it must be a list of files, got {_kind(value)}", hint)
    for one in cast("tuple[object, ...]", value):
        if not name_of(one):
            raise wrong("catalog", f"it must hold names of files, got {_kind(one)}")


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
    if not isinstance(value, str) or value not in modes:
        hint = nearest(value, modes) if isinstance(value, str) else 'Use "always" to forbid it'
        raise wrong("offline", "it must be " + ", ".join(map(repr, modes)), hint)


def _backoff(value: object) -> None:
    if not callable(value):
        hint = "A function of the number of failures, or tenacity.wait_exponential(...)"
        raise wrong("backoff", f"it must be callable, got {_kind(value)}", hint)


def _clock(value: object) -> None:
    hint = "Use llmroute.testing.VirtualClock() in tests"
    if isinstance(value, type):
        raise wrong("clock", "it is a class, not an object of it", hint)
    lacking = [name for name in CLOCK if not callable(getattr(value, name, None))]
    if lacking:
        raise wrong("clock", f"{_kind(value)} has no {lacking[0]}()", hint)


def _http_client(value: object) -> None:
    if value is not None:
        from llmroute.providers.transport import Transport

        try:
            Transport(value)
        except RequestError as error:
            what = str(error).removeprefix("http_client: ")
        else:
            return
        raise wrong("http_client", what)


def _folder(value: object) -> None:
    if not name_of(value):
        raise wrong("vocabularies", f"it must be the path of a folder, got {_kind(value)}")


def _detect(value: object) -> None:
    if not isinstance(value, bool | int | float) or not 0 <= value <= 1:
        hint = "True: for every chat; False: never; a number: the least confidence that counts"
        raise wrong("detect", "it must be True, False, or a number from 0 to 1", hint)


def _accept(value: object) -> None:
    accept_of(value, ACCEPT)


def _observations(value: object) -> None:
    if not isinstance(value, Observations) and not name_of(value):
        hint = "To share those of another client, pass other.observations"
        raise wrong("observations", f"it must be the path of a file, got {_kind(value)}", hint)


def _health(value: object) -> None:
    from llmroute.health.view import Health  # only where it is shared

    if not isinstance(value, Health):
        hint = "To share that of another client, pass other.health"
        raise wrong("health", f"it must be a Health, got {_kind(value)}", hint)


CHECKERS: dict[str, Callable[[object], None]] = {
    "catalog": _catalog,
    "models": _models,
    "providers": _mapping("providers"),
    "facts": _mapping("facts"),
    "hints": _hints,
    "limits": _limits,
    "offline": _offline,
    "http_client": _http_client,
    "clock": _clock,
    "backoff": _backoff,
    "vocabularies": _folder,
    "observations": _observations,
    "detect": _detect,
    "accept": _accept,
    "health": _health,
}


def stand_ins(declared: Sequence[Declaration], providers: Mapping[str, object]) -> frozenset[str]:
    """The models that the application answers for itself; raises PolicyError for other names."""
    names = [one.name for one in declared]
    for name, provider in providers.items():
        if name not in names:
            raise wrong(f"providers.{name}", "the policy has no such model", nearest(name, names))
        problem = provider_problem(provider)
        if problem is not None:
            hint = "See llmroute.Provider, or use llmroute.testing.ScriptedProvider(...)"
            raise wrong(f"providers.{name}", problem, hint)
    return frozenset(providers)
