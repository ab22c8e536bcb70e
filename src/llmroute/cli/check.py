"""`llmroute check`: are these policy files right?"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from llmroute.client.setup import read_policy
from llmroute.errors import PolicyError
from llmroute.policies.branching import routes_of
from llmroute.policies.origins import DEFAULT_NAME

from .failures import USAGE
from .terminal import write

if TYPE_CHECKING:
    from llmroute.policies.branching import Route
    from llmroute.policies.files import PolicyFile

    from .arguments import Arguments

MOST_SHOWN = 300
"""How many routes are listed: policies inside may be used from many places."""


def check(arguments: Arguments) -> int:
    """Print every problem of every file; exit code 2 when there is one."""
    code = 0
    for name in arguments.files or (arguments.policy,):
        try:
            policy = read_policy(name)
        except PolicyError as error:
            code = USAGE
            for problem in error.problems:
                write(f"{problem}\n")
        else:
            write(f"{name or place_of(policy)}: ok, {summary(policy)}\n")
            for route in islice(routes_of(policy.policy), MOST_SHOWN):
                write(f"  {shown(route)}\n")
    return code


def place_of(policy: PolicyFile) -> str:
    """Where a policy stands, seen from the current folder."""
    if policy.path is None:
        return policy.name or DEFAULT_NAME
    path, folder = Path(policy.path), Path.cwd()
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def summary(policy: PolicyFile) -> str:
    """Name the models of a policy."""
    names = [model.name for model in policy.models]
    return f"{counted(len(names), 'model')}: {', '.join(names)}"


def counted(number: int, what: str) -> str:
    """Write a number of things."""
    return f"{number} {what}{'s' * (number != 1)}"


def shown(route: Route) -> str:
    """Write a route in one line: where it stands, whom it is for, and what it says."""
    line = route.place.rpartition(":")[2]
    when = str(route.when)
    condition = "" if when == route.name.rpartition(" > ")[2] else f" ({when})"
    return f"line {line}, {route.name}{condition}: {route.says}"
