"""Tasks are detected by words and form; detection only ever helps to choose."""

from __future__ import annotations

import json
import zlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llmroute
from llmroute import Client, Image, Message, PolicyError, policies
from llmroute.policies import task_weights
from llmroute.policies.records import Record
from llmroute.policies.task_words import WORDS
from llmroute.policies.tasks import END, PART, SHOWN, WORDS_APART, bucket, detect
from llmroute.testing import ScriptedProvider
from llmroute.types.observed import Observed
from llmroute.types.plans import Detected, Situation
from llmroute.types.requests import TASKS, Request
from llmroute.types.tools import OutputSpec
from llmroute.types.usage import TokenCount

if TYPE_CHECKING:
    from collections.abc import Callable

PROMPTS = sorted((Path(__file__).parent / "prompts").glob("*.txt"))
LEAST_ACCURACY, LEAST_F1 = 0.87, 0.87
LEAST_ELSEWHERE, LEAST_SURE, LEAST_RIGHT_OF_SURE = 0.72, 0.5, 0.92
"""A little under what was measured; docs/tasks.md says the figures."""
SURE = 0.5
FILE = """
version = 1
[models.gpt]
use = "openai/gpt-6.1-terra"
[models.claude]
use = "anthropic/claude-sonnet-5"
"""
ROUTE = '[[route]]\nname = "programs"\nwhen = { task = "code" }\nuse = ["claude"]\n'
CODE = "Write a Python function that sorts a list of dates."


def asked(text: str, **others: object) -> Request:
    """A request of one message."""
    return Request((Message.user(text),), **others)  # type: ignore[arg-type]


def held_out() -> list[tuple[str, str]]:
    """The third of our own prompts that nothing was fitted to, by the checksum of the text."""
    found: list[tuple[str, str]] = []
    for path in PROMPTS:
        for line in path.read_text(encoding="utf-8").splitlines():
            text = line.replace("\\n", "\n")
            if not line.startswith("#") and zlib.crc32(text.encode()) % 3 == 0:
                found.append((path.stem, text))
    return found


def client(tmp_path: Path, text: str, **options: object) -> Client:
    """A client of two models that answer by a script."""
    file = tmp_path / "llmroute.toml"
    file.write_text(text, encoding="utf-8")
    providers = {name: ScriptedProvider("ok, that is it") for name in ("gpt", "claude")}
    return Client(file, providers=providers, **options)  # type: ignore[arg-type]


def test_held_out_prompts() -> None:
    """On prompts that nothing was fitted to, accuracy and macro-F1 stay what the docs say."""
    pairs = [(task, detect(asked(text)).task) for task, text in held_out()]
    assert len(pairs) >= 200
    scores: list[float] = []
    for name in TASKS:
        hit = pairs.count((name, name))
        of = sum(task == name for task, _ in pairs) + sum(told == name for _, told in pairs)
        scores.append(2 * hit / of)
    assert sum(task == told for task, told in pairs) / len(pairs) >= LEAST_ACCURACY
    assert sum(scores) / len(scores) >= LEAST_F1


@given(st.text(st.characters()), st.text(st.characters(categories=("Cs", "Lo", "Nd", "P"))))
def test_any_text(text: str, system: str) -> None:
    """Any text has a task, a confidence from 0 to 1 and a few fixed words; twice the same."""
    request = Request((Message.system(system), Message.user(text)))
    found = detect(request)
    assert found == detect(request)
    assert found.task in TASKS
    assert 0 <= found.confidence <= 1
    assert len(found.signals) <= 3
    assert set(found.signals) <= set(WORDS) | set(SHOWN.values())


@given(st.text(min_size=1, max_size=50), st.text(max_size=50))
def test_only_both_ends_are_read(head: str, tail: str) -> None:
    """What stands in the middle of a long text changes nothing, so that its length does not."""
    begin, end = head.ljust(PART, "a")[:PART], tail.rjust(PART, "z")[-PART:]
    one, other = begin + "x" * 1_000_000 + end, begin + "y; " * 9 + end
    assert detect(asked(one)) == detect(asked(other))


