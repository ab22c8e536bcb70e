"""Policy files, damaged: the ready-made ones, the documentation's, and those that are hostile.

Likewise files of providers, and of facts. For each file: it is refused by a PolicyError whose
problems can be printed and hold no key, or it is a policy that makes a plan, or says in an error of
llmroute why there is none.
"""

from __future__ import annotations

import json
import re
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from benchmarks.fuzz_lines import KEY_IN_FILE, Lines, Words
from llmroute.catalog.layers import FACTS
from llmroute.errors import LLMRouteError, PolicyError
from llmroute.policies.files import load_policy
from llmroute.types.messages import Message
from llmroute.types.plans import Plan, Situation
from llmroute.types.requests import Request
from llmroute.types.usage import TokenCount
from tests.policies.hostile import IN_MODEL, IN_ROUTE, IN_WHEN, KEYS, WRONG_TYPES, cases

if TYPE_CHECKING:
    from random import Random

    from llmroute.policies.files import PolicyFile

READY_MADE = Path(__file__).parent.parent / "policies"
PROVIDERS = Path(__file__).parent.parent / "providers"
MODEL = re.compile(r'^\[models\."?([^"\]\n]+)"?\]', re.MULTILINE)
IN_PROVIDER = (
    *("name", "docs", "checked_on", "base_url", "origins", "key_env", "api", "any_model", "local"),
    *("key_header", "query", "headers", "host_terms", "max_tokens_parameter", "parameters", "kind"),
)
PAGES = Path(__file__).parent.parent / "docs"
BLOCK = re.compile(r"^```toml\n(.*?)^```", re.DOTALL | re.MULTILINE)
KEY = re.compile(r"\bsk-canary\w{8}")
LARGEST_BYTES = 8_000
"""Hostile files that are larger take seconds each, and have a test of their own."""
VALUES = (
    *WRONG_TYPES.values(),
    *('""', "[]", "{}", '["a"]', '[["a"]]', "{ a = 1, b = 2 }", "{ a.b.c = 1 }", "0", "-1", "1e-9"),
    *('"sk-canary0123456789abc"', '["sk-canary0123456789abc"]', '"\\u0000"', "'''\nx'''", "1_0"),
    *('"cost"', '"latency"', '"quality"', '"refuse"', '["openai/gpt-4"]', '"openai/gpt-6.1-terra"'),
    *('"22:00-06:00"', '"25:00-06:00"', '"Europe/Oslo"', '["mon", "sun"]', '"code"', '"de"'),
    *("12:00:00", "2026-11-26T12:00:00Z", "{ at_least = 20 }", '{ input = 1, output = "2" }'),
)
PATHS = (
    *KEYS,
    *(f"models.b.{key}" for key in IN_MODEL),
    *(f"{table}.{key}" for table in ("[route]", "[policies.p.route]") for key in IN_ROUTE),
    *(f"route.when.{key}" for key in IN_WHEN),
)
HEADERS = sorted({f"[{path.rpartition('.')[0]}]" for path in KEYS} | {
    *("[[route]]", "[route.when]", "[route.require]", "[models.b]", "[policies.p]", "[[prices]]"),
    *("[[policies.p.route]]", "[models.b.price]", "[models.b.speed]", "[prefer.minimize]", "[]"),
})  # fmt: skip
ASKED = Situation(
    Request((Message.user("Why is the sky blue?"),), hints={"private": True}),
    TokenCount(10, "exact", 10, 10),
    date(2026, 11, 26),
    now=datetime(2026, 11, 26, 23, 30, tzinfo=UTC),
)


class Written(NamedTuple):
    """A file, and whether it was found or named."""

    data: bytes
    found: bool


class Files:
    """Files in a folder of their own, which is removed at the end."""

    def __init__(self, lines: Lines) -> None:
        """Make the folder."""
        self.lines = lines
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)

    def __del__(self) -> None:
        """Remove the folder."""
        self._folder.cleanup()


