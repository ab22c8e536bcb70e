"""Keys in declarations: never shown, checked early, and never taken for the name of a variable."""

from __future__ import annotations

from pathlib import Path
from traceback import TracebackException
from typing import TYPE_CHECKING, cast

import pytest

from llmroute import policies
from llmroute.catalog import model, resolve
from llmroute.errors import PolicyError, Problem
from llmroute.policies.files import load_policy, loads_policy
from llmroute.types.secrets import without_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.catalog import ModelOptions

KEY = "sk-canary0123456789"
CATALOG = {"use": "openai/gpt-6.1-terra"}
SERVER = {"use": "openai-compatible", "base_url": "https://llm.example/v1", "model": "m"}


def declared(options: dict[str, object]) -> None:
    """Declare and resolve a model of loose options."""
    resolve(model("m", **cast("ModelOptions", options)))


def shown(act: Callable[[], object]) -> str:
    """What a traceback with locals shows of a failure; the frames of the test are left out."""
    with pytest.raises(PolicyError) as caught:
        act()
    inner = caught.value.__traceback__
    while inner is not None and inner.tb_frame.f_code.co_filename == __file__:
        inner = inner.tb_next
    text = TracebackException(type(caught.value), caught.value, inner, capture_locals=True)
    return "".join(text.format())


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": KEY, "nonsense": 1},
        {"key": KEY, "use": 3},
        {"key": KEY, "price": {"input": -1, "output": 1}},
        {"key": f"{KEY}\nx"},
        {"key": KEY.encode()},
        {"api_key": KEY},
        {"kee": KEY},
        {"key": [KEY]},
        {"key_env": KEY},
        {KEY: 1},
    ],
    ids=str,
)
def test_no_traceback_shows_a_key(wrong: dict[str, object]) -> None:
    """A key is in no error of `model()`, in no local of it, whatever else is wrong."""
    options = {**CATALOG, **wrong}
    assert "canary" not in shown(lambda: model("m", **cast("ModelOptions", options)))


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (f"{KEY}\nsecond line", "holds a line break"),
        (f"{KEY} x", "holds a space"),
        (f"{KEY}\u00fc", "not ASCII"),
        (f"{KEY}\x07", "cannot be printed"),
        ("  ", "is empty"),
    ],
    ids=repr,
)
def test_a_key_that_cannot_be_sent(key: str, says: str) -> None:
    """A key given in code is checked when the model is declared, and is not quoted."""
    with pytest.raises(PolicyError, match=says) as caught:
        declared({**CATALOG, "key": key})
    assert caught.value.key == "m.key"
    assert "canary" not in str(caught.value)


KEYS = [
    "gsk_0123456789abcdefSECRET",
    "sk_SECRETSECRET1",
    "sk-12345",
    "hf_SECRETSECRETSECRET",
    "AIzaSECRETSECRETSECRET01",
    "AKIASECRETSECRET0123",
    "CANARY0123456789ABCDEF0123456789",
    "0123456789SECRET",
    "aSECRETb",
    "my SECRET",
    "SECRET_" + "X" * 122,
]


@pytest.mark.parametrize("name", KEYS)
def test_a_key_in_place_of_a_variable(name: str) -> None:
    """What looks like a key, or is no name in upper case, is refused as key_env and not quoted."""
    with pytest.raises(PolicyError, match="name of an environment variable") as caught:
        declared({**SERVER, "key_env": name})
    assert caught.value.key == "m.key_env"
    assert "A-Z" in caught.value.hint
    text = f'version = 1\n[models.m]\nuse = "openai-compatible"\nkey_env = "{name}"\n'
    with pytest.raises(PolicyError) as in_file:
        loads_policy(text)
    for error in (caught.value, in_file.value):
        assert "models.m.key_env" in str(error) or error is caught.value
        assert name not in repr(error.problems)
        assert name not in str(error)


NAMES = [
    "CLUSTER_KEY",
    "_KEY",
    "K",
    "MY_COMPANY_GPT4_CLUSTER_KEY_2",
    "VLLMCLUSTERNUMBER2KEY",
    "TOKEN4THECOMPANYCLUSTER",
    "ONEVERYLONGWORDWITHOUTDIGITS",
    "SECRET_" + "X" * 121,
]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_variables(name: str) -> None:
    """A name of capitals, digits and underscores is a variable's, up to 128 of them."""
    declared({**SERVER, "key_env": name})


@pytest.mark.parametrize("name", KEYS[:1] + KEYS[3:6])
def test_a_key_in_place_of_a_file_or_a_name(name: str) -> None:
    """A key passed as a file's name, a model's name or its use is not shown; folders are."""
    with pytest.raises(PolicyError) as caught:
        load_policy(Path("/sk-learn-models") / name)
    assert caught.value.problems[0].file == "/sk-learn-models/(a key, not shown)"
    assert "SECRET" not in f"{caught.value!s} {caught.value!r} {caught.value.problems!r}"
    assert "SECRET" not in repr(model(name, use=name))


def test_both_are_told() -> None:
    """A wrong address does not hide that the key belongs to somebody else."""
    with pytest.raises(PolicyError) as caught:
        declared({**SERVER, "base_url": "ftp://x", "key_env": "OPENAI_API_KEY"})
    assert [one.key for one in caught.value.problems] == ["m.base_url", "m.key_env"]


@pytest.mark.parametrize(
    "text", ["task-something", "openai/gpt-6.1-terra", "risk-management-x", "smollm2-135m-instruct"]
)
def test_plain_words_are_no_keys(text: str) -> None:
    """Names of models and plain words are not taken for keys."""
    assert without_keys(text) == text


def test_problems_are_fit_to_be_printed() -> None:
    """A problem escapes control characters, cuts what it quotes, and leaves keys out."""
    long = "x" * 60_000
    problem = Problem("a\nb.toml", 3, f"m\x1b[31m.{long}", f"{long!r} and {KEY} are wrong", "\x07!")
    assert str(problem).isprintable()
    assert "canary" not in repr(problem)
    assert len(str(problem)) < 400
    assert f"'{'x' * 40}...' and" in problem.what
    plain = "a model's name holds letters and the others' digits, not more than it needs, ever"
    assert Problem("f", None, "k", plain).what == plain


@pytest.mark.parametrize("name", ["g h\n", "\x1b[31m", "a/b", "x" * 65])
def test_names_of_models(name: str) -> None:
    """A model declared in code has a name as in a file, and a wrong one is printed escaped."""
    with pytest.raises(PolicyError, match="letters, digits") as caught:
        model(name, use="openai/gpt-6.1-terra")
    assert str(caught.value).isprintable()


HUGE = 10**5000


@pytest.mark.parametrize(
    "options",
    [
        {"price": {"input": HUGE, "output": 1}},
        {"price": {"input": 1, "output": -HUGE}},
        {"price": {"input": float("inf"), "output": 1}},
        {"context_tokens": HUGE},
        {"gpu_layers": -HUGE},
        {"license": HUGE},
        {"use": HUGE},
        {"abilities": [HUGE]},
    ],
    ids=lambda options: next(iter(options)),
)
def test_huge_numbers(options: dict[str, object]) -> None:
    """A number of thousands of digits is refused like any other wrong value."""
    with pytest.raises(PolicyError) as caught:
        model("m", **cast("ModelOptions", {**CATALOG, **options}))
    assert len(str(caught.value)) < 250


def test_a_huge_limit_on_cost() -> None:
    """A limit on cost in code is refused when it has thousands of digits."""
    with pytest.raises(PolicyError, match="in USD"):
        policies.max_cost_usd(HUGE)
