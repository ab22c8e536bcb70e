"""Policy files, damaged: the ready-made ones, the documentation's, and those that are hostile.

For each file: it is refused by a PolicyError whose problems can be printed and hold no key, or it
is a policy that makes a plan, or says in an error of llmroute why there is none.
"""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from benchmarks.fuzz_damage import torn
from llmroute.errors import LLMRouteError, PolicyError
from llmroute.policies.files import load_policy
from llmroute.types.messages import Message
from llmroute.types.plans import Plan, Situation
from llmroute.types.requests import Request
from llmroute.types.usage import TokenCount
from tests.policies.hostile import IN_MODEL, IN_ROUTE, IN_WHEN, KEYS, SECRET, WRONG_TYPES, cases

if TYPE_CHECKING:
    from random import Random

    from llmroute.policies.files import PolicyFile

READY_MADE = Path(__file__).parent.parent / "policies"
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
WORDS = sorted(
    {*(word for path in KEYS for word in path.split(".")), *IN_MODEL, *IN_ROUTE, *IN_WHEN}
)
HEADERS = sorted({f"[{path.rpartition('.')[0]}]" for path in KEYS} | {
    *("[[route]]", "[route.when]", "[route.require]", "[models.b]", "[policies.p]", "[[prices]]"),
    *("[[policies.p.route]]", "[models.b.price]", "[models.b.speed]", "[prefer.minimize]", "[]"),
})  # fmt: skip
PIECES = (
    *(b"\n", b"\r", b"\0", b"=", b"[", b"]", b"{", b"}", b'"', b"'", b'"""', b"'''", b".", b"#"),
    *(b"\\", b"\xff", b"\xef\xbb\xbf", b"\xe2\x82", b"sk-canary0123456789abc", b"\x1b[31m", b"1e9"),
)
ASSIGNMENT = re.compile(r"(\s*[\w.\"-]+\s*=\s*)(.*)", re.DOTALL)
NUMBER = re.compile(r"\d[\d.]*")
NUMBERS = ("0", "1", "0.5", "3", "100", "1e6", "1_000", "0.000001", "12345678901234567890")
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


class Policies:
    """Policy files."""

    def __init__(self) -> None:
        """Read what is to be damaged."""
        good = [path.read_text(encoding="utf-8") for path in sorted(READY_MADE.glob("*.toml"))]
        pages = [path.read_text(encoding="utf-8") for path in sorted(PAGES.glob("*.md"))]
        good += [block for page in pages for block in BLOCK.findall(page) if "version = 1" in block]
        hostile = [one.data.decode("utf-8", "replace") for one in cases()]
        self._good = [text.splitlines(keepends=True) for text in good]
        self._lines = [line for text in self._good for line in text if line.strip()]
        self._values: dict[str, list[str]] = {}  # of each key
        for found in filter(None, map(ASSIGNMENT.fullmatch, self._lines)):
            self._values.setdefault(found[1].split("=")[0].strip(), []).append(found[2])
        small = [text for text in hostile if len(text) <= LARGEST_BYTES]
        self._hostile = [text.splitlines(keepends=True) for text in small]
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name, "llmroute.toml")

    def __del__(self) -> None:
        """Remove the folder."""
        self._folder.cleanup()

    def made(self, chance: Random) -> Written:
        """Make a file: nine in ten are sound ones with damage."""
        lines = list(chance.choice(self._good if chance.random() < 0.9 else self._hostile))
        for _ in range(chance.choice([1, 1, 2, 3, 5])):
            self._damage(chance, lines)
        data = "".join(lines).encode("utf-8", "surrogatepass")
        if chance.random() < 0.15:
            data = torn(chance, data, PIECES)
        return Written(data, chance.random() < 0.5)

    def _damage(self, chance: Random, lines: list[str]) -> None:
        """Change one line, or what stands around it; mostly to what may stand there."""
        at = chance.randrange(len(lines)) if lines else 0
        found = ASSIGNMENT.fullmatch(lines[at]) if lines else None
        if found and chance.random() < 0.7:
            lines[at] = found[1] + self._value(chance, found[1].split("=")[0].strip(), found[2])
        else:
            self._rough(chance, lines, at)

    def _value(self, chance: Random, key: str, value: str) -> str:
        """Another value of a key."""
        match chance.randrange(4):
            case 0:
                return chance.choice(VALUES) + "\n"
            case 1:
                return NUMBER.sub(lambda _: chance.choice(NUMBERS), value, count=1)
            case _:
                return chance.choice(self._values.get(key, [value]))

    def _rough(self, chance: Random, lines: list[str], at: int) -> None:
        section, _, key = chance.choice(PATHS).rpartition(".")
        value = chance.choice(self._values.get(key, VALUES))
        match chance.randrange(8):
            case 0:
                del lines[at : at + 1]
            case 1:
                lines.insert(at, chance.choice([*lines, *self._lines]))
            case 2 | 3:
                lines.append(f"[{section}]\n{key} = {value}\n")
            case 4:
                lines.insert(at, f"{chance.choice(WORDS)} = {value}\n")
            case 5:
                lines += chance.choice(self._hostile)[chance.choice([0, 3]) :]
            case 6:
                lines.append(SECRET + "\n")
            case _:
                lines.insert(at, chance.choice(HEADERS) + "\n")

    def tried(self, made: object) -> str:
        """Load it, and make a plan by it."""
        written = cast("Written", made)
        self._path.write_bytes(written.data)
        try:
            policy = load_policy(self._path, found=written.found)
        except PolicyError as error:
            _check(error, written.data.count(b"\n") + written.data.count(b"\r") + 1)
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
    assert not KEY.search(str(plan)), "a plan holds a key"
    return "planned" if plan.candidates else "planned, every model refused"


def policies() -> Policies:
    """Make the target of policy files."""
    return Policies()
