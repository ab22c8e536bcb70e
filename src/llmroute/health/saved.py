"""Files of observations: names of models and tasks, and numbers; written whole or not at all.

A file that these pages wrote and that is damaged is set aside with a warning: no application may
fail to start because a disk lost what can be learned anew. A file that they did not write is
refused: it is a mistake in the configuration, and somebody else's data would be lost.
"""

from __future__ import annotations

import contextlib
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.errors import PolicyError, Problem
from llmroute.types.logs import logger
from llmroute.types.observed import MOST_MODELS, Observed
from llmroute.types.requests import TASKS

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 1
MARK = '{"llmroute": "observations"'
"""How every file of observations begins."""
LARGEST_BYTES = 4 * 1024 * 1024
LONGEST_NAME = 200
OLD = timedelta(days=7)
"""What was seen before that is forgotten when a file is read."""
LARGEST = 1e12
DAMAGED = ".damaged"


class Dated(NamedTuple):
    """What was seen of a model, when that last changed, and of which upstream; None: not known."""

    observed: Observed
    at: datetime
    of: str | None = None


def read(path: Path, now: datetime) -> dict[str, Dated]:
    """Read what a file says of the last 7 days before `now`; nothing, when there is none.

    Raises:
        PolicyError: it cannot be read, it is damaged, or it holds something else.
    """
    data = _data(path)
    return {} if data is None else _entries(path, data, now)


def restore(path: Path, now: datetime) -> dict[str, Dated]:
    """Read likewise; a damaged file is set aside, with a warning in the log.

    Raises:
        PolicyError: it cannot be read, or it holds something else.
    """
    data = _data(path)
    if data is None:
        return {}
    try:
        return _entries(path, data, now)
    except PolicyError as error:
        if not _is_ours(data):
            raise
        problem = error.problems[0]
    aside = path.with_name(path.name + DAMAGED)
    logger("observations").warning("%s: begun anew; it is set aside as %s", problem, aside)
    with contextlib.suppress(OSError):  # a folder that takes nothing: saving will say so
        path.replace(aside)
    return {}


def _data(path: Path) -> bytes | None:
    """The bytes of a file, None when there is none; raises PolicyError."""
    hint = "Name a file of its own, in a folder that is there"
    try:
        if path.exists() and not path.is_file():
            raise _wrong(path, "it is no file", hint)
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        is_there = path.parent.is_dir()
    except OSError as error:
        raise _wrong(path, f"it cannot be read: {error.strerror}", hint) from None
    if not is_there:
        raise _wrong(path, "its folder is not there", hint)
    return None


def _is_ours(data: bytes) -> bool:
    """Whether it was written here; zeros are what a lost disk leaves of a file."""
    return data.startswith(MARK.encode()) or not data.strip(b"\0")


def _entries(path: Path, data: bytes, now: datetime) -> dict[str, Dated]:
    if not _is_ours(data):
        hint = "Name a file of its own; nothing was changed in this one"
        raise _wrong(path, "it is no file of observations", hint)
    values = _parsed(data if len(data) <= LARGEST_BYTES else b"")
    if values.get("version") != VERSION:
        raise _wrong(path, f"it is damaged, or of another version than {VERSION}")
    models = values.get("models")
    if not isinstance(models, dict):
        raise _wrong(path, "it is damaged")
    found = {
        name: _entry(path, value, now) for name, value in cast("dict[str, object]", models).items()
    }
    return {name: one for name, one in found.items() if now - one.at <= OLD}


def _parsed(data: bytes) -> Mapping[str, object]:
    try:
        found: object = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def _entry(path: Path, value: object, now: datetime) -> Dated:
    """One model; raises PolicyError for what cannot have been seen."""
    from llmroute.policies.plain import restored  # only who keeps a file needs it

    values = dict(cast("dict[str, object]", value)) if isinstance(value, dict) else {}
    at, of = _moment(values.pop("at", None)), values.pop("of", None)
    observed = restored(Observed, values, str(path))
    if at is None or not isinstance(of, str | None) or not _is_sound(observed):
        raise _wrong(path, "it is damaged")
    return Dated(observed._replace(in_flight=0), min(at, now), of)


def _moment(value: object) -> datetime | None:
    """A moment with its zone; None for anything else."""
    with contextlib.suppress(ValueError, TypeError):
        at = datetime.fromisoformat(cast("str", value))
        return at if at.tzinfo is not None else None
    return None


def _is_sound(one: Observed) -> bool:
    """Whether the numbers can be those of a model's answers."""
    numbers = [one.first_token_s or 0, one.token_s or 0, one.answers, one.failures]
    numbers += [one.failures_in_a_row, one.failure_share]
    numbers += [mean for _, mean in one.output_tokens]
    for compared in filter(None, (one.latency_s, one.cost_usd)):
        numbers += [*compared[:2], compared.error + 1, *compared[3:]]
    tasks = {task for task, _ in one.output_tokens}
    return tasks <= {"", *TASKS} and all(0 <= number <= LARGEST for number in numbers)


def joined(path: Path, entries: Mapping[str, Dated], now: datetime) -> Mapping[str, Dated]:
    """Add what others wrote meanwhile: of each model what changed last, of all the newest."""
    there: Mapping[str, Dated] = {}
    with contextlib.suppress(PolicyError):  # what is damaged is written anew
        there = read(path, now)
    newer = {
        name: one for name, one in there.items() if name not in entries or one.at > entries[name].at
    }
    both = sorted({**entries, **newer}.items(), key=lambda one: one[1].at)
    return dict(both[-MOST_MODELS:])


def write(path: Path, entries: Mapping[str, Dated]) -> None:
    """Write a file anew: readers find the old one or the new one, never a part; mode 0600.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    import tempfile  # only who keeps a file needs it

    data = _text(entries).encode("ascii")
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):  # where it is that file now, there is none of this name
            temporary.unlink()


def _text(entries: Mapping[str, Dated]) -> str:
    """The text of a file: at most 4 MiB, since models are bounded and long names left out."""
    from llmroute.policies.plain import plain

    models = {
        name: {"at": _when(at), **({} if of is None else {"of": of[:LONGEST_NAME]}), **plain(seen)}
        for name, (seen, at, of) in sorted(entries.items())
        if len(name) <= LONGEST_NAME
    }
    rest = json.dumps({"version": VERSION, "models": models}, indent=1, allow_nan=False)
    return f"{MARK},{rest[1:]}\n"


def _when(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _wrong(path: Path, what: str, hint: str = "") -> PolicyError:
    return PolicyError([Problem(str(path), None, "", what, hint)])
