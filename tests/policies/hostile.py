"""Hostile policy files by a table, and a program that loads them all and tells what happened.

Run as `python -m tests.policies.hostile FOLDER`: writes each file there, loads it as one that was
named and as one that was found, and prints as JSON what came of it. Nothing may open a socket, run
a program or take long: an audit hook and a clock watch.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import PolicyError
from llmroute.policies.files import load_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = 'version = 1\n[models.a]\nuse = "openai/gpt-6.1-terra"\n'
HOSTS = [
    "https://evil.example/v1",
    "https://api.openai.com.evil.example/v1",
    "https://evil.example/api.openai.com/v1",
    "https://api.openai.com@evil.example/v1",
    "https://api.openai.com:443@evil.example/v1",
    "https://evil.example@api.openai.com/v1",
    "https://:@api.openai.com/v1",
    "https://evil.example#@api.openai.com/v1",
    "https://evil.example?@api.openai.com/v1",
    "https://evil.example\\\\@api.openai.com/v1",
    "https://evil.example;api.openai.com/v1",
    "https://evil.example%23.api.openai.com/v1",
    "https://evil.example%2f.api.openai.com/v1",
    "https://evil.example%00.api.openai.com/v1",
    "https://api.openai.com../v1",
    "https://.api.openai.com/v1",
    "https://api..openai.com/v1",
    "https://api.openai.co/v1",
    "https://api.openai.comm/v1",
    "https://api-openai.com/v1",
    "https://apiopenai.com/v1",
    "https://openai.com/v1",
    "https://xapi.openai.com/v1",
    "https://api.opena1.com/v1",
    "https://api.0penai.com/v1",
    "https://\u0430pi.openai.com/v1",
    "https://api.\u043epenai.com/v1",
    "https://api.open\u0251i.com/v1",
    "https://api\u3002openai\u3002com/v1",
    "https://api.openai\uff0ecom/v1",
    "https://xn--pi-6kc.openai.com/v1",
    "https://api.xn--penai-vqf.com/v1",
    "https://api.openai.com\u200b/v1",
    "https://api.openai.com\\u0000.evil.example/v1",
    "https://api.openai.com\\r\\nHost: evil.example/v1",
    "https://api.openai.com\\t/v1",
    "https://api.openai.com /v1",
    " https://evil.example/v1",
    "https://api.openai.com:8443/v1",
    "https://api.openai.com:80/v1",
    "https://api.openai.com:0/v1",
    "https://api.openai.com:99999/v1",
    "https://api.openai.com:-1/v1",
    "https://api.openai.com:4x3/v1",
    "http://api.openai.com/v1",
    "HTTP://API.OPENAI.COM/v1",
    "http://evil.example/v1",
    "http://localhost.evil.example/v1",
    "http://127.0.0.1.evil.example/v1",
    "http://127.0.0.1@evil.example/v1",
    "http://127.0.0.1:8000/v1",
    "http://localhost:8000/v1",
    "http://[::1]:8000/v1",
    "http://[::ffff:7f00:1]/v1",
    "http://[fe80::1%25eth0]/v1",
    "http://[fe80::1%eth0]/v1",
    "http://[::1/v1",
    "http://::1/v1",
    "http://[evil.example]/v1",
    "http://2130706433/v1",
    "http://0x7f000001/v1",
    "http://0x7f.0.0.1/v1",
    "http://017700000001/v1",
    "http://127.1/v1",
    "http://0/v1",
    "http://0.0.0.0/v1",
    "http://169.254.169.254/v1",
    "http://metadata.google.internal/v1",
    "https://169.254.169.254/v1",
    "file:///etc/passwd",
    "file://evil.example/share",
    "ftp://evil.example/v1",
    "gopher://evil.example/v1",
    "ws://evil.example/v1",
    "wss://evil.example/v1",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "ldap://evil.example/v1",
    "https:evil.example/v1",
    "https:/evil.example/v1",
    "https:///evil.example/v1",
    "https://",
    "//evil.example/v1",
    "evil.example/v1",
    "://evil.example",
    "https//evil.example",
    "h\\u0074tps\\u003a//evil.example",
    "https://${OPENAI_API_KEY}.evil.example/v1",
    "https://evil.example/{key}",
]
"""Where a provider's own key must never go."""

