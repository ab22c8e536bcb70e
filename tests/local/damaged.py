"""Tiny models with damage that llama.cpp answers by ending the process.

Run as a program (`python -m tests.local.damaged FOLDER`), it writes each into the folder and asks
it a question; it prints a line for each, and ends with exit code 0 unless llama.cpp ended it.
"""

from __future__ import annotations

import contextlib
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gguf import GGMLQuantizationType, GGUFValue, GGUFValueType

from llmroute.errors import AttemptError
from llmroute.providers.llama_cpp import LlamaCppProvider
from tests.local.support import call, fold, model
from tests.local.tiny_gguf import tiny_gguf

if TYPE_CHECKING:
    from collections.abc import Callable

    from gguf import GGUFWriter

UINT32, FLOAT32, STRING = GGUFValueType.UINT32, GGUFValueType.FLOAT32, GGUFValueType.STRING
TOKENS = "tokenizer.ggml.tokens"


class Damage(NamedTuple):
    """How a good header is changed, and a part of the reason that must be told."""

    change: Callable[[GGUFWriter], None]
    reason: str


def put(kind: GGUFValueType, key: str, value: object, writer: GGUFWriter) -> None:
    """Write a key, over what was there."""
    writer.kv_data[0][key] = GGUFValue(value, kind)


def put_number(key: str, value: int, writer: GGUFWriter) -> None:
    """Write a whole number of the architecture."""
    put(UINT32, f"llama.{key}", value, writer)


def put_numbers(writer: GGUFWriter, **values: int) -> None:
    """Write several."""
    for key, value in values.items():
        put_number(key, value, writer)


def put_token(index: int, text: str, writer: GGUFWriter) -> None:
    """Write another text for a token."""
    put_tokens({index: text}, writer)


def put_tokens(texts: dict[int, str], writer: GGUFWriter) -> None:
    """Write other texts for tokens."""
    for index, text in texts.items():
        writer.kv_data[0][TOKENS].value[index] = text


def put_type(name: str, kind: GGMLQuantizationType, writer: GGUFWriter) -> None:
    """Call a tensor's weights another type."""
    writer.tensors[0][name].dtype = kind


DAMAGES = {
    "no layers": Damage(partial(put_number, "block_count", 0), "block_count is 0"),
    "layers": Damage(partial(put_number, "block_count", 2**31), "block_count is 2147483648"),
    "513 layers": Damage(partial(put_number, "block_count", 513), "1 to 512 make sense"),
    "layers ahead": Damage(partial(put_number, "nextn_predict_layers", 3), "all 2 layers"),
    "experts": Damage(partial(put_number, "expert_count", 2**16), "expert_count is 65536"),
    "idle experts": Damage(partial(put_number, "expert_count", 8), "is 0 of 8 experts"),
    "no experts": Damage(partial(put_number, "expert_used_count", 2), "is 2 of 0 experts"),
    "expert groups": Damage(partial(put_number, "expert_group_count", 2), "2 for 0 experts"),
    "uneven groups": Damage(
        partial(
            put_numbers,
            expert_count=8,
            expert_used_count=2,
            expert_group_count=3,
            expert_group_used_count=1,
        ),
        "1 of 3 groups of 8 experts",
    ),
    "rope scaling": Damage(
        partial(put, STRING, "llama.rope.scaling.type", "yam"), "rope.scaling.type is 'yam'"
    ),
    "negative epsilon": Damage(
        partial(put, FLOAT32, "llama.attention.layer_norm_rms_epsilon", -1.0), "is -1.0"
    ),
    "no epsilon": Damage(
        partial(put, FLOAT32, "llama.attention.layer_norm_rms_epsilon", float("nan")), "is nan"
    ),
    "alignment": Damage(partial(put, UINT32, "general.alignment", 1), "no multiple of 32"),
    "equal tokens": Damage(partial(put_token, 300, "<s>"), "'<s>' twice"),
    "tokens equal to a zero": Damage(partial(put_token, 300, "<s>\0x"), "'<s>' twice"),
    "equal to no token": Damage(
        partial(put_tokens, {1: "[EMPTY_300]", 300: ""}),
        "'[EMPTY_300]' twice",
    ),
    "no line feed": Damage(partial(put_token, 3 + 10, "<line feed>"), "lacks the token <0x0A>"),
    "an encoder's tokenizer": Damage(
        partial(put, STRING, "tokenizer.ggml.model", "bert"), "that of an encoder"
    ),
    "whole numbers for weights": Damage(
        partial(put_type, "output.weight", GGMLQuantizationType.I32), "'output.weight' are of type"
    ),
    "whole numbers for a norm": Damage(
        partial(put_type, "output_norm.weight", GGMLQuantizationType.I32),
        "'output_norm.weight' are of type",
    ),
}


def main(folder: Path) -> None:
    """Ask each damaged file; the child process that llama.cpp would end."""
    provider = LlamaCppProvider()
    for name, damage in DAMAGES.items():
        of = model(tiny_gguf(folder / "damaged.gguf", change=damage.change))
        told = "answers"
        with contextlib.suppress(AttemptError):
            fold(provider.events(call(of, "a line\nand another")))
        told = provider.unavailable(of) or told
        print(f"{name}: {told}", flush=True)
    provider.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
