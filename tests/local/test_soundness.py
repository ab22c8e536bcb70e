"""Headers that llama.cpp would end the process for: refused before it sees them."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gguf import GGUFValue, GGUFValueType

from llmroute.errors import AttemptError
from llmroute.providers.llama_cpp import read_header
from tests.local.damaged import DAMAGES, FLOAT32, STRING, put, put_numbers, put_token
from tests.local.tiny_gguf import tiny_gguf

if TYPE_CHECKING:
    from collections.abc import Callable

    from gguf import GGUFWriter

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_told(name: str, tmp_path: Path) -> None:
    """A header that llama.cpp would end the process for is refused, and the reason names where."""
    damage = DAMAGES[name]
    path = tiny_gguf(tmp_path / "damaged.gguf", change=damage.change)
    with pytest.raises(AttemptError) as caught:
        read_header(str(path))
    assert caught.value.fault.kind == "model_file"
    assert f"{path}: cannot be used: " in caught.value.fault.reason
    assert damage.reason in caught.value.fault.reason


@pytest.mark.native
def test_damage_ends_no_process(tmp_path: Path) -> None:
    """Asked with each damaged file, the engine refuses, and the process lives on."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.local.damaged", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "GGML_NO_BACKTRACE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    told = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert done.returncode == 0, f"ended after {list(told)}"
    for name, damage in DAMAGES.items():
        assert damage.reason in told[name]


def put_array(key: str, values: list[int], writer: GGUFWriter) -> None:
    """Write a number for each layer."""
    kind = GGUFValueType.UINT32
    writer.kv_data[0][f"llama.{key}"] = GGUFValue(values, GGUFValueType.ARRAY, kind)


SOUND: dict[str, Callable[[GGUFWriter], None]] = {
    "experts": partial(put_numbers, expert_count=8, expert_used_count=2),
    "expert groups": partial(
        put_numbers,
        expert_count=8,
        expert_used_count=2,
        expert_group_count=2,
        expert_group_used_count=1,
    ),
    "one layer ahead": partial(put_numbers, nextn_predict_layers=1),
    "512 layers": partial(put_numbers, block_count=512),
    "rope scaling": partial(put, STRING, "llama.rope.scaling.type", "yarn"),
    "a token without text": partial(put_token, 300, ""),
    "a byte without its name": partial(put_token, 3 + ord("~"), "~"),
    "another's epsilon": partial(put, FLOAT32, "bert.attention.layer_norm_epsilon", -1.0),
    "an array for each layer": partial(put_array, "attention.head_count_kv", [2, 2]),
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_headers_are_not_refused(name: str, tmp_path: Path) -> None:
    """What llama.cpp itself would take, or refuse in words, passes the reader."""
    path = tiny_gguf(tmp_path / "sound.gguf", change=SOUND[name])
    assert read_header(str(path)).architecture == "llama"


def test_experts_may_differ_by_layer(tmp_path: Path) -> None:
    """Where a number is given for each layer, the largest is held against the count."""

    def experts(count: int, writer: GGUFWriter) -> None:
        put_numbers(writer, expert_count=count)
        put_array("expert_used_count", [0, 4], writer)

    read_header(str(tiny_gguf(tmp_path / "sound.gguf", change=partial(experts, 4))))
    with pytest.raises(AttemptError, match="is 4 of 3 experts"):
        read_header(str(tiny_gguf(tmp_path / "damaged.gguf", change=partial(experts, 3))))
