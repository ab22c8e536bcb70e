"""The C names of llama.cpp as llama-cpp-python 0.3.36 binds them, typed, and nothing else of it.

Its `Llama` class is not used: two threads on one object abort the process, interleaved streams mix
(abetlen/llama-cpp-python#471), and nothing stops it in the middle of a prompt.
"""

from __future__ import annotations

import ctypes
import importlib
import re
import sys
import threading
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from llmroute.errors import AttemptError

from .availability import INSTALL
from .threads import short_spins

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

TOKEN_UNKNOWN, TOKEN_CONTROL, TOKEN_USER_DEFINED = 1, 8, 16
TOKEN_LSTRIP, TOKEN_RSTRIP = 128, 256
VOCABULARY_NONE = 0
ABORTED = 2
LOG_WARNING, LOG_ERROR, LOG_CONTINUED = 3, 4, 5

Handle = int
"""The address of something that llama.cpp owns."""


class ModelParameters(Protocol):
    """The fields of `llama_model_params` that are set here."""

    n_gpu_layers: int
    progress_callback: object
    use_extra_bufts: bool
    vocab_only: bool


class ContextParameters(Protocol):
    """The fields of `llama_context_params` that are set here."""

    n_ctx: int
    n_batch: int
    n_ubatch: int
    n_seq_max: int
    n_threads: int
    n_threads_batch: int
    no_perf: bool
    pooling_type: int
    flash_attn_type: int
    embeddings: bool
    kv_unified: bool


class SamplerParameters(Protocol):
    """`llama_sampler_chain_params`."""

    no_perf: bool


class Sampler(Protocol):
    """A pointer to a `llama_sampler`."""


class Batch(Protocol):
    """A `llama_batch`."""


class Library(Protocol):
    """The functions of llama.cpp that are used; each is checked for once, at the first use."""

    llama_model_default_params: Callable[[], ModelParameters]
    llama_model_load_from_file: Callable[[bytes, ModelParameters], Handle | None]
    llama_model_free: Callable[[Handle], None]
    llama_model_get_vocab: Callable[[Handle], Handle]
    llama_model_has_decoder: Callable[[Handle], bool]
    llama_model_has_encoder: Callable[[Handle], bool]
    llama_context_default_params: Callable[[], ContextParameters]
    llama_init_from_model: Callable[[Handle, ContextParameters], Handle | None]
    llama_free: Callable[[Handle], None]
    llama_set_abort_callback: Callable[[Handle, object, int], None]
    llama_get_memory: Callable[[Handle], Handle]
    llama_memory_clear: Callable[[Handle, bool], None]
    llama_memory_seq_rm: Callable[[Handle, int, int, int], bool]
    llama_batch_get_one: Callable[[object, int], Batch]
    llama_decode: Callable[[Handle, Batch], int]
    llama_vocab_type: Callable[[Handle], int]
    llama_vocab_bos: Callable[[Handle], int]
    llama_vocab_eos: Callable[[Handle], int]
    llama_vocab_get_add_bos: Callable[[Handle], bool]
    llama_vocab_get_text: Callable[[Handle, int], bytes]
    llama_vocab_get_attr: Callable[[Handle, int], int]
    llama_vocab_is_eog: Callable[[Handle, int], bool]
    llama_tokenize: Callable[[Handle, bytes, int, object, int, bool, bool], int]
    llama_token_to_piece: Callable[[Handle, int, object, int, int, bool], int]
    llama_sampler_chain_default_params: Callable[[], SamplerParameters]
    llama_sampler_chain_init: Callable[[SamplerParameters], Sampler]
    llama_sampler_chain_add: Callable[[Sampler, Sampler], None]
    llama_sampler_init_greedy: Callable[[], Sampler]
    llama_sampler_init_dist: Callable[[int], Sampler]
    llama_sampler_init_top_k: Callable[[int], Sampler]
    llama_sampler_init_top_p: Callable[[float, int], Sampler]
    llama_sampler_init_min_p: Callable[[float, int], Sampler]
    llama_sampler_init_temp: Callable[[float], Sampler]
    llama_sampler_sample: Callable[[Sampler, Handle, int], int]
    llama_sampler_free: Callable[[Sampler], None]
    llama_supports_gpu_offload: Callable[[], bool]
    llama_print_system_info: Callable[[], bytes]
    llama_log_set: Callable[[object, object], None]
    llama_log_callback: Callable[[object], object]
    llama_progress_callback: Callable[[object], object]
    ggml_abort_callback: Callable[[int], object]


class EngineBuild(NamedTuple):
    """What the installed llama.cpp is: package version, its own build line, GPU offload."""

    version: str
    system: str
    gpu_offload: bool


