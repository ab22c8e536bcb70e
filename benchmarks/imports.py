"""What a start costs: `import llmroute`, and a fresh interpreter's first answered call."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import server
from benchmarks.measure import Row, interleaved, medians, ratio, show

ROUNDS = 11

IMPORT = """
import sys, time
sockets = []
sys.addaudithook(lambda event, _: event.startswith("socket.") and sockets.append(event))
begun = time.process_time()
import {modules}
cpu_s = time.process_time() - begun
from pathlib import Path
status = Path("/proc/self/status").read_text()
rss_kib = int(status.split("VmHWM:")[1].split()[0])
import json
print(json.dumps([cpu_s, rss_kib / 1024, len(sockets), sorted(sys.modules)]))
"""

FORBIDDEN = {"openai", "tiktoken", "llama_cpp", "tenacity", "httpx2", "httpx", "httpcore2"}

ANSWERED = "\nimport time; assert text; print(time.process_time())"

BARE = """
import httpx2, os
with httpx2.Client() as client:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    reply = client.post(os.environ["BASE_URL"] + "/chat/completions", json=body)
    text = reply.json()["choices"][0]["message"]["content"]
"""

IN_CODE = """
import llmroute, os
model = llmroute.model("m", use="openai-compatible", base_url=os.environ["BASE_URL"], model="m")
with llmroute.Client(models=[model]) as client:
    text = client.chat("hi").text
"""

FROM_FILE = """
import llmroute
with llmroute.Client("llmroute.toml") as client:
    text = client.chat("hi").text
"""

SDK = """
import openai, os
with openai.OpenAI(api_key="none", base_url=os.environ["BASE_URL"]) as client:
    messages = [{"role": "user", "content": "hi"}]
    reply = client.chat.completions.create(model="m", messages=messages)
    text = reply.choices[0].message.content
"""

PROGRAMS = {"httpx2": BARE, "in code": IN_CODE, "policy file": FROM_FILE, "openai": SDK}

IMPORTED = {"llmroute": "llmroute", "httpx2+pydantic": "httpx2, pydantic", "openai": "openai"}

POLICY = """
version = 1
[models.m]
use = "openai-compatible"
base_url = "{url}"
model = "m"
price = {{ input = 1, output = 2 }}
[require]
max_cost_usd = 0.05
"""


TWO_PROVIDERS = """
version = 1
[models.gpt]
use = "openai/gpt-6.1-terra"
[models.claude]
use = "anthropic/claude-sonnet-4-5"
[require]
max_cost_usd = 0.05
[prefer]
minimize = "cost"
"""

SPENT = "\nimport time; print(time.process_time())"
MODULES = "from llmroute.client.sync import Client; import llmroute.policies.files"
LOADS = {
    "bare": "",
    "standard library": "import tomllib, decimal, datetime, threading",
    "modules": MODULES,
    "two": "import llmroute; llmroute.Client('two.toml')",
    "catalog": f"{MODULES}; from llmroute.catalog.entries import provider, provider_names\n"
    "for name in provider_names(): dict(provider(name).models)",
}
"""What is done in a fresh interpreter, to tell importing from loading."""


def fresh(code: str, folder: str, url: str = "") -> str:
    """Run `code` in a fresh interpreter, and return what it prints.

    `folder` keeps the byte code, so that every package is found compiled, as after an install.
    """
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        "PYTHONPYCACHEPREFIX": str(Path(folder, "bytecode")),
        "BASE_URL": url,
    }
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def imported(modules: str, folder: str) -> tuple[float, float, int, set[str]]:
    """CPU seconds, peak MiB, sockets and loaded modules of an import."""
    cpu, mib, sockets, names = json.loads(fresh(IMPORT.format(modules=modules), folder))
    return cpu, mib, sockets, set(names)


def import_rows(folder: str) -> list[Row]:
    """The import beside its two heaviest dependencies."""
    works = {
        name: lambda modules=modules: imported(modules, folder)[0]
        for name, modules in IMPORTED.items()
    }
    interleaved(works, 1)  # writes the byte code
    figures = interleaved(works, ROUNDS)
    _, mib, sockets, names = imported("llmroute", folder)
    forbidden = sorted(names & FORBIDDEN)
    return [
        Row(
            "import llmroute / import httpx2, pydantic (CPU)",
            ratio(figures, "llmroute", "httpx2+pydantic"),
            "x",
            0.6,
            medians(figures, 1e3, "ms"),
        ),
        Row("memory after import llmroute (peak RSS)", mib, "MiB", 30),
        Row("sockets opened by import llmroute", sockets, "", 0),
        Row("heavy modules loaded by it", len(forbidden), "", 0, ", ".join(forbidden)),
    ]


def first_call_rows(folder: str) -> list[Row]:
    """CPU from the interpreter's start to the first answer."""
    with server.running() as url:
        Path(folder, "llmroute.toml").write_text(POLICY.format(url=url), encoding="utf-8")
        works = {
            name: lambda code=code: float(fresh(code + ANSWERED, folder, url))
            for name, code in PROGRAMS.items()
        }
        interleaved(works, 1)
        figures = interleaved(works, ROUNDS)
    what = "fresh interpreter to first answer / httpx2 (CPU)"
    return [
        Row(
            f"{what}, model in code",
            ratio(figures, "in code", "httpx2"),
            "x",
            1.3,
            medians(figures, 1e3, "ms"),
        ),
        Row(f"{what}, policy file", ratio(figures, "policy file", "httpx2"), "x"),
        Row(f"{what}, openai SDK", ratio(figures, "openai", "httpx2"), "x"),
    ]


def policy_rows(folder: str) -> list[Row]:
    """What it costs to load a policy, and every file of the catalog, over a bare interpreter."""
    Path(folder, "two.toml").write_text(TWO_PROVIDERS, encoding="utf-8")
    works = {
        name: lambda code=code: float(fresh(f"{code}{SPENT}", folder))
        for name, code in LOADS.items()
    }
    interleaved(works, 1)
    ms = {
        name: statistics.median(values) * 1e3 for name, values in interleaved(works, ROUNDS).items()
    }
    imported_ms = ms["modules"] - ms["bare"]
    standard_ms = ms["standard library"] - ms["bare"]
    shares = f"import {imported_ms:.1f} ms, of that the standard library {standard_ms:.1f} ms"
    over = "over a bare interpreter (CPU, imports and all)"
    return [
        Row(f"a client of two providers {over}", ms["two"] - ms["bare"], "ms", 15, shares),
        Row("the same, once all is imported", ms["two"] - ms["modules"], "ms"),
        Row(f"every model of the catalog {over}", ms["catalog"] - ms["bare"], "ms", 60, shares),
        Row("the same, once all is imported", ms["catalog"] - ms["modules"], "ms"),
    ]


def rows() -> list[Row]:
    """Every figure of this file."""
    with tempfile.TemporaryDirectory() as folder:
        return import_rows(folder) + policy_rows(folder) + first_call_rows(folder)


if __name__ == "__main__":
    print(show(rows(), f"medians of {ROUNDS} interleaved rounds"))
