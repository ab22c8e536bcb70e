"""Every example and every act of the demo, run for real as its reader runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.local.tiny_gguf import tiny_gguf

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.native

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("[0-9]*.py"))
DEMO = "demo/main.py"
KEY = "sk-canary-0123456789"


def run(
    name: str, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run an example from the root of the checkout, without a key and LLAMA unless `env` says."""
    unwanted = {"OPENAI_API_KEY", "LLAMA", "LLMROUTE_POLICY"}
    clean = {name: value for name, value in os.environ.items() if name not in unwanted}
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / name), *arguments],
        cwd=ROOT,
        env={**clean, **(env or {})},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def demo() -> str:
    """What the demo prints, all acts, without a key."""
    done = run(DEMO)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of the LLaMA 2 architecture."""
    return tiny_gguf(tmp_path_factory.mktemp("llama") / "tiny.gguf")


def act(output: str, number: int) -> str:
    """One act of the demo's output, its spaces and line breaks made single spaces."""
    return " ".join(
        output.split(f"=== Act {number} of 5")[1].split("=== Act ", maxsplit=1)[0].split()
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_short(path: Path) -> None:
    """An example has fewer than 40 lines, and is named in the README beside it."""
    assert len(path.read_text(encoding="utf-8").splitlines()) < 40
    assert path.name in (ROOT / "examples" / "README.md").read_text(encoding="utf-8")


def test_the_assistant_answers_every_question_and_ends_at_an_empty_line() -> None:
    """The assistant goes on without a key when the better model is asked for."""
    done = run("01_assistant.py", stdin="What is a llama?\n!And an alpaca?\n\n")
    assert (done.returncode, done.stdout.count("local> ")) == (0, 2), done.stderr


def test_the_summary_shows_its_plan_first(tmp_path: Path) -> None:
    """The plan stands above the summary, and the cost below it."""
    text = tmp_path / "text.txt"
    text.write_text("Water boils at 100 degrees Celsius at sea level.", encoding="utf-8")
    done = run("02_summary.py", str(text))
    assert done.returncode == 0, done.stderr
    assert done.stdout.index("OPENAI_API_KEY is not set") < done.stdout.rindex("\n\n")
    assert "local, $0, " in done.stderr


def test_the_summary_of_a_missing_file_is_one_sentence() -> None:
    """A wrong path ends the program with a sentence, not with a traceback."""
    done = run("02_summary.py", "/nowhere/text.txt")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_the_translation_gives_each_text_an_answer() -> None:
    """Each text is followed by its translation and by the model that made it."""
    done = run("03_translation.py", "Spanish", "Good morning.", "Thank you.")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"(?s)Good morning\.\n  .+\nThank you\.\n  .+\n", done.stdout)


def test_a_translation_that_fails_is_no_translation() -> None:
    """When no text could be translated, stdout stays empty and the program fails."""
    done = run("03_translation.py", "Spanish", "word " * 20_000)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert "no model may answer" in done.stderr


def test_the_tutor_streams() -> None:
    """The tutor's answer comes on stdout, and why that model answered on stderr."""
    done = run("04_tutor.py", "What", "is", "rain?")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "local is the only model that may answer" in done.stderr


def test_the_extraction_gives_a_value_of_its_type() -> None:
    """A name and a year come out, whichever they are: the local model is held to the shape."""
    done = run("05_extraction.py", "Ada Lovelace, born in 1815, wrote programs.")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r".*, \d{1,4}\n", done.stdout)


def test_the_tool_is_asked_for_and_answered() -> None:
    """The model asks for the tool with its one argument, and goes on with the result."""
    done = run("06_tools.py", "Oslo")
    assert done.returncode == 0, done.stderr
    assert re.match(r"\[\('weather', \{'city': '.*'\}\)\]\n.+", done.stdout)


def test_act_1_refuses_four_of_five_models_with_reasons(demo: str) -> None:
    """The plan names key, retirement, clause and window, and chooses the free local model."""
    plan = act(demo, 1)
    assert "-> smollm2 llama-cpp/smollm2-135m-instruct $0 marginal" in plan
    assert "OPENAI_API_KEY is not set" in plan
    assert re.search(r"retired 2026-10-23; successor \S+", plan)
    assert re.search(r"x llama-2 llama-cpp/llama-2-7b-chat license .*\(1\.b\.v\)", plan)
    assert re.search(r"needs 9\d\d tokens, the window is 512", plan)


def test_act_2_answers_with_model_tokens_cost_time_and_reason(demo: str) -> None:
    """The answer of the real model is followed by what it was and what it took."""
    answer = act(demo, 2)
    assert "| 1." in answer
    assert re.search(
        r"model smollm2 .* tokens \d+ in, \d+ out cost \$0 marginal time [\d.]+ s, "
        r"the first token after [\d.]+ s why smollm2 is the only model that may answer; .*; "
        r"short refused: needs 9\d\d tokens, the window is 512",
        answer,
    )


