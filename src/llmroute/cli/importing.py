"""`llmroute catalog import`: facts of models from somebody else's data, and what was left out."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from llmroute.catalog.importing import import_facts, providers_of
from llmroute.errors import PolicyError, Problem, RequestError
from llmroute.errors.problems import nearest
from llmroute.types.tables import table

from .failures import FAILED
from .terminal import note, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmroute.catalog.importing import Imported

    from .arguments import Arguments

MARK = b"\n[imported]\n"
"""What a file must hold to be written over: it was imported before."""
NAMED = ("gate", "unreadable")
"""Reasons whose rows are named one by one."""
REASONS = {
    "provider": "the catalog has no such provider",
    "asked": "the provider was not asked for",
    "model": "the catalog has no such model of the provider",
    "kind": "no model for text, or no price by token alone",
    "again": "the model stands there already",
    "unreadable": "it cannot be read",
    "gate": "the price cannot be right",
    "nothing": "it tells nothing that the catalog does not",
}


def import_catalog(arguments: Arguments) -> int:
    """Write the fact file and tell what was left out; returns the exit code.

    Where nothing is kept, no file is written, and the exit code is 1.
    """
    if arguments.json and arguments.out is None:
        raise RequestError("it needs --out FILE: stdout is for the report", where="--json")
    _check_providers(arguments)
    today = datetime.now(UTC).date()
    done = import_facts(arguments.source, Path(arguments.file), today, arguments.only)
    _write_out(done, arguments)
    if not done.models:
        note(f"nothing of {arguments.file} was kept, and no fact file is written")
        return FAILED
    stopped = any(one.reason == "gate" for one in done.left)
    return FAILED if stopped and arguments.strict else 0


def _write_out(done: Imported, arguments: Arguments) -> None:
    """Write the file, if it holds anything, and the report."""
    report = "\n".join(_report(done, arguments.out))
    if arguments.out is None:
        write(done.text if done.models else "")
        note(report)
        return
    if done.models:
        _save(Path(arguments.out), done.text)
    write((json.dumps(_as_dict(done), indent=2) if arguments.json else report) + "\n")


def _check_providers(arguments: Arguments) -> None:
    """Refuse a provider that no source has."""
    known = providers_of(arguments.source)
    for name in arguments.only:
        if name not in known:
            what = f"{arguments.source} has no provider {name!r}. {nearest(name, known)}"
            raise RequestError(what, where="--only")


def _save(path: Path, text: str) -> None:
    """Write the file whole or not at all; raises PolicyError when another stands there."""
    if path.exists() and not (path.is_file() and MARK in path.read_bytes()):
        what, hint = "it is there, and was not imported", "Choose another name"
        raise PolicyError([Problem(str(path), None, "", what, hint)])
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _report(done: Imported, out: str | None) -> Iterator[str]:
    yield from _named(done)
    counts = Counter(one.reason for one in done.left)
    rows = [(str(count), REASONS[reason]) for reason, count in counts.most_common()]
    title = f"{done.rows} rows read, {done.models} models kept"
    yield table(("left out", "because"), rows, title=title) if rows else title
    if out is not None and done.models:
        yield f'{out}: name it in a policy: [catalog] files = ["{out}"]'


def _named(done: Imported) -> Iterator[str]:
    """The rows that are named one by one, and the prices that tell less than the catalog's."""
    for one in done.left:
        if one.reason in NAMED:
            yield f"left out: {one.name}: {one.what}"
    for id_, less in done.poorer:
        yield f"{id_}: the catalog's price, which it replaces, also tells of {', '.join(less)}"


def _as_dict(done: Imported) -> dict[str, object]:
    counts = Counter(one.reason for one in done.left)
    left = [one._asdict() for one in done.left if one.reason in NAMED]
    told = {"rows": done.rows, "models": done.models, "left_out": dict(counts), "named": left}
    return {**told, "poorer": {id_: list(less) for id_, less in done.poorer}}
