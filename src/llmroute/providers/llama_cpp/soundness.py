"""What llama.cpp asserts of a header instead of refusing it: a failed assertion ends the process.

Found by reading llama.cpp as llama-cpp-python 0.3.36 carries it (`llama_model_base::load_hparams`,
`llama_vocab::impl::load`, `byte_to_token`) and by damaging the header of a small LLaMA.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .reader import Value

TOKENS = "tokenizer.ggml.tokens"
MAX_LAYERS = 512  # llama-hparams.h: LLAMA_MAX_LAYERS
MAX_EXPERTS = 1024  # llama-hparams.h: LLAMA_MAX_EXPERTS
ROPE_SCALINGS = ("none", "linear", "yarn", "longrope")
TENSOR_ALIGNMENT = 32  # ggml-impl.h: of the first weight in memory
F32 = 0  # ggml.h; llama.cpp's own tools keep every norm in it
NO_WEIGHTS = range(24, 29)  # ggml.h: I8, I16, I32, I64, F64
WORDPIECE_MARKS = {"unknown": 100, "bos": 101, "seperator": 102, "padding": 0}
"""llama-vocab.cpp: what counts where a file does not say; "seperator" is how the key is spelled."""
WEIGHTS = re.compile(r"(token_embd|output|attn_\w+|ffn_(gate|up|down))\.weight$")


class Contents(NamedTuple):
    """A whole header: its keys, each tensor's name and type, and where the weights begin."""

    architecture: str
    values: dict[str, Value]
    tensors: list[tuple[str, int]]
    weights_at: int

    @property
    def is_encoder(self) -> bool:
        """Whether the model reads texts, and writes none: its tokens see those behind them."""
        return self.values.get(f"{self.architecture}.attention.causal") is False

    def number(self, key: str) -> int:
        """A whole number of the architecture, the largest of an array; 0 when it is missing."""
        value = self.values.get(f"{self.architecture}.{key}", 0)
        numbers = value if isinstance(value, tuple) else (value,)
        return max((one for one in numbers if isinstance(one, int)), default=0)


def damage(contents: Contents) -> str | None:
    """Say in one sentence what would make llama.cpp end the process; None when nothing would."""
    return next((reason for check in CHECKS for reason in check(contents)), None)


def _layers(contents: Contents) -> Iterator[str]:
    blocks, ahead = contents.number("block_count"), contents.number("nextn_predict_layers")
    if f"{contents.architecture}.block_count" in contents.values and not 1 <= blocks <= MAX_LAYERS:
        yield f"block_count is {blocks}, 1 to {MAX_LAYERS} make sense"
    if ahead > blocks:
        yield f"nextn_predict_layers is {ahead}, more than all {blocks} layers"


def _experts(contents: Contents) -> Iterator[str]:
    experts, used = contents.number("expert_count"), contents.number("expert_used_count")
    if experts <= 1 and contents.architecture in {"hunyuan-dense", "hunyuan_vl"}:
        return  # llama.cpp takes them for models without experts
    if experts > MAX_EXPERTS:
        yield f"expert_count is {experts}, at most {MAX_EXPERTS} make sense"
    if not min(experts, 1) <= used <= experts:
        yield f"expert_used_count is {used} of {experts} experts"


def _expert_groups(contents: Contents) -> Iterator[str]:
    experts, groups = contents.number("expert_count"), contents.number("expert_group_count")
    used = contents.number("expert_group_used_count")
    if groups and groups >= experts:
        yield f"expert_group_count is {groups} for {experts} experts"
    if groups > 1 and (experts % groups or not 0 < used < groups):
        yield f"{used} of {groups} groups of {experts} experts make no sense"


def _numbers(contents: Contents) -> Iterator[str]:
    scaling = contents.values.get(f"{contents.architecture}.rope.scaling.type", "none")
    if scaling not in ROPE_SCALINGS:
        yield f"rope.scaling.type is {scaling!r}, one of {', '.join(ROPE_SCALINGS)} makes sense"
    for key, value in contents.values.items():
        own = key.startswith(f"{contents.architecture}.") and key.endswith("_epsilon")
        if own and isinstance(value, float) and not value >= 0:
            yield f"{key} is {value}, not a number from 0 on"


def _tensors(contents: Contents) -> Iterator[str]:
    if contents.weights_at % TENSOR_ALIGNMENT:
        yield f"the weights begin at byte {contents.weights_at}, no multiple of {TENSOR_ALIGNMENT}"
    for name, kind in contents.tensors:
        norm = name.endswith("norm.weight")
        if (norm and kind != F32) or (kind in NO_WEIGHTS and WEIGHTS.search(name)):
            yield f"the weights {name!r} are of type {kind}, which llama.cpp cannot compute with"


def _vocabulary(contents: Contents) -> Iterator[str]:
    texts = contents.values.get(TOKENS)
    listed = texts if isinstance(texts, tuple) else ()
    tokens = _as_read([one for one in listed if isinstance(one, bytes)])
    known = set(tokens)
    if len(known) < len(tokens):
        twice = Counter(tokens).most_common(1)[0][0]
        yield f"the vocabulary holds {twice.decode('utf-8', 'replace')!r} twice"
    model = contents.values.get("tokenizer.ggml.model")
    if model == "llama":
        yield from _unspelled(known)
    if model == "bert":
        yield from _unmarked(contents, len(tokens))


def _unmarked(contents: Contents, count: int) -> Iterator[str]:
    """Any mark that WordPiece puts around a text or in the place of a word, and that is no token.

    A number that is none is not used, but llama.cpp's own instead.
    """
    if not contents.is_encoder:
        yield "the vocabulary is that of an encoder, not of a text generator"
    for name, own in WORDPIECE_MARKS.items():
        said = contents.values.get(f"tokenizer.ggml.{name}_token_id", own)
        used = said if isinstance(said, int) and 0 <= said < count else own
        if used >= count:
            yield f"{name}_token_id is {said}, and the vocabulary has {count} tokens"


def _unspelled(known: set[bytes]) -> Iterator[str]:
    """Any byte that no token stands for: the first text with it would end the process."""
    for byte in range(256 if known else 0):
        if b"<0x%02X>" % byte not in known and bytes([byte]) not in known:
            yield f"the vocabulary lacks the token <0x{byte:02X}>, so not every text fits it"


def _as_read(tokens: list[bytes]) -> list[bytes]:
    """The tokens as llama.cpp reads them: each as a C string, and with names for empty ones."""
    if b"" not in tokens and b"\0" not in b"".join(tokens):
        return tokens
    ended = [one.partition(b"\0")[0] for one in tokens]
    return [one or b"[EMPTY_%d]" % index for index, one in enumerate(ended)]


CHECKS: tuple[Callable[[Contents], Iterator[str]], ...] = (
    _layers,
    _experts,
    _expert_groups,
    _numbers,
    _tensors,
    _vocabulary,
)
