"""Policy files: strict, and every problem with its line, key and hint."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from traceback import TracebackException
from typing import TYPE_CHECKING

import pytest

from llmroute.catalog.collection import Catalog, Extension
from llmroute.errors import PolicyError
from llmroute.policies.files import default_policy, load_policy, loads_policy
from llmroute.policies.finding import find_policy
from llmroute.types.plans import Facts
from llmroute.types.prices import FREE, Price
from tests.policies.helpers import names, remote, request, situation

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = """\
version = 1

[facts]
commercial = true
purposes = ["chat", "improve_llm:llama-2"]
monthly_active_users = { now = 250_000, "2023-06" = 0 }
licensee_domicile = "DE"
granted = { llama-2 = "agreement 17" }

[hints]
private = "bool"
depth = "float"

[limits]
deadline_s = 60
connect_s = 2.5
on_break = "restart"
attempts_per_model = 2

[offline]
mode = "always"

[models.gpt]
use = "openai/gpt-6.1-terra"

[models.local]
use = "llama-cpp"
file = "models/llama-2-7b-chat.Q4_K_M.gguf"
license = "llama-2"
template = "llama-2"
context_tokens = 2048
gpu_layers = -1

[models.cluster]
use = "openai-compatible"
base_url = "https://llm.example/v1"
model = "llama"
key_env = "CLUSTER_KEY"
price = { input = 0.9, output = 1 }

[require]
max_cost_usd = 0.05

[prefer]
minimize = "cost"