WRONG_TYPES = {
    "string": '"x"',
    "integer": "7",
    "number": "1.5",
    "boolean": "true",
    "array": "[1]",
    "table": "{ a = 1 }",
    "date": "2026-11-23",
    "nan": "nan",
    "infinity": "-inf",
    "huge": "9" * 400,
    "absurd": "1e999999999999999999999",
}
NUMBERS = frozenset({"integer", "number"})
WORD, FLAG, COUNT, NUMBER = (frozenset({one}) for one in ("string", "boolean", "integer", "number"))
NONE = frozenset[str]()
KEYS: dict[str, frozenset[str]] = {
    "facts.commercial": FLAG,
    "facts.purposes": NONE,
    "facts.licensee_domicile": NONE,
    "facts.monthly_active_users": COUNT,
    "facts.annual_revenue_usd": COUNT,
    "facts.use_territories": NONE,
    "facts.fields_of_use": NONE,
    "facts.distributes": NONE,
    "facts.unknown": NONE,
    "facts.granted": NONE,
    "hints.x": NONE,
    "limits.deadline_s": NUMBERS,
    "limits.connect_s": NUMBERS,
    "limits.first_token_s": NUMBERS,
    "limits.between_tokens_s": NUMBERS,
    "limits.on_break": NONE,
    "limits.attempts_per_model": COUNT,
    "limits.body_bytes": NONE,
    "limits.event_bytes": NONE,
    "offline.mode": NONE,
    "tokens.count": NONE,
    "tokens.vocabularies": WORD,
    "catalog.files": NONE,
    "models.b": NONE,
    "require.max_cost_usd": NUMBERS,
    "require.max_latency_s": NUMBERS,
    "require.min_quality": NONE,
    "require.local": NONE,
    "require.abilities": NONE,
    "require.regions": NONE,
    "require.no_training": FLAG,
    "require.zero_retention": NONE,
    "require.open_weights": NONE,
    "require.osi_approved": NONE,
    "require.only": NONE,
    "require.never": NONE,
    "require.unsupported": NONE,
    "prefer.minimize": NONE,
    "prefer.maximize": NONE,
    "prefer.within": NONE,
    "prefer.then": NONE,
    "prefer.unknown": NONE,
    "policies.p": NONE,
    "unknown.key": NONE,
}
"""Each key of each section, and the kinds of WRONG_TYPES that it takes."""
IN_MODEL = {
    "use": NONE,
    "file": NONE,
    "model": NONE,
    "base_url": NONE,
    "key_env": NONE,
    "license": WORD,
    "template": WORD,
    "context_tokens": COUNT,
    "max_output_tokens": COUNT,
    "gpu_layers": NONE,
    "price": NONE,
    "local": NONE,
    "abilities": NONE,
    "quirks": NONE,
    "cache": NONE,
    "repeat_instruction": FLAG,
    "quality": NONE,
    "speed": NONE,
    "data": NONE,
    "open_weights": FLAG,
}
IN_ROUTE = {
    "name": WORD,
    "when": NONE,
    "require": NONE,
    "prefer": NONE,
    "use": NONE,
    "split": frozenset({"table"}),
    "split_by": NONE,
    "split_seed": NONE,
    "policy": NONE,
    "repeat_instruction": FLAG,
}
IN_WHEN = {
    "task": NONE,
    "hints": NONE,
    "tags": NONE,
    "tokens": NONE,
    "has_images": FLAG,
    "has_tools": FLAG,
    "language": NONE,
    "time": NONE,
    "days": NONE,
    "zone": NONE,
}
INSIDE = (
    ("models.b", IN_MODEL, "[models.b]\n"),
    ("route", IN_ROUTE, "[[route]]\n"),
    ("route.when", IN_WHEN, '[[route]]\nuse = ["a"]\n[route.when]\n'),
)
TIMED = '[[route]]\nwhen.time="0{0}:{1:02}-1{0}:00"\nuse=["a"]\n'
NEXT = '[[policies.p{}.route]]\npolicy="p{}"\n'
QA = '[[policies.p{}.route]]\nwhen.task="qa"\npolicy="p{}"\n'
ZONE = '[[route]]\nwhen = {{ days = ["mon"], zone = "{}" }}\nuse = ["a"]'
SECRET = '[models.b]\nuse = "openai/gpt-4"\napi_key = "sk-canary0123456789abc"'
PARTS: dict[str, str | bytes] = {
    "a table twice": HEAD + '[models.a]\nuse = "openai/gpt-4"',
    "a section twice": HEAD + "[limits]\n[limits]",
    "a key twice": HEAD + "[limits]\ndeadline_s = 1\ndeadline_s = 2",
    "a dotted key over a table": HEAD + '[models]\na.use = "openai/gpt-4"',
    "a value over a dotted key": HEAD + "[limits]\na.b = 1\na = 2",
    "a dotted key over a value": HEAD + "[limits]\na = 1\na.b = 2",
    "an array over a table": HEAD + "[[models]]",
    "a table over an array": HEAD + '[[route]]\nuse = ["a"]\n[route]',
    "an inline table reopened": HEAD + "[facts]\ngranted = {}\n[facts.granted]\nx = 1",
    "a quoted key twice": HEAD + '[limits]\n"deadline_s" = 1\ndeadline_s = 2',
    "an empty key": HEAD + '[limits]\n"" = 1',
    "a key of control characters": HEAD + '[limits]\n"\\u001b[31m" = 1',
    "a name that looks like a path": HEAD + '[models."../../x"]\nuse = "openai/gpt-4"',
    "a name that looks like a flag": HEAD + '[models.--x]\nuse = "openai/gpt-4"',
    "NUL": HEAD + "[limits]\ndeadline_s = 1\x00",
    "NUL in a string": HEAD + '[models.b]\nuse = "openai/\\u0000gpt-4"',
    "an escape character": HEAD + "\x1b[2J",
    "a bell in a string": HEAD + '[models.b]\nuse = "\x07"',
    "DEL": HEAD + "\x7f",
    "a lone carriage return": HEAD + "[limits]\rdeadline_s = 1",
    "two byte order marks": "\ufeff\ufeff" + HEAD,
    "a byte order mark inside": HEAD + "\ufeff[limits]",
    "UTF-16": HEAD.encode("utf-16"),
    "UTF-32": HEAD.encode("utf-32"),
    "invalid UTF-8": HEAD.encode() + b"x = '\xff'",
    "an overlong slash": HEAD.encode() + b"x = '\xc0\xaf'",
    "a surrogate": HEAD.encode() + b"x = '\xed\xa0\x80'",
    "a cut character": HEAD.encode() + b"# \xe2\x82",
    "an escaped surrogate": HEAD + 'x = "\\ud800"',
    "binary": bytes(range(256)) * 8,
    "a program": b"\x7fELF" + b"\x00" * 200,
    "an archive": b"PK\x03\x04" + b"\x00" * 60,
    "JSON": '{"version": 1}',
    "YAML": "version: 1\nmodels:\n  a: openai/gpt-4\n",
    "XML with entities": '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
    "HTML": "<html><script>alert(1)</script></html>",
    "Python": "import os\nos.system('true')\n",
    "nothing": "",
    "spaces": " \n\t\n",
    "comments only": "# version = 1\n" * 50,
    "an open string": HEAD + 'x = "' + "a" * 60_000,
    "an open block": HEAD + 'x = """' + "a\n" * 30_000,
    "backslashes": HEAD + 'x = "' + "\\" * 60_000,
    "deep arrays": HEAD + "x = " + "[" * 60_000,
    "closed deep arrays": HEAD + "x = " + "[" * 5000 + "]" * 5000,
    "deep tables": HEAD + "x = " + "{a=" * 15_000,
    "a deep key": HEAD + ".".join("a" * 30_000) + " = 1",
    "a deep header": HEAD + "[" + ".".join("a" * 30_000) + "]",
    "a deep array header": HEAD + "[[" + ".".join("a" * 30_000) + "]]",
    "many deep keys": HEAD + "\n".join(f"{'a.' * 15}k{n} = 1" for n in range(1500)),
    "a long word": HEAD + "x" * 60_000,
    "a long key": HEAD + f"{'x' * 50_000} = 1",
    "a long number": HEAD + f"x = {'1' * 60_000}",
    "a long hex number": HEAD + f"[limits]\ndeadline_s = 0x{'f' * 60_000}",
    "a long fraction": HEAD + f"[limits]\ndeadline_s = 1e{'9' * 60_000}",
    "too large": HEAD + "#" * 70_000,
    "much too large": b"#" * 20_000_000,
    "many unknown keys": HEAD + "\n".join(f"k{n} = 1" for n in range(6000)),
    "many unknown sections": HEAD + "\n".join(f"[s{n}]" for n in range(6000)),
    "many wrong models": "version = 1\n" + "".join(f"[models.m{n}]\n" for n in range(4000)),
    "many unknown models": "version = 1\n"
    + "".join(f'[models.m{n}]\nuse="openai/x{n}"\n' for n in range(1700)),
    "many models without one": "version = 1\n[require]\nlocal = true\n"
    + "".join(f'[models.m{n}]\nuse="openai/gpt-4"\n' for n in range(1700)),
    "many routes": HEAD + '[[route]]\nuse=["a"]\n' * 3000,
    "many routes of times": HEAD + "".join(TIMED.format(n % 9, n % 60) for n in range(255)),
    "many policies": HEAD + "".join(NEXT.format(n, n + 1) for n in range(1500)),
    "policies in circles": HEAD
    + '[[route]]\npolicy="p0"\n'
    + "".join(f'[[policies.p{n}.route]]\npolicy="p{(n + 1) % 30}"\n' for n in range(30)),
    "policies that fan out": HEAD
    + '[[route]]\npolicy="p0"\n'
    + "".join(QA.format(n, n + 1) + NEXT.format(n, n + 1) for n in range(30))
    + "[policies.p30]\nprefer.minimize='cost'\nx=1",
    "a split of nothing": HEAD + "[[route]]\nsplit = { a = 0 }",
    "a negative split": HEAD + "[[route]]\nsplit = { a = -1 }",
    "an endless split": HEAD + "[[route]]\nsplit = { a = inf }",
    "a split of words": HEAD + '[[route]]\nsplit = { a = "all" }',
    "an amount in words": HEAD + '[require]\nmax_cost_usd = "5 cents"',
    "no time at all": HEAD + "[limits]\ndeadline_s = 0",
    "a share in percent": HEAD + "[prefer]\nminimize = 'cost'\nwithin = 5\nthen = 'latency'",
    "negative weights": HEAD + "[prefer]\nminimize = { cost = -1, latency = 2 }",
    "no weights": HEAD + "[prefer]\nminimize = { cost = 0, latency = 0 }",
    "an expression": HEAD + '[[route]]\nwhen = "tokens > 5"\nuse = ["a"]',
    "a template": HEAD + '[models.b]\nuse = "{{ env.MODEL }}"',
    "a variable": HEAD + '[models.b]\nuse = "$MODEL"',
    "a zone of a path": HEAD + ZONE.format("/etc/passwd"),
    "a zone above": HEAD + ZONE.format("../../etc/passwd"),
    "a zone of NUL": HEAD + ZONE.format("\\u0000"),
    "a long zone": HEAD + ZONE.format("a/" * 9000),
    "a provider above": HEAD + '[models.b]\nuse = "../openai/gpt-4"',
    "a provider of NUL": HEAD + '[models.b]\nuse = "\\u0000/gpt-4"',
    "a provider of a path": HEAD + '[models.b]\nuse = "/etc/passwd"',
    "a license above": HEAD + '[facts]\ngranted = { "../x" = "y" }',
    "catalog of a device": HEAD + '[catalog]\nfiles = ["/dev/null/x"]',
    "catalog of a folder": HEAD + '[catalog]\nfiles = ["/"]',
    "catalog of a password file": HEAD + '[catalog]\nfiles = ["/etc/passwd"]',
    "catalog of a URL": HEAD + '[catalog]\nfiles = ["https://evil.example/x.toml"]',
    "a key in the file": HEAD + SECRET,
    "a host in a region": HEAD + '[models.b]\nuse = "openai/gpt-4"\nregion = "evil.example/"',
    "a host in a resource": HEAD + '[models.b]\nuse = "azure/x"\nresource = "evil.example#"',
    "a host in an account": HEAD + '[models.b]\nuse = "cloudflare/x"\naccount = "../../x"',
}
GOOD = {
    "CRLF": HEAD.replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + HEAD,
    "no end of line": HEAD.rstrip(),
}
WHOLE_FILE = {
    "too large",
    "much too large",
    "nothing",
    "spaces",
    "comments only",
    "catalog of a folder",
}
"""Files whose problem stands on no line, or in another file."""