def test_act_3_shows_the_seam_and_both_attempts(demo: str) -> None:
    """The stand-in, named as one, breaks off; the local model starts over."""
    broken = act(demo, 3)
    assert "stand-in for a GPT server, on 127.0.0.1" in broken
    assert "| Plants make sugar out of | ~~~ the connection broke; smollm2 starts over" in broken
    assert "hangs up after 5 tokens" in broken
    assert "about 15 in, 5 out" in broken
    row = r"(?:[\d.]+ s ){3}(?:about )?\d+ in, \d+ out \$\S+ "
    assert re.search(rf"1 stand-in {row}failed 2 smollm2 {row}marginal answered", broken)


def test_act_4_answers_although_sockets_are_forbidden(demo: str) -> None:
    """A socket raises, and the local model answers: the remote one is refused as offline."""
    offline = act(demo, 4)
    assert "one to api.openai.com just did" in offline
    assert "model smollm2" in offline
    assert "gpt refused: [offline] mode is always" in offline


def test_act_5_weighs_the_library(demo: str) -> None:
    """The footer counts packages, times the import, and finds no socket opened by it."""
    weight = act(demo, 5)
    assert re.search(r"packages \d+ in this environment", weight)
    assert re.search(r" \d+ of them are llmroute and what it needs without extras", weight)
    assert re.search(r"import [\d.]+ ms \([\d.]+ ms of CPU\)", weight)
    assert "sockets 0 opened" in weight


def test_the_demo_fits_its_terminal(demo: str) -> None:
    """No line of the demo is longer than 100 columns."""
    assert max(len(line) for line in demo.splitlines()) <= 100


def test_the_demo_is_as_wide_as_its_terminal() -> None:
    """On a narrow terminal everything but the plan's table shrinks."""
    done = run(DEMO, "2", "4", "5", env={"COLUMNS": "64"})
    assert done.returncode == 0, done.stderr
    assert max(len(line) for line in done.stdout.splitlines()) <= 64


def test_the_demo_may_be_cut_off() -> None:
    """A reader that goes away, as `head` does, ends the demo without a word."""
    command = [sys.executable, str(ROOT / "examples" / DEMO), "1", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as playing:
        assert playing.stdout is not None
        assert playing.stderr is not None
        playing.stdout.readline()
        playing.stdout.close()
        assert playing.stderr.read() == b""


def test_a_paid_call_is_said_before_it_is_made() -> None:
    """With a key set the first line names the model, what it costs at most, and the way out."""
    said = "from stage import paid_call; print(paid_call())"
    found = [
        subprocess.run(
            [sys.executable, "-c", said],
            cwd=ROOT / "examples" / "demo",
            env=os.environ | {"OPENAI_API_KEY": key, "LLAMA": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for key in (KEY, "")
    ]
    notice = "OPENAI_API_KEY is set: act 2 asks openai/gpt-6.1-terra, which costs at most $0.005."
    assert found == [f"{notice} Unset it to play without.\n", "None\n"]


def test_a_key_lets_the_gpt_class_model_answer() -> None:
    """With a key set the plan chooses the remote model at a price, and the key is not shown."""
    done = run(DEMO, "1", env={"OPENAI_API_KEY": KEY})
    assert re.search(r"-> +gpt +openai/gpt-6.1-terra +\$0\.0", done.stdout), done.stderr
    assert KEY not in done.stdout + done.stderr


def test_the_readers_own_llama_answers(tiny: Path) -> None:
    """LLAMA names the model that answers in acts 2, 3 and 4, for a purpose its license allows."""
    done = run(DEMO, "1", "2", "3", "4", env={"LLAMA": str(tiny)})
    assert done.returncode == 0, done.stderr
    assert "-> llama-2 llama-cpp/tiny $0 marginal" in act(done.stdout, 1)
    assert "model llama-2" in act(done.stdout, 2)
    assert "llama-2 starts over" in act(done.stdout, 3)
    assert "model llama-2" in act(done.stdout, 4)


def test_a_wrong_llama_is_one_sentence(tmp_path: Path) -> None:
    """A path in LLAMA that is no model is said in one line, before any act."""
    text = tmp_path / "llama.gguf"
    text.write_text("no model", encoding="utf-8")
    for path in (text, tmp_path / "missing.gguf", tmp_path):
        done = run(DEMO, env={"LLAMA": str(path)})
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(rf"LLAMA={re.escape(str(path))} cannot be used: .+\n", done.stderr)


def test_an_unknown_act_is_one_sentence() -> None:
    """An act that there is not is named, with those that there are."""
    done = run(DEMO, "6")
    assert done.returncode == 1
    assert done.stderr == "there is no act 6; name some of 1 to 5\n"