_loading = threading.Lock()


def load_library() -> Library:
    """Import llama.cpp; once in a process, and safe from any thread.

    Raises:
        AttemptError: kind "missing_package" when it is not installed, "engine" when it does not
            load or is a version that lacks a function.
    """
    with _loading:
        return _load()


@cache
def _load() -> Library:
    try:
        with short_spins():
            module = importlib.import_module("llama_cpp.llama_cpp")
    except ImportError as problem:
        reason = f"llama-cpp-python cannot be imported ({problem}); {INSTALL}"
        raise AttemptError("missing_package", reason) from None
    except (OSError, RuntimeError) as problem:
        reason = f"the library of llama-cpp-python does not load: {problem}"
        raise AttemptError("engine", reason) from None
    missing = [name for name in Library.__annotations__ if not hasattr(module, name)]
    if missing:
        reason = (
            f"llama-cpp-python {version()} lacks {', '.join(missing[:3])}; 0.3.36 is known to work"
        )
        raise AttemptError("engine", reason)
    library = cast("Library", module)
    listener = library.llama_log_callback(_listen)
    _alive.append(listener)
    library.llama_log_set(listener, None)
    return library


def version() -> str:
    """The version of the installed llama-cpp-python."""
    version: object = getattr(sys.modules.get("llama_cpp"), "__version__", "(unknown version)")
    return str(version)


def engine_build() -> EngineBuild:
    """Describe the installed llama.cpp; imports it (0.2 s).

    Raises:
        AttemptError: as `load_library` does.
    """
    library = load_library()
    system = library.llama_print_system_info().decode("utf-8", "replace").strip()
    return EngineBuild(version(), system, library.llama_supports_gpu_offload())


def has_tiles(library: Library) -> bool:
    """Whether this build multiplies by AMX tiles where weights are repacked for them.

    Virtual machines may show these instructions and fault at the first one, which ends the process
    (SIGSEGV at `ldtilecfg` with llama-cpp-python 0.3.36 under Firecracker); nobody can tell before.
    """
    return b"AMX_INT8 = 1" in library.llama_print_system_info()


class AbortFlag:
    """A flag that stops llama.cpp between two operations, set from any thread.

    llama.cpp asks its abort callback some 600 times per token. A Python function would take the
    interpreter's lock each time, so C's `strlen` is the callback and the flag's two bytes are its
    argument: it returns 0 (false) for "" and 1 (true) for one character.
    """

    __slots__ = ("_bytes",)

    def __init__(self) -> None:
        """Begin unset."""
        self._bytes = ctypes.create_string_buffer(2)

    def set(self) -> None:
        """Stop the computation; it never becomes unset."""
        self._bytes[0] = b"\x01"

    @property
    def is_set(self) -> bool:
        """Whether the computation was asked to stop."""
        return self._bytes[0] != b"\x00"

    @property
    def address(self) -> int:
        """Where the two bytes are; valid as long as this object lives."""
        return ctypes.addressof(self._bytes)


@cache
def abort_callback() -> object:
    """The C function that reads an `AbortFlag`."""
    c_library = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
    address = ctypes.cast(c_library.strlen, ctypes.c_void_p).value or 0
    return load_library().ggml_abort_callback(address)


class LoadLog:
    """What llama.cpp complains of in this thread, while the block runs; it is quiet otherwise."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._lines: list[str] = []

    def __enter__(self) -> Self:
        _captures[threading.get_ident()] = self._lines
        return self

    def __exit__(self, *_: object) -> None:
        _captures.pop(threading.get_ident(), None)

    @property
    def reason(self) -> str:
        """llama.cpp's own reason, in one line; empty when it gave none."""
        text = "".join(self._lines)
        told = re.search(r"error loading model: (.+)", text) or re.search(
            r"^(?:\w+: )?(.*(?:error|fail|unable|cannot).*)$", text, re.MULTILINE | re.IGNORECASE
        )
        return told[1].strip() if told else text.strip().partition("\n")[0]


class _Heard(threading.local):
    """Whether the last line in this thread was a complaint, which a continued line goes on."""

    complaint = False


_captures: dict[int, list[str]] = {}
_heard = _Heard()
_alive: list[object] = []
"""Callbacks that llama.cpp may call as long as the process lives."""


def _listen(level: int, text: bytes, _: object) -> None:
    lines = _captures.get(threading.get_ident())
    if lines is None:
        return
    if level != LOG_CONTINUED:
        _heard.complaint = level in {LOG_WARNING, LOG_ERROR}
    if _heard.complaint:
        lines.append(text.decode("utf-8", "replace"))