def test_empty_requests_have_no_task() -> None:
    """Without any text nothing is sure; texts to be embedded have no task."""
    assert detect(asked("")).confidence == 0
    assert detect(Request(())).confidence == 0
    assert detect(Request((), texts=("Write a poem",))).confidence == 0


@pytest.mark.parametrize("end", [True, False])
def test_instructions_at_either_end(end: bool) -> None:
    """An instruction is found before a long text and behind it."""
    text = "The river rose in March and fell in May, and the people went home. " * 100
    order = "Summarize the text in two sentences."
    found = detect(asked(f"{text}\n\n{order}" if end else f"{order}\n\n{text}"))
    assert found.task == "summarize"


def parted() -> list[tuple[str, str, str]]:
    """Prompts that nothing was fitted to: task, instruction, and the text that it is for."""
    found: list[tuple[str, str, str]] = []
    for task, text in held_out():
        end = END.search(text, 12)
        if end and len(text) - end.end() > 15:
            found.append((task, text[: end.start()], text[end.end() :].strip()))
    return found


def _long(text: str) -> str:
    """A text again and again, until it is too long to be read whole."""
    return text * (1500 // len(text) + 1)


PLACES: dict[str, Callable[[str, str], Request]] = {
    "above a long text": lambda order, text: asked(f"{order}: {_long(text)}"),
    "below a long text": lambda order, text: asked(f"{_long(text)}\n\n{order}."),
    "in the system prompt": lambda order, text: Request(
        (Message.system(order), Message.user(text))
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_where_an_instruction_stands(place: str) -> None:
    """It is told from either end of a long text and from the system prompt, and seldom wrong."""
    told = [(task, detect(PLACES[place](order, f"{text} "))) for task, order, text in parted()]
    assert len(told) >= 80
    sure = [(task, found.task) for task, found in told if found.confidence >= SURE]
    assert sum(task == found.task for task, found in told) / len(told) >= LEAST_ELSEWHERE
    assert len(sure) / len(told) >= LEAST_SURE
    assert sum(task == one for task, one in sure) / len(sure) >= LEAST_RIGHT_OF_SURE


def test_a_word_never_weighs_as_a_signal() -> None:
    """Words and signals have weights apart, however their checksums fall."""
    signals = {bucket(f"{zone}:{cue}") for zone in "ITRYF" for cue in WORDS}
    assert all(at >= WORDS_APART for at in signals)
    assert all(bucket(f"w{word}") < WORDS_APART for word in ("translate", "into french", "a:b"))


def test_what_else_a_request_holds() -> None:
    """System prompts, pictures and schemas are signals."""
    german = Message.system("Translate everything that the user says into German.")
    assert detect(Request((german, Message.user("The soup is cold.")))).task == "translate"
    labels = OutputSpec("label", {"enum": ["good", "bad"]}, json.loads)
    found = detect(asked("The soup is cold.", output=labels))
    assert (found.task, "schema of labels" in found.signals) == ("classify", True)
    fields = OutputSpec("soup", {"properties": {"name": {}, "price": {}}}, json.loads)
    assert detect(asked("The soup is cold and costs 4 euros.", output=fields)).task == "extract"
    picture = Request((Message.user("What is this?", Image(url="https://example.org/a.png")),))
    assert "image" in detect(picture).signals


def test_weights_are_small() -> None:
    """The weights are whole numbers of a byte, in at most 256 KiB."""
    assert Path(task_weights.__file__).stat().st_size <= 256 * 1024
    assert all(-128 <= one <= 127 for row in task_weights.ROWS.values() for one in row)


def test_a_route_by_task(tmp_path: Path) -> None:
    """A route for a task takes requests of which it was detected, and the plan says how."""
    with client(tmp_path, FILE + ROUTE) as made:
        plan = made.plan(CODE)
    assert (plan.task, plan.route, plan.model and plan.model.name) == ("code", "programs", "claude")
    assert plan.confidence is not None
    assert plan.confidence >= 0.5
    assert "names programming" in plan.signals
    assert f"task code (detected, {plan.confidence:.2f}: names programming" in str(plan)
    assert plan.to_dict()["signals"] == list(plan.signals)


def test_the_callers_task_wins(tmp_path: Path) -> None:
    """A task that the caller names is never replaced, and has no confidence."""
    with client(tmp_path, FILE + ROUTE, detect=True) as made:
        plan = made.plan(CODE, task="creative")
    assert (plan.task, plan.confidence, plan.signals, plan.route) == ("creative", None, (), None)


def test_where_nothing_can_use_it(tmp_path: Path) -> None:
    """Nothing is detected where no part of the policy looks at the task, unless it is asked for."""
    with client(tmp_path, FILE) as made:
        assert made.plan(CODE).task is None
        assert made.plan(CODE, min_quality="poor").task == "code"
    with client(tmp_path, FILE, detect=True) as made:
        assert made.plan(CODE).task == "code"
    with client(tmp_path, FILE + "[detect]\ntask = true\n") as made:
        assert made.plan(CODE).task == "code"
    with client(tmp_path, FILE + '[prefer]\nmaximize = "quality"\n') as made:
        assert made.plan(CODE).task == "code"


def test_turned_off(tmp_path: Path) -> None:
    """`[detect] task = false` and `detect=False` turn it off."""
    with client(tmp_path, FILE + ROUTE + "[detect]\ntask = false\n") as made:
        assert made.plan(CODE).task is None
    with client(tmp_path, FILE + ROUTE, detect=False) as made:
        assert made.plan(CODE).task is None


def test_what_is_not_sure_is_ignored(tmp_path: Path) -> None:
    """A detection below the least confidence counts as none."""
    with client(tmp_path, FILE + ROUTE + "[detect]\nmin_confidence = 1\n") as made:
        assert made.plan(CODE).task is None
    with client(tmp_path, FILE + ROUTE, detect=1.0) as made:
        assert made.plan(CODE).task is None


@pytest.mark.parametrize("value", [2, -0.1, "yes", []])
def test_wrong_values(tmp_path: Path, value: object) -> None:
    """What is neither a flag nor a confidence is refused."""
    with pytest.raises(PolicyError, match="detect"):
        client(tmp_path, FILE, detect=value)


def test_answers_are_observed_by_the_task(tmp_path: Path) -> None:
    """How long answers are is kept for the detected task."""
    with client(tmp_path, FILE + ROUTE) as made:
        made.chat(CODE)
        lengths = dict(made.observations.seen["claude"].output_tokens)
    assert "code" in lengths


def test_records_keep_it(tmp_path: Path) -> None:
    """A record of a plan with a detected task plans the same again."""
    with client(tmp_path, FILE + ROUTE) as made:
        record = made.record(CODE)
    again = Record.from_dict(json.loads(json.dumps(record.to_dict())))
    assert again.plan == record.plan
    assert not again.differences(again.replay())


TERRA = llmroute.model("gpt", use="openai/gpt-6.1-terra", quality={"code": "strong"})
with Client(models=[TERRA]) as _made:
    MODEL = _made.record(CODE).models[0]
COUNT = TokenCount(100, "estimate", 90, 110)


@given(st.sampled_from([None, *TASKS]), st.floats(0, 5000))
def test_detection_lets_nothing_in(task: str | None, mean: float) -> None:
    """A model that a requirement refuses without a detected task is refused with it."""
    seen = {"gpt": Observed(0.5, 0.01, (("", 2000.0), ("code", mean)), 9)}
    plain = Situation(asked(CODE), COUNT, date(2026, 11, 26), observed=seen)
    found = plain._replace(detected=Detected(task, 0.9) if task else None)
    require = [
        policies.min_quality("good"),
        policies.max_cost_usd(0.02),
        policies.max_latency_s(10),
    ]
    for one in require:
        if one(plain, MODEL) is not None:
            assert one(found, MODEL) is not None