[[route]]
when = { task = "code", hints.depth = 2 }
use = ["gpt", "local"]
"""


def test_a_file_becomes_values(tmp_path: Path) -> None:
    """Each section of a file becomes the value that it says."""
    path = tmp_path / "my.toml"
    path.write_text(GOOD, encoding="utf-8")
    found = load_policy(path)
    assert found.path == str(path)
    assert found.facts == Facts(
        commercial=True,
        purposes=("chat", "improve_llm:llama-2"),
        monthly_active_users=(("now", 250_000), ("2023-06", 0)),
        licensee_domicile="DE",
        granted=(("llama-2", "agreement 17"),),
    )
    assert found.hints == {"private": "bool", "depth": "float"}
    assert (found.limits.deadline_s, found.limits.connect_s) == (60.0, 2.5)
    assert (found.limits.on_break, found.limits.attempts_per_model) == ("restart", 2)
    assert found.limits.between_tokens_s == 30.0
    assert found.offline_mode == "always"
    assert [one.name for one in found.declarations] == ["gpt", "local", "cluster"]
    local, cluster = found.models[1:]
    assert local.weights is not None
    assert Path(local.weights.file) == tmp_path / "models/llama-2-7b-chat.Q4_K_M.gguf"
    assert (local.weights.template, local.weights.gpu_layers) == ("llama-2", -1)
    assert cluster.price is not None
    assert cluster.price.input == Decimal("0.9")
    assert cluster.endpoint is not None
    assert cluster.endpoint.key_name == "CLUSTER_KEY"


def swap(old: str, new: str) -> str:
    """Change the good file in one place."""
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


WRONG: list[tuple[str, int | None, str, str]] = [
    (swap('"openai/gpt-6.1-terra"', "openai/gpt-4"), 24, "", 'Put it in quotes: "openai/gpt-4"'),
    (swap("commercial = true", "commercial = True"), 4, "", "Write true"),
    (swap("commercial = true", "commercial = None"), 4, "", "leave the key out"),
    (swap('["gpt", "local"]', "[gpt, local]"), 49, "", 'Put it in quotes: "gpt"'),
    (swap("commercial = true", "commercial = ="), 4, "", "This is not TOML"),
    (swap("version = 1\n", "\n"), None, "version", "Begin the file with version = 1"),
    (swap("version = 1\n", "version = 2\n"), 1, "version", "reads version = 1 only"),
    (swap("version = 1\n", "version = true\n"), 1, "version", "reads version = 1 only"),
    (swap("[prefer]", "[prefers]"), 44, "prefers", "Did you mean 'prefer'?"),
    (swap("commercial", "comercial"), 4, "facts.comercial", "Did you mean 'commercial'?"),
    (swap('"chat", ', '"chatt", '), 5, "facts.purposes", "Did you mean 'chat'?"),
    (swap("commercial = true", "commercial = 1"), 4, "facts.commercial", "true or false, not an"),
    (swap('"2023-06" = 0', '"2023-13" = 0'), 6, "facts.monthly_active_users.2023-13", "a month"),
    (swap("250_000", "-1"), 6, "facts.monthly_active_users.now", "between 0 and"),
    (swap('"DE"', '"Germany"'), 7, "facts.licensee_domicile", "country code"),
    (swap('private = "bool"', 'private = "boolean"'), 11, "hints.private", "mean 'bool'?"),
    (swap("deadline_s = 60", "deadline_s = 0"), 15, "limits.deadline_s", "more than 0"),
    (swap("deadline_s = 60", "deadline_s = -5"), 15, "limits.deadline_s", "not -5"),
    (swap("deadline_s = 60", "deadline_s = 86401"), 15, "limits.deadline_s", "at most 86400"),
    (swap("deadline_s = 60", "deadline_s = nan"), 15, "limits.deadline_s", "not NaN"),
    (swap("deadline_s = 60", "deadline_s = inf"), 15, "limits.deadline_s", "not Infinity"),
    (swap("deadline_s = 60", 'deadline_s = "60"'), 15, "limits.deadline_s", "not a string"),
    (swap("deadline_s = 60", "timeout = 60"), 15, "limits.timeout", "Use deadline_s"),
    (swap("deadline_s = 60", "max_retries = 2"), 15, "limits.max_retries", "attempts_per_model"),
    (swap("deadline_s = 60", "deadline = 60"), 15, "limits.deadline", "mean 'deadline_s'?"),
    (swap('"restart"', '"contineu"'), 17, "limits.on_break", "Did you mean 'continue'"),
    (swap("_model = 2", "_model = 0"), 18, "limits.attempts_per_model", "between 1 and 100"),
    (swap('"always"', '"allways"'), 21, "offline.mode", "Did you mean 'always'?"),
    (swap("gpt-6.1-terra", "gpt-6.1-tera"), 24, "models.gpt.use", "mean 'gpt-6.1-terra'?"),
    (swap('use = "openai/gpt-6.1-terra"\n', "\n"), 23, "models.gpt", "needs use"),
    (swap("gpu_layers = -1", 'path = "x"'), 32, "models.local.path", "Use file"),
    (swap('key_env = "CLUSTER_KEY"', 'api_key = "x"'), 38, "models.cluster.api_key", "key_env"),
    (swap('license = "llama-2"', 'license = "llama2"'), 29, "models.local.license", "'llama-2'?"),
    (swap("{ llama-2 =", "{ llama2 ="), 8, "facts.granted.llama2", "Did you mean 'llama-2'?"),
    (swap("{ llama-2 =", "{ falcon ="), 8, "facts.granted.falcon", "Known: anthropic, apache-2.0"),
    (swap("gpu_layers", "gpu_layer"), 32, "models.local.gpu_layer", "Did you mean 'gpu_layers'?"),
    (swap("[models.cluster]", '[models."a/b"]'), 34, "models.a/b", "a model's name holds"),
    (swap("https://llm", "http://llm"), 36, "models.cluster.base_url", "this machine only"),
    (swap("CLUSTER_KEY", "OPENAI_API_KEY"), 38, "models.cluster.key_env", "belongs to OpenAI"),
    (swap("input = 0.9, ", ""), 39, "models.cluster.price", "needs input and output"),
    (swap("input = 0.9", "input = 1001"), 39, "models.cluster.price.input", "at most 1000"),
    (swap("= 0.05", "= -0.05"), 42, "require.max_cost_usd", "at least 0"),
    (swap("max_cost_usd", "max_costs_usd"), 42, "require.max_costs_usd", "'max_cost_usd'?"),
    (swap("max_cost_usd = 0.05", "min_quality = 3"), 42, "require.min_quality", "must be a string"),
    (swap("max_cost_usd = 0.05", 'min_quality = "god"'), 42, "require.min_quality", "'good'"),
    (swap("max_cost_usd = 0.05", "max_latency_s = 0"), 42, "require.max_latency_s", "more than 0"),
    (swap("max_cost_usd = 0.05", "only = []"), 42, "require.only", "at least one"),
    (swap("max_cost_usd = 0.05", "no_training = false"), 42, "require.no_training", "only be true"),
    (swap('= "cost"', '= "latncy"'), 45, "prefer.minimize", "'latency'"),
    (swap('= "cost"', "= { cost = -1 }"), 45, "prefer.minimize.cost", "at least 0"),
    (swap('= "cost"', "= { cost = 0 }"), 44, "prefer", "one weight must be more than 0"),
    (swap('= "cost"', "= { price = 1 }"), 45, "prefer.minimize.price", "no such key"),
    (swap('= "cost"', '= "cost"\nwithin = 5\nthen = "latency"'), 46, "prefer.within", "at most 1"),
    (swap('= "cost"', '= "cost"\nwithin = 0.1'), 46, "prefer.within", "go together"),
    (swap("minimize =", "minimise ="), 45, "prefer.minimise", "Did you mean 'minimize'?"),
    (swap('minimize = "cost"', ""), 44, "prefer", "needs minimize"),
    (
        swap("max_cost_usd = 0.05", 'abilities = ["sight"]'),
        42,
        "require.abilities",
        "not an ability",
    ),
    (swap("minimize =", "maximize ="), 45, "prefer.maximize", "Known: quality"),
    (swap('task = "code"', 'task = "cod"'), 48, "route.when.task", "Did you mean 'code'?"),
    (swap("hints.depth", "hints.dept"), 48, "route.when.hints.dept", "Did you mean 'depth'?"),
    (swap("hints.depth = 2", "hints.depth = true"), 48, "route.when.hints.depth", 'as "float"'),
    (swap('["gpt", ', '["gtp", '), 49, "route.use", "Did you mean 'gpt'?"),
    (swap('["gpt", "local"]', "[]"), 49, "route.use", "at least one model"),
    (swap('["gpt", "local"]', '"gpt"'), 49, "route.use", "an array of strings"),
    (swap('use = ["gpt", "local"]', 'name = "x"'), 47, "route", "says nothing"),
    (swap("[[route]]", "[route]"), 47, "route", "[[route]]"),
]


@pytest.mark.parametrize(("text", "line", "key", "says"), WRONG, ids=lambda value: str(value)[:30])
def test_wrong_files(text: str, line: int | None, key: str, says: str) -> None:
    """Each mistake is refused once, with its line, its key, and how to mend it."""
    with pytest.raises(PolicyError) as caught:
        loads_policy(text)
    (problem,) = caught.value.problems
    assert (problem.key, problem.line) == (key, line)
    assert says in f"{problem.what} {problem.hint}"


def test_all_problems_at_once() -> None:
    """Every problem is told, in the order of the file."""
    text = GOOD.replace("commercial", "comercial").replace('"code"', '"cod"').replace("60", "0")
    with pytest.raises(PolicyError) as caught:
        loads_policy(text, "my.toml")
    assert [one.line for one in caught.value.problems] == [4, 15, 48]
    assert str(caught.value).count("my.toml:") == 3
    assert (caught.value.file, caught.value.line) == ("my.toml", 4)


ROUTES = """
version = 1
[models.a]
use = "openai/gpt-6.1-terra"
[[route]]
name = "all code"
when = { task = "code" }
use = ["a"]
"""
UNREACHABLE = [
    '[[route]]\nname = "late"\nwhen = { task = "code" }\nuse = ["a"]',
    '[[route]]\nwhen = { task = "code", tags = ["x"] }\nprefer = { minimize = "cost" }',
]
REACHABLE = [
    '[[route]]\nwhen = { tags = ["x"] }\nuse = ["a"]',
    '[[route]]\nwhen = { task = "qa" }\nuse = ["a"]',
    '[[route]]\nwhen = { tags = ["x"] }\nrequire = { local = true }',
    '[[route]]\nuse = ["a"]',
]


@pytest.mark.parametrize("route", UNREACHABLE)
def test_unreachable_routes(route: str) -> None:
    """A route whose choice an earlier route always takes is refused, and both are named."""
    with pytest.raises(PolicyError, match='"all code" decides first') as caught:
        loads_policy(ROUTES + route)
    assert caught.value.line is not None
    assert caught.value.line > 8


@pytest.mark.parametrize("route", REACHABLE)
def test_reachable_routes(route: str) -> None:
    """A route that some request reaches, or that only requires, is fine."""
    loads_policy(ROUTES + route)


SYNTAX: list[tuple[str, int | None, str]] = [
    ("version = 1\nx = = 2\n", 2, "column 5"),
    ("version = 1\n[models.a\n", 2, "column"),
    ("version = 1\nversion = 1\n", 2, "its key stands twice"),
    ('x = """', 1, "Unterminated string"),
    ("x = " + "9" * 5000, 1, ": x: the number is too long"),
    ("[a]\ny = { b = [1,\n-" + "9_9" * 3000 + "] }", 3, ": a.y.b: the number is too long"),
    ("[[route]]\nwhen = { hints.x = " + "9" * 5000 + " }", 2, ": route.when.hints.x: the number"),
    ("x" * 70_000, None, "larger than 64 KiB"),
    ("\n" + ".".join("abcdefghijklmnopq") + " = 1", 2, "deeper than 16"),
    ("x = " + "[" * 17 + "]" * 17, 1, "deeper than 16"),
    ("x = " + "{ y = " * 17 + "1" + "}" * 17, 1, "deeper than 16"),
]


