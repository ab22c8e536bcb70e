"""Observations that outlive a process: written whole, read with care."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import pytest

import llmroute
from llmroute.health.keeping import THREAD
from llmroute.health.saved import LARGEST_BYTES, MARK, Dated, joined, read, write
from llmroute.testing import ScriptedProvider, VirtualClock
from llmroute.types.observed import MOST_MODELS, Observed
from llmroute.types.plans import Candidate
from llmroute.types.reply import Attempt
from llmroute.types.usage import Usage
from tests.policies.helpers import remote

if TYPE_CHECKING:
    from pathlib import Path

    from llmroute.catalog import Declaration

POLICY = """\
version = 1
[models.m]
use = "openai/gpt-6.1-terra"
[observations]
file = "FILE"
"""
SECRET = "a prompt that nobody else may read"
DAMAGED = [
    "",
    "\0" * 4096,
    MARK,
    MARK + ', "version": 1, "models": {"m": {"at": "2026-01',
    MARK + ', "version": 1, "models": []}',
    MARK + ', "version": 2, "models": {}}',
    MARK + ', "version": 1, "models": {"m": {"answers": 1}}}',
    MARK + ', "version": 1, "models": {"m": {"at": "2026-01-01T00:00:00", "answers": 1}}}',
    MARK + ', "version": 1, "models": {"m": {"at": "2026-01-01T00:00:00+00:00", "token_s": -1}}}',
    MARK + ', "version": 1, "models": {"m": {"at": "2026-01-01T00:00:00+00:00", "x": 1}}}',
    MARK + ', "version": 1, "models": {"m": {"at": "2026-01-01T00:00:00+00:00", "token_s": NaN}}}',
    MARK + ', "version": 1, "models": {"m": {"at": "2026-01-01T00:00:00+00:00", "of": 3}}}',
    MARK + "[" * 100_000,
    MARK + " " * LARGEST_BYTES,
]


def model(name: str = "m") -> Declaration:
    """Declare a model that answers three words."""
    provider = ScriptedProvider("one two three")
    return llmroute.model(name, use="own", provider=provider, price={"input": 1, "output": 5})


def client(
    file: Path | llmroute.Observations, clock: VirtualClock | None = None
) -> llmroute.Client:
    """Make a client that keeps what it sees."""
    return llmroute.Client(models=[model()], observations=file, clock=clock or VirtualClock())


def saved(file: Path) -> dict[str, dict[str, object]]:
    """Read the models of a file."""
    values = json.loads(file.read_text())
    assert values["version"] == 1
    assert not list(file.parent.glob(".*")), "a temporary file is left"
    return cast("dict[str, dict[str, object]]", values["models"])


def written() -> None:
    """Wait until whatever is being written is there."""
    for thread in threading.enumerate():
        if thread.name == THREAD:
            thread.join()


def test_what_was_seen_is_saved_at_close_and_found_again(tmp_path: Path) -> None:
    """A client begins with what the one before has seen, and plans by it."""
    file = tmp_path / "seen.json"
    with client(file) as first:
        first.chat(SECRET, task="qa")
        assert not file.exists()
        before = first.observations.seen
    assert saved(file)["m"]["answers"] == 1
    with client(file) as second:
        assert second.observations.seen == before
        assert second.observations.file == str(file)
        assert second.plan("hi").candidates[0].output_tokens == 3
    assert file.stat().st_mode & 0o777 == 0o600


def test_async_clients_save_likewise(tmp_path: Path) -> None:
    """An async client saves at its close, and finds it again."""
    file = tmp_path / "seen.json"

    async def ask() -> int:
        made = llmroute.AsyncClient(models=[model()], observations=file, clock=VirtualClock())
        async with made as client:
            await client.chat("hi")
            return client.observations.seen["m"].answers

    assert asyncio.run(ask()) == 1
    assert asyncio.run(ask()) == 2
    assert saved(file)["m"]["answers"] == 2


def test_extreme_answers_leave_a_file_that_can_be_read(tmp_path: Path) -> None:
    """Times that round below nothing, and predictions of next to nothing, are no damage."""
    file = tmp_path / "seen.json"
    observations = llmroute.Observations(file, clock=VirtualClock())
    answer = Attempt(1, remote(), "answered", 0.1, 0.3, first_token_s=0.3, usage=Usage(1, 3))
    for predicted in (5e-324, 1e-17, 1e12):
        for started_s in (0.1, 0.2, 0.3, -1e9):
            attempt = replace(answer, started_s=started_s, cost_usd=Decimal(9))
            candidate = Candidate(answer.model, Decimal(predicted), predicted)
            observations.note(attempt, "qa", candidate)
    observations.save()
    assert read(file, VirtualClock().wall_time())["far"].observed == observations.seen["far"]


def test_a_file_is_written_once_a_minute(tmp_path: Path) -> None:
    """While a client runs, its file is written at most once a minute, when an attempt ends."""
    file, clock = tmp_path / "seen.json", VirtualClock()
    with client(file, clock) as made:
        found: list[object] = []
        for _ in range(7):
            made.chat("hi")
            written()
            found.append(saved(file)["m"]["answers"] if file.exists() else 0)
            clock.advance(30)
    assert found == [0, 0, 3, 3, 5, 5, 7]


def test_nothing_of_content_is_in_the_file(tmp_path: Path) -> None:
    """The file holds names of models and tasks, and numbers; no word of prompt, answer or tag."""
    file = tmp_path / "seen.json"
    with client(file) as made:
        made.chat(SECRET, task="qa", tags=["customer-7"], system=SECRET)
    text = file.read_text()
    assert not [word for word in ("prompt", "nobody", "three", "customer") if word in text]


def test_what_is_older_than_a_week_is_forgotten_at_the_start(tmp_path: Path) -> None:
    """Each model has its own age: the day on which something of it last changed."""
    file = tmp_path / "seen.json"
    models = [model("old"), model("new")]
    for day, name in ((1, "old"), (6, "new")):
        clock = VirtualClock(date(2026, 1, day))
        with llmroute.Client(models=models, observations=file, clock=clock) as made:
            made.chat("hi", model=name)
    for day, names in ((8, {"old", "new"}), (9, {"new"}), (14, set[str]())):
        with client(file, VirtualClock(date(2026, 1, day))) as made:
            assert set(made.observations.seen) == names
    assert set(saved(file)) == {"old", "new"}, "a client that saw nothing writes nothing"


@pytest.mark.parametrize("text", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_set_aside(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A damaged file stops nobody: it is kept under another name, and the log says so."""
    file = tmp_path / "seen.json"
    file.write_text(text)
    with caplog.at_level(logging.WARNING, "llmroute"), client(file) as made:
        assert made.observations.seen == {}
        made.chat("hi")
    assert str(file) in caplog.text
    assert (tmp_path / "seen.json.damaged").read_text() == text
    assert saved(file)["m"]["answers"] == 1


