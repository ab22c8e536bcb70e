"""`llmroute check`: are these policy files right?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llmroute.client.setup import read_policy
from llmroute.errors import PolicyError

from .failures import USAGE
from .terminal import write

if TYPE_CHECKING:
    from llmroute.policies.files import PolicyFile

    from .arguments import Arguments


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
    return code


def place_of(policy: PolicyFile) -> str:
    """Where a policy stands, seen from the current folder."""
    if policy.path is None:
        return "built-in default"
    folder = Path.cwd()
    near = policy.path.is_relative_to(folder)
    return str(policy.path.relative_to(folder) if near else policy.path)


def summary(policy: PolicyFile) -> str:
    """Name the models of a policy."""
    names = [model.name for model in policy.models]
    return f"{len(names)} model{'s' * (len(names) != 1)}: {', '.join(names)}"