@pytest.mark.parametrize(("text", "line", "says"), SYNTAX, ids=lambda value: str(value)[:20])
def test_what_is_not_toml(text: str, line: int | None, says: str) -> None:
    """Syntax errors have line and column; size and depth are checked before parsing."""
    with pytest.raises(PolicyError) as caught:
        loads_policy(text)
    assert caught.value.line == line
    assert says in str(caught.value)


DOTS = ".".join("a" * 20_000)
HOSTILE = [
    f"{DOTS} = 1",
    f"[{DOTS}]",
    f"x = {{ {DOTS} = 1 }}",
    'x = "' + '\\"' * 30_000,
    '"""\\' * 15_000,
    "[" * 60_000,
    "{" * 60_000,
    "'" * 60_001,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_hostile_files_cost_no_time(text: str) -> None:
    """A file made to stall or overflow the parser is refused quickly."""
    start = time.process_time()
    with pytest.raises(PolicyError):
        loads_policy(text)
    assert time.process_time() - start < 1.0


def test_sixteen_parts_are_fine() -> None:
    """Dots and brackets inside of strings and comments are no depth."""
    dots = "a." * 40
    text = GOOD + f'name = "{dots}" # {dots} [[[[[[[[[[[[[[[[[[[[[\n'
    assert loads_policy(text).policy(
        situation(request(), facts=Facts(purposes=("chat",))), loads_policy(text).models
    )


def test_the_variable_that_names_a_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot be read and that $LLMROUTE_POLICY names is told with that variable."""
    monkeypatch.setenv("LLMROUTE_POLICY", f"{tmp_path}/./no.toml")
    with pytest.raises(PolicyError, match=r"there is no such file\. \$LLMROUTE_POLICY names it"):
        load_policy(tmp_path / "no.toml")
    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path / "other.toml")
    assert "LLMROUTE_POLICY" not in caught.value.hint


def test_later_keys_are_not_recommended() -> None:
    """The list of known keys holds only those that this version takes."""
    with pytest.raises(
        PolicyError, match=r"Known: abilities, local, max_cost_usd, max_latency_s, min_quality, "
    ):
        loads_policy(swap("max_cost_usd", "zzz"))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a directory, other encodings and huge files are typed errors with a name."""
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'version = 1\nx = "\xe4"\n')
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * 10_000_000)
    for path, says in [
        (tmp_path / "no.toml", "no such file"),
        (tmp_path, "is a directory"),
        (latin, "not UTF-8"),
        (huge, "larger than 64 KiB"),
    ]:
        with pytest.raises(PolicyError, match=says) as caught:
            load_policy(path)
        assert caught.value.file == str(path)
    marked = tmp_path / "marked.toml"
    marked.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load_policy(marked).models