@pytest.mark.parametrize("text", ["version = 1", '{"version": 1, "models": {}}', "[]", " "])
def test_a_foreign_file_is_refused(text: str, tmp_path: Path) -> None:
    """A file of something else is a mistake of the configuration: named, and left as it is."""
    file = tmp_path / "seen.json"
    file.write_text(text)
    with pytest.raises(llmroute.PolicyError, match="no file of observations") as caught:
        client(file)
    assert str(file) in str(caught.value)
    assert file.read_text() == text


def test_places_that_hold_no_file_are_refused(tmp_path: Path) -> None:
    """A folder in place of the file, or a folder that is not there, is told at the start."""
    for place, what in ((tmp_path, "it is no file"), (tmp_path / "no" / "x", "its folder is not")):
        with pytest.raises(llmroute.PolicyError, match=what):
            client(place)
    with pytest.raises(llmroute.PolicyError, match="must be the path of a file, got int"):
        llmroute.Client(models=[model()], observations=cast("Path", 3))


def test_a_file_that_cannot_be_written_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Calls and `close` go on when a disk does not; only `save` raises."""
    folder = tmp_path / "gone"
    folder.mkdir()
    with caplog.at_level(logging.WARNING, "llmroute"), client(folder / "seen.json") as made:
        made.chat("hi")
        folder.rmdir()
        with pytest.raises(FileNotFoundError):
            made.observations.save()
    assert "were not saved" in caplog.text


def test_clients_share_what_they_are_told_to(tmp_path: Path) -> None:
    """Observations that are passed on are one for both clients; each one that closes saves them."""
    shared = llmroute.Observations(tmp_path / "seen.json", clock=VirtualClock())
    with client(shared) as one, client(one.observations) as other, client(tmp_path / "x") as alone:
        one.chat("hi")
        other.chat("hi")
        assert shared.seen["m"].answers == 2
        assert alone.observations.seen == {}
    assert saved(tmp_path / "seen.json")["m"]["answers"] == 2
    llmroute.Observations().save()


def test_a_policy_names_the_file(tmp_path: Path) -> None:
    """[observations] file is relative to the policy; an option of the client goes before it."""
    policy = tmp_path / "llmroute.toml"
    policy.write_text(POLICY.replace("FILE", "seen.json"))
    providers = {"m": ScriptedProvider("one")}
    with llmroute.Client(policy, providers=providers, clock=VirtualClock()) as made:
        made.chat("hi")
    assert saved(tmp_path / "seen.json")["m"]["answers"] == 1
    with llmroute.Client(policy, providers=providers, observations=tmp_path / "x") as made:
        assert made.observations.file == str(tmp_path / "x")


def test_a_policy_that_was_found_writes_beside_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy that nobody named cannot have files written elsewhere, nor by way of a link."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path / "in")
    monkeypatch.delenv("LLMROUTE_POLICY", raising=False)
    policy = tmp_path / "in" / "llmroute.toml"
    for file in ("../seen.json", "link/seen.json", str(tmp_path / "seen.json")):
        policy.write_text(POLICY.replace("FILE", file))
        with pytest.raises(llmroute.PolicyError, match="into its own folder only") as caught:
            llmroute.Client()
        assert "llmroute.toml:5: observations.file" in str(caught.value)
        with llmroute.Client(policy):
            pass


def test_what_another_process_saw_stays(tmp_path: Path) -> None:
    """Who saves reads first: of each model what changed last is kept, whoever saw it."""
    file, clock = tmp_path / "seen.json", VirtualClock()
    one, other = (
        llmroute.Client(models=[model("m"), model(name)], observations=file, clock=clock)
        for name in ("a", "b")
    )
    one.chat("hi", model="a")
    one.chat("hi", model="m")
    one.close()
    clock.advance(10)
    other.chat("hi", model="b")
    other.observations.save()
    assert set(saved(file)) == {"a", "b", "m"}
    assert saved(file)["m"]["answers"] == 1, "what this one never asked is as the other left it"
    clock.advance(10)
    for _ in range(2):
        other.chat("hi", model="m")
    other.close()
    assert {name: entry["answers"] for name, entry in saved(file).items()} == {
        "a": 1,
        "b": 1,
        "m": 2,
    }


def test_the_newest_models_stay_when_there_are_too_many(tmp_path: Path) -> None:
    """A file that many processes write holds a thousand models at most: those that changed last."""
    now = VirtualClock().wall_time()
    file = tmp_path / "seen.json"
    old = {f"old{at}": Dated(Observed(answers=1), now - timedelta(hours=1)) for at in range(900)}
    write(file, old)
    new = {f"new{at}": Dated(Observed(answers=1), now) for at in range(200)}
    kept = joined(file, new, now)
    assert len(kept) == MOST_MODELS
    assert set(new) <= set(kept)


def test_a_name_of_another_upstream_begins_anew(tmp_path: Path) -> None:
    """What was seen under a name tells nothing of another model that has the name later."""
    file, clock = tmp_path / "seen.json", VirtualClock()

    def made(use: str) -> llmroute.Client:
        stand_in = {"m": ScriptedProvider("one two three")}
        declared = [llmroute.model("m", use=use)]
        return llmroute.Client(models=declared, providers=stand_in, observations=file, clock=clock)

    with made("openai/gpt-6.1-terra") as first:
        first.chat("hi")
    assert saved(file)["m"]["of"] == "https://api.openai.com gpt-6.1-terra"
    with made("openai/gpt-6.1-terra") as again:
        assert again.observations.seen["m"].answers == 1
    with made("openai/gpt-6-luna") as other:
        assert other.observations.seen == {}
        clock.advance(1)
        other.chat("hi")
    assert saved(file)["m"]["answers"] == 1
    assert saved(file)["m"]["of"] == "https://api.openai.com gpt-6-luna"


def test_shared_observations_mix_no_upstreams() -> None:
    """Of two models of one name the one that was asked last is remembered, never a mean of both."""
    shared = llmroute.Observations()
    for use in ("openai/gpt-6.1-terra", "openai/gpt-6-luna", "openai/gpt-6-luna"):
        stand_in = {"m": ScriptedProvider("one")}
        declared = [llmroute.model("m", use=use)]
        with llmroute.Client(models=declared, providers=stand_in, observations=shared) as client:
            client.chat("hi")
    assert shared.seen["m"].answers == 2


WRITER = """
import sys
import llmroute
from llmroute.health.saved import read
from llmroute.testing import ScriptedProvider
from datetime import UTC, datetime
file = sys.argv[1]
for _ in range(30):
    declared = [llmroute.model(sys.argv[2] * 50, use="own", provider=ScriptedProvider("one two"))]
    with llmroute.Client(models=declared, observations=file) as client:
        client.chat("hi", task="qa")
    from pathlib import Path
    found = read(Path(file), datetime.now(UTC))
    assert found, "torn"
"""


def test_two_processes_never_leave_a_torn_file(tmp_path: Path) -> None:
    """Two processes write one file at once: who reads it always finds a whole one."""
    file = tmp_path / "seen.json"
    command = [sys.executable, "-c", WRITER, str(file)]
    running = [subprocess.Popen([*command, name]) for name in "ab"]
    assert [process.wait() for process in running] == [0, 0]
    assert set(saved(file)) == {"a" * 50, "b" * 50}
    assert not (tmp_path / "seen.json.damaged").exists()


def test_a_name_that_no_file_can_have_is_a_typed_error() -> None:
    """A NUL in the file's name is told as any other mistake."""
    with pytest.raises(llmroute.PolicyError, match="its name holds a NUL"):
        llmroute.Observations("seen\0.json")