class Policies(Files):
    """Policy files."""

    def __init__(self) -> None:
        """Read what is to be damaged."""
        good = [path.read_text(encoding="utf-8") for path in sorted(READY_MADE.glob("*.toml"))]
        pages = [path.read_text(encoding="utf-8") for path in sorted(PAGES.glob("*.md"))]
        good += [block for page in pages for block in BLOCK.findall(page) if "version = 1" in block]
        hostile = [one.data.decode("utf-8", "replace") for one in cases()]
        small = [text for text in hostile if len(text) <= LARGEST_BYTES]
        super().__init__(Lines(good, small, Words(PATHS, HEADERS, VALUES)))

    def made(self, chance: Random) -> Written:
        """Make a file."""
        return Written(self.lines.made(chance), chance.random() < 0.5)

    def tried(self, made: object) -> str:
        """Load it, and make a plan by it."""
        written = cast("Written", made)
        path = self.folder / "llmroute.toml"
        path.write_bytes(written.data)
        return _loaded(path, _count(written.data), found=written.found)


class Catalogs(Files):
    """Files of a provider, and fact files, as a policy names them."""

    def __init__(self) -> None:
        """Read what is to be damaged."""
        texts = {path.stem: path.read_text(encoding="utf-8") for path in PROVIDERS.glob("*.toml")}
        small = {name: text for name, text in sorted(texts.items()) if len(text) <= LARGEST_BYTES}
        facts = [_facts(name, text) for name, text in small.items()]
        good = [*small.values(), *(text for text in facts if "[models." in text)]
        headers = sorted({line for text in good for line in text.splitlines() if line[:1] == "["})
        paths = [f"models.b.{key}" for key in (*FACTS, *IN_MODEL)]
        paths += [f"provider.{key}" for key in (*IN_PROVIDER, *IN_MODEL)]
        super().__init__(Lines(good, [KEY_IN_FILE], Words(paths, headers, VALUES)))

    def made(self, chance: Random) -> Written:
        """Make a file."""
        return Written(self.lines.made(chance), found=False)

    def tried(self, made: object) -> str:
        """Load a policy that names it, and make a plan by that."""
        written = cast("Written", made)
        (self.folder / "mine.toml").write_bytes(written.data)
        models = MODEL.findall(written.data.decode("utf-8", "replace"))[:3] or ["x"]
        uses = [f"mine/{one}" if b"[provider]" in written.data else one for one in models]
        tables = [f"[models.m{at}]\nuse = {json.dumps(use)}\n" for at, use in enumerate(uses)]
        path = self.folder / "llmroute.toml"
        path.write_text(f'version = 1\ncatalog.files = ["mine.toml"]\n{"".join(tables)}')
        return _loaded(path, max(_count(written.data), 20), found=False)


def _facts(name: str, text: str) -> str:
    """A fact file of what a provider's file says of its models."""
    head, found, models = text.partition("[models.")
    sources = head[head.find("[sources") :] if "[sources" in head else ""
    told = [
        line
        for line in f"{found}{models}".replace('[models."', f'[models."{name}/').splitlines()
        if line[:1] == "[" or line.split("=")[0].strip() in FACTS
    ]
    return sources + "\n".join(told) + "\n"


def _count(data: bytes) -> int:
    """How many lines there may be."""
    return data.count(b"\n") + data.count(b"\r") + 1


def _loaded(path: Path, lines: int, *, found: bool) -> str:
    """Load a policy, and make a plan by it."""
    try:
        policy = load_policy(path, found=found)
    except PolicyError as error:
        _check(error, lines)
        return "refused"
    return _planned(policy)


def _check(error: PolicyError, lines: int) -> None:
    text = str(error)
    assert error.problems, "refused without a problem"
    assert text.replace("\n", "").isprintable(), "a problem that cannot be printed"
    assert not KEY.search(f"{text}{error!r}"), "a problem holds a key"
    assert max(map(len, text.splitlines())) < 1500, "a problem longer than a few lines"
    assert all(one.line is None or 1 <= one.line <= lines for one in error.problems), "no such line"


def _planned(policy: PolicyFile) -> str:
    try:
        plan = policy.policy(ASKED, policy.models)
    except LLMRouteError as error:
        said, name = f"{error} {error!r}", type(error).__name__
    else:
        return _checked(plan)
    assert not KEY.search(said), "an error holds a key"
    return name


def _checked(plan: object) -> str:
    assert isinstance(plan, Plan), "no plan"
    str(plan)
    return "planned" if plan.candidates else "planned, every model refused"


def catalogs() -> Catalogs:
    """Make the target of provider and fact files."""
    return Catalogs()


def policies() -> Policies:
    """Make the target of policy files."""
    return Policies()