FOUND = [
    ('base_url = "https://llm.example/v1"', "base_url", "foreign host"),
    ('base_url = "https://llm.example/v1"\nkey_env = "MY_KEY"', "base_url", "foreign host"),
]


@pytest.mark.parametrize(("lines", "key", "says"), FOUND)
def test_a_found_file_sends_nothing_away(tmp_path: Path, lines: str, key: str, says: str) -> None:
    """A policy that was found may name catalog providers and servers on loopback only."""
    path = tmp_path / "llmroute.toml"
    head = 'version = 1\n[models.a]\nuse = "openai-compatible"\nmodel = "m"\n'
    path.write_text(head + lines, encoding="utf-8")
    assert load_policy(path).models
    with pytest.raises(PolicyError, match=says) as caught:
        load_policy(path, found=True)
    assert caught.value.key == f"models.a.{key}"
    assert f"-p {path} on the command line" in caught.value.hint
    loopback = 'base_url = "http://127.0.0.1:8000"\n'
    for key_env in ("", 'key_env = "CLUSTER_KEY"'):
        path.write_text(head + loopback + key_env, encoding="utf-8")
        assert load_policy(path, found=True).models
    for foreign in ("OPENAI_API_KEY", "GROQ_API_KEY"):
        path.write_text(f'{head}{loopback}key_env = "{foreign}"', encoding="utf-8")
        with pytest.raises(PolicyError, match=f"{foreign} belongs to"):
            load_policy(path, found=True)


