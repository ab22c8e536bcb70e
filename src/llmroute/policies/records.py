"""Records: a decision with all that it was made from, so that it can be made again.

A record holds the prompt. It needs no key, no network and no clock to be planned again, and no
catalog: the models stand in it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.errors import PolicyError, Problem
from llmroute.types.frozen import replace
from llmroute.types.models import Model
from llmroute.types.plans import Situation

from .origins import PolicyText
from .plain import plain, restored
from .plan_records import (
    Difference,
    PlanData,  # noqa: TC001 - hints are read when records are
    differences,
    made_plan,
    plan_of,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from llmroute.types.plans import Plan, Policy

__all__ = [
    "Difference",
    "PolicyText",
    "Record",
    "differences",
    "model_data",
    "model_of",
    "plan_of",
    "situation_data",
    "situation_of",
]

VERSION = 1
LARGEST_BYTES = 64 * 1024 * 1024
RECORD = "the record"
OWNER_ONLY = 0o600
"""The mode of a file that only its owner can read, and write."""


class Written(NamedTuple):
    """A record as plain values."""

    version: int
    llmroute: str
    situation: Situation
    models: tuple[Model, ...]
    policy: PolicyText | None = None
    plan: PlanData | None = None


class Record(NamedTuple):
    """A decision: the situation and the models that the policy was given, and the plan it made.

    `policy` is None for a policy made in code; `llmroute` is the version that decided. Its repr
    shows no content.
    """

    situation: Situation
    models: tuple[Model, ...]
    plan: Plan
    policy: PolicyText | None
    llmroute: str

    def to_dict(self) -> dict[str, object]:
        """Return the record as plain values, ready for JSON. It holds the prompt.

        Values of `extra_headers` are left out: they may be secret, and no plan depends on them.

        Raises:
            PolicyError: a hint, or a field of a body, is nothing that JSON has.
        """
        written = Written(
            VERSION,
            self.llmroute,
            _without_headers(self.situation),
            self.models,
            self.policy,
        )
        return {**plain(written), "plan": self.plan.to_dict()}

    @staticmethod
    def from_dict(values: Mapping[str, object], file: str = RECORD) -> Record:
        """Make a record of what `to_dict` wrote; `file` is named in errors.

        Raises:
            PolicyError: something in it is wrong; says where, and never quotes it.
        """
        try:
            return _record_of(values, file)
        except PolicyError as error:
            problems = error.problems
        del values
        raise PolicyError(problems)  # anew: no frame of its traceback holds the prompt

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the record to a file that only its owner can read (mode 0600).

        Raises:
            PolicyError: as `to_dict`.
            OSError: the file cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        _write_private(path, text.encode("utf-8", "surrogatepass"))

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Record:
        """Read a record from a file.

        Raises:
            PolicyError: it is larger than 64 MiB, no JSON, or no record; never quotes it.
            OSError: the file cannot be read.
        """
        name = _name(path)
        try:
            return _record_of(_parsed(_read(path, name), name), name)
        except PolicyError as error:
            problems = error.problems
        raise PolicyError(problems)  # anew, as above

    def replay(self, policy: Policy | None = None) -> Plan:
        """Plan again; `policy` goes in place of the recorded one.

        Raises:
            PolicyError: the policy was made in code and is not given, or its text is wrong.
        """
        from .embedding import one_space
        from .replicas import spread
        from .resting import rested

        plan = (policy or self._own_policy())(self.situation, self.models)
        plan = plan if self.situation.request.texts is None else one_space(plan)
        return rested(spread(plan, self.situation), self.situation)

    def _own_policy(self) -> Policy:
        from .choices import read_choice

        if self.policy is None:
            what = "the policy was made in code, which a record does not hold"
            hint = "Pass it: record.replay(policy), or name a policy file"
            raise PolicyError([Problem(RECORD, None, "policy", what, hint)])
        names = frozenset(model.name for model in self.models)
        return read_choice(self.policy.text, self.policy.name, names)

    def differences(self, plan: Plan) -> tuple[Difference, ...]:
        """Where another plan differs from the recorded one; empty when they are the same."""
        return differences(self.plan, plan)

    def __repr__(self) -> str:
        return f"Record({len(self.models)} models, {self.plan!r})"


def _record_of(values: Mapping[str, object], file: str) -> Record:
    _check_version(values, file)
    found = restored(Written, values, file)
    if found.plan is None:
        raise PolicyError([Problem(file, None, "plan", "it is missing")])
    plan = made_plan(found.plan, found.models, file)
    return Record(found.situation, found.models, plan, found.policy, found.llmroute)


def situation_data(situation: Situation) -> dict[str, object]:
    """Write a situation as plain values, ready for JSON. It holds the prompt.

    Functions (what checks a tool's arguments, what reads an output) are left out.

    Raises:
        PolicyError: a hint, or a field of a body, is nothing that JSON has.
    """
    return plain(situation, "the situation")


def situation_of(values: Mapping[str, object]) -> Situation:
    """Make the situation again that `situation_data` wrote; raises PolicyError."""
    try:
        return restored(Situation, values, "the situation")
    except PolicyError as error:
        problems = error.problems
    del values
    raise PolicyError(problems)  # anew, as above


def model_data(model: Model) -> dict[str, object]:
    """Write a model with all its facts as plain values, ready for JSON; raises PolicyError."""
    return plain(model, "the model")


def model_of(values: Mapping[str, object]) -> Model:
    """Make the model again that `model_data` wrote; raises PolicyError."""
    return restored(Model, values, "the model")


def _without_headers(situation: Situation) -> Situation:
    request = situation.request
    if not request.extra_headers:
        return situation
    blank = dict.fromkeys(request.extra_headers, "")
    return situation._replace(request=replace(request, extra_headers=blank))


def _check_version(values: Mapping[str, object], file: str) -> None:
    """Say first, and alone, that a record is of another version."""
    version = values.get("version")
    if version != VERSION or isinstance(version, bool):
        what = f"this version of llmroute reads records of version {VERSION}"
        hint = "Is it a record, as llmroute plan --record writes it?"
        raise PolicyError([Problem(file, None, "version", what, hint)])


def _name(path: str | os.PathLike[str]) -> str:
    import os

    return os.fsdecode(path)


def _read(path: str | os.PathLike[str], name: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - a path of any kind
        data = file.read(LARGEST_BYTES + 1)
    if len(data) > LARGEST_BYTES:
        what = f"it is larger than {LARGEST_BYTES // 1024 // 1024} MiB"
        raise PolicyError([Problem(name, None, "", what)])
    return data


def _parsed(data: bytes, name: str) -> Mapping[str, object]:
    """Parse JSON without infinite numbers; raises PolicyError, which never quotes it."""
    try:
        found: object = json.loads(data.decode("utf-8", "surrogatepass"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return cast("dict[str, object]", found)
    hint = "Is it a record, as llmroute plan --record writes it?"
    raise PolicyError([Problem(name, None, "", "it holds no object in JSON", hint)])


def _no_number(_: str) -> object:
    raise ValueError


def _write_private(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file that nobody else can read, also where there was one that others could."""
    import os
    import stat

    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
    with os.fdopen(handle, "wb") as file:
        if os.name == "posix" and stat.S_ISREG(os.fstat(handle).st_mode):
            os.fchmod(handle, OWNER_ONLY)
        file.write(data)