class Case(NamedTuple):
    """A hostile file."""

    name: str
    data: bytes


def wrongly_typed(kind: str) -> Iterator[tuple[str, str]]:
    """Every key that does not take a kind of value, and the line that gives it one."""
    for path, takes in KEYS.items():
        section, _, key = path.rpartition(".")
        if kind not in takes:
            yield path, f"[{section}]\n{key}"
    for where, keys, before in INSIDE:
        for key, takes in keys.items():
            if kind not in takes:
                yield f"{where}.{key}", f"{before}{key}"


def cases() -> Iterator[Case]:
    """Every hostile file."""
    for host in HOSTS:
        text = f'[models.b]\nuse = "openai-compatible"\nmodel = "m"\nbase_url = "{host}"\n'
        yield Case(f"key to {host}", (HEAD + text + 'key_env = "OPENAI_API_KEY"').encode())
    for kind, value in WRONG_TYPES.items():
        for path, line in wrongly_typed(kind):
            yield Case(f"{path} = {kind}", f"{HEAD}{line} = {value}".encode())
    for name, data in PARTS.items():
        yield Case(name, data if isinstance(data, bytes) else data.encode())


def outcome(path: Path, *, found: bool) -> dict[str, object]:
    """Load a file; how long that took, and what was told."""
    start = time.process_time()
    try:
        load_policy(path, found=found)
    except PolicyError as error:
        lines = [one.line for one in error.problems]
        text = str(error)
    else:
        lines, text = [], ""
    took_s = time.process_time() - start
    return {
        "took_s": took_s,
        "problems": len(lines),
        "lines": None not in lines,
        "printable": text.replace("\n", "").isprintable(),
        "leaks": "canary" in text,
        "longest": max((len(line) for line in text.splitlines()), default=0),
    }


def peak_kib() -> int:
    """The most memory of this program; getrusage would begin with that of its parent, on Linux."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(status.read_text(encoding="utf-8").split("VmHWM:")[1].split()[0])


def run(folder: Path) -> None:
    """Load every hostile file and print what came of it."""
    events: list[str] = []

    def watch(event: str, _: tuple[object, ...]) -> None:
        if event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "urllib.")):
            events.append(event)

    sys.addaudithook(watch)
    found: dict[str, list[dict[str, object]]] = {}
    for case in cases():
        path = folder / "llmroute.toml"
        path.write_bytes(case.data)
        found[case.name] = [outcome(path, found=one) for one in (False, True)]
    print(json.dumps({"events": events, "peak_kib": peak_kib(), "cases": found}))


if __name__ == "__main__":
    run(Path(sys.argv[1]))