def test_a_found_file_runs_no_package(tmp_path: Path) -> None:
    """A policy that was found loads no package's provider; one that was named does."""
    loaded: list[str] = []

    def extension(name: str) -> Callable[[], Extension] | None:
        def load() -> Extension:
            loaded.append(name)
            text = 'any_model = true\nbase_url = "https://evil.example/v1"\napi = "openai-chat"\n'
            return Extension("package evil", f"[provider]\n{text}")

        return load if name == "evil" else None

    path = tmp_path / "llmroute.toml"
    path.write_text('version = 1\n[models.a]\nuse = "evil/x"\n', encoding="utf-8")
    catalog = Catalog(extension=extension)
    with pytest.raises(PolicyError, match="may not use a provider of a package") as caught:
        load_policy(path, found=True, catalog=catalog)
    assert caught.value.key == "models.a.use"
    assert f"-p {path} on the command line" in caught.value.hint
    assert loaded == []
    assert load_policy(path, catalog=catalog).models
    assert loaded == ["evil"]
    with pytest.raises(PolicyError, match="may not use a provider of a package"):
        load_policy(path, found=True, catalog=catalog)


@pytest.mark.parametrize(
    ("use", "place"), [("cloudflare/@cf/meta/llama", "account"), ("azure/gpt", "resource")]
)
def test_a_found_file_names_nobodys_account(tmp_path: Path, use: str, place: str) -> None:
    """A policy that was found does not say whose account reads the prompts."""
    path = tmp_path / "llmroute.toml"
    path.write_text(f'version = 1\n[models.a]\nuse = "{use}"\n{place} = "x"\n', encoding="utf-8")
    assert load_policy(path).models
    with pytest.raises(PolicyError, match=f"whose {place} is used") as caught:
        load_policy(path, found=True)
    assert caught.value.key == f"models.a.{place}"


def test_finding_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search goes up to the repository's root or the home folder, and not further."""
    deep = tmp_path / "home" / "repo" / "src"
    deep.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "llmroute.toml").touch()
    assert find_policy(deep) is None
    at_home = tmp_path / "home" / "llmroute.toml"
    at_home.touch()
    assert find_policy(deep) == at_home.resolve()
    (tmp_path / "home" / "repo" / ".git").mkdir()
    assert find_policy(deep) is None
    in_repo = tmp_path / "home" / "repo" / "llmroute.toml"
    in_repo.touch()
    assert find_policy(deep) == in_repo.resolve()
    outside = tmp_path / "other"
    outside.mkdir()
    assert find_policy(outside) is None
    assert find_policy(tmp_path) == (tmp_path / "llmroute.toml").resolve()


def test_the_built_in_default() -> None:
    """Without any policy: the GPT-class model if its key is set, else the local one."""
    found = default_policy()
    keyed = found.policy(situation(facts=found.facts), found.models)
    assert keyed.policy == "built-in default"
    assert names(keyed)[0] == "gpt"
    unset = {"gpt": "OPENAI_API_KEY is not set"}
    keyless = found.policy(situation(facts=found.facts, unavailable=unset), found.models)
    assert "gpt" not in names(keyless)
    dear = found.policy(situation(tokens=60_000, facts=found.facts), found.models)
    assert "gpt" not in names(dear)


@pytest.mark.parametrize(
    "lines",
    [
        'use = "openai/gpt-4"\nkey = "sk-canary0123456789"',
        'use = "sk-canary0123456789"',
        'use = "openai/gpt-4"\nkey_env = "sk-canary0123456789"',
        'use = "openai/gpt-4"\nsk-canary0123456789 = 1',
        'use = = "sk-canary0123456789"',
    ],
)
def test_a_key_in_a_file_is_not_shown(tmp_path: Path, lines: str) -> None:
    """A key that stands in a policy file is in no error, and in no local of its traceback."""
    path = tmp_path / "my.toml"
    path.write_text(f"version = 1\n[models.a]\n{lines}\n", encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    inner = caught.value.__traceback__
    assert inner is not None
    error = TracebackException(PolicyError, caught.value, inner.tb_next, capture_locals=True)
    assert "load_policy" in "".join(error.format())
    assert "canary" not in "".join(error.format())


HEAD = 'version = 1\n[models.a]\nuse = "llama-cpp/smollm2-135m-instruct"\n'
HEX = "0x" + "F" * 5000
QA = "[[route]]\nuse = ['a']\nwhen = { task = 'qa' }\n"
ODD = [
    ('[observations]\nfile = "\\u0000"', 5, "observations.file", "no file's name holds a NUL"),
    ('[tokens]\nvocabularies = "a\\u0000b"', 5, "tokens.vocabularies", "a NUL"),
    (
        '[models.b]\nuse = "llama-cpp/smollm2-135m-instruct"\nfile = "a\\u0000"',
        6,
        "models.b.file",
        "a NUL",
    ),
    (
        f"{QA}[[route]]\nuse = ['a']\nwhen.hints = {{ x = {{ y = 1 }}, z = [[1]] }}",
        9,
        "route.when.hints.x",
        "no hint 'x' is declared",
    ),
    (
        f"[[route]]\nuse = ['a']\nwhen = {{ days = ['mon'], zone = 'Europe/{'pe/' * 900}Berlin' }}",
        6,
        "route.when.zone",
        "there is no time zone",
    ),
    (
        f'[hints]\n{"x" * 3000} = "bool"\n[[route]]\nuse = ["a"]\nwhen.hints.y = 1',
        8,
        "route.when.hints.y",
        f"Known: {'x' * 100}...",
    ),
]
NUMBERS = [
    ("[limits]\ndeadline_s = 1e9999999999999999999", 5, "limits.deadline_s", "not Infinity"),
    ("[limits]\ndeadline_s = -1e9999999999999999999", 5, "limits.deadline_s", "not -Infinity"),
    ("[limits]\ndeadline_s = 1e-9999999999999999999", 5, "limits.deadline_s", "more than 0"),
    (f"[limits]\ndeadline_s = {HEX}", 5, "limits.deadline_s", "E+6020"),
    (f"[limits]\nbody_bytes = {HEX}", 5, "limits.body_bytes", "must lie between"),
    (f"[require]\nmax_cost_usd = {HEX}", 5, "require.max_cost_usd", "at most 1000000"),
    (f"[require]\nmax_cost_usd = 0.{'1' * 5000}e9", 5, "require.max_cost_usd", "1.111E+8"),
    (
        f'[hints]\nx = "int"\n[[route]]\nwhen.hints.x = {HEX}\nuse = ["a"]',
        7,
        "route.when.hints.x",
        "at most 9223372036854775807",
    ),
    (
        '[hints]\nx = "float"\n[[route]]\nwhen.hints.x = nan\nuse = ["a"]',
        7,
        "route.when.hints.x",
        "not NaN",
    ),
    (f"[models.b]\nuse = {HEX}", 5, "models.b.use", "must be a string"),
    (f"[prefer]\nminimize = {HEX}", 5, "prefer.minimize", "must be a string"),
]


@pytest.mark.parametrize(("lines", "line", "key", "says"), ODD, ids=lambda one: str(one)[:40])
def test_odd_values(lines: str, line: int, key: str, says: str) -> None:
    """A value that no key takes is refused with line and key, in a few lines, whatever it is."""
    with pytest.raises(PolicyError) as caught:
        loads_policy(HEAD + lines)
    assert (caught.value.line, caught.value.key) == (line, key)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(("lines", "line", "key", "says"), NUMBERS, ids=lambda one: str(one)[:40])
def test_absurd_numbers(lines: str, line: int, key: str, says: str) -> None:
    """A number of thousands of digits is refused with line and key, and not printed in full."""
    with pytest.raises(PolicyError) as caught:
        loads_policy(HEAD + lines)
    assert len(caught.value.problems) == 1
    assert (caught.value.line, caught.value.key) == (line, key)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 200


HINTS = [
    ("version = 2\n" + HEAD.split("\n", 1)[1], "Write version = 1"),
    ("deadline = 5\n" + HEAD, "Use [limits] deadline_s"),
    ("deadline_s = 5\n" + HEAD, "Use [limits] deadline_s"),
    ("timeout = 5\n" + HEAD, "Use [limits] deadline_s"),
    ("max_cost_usd = 5\n" + HEAD, "Use [require] max_cost_usd"),
    (HEAD + "[limits]\ndeadline = 5", "'deadline_s'?"),
    (HEAD + "[limits]\ntimeout = 5", "Use deadline_s"),
    (HEAD + '[models.a]\nuse = "x"', "models.a: [models.a] stands twice. Join the two"),
    (HEAD + "[catalog]\nfiles = []\nfiles = []", "its key stands twice"),
    (HEAD + '[catalog]\nfiles = ["no.toml"]', "catalog.files: there is no file 'no.toml'"),
    ('version = 1\n[models]\na = "openai/gpt-4"', 'Write [models.a] with use = "openai/gpt-4"'),
    ('version = 1\n[models.a]\nuse = "openai/x"\nkey = "sk-"', "variable OPENAI_API_KEY"),
    ("#" * 70_000, "is this another file?"),
    ("x = " + "[" * 17, "is a bracket or a quote missing?"),
]


@pytest.mark.parametrize(("text", "says"), HINTS, ids=lambda one: one[:30])
def test_hints(text: str, says: str) -> None:
    """What is easily mistaken comes with a hint how to mend it."""
    with pytest.raises(PolicyError) as caught:
        loads_policy(text)
    assert says in str(caught.value)


def test_hints_for_paths(tmp_path: Path) -> None:
    """A path that leads to no file comes with a hint as well."""
    for path, says in [
        (tmp_path / "no.toml", "Check its name and folder"),
        (tmp_path, "llmroute.toml"),
    ]:
        with pytest.raises(PolicyError) as caught:
            load_policy(path)
        assert says in caught.value.hint


def test_routes_without_names_are_told_apart() -> None:
    """Of two routes without names the unreachable one and the other are named by their lines."""
    text = f'{HEAD}[[route]]\nuse = ["a"]\n[[route]]\nuse = ["a"]\n'
    with pytest.raises(PolicyError) as caught:
        loads_policy(text, "my.toml")
    what = caught.value.problems[0].what
    assert what == ("the route at my.toml:6 is never reached: the route at my.toml:4 decides first")


@pytest.mark.parametrize("name", [r"g\nh", r"\u001b[31m", "g h", "x" * 65])
def test_names_of_models_in_files(name: str) -> None:
    """A model's name that a plan could not show as it is, is refused and printed escaped."""
    with pytest.raises(PolicyError, match="letters, digits") as caught:
        loads_policy(f'version = 1\n[models."{name}"]\nuse = "openai/gpt-4"\n')
    assert str(caught.value).isprintable()


def test_the_limit_of_the_default_says_whose_it_is() -> None:
    """Who wrote no policy is told whose limit refuses a model, and what to do about it."""
    named = replace(request(), models=("m",))
    plan = default_policy().policy(situation(named), [remote("m")])
    assert "$0.05 may be spent by the built-in default: declare the model" in plan.why


def test_the_default_takes_a_named_server_of_this_machine() -> None:
    """A server here whose price nobody knows may answer if the caller names it, and only then."""
    here = remote("m", origin="http://127.0.0.1:11434")
    asked = situation(replace(request(), models=("m",)))
    plan = default_policy().policy(asked, [here])
    assert [(one.model.name, one.cost_usd) for one in plan.candidates] == [("m", None)]
    assert default_policy().policy(situation(), [here]).candidates == ()
    own = situation(replace(asked.request, max_cost_usd=Decimal(1)))
    assert default_policy().policy(own, [here]).refused[0].rule == "price"


def test_a_server_declared_local_costs_nothing() -> None:
    """A server that is declared to be this machine's is paid for, unless a price is declared."""
    text = 'version = 1\n[models.home]\nuse = "ollama/llama3"\n'
    free, unknown = loads_policy(text + "local = true").models[0], loads_policy(text).models[0]
    assert (free.price, unknown.price) == (FREE, None)
    priced = loads_policy(text + "local = true\nprice = { input = 1, output = 2 }").models[0]
    assert priced.price == Price(Decimal(1), Decimal(2))
